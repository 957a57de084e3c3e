/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ring automorphism in the evaluation domain, as moves of whole vectors.
 *
 * In natural order k = brev(i) the map is affine: k -> galois k + (galois - 1) / 2 mod n. The lane of i is made of the
 * high bits of k and its vector of the low bits; no carry goes down, so a vector of results comes from one vector of
 * src, by a permutation that depends only on galois and on what the low bits carry into the high ones.
 *
 * For the same reason the vectors of a group, which differ in the high bits of their reversed index only, come from one
 * group, and so do those that go to one: a few additions find the way of each.
 */
#ifndef UMBRA_KERNELS_CPU_ROUTE_H
#define UMBRA_KERNELS_CPU_ROUTE_H

#include "simd.h"

enum { GROUP_LOG = UMBRA_MIN_LOG_N - VEC_LOG, GROUP = 1 << GROUP_LOG /* vectors */ };

typedef struct route {
  uint32_t galois, inverse;            /* one another's inverse modulo 2^32 */
  uint32_t bits;                       /* of the index of a vector */
  uint32_t reversed[GROUP];            /* the numbers of GROUP_LOG bits in reverse order */
  uint32_t lane[VEC_WORDS][VEC_WORDS]; /* [carry]: a permutation */
} route;

/* The low `bits` bits of all numbers of that length in reverse order. */
static void bit_reversals(uint32_t *reversed, uint32_t bits) {
  reversed[0] = 0;
  for (uint32_t i = 1; i < 1u << bits; i++) reversed[i] = reversed[i >> 1] >> 1 | (i & 1) << (bits - 1);
}

static void route_make(route *r, uint32_t galois, uint32_t log_n) {
  uint32_t lane[VEC_WORDS];
  *r = (route){.galois = galois, .inverse = 0u - umbra_mont_neg_inv(galois), .bits = log_n - VEC_LOG};
  bit_reversals(lane, VEC_LOG);
  bit_reversals(r->reversed, GROUP_LOG);
  for (uint32_t carry = 0; carry < VEC_WORDS; carry++) {
    for (uint32_t i = 0; i < VEC_WORDS; i++) r->lane[carry][i] = lane[(galois * lane[i] + carry) % VEC_WORDS];
  }
}

/* The vectors of a group, from vector `first` on, by the offset of what they are paired with, and the carry for the lane. */
static inline void group_sources(uint32_t source[GROUP], const route *r, uint32_t first) {
  const uint32_t low = r->bits - GROUP_LOG, k = umbra_bit_reverse(first, r->bits) * r->galois + r->galois / 2;
  const uint32_t step = r->galois << low, begin = umbra_bit_reverse(k & ((1u << low) - 1), r->bits);
  for (uint32_t i = 0; i < GROUP; i++) {
    const uint32_t at = k + r->reversed[i] * step, carry = (at >> r->bits) % VEC_WORDS;
    source[i] = (begin + r->reversed[(at >> low) % GROUP]) * VEC_WORDS + carry;
  }
}

/* Where the vectors of a group of src go, and the carry of the lane there. */
static inline void group_targets(uint32_t target[GROUP], const route *r, uint32_t first) {
  const uint32_t low = r->bits - GROUP_LOG, mask = (1u << r->bits) - 1;
  const uint32_t k = (umbra_bit_reverse(first, r->bits) - r->galois / 2) * r->inverse, step = r->inverse << low;
  const uint32_t begin = umbra_bit_reverse(k & ((1u << low) - 1), r->bits);
  for (uint32_t i = 0; i < GROUP; i++) {
    const uint32_t at = (k + r->reversed[i] * step) & mask, back = at * r->galois + r->galois / 2;
    target[i] = (begin + r->reversed[at >> low]) * VEC_WORDS + (back >> r->bits) % VEC_WORDS;
  }
}

#endif
