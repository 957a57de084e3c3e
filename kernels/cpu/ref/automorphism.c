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

/* A block of all limbs: one computation of the sources serves them all. */
static void move_block(const void *data, uint32_t block) {
  const umbra_cpu_job *job = data;
  const uint32_t limbs = umbra_view_limbs(job->dst), items = limbs * job->dst->polys;
  uint32_t source[BLOCK];
  sources(source, block * BLOCK, (uint32_t)job->number, job->device->log_n);
  for (uint32_t item = 0; item < items; item++) {
    uint32_t *to = umbra_cpu_limb_at(job->device, job->dst, item / limbs, item % limbs).data + (size_t)block * BLOCK;
    const uint32_t *from = umbra_cpu_limb_at(job->device, job->a, item / limbs, item % limbs).data;
    for (uint32_t i = 0; i < BLOCK; i++) to[i] = from[source[i]];
  }
}

void umbra_ref_automorphism(umbra_stream *stream, const umbra_view *dst, const umbra_view *src, uint32_t galois) {
  const umbra_device *device = stream->device;
  const umbra_cpu_job job = {.device = device, .dst = dst, .a = src, .number = galois};
  const size_t words = (size_t)umbra_view_limbs(dst) * dst->polys * device->n;
  umbra_cpu_parallel(device, device->n / BLOCK, words, move_block, &job);
}
