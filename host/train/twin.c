/* SPDX-License-Identifier: Apache-2.0 */
#include "twin.h"

#include <math.h>
#include <string.h>

#include "../approximate/interpolate.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "../base/structs.h"

/* ---- an iteration ---- */

enum { GROUP = 256 }; /* records whose polynomials are computed together, and then progress is asked */

/* What is not finite is as large as anything. */
static double size_of(double x) { return isfinite(x) ? fabs(x) : INFINITY; }

/* Margins become s(-margin). */
static void find_slopes(double *margin, size_t count, const umbra_twin *t) {
  const umbra_sigmoid_options *o = &t->plan->sigmoid;
  for (size_t k = 0; k < count; k++)
    margin[k] = t->exact ? umbra_function_value(UMBRA_FUNCTION_SIGMOID, -margin[k]) : -margin[k] / o->range;
  if (!t->exact) umbra_chebyshev_values(margin, count, t->plan->coefficient, o->degree);
}

/* gradient += s(-<v, z>) z of some records; returns the largest |<v, z>|. */
static double add_records(const umbra_twin *t, const size_t *row, size_t count) {
  const size_t columns = t->records->columns;
  double slope[GROUP], largest = 0;
  for (size_t k = 0; k < count; k++) {
    slope[k] = umbra_records_label(t->records, row[k]) * umbra_records_score(t->records, row[k], t->v);
    largest = fmax(largest, size_of(slope[k]));
  }
  find_slopes(slope, count, t);
  for (size_t k = 0; k < count; k++) {
    const double *x = umbra_records_row(t->records, row[k]);
    const double factor = umbra_records_weight(t->records, row[k]) * umbra_records_label(t->records, row[k]) * slope[k];
    for (size_t c = 0; c < columns; c++) t->gradient[c] += factor * x[c];
    t->gradient[columns] += factor;
  }
  return largest;
}

/* gradient = the sum over the batch; *largest of |<v, z>|. */
static umbra_status sum_batch(umbra_twin *t, double *largest, const umbra_train_step *step) {
  *largest = 0;
  memset(t->gradient, 0, (t->records->columns + 1) * sizeof *t->gradient);
  for (uint64_t k = 0; k < step->rows; k += GROUP) {
    const uint64_t left = step->rows - k;
    UMBRA_TRY(umbra_watch_step(t->watch, k, step->rows));
    *largest = fmax(*largest, add_records(t, t->order + step->first + k, left < GROUP ? left : GROUP));
  }
  return UMBRA_OK;
}

/* Returns the largest of |w|, |v|, and |u| if it is refreshed. */
static double take_step(const umbra_twin *t, uint32_t i) {
  const umbra_train_step *step = &t->plan->iteration[i].step;
  const size_t columns = t->records->columns;
  double largest = 0, stretch = umbra_plan_refreshes_after(t->plan, i) ? 1 / (1 - step->eta) : 0;
  for (size_t c = 0; c <= columns; c++) {
    double penalty = c < columns ? t->plan->options.l2 * t->v[c] : 0;
    double next = t->v[c] + step->rate * (t->gradient[c] / (double)step->rows - penalty);
    t->v[c] = (1 - step->eta) * next + step->eta * t->w[c];
    t->w[c] = next;
    largest = fmax(largest, fmax(size_of(next), fmax(size_of(t->v[c]), size_of(t->v[c] * stretch))));
  }
  return largest;
}

umbra_status umbra_twin_iterate(umbra_twin *twin, umbra_train_outcome *outcome, uint32_t i) {
  UMBRA_TRY(sum_batch(twin, &outcome->largest_score, &twin->plan->iteration[i].step));
  outcome->largest_weight = take_step(twin, i);
  return UMBRA_OK;
}

umbra_status umbra_twin_open(umbra_twin *t) {
  size_t count = t->records->columns + 1;
  UMBRA_TRY(umbra_alloc(&t->order, t->records->rows, sizeof *t->order, "the order of records"));
  UMBRA_TRY(umbra_alloc(&t->w, count, sizeof *t->w, "weights"));
  UMBRA_TRY(umbra_alloc(&t->v, count, sizeof *t->v, "weights"));
  UMBRA_TRY(umbra_alloc(&t->gradient, count, sizeof *t->gradient, "a gradient"));
  umbra_train_plan_order(t->plan, t->order);
  if (t->initial) {
    memcpy(t->w, t->initial, count * sizeof *t->w);
    memcpy(t->v, t->initial, count * sizeof *t->v);
  }
  return UMBRA_OK;
}

void umbra_twin_close(umbra_twin *t) {
  umbra_free(t->order);
  umbra_free(t->w);
  umbra_free(t->v);
  umbra_free(t->gradient);
}

/* ---- the whole ---- */

static umbra_status judge(umbra_train_outcome *outcome, const umbra_records *judged, const double *weights) {
  umbra_judgement judgement = {UMBRA_JUDGEMENT_INIT, .accuracy = NAN, .auc = NAN, .loss = NAN};
  if (judged) UMBRA_TRY(umbra_judge(&judgement, judged, weights));
  outcome->accuracy = judgement.accuracy;
  outcome->auc = judgement.auc;
  outcome->loss = judgement.loss;
  return UMBRA_OK;
}

static umbra_status train(umbra_twin *t, umbra_train_outcome *trace, const umbra_records *judged) {
  uint32_t i = 0, iterations = t->plan->options.iterations;
  for (double largest = 0; i < iterations && isfinite(largest); i++) {
    const umbra_watch_part part = umbra_watch_enter(t->watch, i, iterations);
    UMBRA_TRY(umbra_twin_iterate(t, &trace[i], i));
    UMBRA_TRY(judge(&trace[i], judged, t->w));
    umbra_watch_leave(t->watch, part);
    largest = trace[i].largest_weight;
  }
  for (; i < iterations; i++) trace[i] = (umbra_train_outcome){UMBRA_TRAIN_OUTCOME_INIT, NAN, NAN, NAN, NAN, NAN};
  return UMBRA_OK;
}

static umbra_status check_records(const umbra_train_plan *plan, const umbra_records *records,
                                  const umbra_records *judged) {
  UMBRA_TRY(umbra_records_check_shape(records, &plan->options));
  if (judged && judged->columns != plan->options.columns)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the records to judge by have %zu features; the plan is for %zu",
                      judged->columns, plan->options.columns);
  return UMBRA_OK;
}

/* Before the training, so that giving it cannot fail after it. */
static umbra_status check_trace(const umbra_train_outcome *trace, size_t count, const umbra_train_plan *plan) {
  umbra_train_outcome outcome;
  if (count != (trace ? plan->options.iterations : 0))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a trace of %zu outcomes; the plan has %u iterations", count,
                      plan->options.iterations);
  for (size_t i = 0; i < count; i++) UMBRA_TRY(UMBRA_TAKE_ELEMENT(umbra_train_outcome, &outcome, trace, i));
  return UMBRA_OK;
}

umbra_status umbra_train_twin(double *weights, umbra_train_outcome *trace, size_t count, const umbra_train_plan *plan,
                              const umbra_records *records, const umbra_twin_options *options,
                              const umbra_progress *progress) {
  if (!weights || !plan || !records)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the twin needs weights to write, a plan, and records");
  umbra_twin_options wanted = {UMBRA_TWIN_OPTIONS_INIT};
  umbra_train_outcome *made = NULL;
  umbra_watch watch = umbra_watch_of(progress);
  UMBRA_TRY(UMBRA_TAKE(umbra_twin_options, &wanted, options));
  UMBRA_TRY(check_trace(trace, count, plan));
  UMBRA_TRY(check_records(plan, records, wanted.judged));
  UMBRA_TRY(umbra_alloc(&made, plan->options.iterations, sizeof *made, "a trace"));
  umbra_twin t = {.plan = plan, .records = records, .initial = wanted.initial, .exact = wanted.exact, .watch = &watch};
  umbra_status status = umbra_twin_open(&t);
  if (status == UMBRA_OK) status = umbra_watch_close(&watch, train(&t, made, wanted.judged));
  for (size_t i = 0; i < count && status == UMBRA_OK; i++)
    status = UMBRA_GIVE_ELEMENT(umbra_train_outcome, trace, i, &made[i]);
  if (status == UMBRA_OK) memcpy(weights, t.w, (records->columns + 1) * sizeof *weights);
  umbra_twin_close(&t);
  umbra_free(made);
  return status;
}

/* ---- the bound ---- */

double umbra_train_bound(const umbra_train_outcome *trace, size_t count) {
  const double room = 4;
  double bound = UMBRA_TRAIN_LEAST_BOUND;
  umbra_train_outcome outcome = {UMBRA_TRAIN_OUTCOME_INIT};
  for (size_t i = 0; i < count; i++) {
    if (UMBRA_TAKE_ELEMENT(umbra_train_outcome, &outcome, trace, i) != UMBRA_OK) return 0;
    while (!(room * outcome.largest_weight <= bound)) { /* NaN neither */
      if (bound == UMBRA_TRAIN_LARGEST_BOUND) return 0;
      bound *= 2;
    }
  }
  return bound;
}
