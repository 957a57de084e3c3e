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

#endif
