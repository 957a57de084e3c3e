/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 1 - x p(x) is 1 at x = 0 and to be small on [lo, hi]: that is T_n(t) / T_n(t(0)), n the degree plus 1, as for the
 * iterations of Chebyshev's method. So p is known in closed form, and is its own interpolant.
 */
#include "inverse.h"

#include <math.h>

/* arcosh |t(0)|: by so much the logarithm of the error falls with each degree. */
static double rate(double lo, double hi) { return acosh((hi + lo) / (hi - lo)); }

uint32_t umbra_inverse_degree(double lo, double hi, double error) {
  double needed = ceil(acosh(fmax(1 / error, 1)) / rate(lo, hi)) - 1;
  return needed > UMBRA_MAX_DEGREE ? UMBRA_MAX_DEGREE + 1 : (uint32_t)fmax(needed, 1);
}

typedef struct near_inverse {
  uint32_t n;
  double lo, hi, factor;
} near_inverse;

/* t(0) is below -1, so T_n(t(0)) is (-1)^n cosh(n arcosh |t(0)|). */
static double value_at(double x, void *user) {
  const near_inverse *p = user;
  double t = fmax(-1, fmin(1, (2 * x - p->lo - p->hi) / (p->hi - p->lo)));
  double wave = cos(p->n * acos(t)) / cosh(p->n * rate(p->lo, p->hi));
  return p->factor * (1 - (p->n % 2 ? -wave : wave)) / x;
}

umbra_status umbra_inverse_fit(double *c, uint32_t degree, double lo, double hi, double factor) {
  near_inverse p = {degree + 1, lo, hi, factor};
  const umbra_curve target = {value_at, &p, lo, hi};
  return umbra_interpolate(c, degree, &target);
}
