/* SPDX-License-Identifier: Apache-2.0 */
/* Polynomials of ciphertexts, slot by slot, in the Chebyshev basis. */
#ifndef UMBRA_POLYNOMIAL_H
#define UMBRA_POLYNOMIAL_H

#include <umbra/evaluator.h>

UMBRA_BEGIN_DECLS

enum { UMBRA_MAX_DEGREE = 255 };

/* How a polynomial is made to stand for a function on an interval. */
typedef enum umbra_fit {
  UMBRA_FIT_LEAST_SQUARES = 0, /* least squares over the interval */
  UMBRA_FIT_CHEBYSHEV = 1      /* interpolation in Chebyshev's nodes */
} umbra_fit;
/* What is to be fitted: f, and the interval [lo, hi] on which the fit holds. */
typedef struct umbra_fit_desc {
  size_t struct_size;
  double (*f)(double x, void *user);
  void *user;
  double lo, hi;
} umbra_fit_desc;
#define UMBRA_FIT_DESC_INIT .struct_size = sizeof(umbra_fit_desc), .lo = -1, .hi = 1
UMBRA_API void umbra_fit_desc_init(umbra_fit_desc *desc, size_t size);
#define umbra_fit_desc_init(desc) umbra_fit_desc_init((desc), sizeof *(desc))

/*
 * A polynomial of degree d has d + 1 coefficients.
 *
 * Chebyshev interpolant: f(x) ~ sum coefficients[k] T_k(t), t = (2 x - lo - hi) / (hi - lo). *max_error (may be NULL)
 * becomes the largest error found on a fine grid. Errors: INVALID_ARGUMENT, RANGE (f not finite).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_chebyshev_fit(double *coefficients, double *max_error, uint32_t degree,
                                                          const umbra_fit_desc *desc);

/* The same polynomial in the clear. */
UMBRA_API double umbra_chebyshev_value(const double *coefficients, uint32_t degree, double t);

/*
 * out = sum coefficients[k] T_k(x) for slots of x that are real and in [-1, 1]: outside, T_k grows so fast that it may
 * wrap and spoil all slots, and the tracked bounds assume that this does not happen. If the bound of x is more than 1, out
 * has UMBRA_DOUBT_INTERVAL, and a strict evaluator refuses (RANGE); see umbra/range.h. Takes
 * umbra_chebyshev_depth(degree) levels: the Chebyshev basis is split as in Paterson and Stockmeyer (Bossuat et al.,
 * eprint 2020/1203). Needs the relinearisation key. Zero coefficients cost nothing, so odd and even polynomials are
 * cheaper.
 * Errors: those of umbra_mul, RANGE (coefficients not finite).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_chebyshev_eval(umbra_evaluator *evaluator, umbra_ciphertext **out,
                                                           const umbra_ciphertext *x, const double *coefficients,
                                                           uint32_t degree);

/* Levels that umbra_chebyshev_eval takes for a polynomial of that degree: ceil(log2(degree + 1)). */
UMBRA_API uint32_t umbra_chebyshev_depth(uint32_t degree);

UMBRA_END_DECLS

#endif
