/* SPDX-License-Identifier: Apache-2.0 */
/* Tensor product of two ciphertexts of two polynomials each. */
#include "simd.h"

UMBRA_INLINE void multiply_limb(const umbra_cpu_job *job, uint32_t limb, const int accumulate) {
  const umbra_device *device = job->device;
  const umbra_cpu_limb first = umbra_cpu_limb_at(device, job->dst, 0, limb);
  const vec q = vec_set(first.prime->q), inv = vec_set(0 - first.prime->neg_inv);
  const uint32_t *a0 = umbra_cpu_limb_at(device, job->a, 0, limb).data;
  const uint32_t *a1 = umbra_cpu_limb_at(device, job->a, 1, limb).data;
  const uint32_t *b0 = umbra_cpu_limb_at(device, job->b, 0, limb).data;
  const uint32_t *b1 = umbra_cpu_limb_at(device, job->b, 1, limb).data;
  uint32_t *dst[3] = {first.data, umbra_cpu_limb_at(device, job->dst, 1, limb).data,
                      umbra_cpu_limb_at(device, job->dst, 2, limb).data};
  for (size_t i = 0; i < device->n; i += VEC_WORDS) {
    const vec x0 = vec_load(a0 + i), x1 = vec_load(a1 + i), y0 = vec_load(b0 + i), y1 = vec_load(b1 + i);
    const vec product[3] = {vec_mont_mul(x0, y0, q, inv),
                            wide_reduce(wide_add(wide_mul(x0, y1), wide_mul(x1, y0)), q, inv),
                            vec_mont_mul(x1, y1, q, inv)};
    UMBRA_UNROLL
    for (int k = 0; k < 3; k++) {
      vec_store(dst[k] + i, accumulate ? vec_mod_add(vec_load(dst[k] + i), product[k], q) : product[k]);
    }
  }
}

static void tensor_limb(const void *job, uint32_t limb) { multiply_limb(job, limb, 0); }
static void tensor_add_limb(const void *job, uint32_t limb) { multiply_limb(job, limb, 1); }

void UMBRA_CPU_NAME(tensor)(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const umbra_view *b,
                            int accumulate) {
  const umbra_device *device = stream->device;
  const umbra_cpu_job job = {.device = device, .dst = dst, .a = a, .b = b};
  const uint32_t limbs = umbra_view_limbs(dst);
  umbra_cpu_parallel(device, limbs, (size_t)3 * limbs * device->n, accumulate ? tensor_add_limb : tensor_limb, &job);
}
