/* SPDX-License-Identifier: Apache-2.0 */
/* The ring automorphism X -> X^galois in the evaluation domain. */
#include "ref.h"

enum { BLOCK = 256 };

/*
 * Where elements first..first+BLOCK-1 come from. In natural order k the exponents 2k + 1 make the map affine:
 * (galois (2k + 1) - 1) / 2 = galois k + (galois - 1) / 2 mod n.
 */
static void sources(uint32_t source[BLOCK], uint32_t first, uint32_t galois, uint32_t log_n) {
  const uint32_t mask = (1u << log_n) - 1;
  for (uint32_t i = 0; i < BLOCK; i++) {
    const uint32_t k = umbra_bit_reverse(first + i, log_n);
    source[i] = umbra_bit_reverse((galois * k + galois / 2) & mask, log_n);
  }
}

/* Blocks of coefficients, not limbs, are the work items: one computation of the sources serves all limbs. */
void umbra_ref_automorphism(umbra_stream *stream, const umbra_view *dst, const umbra_view *src, uint32_t galois) {
  const umbra_device *device = stream->device;
  const uint32_t limbs = umbra_view_limbs(dst), items = limbs * dst->polys, blocks = device->n / BLOCK;
#pragma omp parallel for schedule(static) num_threads(umbra_cpu_team(device, blocks, (size_t)items * device->n))
  for (uint32_t block = 0; block < blocks; block++) {
    uint32_t source[BLOCK];
    sources(source, block * BLOCK, galois, device->log_n);
    for (uint32_t item = 0; item < items; item++) {
      uint32_t *to = umbra_cpu_limb_at(device, dst, item / limbs, item % limbs).data + (size_t)block * BLOCK;
      const uint32_t *from = umbra_cpu_limb_at(device, src, item / limbs, item % limbs).data;
      for (uint32_t i = 0; i < BLOCK; i++) to[i] = from[source[i]];
    }
  }
}
