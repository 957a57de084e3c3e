/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Locks of files: who gets them, when they end, and what is left; and temporary files of writers that live, and of dead ones. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../host/io/lock.h"
#include "../host/io/storage.h"
#include "folder.h"
#include "scheme.h"

static char folder[] = "/tmp/umbra-locks-XXXXXX";

static const char *in_folder(const char *name) { return path_in(folder, name); }

static int make_folder(void **state) {
  (void)state;
  return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state) {
  (void)state;
  return rmdir(folder); /* nothing is left in it */
}

static int is_there(const char *name) { return access(in_folder(name), F_OK) == 0; }

static void one_has_it(void **state) {
  (void)state;
  umbra_lock *lock = NULL, *other = NULL;
  assert_fails(umbra_lock_create(NULL, "x"), UMBRA_ERROR_INVALID_ARGUMENT, "output");
  assert_fails(umbra_lock_create(&lock, ""), UMBRA_ERROR_INVALID_ARGUMENT, "path");
  assert_fails(umbra_lock_create(&lock, in_folder("no/such")), UMBRA_ERROR_IO, "No such file");
  assert_ok(umbra_lock_create(&lock, in_folder("a")));
  assert_true(is_there(".a.lock") && !is_there("a"));
  assert_fails(umbra_lock_create(&other, in_folder("a")), UMBRA_ERROR_BUSY, "/a' is in use");
  assert_fails(umbra_lock_share(&other, in_folder("a")), UMBRA_ERROR_BUSY, "/a' is in use");
  assert_null(other);
  assert_ok(umbra_lock_create(&other, in_folder("b"))); /* another name is another lock */
  umbra_lock_destroy(other);
  umbra_lock_destroy(lock);
  umbra_lock_destroy(NULL);
  assert_false(is_there(".a.lock") || is_there(".b.lock"));
  lock = NULL;
  assert_ok(umbra_lock_create(&lock, in_folder("a")));
  umbra_lock_destroy(lock);
}

static void readers_share_it(void **state) {
  (void)state;
  umbra_lock *one = NULL, *two = NULL, *writer = NULL;
  assert_ok(umbra_lock_share(&one, in_folder("a")));
  assert_ok(umbra_lock_share(&two, in_folder("a")));
  assert_fails(umbra_lock_create(&writer, in_folder("a")), UMBRA_ERROR_BUSY, "is in use");
  umbra_lock_destroy(one);
  assert_true(is_there(".a.lock"));
  assert_fails(umbra_lock_create(&writer, in_folder("a")), UMBRA_ERROR_BUSY, "is in use");
  umbra_lock_destroy(two);
  assert_false(is_there(".a.lock"));
  assert_ok(umbra_lock_create(&writer, in_folder("a")));
  umbra_lock_destroy(writer);
}

/* A child that takes the lock, says so, and waits for its end. */
static pid_t start_holder(void) {
  int said[2];
  char byte;
  assert_int_equal(pipe(said), 0);
  const pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    umbra_lock *lock = NULL;
    if (umbra_lock_create(&lock, in_folder("a")) != UMBRA_OK || write(said[1], "x", 1) != 1) _exit(1);
    for (;;) pause();
  }
  close(said[1]);
  assert_int_equal(read(said[0], &byte, 1), 1);
  close(said[0]);
  return child;
}

static void killed_holders_are_no_holders(void **state) {
  (void)state;
  umbra_lock *lock = NULL;
  const pid_t child = start_holder();
  assert_fails(umbra_lock_create(&lock, in_folder("a")), UMBRA_ERROR_BUSY, "is in use");
  assert_int_equal(kill(child, SIGKILL), 0);
  assert_int_equal(waitpid(child, NULL, 0), child);
  assert_true(is_there(".a.lock"));
  assert_ok(umbra_lock_create(&lock, in_folder("a")));
  umbra_lock_destroy(lock);
  assert_false(is_there(".a.lock"));
}

static void children_do_not_give_it_back(void **state) {
  (void)state;
  umbra_lock *lock = NULL, *other = NULL;
  assert_ok(umbra_lock_create(&lock, in_folder("a")));
  const pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    umbra_lock_destroy(lock);
    _exit(0);
  }
  assert_int_equal(waitpid(child, NULL, 0), child);
  assert_fails(umbra_lock_create(&other, in_folder("a")), UMBRA_ERROR_BUSY, "is in use");
  umbra_lock_destroy(lock);
}

/* Whatever is put where the lock should be, nobody waits and nothing is followed. */
static void locks_are_regular_files(void **state) {
  (void)state;
  umbra_lock *lock = NULL;
  assert_int_equal(mkfifo(in_folder(".a.lock"), 0600), 0);
  assert_fails(umbra_lock_create(&lock, in_folder("a")), UMBRA_ERROR_IO, "not a regular file");
  assert_int_equal(unlink(in_folder(".a.lock")) | symlink("target", in_folder(".a.lock")), 0);
  assert_fails(umbra_lock_create(&lock, in_folder("a")), UMBRA_ERROR_IO, "cannot lock");
  assert_false(is_there("target"));
  assert_int_equal(unlink(in_folder(".a.lock")), 0);
}

static void folders_of_others(void **state) {
  (void)state;
  umbra_lock *lock = NULL;
  if (geteuid() == 0) skip(); /* may write everywhere */
  assert_int_equal(chmod(folder, 0500), 0);
  assert_ok(umbra_lock_share(&lock, in_folder("a")));
  assert_null(lock);
  assert_ok(umbra_lock_if_writable(&lock, in_folder("a")));
  assert_null(lock);
  assert_fails(umbra_lock_create(&lock, in_folder("a")), UMBRA_ERROR_IO, "Permission denied");
  assert_int_equal(chmod(folder, 0700), 0);
}

/* ---- temporary files ---- */

static size_t count_temporaries(void) {
  size_t count = 0, length;
  DIR *entries = opendir(folder);
  assert_non_null(entries);
  for (struct dirent *entry; (entry = readdir(entries));)
    count += (size_t)umbra_storage_is_temporary(entry->d_name, &length);
  closedir(entries);
  return count;
}

static umbra_status write_and_sweep(int file, void *argument) {
  const char *path = argument;
  assert_int_equal(count_temporaries(), 2);
  umbra_storage_sweep_temporaries(path);
  assert_int_equal(count_temporaries(), 1); /* this one */
  return umbra_storage_write(file, "text", 4);
}

static umbra_status write_nothing(int file, void *argument) {
  (void)file;
  (void)argument;
  return UMBRA_OK;
}

/* Instead of the C library's: somebody sweeps at the last moment before the file has its name. */
int rename(const char *from, const char *to) {
  umbra_storage_sweep_temporaries(to);
  return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int link(const char *from, const char *to) {
  umbra_storage_sweep_temporaries(to);
  return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

static void living_writers_are_not_swept(void **state) {
  (void)state;
  char path[256];
  snprintf(path, sizeof path, "%s", in_folder("a"));
  const int dead = open(in_folder("a.0123456789abcdef.tmp"), O_CREAT | O_WRONLY, 0600); /* of a killed process */
  assert_true(dead >= 0);
  close(dead);
  assert_ok(umbra_storage_replace(path, 0, write_and_sweep, path));
  assert_true(is_there("a"));
  assert_int_equal(count_temporaries(), 0);
  assert_int_equal(unlink(path), 0);
  assert_ok(umbra_storage_replace(path, 1, write_nothing, NULL));
  assert_true(is_there("a"));
  assert_int_equal(count_temporaries(), 0);
  assert_int_equal(unlink(path), 0);
}

/* ---- outputs ---- */

static void links_are_not_replaced(void **state) {
  (void)state;
  char path[256];
  snprintf(path, sizeof path, "%s", in_folder("link"));
  for (int there = 0; there < 2; there++) {
    if (there) assert_int_equal(close(open(in_folder("target"), O_CREAT | O_WRONLY, 0600)), 0);
    assert_int_equal(symlink("target", path), 0);
    assert_fails(umbra_storage_replace(path, 0, write_nothing, NULL), UMBRA_ERROR_IO, "a symbolic link");
    assert_fails(umbra_storage_try(path), UMBRA_ERROR_IO, "a symbolic link");
    assert_fails(umbra_storage_replace(path, 1, write_nothing, NULL), UMBRA_ERROR_EXISTS, "exists");
    assert_int_equal(unlink(path), 0);
  }
  assert_int_equal(unlink(in_folder("target")), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(one_has_it),
                                     cmocka_unit_test(readers_share_it),
                                     cmocka_unit_test(killed_holders_are_no_holders),
                                     cmocka_unit_test(children_do_not_give_it_back),
                                     cmocka_unit_test(locks_are_regular_files),
                                     cmocka_unit_test(folders_of_others),
                                     cmocka_unit_test(living_writers_are_not_swept),
                                     cmocka_unit_test(links_are_not_replaced)};
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
