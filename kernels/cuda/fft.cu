/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Complex transforms of the encoder, the operations of kernels/cpu/ref/fft.c to the bit: nothing is contracted.
 *
 * A block holds a tile of 2^TILE points in shared memory and does as many stages there as it can. Stages whose halves
 * fit a tile take a piece of the vector; those before take 2^TILE / rows neighbouring columns of it, `rows` points each
 * at equal distances. So there are two launches; for up to 2^TILE points, one.
 */
#include "cuda.cuh"
#include "entries.h"

static const uint32_t TILE = 10;

/* The points of a launch's blocks, and the stages it does. */
struct fft_pass {
  uint32_t log_m, log_rows, log_columns; /* rows * columns: points of a tile */
  uint32_t distance;                     /* of two rows */
  bool twisted;                          /* the first pass of fft and the last one of ifft multiply by zeta^(+-t) */
};

struct complex {
  double re, im;
};

/* x * (c + i s), x * (c - i s) */
static __device__ __forceinline__ complex times(complex x, double c, double s) {
  return {__dsub_rn(__dmul_rn(x.re, c), __dmul_rn(x.im, s)), __dadd_rn(__dmul_rn(x.re, s), __dmul_rn(x.im, c))};
}

static __device__ __forceinline__ complex times_conjugate(complex x, double c, double s) {
  return {__dadd_rn(__dmul_rn(x.re, c), __dmul_rn(x.im, s)), __dsub_rn(__dmul_rn(x.im, c), __dmul_rn(x.re, s))};
}

static __device__ __forceinline__ complex plus(complex x, complex y) {
  return {__dadd_rn(x.re, y.re), __dadd_rn(x.im, y.im)};
}

static __device__ __forceinline__ complex minus(complex x, complex y) {
  return {__dsub_rn(x.re, y.re), __dsub_rn(x.im, y.im)};
}

/* A block's tile: where its points are in the vector, and their copy in shared memory. */
struct fft_tile {
  double *re, *im;
  uint32_t points, first; /* first: in the vector */
  fft_pass pass;

  __device__ __forceinline__ uint32_t index(uint32_t point) const {
    const uint32_t row = point >> pass.log_columns;
    return first + row * pass.distance + (point & ((1u << pass.log_columns) - 1));
  }
  __device__ __forceinline__ complex get(uint32_t point) const { return {re[point], im[point]}; }
  __device__ __forceinline__ void set(uint32_t point, complex x) const {
    re[point] = x.re;
    im[point] = x.im;
  }
};

/* Tile t of a vector: a piece of it if its rows are adjacent, else columns. */
static __device__ __forceinline__ fft_tile tile_of(uint32_t *shared, const fft_pass &pass, uint32_t t) {
  const uint32_t points = 1u << (pass.log_rows + pass.log_columns);
  double *re = reinterpret_cast<double *>(shared);
  const bool piece = pass.distance == 1u << pass.log_columns;
  return {re, re + points, points, piece ? t * points : t << pass.log_columns, pass};
}

/* Butterflies whose points are `half` rows apart. Their twiddles begin at entry `distance * half` of the tables. */
template <bool inverse>
static __device__ __forceinline__ void stage(const fft_tile &tile, const umbra_cuda_tables &tables, uint32_t half) {
  const uint32_t apart = half << tile.pass.log_columns, entries = tile.pass.distance * half;
  for (uint32_t b = threadIdx.x; b < tile.points / 2; b += blockDim.x) {
    const uint32_t low = 2 * b - (b & (apart - 1)), high = low + apart;
    const uint32_t w = entries + (tile.index(low) & (entries - 1));
    const double c = tables.fft_cos[w], s = tables.fft_sin[w];
    const complex x = tile.get(low);
    if (inverse) {
      const complex y = times_conjugate(tile.get(high), c, s);
      tile.set(low, plus(x, y));
      tile.set(high, minus(x, y));
    } else {
      const complex y = tile.get(high);
      tile.set(low, plus(x, y));
      tile.set(high, times(minus(x, y), c, s));
    }
  }
  __syncthreads();
}

/* One block per tile, vectors one after the other. */
template <bool inverse>
static __global__ void __launch_bounds__(UMBRA_CUDA_THREADS)
    fft(umbra_cuda_tables tables, double *re, double *im, fft_pass pass) {
  umbra_cuda_begin();
  UMBRA_SHARED(shared);
  const uint32_t log_tiles = pass.log_m - pass.log_rows - pass.log_columns, m = 1u << pass.log_m;
  const fft_tile tile = tile_of(shared, pass, blockIdx.x & ((1u << log_tiles) - 1));
  re += (size_t)(blockIdx.x >> log_tiles) << pass.log_m;
  im += (size_t)(blockIdx.x >> log_tiles) << pass.log_m;
  for (uint32_t point = threadIdx.x; point < tile.points; point += blockDim.x) {
    const uint32_t i = tile.index(point);
    complex x = {re[i], im[i]};
    if (pass.twisted && !inverse) x = times(x, tables.fft_cos[2 * m + i], tables.fft_sin[2 * m + i]);
    tile.set(point, x);
  }
  __syncthreads();
  const uint32_t rows = 1u << pass.log_rows;
  if (inverse) {
    for (uint32_t half = 1; half < rows; half *= 2) stage<true>(tile, tables, half);
  } else {
    for (uint32_t half = rows / 2; half >= 1; half /= 2) stage<false>(tile, tables, half);
  }
  for (uint32_t point = threadIdx.x; point < tile.points; point += blockDim.x) {
    const uint32_t i = tile.index(point);
    complex x = tile.get(point);
    if (pass.twisted && inverse) x = times_conjugate(x, tables.fft_cos[2 * m + i], tables.fft_sin[2 * m + i]);
    re[i] = x.re;
    im[i] = x.im;
  }
}

cudaError_t umbra_cuda_load_fft(void) { return umbra_cuda_load(fft<false>, fft<true>); }

/* ---- entries ---- */

template <bool inverse>
static void launch(umbra_stream *stream, double *re, double *im, fft_pass pass, uint32_t batch) {
  const uint32_t log_points = pass.log_rows + pass.log_columns;
  umbra_cuda_launch(stream, inverse ? "ifft" : "fft", fft<inverse>, batch << (pass.log_m - log_points),
                    UMBRA_CUDA_THREADS, sizeof(complex) << log_points, *stream->tables, re, im, pass);
}

/* The stages whose points are 2^TILE or more apart; there are such. */
static fft_pass column_pass(uint32_t log_m) { return {log_m, log_m - TILE, 2 * TILE - log_m, 1u << TILE, true}; }

/* The stages within 2^TILE points. */
static fft_pass piece_pass(uint32_t log_m) { return {log_m, log_m < TILE ? log_m : TILE, 0, 1, log_m <= TILE}; }

void umbra_cuda_fft(umbra_stream *stream, double *re, double *im, uint32_t log_m, uint32_t batch) {
  if (log_m > TILE) launch<false>(stream, re, im, column_pass(log_m), batch);
  launch<false>(stream, re, im, piece_pass(log_m), batch);
}

void umbra_cuda_ifft(umbra_stream *stream, double *re, double *im, uint32_t log_m, uint32_t batch) {
  launch<true>(stream, re, im, piece_pass(log_m), batch);
  if (log_m > TILE) launch<true>(stream, re, im, column_pass(log_m), batch);
}
