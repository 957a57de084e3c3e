/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A ring on a device that holds no residues (umbra_whole_kernels): what the operations of this layer are there, as wholes.
 * Each of them asks first, and nothing above knows. What stays in place of key switches and divisions is what they mean
 * for the message, and the noise that is expected of them.
 */
#ifndef UMBRA_RING_WHOLE_H
#define UMBRA_RING_WHOLE_H

#include "divide.h"
#include "hoist.h"
#include "key_switch.h"

/* NULL: the ring has residues. */
static inline const umbra_whole_kernels *umbra_ring_whole(const umbra_ring *ring) {
  return umbra_ring_kernels(ring)->whole;
}

/* See umbra_divide; the auxiliary primes of x count as 1. dst: one polynomial, a ciphertext, or several of two parts. */
void umbra_whole_divide(const umbra_ring *ring, umbra_stream *stream, const umbra_view *dst, umbra_window to,
                        const umbra_dividend *x);

/* See umbra_switch, ..._sum, ..._add and ..._many: the polynomial that is switched is 0. */
void umbra_whole_switch(umbra_ring *ring, umbra_stream *stream, const umbra_view *dst, umbra_window to,
                        const umbra_switch_of *of);
void umbra_whole_switch_sum(umbra_ring *ring, umbra_stream *stream, const umbra_view *dst,
                            const umbra_rotation *rotation, size_t count, const umbra_switch_of *of);
void umbra_whole_switch_add(umbra_ring *ring, umbra_stream *stream, const umbra_view *sum, const umbra_switch_of *of);
void umbra_whole_switch_many(umbra_ring *ring, umbra_stream *stream, const umbra_view *dst,
                             const umbra_rotation *rotation, size_t count, const umbra_switch_of *of);

/* See umbra_hoisted_sums. */
umbra_status umbra_whole_hoisted_sums(umbra_ring *ring, umbra_stream *stream, const umbra_view *dst,
                                      const umbra_hoist *hoist);

/* dst (2 polynomials) = src, of the lowest modulus, raised through the ephemeral secret: m + q_0 I. */
void umbra_whole_raise(umbra_ring *ring, umbra_stream *stream, const umbra_view *dst, const umbra_view *src);

/* dst_0 += an error whose coefficients have that variance. */
void umbra_whole_add_error(const umbra_ring *ring, umbra_stream *stream, const umbra_view *dst, const umbra_view *src,
                           double variance);

#endif
