/* SPDX-License-Identifier: Apache-2.0 */
#include "uniform.h"

#include "../ring/ops.h"

void umbra_uniform_expand(const umbra_poly *poly, const umbra_context *context, umbra_stream *stream, uint32_t index,
                          const uint8_t seed[UMBRA_SEED_BYTES], uint64_t nonce) {
  umbra_view view = umbra_poly_subview(poly, context->ring, index, 1, poly->window, poly->aux);
  umbra_ring_expand(context->ring, stream, &view, seed, nonce);
}
