/* SPDX-License-Identifier: Apache-2.0 */
#include "course.h"

#include <math.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../nn/sigmoid.h"
#include "twin.h"

/* ---- what the twin reads of a plan ---- */

static void fit_to_records(umbra_train_plan *plan, const umbra_train_options *options, const umbra_records *records) {
  plan->options = *options;
  plan->options.rows = records->rows;
  plan->options.columns = records->columns;
  if (options->batch > records->rows) plan->options.batch = records->rows;
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
  plan->sigmoid = *request->options->sigmoid;
  if (!request->exact) UMBRA_TRY(umbra_sigmoid_fit(plan->coefficient, &plan->sigmoid));
  return umbra_alloc(&plan->iteration, request->options->iterations, sizeof *plan->iteration, "a training");
}

/* ---- a fold ---- */

static umbra_status judge(umbra_course *course, uint32_t stop, const umbra_fold *fold, const double *weights) {
  umbra_judgement judgement = {UMBRA_JUDGEMENT_INIT};
  if (!fold->judged) return UMBRA_OK;
  UMBRA_TRY(umbra_judge(&judgement, fold->judged, weights));
  course->auc[stop] += judgement.auc;
  course->loss[stop] += judgement.loss;
  return UMBRA_OK;
}

/* Weights beyond a quarter of the largest bound fit no plan. */
static int holds(const umbra_train_outcome *outcome, double limit) {
  return outcome->largest_score <= limit && outcome->largest_weight <= UMBRA_TRAIN_LARGEST_BOUND / 4;
}

static umbra_status train(umbra_course *course, umbra_twin *twin, const umbra_course_request *request,
                          const umbra_fold *fold) {
  const umbra_stops *stops = request->stops;
  double largest = 0;
  uint32_t stop = 0;
  for (uint32_t i = 0; stop < course->reached; i++) {
    umbra_train_outcome outcome = {UMBRA_TRAIN_OUTCOME_INIT};
    const umbra_watch_part part = umbra_watch_enter(twin->watch, i, request->options->iterations);
    UMBRA_TRY(umbra_twin_iterate(twin, &outcome, i));
    umbra_watch_leave(twin->watch, part);
    if (!holds(&outcome, request->limit)) break;
    largest = fmax(largest, outcome.largest_score);
    if (i + 1 < stops->iterations[stop]) continue;
    course->largest_score[stop] = fmax(course->largest_score[stop], largest);
    UMBRA_TRY(judge(course, stop++, fold, twin->w));
  }
  course->reached = stop;
  return UMBRA_OK;
}

static umbra_status run_fold(umbra_course *course, umbra_train_plan *plan, const umbra_course_request *request,
                             const umbra_fold *fold, umbra_watch *watch) {
  umbra_twin twin = {
      .plan = plan, .records = fold->train, .initial = request->initial, .exact = request->exact, .watch = watch};
  fit_to_records(plan, request->options, fold->train);
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
    course->auc[stop] /= (double)count;
    course->loss[stop] /= (double)count;
  }
  umbra_free(plan.iteration);
  return status;
}
