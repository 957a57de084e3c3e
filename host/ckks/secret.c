/* SPDX-License-Identifier: Apache-2.0 */
#include "secret.h"

#include <sodium.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../ring/ops.h"

/* Bytes as 64-bit integers, through a small buffer that is wiped. */
static void widen(const umbra_context *context, umbra_stream *stream, int64_t *device, const int8_t *values,
                  size_t count) {
  int64_t wide[512];
  for (size_t done = 0; done < count; done += sizeof wide / sizeof *wide) {
    size_t batch = count - done < sizeof wide / sizeof *wide ? count - done : sizeof wide / sizeof *wide;
    for (size_t i = 0; i < batch; i++) wide[i] = values[done + i];
    umbra_ring_upload(context->ring, stream, device + done, wide, batch * sizeof *wide);
  }
  sodium_memzero(wide, sizeof wide);
}

umbra_status umbra_small_integers(int64_t **integers, const umbra_context *context, umbra_stream *stream,
                                  const int8_t *values, uint32_t polys) {
  size_t count = (size_t)umbra_ring_n(context->ring) * polys;
  void *device;
  UMBRA_TRY(umbra_ring_take(context->ring, &device, count * sizeof(int64_t), "small coefficients"));
  widen(context, stream, device, values, count);
  *integers = device;
  return UMBRA_OK;
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
  size_t count = (size_t)n * polys;
  int8_t *memory = umbra_alloc_must_fail() ? NULL : sodium_malloc(count);
  if (!memory) return umbra_fail(UMBRA_ERROR_OUT_OF_MEMORY, "cannot allocate %zu bytes of guarded memory", count);
  sampler(random, memory, count);
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
