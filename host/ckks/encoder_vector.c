/* SPDX-License-Identifier: Apache-2.0 */
#include "encoder_vector.h"

#include <math.h>

#include "../../kernels/modarith.h"
#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "../ring/ops.h"
#include "dry.h"

umbra_status umbra_slot_at_create(uint32_t **slot_at, uint32_t log_n) {
  uint32_t log_m = log_n - 1, m = 1u << log_m, *slot;
  UMBRA_TRY(umbra_alloc(&slot, m, sizeof *slot, "the slot order"));
  uint32_t power = 1; /* 5^j mod 4m */
  for (uint32_t j = 0; j < m; j++) {
    slot[umbra_bit_reverse((power - 1) / 4, log_m)] = j;
    power = power * 5u & (4 * m - 1);
  }
  *slot_at = slot;
  return UMBRA_OK;
}

umbra_slot_order umbra_slot_order_of(const umbra_context *context, uint32_t slots) {
  return (umbra_slot_order){context->slot_at, umbra_context_chain(context)->log_n - 1 - umbra_ceil_log2(slots),
                            slots - 1};
}

void umbra_each_stretch(const umbra_context *context, size_t count, umbra_parallel_body *body, const void *data) {
  umbra_parallel(umbra_ring_threads(context->ring), (uint32_t)umbra_quotient_above(count, UMBRA_STRETCH), body, data);
}

double umbra_largest_of(const double *values, size_t count) {
  double largest = 0;
  for (size_t i = 0; i < count; i++) largest = fmax(largest, values[i]);
  return largest;
}

umbra_status umbra_slot_vector_create(umbra_slot_vector *v, const umbra_context *context, uint32_t m) {
  umbra_slot_vector made = {.m = m};
  void *device;
  UMBRA_TRY(umbra_ring_take(context->ring, &device, umbra_slot_vector_bytes(&made), "the encoder's workspace"));
  made.device_re = device;
  made.device_im = made.device_re + m;
  if (umbra_ring_kernels(context->ring)->host_memory) {
    made.re = made.device_re;
  } else if (umbra_context_has_values(context)) {
    umbra_status status = umbra_alloc(&made.re, 2 * (size_t)m, sizeof(double), "the encoder's workspace");
    if (status != UMBRA_OK) {
      umbra_ring_give(context->ring, device, umbra_slot_vector_bytes(&made));
      return status;
    }
  }
  if (made.re) made.im = made.re + m;
  *v = made;
  return UMBRA_OK;
}

void umbra_slot_vector_destroy(umbra_slot_vector *v, const umbra_context *context, umbra_stream *stream) {
  if (umbra_slot_vector_has_copy(v)) umbra_wipe_and_free(v->re, umbra_slot_vector_bytes(v));
  if (v->known) umbra_ring_give(context->ring, v->device_re, umbra_slot_vector_bytes(v));
  else umbra_ring_give_secret(context->ring, stream, v->device_re, umbra_slot_vector_bytes(v));
}

umbra_status umbra_slot_vector_transform(umbra_slot_vector *v, const umbra_context *context, umbra_stream *stream,
                                         umbra_slot_transform run) {
  if (umbra_slot_vector_has_copy(v))
    umbra_ring_upload(context->ring, stream, v->device_re, v->re, umbra_slot_vector_bytes(v));
  UMBRA_ENQUEUE(run, stream, v->device_re, v->device_im, umbra_ceil_log2(v->m), 1);
  if (umbra_slot_vector_has_copy(v))
    umbra_ring_download(context->ring, stream, v->re, v->device_re, umbra_slot_vector_bytes(v));
  return umbra_ring_wait(context->ring, stream);
}
