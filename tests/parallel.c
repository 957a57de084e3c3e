/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* The pool: every item is done once, whoever calls, from wherever, and whatever the system refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernels/parallel.h"

enum { MOST = 5000, CALLERS = 20 /* more than there are jobs */ };

typedef struct counts {
  atomic_uint done[MOST];
} counts;

static void count(const void *data, uint32_t item) { atomic_fetch_add(&((counts *)data)->done[item], 1); }

/* Whether a loop did each item exactly once. */
static int loop_is_right(uint32_t threads, uint32_t items) {
  counts *c = calloc(1, sizeof *c);
  if (!c) return 0;
  umbra_parallel(threads, items, count, c);
  int right = 1;
  for (uint32_t i = 0; i < MOST; i++) right &= atomic_load(&c->done[i]) == (i < items);
  free(c);
  return right;
}

static void all_items_once(void **state) {
  (void)state;
  static const uint32_t threads[] = {0, 1, 2, 3, 8, 65, 200}, items[] = {0, 1, 2, 3, 7, 64, 65, 1000, MOST};
  for (size_t t = 0; t < sizeof threads / sizeof *threads; t++)
    for (size_t i = 0; i < sizeof items / sizeof *items; i++) assert_true(loop_is_right(threads[t], items[i]));
}

static void any_number_of_threads(void **state) {
  (void)state;
  assert_true(loop_is_right(UMBRA_MAX_THREADS, MOST));
  assert_true(loop_is_right(UMBRA_MAX_THREADS + 1, MOST));
  assert_true(loop_is_right(UINT32_MAX, MOST));
}

/* Many short loops in a row, so that some meet workers that are just leaving, spinning or falling asleep. */
static void many_loops(void **state) {
  (void)state;
  for (int i = 0; i < 1000; i++) {
    assert_true(loop_is_right(1 + (uint32_t)i % 5, (uint32_t)i % 40));
    if (i % 200 == 0) usleep(1000); /* workers fall asleep */
  }
}

static void nest(const void *data, uint32_t item) {
  if (loop_is_right(4, 10 + item)) count(data, item);
}

static void nested(void **state) {
  (void)state;
  counts *c = calloc(1, sizeof *c);
  assert_non_null(c);
  umbra_parallel(4, 100, nest, c);
  for (uint32_t i = 0; i < 100; i++) assert_int_equal(c->done[i], 1);
  free(c);
}

static void call_within(const void *data, uint32_t item) { umbra_parallel(2, item + 2, count, data); }

/* A loop of one thread is none, nor is one inside of another. */
static void regions_counted(void **state) {
  (void)state;
  counts *c = calloc(1, sizeof *c);
  assert_non_null(c);
  const uint64_t before = umbra_parallel_regions();
  umbra_parallel(1, 10, count, c);
  umbra_parallel(4, 1, count, c);
  assert_int_equal(umbra_parallel_regions(), before);
  umbra_parallel(2, 10, count, c);
  umbra_parallel(3, 10, call_within, c);
  assert_int_equal(umbra_parallel_regions(), before + 2);
  free(c);
}

/* cmocka's assertions belong to the main thread, so the others only say whether all was right. */
static void *call_often(void *user) {
  (void)user;
  uintptr_t right = 1;
  for (uint32_t i = 0; i < 200; i++) right &= (uintptr_t)loop_is_right(2 + i % 3, 1 + i);
  return (void *)right;
}

static void from_many_threads(void **state) {
  (void)state;
  pthread_t thread[CALLERS];
  for (int i = 0; i < CALLERS; i++) assert_int_equal(pthread_create(&thread[i], NULL, call_often, NULL), 0);
  for (int i = 0; i < CALLERS; i++) {
    void *right = NULL;
    assert_int_equal(pthread_join(thread[i], &right), 0);
    assert_non_null(right);
  }
}

static uint32_t default_with(const char *threads) {
  setenv("UMBRA_THREADS", threads, 1);
  return umbra_parallel_default();
}

static void number_by_default(void **state) {
  (void)state;
  static const char *const ignored[] = {"", "0", "-1", "+2", " 2", "2x", "1025", "99999999999999999999", "two"};
  unsetenv("UMBRA_THREADS");
  const uint32_t own = umbra_parallel_default();
  assert_in_range(own, 1, UMBRA_MAX_THREADS);
  assert_int_equal(default_with("1"), 1);
  assert_int_equal(default_with("3"), 3);
  assert_int_equal(default_with("1024"), 1024);
  for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++) assert_int_equal(default_with(ignored[i]), own);
}

#ifndef __SANITIZE_THREAD__ /* which has no threads in the child of a process with threads */
static int child_succeeds(int (*in_child)(void)) {
  int status = 0;
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) _exit(in_child());
  assert_int_equal(waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* A child that may start no thread of its own. */
static int without_threads(void) {
  if (setrlimit(RLIMIT_NPROC, &(struct rlimit){0, 0}) || setgid(65534) || setuid(65534)) return 77;
  pthread_t thread;
  if (pthread_create(&thread, NULL, call_often, NULL) == 0) return 77; /* this system does not keep to the limit */
  for (int i = 0; i < 2500; i++)
    if (!loop_is_right(8, 100)) return 1;
  return 0;
}

static void refused_threads(void **state) {
  (void)state;
  int outcome = geteuid() == 0 ? child_succeeds(without_threads) : 77;
  if (outcome == 77) skip();
  assert_int_equal(outcome, 0);
}

static int threads_here(void) {
  int threads = -2; /* . and .. */
  DIR *folder = opendir("/proc/self/task");
  while (folder && readdir(folder)) threads++;
  if (folder) closedir(folder);
  return threads;
}

static int loops_in_child(void) {
  if (threads_here() != 1) return 2;
  for (uint32_t i = 0; i < 20; i++)
    if (!loop_is_right(4, 100 + i)) return 1;
  return threads_here() == 4 ? child_succeeds(without_threads) % 77 /* a grandchild */ : 3;
}

static void in_forked_children(void **state) {
  (void)state;
  for (int i = 0; i < 20; i++) {
    assert_true(loop_is_right(4, 100));
    assert_int_equal(child_succeeds(loops_in_child), 0);
  }
}
#endif

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(all_items_once),        cmocka_unit_test(many_loops),         cmocka_unit_test(nested),
      cmocka_unit_test(from_many_threads),     cmocka_unit_test(number_by_default),
#ifndef __SANITIZE_THREAD__
      cmocka_unit_test(refused_threads),       cmocka_unit_test(in_forked_children),
#endif
      cmocka_unit_test(any_number_of_threads), cmocka_unit_test(regions_counted),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
