/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far weights are expected to be from the twin's, with these records: what plan_error.c knows of the worst case only.
 * The loss bends, which takes errors away again, and the bending of a refresh's sine grows with a power of the weights'
 * size. So the training runs a few times beside the twin, each time with the errors of iterations and refreshes drawn.
 * tests/train_promises.c holds simulations against it.
 */
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/structs.h"
#include "twin.h"

enum { RUNS = 4 };

typedef struct errors {
  const umbra_train_plan *plan;
  umbra_twin plain, off; /* off: with errors */
  double weights;        /* mean square of the records' weights */
  uint64_t random;
} errors;

/* Nearly Gaussian, of deviation 1, and the same on every machine. */
static double draw(errors *e) {
  double sum = -6;
  for (int k = 0; k < 12; k++) sum += (double)(umbra_train_random(&e->random) >> 11) * 0x1p-53;
  return sum;
}

/* ---- a refresh ---- */

/* What u is multiplied by to be v, after a step of that eta: 1 where gradients are taken at w, and u is a velocity. */
static double shrinking(const umbra_train_plan *plan, double eta) {
  return umbra_train_at_weights(&plan->options) ? 1 : 1 - eta;
}

/* Over the bound, of w and u in both parts of all slots. */
static double size_of_state(const umbra_train_plan *plan, const umbra_twin *t, double before) {
  double squares = 0;
  for (size_t c = 0; c < t->count; c++) squares += t->w[c] * t->w[c] + t->v[c] * t->v[c] / (before * before);
  return sqrt(squares / (2.0 * (double)plan->firsts * plan->state_slots)) / plan->options.bound;
}

/* The bending that the refresh predicts is that of slots uniform in the bound. */
static double refresh_error(const umbra_train_plan *plan, double size) {
  const umbra_bootstrap_report *r = &plan->refresh->report;
  const double noise = r->error_noise * r->error_noise + r->error_polynomial * r->error_polynomial;
  const double bending = fmax(0, r->error * r->error - noise);
  return sqrt(noise + bending * pow(size * sqrt(3), 2.0 * plan->refresh->reduction->bending_order)) *
         plan->options.bound;
}

static void disturb_refresh(errors *e, double before) {
  const double error = refresh_error(e->plan, size_of_state(e->plan, &e->off, before));
  for (size_t c = 0; c < e->off.count; c++) {
    e->off.w[c] += error * draw(e);
    e->off.v[c] += error * before * draw(e);
  }
}

/* ---- an iteration ---- */

/* Of the gradient, which comes into w and u alike. */
static void disturb_step(errors *e, uint32_t i) {
  const umbra_plan_iteration *it = &e->plan->iteration[i];
  const umbra_train_ops *ops = umbra_train_ops_of(e->plan->options.kind);
  const double error = sqrt(ops->step_variance(e->plan, it, e->weights));
  for (size_t c = 0; c < e->off.count; c++) {
    const double d = error * draw(e);
    e->off.w[c] += d;
    e->off.v[c] += shrinking(e->plan, it->step.eta) * d;
  }
}

static umbra_status iterate(errors *e, uint32_t i) {
  umbra_train_outcome outcome = {UMBRA_TRAIN_OUTCOME_INIT};
  UMBRA_TRY(umbra_twin_iterate(&e->plain, &outcome, i));
  if (e->plan->iteration[i].refresh) disturb_refresh(e, shrinking(e->plan, 1 - e->plan->iteration[i].step.before));
  UMBRA_TRY(umbra_twin_iterate(&e->off, &outcome, i));
  disturb_step(e, i);
  return UMBRA_OK;
}

/* *squares += those of the differences at the end. */
static umbra_status run(errors *e, double *squares, umbra_watch *watch) {
  const uint32_t iterations = e->plan->options.iterations;
  for (uint32_t i = 0; i < iterations; i++) {
    const umbra_watch_part part = umbra_watch_enter(watch, i, iterations);
    UMBRA_TRY(iterate(e, i));
    umbra_watch_leave(watch, part);
  }
  if (e->plan->options.bootstrap_result)
    disturb_refresh(e, shrinking(e->plan, e->plan->iteration[iterations - 1].step.eta));
  for (size_t c = 0; c < e->off.count; c++) {
    const double difference = e->off.w[c] - e->plain.w[c];
    *squares += difference * difference;
  }
  return UMBRA_OK;
}

/* ---- the whole ---- */

static umbra_status run_once(double *squares, const umbra_twin *wanted, double weights, uint64_t seed) {
  errors e = {.plan = wanted->plan, .plain = *wanted, .off = *wanted, .weights = weights, .random = seed};
  umbra_status status = umbra_twin_open(&e.plain);
  if (status == UMBRA_OK) status = umbra_twin_open(&e.off);
  if (status == UMBRA_OK) status = run(&e, squares, wanted->watch);
  umbra_twin_close(&e.off);
  umbra_twin_close(&e.plain);
  return status;
}

static umbra_status find(double *error, const umbra_twin *wanted) {
  const umbra_records *records = wanted->records;
  double squares = 0, weights = 0;
  for (size_t row = 0; row < records->rows; row++)
    weights += umbra_records_weight(records, row) * umbra_records_weight(records, row) / (double)records->rows;
  for (uint64_t k = 0; k < RUNS; k++) {
    const umbra_watch_part part = umbra_watch_enter(wanted->watch, k, RUNS);
    UMBRA_TRY(run_once(&squares, wanted, weights, k + 1));
    umbra_watch_leave(wanted->watch, part);
  }
  const size_t count = umbra_train_plan_weights(wanted->plan);
  *error = 2 * sqrt(squares / (RUNS * (double)count)); /* single errors are known within such a factor */
  return UMBRA_OK;
}

umbra_status umbra_train_expected_error(double *error, const umbra_train_plan *plan, const umbra_records *records,
                                        const umbra_twin_options *options, const umbra_progress *progress) {
  if (!error || !plan || !records)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the expected error needs an output, a plan, and records");
  umbra_twin_options wanted = {UMBRA_TWIN_OPTIONS_INIT};
  umbra_watch watch = umbra_watch_of(progress);
  double found = 0;
  UMBRA_TRY(UMBRA_TAKE(umbra_twin_options, &wanted, options));
  UMBRA_TRY(umbra_records_check_shape(records, &plan->options));
  const umbra_twin twin = {.plan = plan, .records = records, .initial = wanted.initial, .watch = &watch};
  UMBRA_TRY(umbra_watch_close(&watch, find(&found, &twin)));
  *error = found;
  return UMBRA_OK;
}
