/* SPDX-License-Identifier: Apache-2.0 */
/* Uniform polynomials that are known by their seed. */
#ifndef UMBRA_CKKS_UNIFORM_H
#define UMBRA_CKKS_UNIFORM_H

#include "context_internal.h"

/* Polynomial `index` of poly = the expansion of the seed under that nonce. */
void umbra_uniform_expand(const umbra_poly *poly, const umbra_context *context, umbra_stream *stream, uint32_t index,
                          const uint8_t seed[UMBRA_SEED_BYTES], uint64_t nonce);

#endif
