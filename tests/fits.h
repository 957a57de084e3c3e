/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of fits share: polynomials by definition, and the alternation that proves one minimax. */
#ifndef UMBRA_TESTS_FITS_H
#define UMBRA_TESTS_FITS_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <umbra/umbra.h>

enum { MOST = UMBRA_MAX_DEGREE + 1 };

/* sum c_k cos(k acos t), by definition. */
static inline long double fit_value(const double *c, uint32_t degree, long double t) {
  long double sum = 0;
  for (uint32_t k = 0; k <= degree; k++) sum += c[k] * cosl(k * acosl(t));
  return sum;
}

static inline double x_of(const umbra_fit_desc *d, long double t) {
  return (double)fminl(d->hi, fmaxl(d->lo, d->lo + (d->hi - d->lo) * (t + 1) / 2));
}

static inline double f_at(const umbra_fit_desc *d, double x) {
  return d->function ? umbra_function_value(d->function, x) : d->f(x, d->user);
}

static inline double error_at(const umbra_fit_desc *d, const double *c, uint32_t degree, double x) {
  return (double)(f_at(d, x) - fit_value(c, degree, (2.0L * x - d->lo - d->hi) / ((long double)d->hi - d->lo)));
}

/* At least as many waves of nearly the full height as prove that no polynomial of the degree has an error 1 % less. */
static inline void check_alternation(const umbra_fit_desc *d, const double *c, double largest) {
  const int steps = 60 * (int)(d->degree + 2);
  double last = 0, wave = 0;
  uint32_t waves = 0;
  for (int i = 0; i <= steps; i++) {
    double x = x_of(d, -cosl(acosl(-1) * i / steps));
    if (d->gap_lo < x && x < d->gap_hi) x = x - d->gap_lo < d->gap_hi - x ? d->gap_lo : d->gap_hi;
    double error = error_at(d, c, d->degree, x);
    if (!(fabs(error) <= largest * (1 + 1e-3) + 1e-15)) fail_msg("error %g above %g at %g", error, largest, x);
    if (fabs(error) < 0.99 * largest) continue;
    wave = error > 0 ? 1 : -1;
    waves += wave != last;
    last = wave;
  }
  if (waves < d->degree + 2) fail_msg("[%g, %g], degree %u: %u waves of %g", d->lo, d->hi, d->degree, waves, largest);
}

#endif
