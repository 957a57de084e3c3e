/* SPDX-License-Identifier: Apache-2.0 */
#include "state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ALPHABET "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

/* ---- names ---- */

bool serve_is_name(const char *text) {
  const size_t length = strlen(text);
  return length > 0 && length < SERVE_NAME && strspn(text, ALPHABET) > 0 && strspn(text, ALPHABET "._-") == length;
}

void serve_path(char path[SERVE_PATH], const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(path, SERVE_PATH, format, arguments);
  va_end(arguments);
}

/* ---- files and folders ---- */

static int open_folder(int above, const char *name) {
  return openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* The folder that a path ends in, and its last name in there. */
static int open_above(int folder, const char *path, const char **name) {
  int at = open_folder(folder, ".");
  for (const char *end; at >= 0 && (end = strchr(path, '/')); path = end + 1) {
    char part[SERVE_PATH];
    snprintf(part, sizeof part, "%.*s", (int)(end - path), path);
    const int next = open_folder(at, part);
    close(at);
    at = next;
  }
  *name = path;
  return at;
}

/* What is no regular file is let go of. */
static int regular(int file) {
  struct stat about;
  if (file < 0 || (fstat(file, &about) == 0 && S_ISREG(about.st_mode))) return file;
  close(file);
  errno = EINVAL;
  return -1;
}

int serve_open(int folder, const char *path, int flags) {
  const char *name;
  const int above = open_above(folder, path, &name);
  if (above < 0) return -1;
  const int found = openat(above, name, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600), reason = errno;
  close(above);
  errno = reason;
  return flags & O_DIRECTORY ? found : regular(found);
}

bool serve_is_there(int folder, const char *path) {
  struct stat about;
  return fstatat(folder, path, &about, AT_SYMLINK_NOFOLLOW) == 0;
}

bool serve_is_absence(int reason) {
  return reason == ENOENT || reason == ENOTDIR || reason == ELOOP || reason == EINVAL;
}

bool serve_is_shortage(int reason) {
  return reason == EMFILE || reason == ENFILE || reason == EAGAIN || reason == ENOMEM;
}

static bool make_one(int folder, const char *path) {
  const char *name;
  const int above = open_above(folder, path, &name);
  if (above < 0) return false;
  const bool made = mkdirat(above, name, 0700) == 0 || errno == EEXIST;
  close(above);
  return made;
}

bool serve_make(int folder, const char *path) {
  for (const char *end = strchr(path, '/'); end; end = strchr(end + 1, '/')) {
    char part[SERVE_PATH];
    snprintf(part, sizeof part, "%.*s", (int)(end - path), path);
    if (!make_one(folder, part)) return false;
  }
  const int made = make_one(folder, path) ? serve_open(folder, path, O_DIRECTORY) : -1;
  if (made >= 0) close(made);
  return made >= 0;
}

/* ---- all that is beneath ---- */

static void visit_all(int folder, const char *path, serve_visit visit, void *user) {
  const int opened = serve_open(folder, path, O_RDONLY | O_DIRECTORY);
  DIR *entries = opened >= 0 ? fdopendir(opened) : NULL;
  if (opened >= 0 && !entries) close(opened);
  for (const struct dirent *entry; entries && (entry = readdir(entries));) {
    struct stat about;
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
        fstatat(dirfd(entries), entry->d_name, &about, AT_SYMLINK_NOFOLLOW) != 0)
      continue;
    if (!visit(user, dirfd(entries), entry->d_name, &about)) break;
  }
  if (entries) closedir(entries);
}

static bool add_usage(void *user, int folder, const char *name, const struct stat *about) {
  serve_usage *usage = user;
  usage->bytes += ((uint64_t)about->st_size + SERVE_BLOCK - 1) / SERVE_BLOCK * SERVE_BLOCK;
  usage->files++;
  if (S_ISDIR(about->st_mode)) visit_all(folder, name, add_usage, usage);
  return true;
}

serve_usage serve_measure(int folder, const char *path) {
  serve_usage usage = {0};
  visit_all(folder, path, add_usage, &usage);
  return usage;
}

static bool remove_one(void *user, int folder, const char *name, const struct stat *about) {
  (void)user;
  (void)(S_ISDIR(about->st_mode) ? serve_remove(folder, name) : unlinkat(folder, name, 0) == 0);
  return true;
}

bool serve_remove(int folder, const char *path) {
  const char *name;
  visit_all(folder, path, remove_one, NULL);
  const int above = open_above(folder, path, &name);
  if (above < 0) return errno == ENOENT;
  const bool gone = unlinkat(above, name, 0) == 0 || unlinkat(above, name, AT_REMOVEDIR) == 0 || errno == ENOENT;
  close(above);
  return gone;
}

typedef struct named {
  serve_visit visit;
  void *user;
} named;

static bool visit_named(void *user, int folder, const char *name, const struct stat *about) {
  const named *n = user;
  return !serve_is_name(name) || n->visit(n->user, folder, name, about);
}

void serve_each(int folder, const char *path, serve_visit visit, void *user) {
  named n = {visit, user};
  visit_all(folder, path, visit_named, &n);
}

/* ---- texts ---- */

bool serve_write(int file, const void *bytes, size_t size) {
  const char *from = bytes;
  while (size) {
    const ssize_t written = write(file, from, size);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    from += written;
    size -= (size_t)written;
  }
  return true;
}

char *serve_read_text(int folder, const char *path, size_t most) {
  struct stat about;
  char *text = NULL;
  const int file = serve_open(folder, path, O_RDONLY);
  if (file < 0) return NULL;
  if (fstat(file, &about) == 0 && (uint64_t)about.st_size <= most) text = calloc(1, (size_t)about.st_size + 1);
  else errno = EFBIG;
  if (text && read(file, text, (size_t)about.st_size) != about.st_size) {
    free(text);
    text = NULL;
    errno = EIO;
  }
  close(file);
  return text;
}

bool serve_write_text(int folder, const char *path, const char *text) {
  char draft[SERVE_PATH + 8];
  snprintf(draft, sizeof draft, "%s.draft", path);
  const int file = serve_open(folder, draft, O_WRONLY | O_CREAT | O_TRUNC);
  if (file < 0) return false;
  bool written = serve_write(file, text, strlen(text)) && fsync(file) == 0;
  written = close(file) == 0 && written && renameat(folder, draft, folder, path) == 0;
  const int reason = errno;
  if (!written) unlinkat(folder, draft, 0);
  errno = reason;
  return written;
}
