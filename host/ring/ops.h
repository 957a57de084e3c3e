/* SPDX-License-Identifier: Apache-2.0 */
/* The kernels as operations of a ring: what the layers above call. Formulas: kernels/kernels.h. */
#ifndef UMBRA_RING_OPS_H
#define UMBRA_RING_OPS_H

#include "../device/enqueue.h"
#include "ring.h"

static inline void umbra_ring_upload(const umbra_ring *ring, umbra_stream *stream, void *device_dst,
                                     const void *host_src, size_t bytes) {
  umbra_session_upload(umbra_ring_session(ring), stream, device_dst, host_src, bytes);
}

/* Of what anybody may see. */
static inline void umbra_ring_upload_public(const umbra_ring *ring, umbra_stream *stream, void *device_dst,
                                            const void *host_src, size_t bytes) {
  umbra_session_upload_public(umbra_ring_session(ring), stream, device_dst, host_src, bytes);
}

/* Words of a polynomial. */
static inline void umbra_poly_upload(const umbra_poly *poly, const umbra_ring *ring, umbra_stream *stream,
                                     void *device_dst, const void *host_src, size_t bytes) {
  (poly->secret ? umbra_ring_upload : umbra_ring_upload_public)(ring, stream, device_dst, host_src, bytes);
}

/* The bytes are there when umbra_ring_wait has returned. */
static inline void umbra_ring_download(const umbra_ring *ring, umbra_stream *stream, void *host_dst,
                                       const void *device_src, size_t bytes) {
  umbra_session_download(umbra_ring_session(ring), stream, host_dst, device_src, bytes);
}

static inline void umbra_ring_expand(const umbra_ring *ring, umbra_stream *stream, const umbra_view *dst,
                                     const uint8_t seed[UMBRA_SEED_BYTES], uint64_t first) {
  UMBRA_ENQUEUE(umbra_ring_kernels(ring)->expand, stream, dst, seed, first);
}

static inline void umbra_ring_add(const umbra_ring *ring, umbra_stream *stream, const umbra_view *dst,
                                  const umbra_view *a, const umbra_view *b) {
  UMBRA_ENQUEUE(umbra_ring_kernels(ring)->add, stream, dst, a, b);
}

static inline void umbra_ring_sub(const umbra_ring *ring, umbra_stream *stream, const umbra_view *dst,
                                  const umbra_view *a, const umbra_view *b) {
  UMBRA_ENQUEUE(umbra_ring_kernels(ring)->sub, stream, dst, a, b);
}

static inline void umbra_ring_negate(const umbra_ring *ring, umbra_stream *stream, const umbra_view *dst,
                                     const umbra_view *a) {
  UMBRA_ENQUEUE(umbra_ring_kernels(ring)->negate, stream, dst, a);
}

static inline void umbra_ring_copy(const umbra_ring *ring, umbra_stream *stream, const umbra_view *dst,
                                   const umbra_view *src) {
  UMBRA_ENQUEUE(umbra_ring_kernels(ring)->copy, stream, dst, src);
}

static inline void umbra_ring_zero(const umbra_ring *ring, umbra_stream *stream, const umbra_view *dst) {
  UMBRA_ENQUEUE(umbra_ring_kernels(ring)->zero, stream, dst);
}

static inline void umbra_ring_mul(const umbra_ring *ring, umbra_stream *stream, const umbra_view *dst,
                                  const umbra_view *a, const umbra_view *b) {
  UMBRA_ENQUEUE(umbra_ring_kernels(ring)->mul, stream, dst, a, b);
}

static inline void umbra_ring_mul_add(const umbra_ring *ring, umbra_stream *stream, const umbra_view *dst,
                                      const umbra_view *a, const umbra_view *b) {
  UMBRA_ENQUEUE(umbra_ring_kernels(ring)->mul_add, stream, dst, a, b);
}

static inline void umbra_ring_plain_products(const umbra_ring *ring, umbra_stream *stream, const umbra_view *dst,
                                             const umbra_view *plain, const umbra_view *a, uint32_t terms,
                                             uint32_t log_gap) {
  UMBRA_ENQUEUE(umbra_ring_kernels(ring)->plain_products, stream, dst, plain, a, terms, log_gap);
}

static inline void umbra_ring_tensor(const umbra_ring *ring, umbra_stream *stream, const umbra_view *dst,
                                     const umbra_view *a, const umbra_view *b, int accumulate) {
  UMBRA_ENQUEUE(umbra_ring_kernels(ring)->tensor, stream, dst, a, b, accumulate);
}

static inline void umbra_ring_automorphism(const umbra_ring *ring, umbra_stream *stream, const umbra_view *dst,
                                           const umbra_view *src, uint32_t galois) {
  UMBRA_ENQUEUE(umbra_ring_kernels(ring)->automorphism, stream, dst, src, galois);
}

/* dst = a * value * 2^shift. */
void umbra_ring_mul_integer(const umbra_ring *ring, umbra_stream *stream, const umbra_view *dst, const umbra_view *a,
                            int64_t value, uint32_t shift);

/* dst = dst + a * value * 2^shift. */
void umbra_ring_add_multiple(const umbra_ring *ring, umbra_stream *stream, const umbra_view *dst, const umbra_view *a,
                             int64_t value, uint32_t shift);

/* dst = a + value * 2^shift, both in the evaluation domain. */
void umbra_ring_add_integer(const umbra_ring *ring, umbra_stream *stream, const umbra_view *dst, const umbra_view *a,
                            int64_t value, uint32_t shift);

/* An integer, value * 2^shift. */
typedef struct umbra_integer {
  int64_t value;
  uint32_t shift;
} umbra_integer;

/* products, or twice them, + multiples + constant: see umbra_sum_of. Arrays; constant: value 0: none. */
typedef struct umbra_ring_summands {
  const umbra_view *a, *b;
  uint32_t products;
  int twice;
  const umbra_view *x;
  const umbra_integer *factor;
  uint32_t multiples;
  umbra_integer constant;
} umbra_ring_summands;

/* dst, 3 polynomials if there are products and 2 otherwise, = that sum. */
void umbra_ring_sum(const umbra_ring *ring, umbra_stream *stream, const umbra_view *dst, const umbra_ring_summands *of);

/* residues[i] = the product of the primes at positions [first, first + count) modulo the prime of limb i of the view. */
void umbra_ring_primes_mod(const umbra_ring *ring, const umbra_view *view, uint32_t first, uint32_t count,
                           uint32_t *residues);

/* dst = a * the product of the primes at positions [first, first + count). */
void umbra_ring_mul_primes(const umbra_ring *ring, umbra_stream *stream, const umbra_view *dst, const umbra_view *a,
                           uint32_t first, uint32_t count);

/* Evaluation domain of the polynomials with coefficients value[p * n + j] * 2^shift; value: device memory. */
void umbra_ring_from_i64(const umbra_ring *ring, umbra_stream *stream, const umbra_view *dst, const int64_t *value,
                         uint32_t shift);

/* Plain coefficients of src, out of the evaluation domain. */
void umbra_ring_to_coefficients(const umbra_ring *ring, umbra_stream *stream, const umbra_view *dst,
                                const umbra_view *src);

/* Gives memory that held secrets back, overwritten with zeros. */
void umbra_ring_give_secret(umbra_ring *ring, umbra_stream *stream, void *memory, size_t bytes);

#endif
