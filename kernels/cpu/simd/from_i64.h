/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Residues of signed integers. value + 2^62 is a sum of two unsigned words, low + 2^32 high, so the result is
 * low 2^shift + high 2^(32 + shift) - 2^(62 + shift).
 */
#include "simd.h"

static void from_i64_work(const umbra_cpu_job *job, uint32_t limb, uint32_t poly) {
  const umbra_device *device = job->device;
  const umbra_cpu_limb dst = umbra_cpu_limb_at(device, job->dst, poly, limb);
  const int64_t *value = job->value + (size_t)poly * device->n;
  const uint32_t p = dst.prime->q;
  const factor low_factor = factor_set(umbra_mod_pow(2, job->number, p), p);
  const factor high_factor = factor_set(umbra_mod_pow(2, 32 + job->number, p), p);
  const vec q = vec_set(p), lift = vec_set64(UINT64_C(1) << 62),
            offset = vec_set(umbra_mod_pow(2, 62 + job->number, p));
  for (size_t i = 0; i < device->n; i += VEC_WORDS) {
    const vec a = vec_add64(vec_load(value + i), lift), b = vec_add64(vec_load(value + i + VEC_WORDS / 2), lift);
    const vec low = vec_mul_factor(vec_even_words(a, b), low_factor, q);
    const vec high = vec_mul_factor(vec_odd_words(a, b), high_factor, q);
    vec_store(dst.data + i, vec_mod_sub(vec_mod_add(low, high, q), offset, q));
  }
}

void UMBRA_CPU_NAME(from_i64)(umbra_stream *stream, const umbra_view *dst, const int64_t *value, uint32_t shift) {
  umbra_cpu_run(
      &(umbra_cpu_job){.device = stream->device, .dst = dst, .value = value, .number = shift, .work = from_i64_work});
}
