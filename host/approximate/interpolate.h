/* SPDX-License-Identifier: Apache-2.0 */
/* Functions on an interval, and their interpolants in Chebyshev's nodes. */
#ifndef UMBRA_APPROXIMATE_INTERPOLATE_H
#define UMBRA_APPROXIMATE_INTERPOLATE_H

#include <umbra/fit.h>

enum { UMBRA_FIT_TERMS = UMBRA_MAX_DEGREE + 1 };

static const double umbra_pi = 3.14159265358979323846;

/* f on [lo, hi]. */
typedef struct umbra_curve {
  double (*f)(double x, void *user);
  void *user;
  double lo, hi;
} umbra_curve;

/* RANGE if f is not finite at x. */
umbra_status umbra_curve_at(double *value, const umbra_curve *target, double x);

/* x in the interval that belongs to t in [-1, 1]. */
double umbra_curve_x(const umbra_curve *target, double t);

/* Each t becomes umbra_chebyshev_value of it, to the same bits: many at a time. */
void umbra_chebyshev_values(double *values, size_t count, const double *coefficients, uint32_t degree);

/* derived: `degree` coefficients, 1 or more, of the derivative by x of sum c_k T_k(x / range). */
void umbra_chebyshev_derive(double *derived, const double *c, uint32_t degree, double range);

/* c: degree + 1 coefficients of the polynomial that meets f in degree + 1 nodes. Errors: RANGE. */
umbra_status umbra_interpolate(double *c, uint32_t degree, const umbra_curve *target);

#endif
