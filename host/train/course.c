/* SPDX-License-Identifier: Apache-2.0 */
#include "course.h"

#include <math.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "twin.h"

/* ---- what the twin reads of a plan ---- */

static void fit_to_fold(umbra_train_plan *plan, const umbra_train_options *options, const umbra_fold *fold) {
  plan->options = *options;
  plan->options.rows = fold->train->rows;
  plan->options.columns = fold->train->columns;
  plan->options.seed += fold->seed;
  if (options->batch > fold->train->rows) plan->options.batch = fold->train->rows;
}

static umbra_status take_steps(umbra_train_plan *plan) {
  umbra_train_step *step;
  const uint32_t count = plan->options.iterations;
  UMBRA_TRY(umbra_alloc(&step, count, sizeof *step, "a training"));
  umbra_train_schedule(step, &plan->options);
  for (uint32_t i = 0; i < count; i++) plan->iteration[i].step = step[i];
  umbra_free(step);
  return UMBRA_OK;
}

static umbra_status make_plan(umbra_train_plan *plan, const umbra_course_request *request) {
  plan->options = *request->options;
  plan->sigmoid = *request->options->sigmoid;
  if (!request->exact) UMBRA_TRY(umbra_plan_fit(plan, &(umbra_plan_given){0}));
  return umbra_alloc(&plan->iteration, request->options->iterations, sizeof *plan->iteration, "a training");
}

/* ---- a fold ---- */

/* From the first label on, so that of equal ones it is 0 without a rounding. */
static double variance_of(const umbra_records *records) {
  const double rows = (double)records->rows;
  double mean = 0, sum = 0;
  for (size_t row = 0; row < records->rows; row++) mean += (records->labels[row] - records->labels[0]) / rows;
  for (size_t row = 0; row < records->rows; row++) {
    const double apart = records->labels[row] - records->labels[0] - mean;
    sum += apart * apart;
  }
  return sum / rows;
}

/* Of values the loss is half of a mean square; the few of them that judge may all be equal. */
static double merit_of(const umbra_train_plan *plan, const umbra_fold *fold, const umbra_train_outcome *outcome) {
  if (!umbra_train_is_network(plan->options.kind)) return outcome->auc;
  if (fold->judged->classes) return outcome->accuracy;
  const double variance = variance_of(fold->train);
  return variance > 0 ? 1 - 2 * outcome->loss / variance : -outcome->loss;
}

static umbra_status judge(umbra_course *course, uint32_t stop, const umbra_train_plan *plan, const umbra_fold *fold,
                          const double *weights) {
  umbra_train_outcome outcome = {UMBRA_TRAIN_OUTCOME_INIT};
  if (!fold->judged) return UMBRA_OK;
  UMBRA_TRY(umbra_train_ops_of(plan->options.kind)->judge(&outcome, plan, fold->judged, weights));
  course->merit[stop] += merit_of(plan, fold, &outcome);
  course->auc[stop] += outcome.auc;
  course->accuracy[stop] += outcome.accuracy;
  course->loss[stop] += outcome.loss;
  return UMBRA_OK;
}

/* Weights beyond a quarter of the largest bound fit no plan. */
static int holds(const umbra_train_outcome *outcome, const umbra_course_request *request) {
  return outcome->largest_score <= request->limit && outcome->largest_hidden <= request->hidden_limit &&
         outcome->largest_weight <= UMBRA_TRAIN_LARGEST_BOUND / 4;
}

static umbra_status train(umbra_course *course, umbra_twin *twin, const umbra_course_request *request,
                          const umbra_fold *fold) {
  const umbra_stops *stops = request->stops;
  double largest = 0, largest_hidden = 0;
  uint32_t stop = 0;
  for (uint32_t i = 0; stop < course->reached; i++) {
    umbra_train_outcome outcome = {UMBRA_TRAIN_OUTCOME_INIT};
    const umbra_watch_part part = umbra_watch_enter(twin->watch, i, request->options->iterations);
    UMBRA_TRY(umbra_twin_iterate(twin, &outcome, i));
    umbra_watch_leave(twin->watch, part);
    if (!holds(&outcome, request)) break;
    largest = fmax(largest, outcome.largest_score);
    largest_hidden = fmax(largest_hidden, outcome.largest_hidden);
    if (i + 1 < stops->iterations[stop]) continue;
    course->largest_score[stop] = fmax(course->largest_score[stop], largest);
    course->largest_hidden[stop] = fmax(course->largest_hidden[stop], largest_hidden);
    UMBRA_TRY(judge(course, stop++, twin->plan, fold, twin->w));
  }
  course->reached = stop;
  return UMBRA_OK;
}

static umbra_status run_fold(umbra_course *course, umbra_train_plan *plan, const umbra_course_request *request,
                             const umbra_fold *fold, umbra_watch *watch) {
  umbra_twin twin = {
      .plan = plan, .records = fold->train, .initial = request->initial, .exact = request->exact, .watch = watch};
  fit_to_fold(plan, request->options, fold);
  UMBRA_TRY(umbra_train_options_check(&plan->options));
  UMBRA_TRY(take_steps(plan));
  umbra_status status = umbra_twin_open(&twin);
  if (status == UMBRA_OK) status = train(course, &twin, request, fold);
  umbra_twin_close(&twin);
  return status;
}

/* ---- all ---- */

umbra_status umbra_course_run(umbra_course *course, const umbra_course_request *request, const umbra_fold *folds,
                              size_t count, umbra_watch *watch) {
  umbra_train_plan plan = {0};
  *course = (umbra_course){.reached = request->stops->count};
  umbra_status status = make_plan(&plan, request);
  for (size_t i = 0; i < count && status == UMBRA_OK && course->reached; i++) {
    const umbra_watch_part part = umbra_watch_enter(watch, i, count);
    status = run_fold(course, &plan, request, &folds[i], watch);
    umbra_watch_leave(watch, part);
  }
  for (uint32_t stop = 0; stop < course->reached; stop++) {
    course->merit[stop] /= (double)count;
    course->auc[stop] /= (double)count;
    course->accuracy[stop] /= (double)count;
    course->loss[stop] /= (double)count;
  }
  umbra_free(plan.iteration);
  return status;
}
