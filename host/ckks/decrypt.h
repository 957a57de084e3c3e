/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UMBRA_CKKS_DECRYPT_H
#define UMBRA_CKKS_DECRYPT_H

#include "ciphertext_internal.h"
#include "encoder.h"

/*
 * All slots as pairs, and the largest |coefficient|; nothing is asked about ranges. Errors: as umbra_decrypt_decode,
 * RANGE only for what no double holds; with `any` that is left infinite, or no number.
 */
umbra_status umbra_decrypt_pairs(double *pairs, double *largest, const umbra_ciphertext *ciphertext,
                                 const umbra_secret_key *key, int any);

/* Noise for all n coefficients: low + 2^62 high, both below 2^62 in size. */
enum { UMBRA_NOISE_SHIFT = 62 };
typedef struct umbra_coefficient_noise {
  const int64_t *low, *high;
} umbra_coefficient_noise;

/*
 * Decryption as above with noise, which is added before anything is decoded, and of the first `slots` slots as a vector of so many
 * has them: a power of two, at most the ciphertext's.
 */
umbra_status umbra_decrypt_flooded(double *pairs, uint32_t slots, const umbra_ciphertext *ciphertext,
                                   const umbra_secret_key *key, const umbra_coefficient_noise *noise);

#endif
