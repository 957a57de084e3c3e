/* SPDX-License-Identifier: Apache-2.0 */
#include "sine.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../base/bounds.h"
#include "../../base/double_double.h"
#include "../../base/error.h"
#include "../../base/memory.h"
#include "overflow.h"

enum { NODES = 3 }; /* of the fit, around each integer: within |e| <= bound its error hardly changes */

/*
 * Least weight of an overflow in the fit. At K = 16, h = 32 and degree 30 the rms error is 2^-44 with it and 2^-52
 * without, below the noise of any chain; the worst error of all |I| <= K is 2^-24 with it, and 2^-5 without.
 */
static const double least_weight = 0x1p-40;

static umbra_dd inverse_two_pi(void) { return umbra_dd_div(umbra_dd_of(1), umbra_dd_two_pi()); }

/* (1 / 2 pi)^(1 / 2^halvings) */
static umbra_dd amplitude(uint32_t halvings) {
  umbra_dd value = inverse_two_pi();
  while (halvings--) value = umbra_dd_sqrt(value);
  return value;
}

/* sum over k of c[k] T_k(z): Clenshaw's recurrence */
static umbra_dd series(const double *c, uint32_t degree, umbra_dd z) {
  umbra_dd twice = umbra_dd_scale(z, 2), next = umbra_dd_of(0), after = next;
  for (uint32_t k = degree; k > 0; k--) {
    umbra_dd here = umbra_dd_sub(umbra_dd_add(umbra_dd_of(c[k]), umbra_dd_mul(twice, next)), after);
    after = next;
    next = here;
  }
  return umbra_dd_sub(umbra_dd_add(umbra_dd_of(c[0]), umbra_dd_mul(z, next)), after);
}

/* x - 1/4 */
static umbra_dd shifted(double integer, double e) {
  return umbra_dd_add(umbra_dd_of(integer), umbra_dd_sub(umbra_dd_of(e), umbra_dd_of(0.25)));
}

/* z = T_2(y), in which the cosine is a polynomial of half the degree. */
static umbra_dd square_variable(const umbra_sine *sine, umbra_dd shifted_x) {
  umbra_dd y = umbra_dd_div(shifted_x, umbra_dd_of(sine->range));
  return umbra_dd_sub(umbra_dd_scale(umbra_dd_mul(y, y), 2), umbra_dd_of(1));
}

static umbra_dd target_cosine(const umbra_sine *sine, umbra_dd shifted_x) {
  umbra_dd turns = umbra_dd_scale(shifted_x, 1.0 / (1u << sine->double_angles));
  return umbra_dd_mul(amplitude(sine->double_angles), umbra_dd_turn(turns).cosine);
}

static umbra_dd target_sine(double e) { return umbra_dd_mul(inverse_two_pi(), umbra_dd_turn(umbra_dd_of(e)).sine); }

/* ---- the cosine ---- */

/* How much an error of the cosine grows in the double angles: the product of 4 c over all of them. */
static double growth(const umbra_sine *sine, double cosine) {
  double product = 1;
  for (uint32_t i = 0; i < sine->double_angles; i++) {
    product *= 4 * cosine;
    cosine = 2 * cosine * cosine - sine->subtrahend[i];
  }
  return fabs(product);
}

/* An overdetermined system: `columns` unknowns, the last column is the right side. */
typedef struct least_squares {
  uint32_t rows, columns;
  umbra_dd *entry; /* by columns */
} least_squares;

static umbra_dd *column(const least_squares *s, uint32_t k) { return s->entry + (size_t)k * s->rows; }

static umbra_dd inner_product(const least_squares *s, uint32_t a, uint32_t b) {
  umbra_dd sum = umbra_dd_of(0);
  for (uint32_t i = 0; i < s->rows; i++) sum = umbra_dd_add(sum, umbra_dd_mul(column(s, a)[i], column(s, b)[i]));
  return sum;
}

/* column k becomes orthogonal to column j; returns how much of j it had. */
static umbra_dd project(const least_squares *s, uint32_t k, uint32_t j) {
  umbra_dd part = umbra_dd_div(inner_product(s, j, k), inner_product(s, j, j));
  for (uint32_t i = 0; i < s->rows; i++)
    column(s, k)[i] = umbra_dd_sub(column(s, k)[i], umbra_dd_mul(part, column(s, j)[i]));
  return part;
}

/*
 * Gram and Schmidt's modified process, whose triangle is then solved from below. Row j of the triangle takes the place
 * of column j, which has done its part; there are at least as many rows as unknowns.
 */
static void solve(umbra_dd *solution, const least_squares *s) {
  uint32_t n = s->columns;
  for (uint32_t j = 0; j < n; j++) {
    umbra_dd part[UMBRA_SINE_TERMS + 1];
    for (uint32_t k = j + 1; k <= n; k++) part[k] = project(s, k, j);
    memcpy(column(s, j), part + j + 1, (n - j) * sizeof *part);
  }
  for (uint32_t j = n; j-- > 0;) {
    const umbra_dd *part = column(s, j); /* of columns j + 1, ... */
    solution[j] = part[n - j - 1];
    for (uint32_t k = j + 1; k < n; k++)
      solution[j] = umbra_dd_sub(solution[j], umbra_dd_mul(part[k - j - 1], solution[k]));
  }
}

/* Row of weight * (sum of unknown_k T_k(z) = target). */
static void fill_row(const least_squares *s, uint32_t row, umbra_dd z, umbra_dd target, double weight) {
  umbra_dd here = umbra_dd_of(weight), before = umbra_dd_mul(here, z); /* T_0 and T_-1 */
  column(s, s->columns)[row] = umbra_dd_mul(here, target);
  for (uint32_t k = 0; k < s->columns; k++) {
    column(s, k)[row] = here;
    umbra_dd next = umbra_dd_sub(umbra_dd_scale(umbra_dd_mul(z, here), 2), before);
    before = here;
    here = next;
  }
}

/* The rows of one overflow: the error that the double angles leave, over the deviation that is its due. */
static void fill_rows(const least_squares *s, uint32_t first, const umbra_sine *sine, int overflow, double weight) {
  for (int i = 0; i < NODES; i++) {
    umbra_dd x = shifted(overflow, sine->bound * (2 * i - (NODES - 1)) / (NODES - 1));
    umbra_dd target = target_cosine(sine, x);
    fill_row(s, first + (uint32_t)i, square_variable(sine, x), target, weight * growth(sine, target.high));
  }
}

static umbra_status fit_cosine(umbra_sine *sine, uint32_t hamming) {
  int most = (int)sine->overflow;
  least_squares s = {.rows = (2 * sine->overflow + 1) * NODES, .columns = sine->degree / 2 + 1};
  umbra_dd solution[UMBRA_SINE_TERMS];
  UMBRA_TRY(umbra_alloc(&s.entry, (size_t)s.rows * (s.columns + 1), sizeof *s.entry, "the fit of a cosine"));
  for (int overflow = -most; overflow <= most; overflow++) {
    double weight = sqrt(fmax(umbra_overflow_probability(hamming, (uint32_t)abs(overflow)), least_weight));
    fill_rows(&s, (uint32_t)(overflow + most) * NODES, sine, overflow, weight);
  }
  solve(solution, &s);
  for (uint32_t k = 0; k < s.columns; k++) sine->cosine[k] = solution[k].high;
  umbra_free(s.entry);
  return UMBRA_OK;
}

/* ---- the arcsine ---- */

/* Row of sum of unknown_k T_{2k+1}(s) = e, over e; `slope` is s / e. */
static void fill_odd_row(const least_squares *system, uint32_t row, umbra_dd s, umbra_dd slope) {
  umbra_dd here = slope, before = slope; /* T_1 and T_-1 */
  umbra_dd twice_t2 = umbra_dd_sub(umbra_dd_scale(umbra_dd_mul(s, s), 4), umbra_dd_of(2));
  column(system, system->columns)[row] = umbra_dd_of(1);
  for (uint32_t k = 0; k < system->columns; k++) {
    column(system, k)[row] = here;
    umbra_dd next = umbra_dd_sub(umbra_dd_mul(twice_t2, here), before);
    before = here;
    here = next;
  }
}

/* cos(pi (2i + 1) / 2n): Chebyshev's nodes, from the largest on */
static double node(uint32_t i, uint32_t n) {
  return umbra_dd_turn(umbra_dd_div(umbra_dd_of(2 * i + 1), umbra_dd_of(4 * n))).cosine.high;
}

/*
 * Interpolates e / s as a function of e^2 at Chebyshev's nodes, stretched so that the lowest is 0: nearly the least
 * worst relative error, and next to none for the small coefficients of random messages.
 */
static void fit_arcsine(umbra_sine *sine) {
  enum { UNKNOWNS = (UMBRA_MAX_ARCSINE_DEGREE + 1) / 2 };
  umbra_dd entry[UNKNOWNS * (UNKNOWNS + 1)], solution[UMBRA_SINE_TERMS];
  uint32_t n = (sine->arcsine_degree + 1) / 2;
  least_squares system = {.rows = n, .columns = n, .entry = entry};
  fill_odd_row(&system, n - 1, umbra_dd_of(0), umbra_dd_of(1));
  for (uint32_t i = 0; i + 1 < n; i++) {
    double e = sine->bound * sqrt((node(i, n) + node(0, n)) / (1 + node(0, n)));
    umbra_dd s = target_sine(e);
    fill_odd_row(&system, i, s, umbra_dd_div(s, umbra_dd_of(e)));
  }
  solve(solution, &system);
  for (uint32_t k = 0; k < n; k++) sine->arcsine[2 * k + 1] = solution[k].high;
}

/* ---- all together ---- */

static umbra_status check_shape(const umbra_bootstrap_shape *shape) {
  if (!shape->overflow || shape->overflow > UMBRA_MAX_OVERFLOW)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "overflows are taken away up to 1..%d, not %u", UMBRA_MAX_OVERFLOW,
                      shape->overflow);
  if (!shape->degree || shape->degree % 2 || shape->degree > 2 * (UMBRA_SINE_TERMS - 1) ||
      shape->degree > 4 * shape->overflow)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the cosine's degree is even, up to %d and 4 K, not %u",
                      2 * (UMBRA_SINE_TERMS - 1), shape->degree);
  if (shape->double_angles > UMBRA_MAX_DOUBLE_ANGLES)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "there are up to %d double angles, not %u", UMBRA_MAX_DOUBLE_ANGLES,
                      shape->double_angles);
  if (shape->arcsine_degree % 2 == 0 || shape->arcsine_degree > UMBRA_MAX_ARCSINE_DEGREE)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the arcsine's degree is odd and up to %d, not %u",
                      UMBRA_MAX_ARCSINE_DEGREE, shape->arcsine_degree);
  if (shape->ratio_bits < UMBRA_MIN_RATIO_BITS || shape->ratio_bits > UMBRA_MAX_RATIO_BITS)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the message ratio has %d to %d bits, not %u", UMBRA_MIN_RATIO_BITS,
                      UMBRA_MAX_RATIO_BITS, shape->ratio_bits);
  if (!shape->hamming || shape->hamming > UMBRA_MAX_HAMMING)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the ephemeral secret has weight 1..%d, not %u", UMBRA_MAX_HAMMING,
                      shape->hamming);
  return UMBRA_OK;
}

umbra_status umbra_sine_fit(umbra_sine *sine, const umbra_bootstrap_shape *shape) {
  UMBRA_TRY(check_shape(shape));
  umbra_sine made = {.overflow = shape->overflow,
                     .degree = shape->degree,
                     .double_angles = shape->double_angles,
                     .arcsine_degree = shape->arcsine_degree,
                     .bound = 1.25 / (double)(1u << shape->ratio_bits), /* room for noise and rounded scales */
                     .range = shape->overflow + 0.5};
  made.offset = 0.25 / made.range;
  for (uint32_t i = 0; i < made.double_angles; i++) made.subtrahend[i] = amplitude(made.double_angles - 1 - i).high;
  UMBRA_TRY(fit_cosine(&made, shape->hamming));
  fit_arcsine(&made);
  *sine = made;
  return UMBRA_OK;
}

/* ---- in the clear ---- */

static umbra_dd sine_in_the_clear(const umbra_sine *sine, double integer, double e) {
  umbra_dd c = series(sine->cosine, sine->degree / 2, square_variable(sine, shifted(integer, e)));
  for (uint32_t i = 0; i < sine->double_angles; i++)
    c = umbra_dd_sub(umbra_dd_scale(umbra_dd_mul(c, c), 2), umbra_dd_of(sine->subtrahend[i]));
  return c;
}

static umbra_dd arcsine_in_the_clear(const umbra_sine *sine, umbra_dd s) {
  return series(sine->arcsine, sine->arcsine_degree, s);
}

double umbra_sine_value(const umbra_sine *sine, double integer, double e) {
  return arcsine_in_the_clear(sine, sine_in_the_clear(sine, integer, e)).high;
}

enum { GRID = 32 }; /* points of e on either side of 0 where errors are looked at */

/* Adds up the squares of the fit's errors around one integer, and keeps the largest. */
static double measure_fit(double *worst, const umbra_sine *sine, int overflow) {
  double sum = 0;
  for (int i = -GRID; i <= GRID; i++) {
    double e = sine->bound * i / GRID;
    double error = umbra_dd_sub(sine_in_the_clear(sine, overflow, e), target_sine(e)).high;
    sum += error * error;
    *worst = umbra_larger(*worst, fabs(error));
  }
  return sum / (2 * GRID + 1);
}

void umbra_sine_measure(umbra_sine_errors *errors, const umbra_sine *sine, uint32_t hamming) {
  umbra_sine_errors found = {0};
  double square = 0;
  for (int overflow = -(int)sine->overflow; overflow <= (int)sine->overflow; overflow++) {
    uint32_t size = (uint32_t)abs(overflow);
    square += umbra_overflow_probability(hamming, size) * measure_fit(&found.worst[size], sine, overflow);
  }
  found.rms = sqrt(square);
  for (int i = 1; i <= GRID; i++) {
    double e = sine->bound * i / GRID;
    umbra_dd error = umbra_dd_sub(arcsine_in_the_clear(sine, target_sine(e)), umbra_dd_of(e));
    found.shape = umbra_larger(found.shape, fabs(error.high));
  }
  *errors = found;
}
