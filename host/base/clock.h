/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UMBRA_BASE_CLOCK_H
#define UMBRA_BASE_CLOCK_H

#include <time.h>

/* Seconds of a clock that only goes forward. */
static inline double umbra_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Seconds that this thread has computed. */
static inline double umbra_thread_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

#endif
