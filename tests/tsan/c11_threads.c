/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The threads, mutexes and conditions of C11 by those of POSIX, as glibc has them, too: ThreadSanitizer follows the latter
 * only. Linked to everything in preset tsan, before the C library.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

_Static_assert(sizeof(mtx_t) >= sizeof(pthread_mutex_t), "a mutex holds one of POSIX");
_Static_assert(sizeof(cnd_t) >= sizeof(pthread_cond_t), "a condition holds one of POSIX");
_Static_assert(sizeof(thrd_t) == sizeof(pthread_t), "threads have the same names");

static int answer(int error) { return error ? thrd_error : thrd_success; }

int mtx_init(mtx_t *mutex, int type) {
  return type == mtx_plain ? answer(pthread_mutex_init((pthread_mutex_t *)mutex, NULL)) : thrd_error;
}
void mtx_destroy(mtx_t *mutex) { pthread_mutex_destroy((pthread_mutex_t *)mutex); }
int mtx_lock(mtx_t *mutex) { return answer(pthread_mutex_lock((pthread_mutex_t *)mutex)); }
int mtx_unlock(mtx_t *mutex) { return answer(pthread_mutex_unlock((pthread_mutex_t *)mutex)); }

int cnd_init(cnd_t *condition) { return answer(pthread_cond_init((pthread_cond_t *)condition, NULL)); }
void cnd_destroy(cnd_t *condition) { pthread_cond_destroy((pthread_cond_t *)condition); }
int cnd_broadcast(cnd_t *condition) { return answer(pthread_cond_broadcast((pthread_cond_t *)condition)); }
int cnd_wait(cnd_t *condition, mtx_t *mutex) {
  return answer(pthread_cond_wait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex));
}

typedef struct start {
  thrd_start_t function;
  void *argument;
} start;

static void *run(void *user) {
  const start s = *(start *)user;
  free(user);
  return (void *)(intptr_t)s.function(s.argument);
}

int thrd_create(thrd_t *thread, thrd_start_t function, void *argument) {
  start *s = malloc(sizeof *s);
  if (!s) return thrd_nomem;
  *s = (start){function, argument};
  const int error = pthread_create((pthread_t *)thread, NULL, run, s);
  if (error) free(s);
  return answer(error);
}

int thrd_join(thrd_t thread, int *result) {
  void *returned = NULL;
  const int error = pthread_join(thread, &returned);
  if (!error && result) *result = (int)(intptr_t)returned;
  return answer(error);
}
