/* SPDX-License-Identifier: Apache-2.0 */
/* Somebody who is told of progress: fractions never go down, and one of the reports stops the work. */
#ifndef UMBRA_TESTS_WATCHER_H
#define UMBRA_TESTS_WATCHER_H

#include "scheme.h"

typedef struct watcher {
  uint32_t reports, at;       /* so far; which of them stops the work; 0: none */
  umbra_evaluator *evaluator; /* asked to stop, instead of a result that says so; NULL: not that way */
  double first, fraction;
} watcher;

static inline int look(void *user, double fraction) {
  watcher *w = user;
  assert_true(fraction >= w->fraction && fraction <= 1);
  w->fraction = fraction;
  if (!w->reports) w->first = fraction;
  if (++w->reports != w->at) return 0;
  if (!w->evaluator) return 1;
  umbra_evaluator_cancel(w->evaluator);
  return 0;
}

static inline umbra_progress progress_of(watcher *w) { return (umbra_progress){look, w}; }

#endif
