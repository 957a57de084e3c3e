/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ring automorphism in the evaluation domain, as moves of whole vectors.
 *
 * In natural order k = brev(i) the map is affine: k -> galois k + (galois - 1) / 2 mod n. The lane of i is made of the
 * high bits of k and its vector of the low bits; no carry goes down, so a vector of results comes from one vector of
 * src, by a permutation that depends only on galois and on what the low bits carry into the high ones.
 */
#ifndef UMBRA_KERNELS_CPU_ROUTE_H
#define UMBRA_KERNELS_CPU_ROUTE_H

#include "simd.h"

enum { MAX_VECTORS = 1 << (UMBRA_MAX_LOG_N - VEC_LOG) };

/* Where vectors of results come from. */
typedef struct route {
  uint32_t lane[VEC_WORDS][VEC_WORDS]; /* [carry]: a permutation */
  uint32_t source[MAX_VECTORS];        /* by vector of results: its offset in src, with the carry for the lane */
  uint32_t target[MAX_VECTORS];        /* by vector of src: its offset in the results, with the carry for the lane */
} route;

/* The low `bits` bits of all numbers of that length in reverse order. */
static void bit_reversals(uint32_t *reversed, uint32_t bits) {
  reversed[0] = 0;
  for (uint32_t i = 1; i < 1u << bits; i++) reversed[i] = reversed[i >> 1] >> 1 | (i & 1) << (bits - 1);
}

static void route_make(route *r, uint32_t galois, uint32_t log_n) {
  const uint32_t bits = log_n - VEC_LOG, vectors = 1u << bits;
  uint32_t lane[VEC_WORDS], vector[MAX_VECTORS];
  bit_reversals(lane, VEC_LOG);
  bit_reversals(vector, bits);
  for (uint32_t carry = 0; carry < VEC_WORDS; carry++) {
    for (uint32_t i = 0; i < VEC_WORDS; i++) r->lane[carry][i] = lane[(galois * lane[i] + carry) % VEC_WORDS];
  }
  for (uint32_t i = 0; i < vectors; i++) {
    const uint32_t k = galois * vector[i] + galois / 2;
    const uint32_t source = vector[k % vectors], carry = (k >> bits) % VEC_WORDS;
    r->source[i] = source * VEC_WORDS + carry;
    r->target[source] = i * VEC_WORDS + carry;
  }
}

#endif
