/* SPDX-License-Identifier: Apache-2.0 */
/* All digits of a gadget: one launch converts, two transform, and none touches a digit's own limbs. */
#include "entries.h"
#include "ntt.cuh"

/* The part of a digit's own limbs that lies in [first, first + limbs), counted from there. */
static umbra_cuda_stretch own_of(const umbra_digit *digit, uint32_t first, uint32_t limbs) {
  const uint32_t last = first + limbs, own_last = digit->first + digit->count;
  const uint32_t from = digit->first < first ? first : digit->first < last ? digit->first : last;
  const uint32_t to = own_last < from ? from : own_last < last ? own_last : last;
  return {(uint16_t)(from - first), (uint16_t)(to - from)};
}

void umbra_cuda_extend_digits(umbra_stream *stream, const umbra_view *dst, const umbra_view *src,
                              const umbra_digit *digit, uint32_t digits, uint32_t first) {
  const uint32_t limbs = umbra_view_limbs(dst);
  uint32_t most = 0;
  umbra_cuda_skip own = {};
  for (uint32_t p = 0; p < dst->polys; p++) {
    const umbra_cuda_stretch of = own_of(&digit[p % digits], first, limbs);
    own.first[p] = of.first;
    own.count[p] = of.count;
    most = limbs - of.count > most ? limbs - of.count : most;
  }
  umbra_cuda_convert_digits(stream, dst, src, digit, digits, first, own);
  umbra_cuda_ntt_forward_but(stream, dst, own, most);
}
