/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of a slot without a key: a bound on its magnitude, and an estimate of the standard deviation of its
 * error (Euclidean in the complex plane, in units of the message). Standard deviations of operands are added, which
 * holds whatever their correlation; fresh independent noise is added in squares. Only +, *, / and sqrt are used, so the
 * estimates are the same on every machine.
 *
 * Each rule is applied twice: to the bounds that hold if declarations do, and to the worst-case bounds, which know of
 * none. Doubts about operands are doubts about the result.
 *
 * An error polynomial with coefficients of standard deviation c has slots of standard deviation c * sqrt(n) / scale.
 */
#ifndef UMBRA_CKKS_NOISE_H
#define UMBRA_CKKS_NOISE_H

#include <float.h>
#include <math.h>

#include "../params/params.h"
#include "ciphertext_internal.h"

/*
 * The tracked bound is this many standard deviations. Errors are mostly rounding errors times the secret, and a product
 * of two complex Gaussians exceeds t deviations with probability 2 t K_1(2 t): for one of 2^16 slots below 2^-32 at 18.
 */
#define UMBRA_ERROR_DEVIATIONS 18.0

/*
 * A rounding error times the square of the secret is the product of an exponential and a Gaussian, which exceeds 54
 * deviations about as seldom as others exceed 18: three deviations are counted for one.
 */
#define UMBRA_TAIL_OF_SQUARE 3.0

/* Bounds as large as they can be. */
static const umbra_bound umbra_bound_unknown = {DBL_MAX, DBL_MAX};

/* Of a value of which nothing was declared yet. */
umbra_estimate umbra_estimate_of(double magnitude, double error);

/* Both bounds on the magnitude at most that, as whoever gave the value has promised. */
umbra_estimate umbra_estimate_within(umbra_estimate in, double most);

/* What holds of all `count` > 0 ciphertexts. */
umbra_estimate umbra_noise_largest(const umbra_ciphertext *const *x, size_t count);

/* Whether a sum of two squares has its bits: it is no overflow, and not so small that it lost some. */
static inline int umbra_is_whole_square(double square) { return (square > 0x1p-900) & (square <= DBL_MAX); }

/* |re + i im| where that is not so of its square; infinite if either is infinite, or no number. */
double umbra_modulus_scaled(double re, double im);

/* |re + i im| without overflow, from operations that every machine rounds alike. */
static inline double umbra_modulus(double re, double im) {
  const double square = re * re + im * im;
  return umbra_is_whole_square(square) ? sqrt(square) : umbra_modulus_scaled(re, im);
}

/* Rounding of a product with the secret, as every division leaves: coefficient variance n/18 + 1/12. */
umbra_estimate umbra_noise_round(umbra_estimate in, const umbra_chain *chain, uint32_t level);
umbra_estimate umbra_noise_round_at(umbra_estimate in, const umbra_chain *chain, umbra_log2 log_scale);

/* The same of a ciphertext of two parts or three. */
umbra_estimate umbra_noise_round_parts(umbra_estimate in, const umbra_chain *chain, umbra_log2 log_scale,
                                       uint32_t parts);

/* Fresh encryptions of a plaintext with the estimate `in`. */
umbra_estimate umbra_noise_encrypt(umbra_estimate in, const umbra_chain *chain, uint32_t level);
umbra_estimate umbra_noise_encrypt_symmetric(umbra_estimate in, const umbra_chain *chain, uint32_t level);

/* Whichever of the two there is: parameters without a public key have the other. */
umbra_estimate umbra_noise_fresh(umbra_estimate in, const umbra_params *params, uint32_t level);

/* Encoding of values up to `magnitude`: rounding of coefficients and of the transform. */
umbra_estimate umbra_noise_encode(double magnitude, const umbra_chain *chain, uint32_t level);

umbra_estimate umbra_noise_add(umbra_estimate a, umbra_estimate b);
umbra_estimate umbra_noise_mul(umbra_estimate a, umbra_estimate b);

/* Exact multiplication by a number of that absolute value. */
umbra_estimate umbra_noise_scale(umbra_estimate a, double factor);

/* An independent error of that standard deviation more. */
umbra_estimate umbra_noise_add_error(umbra_estimate in, double error);

/* Multiplication by a constant with relative error `relative` (magnitude unchanged otherwise). */
umbra_estimate umbra_noise_perturb(umbra_estimate a, double relative);

/*
 * Key switching at a level before its division: the error over the product of the auxiliary primes that the level uses, at
 * its scale.
 */
umbra_estimate umbra_noise_switch(umbra_estimate in, const umbra_chain *chain, uint32_t level);

/* The same of a message at that scale. */
umbra_estimate umbra_noise_switch_at(umbra_estimate in, const umbra_chain *chain, uint32_t level, umbra_log2 log_scale);

#endif
