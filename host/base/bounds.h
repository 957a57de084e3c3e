/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UMBRA_BASE_BOUNDS_H
#define UMBRA_BASE_BOUNDS_H

#include <math.h>

/* Whether a number can bound others: it is finite and not negative. */
static inline int umbra_is_bound(double x) { return isfinite(x) && x >= 0; }

/*
 * The larger of two numbers that were computed. What is no number counts as infinite: fmax drops it, and comparisons with it
 * are false, so that nonsense would pass for the best of all results.
 */
static inline double umbra_larger(double a, double b) { return isnan(a) || isnan(b) ? INFINITY : fmax(a, b); }

/* The least power of 2^step that is not below x; 0: 0. Public figures are such, so that they tell little of data. */
static inline double umbra_public_size(double x, int step) {
  int exponent;
  if (!(x > 0) || !isfinite(x)) return x;
  const double part = frexp(x, &exponent); /* from a half on */
  const int least = part == 0.5 ? exponent - 1 : exponent, above = (least % step + step) % step;
  return ldexp(1, above ? least + step - above : least);
}

/* A computed number where it is compared with a limit. */
static inline double umbra_or_infinite(double x) { return isnan(x) ? INFINITY : x; }

#endif
