/* SPDX-License-Identifier: Apache-2.0 */
#include "bundle.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/arrays.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "container.h"
#include "storage.h"

#define FOLDERS_MANIFEST "manifest.umbra"

static umbra_status refused(const umbra_bundle *bundle, const char *name) {
  return umbra_fail(UMBRA_ERROR_IO, "cannot read '%s' of '%s': %s", name, bundle->path,
                    errno == ELOOP ? "it is a symbolic link" : strerror(errno));
}

/* ---- names ---- */

int umbra_bundle_is_name(const char *name) {
  const size_t length = strlen(name);
  for (size_t i = 0; i < length; i++)
    if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f || name[i] == '/') return 0;
  return length && length < UMBRA_BUNDLE_NAME && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static umbra_status add(umbra_bundle *bundle, const char *name) {
  UMBRA_TRY(umbra_make_room(&bundle->name, &bundle->room, bundle->count, sizeof *bundle->name, "names of files"));
  UMBRA_TRY(umbra_copy_bytes(&bundle->name[bundle->count], name, strlen(name) + 1, 1));
  bundle->count++;
  return UMBRA_OK;
}

static int ends_in(const char *name, const char *end) {
  const size_t length = strlen(name), tail = strlen(end);
  return length > tail && strcmp(name + length - tail, end) == 0;
}

/* What no manifest is of: itself, locks of commands that work there (umbra/lock.h), and marks of keys that were retired since,
   which whoever changes the folder could as well remove. */
static int is_passed_over(const char *name) {
  return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strcmp(name, FOLDERS_MANIFEST) == 0 ||
         (name[0] == '.' && ends_in(name, ".lock")) || ends_in(name, ".retired");
}

static int by_bytes(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static umbra_status list(umbra_bundle *bundle) {
  DIR *entries = opendir(bundle->path);
  if (!entries) return refused(bundle, ".");
  umbra_status status = UMBRA_OK;
  for (const struct dirent *entry; status == UMBRA_OK && (entry = readdir(entries));)
    if (!is_passed_over(entry->d_name)) status = add(bundle, entry->d_name);
  closedir(entries);
  if (bundle->count) qsort(bundle->name, bundle->count, sizeof *bundle->name, by_bytes);
  return status;
}

static umbra_status open_names(umbra_bundle *bundle, const char *path) {
  const char *slash = strrchr(path, '/');
  const int length = snprintf(bundle->manifest, sizeof bundle->manifest,
                              bundle->is_folder ? "%s/" FOLDERS_MANIFEST : "%s.manifest", path);
  if (length < 0 || length >= PATH_MAX) return umbra_fail(UMBRA_ERROR_IO, "the path is longer than %d bytes", PATH_MAX);
  return bundle->is_folder ? list(bundle) : add(bundle, slash ? slash + 1 : path);
}

umbra_status umbra_bundle_open(umbra_bundle *bundle, const char *path) {
  struct stat about;
  *bundle = (umbra_bundle){.path = path, .folder = -1};
  if (stat(path, &about) != 0) return umbra_fail(UMBRA_ERROR_IO, "cannot open '%s': %s", path, strerror(errno));
  bundle->is_folder = S_ISDIR(about.st_mode);
  if (!bundle->is_folder) UMBRA_TRY(umbra_storage_open_folder(&bundle->folder, path));
  else if ((bundle->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0) return refused(bundle, ".");
  const umbra_status status = open_names(bundle, path);
  if (status != UMBRA_OK) umbra_bundle_close(bundle);
  return status;
}

void umbra_bundle_close(umbra_bundle *bundle) {
  for (size_t i = 0; i < bundle->count; i++) umbra_free(bundle->name[i]);
  umbra_free(bundle->name);
  if (bundle->folder >= 0) close(bundle->folder);
}

/* ---- bytes ---- */

static umbra_status open_file(int *file, uint64_t *bytes, const umbra_bundle *bundle, size_t i) {
  struct stat about;
  const char *name = bundle->name[i];
  *file = openat(bundle->folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (*file < 0) return refused(bundle, name);
  if (fstat(*file, &about) == 0 && S_ISREG(about.st_mode)) {
    *bytes = (uint64_t)about.st_size;
    return UMBRA_OK;
  }
  close(*file);
  return umbra_fail(UMBRA_ERROR_IO, "'%s' of '%s' is not a regular file", name, bundle->path);
}

umbra_status umbra_bundle_length(uint64_t *bytes, const umbra_bundle *bundle, size_t i) {
  struct stat about;
  const char *name = bundle->name[i];
  if (fstatat(bundle->folder, name, &about, AT_SYMLINK_NOFOLLOW) != 0) return refused(bundle, name);
  if (!S_ISREG(about.st_mode))
    return umbra_fail(UMBRA_ERROR_IO, "'%s' of '%s' is %s, and not a regular file", name, bundle->path,
                      S_ISLNK(about.st_mode)   ? "a symbolic link"
                      : S_ISDIR(about.st_mode) ? "a folder"
                                               : "a device");
  *bytes = (uint64_t)about.st_size;
  return UMBRA_OK;
}

/* What a header says of its file, if it is one. */
static void take_header(umbra_bundle_file *file, const umbra_header *header, size_t bytes) {
  uint8_t checksum[UMBRA_CHECKSUM_BYTES];
  if (bytes < sizeof *header || memcmp(header->magic, umbra_container_magic, sizeof header->magic) != 0) return;
  umbra_header_checksum(checksum, header);
  if (memcmp(checksum, header->checksum, sizeof checksum) != 0) return;
  file->kind = header->kind;
  memcpy(file->owner, header->owner, sizeof file->owner);
}

static umbra_status read_all(umbra_bundle_file *measured, int file, const char *name, uint64_t *done, uint64_t all,
                             umbra_watch *watch) {
  union {
    umbra_header header;
    uint8_t bytes[8192];
  } piece;
  crypto_generichash_state hash;
  crypto_generichash_init(&hash, NULL, 0, sizeof measured->digest);
  for (uint64_t at = 0; at < measured->bytes;) {
    const uint64_t left = measured->bytes - at;
    const size_t count = left < sizeof piece ? (size_t)left : sizeof piece;
    UMBRA_TRY(umbra_storage_read(file, piece.bytes, count, name));
    if (!at) take_header(measured, &piece.header, count);
    crypto_generichash_update(&hash, piece.bytes, count);
    at += count;
    *done += count;
    UMBRA_TRY(umbra_watch_step(watch, *done < all ? *done : all, all));
  }
  crypto_generichash_final(&hash, measured->digest, sizeof measured->digest);
  return UMBRA_OK;
}

umbra_status umbra_bundle_measure(umbra_bundle_file *measured, const umbra_bundle *bundle, size_t i, uint64_t *done,
                                  uint64_t all, umbra_watch *watch) {
  int file;
  *measured = (umbra_bundle_file){0};
  UMBRA_TRY(open_file(&file, &measured->bytes, bundle, i));
  const umbra_status status = read_all(measured, file, bundle->name[i], done, all, watch);
  close(file);
  return status;
}
