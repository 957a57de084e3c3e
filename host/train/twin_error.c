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

/* As many as have some hundred weights together, which no run says much about alone; 4 at most. */
enum { MOST_RUNS = 4, ENOUGH_WEIGHTS = 400 };

typedef struct errors {
  const umbra_train_plan *plan;
  umbra_twin off; /* with errors: */
  umbra_twin_errors drawn;
} errors;

static double draw(errors *e) { return umbra_train_gaussian(&e->drawn.random); }

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

/* The variance of a refresh's errors that do not depend on values, over the bound. */
static double noise_of(const umbra_bootstrap_report *r) {
  return r->error_noise * r->error_noise + r->error_polynomial * r->error_polynomial;
}

/*
 * How far the sine bends values of that size, over the bound; what the refresh predicts is that of slots uniform in the
 * bound.
 */
static double bending_of(const umbra_train_plan *plan, double size) {
  const umbra_bootstrap_report *r = &plan->refresh->report;
  return sqrt(fmax(0, r->error * r->error - noise_of(r))) *
         pow(size * sqrt(3), plan->refresh->reduction->bending_order);
}

/*
 * It bends coefficients, x by x^p, which are nearly Gaussian: of the square of that, (p!!)^2 / (2 p - 1)!! is a multiple of
 * x, which all slots have alike, so it makes all weights smaller, and does so again at the next refresh.
 */
static double shared_bending(uint32_t order) {
  double share = 1;
  for (uint32_t k = 1; k <= order; k += 2) share *= k * k;
  for (uint32_t k = 1; k < 2 * order; k += 2) share /= k;
  return share;
}

umbra_twin_refresh umbra_twin_refresh_of(const umbra_train_plan *plan, double size) {
  const double bending = bending_of(plan, size), share = shared_bending(plan->refresh->reduction->bending_order);
  const double rest = (1 - share) * bending * bending;
  return (umbra_twin_refresh){.shrunk = size > 0 ? sqrt(share) * bending / size : 0,
                              .error = sqrt(noise_of(&plan->refresh->report) + rest)};
}

static void disturb_refresh(errors *e, double before) {
  const umbra_twin_refresh of = umbra_twin_refresh_of(e->plan, size_of_state(e->plan, &e->off, before));
  const double error = of.error * e->plan->options.bound;
  for (size_t c = 0; c < e->off.count; c++) {
    e->off.w[c] += error * draw(e) - of.shrunk * e->off.w[c];
    e->off.v[c] += error * before * draw(e) - of.shrunk * e->off.v[c];
  }
}

/* ---- an iteration ---- */

static umbra_status iterate(errors *e, uint32_t i) {
  umbra_train_outcome outcome = {UMBRA_TRAIN_OUTCOME_INIT};
  if (e->plan->iteration[i].refresh) disturb_refresh(e, shrinking(e->plan, 1 - e->plan->iteration[i].step.before));
  return umbra_twin_iterate(&e->off, &outcome, i);
}

static umbra_status run(errors *e, umbra_watch *watch) {
  const uint32_t iterations = e->plan->options.iterations;
  for (uint32_t i = 0; i < iterations; i++) {
    const umbra_watch_part part = umbra_watch_enter(watch, i, iterations);
    UMBRA_TRY(iterate(e, i));
    umbra_watch_leave(watch, part);
  }
  if (e->plan->options.bootstrap_result)
    disturb_refresh(e, shrinking(e->plan, e->plan->iteration[iterations - 1].step.eta));
  return UMBRA_OK;
}

/* ---- the whole ---- */

/* *squares += those of the differences at the end from the weights `right`. */
static umbra_status run_once(double *squares, const umbra_twin *wanted, const double *right, double weights,
                             uint64_t seed) {
  errors e = {.plan = wanted->plan, .off = *wanted};
  e.drawn = (umbra_twin_errors){umbra_plan_rounding(wanted->plan), weights, seed};
  e.off.errors = &e.drawn;
  umbra_status status = umbra_twin_open(&e.off);
  if (status == UMBRA_OK) status = run(&e, wanted->watch);
  for (size_t c = 0; c < e.off.count && status == UMBRA_OK; c++)
    *squares += (e.off.w[c] - right[c]) * (e.off.w[c] - right[c]);
  umbra_twin_close(&e.off);
  return status;
}

static double mean_square_weight(const umbra_records *records) {
  double sum = 0;
  for (size_t row = 0; row < records->rows; row++)
    sum += umbra_records_weight(records, row) * umbra_records_weight(records, row) / (double)records->rows;
  return sum;
}

static umbra_status find(double *error, const umbra_twin *wanted, const double *right) {
  const size_t count = umbra_train_plan_weights(wanted->plan);
  const double weights = mean_square_weight(wanted->records);
  uint64_t runs = 0;
  double squares = 0;
  while (runs < MOST_RUNS && runs * count < ENOUGH_WEIGHTS) runs++;
  for (uint64_t k = 0; k < runs; k++) {
    const umbra_watch_part part = umbra_watch_enter(wanted->watch, k, runs);
    UMBRA_TRY(run_once(&squares, wanted, right, weights, k + 1));
    umbra_watch_leave(wanted->watch, part);
  }
  *error = 2 * sqrt(squares / (double)(runs * count)); /* single errors are known within such a factor */
  return UMBRA_OK;
}

/* The same, where nobody knows what the twin makes. */
static umbra_status train_and_find(double *error, const umbra_twin *wanted) {
  const umbra_twin_options options = {UMBRA_TWIN_OPTIONS_INIT, .initial = wanted->initial};
  const umbra_progress progress = umbra_watch_relay(wanted->watch);
  double *right;
  UMBRA_TRY(umbra_alloc(&right, umbra_train_plan_weights(wanted->plan), sizeof *right, "weights"));
  umbra_watch_part part = umbra_watch_enter(wanted->watch, 0, 2);
  umbra_status status = umbra_train_twin(right, NULL, 0, wanted->plan, wanted->records, &options, &progress);
  umbra_watch_leave(wanted->watch, part);
  part = umbra_watch_enter(wanted->watch, 1, 2);
  if (status == UMBRA_OK) status = find(error, wanted, right);
  umbra_watch_leave(wanted->watch, part);
  umbra_free(right);
  return status;
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
  UMBRA_TRY(
      umbra_watch_close(&watch, wanted.trained ? find(&found, &twin, wanted.trained) : train_and_find(&found, &twin)));
  *error = found;
  return UMBRA_OK;
}
