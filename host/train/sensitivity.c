/* SPDX-License-Identifier: Apache-2.0 */
#include "sensitivity.h"

#include <math.h>

#include "../approximate/interpolate.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "../base/structs.h"
#include "../nn/sigmoid.h"
#include "accountant.h"
#include "network.h"
#include "schedule.h"

/* ---- options ---- */

static int is_squared(const umbra_train_options *o) {
  return o->kind == UMBRA_TRAIN_NETWORK && o->loss == UMBRA_LOSS_SQUARED;
}

static umbra_status check_numbers(const umbra_train_options *o) {
  const umbra_privacy_options *p = o->privacy;
  if (!(p->norm >= 0x1p-10 && p->norm <= 0x1p10))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "norm of privacy is %g; it must be 2^-10 to 2^10", p->norm);
  if (is_squared(o) ? p->label_limit > 0 && p->label_limit <= 0x1p10 : p->label_limit == 0) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                    "label_limit of privacy is %g; it must be above 0, and up to 2^10, with the squared error, and 0 "
                    "with other losses",
                    p->label_limit);
}

umbra_status umbra_privacy_check(const umbra_train_options *o) {
  if (!o->privacy) return UMBRA_OK;
  UMBRA_TRY(umbra_private_check(o->privacy->epsilon, o->privacy->delta));
  if (o->privacy->noise_by != UMBRA_NOISE_BY_OWNER && o->privacy->noise_by != UMBRA_NOISE_BY_BOTH)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "noise_by of privacy is %d, which is nobody",
                      (int)o->privacy->noise_by);
  if (umbra_train_has_weights(o->kind))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "privacy is promised for records that all weigh the same");
  if (o->loss == UMBRA_LOSS_SOFTMAX)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "privacy is promised for classes of sigmoids each, and values; nobody has a bound for a softmax");
  if (o->hidden[0])
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "privacy is promised for linear models; nobody has a bound for hidden layers");
  if (o->optimizer != UMBRA_OPTIMIZER_PLAIN)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "privacy is promised for UMBRA_OPTIMIZER_PLAIN: with momentum one record may move a model by "
                      "more than anybody can bound well");
  return check_numbers(o);
}

/* ---- the residual and its slope on a grid ---- */

enum { CELLS = 8192, HALF = CELLS / 2, MOST_TARGETS = 2 };

typedef struct curve {
  double step;                 /* between points, of which point i is at (i - HALF) step */
  uint32_t targets;            /* residuals at the ends of the labels' range, between which they are convex */
  double *value[MOST_TARGETS]; /* r */
  double *slope;               /* -r', of scores or, by symmetry of the grid, of margins */
  double value_off, slope_off; /* how far both can be from the nearest point's */
  double *memory;
} curve;

static double point(const curve *c, uint32_t i) { return ((double)i - HALF) * c->step; }

/* At least the largest size of the first and second derivative: |T_k'| <= k^2, |T_k''| <= k^2 (k^2 - 1) / 3. */
static void bound_derivatives(double *first, double *second, const double *c, uint32_t degree, double range) {
  *first = *second = 0;
  for (uint32_t k = 1; k <= degree; k++) {
    const double square = (double)k * k;
    *first += fabs(c[k]) * square / range;
    *second += fabs(c[k]) * square * (square - 1) / 3 / (range * range);
  }
}

static void fill_sigmoid(curve *c, const umbra_train_options *o, const double *coefficient) {
  const uint32_t degree = o->sigmoid->degree;
  double derived[UMBRA_SIGMOID_MAX_DEGREE + 1] = {0}, first, second;
  const int margins = o->kind == UMBRA_TRAIN_LOGISTIC;
  umbra_chebyshev_derive(derived, coefficient, degree, o->sigmoid->range);
  bound_derivatives(&first, &second, coefficient, degree, o->sigmoid->range);
  c->targets = margins ? 1 : 2;
  c->value_off = c->step * first;
  c->slope_off = c->step * second;
  for (uint32_t i = 0; i <= CELLS; i++) {
    c->slope[i] = point(c, i) / o->sigmoid->range;
    c->value[0][i] = margins ? -c->slope[i] : c->slope[i];
  }
  umbra_chebyshev_values(c->value[0], CELLS + 1, coefficient, degree);
  umbra_chebyshev_values(c->slope, CELLS + 1, derived, degree);
  for (uint32_t i = 0; i <= CELLS && !margins; i++) {
    c->value[0][i] = -c->value[0][i];
    c->value[1][i] = 1 + c->value[0][i];
  }
}

static void fill_squared(curve *c, const umbra_train_options *o) {
  c->targets = 2;
  c->value_off = c->step;
  for (uint32_t i = 0; i <= CELLS; i++) {
    c->slope[i] = 1;
    c->value[0][i] = -o->privacy->label_limit - point(c, i);
    c->value[1][i] = o->privacy->label_limit - point(c, i);
  }
}

static umbra_status open_curve(curve *c, const umbra_train_options *o, const double *coefficient) {
  *c = (curve){.step = 2 * o->sigmoid->range / CELLS};
  UMBRA_TRY(umbra_alloc(&c->memory, (MOST_TARGETS + 1) * (CELLS + 1), sizeof *c->memory, "a sensitivity"));
  c->slope = c->memory;
  for (uint32_t k = 0; k < MOST_TARGETS; k++) c->value[k] = c->memory + (k + 1) * (CELLS + 1);
  if (is_squared(o)) fill_squared(c, o);
  else fill_sigmoid(c, o, coefficient);
  return UMBRA_OK;
}

/* ---- an iteration ---- */

typedef struct motion {
  uint32_t first, last; /* points that are looked at */
  double peak;          /* P */
  double start;         /* |r(0)| */
  double reach;         /* of 2 rate r m + rate^2 R^2 r^2 */
  double low, high;
} motion;

/* While scores are within `scores`; rounding is far below what is added for the cells. */
static motion move(const curve *c, double scores, double rate, double radius) {
  const double cells = fmin(ceil(scores / c->step) + 1, HALF);
  const uint32_t first = HALF - (uint32_t)cells, last = HALF + (uint32_t)cells;
  const double push = rate * rate * radius * radius;
  motion m = {.first = first, .last = last, .low = INFINITY, .high = -INFINITY, .reach = -INFINITY};
  for (uint32_t i = first; i <= last; i++) {
    m.low = fmin(m.low, c->slope[i]);
    m.high = fmax(m.high, c->slope[i]);
    for (uint32_t k = 0; k < c->targets; k++) {
      const double r = c->value[k][i];
      m.peak = fmax(m.peak, fabs(r));
      m.reach = fmax(m.reach, 2 * rate * r * point(c, i) + push * r * r);
    }
  }
  for (uint32_t k = 0; k < c->targets; k++) m.start = fmax(m.start, fabs(c->value[k][HALF]));
  m.low -= c->slope_off;
  m.high += c->slope_off;
  m.peak += c->value_off;
  m.reach += 2 * rate * (m.peak * c->step + scores * c->value_off) + 2 * push * m.peak * c->value_off;
  return m;
}

/*
 * How far one record's r x can be from another's, at the same v: its square is at most 2 R^2 (r^2 + r'^2) - (r m + r' m')^2
 * / |v|^2, and so, for every c, at most c^2 / |v|^2 + 2 max_m (2 R^2 r^2 - 2 c r m / |v|^2), which is convex in c.
 */
static double square_with(const curve *c, double v, double radius, const motion *m, double weight) {
  const double scores = radius * v, whole = 2 * radius * radius, tilt = 2 * weight / (v * v);
  const double margin = 2 * whole * m->peak * c->value_off + fabs(tilt) * (m->peak * c->step + scores * c->value_off);
  double most = 0;
  for (uint32_t i = m->first; i <= m->last; i++)
    for (uint32_t k = 0; k < c->targets; k++) {
      const double r = c->value[k][i];
      most = fmax(most, r * (whole * r - tilt * point(c, i)));
    }
  return weight * weight / (v * v) + 2 * (most + margin);
}

/* By golden section over c; |c| beyond twice the largest |r m| cannot be the best. */
static double largest_pair(const curve *c, double v, double radius, const motion *m) {
  const double golden = 0.6180339887498949;
  double high = 2 * m->peak * radius * v, low = -high, best = 4 * radius * radius * m->peak * m->peak;
  for (int i = 0; i < 24; i++) {
    const double left = high - golden * (high - low), right = low + golden * (high - low);
    const double at_left = square_with(c, v, radius, m, left), at_right = square_with(c, v, radius, m, right);
    best = fmin(best, fmin(at_left, at_right));
    *(at_left < at_right ? &high : &low) = at_left < at_right ? right : left;
  }
  return sqrt(best);
}

/*
 * The least eigenvalue of the loss's second derivatives with the penalty: sigma (a x + b)^2 + l2 |a|^2 over unit (a, b),
 * for |x| <= norm; if sigma < 0, that of the loss alone.
 */
static double least_curvature(double sigma, double l2, double norm) {
  if (sigma < 0) return sigma * (1 + norm * norm);
  const double trace = l2 + sigma * (1 + norm * norm);
  return (trace - sqrt(fmax(0, trace * trace - 4 * l2 * sigma))) / 2;
}

static double growth_of(const motion *m, const umbra_train_options *o, double rate) {
  const double norm = o->privacy->norm, most = fmax(0, m->high) * (1 + norm * norm) + o->l2;
  return fmax(fabs(1 - rate * least_curvature(m->low, o->l2, norm)), fabs(1 - rate * most));
}

/* The lesser of two bounds of |v'|: by its square, and by the distance to where 0 goes. */
static double next_norm(double v, const motion *m, const umbra_train_options *o, double rate, double growth) {
  const double norm = o->privacy->norm, slack = rate * o->l2, edge = rate * m->peak * norm;
  const double square = v * v + fmax(0, m->reach) + slack * edge * edge / (2 - slack);
  return fmin(sqrt(square), growth * v + rate * m->start * sqrt(1 + norm * norm));
}

/* ---- all of them ---- */

typedef struct course {
  const umbra_train_options *options;
  curve curve;
  umbra_train_step *step;
  double *growth, *push;  /* of each iteration: of distances, and by one record */
  double *distance;       /* of neighbours that differ in that batch */
  double pair, pair_norm; /* the largest distance of r x and r' x', up to that norm of v */
} course;

/* Encrypted scores have errors, far below what this leaves. */
static const double room = 1 + 1.0 / 64;
static const double rounding = 1 + 0x1p-30;

static umbra_status refuse(const umbra_train_options *o, double scores, uint32_t i) {
  return umbra_fail(UMBRA_ERROR_RANGE,
                    "range is %g, and a record's score may reach %.4g in iteration %u, whatever records there are: "
                    "privacy asks for a range that none can leave. A larger range, fewer iterations, a lower rate or a "
                    "smaller norm of records would do",
                    o->sigmoid->range, scores, i + 1);
}

/* It grows with v, and is found again after some steps of it only. */
static void renew_pair(course *c, double v, double radius) {
  const double most = c->options->sigmoid->range / radius;
  if (v <= c->pair_norm) return;
  c->pair_norm = fmin(most, fmax(1.02 * v, most / 512));
  const motion m = move(&c->curve, radius * c->pair_norm, 0, radius);
  c->pair = largest_pair(&c->curve, c->pair_norm, radius, &m);
}

static umbra_status go_forward(course *c, umbra_sensitivity *found) {
  const umbra_train_options *o = c->options;
  const double radius = sqrt(1 + o->privacy->norm * o->privacy->norm);
  double v = 0;
  for (uint32_t i = 0; i < o->iterations; i++) {
    const double scores = radius * v, rate = c->step[i].rate;
    if (scores * room > o->sigmoid->range) return refuse(o, scores, i);
    const motion m = move(&c->curve, scores, rate, radius);
    c->growth[i] = growth_of(&m, o, rate) * rounding;
    renew_pair(c, v, radius);
    c->push[i] = rate * c->pair / (double)c->step[i].rows;
    v = next_norm(v, &m, o, rate, c->growth[i]) * rounding;
    found->largest_score = fmax(found->largest_score, scores);
    found->largest_norm = fmax(found->largest_norm, v);
    found->largest_growth = fmax(found->largest_growth, c->growth[i]);
  }
  return UMBRA_OK;
}

/* Of the batch that moves the model most; one output has as much as any other. */
static void go_back(course *c, umbra_sensitivity *found) {
  const umbra_train_options *o = c->options;
  double growth = 1;
  for (uint32_t i = o->iterations; i--;) {
    double *distance = &c->distance[c->step[i].batch];
    *distance += growth * c->push[i];
    found->sensitivity = fmax(found->sensitivity, *distance);
    growth *= c->growth[i];
  }
  found->sensitivity *= rounding * (o->outputs > 1 ? sqrt(o->outputs) : 1);
}

static umbra_status open_course(course *c, const double *coefficient) {
  const umbra_train_options *o = c->options;
  UMBRA_TRY(umbra_alloc(&c->step, o->iterations, sizeof *c->step, "a sensitivity"));
  UMBRA_TRY(umbra_alloc(&c->growth, o->iterations, sizeof *c->growth, "a sensitivity"));
  UMBRA_TRY(umbra_alloc(&c->push, o->iterations, sizeof *c->push, "a sensitivity"));
  const uint64_t batches = umbra_train_batches(o), used = batches < o->iterations ? batches : o->iterations;
  UMBRA_TRY(umbra_alloc(&c->distance, used, sizeof *c->distance, "a sensitivity"));
  umbra_train_schedule(c->step, o);
  return open_curve(&c->curve, o, coefficient);
}

static void close_course(course *c) {
  umbra_free(c->curve.memory);
  umbra_free(c->distance);
  umbra_free(c->push);
  umbra_free(c->growth);
  umbra_free(c->step);
}

static umbra_status check_found(const umbra_sensitivity *found) {
  if (isfinite(found->sensitivity) && isfinite(found->largest_norm)) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_RANGE,
                    "one record may move the model by more than any number: the distance of two models may grow by a "
                    "factor of %.4g in an iteration; a lower rate, a polynomial of a higher degree, or a penalty help",
                    found->largest_growth);
}

umbra_status umbra_sensitivity_find(umbra_sensitivity *found, const umbra_train_options *options,
                                    const double *coefficient) {
  course c = {.options = options, .pair_norm = -1};
  umbra_sensitivity made = {UMBRA_SENSITIVITY_INIT};
  umbra_status status = open_course(&c, coefficient);
  if (status == UMBRA_OK) status = go_forward(&c, &made);
  if (status == UMBRA_OK) go_back(&c, &made);
  close_course(&c);
  if (status == UMBRA_OK) status = check_found(&made);
  if (status == UMBRA_OK) *found = made;
  return status;
}

umbra_status umbra_train_sensitivity(umbra_sensitivity *sensitivity, const umbra_train_options *options) {
  umbra_train_options o = {UMBRA_TRAIN_OPTIONS_INIT};
  umbra_sigmoid_options sigmoid = {UMBRA_SIGMOID_OPTIONS_INIT};
  umbra_privacy_options privacy = {UMBRA_PRIVACY_OPTIONS_INIT};
  umbra_sensitivity found;
  double coefficient[UMBRA_SIGMOID_MAX_DEGREE + 1];
  UMBRA_TRY(UMBRA_TAKE(umbra_train_options, &o, options));
  if (!sensitivity || !o.privacy)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a sensitivity needs an output, and options with privacy");
  UMBRA_TRY(UMBRA_TAKE(umbra_sigmoid_options, &sigmoid, o.sigmoid));
  UMBRA_TRY(UMBRA_TAKE(umbra_privacy_options, &privacy, o.privacy));
  o.sigmoid = &sigmoid;
  o.privacy = &privacy;
  UMBRA_TRY(umbra_train_options_check(&o));
  UMBRA_TRY(umbra_sigmoid_fit(coefficient, &sigmoid));
  UMBRA_TRY(umbra_sensitivity_find(&found, &o, coefficient));
  return UMBRA_GIVE(umbra_sensitivity, sensitivity, &found);
}
