/* SPDX-License-Identifier: Apache-2.0 */
/* Products of matrices with columns of polynomials. */
#include "ref.h"

/* What a kernel call is about. */
typedef struct gemm_job {
  const umbra_device *device;
  const umbra_view *dst, *a;
  const uint32_t *w;
  uint32_t parts;
} gemm_job;

static void gemm_work(const void *data, uint32_t item) {
  const gemm_job *job = data;
  const umbra_device *device = job->device;
  const uint32_t poly = item % job->dst->polys, limb = item / job->dst->polys, parts = job->parts;
  const uint32_t rows = job->dst->polys / parts, columns = job->a->polys / parts;
  const umbra_cpu_limb to = umbra_cpu_limb_at(device, job->dst, poly, limb);
  const uint32_t q = to.prime->q, neg_inv = to.prime->neg_inv;
  const uint32_t *w = job->w + (size_t)limb * columns * rows + poly / parts;
  for (uint32_t i = 0; i < device->n; i++) to.data[i] = 0;
  for (uint32_t j = 0; j < columns; j++, w += rows) {
    const uint32_t *x = umbra_cpu_limb_at(device, job->a, parts * j + poly % parts, limb).data;
    for (uint32_t i = 0; i < device->n; i++)
      to.data[i] = umbra_mod_add(to.data[i], umbra_mont_mul(x[i], *w, q, neg_inv), q);
  }
}

void umbra_ref_gemm(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const uint32_t *w,
                    uint32_t parts) {
  const umbra_device *device = stream->device;
  const uint32_t items = umbra_view_limbs(dst) * dst->polys;
  const gemm_job job = {device, dst, a, w, parts};
  umbra_cpu_parallel(device, items, (size_t)items * (a->polys / parts) * device->n, gemm_work, &job);
}
