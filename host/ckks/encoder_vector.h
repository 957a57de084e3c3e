/* SPDX-License-Identifier: Apache-2.0 */
/* What encoding and decoding share: vectors of slots where the kernels' transforms work, and the order of slots in them. */
#ifndef UMBRA_CKKS_ENCODER_VECTOR_H
#define UMBRA_CKKS_ENCODER_VECTOR_H

#include "../../kernels/parallel.h"
#include "context_internal.h"

/* ---- order ---- */

/*
 * The slot at every index for m = n / 2. That at index t for a smaller m is entry t 2^b, b the bits that m has fewer,
 * modulo m.
 */
umbra_status umbra_slot_at_create(uint32_t **slot_at, uint32_t log_n);

/* Which slot of a vector is where. */
typedef struct umbra_slot_order {
  const uint32_t *slot_at; /* of the longest vector */
  uint32_t shift, mask;    /* how this one's follows from it */
} umbra_slot_order;

umbra_slot_order umbra_slot_order_of(const umbra_context *context, uint32_t slots);

static inline uint32_t umbra_slot_at(const umbra_slot_order *order, size_t index) {
  return order->slot_at[index << order->shift] & order->mask;
}

/* ---- loops over values, cut into stretches, which threads share ---- */

enum { UMBRA_STRETCH = 2048, UMBRA_STRETCHES = (1 << UMBRA_MAX_LOG_N) / UMBRA_STRETCH };

static inline size_t umbra_stretch_end(uint32_t stretch, size_t count) {
  size_t end = ((size_t)stretch + 1) * UMBRA_STRETCH;
  return end < count ? end : count;
}

void umbra_each_stretch(const umbra_context *context, size_t count, umbra_parallel_body *body, const void *data);

double umbra_largest_of(const double *values, size_t count);

/* ---- vectors ---- */

/* A complex vector in device memory, and where the host reads and writes it: there, if it can, else in a copy. */
typedef struct umbra_slot_vector {
  double *re, *im;               /* host, m each, one block; NULL on a dry device */
  double *device_re, *device_im; /* device, one block */
  uint32_t m;
  int known; /* it is no secret */
} umbra_slot_vector;

static inline size_t umbra_slot_vector_bytes(const umbra_slot_vector *v) { return 2 * (size_t)v->m * sizeof(double); }

static inline int umbra_slot_vector_has_copy(const umbra_slot_vector *v) { return v->re != v->device_re; }

umbra_status umbra_slot_vector_create(umbra_slot_vector *v, const umbra_context *context, uint32_t m);
void umbra_slot_vector_destroy(umbra_slot_vector *v, const umbra_context *context, umbra_stream *stream);

typedef void (*umbra_slot_transform)(umbra_stream *, double *, double *, uint32_t, uint32_t);

/* Waits for it. */
umbra_status umbra_slot_vector_transform(umbra_slot_vector *v, const umbra_context *context, umbra_stream *stream,
                                         umbra_slot_transform run);

#endif
