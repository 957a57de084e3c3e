/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Products of matrices with columns of polynomials. A thread keeps the sums of a tile of rows for two coefficients in
 * registers; the block brings the tile's part of the matrix to shared memory, some columns at a time. Blocks that differ
 * in their rows alone are next to each other, so that the columns come from the L2 cache but once.
 *
 * With B = q * 2^32, products are below B / 4 if q < 2^30, and B / 2 else: sums below 2 B, or B, take 8 products more, or
 * 2, and stay below 2^64; one subtraction of 2 B, or B, brings them back.
 */
#include "entries.h"
#include "products.cuh"

static const uint32_t COLUMNS = 32; /* in shared memory; a multiple of how many products a sum takes */
enum { MANY = 16, FEW = 8 };        /* rows of a tile */

/* Columns [first, first + count) of the tile of rows that begins with `row`; there may be fewer rows than it has. */
template <int tile>
static __device__ __forceinline__ void load_factors(uint32_t *factors, const uint32_t *w, uint32_t rows, uint32_t row,
                                                    uint32_t first, uint32_t count) {
  for (uint32_t t = threadIdx.x; t < count * tile; t += blockDim.x) {
    const uint32_t i = row + t % tile;
    factors[t] = i < rows ? w[(size_t)(first + t / tile) * rows + i] : 0;
  }
}

template <int tile>
static __device__ __forceinline__ void add_column(umbra_cuda_sums<2> (&sums)[tile], const uint32_t *factors, uint2 x) {
#pragma unroll
  for (int g = 0; g < tile; g += 4) {
    const uint4 w = umbra_cuda_load4(factors + g);
    umbra_cuda_sums_add(sums[g], x, {w.x, w.x});
    umbra_cuda_sums_add(sums[g + 1], x, {w.y, w.y});
    umbra_cuda_sums_add(sums[g + 2], x, {w.z, w.z});
    umbra_cuda_sums_add(sums[g + 3], x, {w.w, w.w});
  }
}

/* The columns in shared memory; a: their two coefficients of the thread, at distances of `stride`. */
template <int tile>
static __device__ __forceinline__ void add_columns(umbra_cuda_sums<2> (&sums)[tile], const uint32_t *factors,
                                                   const uint32_t *a, size_t stride, uint32_t count, uint32_t q) {
  const uint32_t run = q >> 30 ? 2 : 8, bound = q >> 30 ? q : 2 * q;
  for (uint32_t j = 0; j < count;) {
    const uint32_t end = count - j > run ? j + run : count;
    for (; j < end; j++) add_column(sums, factors + j * tile, *reinterpret_cast<const uint2 *>(a + j * stride));
#pragma unroll
    for (int g = 0; g < tile; g++) umbra_cuda_sums_shrink(sums[g], bound);
  }
}

template <int tile>
static __global__ void __launch_bounds__(UMBRA_CUDA_THREADS)
    gemm(umbra_cuda_tables tables, umbra_view dst, umbra_view a, const uint32_t *w, uint32_t rows, uint32_t columns) {
  umbra_cuda_begin();
  UMBRA_SHARED(factors);
  const uint32_t n = tables.n, tiles = (rows + tile - 1) / tile, row = blockIdx.x % tiles * tile;
  const uint32_t i = 2 * (blockIdx.x / tiles * blockDim.x + threadIdx.x), limb = blockIdx.y;
  const uint32_t part = blockIdx.z, parts = gridDim.z;
  const umbra_cuda_limb to = umbra_cuda_limb_at(dst, n, part, limb);
  const uint32_t q = tables.prime[to.position].q, neg_inv = tables.prime[to.position].neg_inv;
  const uint32_t *column = umbra_cuda_limb_at(a, n, part, limb).data + i;
  const size_t stride = parts * a.stride;
  umbra_cuda_sums<2> sums[tile] = {};
  for (uint32_t first = 0; first < columns; first += COLUMNS, column += COLUMNS * stride) {
    const uint32_t count = columns - first < COLUMNS ? columns - first : COLUMNS;
    __syncthreads();
    load_factors<tile>(factors, w + (size_t)limb * columns * rows, rows, row, first, count);
    __syncthreads();
    add_columns(sums, factors, column, stride, count, q);
  }
#pragma unroll
  for (int g = 0; g < tile; g++) {
    umbra_cuda_sums_shrink(sums[g], q);
    if (row + g < rows)
      *reinterpret_cast<uint2 *>(to.data + (size_t)(row + g) * parts * dst.stride + i) =
          umbra_cuda_sums_reduce(sums[g], q, neg_inv);
  }
}

cudaError_t umbra_cuda_load_gemm(void) { return umbra_cuda_load(gemm<FEW>, gemm<MANY>); }

/* Rings are large enough for whole blocks. */
void umbra_cuda_gemm(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const uint32_t *w,
                     uint32_t parts) {
  const uint32_t rows = dst->polys / parts, columns = a->polys / parts, tile = rows > FEW ? MANY : FEW;
  const uint32_t blocks = stream->tables->n / (2 * UMBRA_CUDA_THREADS) * ((rows + tile - 1) / tile);
  umbra_cuda_launch(stream, "gemm", tile == MANY ? gemm<MANY> : gemm<FEW>, dim3(blocks, umbra_view_limbs(dst), parts),
                    UMBRA_CUDA_THREADS, COLUMNS * tile * sizeof(uint32_t), *stream->tables, *dst, *a, w, rows, columns);
}
