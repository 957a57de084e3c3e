/* SPDX-License-Identifier: Apache-2.0 */
#include "search.h"

#include <math.h>

#include "../base/counted.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../base/structs.h"
#include "kind.h"
#include "schedule.h"
#include "search_job.h"
#include "search_space.h"

struct umbra_train_search {
  umbra_counted counted;
  umbra_train_trial *trial;
  size_t count, chosen, records;
  uint32_t folds;
};

/* ---- a trial ---- */

static void describe(umbra_train_trial *trial, const umbra_search_trial *made, const umbra_stops *stops,
                     uint32_t stop) {
  const umbra_course *course = &made->course;
  trial->auc = trial->accuracy = trial->loss = NAN;
  if (!course->reached) return;
  trial->auc = course->auc[stop];
  trial->accuracy = course->accuracy[stop];
  trial->loss = course->loss[stop];
  trial->largest_score = course->largest_score[stop];
  trial->largest_hidden = course->largest_hidden[stop];
  trial->iterations = stops->iterations[stop];
  if (trial->degree) trial->refreshes = umbra_search_refreshes(&made->cost, trial->iterations);
}

/* The trial's settings as options of a training. */
static umbra_train_options options_of(const umbra_search *s, umbra_sigmoid_options *sigmoid,
                                      const umbra_train_trial *trial, uint32_t iterations) {
  umbra_train_options options = s->train;
  *sigmoid = s->sigmoid;
  if (trial->degree) sigmoid->degree = trial->degree;
  if (trial->degree) sigmoid->range = trial->range;
  options.sigmoid = sigmoid;
  options.rate = trial->rate;
  options.iterations = iterations;
  if (umbra_train_is_network(options.kind)) {
    options.loss = trial->objective;
    options.seed = trial->seed;
    options.start = trial->start;
  }
  return options;
}

/* Near its ends a polynomial is worst, and other records are a little farther out. */
static double limit_of(const umbra_search *s, const umbra_train_trial *trial) {
  if (umbra_train_is_network(s->train.kind)) return umbra_search_room(trial->range);
  return trial->degree ? 0.9 * trial->range : INFINITY;
}

static umbra_status run_course(umbra_search *s, umbra_course *course, const umbra_train_trial *trial,
                               const umbra_stops *stops, const umbra_fold *folds, size_t count) {
  umbra_sigmoid_options sigmoid;
  const umbra_train_options options = options_of(s, &sigmoid, trial, stops->iterations[stops->count - 1]);
  const umbra_course_request request = {.options = &options,
                                        .initial = s->options.initial,
                                        .stops = stops,
                                        .limit = limit_of(s, trial),
                                        .hidden_limit = umbra_search_room(umbra_train_hidden_range(&s->train)),
                                        .exact = trial->degree == 0};
  const umbra_watch_part part = umbra_watch_enter(&s->watch, s->count, s->expected);
  UMBRA_TRY(umbra_course_run(course, &request, folds, count, &s->watch));
  umbra_watch_leave(&s->watch, part);
  return UMBRA_OK;
}

umbra_status umbra_search_try(umbra_search *s, const umbra_train_trial *trial, const umbra_degree_cost *cost) {
  umbra_search_trial *made = &s->trial[s->count];
  *made = (umbra_search_trial){.trial = *trial, .refused = !cost};
  if (cost) made->cost = *cost;
  UMBRA_TRY(run_course(s, &made->course, trial, &s->stops, s->folds.fold, s->folds.count));
  describe(&made->trial, made, &s->stops, umbra_search_best_stop(&made->course));
  s->count++;
  return UMBRA_OK;
}

umbra_status umbra_search_expect(umbra_search *s, size_t trials) {
  s->expected = trials;
  return umbra_alloc(&s->trial, trials, sizeof *s->trial, "trials");
}

static double merit_of(const umbra_search_trial *trial) {
  return trial->course.reached ? trial->course.merit[umbra_search_best_stop(&trial->course)] : -INFINITY;
}

static double best_merit(const umbra_search *s) {
  double best = -INFINITY;
  for (size_t k = 0; k < s->count; k++) best = fmax(best, merit_of(&s->trial[k]));
  return best;
}

/* What may be lost of the best merit: at least what so few records can't tell, an AUC by those of the smaller class. */
static double tolerance_of(const umbra_search *s) {
  const size_t records = umbra_train_is_network(s->train.kind) ? s->folds.records : s->folds.smallest_class;
  const double best = best_merit(s);
  return fmax(s->options.tolerance, sqrt(fmax(0, best * (1 - best)) / (double)records) / 2);
}

const umbra_train_trial *umbra_search_best(const umbra_search *s) {
  const double least = best_merit(s) - tolerance_of(s);
  size_t i = 0;
  while (i + 1 < s->count && !(merit_of(&s->trial[i]) >= least)) i++;
  return &s->trial[i].trial;
}

/* ---- scalings ---- */

/* Scalings that these records do not allow are passed over, unless none is left. */
static umbra_status try_scaling(umbra_search *s, umbra_train_trial trial) {
  umbra_status status = umbra_search_scale(&s->folds, trial.scaling, trial.argument, trial.clip);
  if (status != UMBRA_OK) return status == UMBRA_ERROR_RANGE ? UMBRA_OK : status;
  trial.rate = s->train.rate;
  if (!(s->options.given & UMBRA_SETTING_RATE)) UMBRA_TRY(umbra_search_rate(&trial.rate, s->folds.fold[0].train));
  return umbra_search_try(s, &trial, NULL);
}

static umbra_status choose_scaling(umbra_search *s, umbra_train_trial *chosen, const umbra_search_space *space) {
  for (size_t i = 0; i < space->scalings; i++) UMBRA_TRY(try_scaling(s, space->scaling[i]));
  if (s->count) *chosen = *umbra_search_best(s);
  else *chosen = space->scaling[0];
  return umbra_search_scale(&s->folds, chosen->scaling, chosen->argument, chosen->clip);
}

/* ---- rates and polynomials ---- */

static umbra_status try_polynomials(umbra_search *s, const umbra_train_trial *scaling,
                                    const umbra_search_space *space) {
  double unit;
  UMBRA_TRY(umbra_search_rate(&unit, s->folds.fold[0].train));
  for (size_t r = 0; r < space->rates; r++)
    for (size_t p = 0; p < space->polynomials; p++) {
      umbra_train_trial trial = {UMBRA_TRAIN_TRIAL_INIT, .scaling = scaling->scaling};
      trial.argument = scaling->argument;
      trial.clip = scaling->clip;
      trial.rate = space->rate[r] > 0 ? umbra_search_round(space->rate[r] * unit) : s->train.rate;
      trial.degree = space->polynomial[p].degree;
      trial.range = space->polynomial[p].range;
      if (trial.rate * s->train.l2 < 1) UMBRA_TRY(umbra_search_try(s, &trial, &space->cost[space->polynomial[p].cost]));
    }
  return UMBRA_OK;
}

/* ---- the choice ---- */

/* Of the shares of the classes: the least loss of a model that knows nothing else. */
static double entropy_of(const umbra_records *records) {
  double ones = 0, all = 0;
  for (size_t row = 0; row < records->rows; row++) {
    all += umbra_records_weight(records, row);
    if (records->labels[row] > 0) ones += umbra_records_weight(records, row);
  }
  const double p = ones / all;
  return -p * log(p) - (1 - p) * log(1 - p);
}

/* Trains it on all records: whether scores stay within the range there, too. */
static umbra_status confirm(umbra_search *s, const umbra_choice *choice, const umbra_fold *all) {
  umbra_search_trial *trial = &s->trial[choice->trial];
  const umbra_stops once = {1, {s->stops.iterations[choice->stop]}};
  umbra_course course;
  UMBRA_TRY(run_course(s, &course, &trial->trial, &once, all, 1));
  trial->refused = course.reached == 0;
  describe(&trial->trial, trial, &s->stops, choice->stop);
  if (!trial->refused) trial->trial.largest_score = course.largest_score[0];
  return UMBRA_OK;
}

/* Seeds that a training may depend on: of first weights behind hidden layers, and orders of records. */
static uint64_t starts_of(const umbra_search *s) {
  return s->train.hidden[0] || s->train.shuffle ? UMBRA_SEARCH_STARTS : 1;
}

/* From one of several starts; what it comes to is judged by the records that it had. */
static umbra_status try_start(umbra_search *s, umbra_course *course, const umbra_train_trial *trial,
                              uint32_t iterations, const umbra_fold *all, uint64_t start) {
  const umbra_stops once = {1, {iterations}};
  const umbra_fold fold = {all->train, all->train, start};
  return run_course(s, course, trial, &once, &fold, 1);
}

/* Whether values stay within their ranges from all starts, at a rate that leaves room for other orders of records. */
static umbra_status has_room(int *room, umbra_search *s, const umbra_train_trial *trial, uint32_t iterations,
                             const umbra_fold *all) {
  const double margin = 1.25;
  umbra_train_trial faster = *trial;
  umbra_course course = {.reached = 1};
  faster.rate *= margin;
  for (uint64_t k = 0; k < starts_of(s) && course.reached; k++)
    UMBRA_TRY(try_start(s, &course, &faster, iterations, all, k));
  *room = course.reached != 0;
  return UMBRA_OK;
}

/* The same at the rate itself. The trial takes the start that comes nearest to its records, unless one is given. */
static umbra_status take_start(umbra_search *s, umbra_search_trial *trial, uint32_t iterations, const umbra_fold *all) {
  const int given = (s->options.given & UMBRA_SETTING_SEED) != 0;
  double best = INFINITY, largest_score = 0, largest_hidden = 0;
  uint64_t start = 0;
  for (uint64_t k = 0; k < starts_of(s) && !trial->refused; k++) {
    umbra_course course;
    UMBRA_TRY(try_start(s, &course, &trial->trial, iterations, all, k));
    trial->refused = course.reached == 0;
    largest_score = fmax(largest_score, course.largest_score[0]);
    largest_hidden = fmax(largest_hidden, course.largest_hidden[0]);
    if (given || trial->refused || !(course.loss[0] < best)) continue;
    best = course.loss[0];
    start = k;
  }
  trial->trial.seed += start;
  trial->trial.largest_score = largest_score;
  trial->trial.largest_hidden = largest_hidden;
  return UMBRA_OK;
}

static umbra_status confirm_starts(umbra_search *s, const umbra_choice *choice, const umbra_fold *all) {
  umbra_search_trial *trial = &s->trial[choice->trial];
  const uint32_t iterations = s->stops.iterations[choice->stop];
  int room = 1;
  describe(&trial->trial, trial, &s->stops, choice->stop);
  if (!(s->options.given & UMBRA_SETTING_RATE)) UMBRA_TRY(has_room(&room, s, &trial->trial, iterations, all));
  trial->refused = !room;
  return room ? take_start(s, trial, iterations, all) : UMBRA_OK;
}

static umbra_status choose_among(umbra_search *s, umbra_choice *choice, const umbra_fold *all) {
  const int network = umbra_train_is_network(s->train.kind);
  const double entropy = network ? INFINITY : entropy_of(s->records);
  const double tolerance = network ? tolerance_of(s) : s->options.tolerance;
  while (umbra_search_choose(choice, s->trial, s->count, &s->stops, tolerance, entropy)) {
    UMBRA_TRY((network ? confirm_starts : confirm)(s, choice, all));
    if (!s->trial[choice->trial].refused) return UMBRA_OK;
  }
  return umbra_fail(UMBRA_ERROR_RANGE,
                    "of %zu trials none keeps scores within the range of its polynomial, %sor weights within %g; give "
                    "less of the settings, a larger range or a smaller rate",
                    s->count, network ? "sums of hidden layers within theirs, " : "", UMBRA_TRAIN_LARGEST_BOUND / 4);
}

static umbra_status choose(umbra_search *s, umbra_choice *choice, const umbra_train_trial *scaling) {
  umbra_scaling *fitted = NULL;
  umbra_fold all = {0};
  umbra_status status = umbra_scaling_fit(&fitted, s->records, scaling->scaling, scaling->argument, scaling->clip);
  if (status == UMBRA_OK) status = umbra_scaling_apply(fitted, &all.train, s->records);
  if (status == UMBRA_OK) status = choose_among(s, choice, &all);
  umbra_records_destroy(all.train);
  umbra_scaling_destroy(fitted);
  return status;
}

/* ---- the whole ---- */

static umbra_status try_logistic(umbra_search *s, umbra_train_trial *scaling) {
  umbra_search_space space;
  UMBRA_TRY(umbra_search_space_make(&space, s->params, &s->options, &s->train));
  UMBRA_TRY(umbra_search_expect(s, space.scalings + space.rates * space.polynomials + 1));
  UMBRA_TRY(choose_scaling(s, scaling, &space));
  return try_polynomials(s, scaling, &space);
}

static umbra_status find(umbra_search *s, umbra_choice *choice) {
  umbra_train_trial scaling;
  umbra_search_stops(&s->stops, &s->options, s->train.iterations);
  UMBRA_TRY(umbra_search_folds_make(&s->folds, s->records, &s->options, &s->train));
  UMBRA_TRY((umbra_train_is_network(s->train.kind) ? umbra_search_network : try_logistic)(s, &scaling));
  return choose(s, choice, &scaling);
}

static void destroy(void *object) {
  umbra_train_search *made = object;
  umbra_free(made->trial);
  umbra_free(made);
}

static umbra_status keep(umbra_train_search **search, const umbra_search *s, const umbra_choice *choice) {
  umbra_train_search *made = NULL;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a search"));
  made->counted = UMBRA_COUNTED(destroy);
  umbra_status status = umbra_alloc(&made->trial, s->count, sizeof *made->trial, "a search");
  for (size_t i = 0; i < s->count && status == UMBRA_OK; i++) made->trial[i] = s->trial[i].trial;
  made->count = s->count;
  made->chosen = choice->trial;
  made->records = s->folds.records;
  made->folds = s->folds.count;
  if (status == UMBRA_OK) UMBRA_PUT(train_search, search, made);
  else umbra_train_search_destroy(made);
  return status;
}

/* Whole copies of what the application gave. */
static umbra_status take(umbra_search *s, const umbra_train_search_options *options) {
  s->options = (umbra_train_search_options){UMBRA_TRAIN_SEARCH_OPTIONS_INIT};
  s->train = (umbra_train_options){UMBRA_TRAIN_OPTIONS_INIT};
  s->sigmoid = (umbra_sigmoid_options){UMBRA_SIGMOID_OPTIONS_INIT};
  UMBRA_TRY(UMBRA_TAKE(umbra_train_search_options, &s->options, options));
  UMBRA_TRY(UMBRA_TAKE(umbra_train_options, &s->train, s->options.train));
  if (s->train.privacy)
    return umbra_fail(
        UMBRA_ERROR_INVALID_ARGUMENT,
        "settings that are found from records tell about them, and privacy is wanted: choose them without");
  UMBRA_TRY(UMBRA_TAKE(umbra_sigmoid_options, &s->sigmoid, s->train.sigmoid));
  s->train.sigmoid = &s->sigmoid;
  s->train.rows = s->records->rows;
  s->train.columns = s->records->columns;
  UMBRA_TRY(umbra_train_options_check(&s->train));
  UMBRA_TRY(umbra_train_ops_of(s->train.kind)->check_records(&s->train, s->records));
  if (s->train.shuffle) s->train.shuffle = UMBRA_SHUFFLE_PUBLIC; /* nobody sees it, and it is the same each time */
  return umbra_search_options_check(&s->options);
}

umbra_status umbra_train_search_create(umbra_train_search **search, const umbra_params *params,
                                       const umbra_records *records, const umbra_train_search_options *options,
                                       const umbra_progress *progress) {
  if (!search || !params || !records)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a search of settings needs an output, parameters and records");
  umbra_search s = {.params = params, .records = records, .watch = umbra_watch_of(progress)};
  umbra_choice choice = {0};
  UMBRA_TRY(take(&s, options));
  umbra_status status = umbra_watch_close(&s.watch, find(&s, &choice));
  if (status == UMBRA_OK) status = keep(search, &s, &choice);
  umbra_search_folds_clear(&s.folds);
  umbra_free(s.trial);
  return status;
}

size_t umbra_train_search_count(const umbra_train_search *search) { return search->count; }
size_t umbra_train_search_chosen(const umbra_train_search *search) { return search->chosen; }
size_t umbra_train_search_records(const umbra_train_search *search) { return search->records; }
uint32_t umbra_train_search_folds(const umbra_train_search *search) { return search->folds; }

umbra_status umbra_train_search_trial(const umbra_train_search *search, umbra_train_trial *trial, size_t i) {
  if (!search || !trial || i >= search->count)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "umbra_train_search_trial needs a search, a number below its trials, and an output");
  return UMBRA_GIVE(umbra_train_trial, trial, &search->trial[i]);
}

umbra_train_search *umbra_train_search_share(const umbra_train_search *search) { return umbra_share(search); }
void umbra_train_search_destroy(umbra_train_search *search) { umbra_release(search); }
