/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* sync_file_range */
#include "storage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/error.h"
#include "container.h"

static umbra_status refused(const char *action, const char *path) {
  return umbra_fail(UMBRA_ERROR_IO, "cannot %s '%s': %s", action, path, strerror(errno));
}

umbra_status umbra_storage_open(int *file, uint64_t *bytes, const char *path) {
  int opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe must not block before it is refused */
  if (opened < 0) return refused("open", path);
  struct stat about;
  if (fstat(opened, &about) != 0 || !S_ISREG(about.st_mode)) {
    close(opened);
    return umbra_fail(UMBRA_ERROR_IO, "cannot read '%s': not a regular file", path);
  }
  *file = opened;
  *bytes = (uint64_t)about.st_size;
  return UMBRA_OK;
}

/* The part of a path up to its last slash, "." if there is none. */
static umbra_status folder_of(char folder[PATH_MAX], const char *path) {
  const char *slash = strrchr(path, '/');
  size_t length = slash ? (size_t)(slash - path) + 1 : 1;
  if (length >= PATH_MAX) return umbra_fail(UMBRA_ERROR_IO, "the path is longer than %d bytes", PATH_MAX);
  memcpy(folder, slash ? path : ".", length);
  folder[length] = '\0';
  return UMBRA_OK;
}

umbra_status umbra_storage_open_folder(int *folder, const char *path) {
  char name[PATH_MAX];
  UMBRA_TRY(folder_of(name, path));
  int opened = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (opened < 0) return refused("open", name);
  *folder = opened;
  return UMBRA_OK;
}

/* Whether reading can go on after `got` bytes, or an interruption. */
static umbra_status check_got(ssize_t got, const char *path) {
  if (got < 0 && errno != EINTR) return refused("read", path);
  if (got == 0) return umbra_fail(UMBRA_ERROR_FORMAT, "'%s' became shorter while it was read", path);
  return UMBRA_OK;
}

umbra_status umbra_storage_read(int file, void *bytes, size_t count, const char *path) {
  for (size_t done = 0; done < count;) {
    const ssize_t got = read(file, (uint8_t *)bytes + done, count - done);
    UMBRA_TRY(check_got(got, path));
    if (got > 0) done += (size_t)got;
  }
  return UMBRA_OK;
}

umbra_status umbra_storage_read_at(int file, void *bytes, size_t count, uint64_t offset, const char *path) {
  for (size_t done = 0; done < count;) {
    const ssize_t got = pread(file, (uint8_t *)bytes + done, count - done, (off_t)(offset + done));
    UMBRA_TRY(check_got(got, path));
    if (got > 0) done += (size_t)got;
  }
  return UMBRA_OK;
}

umbra_status umbra_storage_write(int file, const void *bytes, size_t count) {
  const uint8_t *next = bytes;
  while (count) {
    ssize_t put = write(file, next, count);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return umbra_fail(UMBRA_ERROR_IO, "cannot write: %s", strerror(errno));
    next += put;
    count -= (size_t)put;
  }
  return UMBRA_OK;
}

static umbra_status synced(int result) {
  return result == 0 ? UMBRA_OK : umbra_fail(UMBRA_ERROR_IO, "cannot write: %s", strerror(errno));
}

/* What befell the bytes is told once; where the call itself is refused, another one follows. */
umbra_status umbra_storage_push(int file, uint64_t first, uint64_t end) {
#ifdef SYNC_FILE_RANGE_WRITE
  const unsigned wait = SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
  int result = sync_file_range(file, (off_t)first, (off_t)(end - first), SYNC_FILE_RANGE_WRITE);
  if (result == 0 && first) result = sync_file_range(file, 0, (off_t)first, wait);
  if (result == 0 || errno == EIO || errno == ENOSPC || errno == EDQUOT) return synced(result);
#else
  (void)first, (void)end;
#endif
  return synced(fdatasync(file));
}

/* ---- replacement ---- */

/* Temporary files are NAME.<DIGITS hexadecimal digits>.tmp. */
#define TEMPORARY_END ".tmp"
enum { TEMPORARY_DIGITS = 16 };

/* Makes the new name durable. Not every file system can, and the file is whole either way: errors are ignored. */
static void sync_folder(const char *path) {
  int file;
  if (umbra_storage_open_folder(&file, path) != UMBRA_OK) return;
  (void)fsync(file);
  close(file);
}

static umbra_status publish(const char *temporary, const char *path, int secret) {
  if (!secret) return rename(temporary, path) == 0 ? UMBRA_OK : refused("create", path);
  if (link(temporary, path) == 0) return UMBRA_OK; /* unlike rename, it never replaces */
  if (errno == EEXIST) return umbra_fail(UMBRA_ERROR_EXISTS, "'%s' exists; secrets replace no file", path);
  return refused("create", path);
}

/* What was written reaches the disk. A body that fails with IO leaves in errno why. */
static umbra_status fill(int file, const char *path, umbra_storage_body write, void *argument) {
  umbra_status status = write(file, argument);
  if (status == UMBRA_OK && fsync(file) != 0) status = UMBRA_ERROR_IO;
  return status == UMBRA_ERROR_IO ? refused("write", path) : status;
}

/* Whether `path` may become another file: a secret key replaces nothing, and nothing replaces a device, folder or link. */
static umbra_status check_target(mode_t *mode, const char *path, int secret) {
  struct stat about;
  *mode = 0;
  if (lstat(path, &about) != 0) return UMBRA_OK;
  if (secret) return umbra_fail(UMBRA_ERROR_EXISTS, "'%s' exists; secrets replace no file", path);
  if (!S_ISREG(about.st_mode))
    return umbra_fail(UMBRA_ERROR_IO, "cannot replace '%s': not a regular file%s", path,
                      S_ISLNK(about.st_mode) ? " but a symbolic link; name what it leads to" : "");
  *mode = about.st_mode & 0777;
  return UMBRA_OK;
}

static umbra_status name_temporary(char temporary[PATH_MAX], const char *path) {
  unsigned long long number;
  randombytes_buf(&number, sizeof number);
  int length = snprintf(temporary, PATH_MAX, "%s.%016llx" TEMPORARY_END, path, number);
  if (length >= 0 && length < PATH_MAX) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_IO, "the path is longer than %d bytes", PATH_MAX);
}

/*
 * It is locked as long as somebody writes it, which tells it from what killed processes left. *taken: a sweep was between
 * its creation and that. On file systems without locks nobody can sweep it, either.
 */
static void mark_alive(int *taken, int file) {
  struct stat about;
  *taken = (flock(file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) ||
           (fstat(file, &about) == 0 && about.st_nlink == 0);
}

/* A new file beside `path`, with this mode unless it is 0. */
static umbra_status create(int *file, char temporary[PATH_MAX], const char *path, mode_t mode, int secret) {
  for (int taken = 1; taken;) {
    UMBRA_TRY(name_temporary(temporary, path));
    *file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, secret || mode ? 0600 : 0666);
    if (*file < 0) return refused("create", path);
    mark_alive(&taken, *file);
    if (taken) close(*file);
  }
  if (!mode || fchmod(*file, mode) == 0) return UMBRA_OK;
  umbra_status status = refused("create", path);
  close(*file);
  unlink(temporary);
  return status;
}

umbra_status umbra_storage_look(int *found, const char *path) {
  struct stat about;
  const int there = lstat(path, &about) == 0;
  if (!there && errno != ENOENT) return refused("look at", path);
  if (there && !S_ISREG(about.st_mode)) return umbra_fail(UMBRA_ERROR_IO, "'%s' is not a regular file", path);
  *found = there;
  return UMBRA_OK;
}

umbra_status umbra_storage_try(const char *path) {
  char temporary[PATH_MAX];
  mode_t mode;
  int file;
  UMBRA_TRY(check_target(&mode, path, 0));
  UMBRA_TRY(create(&file, temporary, path, mode, 0));
  const umbra_status status = unlink(temporary) == 0 ? UMBRA_OK : refused("replace", path);
  close(file);
  return status;
}

umbra_status umbra_storage_replace(const char *path, int secret, umbra_storage_body write, void *argument) {
  char temporary[PATH_MAX];
  mode_t mode;
  int file;
  UMBRA_TRY(check_target(&mode, path, secret));
  UMBRA_TRY(create(&file, temporary, path, mode, secret));
  umbra_status status = fill(file, path, write, argument);
  if (status == UMBRA_OK) status = publish(temporary, path, secret);
  if (status != UMBRA_OK || secret) unlink(temporary);
  close(file); /* only now: its lock kept sweeps away, and its bytes have reached the disk before */
  if (status == UMBRA_OK) sync_folder(path);
  return status;
}

/* ---- search ---- */

/* The kind of a container, from the beginning of the file alone; 0 if it is none. */
static uint32_t kind_of(int folder, const char *name) {
  int file = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return 0;
  umbra_header header;
  struct stat about;
  int whole = fstat(file, &about) == 0 && S_ISREG(about.st_mode) &&
              read(file, &header, sizeof header) == (ssize_t)sizeof header &&
              memcmp(header.magic, umbra_container_magic, sizeof header.magic) == 0;
  close(file);
  return whole && header.kind < 32 ? header.kind : 0;
}

umbra_status umbra_storage_find(int *found, char name[UMBRA_STORAGE_NAME_BYTES], const char *path, uint32_t kinds) {
  char folder[PATH_MAX];
  UMBRA_TRY(folder_of(folder, path));
  DIR *entries = opendir(folder);
  if (!entries) return refused("look into", folder);
  *found = 0;
  for (const struct dirent *entry; !*found && (entry = readdir(entries));) {
    *found = (kinds >> kind_of(dirfd(entries), entry->d_name)) & 1u;
    snprintf(name, UMBRA_STORAGE_NAME_BYTES, "%s", entry->d_name);
  }
  closedir(entries);
  return UMBRA_OK;
}

/* ---- removal ---- */

static int is_regular(int folder, const char *name) {
  struct stat about;
  return fstatat(folder, name, &about, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(about.st_mode);
}

/* But for a temporary file that somebody still writes. */
static void remove_dead(int folder, const char *name) {
  size_t length;
  const int file = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
  const int dead = file >= 0 && flock(file, LOCK_EX | LOCK_NB) == 0;
  if (dead || !umbra_storage_is_temporary(name, &length)) (void)unlinkat(folder, name, 0);
  if (file >= 0) close(file);
}

void umbra_storage_sweep(const char *path, umbra_storage_filter unwanted, const void *argument) {
  char folder[PATH_MAX];
  if (folder_of(folder, path) != UMBRA_OK) return;
  DIR *entries = opendir(folder);
  if (!entries) return;
  int at = dirfd(entries);
  for (const struct dirent *entry; (entry = readdir(entries));)
    if (is_regular(at, entry->d_name) && unwanted(entry->d_name, kind_of(at, entry->d_name), argument))
      remove_dead(at, entry->d_name);
  closedir(entries);
}

int umbra_storage_is_temporary(const char *name, size_t *length) {
  const size_t all = strlen(name), end = 1 + TEMPORARY_DIGITS + strlen(TEMPORARY_END);
  if (all <= end) return 0;
  const char *digits = name + all - end + 1;
  *length = all - end;
  return digits[-1] == '.' && strspn(digits, "0123456789abcdef") == TEMPORARY_DIGITS &&
         strcmp(digits + TEMPORARY_DIGITS, TEMPORARY_END) == 0;
}

static int is_temporary_of(const char *name, uint32_t kind, const void *argument) {
  (void)kind;
  size_t length;
  const char *wanted = argument;
  return umbra_storage_is_temporary(name, &length) && strlen(wanted) == length && memcmp(name, wanted, length) == 0;
}

void umbra_storage_sweep_temporaries(const char *path) {
  const char *slash = strrchr(path, '/');
  umbra_storage_sweep(path, is_temporary_of, slash ? slash + 1 : path);
}

umbra_status umbra_storage_remove(const char *path) {
  struct stat about;
  if (lstat(path, &about) != 0) return errno == ENOENT ? UMBRA_OK : refused("remove", path);
  if (S_ISDIR(about.st_mode)) return umbra_fail(UMBRA_ERROR_IO, "cannot remove '%s': it is a folder", path);
  if (unlink(path) != 0) return refused("remove", path);
  sync_folder(path);
  return UMBRA_OK;
}

umbra_status umbra_storage_make_folder(const char *path) {
  struct stat about;
  if (mkdir(path, 0777) == 0) {
    sync_folder(path);
    return UMBRA_OK;
  }
  if (errno != EEXIST) return refused("create", path);
  if (stat(path, &about) == 0 && S_ISDIR(about.st_mode)) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_IO, "'%s' is not a folder", path);
}
