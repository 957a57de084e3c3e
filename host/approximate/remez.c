/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Remez's second algorithm with barycentric interpolation (Pachon, Trefethen, "Barycentric-Remez algorithms for best
 * polynomial approximation", BIT 2009), with a weight, and on two intervals: of degree + 2 points the polynomial is
 * found whose errors there are equal and alternate; then the points move to where its error is largest.
 */
#include "remez.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../base/bounds.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "../base/order.h"

enum { POINTS = UMBRA_FIT_TERMS + 1, ROUNDS = 60, STEPS = 12, REFINEMENTS = 40 };

/* An extremum of the error, weighted. */
typedef struct extremum {
  double x, error;
} extremum;

typedef struct remez {
  const umbra_minimax_task *task;
  uint32_t points; /* degree + 2 */
  double x[POINTS], value[POINTS] /* of the polynomial */, share[POINTS] /* barycentric */;
  double level; /* weighted error at the points, but for its sign */
  umbra_status status;
  size_t found, room;
  extremum *extremum; /* in the order of x, signs alternating */
} remez;

static double weight_at(const remez *r, double x) { return r->task->weight ? r->task->weight(x) : 1; }

/* f at x; a failure is remembered. */
static double target_at(remez *r, double x) {
  double value = 0;
  umbra_status status = umbra_curve_at(&value, &r->task->target, x);
  if (status != UMBRA_OK) r->status = status;
  return status == UMBRA_OK ? value : 0;
}

/* ---- the polynomial through the points ---- */

/* Differences are scaled by the interval's capacity, so that their products neither overflow nor vanish. */
static void find_shares(remez *r) {
  double scale = 4 / (r->task->target.hi - r->task->target.lo);
  for (uint32_t i = 0; i < r->points; i++) {
    double product = 1;
    for (uint32_t k = 0; k < r->points; k++)
      if (k != i) product *= scale * (r->x[i] - r->x[k]);
    r->share[i] = 1 / product;
  }
}

/* The level: what keeps the values at all points on a polynomial of one degree less than they could have. */
static void find_level(remez *r) {
  double above = 0, below = 0;
  find_shares(r);
  for (uint32_t i = 0; i < r->points; i++) {
    r->value[i] = target_at(r, r->x[i]);
    above += r->share[i] * r->value[i];
    below += (i % 2 ? -1 : 1) * r->share[i] / weight_at(r, r->x[i]);
  }
  r->level = above / below;
  for (uint32_t i = 0; i < r->points; i++) r->value[i] -= (i % 2 ? -1 : 1) * r->level / weight_at(r, r->x[i]);
}

static double polynomial_at(const remez *r, double x) {
  double above = 0, below = 0;
  for (uint32_t i = 0; i < r->points; i++) {
    if (x == r->x[i]) return r->value[i];
    double part = r->share[i] / (x - r->x[i]);
    above += part * r->value[i];
    below += part;
  }
  return above / below;
}

static double error_at(remez *r, double x) { return weight_at(r, x) * (target_at(r, x) - polynomial_at(r, x)); }

/* ---- where the error is largest ---- */

/* Keeps signs alternating: of neighbours with one sign the larger stays. */
static void add_extremum(remez *r, extremum e) {
  extremum *last = r->found ? &r->extremum[r->found - 1] : NULL;
  if (last && signbit(last->error) == signbit(e.error)) {
    if (fabs(e.error) > fabs(last->error)) *last = e;
  } else if (r->extremum && r->found < r->room) {
    r->extremum[r->found++] = e;
  }
}

/* The largest error of one sign within [lo, hi], where it has one wave, by golden sections. */
static extremum refine(remez *r, double lo, double hi, double sign) {
  const double cut = 0.38196601125010515;
  double a = lo + cut * (hi - lo), b = hi - cut * (hi - lo), at_a = sign * error_at(r, a), at_b = sign * error_at(r, b);
  for (int i = 0; i < REFINEMENTS && a < b; i++) {
    if (at_a < at_b) {
      lo = a;
      a = b;
      at_a = at_b;
      b = hi - cut * (hi - lo);
      at_b = sign * error_at(r, b);
    } else {
      hi = b;
      b = a;
      at_b = at_a;
      a = lo + cut * (hi - lo);
      at_a = sign * error_at(r, a);
    }
  }
  return at_a < at_b ? (extremum){b, sign * at_b} : (extremum){a, sign * at_a};
}

/* Three neighbours on the grid; without a neighbour on a side, the middle itself. */
static void look(remez *r, const extremum *before, const extremum *here, const extremum *after) {
  double sign = here->error < 0 ? -1 : 1, height = fabs(here->error);
  if ((before && sign * before->error > height) || (after && sign * after->error > height)) return;
  extremum best = *here;
  if (before && after) best = refine(r, before->x, after->x, sign);
  add_extremum(r, fabs(best.error) > height ? best : *here);
}

/* The grid on [lo, hi]: the points in it, and STEPS from each to the next. */
static void search(remez *r, double lo, double hi) {
  extremum before = {0}, here = {lo, error_at(r, lo)}, after;
  int first = 1;
  for (uint32_t i = 0; i <= r->points; i++) {
    double from = i ? fmax(r->x[i - 1], lo) : lo, to = i < r->points ? fmin(r->x[i], hi) : hi;
    for (int step = 1; step <= STEPS && to > from; step++) {
      double x = step == STEPS ? to : from + (to - from) * step / STEPS;
      after = (extremum){x, error_at(r, x)};
      look(r, first ? NULL : &before, &here, &after);
      before = here;
      here = after;
      first = 0;
    }
  }
  look(r, first ? NULL : &before, &here, NULL);
}

static void search_all(remez *r) {
  const umbra_minimax_task *task = r->task;
  r->found = 0;
  if (task->gap_lo < task->gap_hi) {
    search(r, task->target.lo, task->gap_lo);
    search(r, task->gap_hi, task->target.hi);
  } else {
    search(r, task->target.lo, task->target.hi);
  }
}

/* ---- the exchange ---- */

static void remove_extrema(remez *r, size_t first, size_t count) {
  memmove(r->extremum + first, r->extremum + first + count, (r->found - first - count) * sizeof *r->extremum);
  r->found -= count;
}

/* Drops the smallest: from an end, or with its smaller neighbour, so that signs alternate still. */
static void drop_smallest(remez *r) {
  const extremum *e = r->extremum;
  size_t last = r->found - 1, least = 0;
  for (size_t i = 1; i <= last; i++)
    if (fabs(e[i].error) < fabs(e[least].error)) least = i;
  if (r->found == r->points + 1) least = fabs(e[0].error) < fabs(e[last].error) ? 0 : last;
  if (least == 0 || least == last) remove_extrema(r, least, 1);
  else remove_extrema(r, fabs(e[least - 1].error) < fabs(e[least + 1].error) ? least - 1 : least, 2);
}

/* Returns how far the largest error is above the level, as a part of it; negative if there is nothing to exchange. */
static double exchange(remez *r) {
  double largest = 0;
  search_all(r);
  for (size_t i = 0; i < r->found; i++) largest = umbra_larger(largest, fabs(r->extremum[i].error));
  if (r->found < r->points) return -1;
  while (r->found > r->points) drop_smallest(r);
  for (uint32_t i = 0; i < r->points; i++) r->x[i] = r->extremum[i].x;
  return largest / fabs(r->level) - 1;
}

/* ---- the beginning and the end ---- */

/* Place i of `count`, dense at the ends. */
static double spread(double lo, double hi, uint32_t i, uint32_t count) {
  return lo + (hi - lo) * (1 - cos(umbra_pi * i / count)) / 2;
}

/* As Chebyshev's polynomials have their extrema, but the last: symmetric points would not see odd errors. */
static void first_points(remez *r) {
  const umbra_curve *target = &r->task->target;
  for (uint32_t i = 0; i < r->points; i++) r->x[i] = spread(target->lo, target->hi, i, r->points);
}

/*
 * On two intervals after Leja: each next point is where the product of distances to all before is largest. So they spread
 * as good polynomials need them to, however the intervals lie. place: 2 * count of them, from both.
 */
static void leja_points(remez *r, double *place, double *distance, uint32_t count) {
  const umbra_minimax_task *task = r->task;
  for (uint32_t i = 0; i < count; i++) {
    place[i] = spread(task->target.lo, task->gap_lo, i, count - 1);
    place[count + i] = spread(task->gap_hi, task->target.hi, i, count - 1);
  }
  r->x[0] = task->target.lo;
  for (uint32_t k = 1; k < r->points; k++) {
    uint32_t best = 0;
    for (uint32_t i = 0; i < 2 * count; i++) {
      distance[i] += log(fabs(place[i] - r->x[k - 1]));
      if (distance[i] > distance[best]) best = i;
    }
    r->x[k] = place[best];
  }
  qsort(r->x, r->points, sizeof *r->x, umbra_ascending);
}

static umbra_status find_first_points(remez *r) {
  const uint32_t count = 16 * r->points;
  double *place;
  if (r->task->gap_lo >= r->task->gap_hi) {
    first_points(r);
    return UMBRA_OK;
  }
  UMBRA_TRY(umbra_alloc(&place, 4 * (size_t)count, sizeof *place, "a minimax fit"));
  leja_points(r, place, place + 2 * (size_t)count, count);
  umbra_free(place);
  return UMBRA_OK;
}

static double value_of(double x, void *user) { return polynomial_at(user, x); }

/* Whether the level is so low that errors are mostly those of rounding. */
static int is_rounding(const remez *r) {
  double largest = 0;
  for (uint32_t i = 0; i < r->points; i++) largest = umbra_larger(largest, fabs(r->value[i]));
  return fabs(r->level) <= 0x1p-48 * largest;
}

static umbra_status run(remez *r, double *c, uint32_t degree) {
  const double enough = 0x1p-20;
  double above = INFINITY;
  UMBRA_TRY(find_first_points(r));
  find_level(r);
  for (int round = 0; round < ROUNDS && above > enough && !is_rounding(r) && r->status == UMBRA_OK; round++) {
    above = exchange(r);
    find_level(r);
  }
  UMBRA_TRY(r->status);
  const umbra_curve found = {value_of, r, r->task->target.lo, r->task->target.hi};
  return umbra_interpolate(c, degree, &found);
}

umbra_status umbra_minimax(double *c, uint32_t degree, const umbra_minimax_task *task) {
  remez *r;
  UMBRA_TRY(umbra_alloc(&r, 1, sizeof *r, "a minimax fit"));
  *r = (remez){.task = task, .points = degree + 2, .room = (size_t)(degree + 4) * STEPS};
  umbra_status status = umbra_alloc(&r->extremum, r->room, sizeof *r->extremum, "a minimax fit");
  if (status == UMBRA_OK) status = run(r, c, degree);
  umbra_free(r->extremum);
  umbra_free(r);
  return status;
}

/* ---- odd polynomials: t q(t^2), where q is fitted to f(t) / t with the weight t ---- */

typedef struct quotient {
  double (*f)(double x, void *user);
  void *user;
} quotient;

static double quotient_at(double u, void *user) {
  const quotient *q = user;
  double t = sqrt(u);
  return q->f(t, q->user) / t;
}

static double root_of(double u) { return sqrt(u); }

/* t q(t^2), u = t^2 in [lo, 1] */
typedef struct odd_value {
  const double *c;
  uint32_t degree;
  double lo;
} odd_value;

static double odd_value_at(double t, void *user) {
  const odd_value *o = user;
  return t * umbra_chebyshev_value(o->c, o->degree, (2 * t * t - o->lo - 1) / (1 - o->lo));
}

umbra_status umbra_minimax_odd(double *c, uint32_t degree, double (*f)(double x, void *user), void *user, double gap) {
  double inner[UMBRA_FIT_TERMS / 2];
  quotient q = {f, user};
  const umbra_minimax_task task = {.target = {quotient_at, &q, gap * gap, 1}, .weight = root_of};
  odd_value odd = {inner, degree / 2, gap * gap};
  UMBRA_TRY(umbra_minimax(inner, degree / 2, &task));
  const umbra_curve whole = {odd_value_at, &odd, -1, 1};
  UMBRA_TRY(umbra_interpolate(c, degree, &whole));
  for (uint32_t k = 0; k <= degree; k += 2) c[k] = 0;
  return UMBRA_OK;
}
