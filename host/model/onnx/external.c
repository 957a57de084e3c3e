/* SPDX-License-Identifier: Apache-2.0 */
#include "external.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../base/error.h"
#include "../../base/memory.h"
#include "../../io/storage.h"

enum { MOST_PATH = 4096 };

umbra_status umbra_onnx_folder_open(umbra_onnx_folder *folder, const char *path) {
  *folder = (umbra_onnx_folder){.folder = -1};
  return umbra_storage_open_folder(&folder->folder, path);
}

void umbra_onnx_folder_close(umbra_onnx_folder *folder) {
  if (folder->folder >= 0) close(folder->folder);
  umbra_free(folder->sources);
  *folder = (umbra_onnx_folder){.folder = -1};
}

/* ---- the way to a file ---- */

static umbra_status refused(const char *location, const char *why) {
  return umbra_fail(UMBRA_ERROR_FORMAT, "its data are to be in '%.200s', %s", location, why);
}

/* Goes through one part of a path, which is no link; closes where it came from. */
static umbra_status descend(int *at, const char *part, int last, const char *location) {
  int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | (last ? O_NONBLOCK : O_DIRECTORY);
  int next = openat(*at, part, flags), error = errno;
  close(*at);
  *at = next;
  if (next >= 0) return UMBRA_OK;
  if (error == ELOOP || (error == ENOTDIR && !last)) return refused(location, "whose parts are links, or no folders");
  return umbra_fail(UMBRA_ERROR_IO, "its data cannot be opened in '%.200s': %s", location, strerror(error));
}

static umbra_status check_part(const char *part, size_t length, const char *location) {
  if (length == 0) return refused(location, "which is no path within the model's folder");
  if (length == 2 && memcmp(part, "..", 2) == 0) return refused(location, "outside the model's folder");
  return UMBRA_OK;
}

static umbra_status open_below(int *file, int folder, const char *location) {
  char path[MOST_PATH];
  if (strlen(location) >= sizeof path || strchr(location, '\\'))
    return refused(location, "which is no path within the model's folder");
  strcpy(path, location);
  *file = fcntl(folder, F_DUPFD_CLOEXEC, 0);
  if (*file < 0) return umbra_fail(UMBRA_ERROR_IO, "no more files can be opened: %s", strerror(errno));
  umbra_status status = UMBRA_OK;
  for (char *part = path, *next = path; status == UMBRA_OK && next; part = next) {
    next = strchr(part, '/');
    size_t length = next ? (size_t)(next - part) : strlen(part);
    if (next) *next++ = 0;
    status = check_part(part, length, location);
    if (status == UMBRA_OK) status = descend(file, part, !next, location);
  }
  if (status != UMBRA_OK && *file >= 0) close(*file);
  return status;
}

/* ---- how much may be read ---- */

/* Each byte twice, so that tensors which share some cannot make a small file huge. */
static umbra_status spend(umbra_onnx_folder *folder, const struct stat *about, size_t size, const char *location) {
  struct umbra_onnx_source *s = folder->sources, *end = s + folder->source_count;
  while (s < end && (s->device != about->st_dev || s->inode != about->st_ino)) s++;
  if (s == end) {
    UMBRA_TRY(umbra_alloc(&s, folder->source_count + 1, sizeof *s, "a model"));
    if (folder->sources) memcpy(s, folder->sources, folder->source_count * sizeof *s);
    umbra_free(folder->sources);
    folder->sources = s;
    s += folder->source_count++;
    *s = (struct umbra_onnx_source){about->st_dev, about->st_ino, 2 * (uint64_t)about->st_size};
  }
  if (size > s->left) return refused(location, "which has not so much");
  s->left -= size;
  return UMBRA_OK;
}

static umbra_status read_open(umbra_onnx_folder *folder, uint8_t **bytes, int file, const char *location,
                              uint64_t offset, size_t size) {
  struct stat about;
  if (fstat(file, &about) != 0 || !S_ISREG(about.st_mode)) return refused(location, "which is no regular file");
  uint64_t length = (uint64_t)about.st_size;
  if (offset > length || size > length - offset)
    return umbra_fail(UMBRA_ERROR_FORMAT, "its data are to be bytes %llu to %llu of '%.200s', which has %llu",
                      (unsigned long long)offset, (unsigned long long)(offset + size), location,
                      (unsigned long long)length);
  UMBRA_TRY(spend(folder, &about, size, location));
  UMBRA_TRY(umbra_alloc(bytes, 1, size ? size : 1, "weights"));
  umbra_status status = umbra_storage_read_at(file, *bytes, size, offset, location);
  if (status != UMBRA_OK) umbra_free(*bytes);
  return status;
}

umbra_status umbra_onnx_read_external(umbra_onnx_folder *folder, uint8_t **bytes, const char *location, uint64_t offset,
                                      size_t size) {
  int file;
  UMBRA_TRY(open_below(&file, folder->folder, location));
  umbra_status status = read_open(folder, bytes, file, location, offset, size);
  close(file);
  return status;
}
