/* SPDX-License-Identifier: Apache-2.0 */
/* All digits of a gadget: one launch converts, two transform, and none touches a digit's own limbs. */
#include "entries.h"
#include "ntt.cuh"

void umbra_cuda_extend_digits(umbra_stream *stream, const umbra_view *dst, const umbra_view *src,
                              const umbra_digit *digit) {
  const uint32_t limbs = umbra_view_limbs(dst);
  uint32_t most = 0;
  umbra_cuda_skip own = {};
  for (uint32_t j = 0; j < dst->polys; j++) {
    own.first[j] = digit[j].first;
    own.count[j] = digit[j].count;
    most = limbs - digit[j].count > most ? limbs - digit[j].count : most;
  }
  umbra_cuda_convert_digits(stream, dst, src, digit);
  umbra_cuda_ntt_forward_but(stream, dst, own, most);
}
