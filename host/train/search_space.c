/* SPDX-License-Identifier: Apache-2.0 */
#include "search_space.h"

#include <math.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "network.h"
#include "plan.h"
#include "search_folds.h"

umbra_status umbra_search_options_check(const umbra_train_search_options *o) {
  const uint32_t all = 2 * UMBRA_SETTING_START - 1;
  if (o->given & ~all)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "given is %u; it must be up to %u", o->given, all);
  if (!(o->tolerance >= 0) || !(o->tolerance <= 1))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "tolerance is %g; it must be 0 to 1", o->tolerance);
  if (o->folds > UMBRA_SEARCH_MOST_FOLDS)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "folds is %u; it must be up to %d", o->folds,
                      UMBRA_SEARCH_MOST_FOLDS);
  if (o->most_iterations < 1 || o->most_iterations > UMBRA_TRAIN_MAX_ITERATIONS)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "most_iterations is %u; it must be 1 to %d", o->most_iterations,
                      UMBRA_TRAIN_MAX_ITERATIONS);
  return UMBRA_OK;
}

/* ---- iterations ---- */

void umbra_search_stops(umbra_stops *stops, const umbra_train_search_options *options, uint32_t iterations) {
  static const uint32_t some[] = {8, 10, 12, 14, 16, 20, 24, 30, 40, 50, 70, 100, 200, 500};
  const uint32_t most = options->given & UMBRA_SETTING_ITERATIONS ? iterations : options->most_iterations;
  stops->count = 0;
  if (!(options->given & UMBRA_SETTING_ITERATIONS))
    while (some[stops->count] < most && stops->count + 1 < UMBRA_COURSE_STOPS) {
      stops->iterations[stops->count] = some[stops->count];
      stops->count++;
    }
  stops->iterations[stops->count++] = most;
}

/* ---- scalings ---- */

/* The first ones are preferred. */
static const struct {
  umbra_scaling_kind kind;
  double clip;
} scalings[UMBRA_MOST_SCALINGS] = {{UMBRA_SCALING_WHITENED, 6},  {UMBRA_SCALING_DEVIATION, 6},
                                   {UMBRA_SCALING_DEVIATION, 3}, {UMBRA_SCALING_QUARTILES, 3},
                                   {UMBRA_SCALING_RANGE, 0},     {UMBRA_SCALING_MAXIMUM, 0}};

static int is_scaling(const umbra_train_trial *trial, umbra_scaling_kind kind, double clip) {
  return trial->scaling == kind && trial->clip == clip;
}

static void add_scaling(umbra_search_space *space, umbra_scaling_kind kind, double argument, double clip) {
  if (space->scalings && is_scaling(&space->scaling[space->scalings - 1], kind, clip)) return;
  umbra_train_trial *added = &space->scaling[space->scalings++];
  *added = (umbra_train_trial){UMBRA_TRAIN_TRIAL_INIT, .scaling = kind};
  added->argument = argument;
  added->clip = clip;
}

static void add_scalings(umbra_search_space *space, const umbra_train_search_options *o) {
  const int given = (o->given & UMBRA_SETTING_SCALING) != 0, clipped = (o->given & UMBRA_SETTING_CLIP) != 0;
  for (size_t i = 0; i < UMBRA_MOST_SCALINGS; i++)
    if (!given || scalings[i].kind == o->scaling)
      add_scaling(space, scalings[i].kind, 0, clipped ? o->clip : scalings[i].clip);
  if (!space->scalings) add_scaling(space, o->scaling, o->argument, clipped ? o->clip : 0);
}

/* ---- rates ---- */

/* records' second moments, and those of 1, times a vector. */
static void multiply(double *image, const umbra_records *records, const double *vector) {
  const size_t columns = records->columns;
  for (size_t c = 0; c <= columns; c++) image[c] = 0;
  for (size_t row = 0; row < records->rows; row++) {
    const double *x = umbra_records_row(records, row);
    const double score = umbra_records_score(records, row, vector) / (double)records->rows;
    for (size_t c = 0; c < columns; c++) image[c] += score * x[c];
    image[columns] += score;
  }
}

static double norm_of(const double *vector, size_t size) {
  double sum = 0;
  for (size_t c = 0; c < size; c++) sum += vector[c] * vector[c];
  return sqrt(sum);
}

/* The largest eigenvalue of the moments, or a little less. vector, image: room for columns + 1 values each. */
static double largest_moment(const umbra_records *records, double *vector, double *image) {
  const size_t size = records->columns + 1;
  const int rounds = 20;
  double norm = 0;
  for (size_t c = 0; c < size; c++) vector[c] = 1 / sqrt((double)size);
  for (int i = 0; i < rounds; i++) {
    multiply(image, records, vector);
    norm = norm_of(image, size);
    for (size_t c = 0; c < size; c++) vector[c] = image[c] / norm;
  }
  return norm;
}

double umbra_search_round(double x) {
  double digits = 1; /* times that x has two digits before the point; a power of ten, so the quotient is the nearest */
  while (x * digits < 10) digits *= 10;
  if (digits > 1) return round(x * digits) / digits;
  for (digits = 1; x / digits >= 100;) digits *= 10;
  return round(x / digits) * digits;
}

umbra_status umbra_search_rate(double *rate, const umbra_records *records) {
  double *room;
  UMBRA_TRY(umbra_alloc(&room, records->columns + 1, 2 * sizeof *room, "moments"));
  const double moment = largest_moment(records, room, room + records->columns + 1);
  *rate = umbra_search_round(fmin(1e6, fmax(1e-6, 4 / moment))); /* the sigmoid's slope is up to a quarter */
  umbra_free(room);
  return UMBRA_OK;
}

static void add_rates(umbra_search_space *space, const umbra_train_search_options *o) {
  static const double factors[UMBRA_MOST_RATES] = {0.25, 0.5, 1, 1.5, 2};
  if (o->given & UMBRA_SETTING_RATE) space->rate[space->rates++] = 0;
  else
    while (space->rates < UMBRA_MOST_RATES) {
      space->rate[space->rates] = factors[space->rates];
      space->rates++;
    }
}

/* ---- polynomials ---- */

/* Of each depth the largest degree, on intervals on which it is near the sigmoid and on wider ones. */
static const umbra_search_polynomial polynomials[UMBRA_MOST_POLYNOMIALS] = {
    {3, 4, 0},   {3, 8, 0},   {7, 8, 0},   {7, 12, 0},  {15, 12, 0},
    {15, 24, 0}, {31, 24, 0}, {31, 48, 0}, {63, 48, 0}, {63, 96, 0}};
static const uint32_t degrees[UMBRA_MOST_DEGREES] = {3, 7, 15, 31, 63};
static const double ranges[UMBRA_MOST_POLYNOMIALS] = {4, 6, 8, 12, 16, 24, 32, 48, 64, 96};

static void add_polynomial(umbra_search_space *space, uint32_t degree, double range) {
  space->polynomial[space->polynomials++] = (umbra_search_polynomial){degree, range, 0};
}

static void add_polynomials(umbra_search_space *space, uint32_t given, const umbra_sigmoid_options *sigmoid) {
  const int degree = (given & UMBRA_SETTING_DEGREE) != 0, range = (given & UMBRA_SETTING_RANGE) != 0;
  if (degree && range) add_polynomial(space, sigmoid->degree, sigmoid->range);
  else if (degree)
    for (size_t i = 0; i < UMBRA_MOST_POLYNOMIALS; i++) add_polynomial(space, sigmoid->degree, ranges[i]);
  else if (range)
    for (size_t i = 0; i < UMBRA_MOST_DEGREES; i++) add_polynomial(space, degrees[i], sigmoid->range);
  else
    for (size_t i = 0; i < UMBRA_MOST_POLYNOMIALS; i++)
      add_polynomial(space, polynomials[i].degree, polynomials[i].range);
}

/* ---- what degrees cost ---- */

/* Iterations from one refresh of the weights to the next, at most. */
static uint32_t period_of(const umbra_train_plan *plan) {
  if (!umbra_train_is_network(plan->options.kind)) return plan->report.levels / plan->report.depth;
  const umbra_network_depths depths = umbra_network_depths_of(plan);
  return umbra_network_period(&depths, plan->report.levels);
}

umbra_status umbra_search_cost_of(umbra_degree_cost *cost, const umbra_params *params,
                                  const umbra_train_options *train) {
  umbra_train_options options = *train;
  umbra_train_plan *plan = NULL;
  options.iterations = 1;
  options.bootstrap_result = 1;
  UMBRA_TRY(umbra_train_plan_create(&plan, params, &options));
  *cost = (umbra_degree_cost){.degree = train->sigmoid->degree,
                              .period = period_of(plan),
                              .iteration = plan->report.key_switches,
                              .refresh = plan->report.bootstrap_switches};
  umbra_train_plan_destroy(plan);
  return UMBRA_OK;
}

static umbra_status find_cost(umbra_degree_cost *cost, const umbra_params *params, const umbra_train_options *train,
                              uint32_t degree) {
  umbra_train_options options = *train;
  umbra_sigmoid_options sigmoid = *train->sigmoid;
  sigmoid.degree = degree;
  options.sigmoid = &sigmoid;
  return umbra_search_cost_of(cost, params, &options);
}

/* Where the degree's cost is; that of one that takes too many levels has a period of 0. */
static umbra_status cost_of(size_t *at, umbra_search_space *space, const umbra_params *params,
                            const umbra_train_options *train, uint32_t degree) {
  for (*at = 0; *at < space->degrees; ++*at)
    if (space->cost[*at].degree == degree) return UMBRA_OK;
  umbra_status status = find_cost(&space->cost[*at], params, train, degree);
  if (status == UMBRA_ERROR_UNSUPPORTED) space->cost[*at] = (umbra_degree_cost){.degree = degree};
  else if (status != UMBRA_OK) return status;
  space->degrees++;
  return UMBRA_OK;
}

/* Leaves the polynomials that can be computed. If there are none, the last failure's text stands. */
static umbra_status add_costs(umbra_search_space *space, const umbra_params *params, const umbra_train_options *train) {
  size_t kept = 0, at = 0;
  for (size_t i = 0; i < space->polynomials; i++) {
    UMBRA_TRY(cost_of(&at, space, params, train, space->polynomial[i].degree));
    if (!space->cost[at].period) continue;
    space->polynomial[kept] = space->polynomial[i];
    space->polynomial[kept++].cost = at;
  }
  space->polynomials = kept;
  return kept ? UMBRA_OK : UMBRA_ERROR_UNSUPPORTED;
}

umbra_status umbra_search_space_make(umbra_search_space *space, const umbra_params *params,
                                     const umbra_train_search_options *options, const umbra_train_options *train) {
  *space = (umbra_search_space){0};
  add_scalings(space, options);
  add_rates(space, options);
  add_polynomials(space, options->given, train->sigmoid);
  return add_costs(space, params, train);
}
