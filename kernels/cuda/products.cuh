/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sums of products of residues without a reduction of each: with B = q * 2^32, a product is below B / 2, so a sum
 * below B and two products stay below 2 B < 2^64, and one subtraction of B brings them back. A sum below B is ready
 * for Montgomery's reduction.
 */
#ifndef UMBRA_KERNELS_CUDA_PRODUCTS_CUH
#define UMBRA_KERNELS_CUDA_PRODUCTS_CUH

#include "cuda.cuh"

/* s mod B for s < 2 B: B has no low word, and a high word that was too small to subtract from becomes very large. */
static __device__ __forceinline__ uint64_t umbra_cuda_shrink(uint64_t s, uint32_t q) {
  const uint32_t high = (uint32_t)(s >> 32), less = high - q; /* not a fold: ptxas would move sums between registers */
  return (uint64_t)(less < high ? less : high) << 32 | (uint32_t)s;
}

/* One sum for each of `width` coefficients. */
template <int width>
struct umbra_cuda_sums {
  uint64_t of[width];
};

template <int width>
static __device__ __forceinline__ void umbra_cuda_sums_clear(umbra_cuda_sums<width> &sums) {
#pragma unroll
  for (int i = 0; i < width; i++) sums.of[i] = 0;
}

template <int width>
static __device__ __forceinline__ void umbra_cuda_sums_shrink(umbra_cuda_sums<width> &sums, uint32_t q) {
#pragma unroll
  for (int i = 0; i < width; i++) sums.of[i] = umbra_cuda_shrink(sums.of[i], q);
}

static __device__ __forceinline__ void umbra_cuda_sums_add(umbra_cuda_sums<4> &sums, uint4 a, uint4 b) {
  sums.of[0] += (uint64_t)a.x * b.x;
  sums.of[1] += (uint64_t)a.y * b.y;
  sums.of[2] += (uint64_t)a.z * b.z;
  sums.of[3] += (uint64_t)a.w * b.w;
}

static __device__ __forceinline__ void umbra_cuda_sums_add(umbra_cuda_sums<2> &sums, uint2 a, uint2 b) {
  sums.of[0] += (uint64_t)a.x * b.x;
  sums.of[1] += (uint64_t)a.y * b.y;
}

static __device__ __forceinline__ uint4 umbra_cuda_sums_reduce(const umbra_cuda_sums<4> &sums, uint32_t q,
                                                               uint32_t neg_inv) {
  return {umbra_mont_reduce(sums.of[0], q, neg_inv), umbra_mont_reduce(sums.of[1], q, neg_inv),
          umbra_mont_reduce(sums.of[2], q, neg_inv), umbra_mont_reduce(sums.of[3], q, neg_inv)};
}

/* umbra_mont_reduce without the one instruction: kernels with many sums have more moves in their loops with it. */
static __device__ __forceinline__ uint32_t umbra_cuda_reduce_among_many(uint64_t s, uint32_t q, uint32_t neg_inv) {
  const uint32_t m = (uint32_t)s * neg_inv, d = (uint32_t)((s + (uint64_t)m * q) >> 32) - q;
  return d + (q & (0u - (d >> 31)));
}

static __device__ __forceinline__ uint2 umbra_cuda_sums_reduce(const umbra_cuda_sums<2> &sums, uint32_t q,
                                                               uint32_t neg_inv) {
  return {umbra_cuda_reduce_among_many(sums.of[0], q, neg_inv), umbra_cuda_reduce_among_many(sums.of[1], q, neg_inv)};
}

static __device__ __forceinline__ uint4 umbra_cuda_add4(uint4 a, uint4 b, uint32_t q) {
  return {umbra_mod_add(a.x, b.x, q), umbra_mod_add(a.y, b.y, q), umbra_mod_add(a.z, b.z, q),
          umbra_mod_add(a.w, b.w, q)};
}

#endif
