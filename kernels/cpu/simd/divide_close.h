/* SPDX-License-Identifier: Apache-2.0 */
/* Closing step of an exact division. The constants carry R, so both products share one Montgomery reduction. */
#include "simd.h"

static void divide_work(const umbra_cpu_job *job, uint32_t limb, uint32_t poly) {
  const umbra_cpu_limb dst = umbra_cpu_limb_at(job->device, job->dst, poly, limb);
  const umbra_cpu_prime *prime = dst.prime;
  const uint32_t *z = umbra_cpu_limb_at(job->device, job->b, poly, limb).data;
  const vec q = vec_set(prime->q), inv = vec_set(0 - prime->neg_inv);
  const vec minus_b = vec_set(umbra_mod_mul(umbra_mod_neg(job->d[limb], prime->q), prime->r, prime->q));
  if (!job->a) {
    for (size_t i = 0; i < job->device->n; i += VEC_WORDS) {
      vec_store(dst.data + i, vec_mont_mul(vec_load(z + i), minus_b, q, inv));
    }
    return;
  }
  const uint32_t *x = umbra_cpu_limb_at(job->device, job->a, poly, limb).data;
  const vec a = vec_set(umbra_mod_mul(job->c[limb], prime->r, prime->q));
  for (size_t i = 0; i < job->device->n; i += VEC_WORDS) {
    const wide sum = wide_add(wide_mul(vec_load(x + i), a), wide_mul(vec_load(z + i), minus_b));
    vec_store(dst.data + i, wide_reduce(sum, q, inv));
  }
}

void UMBRA_CPU_NAME(divide_close)(umbra_stream *stream, const umbra_view *dst, const umbra_view *x, const uint32_t *a,
                                  const umbra_view *z, const uint32_t *b) {
  umbra_cpu_run(
      &(umbra_cpu_job){.device = stream->device, .dst = dst, .a = x, .c = a, .b = z, .d = b, .work = divide_work});
}
