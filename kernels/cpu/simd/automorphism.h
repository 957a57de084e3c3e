/* SPDX-License-Identifier: Apache-2.0 */
/* The ring automorphism in the evaluation domain. */
#include "route.h"

static void eval_limb(uint32_t *dst, const uint32_t *src, const route *r, size_t n) {
  for (size_t i = 0; i < n; i += VEC_WORDS) {
    const uint32_t source = r->source[i >> VEC_LOG], carry = source % VEC_WORDS;
    vec_store(dst + i, vec_permute(vec_load(src + source - carry), vec_load(r->lane[carry])));
  }
}

void UMBRA_CPU_NAME(automorphism)(umbra_stream *stream, const umbra_view *dst, const umbra_view *src, uint32_t galois) {
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
