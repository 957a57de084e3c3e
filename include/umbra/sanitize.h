/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results that tell less about how they were computed, for a server whose weights are its own.
 *
 * Whoever decrypts a result sees its value, the noise under it, which depends on weights and on the order of operations,
 * and the uniform half of the ciphertext, from which anybody who knows the inputs can compute what was done with them.
 * umbra_sanitize adds an encryption of 0 by the owner's public key, which makes the uniform half independent of the
 * computation (under Ring-LWE, also for whoever has the secret key), and floods the noise as umbra/disclosure.h does, with
 * noise that it draws: views of N results, and of fresh encryptions of the same exact values with as much noise, differ by
 * a Kullback-Leibler divergence below 2^-s / 24. The bounds that a ciphertext has become powers of two, and the worst case
 * is forgotten, as these follow from weights, too.
 *
 * What remains is what the values tell: those of all slots, also of slots beside the results, the error of approximations,
 * which is part of the values; the level, the sizes of keys and ciphertexts, the time; and all this holds against whoever
 * decrypts what was made of honest inputs: a ciphertext that was made to break ranges wraps around, and its noise is
 * beyond any bound. Without a public key there is no sanitising, and whoever has the secret key sees what was computed.
 */
#ifndef UMBRA_SANITIZE_H
#define UMBRA_SANITIZE_H

#include <umbra/disclosure.h>

UMBRA_BEGIN_DECLS

/*
 * *out = the same value with that noise, at the same level; out may be x. key: of the owner of x, in its context.
 * options: releases: N, ciphertexts of results in all that the same private weights will give to this owner; statistical:
 * s; error_bound: E of a slot, as the server's plan has it, 0: the ciphertext's own, taken times 8 if it trusts
 * declarations; magnitude: of values, for bits and for the bound that the result has; least_bits as there. disclosure:
 * what it did, `error_bound` with the fresh encryption's error, id and step are 0; NULL: nobody asks.
 *
 * Errors: INVALID_ARGUMENT, MISMATCH (the key of another owner or parameter set), UNSUPPORTED (three parts; a dry device, a
 * simulation), RANGE (fewer bits than least_bits: the text says what would do), OUT_OF_MEMORY.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_sanitize(umbra_ciphertext **out, umbra_disclosure *disclosure,
                                                     const umbra_ciphertext *x, const umbra_public_key *key,
                                                     const umbra_disclosure_options *options);

UMBRA_END_DECLS

#endif
