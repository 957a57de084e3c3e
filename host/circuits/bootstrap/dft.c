/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each pair of an input and an output of a factor is joined by at most one path through its butterflies, so that an
 * entry is a power of zeta, and the exponents add up in integers.
 */
#include "dft.h"

#include <float.h>
#include <math.h>

#include "../../base/double_double.h"
#include "../../base/error.h"
#include "../../base/memory.h"

/* ---- powers of zeta ---- */

/* scale * cos(2 pi k / 4m), k = 0 .. m: a quarter of a turn. */
typedef struct scaled_roots {
  uint32_t m;
  double scale;
  double *cosine; /* NULL: nobody wants values */
} scaled_roots;

static umbra_status roots_create(scaled_roots *roots, umbra_dd scale) {
  const uint32_t m = roots->m;
  UMBRA_TRY(umbra_alloc(&roots->cosine, (size_t)m + 1, sizeof *roots->cosine, "roots of unity"));
  for (uint32_t k = 0; k <= m / 2; k++) {
    umbra_dd_circle point = umbra_dd_turn(umbra_dd_of((double)k / (4.0 * m)));
    roots->cosine[k] = umbra_dd_mul(scale, point.cosine).high;
    roots->cosine[m - k] = umbra_dd_mul(scale, point.sine).high;
  }
  return UMBRA_OK;
}

/* zeta^exponent times the scale, as a pair */
static void put_root(double *pair, const scaled_roots *roots, uint32_t exponent) {
  uint32_t m = roots->m, k = exponent % m;
  double c = roots->cosine[k], s = roots->cosine[m - k];
  switch (exponent / m % 4) {
    case 0: pair[0] = c, pair[1] = s; break;
    case 1: pair[0] = -s, pair[1] = c; break;
    case 2: pair[0] = -c, pair[1] = -s; break;
    default: pair[0] = s, pair[1] = -c; break;
  }
}

/* ---- one factor ---- */

/* The stages of lengths 2^(low + 1) .. 2^(low + count), of vectors of m points. */
typedef struct group {
  uint32_t m, low, count;
  const uint32_t *power_of_5; /* modulo 4m */
  umbra_dft_direction direction;
} group;

/* One end of a path through a group, and the exponent of zeta that it has gathered. */
typedef struct path {
  uint32_t place, exponent;
} path;

/* What a stage multiplies by from `in` (0: a, 1: b) to `out` (0: a + r b, 1: a - r b) of a block's j-th pair. */
static uint32_t stage_exponent(const group *g, uint32_t log_length, uint32_t j, uint32_t in, uint32_t out) {
  return in ? g->power_of_5[j] * (g->m >> log_length) + 2 * g->m * out : 0;
}

/*
 * The path from an output to the input whose bits low .. low + count - 1 are `bits`. Outputs come last in the direction
 * from slots; the inverse goes the other way, with twice its entries the conjugates.
 */
static path follow(const group *g, uint32_t output, uint32_t bits) {
  int inverse = g->direction == UMBRA_COEFFS_TO_SLOTS;
  path at = {.place = output};
  for (uint32_t i = 0; i < g->count; i++) {
    uint32_t stage = inverse ? i : g->count - 1 - i, half_log = g->low + stage;
    uint32_t j = at.place & ((1u << half_log) - 1), here = at.place >> half_log & 1, there = bits >> stage & 1;
    at.place ^= (here ^ there) << half_log;
    if (inverse) at.exponent -= stage_exponent(g, half_log + 1, j, here, there);
    else at.exponent += stage_exponent(g, half_log + 1, j, there, here);
  }
  at.exponent &= 4 * g->m - 1;
  return at;
}

static int has_longest(const group *g) { return g->m >> (g->low + g->count) == 1; }

/* Rotations in units of 2^low: all modulo 2^count where they wrap around, else -(2^count - 1) .. 2^count - 1. */
static int32_t first_rotation(const group *g) { return has_longest(g) ? 0 : 1 - (int32_t)(1u << g->count); }

static void fill_values(umbra_diagonals *d, const group *g, const scaled_roots *roots) {
  int32_t first = first_rotation(g);
  for (uint32_t p = 0; p < d->period; p++) {
    for (uint32_t bits = 0; bits < 1u << g->count; bits++) {
      path input = follow(g, p, bits);
      int32_t rotation = (int32_t)(input.place >> g->low) - (int32_t)(p >> g->low);
      size_t index = has_longest(g) ? (uint32_t)rotation & (d->count - 1) : (size_t)(rotation - first);
      put_root(d->value + 2 * (index * d->period + p), roots, input.exponent);
    }
  }
}

static umbra_status make_factor(umbra_diagonals *factor, const group *g, const scaled_roots *roots) {
  size_t count = has_longest(g) ? (size_t)1 << g->count : ((size_t)2 << g->count) - 1;
  UMBRA_TRY(umbra_diagonals_create(factor, g->m, 1u << (g->low + g->count), count, roots->cosine != NULL));
  for (size_t i = 0; i < count; i++) factor->rotation[i] = (first_rotation(g) + (int32_t)i) * (int32_t)(1u << g->low);
  if (roots->cosine) fill_values(factor, g, roots);
  factor->entry = roots->scale * (1 + DBL_EPSILON); /* parts are rounded */
  factor->row = factor->entry * (1u << g->count);
  return UMBRA_OK;
}

/* ---- all factors ---- */

static umbra_status powers_of_5(uint32_t **power, uint32_t m) {
  UMBRA_TRY(umbra_alloc(power, m, sizeof **power, "powers of 5"));
  (*power)[0] = 1;
  for (uint32_t j = 1; j < m; j++) (*power)[j] = (*power)[j - 1] * 5 & (4 * m - 1);
  return UMBRA_OK;
}

static umbra_status make_factors(umbra_diagonals *factor, group g, const uint32_t *stages, uint32_t factors,
                                 const scaled_roots *roots) {
  int inverse = g.direction == UMBRA_COEFFS_TO_SLOTS;
  g.low = inverse ? (uint32_t)__builtin_ctz(g.m) : 0;
  for (uint32_t i = 0; i < factors; i++) {
    g.count = stages[i];
    if (inverse) g.low -= g.count;
    UMBRA_TRY(make_factor(&factor[i], &g, roots));
    if (!inverse) g.low += g.count;
  }
  return UMBRA_OK;
}

static umbra_status check_request(uint32_t log_slots, const uint32_t *stages, uint32_t factors, double constant) {
  uint32_t sum = 0;
  if (!log_slots || log_slots > UMBRA_DFT_MAX_LOG_SLOTS || !factors || factors > log_slots)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "2^%u slots cannot be transformed in %u factors", log_slots,
                      factors);
  if (!(constant > 0) || !isfinite(constant))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the constant of a transform is positive, not %g", constant);
  for (uint32_t i = 0; i < factors; i++) {
    if (!stages[i] || stages[i] > log_slots)
      return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "factor %u of a transform has %u stages", i, stages[i]);
    sum += stages[i];
  }
  if (sum == log_slots) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "2^%u slots have as many stages, and the factors have %u", log_slots,
                    sum);
}

static umbra_status factors_of(umbra_diagonals *factor, uint32_t log_slots, const uint32_t *stages, uint32_t factors,
                               umbra_dft_direction direction, double constant, int values) {
  UMBRA_TRY(check_request(log_slots, stages, factors, constant));
  group g = {.m = 1u << log_slots, .direction = direction};
  const double whole = direction == UMBRA_COEFFS_TO_SLOTS ? constant / g.m : constant;
  const umbra_dd scale = umbra_dd_root(umbra_dd_of(whole), factors);
  umbra_diagonals made[UMBRA_DFT_MAX_LOG_SLOTS] = {0};
  scaled_roots roots = {.m = g.m, .scale = scale.high};
  uint32_t *power = NULL;
  umbra_status status = values ? powers_of_5(&power, g.m) : UMBRA_OK;
  g.power_of_5 = power;
  if (status == UMBRA_OK && values) status = roots_create(&roots, scale);
  if (status == UMBRA_OK) status = make_factors(made, g, stages, factors, &roots);
  for (uint32_t i = 0; i < factors; i++) {
    if (status == UMBRA_OK) factor[i] = made[i];
    else umbra_diagonals_destroy(&made[i]);
  }
  umbra_free(roots.cosine);
  umbra_free(power);
  return status;
}

umbra_status umbra_dft_factors(umbra_diagonals *factor, uint32_t log_slots, const uint32_t *stages, uint32_t factors,
                               umbra_dft_direction direction, double constant) {
  return factors_of(factor, log_slots, stages, factors, direction, constant, 1);
}

umbra_status umbra_dft_shapes(umbra_diagonals *factor, uint32_t log_slots, const uint32_t *stages, uint32_t factors,
                              umbra_dft_direction direction, double constant) {
  return factors_of(factor, log_slots, stages, factors, direction, constant, 0);
}

/* ---- real and imaginary parts side by side ---- */

/* Says where an entry is multiplied by i^quarters. */
typedef int quarters_of(uint32_t place, int32_t rotation, uint32_t m);

/* Diagonal k over twice the slots. */
static void extend_values(const umbra_diagonals *made, const umbra_diagonals *factor, size_t k, double scale,
                          quarters_of *quarters) {
  const uint32_t m = factor->slots;
  for (uint32_t p = 0; p < 2 * m; p++) {
    const double *from = factor->value + 2 * (k * factor->period + p % factor->period);
    double *to = made->value + 2 * (k * 2 * m + p), re = scale * from[0], im = scale * from[1];
    int turned = quarters(p, factor->rotation[k], m);
    to[0] = turned ? -turned * im : re;
    to[1] = turned ? turned * re : im;
  }
}

/* The same diagonals over twice the slots, times a power of two. */
static umbra_status extend(umbra_diagonals *extended, const umbra_diagonals *factor, double scale,
                           quarters_of *quarters) {
  const uint32_t m = factor->slots;
  umbra_diagonals made;
  UMBRA_TRY(umbra_diagonals_create(&made, 2 * m, 2 * m, factor->count, factor->value != NULL));
  made.entry = scale * factor->entry;
  made.row = scale * factor->row;
  for (size_t k = 0; k < factor->count; k++) {
    made.rotation[k] = factor->rotation[k];
    if (factor->value) extend_values(&made, factor, k, scale, quarters);
  }
  *extended = made;
  return UMBRA_OK;
}

/* -i in the second half of the output */
static int output_quarters(uint32_t place, int32_t rotation, uint32_t m) {
  (void)rotation;
  return place < m ? 0 : -1;
}

/* i where the input is of the second half */
static int input_quarters(uint32_t place, int32_t rotation, uint32_t m) {
  return ((place + (uint32_t)rotation) & (2 * m - 1)) < m ? 0 : 1;
}

umbra_status umbra_dft_split(umbra_diagonals *split, const umbra_diagonals *factor) {
  return extend(split, factor, 0.5, output_quarters);
}

umbra_status umbra_dft_merge(umbra_diagonals *merge, const umbra_diagonals *factor) {
  return extend(merge, factor, 1, input_quarters);
}
