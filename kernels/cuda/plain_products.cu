/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sums of products of ciphertexts with plaintexts. A thread keeps the sums of up to GROUPS results in registers and
 * goes through the terms, so that up to there every operand is read once.
 */
#include "entries.h"
#include "products.cuh"

static const uint32_t GROUPS = 8;

static __device__ __forceinline__ uint2 load2(const uint32_t *data) { return *reinterpret_cast<const uint2 *>(data); }

/* Of a plaintext whose every word stands for 2^log_gap: two that are next to each other are of one word, or of two. */
static __device__ __forceinline__ uint2 load_plain(const uint32_t *data, uint32_t log_gap) {
  return log_gap ? uint2{*data, *data} : load2(data);
}

/* Polynomials 2g, 2g + 1 of dst for first <= g < first + groups. */
template <int groups>
static __global__ void __launch_bounds__(UMBRA_CUDA_THREADS)
    plain_products(umbra_cuda_tables tables, umbra_view dst, umbra_view plain, umbra_view a, uint32_t terms,
                   uint32_t log_gap, uint32_t first) {
  umbra_cuda_begin();
  const uint32_t n = tables.n, i = umbra_cuda_index(2), limb = blockIdx.y;
  if (i >= n) return;
  const umbra_cuda_limb to = umbra_cuda_limb_at(dst, n, 2 * first, limb);
  const uint32_t q = tables.prime[to.position].q, neg_inv = tables.prime[to.position].neg_inv;
  const uint32_t *a_limb = umbra_cuda_limb_at(a, n, 0, limb).data + i;
  const uint32_t *plain_limb = umbra_cuda_limb_at(plain, n >> log_gap, first * terms, limb).data + (i >> log_gap);
  umbra_cuda_sums<2> sums[groups][2] = {};
  for (uint32_t b = 0; b < terms; b++) {
    const uint2 a0 = load2(a_limb + 2 * b * a.stride), a1 = load2(a_limb + (2 * b + 1) * a.stride);
#pragma unroll
    for (int g = 0; g < groups; g++) {
      const uint2 x = load_plain(plain_limb + (g * terms + b) * plain.stride, log_gap);
      umbra_cuda_sums_add(sums[g][0], x, a0);
      umbra_cuda_sums_add(sums[g][1], x, a1);
      if (b % 2) continue;
      umbra_cuda_sums_shrink(sums[g][0], q);
      umbra_cuda_sums_shrink(sums[g][1], q);
    }
  }
#pragma unroll
  for (int g = 0; g < groups; g++) {
#pragma unroll
    for (int p = 0; p < 2; p++) {
      if (terms % 2 == 0) umbra_cuda_sums_shrink(sums[g][p], q);
      *reinterpret_cast<uint2 *>(to.data + (2 * g + p) * dst.stride + i) =
          umbra_cuda_sums_reduce(sums[g][p], q, neg_inv);
    }
  }
}

typedef void kernel(umbra_cuda_tables, umbra_view, umbra_view, umbra_view, uint32_t, uint32_t, uint32_t);

static kernel *const kernel_of[GROUPS + 1] = {NULL,
                                              plain_products<1>,
                                              plain_products<2>,
                                              plain_products<3>,
                                              plain_products<4>,
                                              plain_products<5>,
                                              plain_products<6>,
                                              plain_products<7>,
                                              plain_products<8>};

cudaError_t umbra_cuda_load_plain_products(void) {
  return umbra_cuda_load(plain_products<1>, plain_products<2>, plain_products<3>, plain_products<4>, plain_products<5>,
                         plain_products<6>, plain_products<7>, plain_products<8>);
}

void umbra_cuda_plain_products(umbra_stream *stream, const umbra_view *dst, const umbra_view *plain,
                               const umbra_view *a, uint32_t terms, uint32_t log_gap) {
  const uint32_t results = dst->polys / 2;
  for (uint32_t first = 0; first < results; first += GROUPS) {
    const uint32_t groups = results - first < GROUPS ? results - first : GROUPS;
    umbra_cuda_launch(stream, "plain_products", kernel_of[groups],
                      umbra_cuda_grid(stream->tables->n, 2, umbra_view_limbs(dst), 1), UMBRA_CUDA_THREADS, 0,
                      *stream->tables, *dst, *plain, *a, terms, log_gap, first);
  }
}
