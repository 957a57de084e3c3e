/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each polynomial maps [gap, 1] to [1 - e, 1 + e] with the least e that its degree allows, and all but the last are scaled
 * so that this ends in 1: so the next one's gap is (1 - e) / (1 + e). (Lee, Lee, No, Kim, "Minimax approximation of sign
 * function by composite polynomial for homomorphic comparison", IEEE TDSC 2021.)
 */
#include "sign.h"

#include <math.h>
#include <string.h>

#include "../base/bounds.h"
#include "../base/error.h"
#include "remez.h"

enum { GRID = 1 << 11, HALVINGS = 48, LEAST_DEPTH = 2, MOST_DEPTH = 5, MOST_LEVELS = 30 };

/* What values inside a computation may be off by, so that they stay within the next polynomial's interval. */
static const double margin = 0x1p-22;

static double one(double x, void *user) {
  (void)x;
  (void)user;
  return 1;
}

/* Largest |polynomial - 1| on [gap, 1]: the places are dense near the gap, where the waves are shortest. */
static double error_beyond(const double *c, uint32_t degree, double gap) {
  double largest = 0;
  for (int i = 0; i <= GRID; i++) {
    double s = (double)i / GRID, t = fmin(1, gap + (1 - gap) * s * s * (3 - 2 * s));
    largest = umbra_larger(largest, fabs(umbra_chebyshev_value(c, degree, t) - 1));
  }
  return largest;
}

/*
 * The error is about ((1 - gap) / (1 + gap))^((degree + 1) / 2). A gap that would leave less than 2^-30 of it is narrowed:
 * such polynomials are made of rounding, and run wild outside.
 */
static double sensible_gap(double gap, uint32_t degree) {
  double ratio = exp2(-60.0 / (degree + 1));
  return fmin(gap, (1 - ratio) / (1 + ratio));
}

static umbra_status compose(umbra_composite *made, double band) {
  double gap = made->band = band;
  for (uint32_t i = 0; i < made->parts; i++) {
    double *c = made->coefficient[i];
    UMBRA_TRY(umbra_minimax_odd(c, made->degree[i], one, NULL, sensible_gap(gap, made->degree[i])));
    made->error = error_beyond(c, made->degree[i], gap);
    if (i + 1 == made->parts) break;
    double outer = 1 + made->error + margin;
    for (uint32_t k = 1; k <= made->degree[i]; k += 2) c[k] /= outer;
    gap = (1 - made->error - margin) / outer;
  }
  return UMBRA_OK;
}

/* The error falls as the band grows: halved in the exponent until they meet. */
static umbra_status compose_balanced(umbra_composite *made) {
  double lo = -40, hi = -0.1;
  for (int i = 0; i < HALVINGS; i++) {
    double middle = (lo + hi) / 2;
    UMBRA_TRY(compose(made, exp2(middle)));
    if (made->error > made->band) lo = middle;
    else hi = middle;
  }
  return compose(made, exp2(hi));
}

umbra_status umbra_composite_of(umbra_composite *composite, const uint32_t *degree, size_t parts, double band) {
  umbra_composite made = {.parts = (uint32_t)parts};
  memcpy(made.degree, degree, parts * sizeof *degree);
  UMBRA_TRY(band > 0 ? compose(&made, band) : compose_balanced(&made));
  *composite = made;
  return UMBRA_OK;
}

/* ---- the choice of degrees ---- */

typedef struct choice {
  umbra_composite tried, best;
  double error, band;
  int found;
} choice;

static uint32_t degrees_of(const umbra_composite *composite) {
  uint32_t sum = 0;
  for (uint32_t i = 0; i < composite->parts; i++) sum += composite->degree[i];
  return sum;
}

/* All ways to use up `levels` by polynomials of falling or equal depth, with the shallow ones first. */
static umbra_status try_all(choice *c, uint32_t levels, uint32_t least) {
  umbra_composite *tried = &c->tried;
  if (!levels) {
    UMBRA_TRY(compose(tried, c->band));
    if (tried->error > c->error || (c->found && degrees_of(tried) >= degrees_of(&c->best))) return UMBRA_OK;
    c->best = *tried;
    c->found = 1;
    return UMBRA_OK;
  }
  for (uint32_t depth = least; depth <= MOST_DEPTH && depth <= levels && tried->parts < UMBRA_SIGN_PARTS; depth++) {
    tried->degree[tried->parts++] = (1u << depth) - 1;
    UMBRA_TRY(try_all(c, levels - depth, depth));
    tried->parts--;
  }
  return UMBRA_OK;
}

/* Lower degrees of the same depth, as long as they suffice: the last polynomials first. */
static umbra_status trim(choice *c) {
  for (uint32_t i = c->best.parts; i-- > 0;)
    for (;;) {
      c->tried = c->best;
      c->tried.degree[i] -= 2;
      if (umbra_chebyshev_depth(c->tried.degree[i]) < umbra_chebyshev_depth(c->best.degree[i])) break;
      UMBRA_TRY(compose(&c->tried, c->band));
      if (c->tried.error > c->error) break;
      c->best = c->tried;
    }
  return UMBRA_OK;
}

umbra_status umbra_composite_for(umbra_composite *composite, double error, double band) {
  choice c = {.error = error, .band = band};
  for (uint32_t levels = LEAST_DEPTH; levels <= MOST_LEVELS && !c.found; levels++)
    UMBRA_TRY(try_all(&c, levels, LEAST_DEPTH));
  if (!c.found)
    return umbra_fail(UMBRA_ERROR_RANGE, "no composite of %d levels and %d polynomials has an error of %g beyond %g",
                      MOST_LEVELS, UMBRA_SIGN_PARTS, error, band);
  UMBRA_TRY(trim(&c));
  *composite = c.best;
  return UMBRA_OK;
}

/* ---- facts ---- */

uint32_t umbra_composite_depth(const umbra_composite *composite) {
  uint32_t depth = 0;
  for (uint32_t i = 0; i < composite->parts; i++) depth += umbra_chebyshev_depth(composite->degree[i]);
  return depth;
}

double umbra_composite_value(const umbra_composite *composite, double t) {
  for (uint32_t i = 0; i < composite->parts; i++)
    t = umbra_chebyshev_value(composite->coefficient[i], composite->degree[i], t);
  return t;
}

void umbra_composite_values(double *values, size_t count, const umbra_composite *composite) {
  for (uint32_t i = 0; i < composite->parts; i++)
    umbra_chebyshev_values(values, count, composite->coefficient[i], composite->degree[i]);
}

double umbra_composite_relu_error(const umbra_composite *composite) {
  double largest = 0;
  for (int i = 0; i <= 4 * GRID; i++) {
    double s = (double)i / (4 * GRID), inside = composite->band * s,
           outside = composite->band + (1 - composite->band) * s;
    largest = umbra_larger(largest, inside * fabs(1 - umbra_composite_value(composite, inside)) / 2);
    largest = umbra_larger(largest, outside * fabs(1 - umbra_composite_value(composite, outside)) / 2);
  }
  return largest;
}
