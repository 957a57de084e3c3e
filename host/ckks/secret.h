/* SPDX-License-Identifier: Apache-2.0 */
/* Small secret polynomials: from signed bytes into the evaluation domain, leaving nothing behind. */
#ifndef UMBRA_CKKS_SECRET_H
#define UMBRA_CKKS_SECRET_H

#include "keys_internal.h"

/* n * polys signed bytes as integers in device memory, to be given back with umbra_ring_give_secret. */
umbra_status umbra_small_integers(int64_t **integers, const umbra_context *context, umbra_stream *stream,
                                  const int8_t *values, uint32_t polys);

/* Evaluation domain of small polynomials over dst's limbs (dst->polys of them). */
umbra_status umbra_small_expand(const umbra_view *dst, const umbra_context *context, umbra_stream *stream,
                                const int8_t *values);

typedef void (*umbra_sampler)(umbra_random *random, int8_t *values, size_t count);

/* n * polys samples in guarded memory; free with sodium_free. */
umbra_status umbra_small_sample(int8_t **values, const umbra_context *context, umbra_random *random,
                                umbra_sampler sampler, uint32_t polys);

/* umbra_small_sample and umbra_small_expand. */
umbra_status umbra_small_fresh(const umbra_view *dst, const umbra_context *context, umbra_stream *stream,
                               umbra_random *random, umbra_sampler sampler);

#endif
