/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The polynomials that take the overflow away: x = I + e, |I| <= K, |e| <= bound, becomes about e.
 *
 *   y = x / range - offset                      in [-1, 1]: (x - 1/4) / range
 *   c = sum over k of cosine[k] T_2k(y)         about (1 / 2 pi)^(1 / 2^r) cos(2 pi (x - 1/4) / 2^r)
 *   c = 2 c^2 - subtrahend[i], i = 0 .. r-1     about sin(2 pi x) / (2 pi) = sin(2 pi e) / (2 pi) at the end
 *   c = sum over odd k of arcsine[k] T_k(c)     about e; c itself at degree 1
 *
 * The cosine is a least-squares fit where the argument lies, near integers, and weighted by the probability of each
 * overflow, so that the mean square error after the double angles is least; the rarest overflows weigh more than their
 * probability, so that there, too, the result stays near e. Everything is computed by + - * / and sqrt, the same on
 * every machine.
 */
#ifndef UMBRA_CIRCUITS_BOOTSTRAP_SINE_H
#define UMBRA_CIRCUITS_BOOTSTRAP_SINE_H

#include <umbra/status.h>

#include "../../params/chain.h"

enum { UMBRA_SINE_TERMS = UMBRA_MAX_COSINE_DEGREE / 2 + 1, UMBRA_MAX_RATIO_BITS = 30 };

typedef struct umbra_sine {
  uint32_t overflow, degree, double_angles, arcsine_degree;
  double bound;                                 /* of |e|: the message ratio's, and a quarter more */
  double range, offset;                         /* K + 1/2, and 1/4 over it */
  double cosine[UMBRA_SINE_TERMS];              /* degree / 2 + 1 of them */
  double subtrahend[UMBRA_MAX_DOUBLE_ANGLES];   /* (1 / 2 pi)^(1 / 2^(r - 1 - i)) */
  double arcsine[UMBRA_MAX_ARCSINE_DEGREE + 1]; /* by degree; the even ones are 0 */
} umbra_sine;

/*
 * Numbers are exact ones, rounded once; only coefficients below 2^-40 may be off by more, up to 2^-80.
 * Errors: INVALID_ARGUMENT for a shape beyond the limits above; OUT_OF_MEMORY. Then *sine is unchanged.
 */
umbra_status umbra_sine_fit(umbra_sine *sine, const umbra_bootstrap_shape *shape);

/* All steps in the clear, on double-double numbers: the result at x = integer + e. */
double umbra_sine_value(const umbra_sine *sine, double integer, double e);

/* How far results are from what they should be. */
typedef struct umbra_sine_errors {
  double rms;                           /* of the cosine's fit, e uniform within its bound, I by its probability */
  double worst[UMBRA_MAX_OVERFLOW + 1]; /* of the cosine's fit, |e| within its bound, by |I| */
  double shape; /* largest of |e - sin(2 pi e) / (2 pi)|, or after the arcsine, |e| within its bound */
} umbra_sine_errors;

void umbra_sine_measure(umbra_sine_errors *errors, const umbra_sine *sine, uint32_t hamming);

#endif
