/* SPDX-License-Identifier: Apache-2.0 */
/* The ring automorphism in the evaluation domain. */
#include "route.h"

/* What a call is about. */
typedef struct route_job {
  const umbra_device *device;
  const umbra_view *dst, *src;
  route route;
} route_job;

static void route_work(const void *data, uint32_t item) {
  const route_job *job = data;
  const route *r = &job->route;
  const uint32_t limbs = umbra_view_limbs(job->dst);
  uint32_t *dst = umbra_cpu_limb_at(job->device, job->dst, item / limbs, item % limbs).data;
  const uint32_t *src = umbra_cpu_limb_at(job->device, job->src, item / limbs, item % limbs).data;
  const uint32_t groups = job->device->n / GROUP_WORDS;
  for (uint32_t index = 0; index < groups; index++, dst += GROUP_WORDS) {
    const group g = source_group(r, index), next = source_group(r, (index + 1) % groups);
    for (uint32_t i = 0; i < GROUP; i++) {
      __builtin_prefetch(src + (size_t)(next.first + i) * VEC_WORDS); /* no processor foresees where groups begin */
      const uint32_t source = source_of(r, g, i), carry = source % VEC_WORDS;
      vec_store(dst + i * VEC_WORDS, vec_permute(vec_load(src + source - carry), r->lane[carry]));
    }
  }
}

void UMBRA_CPU_NAME(automorphism)(umbra_stream *stream, const umbra_view *dst, const umbra_view *src, uint32_t galois) {
  const umbra_device *device = stream->device;
  const uint32_t items = umbra_view_limbs(dst) * dst->polys;
  route_job job = {.device = device, .dst = dst, .src = src};
  route_make(&job.route, galois, device->log_n);
  umbra_cpu_parallel(device, items, (size_t)items * device->n, route_work, &job);
}
