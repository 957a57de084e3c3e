/* SPDX-License-Identifier: Apache-2.0 */
#include "lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/outputs.h"

struct umbra_lock {
  int file;
  pid_t owner; /* a forked child has the file, too, and must not remove it */
  char path[PATH_MAX];
};

static umbra_status name_lock(umbra_lock *lock, const char *path) {
  const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
  const int length = snprintf(lock->path, sizeof lock->path, "%.*s.%s.lock", (int)(name - path), path, name);
  if (length >= 0 && length < PATH_MAX) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_IO, "the path is longer than %d bytes", PATH_MAX);
}

static umbra_status refused(const char *path) {
  if (errno == EWOULDBLOCK)
    return umbra_fail(
        UMBRA_ERROR_BUSY,
        "'%s' is in use: something else works on it, in this process or another one; wait for its end, or "
        "take another name",
        path);
  return umbra_fail(UMBRA_ERROR_IO, "cannot lock '%s': %s", path, strerror(errno));
}

/* Whether the file is still the one at its path: whoever had the lock before removes that when it ends. */
static int is_current(const umbra_lock *lock) {
  struct stat held, there;
  return fstat(lock->file, &held) == 0 && lstat(lock->path, &there) == 0 && held.st_dev == there.st_dev &&
         held.st_ino == there.st_ino;
}

/* Whoever may not write there can still see whether somebody else has it. */
static int open_lock(const char *path) {
  const int how = O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  const int file = open(path, O_RDWR | O_CREAT | how, 0666), reason = errno;
  if (file >= 0 || (reason != EACCES && reason != EROFS)) return file;
  const int other = open(path, O_RDONLY | how);
  errno = reason;
  return other;
}

/* Of a lock whose file is open. */
static umbra_status hold(const umbra_lock *lock, const char *path, int kind) {
  struct stat about;
  if (fstat(lock->file, &about) != 0 || !S_ISREG(about.st_mode))
    return umbra_fail(UMBRA_ERROR_IO, "cannot lock '%s': '%s' is not a regular file", path, lock->path);
  return flock(lock->file, kind | LOCK_NB) == 0 ? UMBRA_OK : refused(path);
}

/* *lacks: its folder cannot be written, and nobody has it. */
static umbra_status take(umbra_lock *lock, int *lacks, const char *path, int kind) {
  UMBRA_TRY(name_lock(lock, path));
  for (;;) {
    lock->file = open_lock(lock->path);
    *lacks = lock->file < 0 && (errno == EACCES || errno == EROFS);
    if (lock->file < 0) return refused(path);
    const umbra_status status = hold(lock, path, kind);
    if (status == UMBRA_OK && is_current(lock)) return UMBRA_OK;
    close(lock->file);
    UMBRA_TRY(status);
  }
}

static umbra_status create(umbra_lock **out, int *lacks, const char *path, int kind) {
  umbra_lock *made;
  *lacks = 0;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a lock"));
  made->owner = getpid();
  const umbra_status status = take(made, lacks, path, kind);
  if (status == UMBRA_OK) UMBRA_PUT(lock, out, made);
  else umbra_free(made);
  return status;
}

umbra_status umbra_lock_create(umbra_lock **lock, const char *path) {
  int lacks;
  if (!lock || !path || !*path) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a lock needs an output and a path");
  return create(lock, &lacks, path, LOCK_EX);
}

static umbra_status create_if_writable(umbra_lock **lock, const char *path, int kind) {
  int lacks;
  const umbra_status status = create(lock, &lacks, path, kind);
  return lacks ? UMBRA_OK : status;
}

umbra_status umbra_lock_share(umbra_lock **lock, const char *path) { return create_if_writable(lock, path, LOCK_SH); }

umbra_status umbra_lock_if_writable(umbra_lock **lock, const char *path) {
  return create_if_writable(lock, path, LOCK_EX);
}

/* The last of those who share a lock removes its file: nobody else can have it for themselves then. */
void umbra_lock_destroy(umbra_lock *lock) {
  if (!lock) return;
  if (lock->owner == getpid() && flock(lock->file, LOCK_EX | LOCK_NB) == 0 && is_current(lock)) unlink(lock->path);
  close(lock->file);
  umbra_free(lock);
}
