/* SPDX-License-Identifier: Apache-2.0 */
/* Tensor product of two ciphertexts of two polynomials each. */
#include "ref.h"

static uint32_t *limb_data(const umbra_device *device, const umbra_view *view, uint32_t poly, uint32_t limb) {
  return umbra_cpu_limb_at(device, view, poly, limb).data;
}

static void tensor_work(const void *data, uint32_t limb) {
  const umbra_cpu_job *job = data;
  const umbra_device *device = job->device;
  const umbra_cpu_prime *prime = umbra_cpu_limb_at(device, job->dst, 0, limb).prime;
  const uint32_t q = prime->q, neg_inv = prime->neg_inv;
  const uint32_t *a0 = limb_data(device, job->a, 0, limb), *a1 = limb_data(device, job->a, 1, limb);
  const uint32_t *b0 = limb_data(device, job->b, 0, limb), *b1 = limb_data(device, job->b, 1, limb);
  uint32_t *d0 = limb_data(device, job->dst, 0, limb), *d1 = limb_data(device, job->dst, 1, limb);
  uint32_t *d2 = limb_data(device, job->dst, 2, limb);
  const int accumulate = job->number != 0;
  UMBRA_INDEPENDENT
  for (uint32_t i = 0; i < device->n; i++) {
    const uint32_t low = umbra_mont_mul(a0[i], b0[i], q, neg_inv), high = umbra_mont_mul(a1[i], b1[i], q, neg_inv);
    const uint32_t cross =
        umbra_mod_add(umbra_mont_mul(a0[i], b1[i], q, neg_inv), umbra_mont_mul(a1[i], b0[i], q, neg_inv), q);
    d0[i] = accumulate ? umbra_mod_add(d0[i], low, q) : low;
    d1[i] = accumulate ? umbra_mod_add(d1[i], cross, q) : cross;
    d2[i] = accumulate ? umbra_mod_add(d2[i], high, q) : high;
  }
}

void umbra_ref_tensor(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const umbra_view *b,
                      int accumulate) {
  const umbra_device *device = stream->device;
  const umbra_cpu_job job = {.device = device, .dst = dst, .a = a, .b = b, .number = accumulate != 0};
  const uint32_t limbs = umbra_view_limbs(dst);
  umbra_cpu_parallel(device, limbs, (size_t)3 * limbs * device->n, tensor_work, &job);
}
