/* SPDX-License-Identifier: Apache-2.0 */
/* Polynomials of ciphertexts, slot by slot, in the Chebyshev basis. */
#ifndef UMBRA_POLYNOMIAL_H
#define UMBRA_POLYNOMIAL_H

#include <umbra/evaluator.h>
#include <umbra/fit.h>

UMBRA_BEGIN_DECLS

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

/*
 * outs[i] = the polynomial with coefficients[i], of degree degrees[i], at x: the same bits as one by one, but the T_k(x)
 * are made once for all. Each takes its own levels. outs[i] are distinct handles or NULL; x may be one of them. count: 1
 * to 64. Errors: as above.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_chebyshev_eval_many(umbra_evaluator *evaluator, umbra_ciphertext **outs,
                                                                const umbra_ciphertext *x,
                                                                const double *const *coefficients,
                                                                const uint32_t *degrees, size_t count);

/*
 * t = (2 x - lo - hi) / (hi - lo), the input of polynomials that were fitted on [lo, hi]: for values of x in that interval
 * t is in [-1, 1]; the bound of t says so only if the interval lies about 0 (else declare it: umbra/range.h). Takes one
 * level, or none if hi - lo = 2. Where the numbers that x is made of can be scaled beforehand, that costs nothing at all.
 * Errors: INVALID_ARGUMENT, NO_LEVEL, RANGE.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_chebyshev_input(umbra_evaluator *evaluator, umbra_ciphertext **t,
                                                            const umbra_ciphertext *x, double lo, double hi);

UMBRA_END_DECLS

#endif
