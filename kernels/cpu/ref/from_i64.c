/* SPDX-License-Identifier: Apache-2.0 */
/* Residues of signed integers. */
#include "ref.h"

/*
 * value + 2^62 is a sum of two unsigned words, low + 2^32 high, so residues take two products by constants and no
 * division: low 2^shift + high 2^(32 + shift) - 2^(62 + shift).
 */
static void from_i64_limb(uint32_t *dst, const int64_t *value, uint32_t shift, uint32_t n, uint32_t q) {
  const uint32_t w0 = umbra_mod_pow(2, shift, q), w1 = umbra_mod_pow(2, 32 + (uint64_t)shift, q);
  const uint32_t w0_shoup = umbra_shoup(w0, q), w1_shoup = umbra_shoup(w1, q);
  const uint32_t offset = umbra_mod_pow(2, 62 + (uint64_t)shift, q);
  UMBRA_INDEPENDENT
  for (uint32_t i = 0; i < n; i++) {
    const uint64_t lifted = (uint64_t)value[i] + (UINT64_C(1) << 62);
    const uint32_t low = umbra_mod_mul_const((uint32_t)lifted, w0, w0_shoup, q);
    const uint32_t high = umbra_mod_mul_const((uint32_t)(lifted >> 32), w1, w1_shoup, q);
    dst[i] = umbra_mod_sub(umbra_mod_add(low, high, q), offset, q);
  }
}

static void from_i64_work(const umbra_cpu_job *job, uint32_t limb, uint32_t poly) {
  const umbra_cpu_limb to = umbra_cpu_limb_at(job->device, job->dst, poly, limb);
  const uint32_t n = job->device->n;
  from_i64_limb(to.data, job->value + (size_t)poly * n, (uint32_t)job->number, n, to.prime->q);
}

void UMBRA_CPU_NAME(from_i64)(umbra_stream *stream, const umbra_view *dst, const int64_t *value, uint32_t shift) {
  umbra_cpu_run(
      &(umbra_cpu_job){.device = stream->device, .dst = dst, .value = value, .number = shift, .work = from_i64_work});
}
