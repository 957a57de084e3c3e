/* SPDX-License-Identifier: Apache-2.0 */
#include "ops.h"

#include <math.h>

#include "../../kernels/modarith.h"
#include "whole.h"

static const uint32_t montgomery_shift = 32;

static double whole_number(int64_t value, uint32_t shift) { return ldexp((double)value, (int)shift); }

void umbra_ring_mul_integer(const umbra_ring *ring, umbra_stream *stream, const umbra_view *dst, const umbra_view *a,
                            int64_t value, uint32_t shift) {
  uint32_t residues[UMBRA_MAX_PRIMES];
  const umbra_whole_kernels *whole = umbra_ring_whole(ring);
  if (whole) {
    UMBRA_ENQUEUE(whole->add_multiple, stream, dst, NULL, a, whole_number(value, shift));
    return;
  }
  umbra_ring_residues(ring, dst, value, shift, residues);
  UMBRA_ENQUEUE(umbra_ring_kernels(ring)->mul_const, stream, dst, a, residues);
}

void umbra_ring_add_multiple(const umbra_ring *ring, umbra_stream *stream, const umbra_view *dst, const umbra_view *a,
                             int64_t value, uint32_t shift) {
  uint32_t residues[UMBRA_MAX_PRIMES];
  const umbra_whole_kernels *whole = umbra_ring_whole(ring);
  if (whole) {
    UMBRA_ENQUEUE(whole->add_multiple, stream, dst, dst, a, whole_number(value, shift));
    return;
  }
  umbra_ring_residues(ring, dst, value, shift, residues);
  UMBRA_ENQUEUE(umbra_ring_kernels(ring)->add_multiple, stream, dst, a, residues);
}

void umbra_ring_add_integer(const umbra_ring *ring, umbra_stream *stream, const umbra_view *dst, const umbra_view *a,
                            int64_t value, uint32_t shift) {
  uint32_t residues[UMBRA_MAX_PRIMES];
  const umbra_whole_kernels *whole = umbra_ring_whole(ring);
  if (whole) {
    UMBRA_ENQUEUE(whole->add_integer, stream, dst, a, whole_number(value, shift));
    return;
  }
  umbra_ring_residues(ring, dst, value, shift + montgomery_shift, residues);
  UMBRA_ENQUEUE(umbra_ring_kernels(ring)->add_const, stream, dst, a, residues);
}

/* ---- sums ---- */

/* A call for each summand. */
static void sum_each(const umbra_ring *ring, umbra_stream *stream, const umbra_view *dst,
                     const umbra_ring_summands *of) {
  const umbra_view both = umbra_view_polys(dst, 0, 2), c0 = umbra_view_poly(dst, 0);
  for (uint32_t i = 0; i < of->products; i++) umbra_ring_tensor(ring, stream, dst, &of->a[i], &of->b[i], i > 0);
  if (of->twice) umbra_ring_add(ring, stream, dst, dst, dst);
  for (uint32_t i = 0; i < of->multiples; i++) {
    const int first = !i && !of->products;
    (first ? umbra_ring_mul_integer : umbra_ring_add_multiple)(ring, stream, &both, &of->x[i], of->factor[i].value,
                                                               of->factor[i].shift);
  }
  if (of->constant.value) umbra_ring_add_integer(ring, stream, &c0, &c0, of->constant.value, of->constant.shift);
}

static void sum_at_once(const umbra_ring *ring, umbra_stream *stream, const umbra_view *dst,
                        const umbra_ring_summands *of) {
  enum { MOST = 8 }; /* multiples of one call */
  uint32_t residues[MOST][UMBRA_MAX_PRIMES], constant[UMBRA_MAX_PRIMES];
  const uint32_t *c[MOST];
  const umbra_integer *k = &of->constant;
  const umbra_sum_of sum = {.a = of->a,
                            .b = of->b,
                            .products = of->products,
                            .twice = of->twice,
                            .x = of->x,
                            .c = c,
                            .multiples = of->multiples,
                            .constant = k->value ? constant : NULL};
  if (of->multiples > MOST) {
    sum_each(ring, stream, dst, of);
    return;
  }
  for (uint32_t i = 0; i < of->multiples; i++) {
    umbra_ring_residues(ring, dst, of->factor[i].value, of->factor[i].shift, residues[i]);
    c[i] = residues[i];
  }
  if (k->value) umbra_ring_residues(ring, dst, k->value, k->shift + montgomery_shift, constant);
  UMBRA_ENQUEUE(umbra_ring_kernels(ring)->sum, stream, dst, &sum);
}

/* At once where launches cost; there is nothing to gain elsewhere, where the sum stays in a cache. */
void umbra_ring_sum(const umbra_ring *ring, umbra_stream *stream, const umbra_view *dst,
                    const umbra_ring_summands *of) {
  (umbra_ring_launch_limbs(ring) ? sum_at_once : sum_each)(ring, stream, dst, of);
}

void umbra_ring_primes_mod(const umbra_ring *ring, const umbra_view *view, uint32_t first, uint32_t count,
                           uint32_t *residues) {
  const umbra_chain *chain = umbra_ring_chain(ring);
  uint32_t limbs = umbra_view_limbs(view);
  for (uint32_t i = 0; i < limbs; i++) {
    uint32_t q = chain->prime[umbra_view_position(view, i)];
    residues[i] = 1;
    for (uint32_t k = first; k < first + count; k++) residues[i] = umbra_mod_mul(residues[i], chain->prime[k] % q, q);
  }
}

void umbra_ring_mul_primes(const umbra_ring *ring, umbra_stream *stream, const umbra_view *dst, const umbra_view *a,
                           uint32_t first, uint32_t count) {
  uint32_t residues[UMBRA_MAX_PRIMES];
  umbra_ring_primes_mod(ring, dst, first, count, residues);
  UMBRA_ENQUEUE(umbra_ring_kernels(ring)->mul_const, stream, dst, a, residues);
}

void umbra_ring_from_i64(const umbra_ring *ring, umbra_stream *stream, const umbra_view *dst, const int64_t *value,
                         uint32_t shift) {
  const umbra_kernels *kernels = umbra_ring_kernels(ring);
  UMBRA_ENQUEUE(kernels->lift ? kernels->lift : kernels->from_i64, stream, dst, value, shift);
  if (!kernels->lift) UMBRA_ENQUEUE(kernels->ntt_forward, stream, dst);
}

void umbra_ring_to_coefficients(const umbra_ring *ring, umbra_stream *stream, const umbra_view *dst,
                                const umbra_view *src) {
  uint32_t ones[UMBRA_MAX_PRIMES];
  for (uint32_t i = 0; i < UMBRA_MAX_PRIMES; i++) ones[i] = 1;
  UMBRA_ENQUEUE(umbra_ring_kernels(ring)->ntt_inverse, stream, dst, src, ones);
}

/* Whole limbs by the kernel, which uses all threads, and what is left from here; of a stream that is stopped, too. */
void umbra_ring_give_secret(umbra_ring *ring, umbra_stream *stream, void *memory, size_t bytes) {
  if (!memory) return;
  if (umbra_ring_whole(ring)) { /* it holds no secrets */
    umbra_ring_give(ring, memory, bytes);
    return;
  }
  static const uint8_t zeros[4096];
  size_t limb = umbra_ring_n(ring) * sizeof(uint32_t), limbs = bytes / limb;
  umbra_view whole = {.run = {{memory, 0, 1}}, .polys = (uint32_t)limbs, .stride = umbra_ring_n(ring)};
  umbra_ring_kernels(ring)->zero(stream, &whole);
  for (size_t done = limbs * limb; done < bytes; done += sizeof zeros)
    umbra_ring_upload_public(ring, stream, (uint8_t *)memory + done, zeros,
                             bytes - done < sizeof zeros ? bytes - done : sizeof zeros);
  umbra_ring_give(ring, memory, bytes);
}
