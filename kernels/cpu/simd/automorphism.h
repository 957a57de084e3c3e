/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ring automorphism in the evaluation domain.
 *
 * In natural order k = brev(i) the map is affine: k -> galois k + (galois - 1) / 2 mod n. The lane of i is made of the
 * high bits of k and its vector of the low bits; no carry goes down, so a vector of results comes from one vector of
 * src, by a permutation that depends only on galois and on what the low bits carry into the high ones.
 */
#include "simd.h"

enum { MAX_VECTORS = 1 << (UMBRA_MAX_LOG_N - VEC_LOG) };

/* Where vectors of results come from. */
typedef struct route {
  uint32_t lane[VEC_WORDS][VEC_WORDS]; /* [carry]: a permutation */
  uint32_t source[MAX_VECTORS];        /* offset of a vector of src, and the carry in the place of the lane */
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
    r->source[i] = vector[k % vectors] * VEC_WORDS + (k >> bits) % VEC_WORDS;
  }
}

static void eval_limb(uint32_t *dst, const uint32_t *src, const route *r, size_t n) {
  for (size_t i = 0; i < n; i += VEC_WORDS) {
    const uint32_t source = r->source[i >> VEC_LOG], carry = source % VEC_WORDS;
    vec_store(dst + i, vec_permute(vec_load(src + source - carry), vec_load(r->lane[carry])));
  }
}

void UMBRA_CPU_NAME(automorphism_eval)(umbra_stream *stream, const umbra_view *dst, const umbra_view *src,
                                       uint32_t galois) {
  const umbra_device *device = stream->device;
  const uint32_t limbs = umbra_view_limbs(dst), items = limbs * dst->polys;
  route r;
  route_make(&r, galois, device->log_n);
  const int team = umbra_cpu_team(device, items, (size_t)items * device->n);
#pragma omp parallel for schedule(static) num_threads(team)
  for (uint32_t item = 0; item < items; item++) {
    eval_limb(umbra_cpu_limb_at(device, dst, item / limbs, item % limbs).data,
              umbra_cpu_limb_at(device, src, item / limbs, item % limbs).data, &r, device->n);
  }
}
