/* SPDX-License-Identifier: Apache-2.0 */
/* What extend_digits.cu needs of ntt.cu and convert.cu. */
#ifndef UMBRA_KERNELS_CUDA_NTT_CUH
#define UMBRA_KERNELS_CUDA_NTT_CUH

#include "cuda.cuh"

/* Limbs [first, first + count) that polynomial j leaves out; all zero, and then for any number of polynomials: none. */
struct umbra_cuda_skip {
  uint16_t first[UMBRA_MAX_DIGITS], count[UMBRA_MAX_DIGITS];
};

struct umbra_cuda_stretch {
  uint16_t first, count;
};

/* ntt_forward of the limbs that are not left out, of which no polynomial has more than `most`. */
void umbra_cuda_ntt_forward_but(umbra_stream *stream, const umbra_view *view, const umbra_cuda_skip &skip,
                                uint32_t most);

/* The conversions of all digits, as extend_digits begins with them; own: what polynomials of dst leave out. */
void umbra_cuda_convert_digits(umbra_stream *stream, const umbra_view *dst, const umbra_view *src,
                               const umbra_digit *digit, uint32_t digits, uint32_t first, const umbra_cuda_skip &own);

#endif
