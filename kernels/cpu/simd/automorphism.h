/* SPDX-License-Identifier: Apache-2.0 */
/* The ring automorphism in the evaluation domain. */
#include "route.h"

static void route_limb(const umbra_cpu_job *job, uint32_t limb, uint32_t poly) {
  uint32_t *dst = umbra_cpu_limb_at(job->device, job->dst, poly, limb).data;
  const uint32_t *src = umbra_cpu_limb_at(job->device, job->a, poly, limb).data;
  route r;
  route_make(&r, (uint32_t)job->number, job->device->log_n);
  for (uint32_t first = 0; first < job->device->n / VEC_WORDS; first += GROUP) {
    uint32_t source[GROUP];
    group_sources(source, &r, first);
    for (uint32_t i = 0; i < GROUP; i++) {
      const uint32_t carry = source[i] % VEC_WORDS;
      const vec moved = vec_permute(vec_load(src + source[i] - carry), vec_load(r.lane[carry]));
      vec_store(dst + (size_t)(first + i) * VEC_WORDS, moved);
    }
  }
}

void UMBRA_CPU_NAME(automorphism)(umbra_stream *stream, const umbra_view *dst, const umbra_view *src, uint32_t galois) {
  umbra_cpu_run(&(umbra_cpu_job){.device = stream->device, .dst = dst, .a = src, .number = galois, .work = route_limb});
}
