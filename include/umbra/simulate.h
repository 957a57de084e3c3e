/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a computation gives, in the clear and in milliseconds, refreshes included, before there are keys: the computation
 * itself runs on the device "sim", slot by slot in binary64, with the noise that a real run is expected to have.
 *
 *     umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .preset = "boot-64k-40", .device = "sim"};
 *     umbra_context_create(&context, &desc);
 *     umbra_evaluator_create(&evaluator, context, NULL);
 *     umbra_encode(&plaintext, context, values, count, NULL);
 *     umbra_sim_ciphertext(&x, plaintext);
 *     ... any operations on x ...
 *     umbra_sim_decode(values, count, x);
 *
 * Other inputs are umbra_sim_matrix, umbra_sim_logistic, and umbra_trainer_create with records; results are read by
 * umbra_sim_matrix_decode and umbra_sim_logistic_decode. A bound on what samples show: umbra_range_calibration of
 * umbra/range.h.
 *
 * Levels, bounds on magnitude and error, and refusals are those of a real run. Only the literal name "sim" opens such a
 * device: "auto" and UMBRA_BACKEND never do. It keeps no secrets: what it calls ciphertexts are values. So keys cannot be
 * made, nothing is saved or loaded (UNSUPPORTED), and its objects are not used together with those of other contexts
 * (MISMATCH); the text is "a simulation has no keys and no ciphertexts". Evaluators find every key that they look for, and
 * umbra_context_needs says which. Plaintexts are encoded and decoded as ever.
 *
 * Noise is Gaussian, of the variance that the library expects of each step for a uniform ternary secret: encryption,
 * rounding in divisions, key switches. Rounding of plaintexts and constants is done, not drawn. The overflows that a
 * refresh removes are drawn as the ephemeral secret makes them; without noise (umbra_sim_options.exact), too, as they
 * lead to the errors of its sine. Equal seeds and equal calls, in one thread, give equal values.
 *
 * Limits. Values have 53 bits: an operation's own error is about 2^-52 of the largest slot, so beyond scales of 2^50 it
 * may exceed the noise. A refresh adds about 2^-30 of its bound at n = 2^16, which is less than the error of its
 * polynomial. Values that exceed the modulus of their level do not wrap around, as real ones do: they stay what they are,
 * and become infinite where they, times their scale (a product's scale before it is rescaled), exceed what doubles hold.
 *
 * Memory: 8 n bytes for a polynomial whatever its level; keys take none. At n = 2^16 one core takes less than a
 * millisecond for a product or a rotation, and a tenth of a second for a refresh.
 */
#ifndef UMBRA_SIMULATE_H
#define UMBRA_SIMULATE_H

#include <umbra/ciphertext.h>

UMBRA_BEGIN_DECLS

/*
 * An input of simulations: the plaintext as if encrypted with a public key, or with the secret key where parameters have
 * no public one. Errors: INVALID_ARGUMENT, OUT_OF_MEMORY, UNSUPPORTED (a plaintext of another device).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_sim_ciphertext(umbra_ciphertext **ciphertext,
                                                           const umbra_plaintext *plaintext);

/*
 * The first `count` values, count up to the slot count: real parts, or pairs (re, im). No key is needed, and no limit is
 * held against them. Errors: INVALID_ARGUMENT, RANGE (more values than slots; a slot is infinite, or no number),
 * OUT_OF_MEMORY, UNSUPPORTED (a ciphertext of another device).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_sim_decode(double *values, size_t count,
                                                       const umbra_ciphertext *ciphertext);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_sim_decode_complex(double *pairs, size_t count,
                                                               const umbra_ciphertext *ciphertext);

UMBRA_END_DECLS

#endif
