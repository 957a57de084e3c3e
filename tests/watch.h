/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For the tests of watching and stopping. With an interval of 0 every kernel call of an operation is a report before, so
 * stopping at report k is stopping before kernel call k.
 */
#ifndef UMBRA_TESTS_WATCH_H
#define UMBRA_TESTS_WATCH_H

#include "boot.h"
#include "host/base/watch.h"
#include "watcher.h"

/* ---- operations ---- */

enum { OUTPUTS = 3 };

typedef struct fixture {
  boot b;
  umbra_ciphertext *x, *y, *low;
} fixture;

typedef umbra_status (*operation)(fixture *f, umbra_ciphertext **outs);

/* ---- each of them, stopped ---- */

typedef struct outputs {
  umbra_ciphertext *out[OUTPUTS];
  bytes before[OUTPUTS];
} outputs;

/* Something to be replaced. */
static inline void outputs_make(outputs *o, const fixture *f) {
  *o = (outputs){0};
  for (int i = 0; i < OUTPUTS; i++) {
    assert_ok(umbra_ciphertext_copy(&o->out[i], i ? f->y : f->x));
    o->before[i] = ciphertext_bytes(o->out[i]);
  }
}

static inline void outputs_destroy(outputs *o) {
  for (int i = 0; i < OUTPUTS; i++) {
    umbra_ciphertext_destroy(o->out[i]);
    free(o->before[i].data);
  }
}

static inline void assert_unchanged(const outputs *o) {
  for (int i = 0; i < OUTPUTS; i++) assert_true(has_bytes(o->out[i], &o->before[i]));
}

static inline void assert_same(const outputs *o, const outputs *expected) {
  for (int i = 0; i < OUTPUTS; i++) {
    bytes wanted = ciphertext_bytes(expected->out[i]);
    assert_true(has_bytes(o->out[i], &wanted));
    free(wanted.data);
  }
}

static inline umbra_status run_watched(fixture *f, operation run, outputs *o, watcher *w) {
  const umbra_progress progress = progress_of(w);
  umbra_evaluator_watch(f->b.s.evaluator, &progress);
  umbra_status status = run(f, o->out);
  umbra_evaluator_watch(f->b.s.evaluator, NULL);
  return status;
}

/* A request that came after the last kernel call is for the next call. */
static inline void stop_at(fixture *f, operation run, uint32_t at, int by_request, const outputs *expected) {
  umbra_evaluator *evaluator = f->b.s.evaluator;
  watcher w = {.at = at, .evaluator = by_request ? evaluator : NULL};
  outputs o;
  outputs_make(&o, f);
  const uint64_t memory = umbra_context_memory(f->b.s.context);
  umbra_status status = run_watched(f, run, &o, &w);
  if (status == UMBRA_OK) {
    assert_true(by_request);
    assert_same(&o, expected);
    assert_fails(umbra_evaluator_wait(evaluator), UMBRA_ERROR_CANCELLED, "cancelled");
  } else {
    assert_int_equal(status, UMBRA_ERROR_CANCELLED);
    assert_unchanged(&o);
    assert_int_equal(umbra_context_memory(f->b.s.context), memory);
  }
  assert_ok(umbra_evaluator_wait(evaluator));
  outputs_destroy(&o);
}

/* At `most` places at most. */
static inline void stop_everywhere(fixture *f, operation run, uint32_t most) {
  watcher counting = {0};
  outputs expected, again;
  outputs_make(&expected, f);
  assert_ok(run_watched(f, run, &expected, &counting));
  assert_true(counting.reports > 2);
  const uint32_t step = (counting.reports + most - 1) / most;
  for (uint32_t at = 1; at <= counting.reports; at += step)
    for (int by_request = 0; by_request < 2; by_request++) stop_at(f, run, at, by_request, &expected);
  outputs_make(&again, f);
  assert_ok(run(f, again.out));
  assert_same(&again, &expected);
  outputs_destroy(&again);
  outputs_destroy(&expected);
}

#endif
