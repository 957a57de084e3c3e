/* SPDX-License-Identifier: Apache-2.0 */
#include "twin.h"

#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/structs.h"

/* ---- an iteration ---- */

/* The step of weight c: rate times its gradient, the penalty included. */
static double step_of(const umbra_twin *t, const umbra_train_ops *ops, const umbra_train_step *step, size_t c) {
  const umbra_train_options *o = &t->plan->options;
  const double penalty = ops->is_bias(o, c) ? 0 : o->l2 * umbra_twin_point(t)[c];
  return step->rate * (t->gradient[c] / (double)step->rows - penalty);
}

/* By a velocity: v. */
static void roll(const umbra_twin *t, size_t c, double d) {
  t->v[c] = umbra_train_mix_of(&t->plan->options, NULL).uu * t->v[c] + d;
  t->w[c] += t->v[c];
}

/* By two sequences. */
static void lean(const umbra_twin *t, size_t c, double d, double eta) {
  double next = t->v[c] + d;
  t->v[c] = (1 - eta) * next + eta * t->w[c];
  t->w[c] = next;
}

/* Returns the largest of |w|, |v|, and |u| if it is refreshed. */
static double take_step(const umbra_twin *t, uint32_t i) {
  const umbra_train_ops *ops = umbra_train_ops_of(t->plan->options.kind);
  const umbra_train_step *step = &t->plan->iteration[i].step;
  double largest = 0, stretch = umbra_plan_refreshed_after(t->plan, i) ? 1 / (1 - step->eta) : 0;
  for (size_t c = 0; c < t->count; c++) {
    const double d = step_of(t, ops, step, c);
    if (umbra_train_at_weights(&t->plan->options)) roll(t, c, d);
    else lean(t, c, d, step->eta);
    largest = fmax(largest,
                   fmax(umbra_twin_size(t->w[c]), fmax(umbra_twin_size(t->v[c]), umbra_twin_size(t->v[c] * stretch))));
  }
  return largest;
}

umbra_status umbra_twin_iterate(umbra_twin *twin, umbra_train_outcome *outcome, uint32_t i) {
  const umbra_train_plan *plan = twin->plan;
  memset(twin->gradient, 0, twin->count * sizeof *twin->gradient);
  outcome->largest_score = outcome->largest_hidden = outcome->counted_loss = 0;
  const umbra_train_ops *ops = umbra_train_ops_of(plan->options.kind);
  UMBRA_TRY(ops->gradient(twin, outcome, &plan->iteration[i].step));
  if (twin->errors) ops->disturb(twin, &plan->iteration[i]);
  outcome->largest_weight = take_step(twin, i);
  return UMBRA_OK;
}

umbra_status umbra_twin_open(umbra_twin *t) {
  const umbra_train_options *o = &t->plan->options;
  const size_t count = t->count = umbra_train_ops_of(o->kind)->weights(o);
  UMBRA_TRY(umbra_alloc(&t->order, t->records->rows, sizeof *t->order, "the order of records"));
  UMBRA_TRY(umbra_alloc(&t->w, count, sizeof *t->w, "weights"));
  UMBRA_TRY(umbra_alloc(&t->v, count, sizeof *t->v, "weights"));
  UMBRA_TRY(umbra_alloc(&t->gradient, count, sizeof *t->gradient, "a gradient"));
  UMBRA_TRY(umbra_train_plan_order(t->plan, t->order, t->records));
  if (t->initial) memcpy(t->w, t->initial, count * sizeof *t->w);
  else umbra_train_ops_of(o->kind)->initial(o, t->w);
  if (!umbra_train_at_weights(o)) memcpy(t->v, t->w, count * sizeof *t->v);
  return UMBRA_OK;
}

void umbra_twin_close(umbra_twin *t) {
  umbra_free(t->order);
  umbra_free(t->w);
  umbra_free(t->v);
  umbra_free(t->gradient);
}

/* ---- the whole ---- */

static umbra_status judge(umbra_train_outcome *outcome, const umbra_twin *t, const umbra_records *judged) {
  outcome->accuracy = outcome->auc = outcome->loss = NAN;
  if (!judged) return UMBRA_OK;
  return umbra_train_ops_of(t->plan->options.kind)->judge(outcome, t->plan, judged, t->w);
}

static umbra_status train(umbra_twin *t, umbra_train_outcome *trace, const umbra_records *judged) {
  uint32_t i = 0, iterations = t->plan->options.iterations;
  for (double largest = 0; i < iterations && isfinite(largest); i++) {
    const umbra_watch_part part = umbra_watch_enter(t->watch, i, iterations);
    UMBRA_TRY(umbra_twin_iterate(t, &trace[i], i));
    UMBRA_TRY(judge(&trace[i], t, judged));
    umbra_watch_leave(t->watch, part);
    largest = trace[i].largest_weight;
  }
  for (; i < iterations; i++)
    trace[i] = (umbra_train_outcome){UMBRA_TRAIN_OUTCOME_INIT, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
  return UMBRA_OK;
}

static umbra_status check_records(const umbra_train_plan *plan, const umbra_records *records,
                                  const umbra_records *judged) {
  UMBRA_TRY(umbra_records_check_shape(records, &plan->options));
  if (judged) UMBRA_TRY(umbra_train_ops_of(plan->options.kind)->check_records(&plan->options, judged));
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
  if (wanted.initial && plan->options.privacy)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "first weights are given: privacy is promised for those of the plan");
  UMBRA_TRY(umbra_alloc(&made, plan->options.iterations, sizeof *made, "a trace"));
  umbra_twin t = {.plan = plan, .records = records, .initial = wanted.initial, .exact = wanted.exact, .watch = &watch};
  umbra_status status = umbra_twin_open(&t);
  if (status == UMBRA_OK) status = umbra_watch_close(&watch, train(&t, made, wanted.judged));
  for (size_t i = 0; i < count && status == UMBRA_OK; i++)
    status = UMBRA_GIVE_ELEMENT(umbra_train_outcome, trace, i, &made[i]);
  if (status == UMBRA_OK) memcpy(weights, t.w, t.count * sizeof *weights);
  umbra_twin_close(&t);
  umbra_free(made);
  return status;
}

umbra_status umbra_train_plan_scores(const umbra_train_plan *plan, double *scores, const umbra_records *records,
                                     const double *weights) {
  if (!plan || !scores || !records || !weights)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "scores need a plan, an output, records and weights");
  if (records->columns != plan->options.columns)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the records have %zu features; the plan is for %zu",
                      records->columns, plan->options.columns);
  return umbra_train_ops_of(plan->options.kind)->scores(scores, plan, records, weights);
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
