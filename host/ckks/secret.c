/* SPDX-License-Identifier: Apache-2.0 */
#include "secret.h"

#include <sodium.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../ring/ops.h"

static umbra_status guarded(void **memory, size_t bytes) {
  *memory = umbra_alloc_must_fail() ? NULL : sodium_malloc(bytes);
  if (*memory) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_OUT_OF_MEMORY, "cannot allocate %zu bytes of guarded memory", bytes);
}

umbra_status umbra_small_integers(int64_t **integers, const umbra_context *context, umbra_stream *stream,
                                  const int8_t *values, uint32_t polys) {
  size_t count = (size_t)umbra_ring_n(context->ring) * polys;
  void *host, *device;
  UMBRA_TRY(guarded(&host, count * sizeof(int64_t)));
  umbra_status status = umbra_ring_take(context->ring, &device, count * sizeof(int64_t), "small coefficients");
  if (status == UMBRA_OK) {
    int64_t *wide = host;
    for (size_t i = 0; i < count; i++) wide[i] = values[i];
    umbra_ring_kernels(context->ring)->upload(stream, device, host, count * sizeof(int64_t));
    *integers = device;
  }
  sodium_free(host);
  return status;
}

umbra_status umbra_small_expand(const umbra_view *dst, const umbra_context *context, umbra_stream *stream,
                                const int8_t *values) {
  int64_t *integers;
  UMBRA_TRY(umbra_small_integers(&integers, context, stream, values, dst->polys));
  umbra_ring_from_i64(context->ring, stream, dst, integers, 0);
  umbra_ring_give_secret(context->ring, stream, integers,
                         (size_t)umbra_ring_n(context->ring) * dst->polys * sizeof(int64_t));
  return UMBRA_OK;
}

umbra_status umbra_small_sample(int8_t **values, umbra_random *random, umbra_sampler sampler, uint32_t n,
                                uint32_t polys) {
  void *memory;
  UMBRA_TRY(guarded(&memory, (size_t)n * polys));
  sampler(random, memory, (size_t)n * polys);
  *values = memory;
  return UMBRA_OK;
}

umbra_status umbra_small_fresh(const umbra_view *dst, const umbra_context *context, umbra_stream *stream,
                               umbra_random *random, umbra_sampler sampler) {
  int8_t *values;
  UMBRA_TRY(umbra_small_sample(&values, random, sampler, umbra_ring_n(context->ring), dst->polys));
  umbra_status status = umbra_small_expand(dst, context, stream, values);
  sodium_free(values);
  return status;
}
