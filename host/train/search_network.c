/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a search tries of networks: with the first loss all scalings, then with the best of these the other losses, and larger
 * first weights; of each rates from large to small ones, until they are too slow.
 */
#include <math.h>

#include "../base/error.h"
#include "search_job.h"
#include "search_space.h"

enum { MOST_LOSSES = 6, MOST_NETWORK_SCALINGS = 2, MOST_NETWORK_RATES = 27 };

typedef struct loss_space {
  size_t losses;
  umbra_train_trial loss[MOST_LOSSES]; /* objective, degree and range alone */
  umbra_degree_cost cost[MOST_LOSSES];
} loss_space;

double umbra_search_room(double range) { return range / 1.3; }

/* ---- losses ---- */

/* The cheapest first, which is the default behind hidden layers; heads have their own. */
static const struct {
  umbra_loss loss;
  uint32_t degree;
  double range;
} losses[MOST_LOSSES] = {{UMBRA_LOSS_SQUARED, 3, 8},      {UMBRA_LOSS_ONE_VS_REST, 3, 8},
                         {UMBRA_LOSS_ONE_VS_REST, 7, 16}, {UMBRA_LOSS_ONE_VS_REST, 15, 24},
                         {UMBRA_LOSS_SOFTMAX, 7, 4},      {UMBRA_LOSS_SOFTMAX, 15, 5}};

/* A softmax is of an output for each class; values have no other loss than the squared error. */
static int is_tried(const umbra_search *s, umbra_loss loss) {
  if (s->options.given & UMBRA_SETTING_LOSS) return loss == s->train.loss;
  if (!s->records->classes) return loss == UMBRA_LOSS_SQUARED;
  return loss != UMBRA_LOSS_SOFTMAX || s->train.outputs > 1;
}

static int is_there(const loss_space *space, const umbra_train_trial *loss) {
  for (size_t i = 0; i < space->losses; i++) {
    const umbra_train_trial *other = &space->loss[i];
    if (other->objective == loss->objective && other->degree == loss->degree && other->range == loss->range) return 1;
  }
  return 0;
}

static umbra_train_options options_of(const umbra_search *s, umbra_sigmoid_options *sigmoid,
                                      const umbra_train_trial *loss) {
  umbra_train_options options = s->train;
  *sigmoid = s->sigmoid;
  sigmoid->degree = loss->degree;
  sigmoid->range = loss->range;
  options.sigmoid = sigmoid;
  options.loss = loss->objective;
  return options;
}

/* One that these parameters, or its own degree and range, do not allow is passed over; the failure's text stands. */
static umbra_status add_loss(loss_space *space, umbra_status *passed, const umbra_search *s,
                             const umbra_train_trial *loss) {
  umbra_sigmoid_options sigmoid;
  const umbra_train_options options = options_of(s, &sigmoid, loss);
  umbra_status status = umbra_search_cost_of(&space->cost[space->losses], s->params, &options);
  if (status == UMBRA_ERROR_UNSUPPORTED || status == UMBRA_ERROR_INVALID_ARGUMENT) *passed = status;
  else if (status != UMBRA_OK) return status;
  else space->loss[space->losses++] = *loss;
  return UMBRA_OK;
}

/* Nothing is computed over the range of values, which may be large ones. */
static double range_of_values(const umbra_search *s, double least) {
  double largest = 0;
  for (size_t row = 0; row < s->records->rows; row++) largest = fmax(largest, fabs(s->records->labels[row]));
  return largest > 0 ? fmax(least, ldexp(4, ilogb(largest))) : least;
}

static umbra_status make_space(loss_space *space, const umbra_search *s) {
  umbra_status passed = UMBRA_OK;
  *space = (loss_space){0};
  for (size_t i = 0; i < MOST_LOSSES; i++) {
    umbra_train_trial loss = {UMBRA_TRAIN_TRIAL_INIT, .objective = losses[i].loss};
    loss.degree = s->options.given & UMBRA_SETTING_DEGREE ? s->sigmoid.degree : losses[i].degree;
    loss.range = losses[i].range;
    if (!s->records->classes) loss.range = range_of_values(s, loss.range);
    if (s->options.given & UMBRA_SETTING_RANGE) loss.range = s->sigmoid.range;
    if (is_tried(s, loss.objective) && !is_there(space, &loss)) UMBRA_TRY(add_loss(space, &passed, s, &loss));
  }
  return space->losses ? UMBRA_OK : passed;
}

/* ---- scalings ---- */

/* Squares of far values leave all ranges, so they are cut off early. */
static size_t find_scalings(umbra_train_trial *scaling, const umbra_train_search_options *o) {
  static const struct {
    umbra_scaling_kind kind;
    double clip;
  } scalings[MOST_NETWORK_SCALINGS] = {{UMBRA_SCALING_DEVIATION, 3}, {UMBRA_SCALING_RANGE, 0}};
  const int given = (o->given & UMBRA_SETTING_SCALING) != 0, clipped = (o->given & UMBRA_SETTING_CLIP) != 0;
  const size_t count = given ? 1 : MOST_NETWORK_SCALINGS;
  for (size_t i = 0; i < count; i++) {
    scaling[i] = (umbra_train_trial){UMBRA_TRAIN_TRIAL_INIT, .scaling = given ? o->scaling : scalings[i].kind};
    scaling[i].argument = given ? o->argument : 0;
    scaling[i].clip = clipped ? o->clip : given ? 0 : scalings[i].clip;
  }
  return count;
}

static umbra_status scale(umbra_search *s, const umbra_train_trial *by) {
  return umbra_search_scale(&s->folds, by->scaling, by->argument, by->clip);
}

/* ---- rates ---- */

/* The last trial came to its end, and to no more than those with larger rates. */
static int is_too_slow(const umbra_search *s, double *best) {
  const umbra_course *course = &s->trial[s->count - 1].course;
  if (!course->reached) return 0;
  const double merit = course->merit[umbra_search_best_stop(course)];
  const int slow = course->reached == s->stops.count && merit <= *best;
  *best = fmax(*best, merit);
  return slow;
}

/* trial: the scaling, and where first weights begin. */
static umbra_status try_rates(umbra_search *s, umbra_train_trial trial, const loss_space *space, size_t loss) {
  const int given = (s->options.given & UMBRA_SETTING_RATE) != 0;
  const double largest = 2;
  double best = -INFINITY;
  trial.objective = space->loss[loss].objective;
  trial.degree = space->loss[loss].degree;
  trial.range = space->loss[loss].range;
  trial.seed = s->train.seed;
  for (int i = 0; i < (given ? 1 : MOST_NETWORK_RATES); i++) {
    trial.rate = given ? s->train.rate : umbra_search_round(largest * pow(2, -i / 2.0));
    if (trial.rate * s->train.l2 >= 1) continue;
    UMBRA_TRY(umbra_search_try(s, &trial, &space->cost[loss]));
    if (is_too_slow(s, &best)) return UMBRA_OK;
  }
  return UMBRA_OK;
}

/* ---- the whole ---- */

static int has_starts(const umbra_search *s) { return s->train.hidden[0] && !(s->options.given & UMBRA_SETTING_START); }

/* Scalings that these records do not allow are passed over, unless none is left. */
static umbra_status try_scalings(umbra_search *s, umbra_train_trial *chosen, const loss_space *space) {
  umbra_train_trial scaling[MOST_NETWORK_SCALINGS];
  const size_t count = find_scalings(scaling, &s->options);
  for (size_t i = 0; i < count; i++) {
    scaling[i].start = has_starts(s) ? 0.125 : s->train.start;
    const umbra_status status = scale(s, &scaling[i]);
    if (status == UMBRA_ERROR_RANGE && (s->count || i + 1 < count)) continue;
    UMBRA_TRY(status);
    UMBRA_TRY(try_rates(s, scaling[i], space, 0));
  }
  const umbra_train_trial *best = umbra_search_best(s);
  size_t i = 0;
  while (s->count && scaling[i].scaling != best->scaling) i++;
  *chosen = scaling[i];
  return scale(s, chosen);
}

umbra_status umbra_search_network(umbra_search *s, umbra_train_trial *scaling) {
  loss_space space;
  UMBRA_TRY(make_space(&space, s));
  UMBRA_TRY(umbra_search_expect(s, (MOST_NETWORK_SCALINGS + 1 + space.losses) * MOST_NETWORK_RATES));
  UMBRA_TRY(try_scalings(s, scaling, &space));
  for (size_t i = 1; i < space.losses; i++) UMBRA_TRY(try_rates(s, *scaling, &space, i));
  if (!has_starts(s)) return UMBRA_OK;
  umbra_train_trial whole = *scaling;
  whole.start = 1;
  return try_rates(s, whole, &space, 0);
}
