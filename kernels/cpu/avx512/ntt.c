/* SPDX-License-Identifier: Apache-2.0 */
#include "avx512.h"

#include "../simd/ntt.h"

/* AVX2 has too few registers for that: two passes are faster there. */
void umbra_avx512_lift(umbra_stream *stream, const umbra_view *dst, const int64_t *value, uint32_t shift) {
  umbra_cpu_run(
      &(umbra_cpu_job){.device = stream->device, .dst = dst, .value = value, .number = shift, .work = forward_work});
}
