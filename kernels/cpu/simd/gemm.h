/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Products of matrices with columns of polynomials. A block of columns of a few words is copied to where it lies in the
 * cache without gaps, whatever the strides of views; then a tile of rows at a time keeps its sums in registers while the
 * block passes by. What is left of them is reduced, and added to the results, once for each block.
 *
 * The floor is two operations, a product of 64 bits and an addition, for half a vector of results. Reductions add an
 * eighth to them: with B = q * 2^32, products are below B / 4 if q < 2^30, and a sum below 2 B and eight of them is below
 * 4 B < 2^64, so that one subtraction of 2 B brings it back. Larger primes take two products, below B / 2, and B.
 */
#include "simd.h"

enum {
  TILE = VEC_LOG > 3 ? 8 : 4, /* rows at once, as registers allow: each takes two */
  BLOCK = 112,                /* columns at once */
  STRETCH = 32,               /* words of them */
  SPAN = 1024                 /* words of a piece of work */
};

/* Unrolled, sums of columns are formed beside each other, and there are more of them than registers. */
#define UMBRA_ROLLED _Pragma("GCC unroll 1")

/* One limb of one part of the operands, from some word on; strides are from one row, or column, to the next. */
typedef struct strip {
  const umbra_cpu_prime *prime;
  uint32_t *dst;
  const uint32_t *a, *w;
  size_t dst_stride, a_stride;
  uint32_t rows, columns;
} strip;

/* Words of a block of columns. */
typedef struct block {
  _Alignas(64) uint32_t word[STRETCH / VEC_WORDS][BLOCK][VEC_WORDS];
  uint32_t first, columns;
} block;

static void block_copy(block *b, const strip *s, uint32_t first) {
  const uint32_t *a = s->a + first * s->a_stride;
  b->first = first;
  b->columns = s->columns - first < BLOCK ? s->columns - first : BLOCK;
  for (uint32_t j = 0; j < b->columns; j++, a += s->a_stride)
    for (uint32_t v = 0; v < STRETCH / VEC_WORDS; v++) vec_store(b->word[v][j], vec_load(a + v * VEC_WORDS));
}

/* One column more of a tile's sums. */
UMBRA_INLINE void add_column(wide *sum, const uint32_t *column, const uint32_t *w, const int tile) {
  const vec even = vec_load(column), odd = vec_high(even);
  UMBRA_UNROLL
  for (int g = 0; g < tile; g++) {
    const vec factor = vec_set(w[g]);
    sum[g] = wide_add(sum[g], (wide){vec_mul(even, factor), vec_mul(odd, factor)});
  }
}

UMBRA_INLINE void shrink_sums(wide *sum, vec bound, const int tile) {
  UMBRA_UNROLL
  for (int g = 0; g < tile; g++) sum[g] = wide_shrink(sum[g], bound);
}

/* dst = [dst +] sums below B. */
UMBRA_INLINE void store_sums(const strip *s, uint32_t *dst, const wide *sum, int accumulate, const int tile) {
  const vec q = vec_set(s->prime->q), inv = vec_set(0 - s->prime->neg_inv);
  UMBRA_UNROLL
  for (int g = 0; g < tile; g++, dst += s->dst_stride) {
    const vec share = wide_reduce(sum[g], q, inv);
    vec_store(dst, accumulate ? vec_mod_add(vec_load(dst), share, q) : share);
  }
}

/* Results [row, row + tile) at vector v of the strip; sums take `run` products between subtractions. */
UMBRA_INLINE void tile_sums(const strip *s, const block *b, uint32_t row, uint32_t v, const int tile, const int run) {
  const vec bound = vec_set64((uint64_t)s->prime->q << 32), most = run > 2 ? vec_add64(bound, bound) : bound;
  const uint32_t *x = *b->word[v], *w = s->w + (size_t)b->first * s->rows + row;
  uint32_t j = 0;
  wide sum[TILE];
  UMBRA_UNROLL
  for (int g = 0; g < tile; g++) sum[g] = (wide){vec_set(0), vec_set(0)};
  for (; j + (uint32_t)run <= b->columns; j += (uint32_t)run) {
    UMBRA_ROLLED
    for (int k = 0; k < run; k++, x += VEC_WORDS, w += s->rows) add_column(sum, x, w, tile);
    shrink_sums(sum, most, tile);
  }
  for (; j < b->columns; j++, x += VEC_WORDS, w += s->rows) add_column(sum, x, w, tile);
  shrink_sums(sum, most, tile);
  shrink_sums(sum, bound, tile);
  store_sums(s, s->dst + row * s->dst_stride + v * VEC_WORDS, sum, b->first > 0, tile);
}

#define UMBRA_TILE(name, tile, run)                                                        \
  static void name(const strip *s, const block *b, uint32_t row) {                         \
    for (uint32_t v = 0; v < STRETCH / VEC_WORDS; v++) tile_sums(s, b, row, v, tile, run); \
  }

UMBRA_TILE(full_tile, TILE, 8)
UMBRA_TILE(full_tile_wide, TILE, 2)
UMBRA_TILE(one_row, 1, 8)
UMBRA_TILE(one_row_wide, 1, 2)

static void strip_products(const strip *s) {
  const int is_wide = s->prime->q >> 30 != 0;
  block b;
  for (uint32_t first = 0; first < s->columns; first += BLOCK) {
    uint32_t row = 0;
    block_copy(&b, s, first);
    for (; row + TILE <= s->rows; row += TILE) (is_wide ? full_tile_wide : full_tile)(s, &b, row);
    for (; row < s->rows; row++) (is_wide ? one_row_wide : one_row)(s, &b, row);
  }
}

/* What a kernel call is about. */
typedef struct gemm_job {
  const umbra_device *device;
  const umbra_view *dst, *a;
  const uint32_t *w;
  uint32_t parts;
} gemm_job;

static void gemm_work(const void *data, uint32_t item) {
  const gemm_job *job = data;
  const uint32_t spans = job->device->n / SPAN, span = item % spans, part = item / spans % job->parts;
  const uint32_t limb = item / spans / job->parts;
  const uint32_t rows = job->dst->polys / job->parts, columns = job->a->polys / job->parts;
  const umbra_cpu_limb to = umbra_cpu_limb_at(job->device, job->dst, part, limb);
  strip s = {.prime = to.prime,
             .dst = to.data + (size_t)span * SPAN,
             .a = umbra_cpu_limb_at(job->device, job->a, part, limb).data + (size_t)span * SPAN,
             .w = job->w + (size_t)limb * columns * rows,
             .dst_stride = job->parts * job->dst->stride,
             .a_stride = job->parts * job->a->stride,
             .rows = rows,
             .columns = columns};
  for (int i = 0; i < SPAN / STRETCH; i++, s.dst += STRETCH, s.a += STRETCH) strip_products(&s);
}

void UMBRA_CPU_NAME(gemm)(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const uint32_t *w,
                          uint32_t parts) {
  const umbra_device *device = stream->device;
  const gemm_job job = {device, dst, a, w, parts};
  const uint32_t limbs = umbra_view_limbs(dst), items = limbs * parts * (device->n / SPAN);
  umbra_cpu_parallel(device, items, (size_t)limbs * dst->polys * (a->polys / parts) * device->n, gemm_work, &job);
}
