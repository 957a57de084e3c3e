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

/* A computed number where it is compared with a limit. */
static inline double umbra_or_infinite(double x) { return isnan(x) ? INFINITY : x; }

#endif
