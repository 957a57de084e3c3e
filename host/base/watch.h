/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work that can be watched and stopped. A watch belongs to the thread that works, which asks it before every kernel call,
 * or before a loop of kernel calls that threads share, and between pieces of a file whether to go on; that is also when it
 * reports. Once it says no, nothing is enqueued any more, and the next check on the way returns CANCELLED, once. So
 * whatever could publish a result checks first.
 */
#ifndef UMBRA_BASE_WATCH_H
#define UMBRA_BASE_WATCH_H

#include <stdatomic.h>
#include <stdint.h>
#include <umbra/progress.h>
#include <umbra/status.h>

typedef struct umbra_watch {
  umbra_progress progress; /* report NULL: nobody is interested */
  atomic_int cancel;       /* asked for, by any thread or a signal handler */
  int stopped;             /* seen by the thread that works */
  int resting;             /* that thread shares its work with others, and does not ask */
  int parts;               /* entered and not left */
  double from, width;      /* the innermost of them, or the whole */
  double fraction;         /* done of the whole: as far as it is known, and never less than before */
  double reported;         /* when, in seconds; 0: not yet */
} umbra_watch;

/* For one call. progress: may be NULL. */
umbra_watch umbra_watch_of(const umbra_progress *progress);

/* A call of several that one watch serves begins: unless it is part of another, its fraction starts again. */
void umbra_watch_begin(umbra_watch *watch);

/* Reports if it is time to. Both: whether to go on. */
int umbra_watch_report(umbra_watch *watch);
static inline int umbra_watch_goes_on(umbra_watch *watch) {
  if (!watch) return 1;
  if (watch->resting) return !atomic_load_explicit(&watch->cancel, memory_order_relaxed);
  if (watch->stopped || atomic_load_explicit(&watch->cancel, memory_order_relaxed)) return !(watch->stopped = 1);
  return !watch->progress.report || umbra_watch_report(watch);
}

/* While several threads do a piece of the work, all they are told is a request to cancel. NULL: nothing happens. */
static inline void umbra_watch_rest(umbra_watch *watch, int resting) {
  if (watch) watch->resting = resting;
}

/* CANCELLED if work has been stopped, or is now: the request is answered by that. NULL: OK. */
umbra_status umbra_watch_check(umbra_watch *watch);

/* `done` of `count` equal pieces of the part are done; then as umbra_watch_check. NULL: OK. */
umbra_status umbra_watch_step(umbra_watch *watch, uint64_t done, uint64_t count);

/* Work on piece i of `count` of the part: from here to umbra_watch_leave, that piece is the part. NULL: nothing happens. */
typedef struct umbra_watch_part {
  double from, width;
} umbra_watch_part;
umbra_watch_part umbra_watch_enter(umbra_watch *watch, uint64_t i, uint64_t count);
void umbra_watch_leave(umbra_watch *watch, umbra_watch_part part);

/*
 * What to hand to a call that does a piece of the work: its fraction is that of the part, and it is stopped as the rest is.
 * The watch must stay where it is.
 */
umbra_progress umbra_watch_relay(umbra_watch *watch);

/* The status of a call that is over: reports 1 after a success. */
umbra_status umbra_watch_close(umbra_watch *watch, umbra_status status);

/* Test hook: seconds between two reports; 0: every question is one. */
void umbra_watch_interval(double seconds);

#endif
