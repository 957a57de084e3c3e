/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ring automorphism in the evaluation domain, as moves of whole vectors.
 *
 * In natural order k = brev(i) the map is affine: k -> galois k + (galois - 1) / 2 mod n. The lane of i is made of the
 * high bits of k and its vector of the low bits; no carry goes down, so a vector of results comes from one vector of
 * src, by a permutation that depends only on galois and on what the low bits carry into the high ones.
 *
 * Vectors come in groups, inside which the reversed index differs in its high bits only. For the same reason a group of
 * results comes from one group of src, and a few additions find the way of each vector: routes need no long tables.
 */
#ifndef UMBRA_KERNELS_CPU_ROUTE_H
#define UMBRA_KERNELS_CPU_ROUTE_H

#include "simd.h"

enum {
  GROUP_LOG = UMBRA_MIN_LOG_N - VEC_LOG,
  GROUP = 1 << GROUP_LOG, /* vectors */
  GROUP_WORDS = GROUP * VEC_WORDS,
  MAX_GROUPS = 1 << (UMBRA_MAX_LOG_N - UMBRA_MIN_LOG_N)
};

typedef struct route {
  vec lane[VEC_WORDS];      /* [carry]: a permutation */
  uint32_t galois, inverse; /* one another's inverse modulo 2^32 */
  uint32_t bits, low;       /* of the index of a vector, and of a group */
  uint32_t reversed[GROUP], reversed_group[MAX_GROUPS];
  uint32_t source_step[GROUP], target_step[GROUP]; /* what the place in a group adds, before reversal */
} route;

static void route_make(route *r, uint32_t galois, uint32_t log_n) {
  uint32_t reversed[VEC_WORDS];
  r->galois = galois;
  r->inverse = 0u - umbra_mont_neg_inv(galois);
  r->bits = log_n - VEC_LOG;
  r->low = log_n - UMBRA_MIN_LOG_N;
  umbra_bit_reversals(reversed, VEC_LOG);
  umbra_bit_reversals(r->reversed, GROUP_LOG);
  umbra_bit_reversals(r->reversed_group, r->low);
  const vec lane = vec_load(reversed), scaled = vec_mul_low(lane, vec_set(galois));
  for (uint32_t carry = 0; carry < VEC_WORDS; carry++)
    r->lane[carry] = vec_permute(lane, vec_add(scaled, vec_set(carry))); /* only low bits of an index count */
  for (uint32_t i = 0; i < GROUP; i++) {
    r->source_step[i] = (r->reversed[i] * r->galois) << r->low;
    r->target_step[i] = (r->reversed[i] * r->inverse) << r->low;
  }
}

/* Where a group of results comes from, or a group of src goes. */
typedef struct group {
  uint32_t k;     /* of its first vector, before reversal */
  uint32_t first; /* vector of the other group */
} group;

UMBRA_INLINE group group_of(const route *r, uint32_t k) {
  return (group){k, r->reversed_group[k & ((1u << r->low) - 1)] << GROUP_LOG};
}

UMBRA_INLINE group source_group(const route *r, uint32_t index) {
  return group_of(r, r->reversed_group[index] * r->galois + r->galois / 2);
}

UMBRA_INLINE group target_group(const route *r, uint32_t index) {
  return group_of(r, (r->reversed_group[index] - r->galois / 2) * r->inverse);
}

/* The word of src where vector i of a group of results comes from, plus the carry, which says by what permutation. */
UMBRA_INLINE uint32_t source_of(const route *r, group g, uint32_t i) {
  const uint32_t k = g.k + r->source_step[i];
  return (g.first + r->reversed[(k >> r->low) % GROUP]) * VEC_WORDS + (k >> r->bits) % VEC_WORDS;
}

/* The word of the results where vector i of a group of src goes, plus the carry there. */
UMBRA_INLINE uint32_t target_of(const route *r, group g, uint32_t i) {
  const uint32_t k = (g.k + r->target_step[i]) & ((1u << r->bits) - 1), back = k * r->galois + r->galois / 2;
  return (g.first + r->reversed[k >> r->low]) * VEC_WORDS + (back >> r->bits) % VEC_WORDS;
}

#endif
