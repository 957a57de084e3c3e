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

void umbra_ref_divide_close(umbra_stream *stream, const umbra_view *dst, const umbra_view *x, const uint32_t *a,
                            const umbra_view *z, const uint32_t *b) {
  const umbra_device *device = stream->device;
  const uint32_t limbs = umbra_view_limbs(dst), items = limbs * dst->polys;
#pragma omp parallel for schedule(static) num_threads(umbra_cpu_team(device, items, (size_t)items * device->n))
  for (uint32_t item = 0; item < items; item++) {
    const uint32_t poly = item / limbs, limb = item % limbs;
    const umbra_cpu_limb to = umbra_cpu_limb_at(device, dst, poly, limb);
    close_limb(to.data, x ? umbra_cpu_limb_at(device, x, poly, limb).data : NULL, x ? a[limb] : 0,
               umbra_cpu_limb_at(device, z, poly, limb).data, b[limb], device->n, to.prime->q);
  }
}
