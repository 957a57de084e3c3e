/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ring automorphism as a permuted store.
 *
 * With k = brev(i), X -> X^galois moves element k to h k + h / 2 mod n, h = galois^-1 mod 2n. The low bits of i are the
 * high bits of k, so elements that differ in their s lowest bits of i go to places that differ in their s lowest bits:
 * four neighbours go to four neighbours, and what one warp writes is one piece of memory again.
 */
#ifndef UMBRA_KERNELS_CUDA_GALOIS_CUH
#define UMBRA_KERNELS_CUDA_GALOIS_CUH

#include "cuda.cuh"

/* galois^-1 mod 2n for odd galois (Newton's iteration). */
static inline uint32_t umbra_cuda_galois_inverse(uint32_t galois, uint32_t n) {
  uint32_t h = galois;
  for (int i = 0; i < 4; i++) h *= 2u - galois * h;
  return h & (2 * n - 1);
}

/* Four neighbours, and where the first of them is. */
struct umbra_cuda_moved {
  uint32_t first;
  uint4 value;
};

/* Where the automorphism moves elements i..i+3 of a limb, i a multiple of 4; h as above. */
static __device__ __forceinline__ umbra_cuda_moved umbra_cuda_move(uint32_t i, uint4 value, uint32_t h,
                                                                   uint32_t log_n) {
  const uint32_t k = __brev(i) >> (32 - log_n), quarter = 1u << (log_n - 2), to = h * k + h / 2;
  /* The four lie k = 0, 1, 2, 3 quarters of n behind each other; they go on by h quarters each, h = 1 or 3 mod 4, ... */
  uint32_t a = value.x, b = h & 2 ? value.w : value.z, c = value.y, d = h & 2 ? value.z : value.w;
  /* ... beginning with the quarter of `to`. */
  if (to & quarter) {
    const uint32_t last = d;
    d = c, c = b, b = a, a = last;
  }
  const bool half = to & (2 * quarter);
  return {__brev(to & (quarter - 1)) >> (32 - log_n), {half ? c : a, half ? a : c, half ? d : b, half ? b : d}};
}

#endif
