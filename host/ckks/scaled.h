/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ciphertexts inside a circuit: at a level of their own, which may exist only inside a refresh, and with a planned scale
 * that need not be the level's. Constants absorb the differences, so equal scales meet exactly.
 */
#ifndef UMBRA_CKKS_SCALED_H
#define UMBRA_CKKS_SCALED_H

#include "objects.h"

typedef struct umbra_scaled {
  umbra_poly poly; /* 2 polynomials, evaluation domain, over the level's window; without data: none */
  uint32_t level;
  umbra_log2 log_scale;
  umbra_estimate estimate;
} umbra_scaled;

/* Memory for one; contents of the polynomials undefined, estimate zero. */
umbra_status umbra_scaled_make(umbra_scaled *made, const umbra_context *context, uint32_t level, umbra_log2 log_scale);
void umbra_scaled_destroy(umbra_scaled *scaled, const umbra_context *context); /* also of a zeroed one */

/* Whether a level's limbs are among those of another, so that going down to it is forgetting limbs. */
int umbra_level_contains(const umbra_chain *chain, uint32_t level, uint32_t lower);

/* The ciphertext's polynomials as they are at a lower level whose limbs it has: nothing is computed. */
umbra_view umbra_scaled_view(const umbra_scaled *scaled, const umbra_context *context, uint32_t level);

#endif
