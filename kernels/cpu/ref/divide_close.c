/* SPDX-License-Identifier: Apache-2.0 */
/* Closing step of an exact division. */
#include "ref.h"

static void close_limb(uint32_t *dst, const uint32_t *x, uint32_t a, const uint32_t *z, uint32_t b, uint32_t n,
                       uint32_t q) {
  const uint32_t a_shoup = umbra_shoup(a, q), b_shoup = umbra_shoup(b, q);
  for (uint32_t i = 0; i < n; i++) {
    const uint32_t xa = x ? umbra_mod_mul_const(x[i], a, a_shoup, q) : 0;
    dst[i] = umbra_mod_sub(xa, umbra_mod_mul_const(z[i], b, b_shoup, q), q);
  }
}

static void close_work(const umbra_cpu_job *job, uint32_t limb, uint32_t poly) {
  const umbra_cpu_limb to = umbra_cpu_limb_at(job->device, job->dst, poly, limb);
  const uint32_t *x = job->a ? umbra_cpu_limb_at(job->device, job->a, poly, limb).data : NULL;
  const uint32_t *z = umbra_cpu_limb_at(job->device, job->b, poly, limb).data;
  close_limb(to.data, x, x ? job->c[limb] : 0, z, job->d[limb], job->device->n, to.prime->q);
}

void umbra_ref_divide_close(umbra_stream *stream, const umbra_view *dst, const umbra_view *x, const uint32_t *a,
                            const umbra_view *z, const uint32_t *b) {
  umbra_cpu_run(
      &(umbra_cpu_job){.device = stream->device, .dst = dst, .a = x, .c = a, .b = z, .d = b, .work = close_work});
}
