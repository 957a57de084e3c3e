/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sums of products of ciphertexts with plaintexts. A tile of the sums lives in registers while the terms pass by, so
 * every operand is read once for a tile; all tiles of a stretch of words follow each other, so that from the second on
 * the ciphertexts come from the cache. Reductions are as rare as in inner_product.h.
 *
 * Of many terms with plaintexts that repeat their words, a few words of a block of ciphertexts are first copied to
 * where they lie without gaps, as in gemm.h, whose bounds hold here, too: they would push each other out of the cache.
 */
#include "simd.h"

enum {
  TILE = VEC_LOG > 3 ? 4 : 2, /* results at once, as registers allow: each takes four */
  STRETCH = 1024,             /* words */
  FEW = 16,                   /* terms that need no copies */
  BLOCK = 56,                 /* ciphertexts that are copied together, */
  SHORT = 32                  /* and words of them */
};

/* One limb of the operands: `terms` ciphertexts and, for each result, as many plaintexts. */
typedef struct rows {
  const umbra_cpu_prime *prime;
  uint32_t *dst;
  const uint32_t *plain, *a;
  size_t dst_stride, plain_stride, a_stride; /* from one polynomial to the next */
  uint32_t terms, log_gap;
} rows;

/* Results [first, first + tile) at word i. `repeated`: a plaintext's word is the same for the whole vector. */
UMBRA_INLINE void tile_products(const rows *r, uint32_t first, size_t i, const int tile, const int repeated) {
  const uint32_t period = r->prime->q >> 30 ? 2 : 4;
  const vec q = vec_set(r->prime->q), inv = vec_set(0 - r->prime->neg_inv);
  const vec bound = vec_set64((uint64_t)r->prime->q << 32);
  const uint32_t *plain = r->plain + (size_t)first * r->terms * r->plain_stride + (i >> r->log_gap);
  const uint32_t *a = r->a + i;
  wide sum[TILE][2];
  UMBRA_UNROLL
  for (int g = 0; g < tile; g++) sum[g][0] = sum[g][1] = (wide){vec_set(0), vec_set(0)};
  for (uint32_t b = 0, end; b < r->terms;) {
    end = r->terms - b > period ? b + period : r->terms;
    for (; b < end; b++, a += 2 * r->a_stride, plain += r->plain_stride) {
      const vec a0 = vec_load(a), a1 = vec_load(a + r->a_stride);
      UMBRA_UNROLL
      for (int g = 0; g < tile; g++) {
        const uint32_t *x = plain + (size_t)g * r->terms * r->plain_stride;
        const vec even = repeated ? vec_set(*x) : vec_load(x), odd = repeated ? even : vec_high(even);
        sum[g][0] = wide_add(sum[g][0], (wide){vec_mul(a0, even), vec_mul(vec_high(a0), odd)});
        sum[g][1] = wide_add(sum[g][1], (wide){vec_mul(a1, even), vec_mul(vec_high(a1), odd)});
      }
    }
    UMBRA_UNROLL
    for (int g = 0; g < tile; g++) {
      for (int p = 0; p < 2; p++) {
        sum[g][p] = wide_shrink(sum[g][p], bound);
      }
    }
  }
  UMBRA_UNROLL
  for (int g = 0; g < tile; g++) {
    for (int p = 0; p < 2; p++) {
      vec_store(r->dst + (2 * (first + (uint32_t)g) + (uint32_t)p) * r->dst_stride + i, wide_reduce(sum[g][p], q, inv));
    }
  }
}

/* A tile of results on a stretch of words. */
#define UMBRA_STRETCH(name, tile, repeated)                                                     \
  static void name(const rows *r, uint32_t first, size_t begin, size_t end) {                   \
    for (size_t i = begin; i < end; i += VEC_WORDS) tile_products(r, first, i, tile, repeated); \
  }

UMBRA_STRETCH(one_full, 1, 0)
UMBRA_STRETCH(one_repeated, 1, 1)
UMBRA_STRETCH(tile_full, TILE, 0)
UMBRA_STRETCH(tile_repeated, TILE, 1)

/* ---- many terms ---- */

/* Words of a block of ciphertexts. */
typedef struct block {
  _Alignas(64) uint32_t word[SHORT / VEC_WORDS][2 * BLOCK][VEC_WORDS];
  uint32_t first, terms;
} block;

static void block_copy(block *b, const rows *r, uint32_t first, size_t i) {
  const uint32_t *a = r->a + 2 * first * r->a_stride + i;
  b->first = first;
  b->terms = r->terms - first < BLOCK ? r->terms - first : BLOCK;
  for (uint32_t j = 0; j < 2 * b->terms; j++, a += r->a_stride)
    for (uint32_t v = 0; v < SHORT / VEC_WORDS; v++) vec_store(b->word[v][j], vec_load(a + v * VEC_WORDS));
}

/* One term more of a tile's sums; next: from a result's plaintext to that of the one after it. */
UMBRA_INLINE void add_term(wide sum[][2], const uint32_t *x, const uint32_t *plain, size_t next, const int tile) {
  const vec even0 = vec_load(x), even1 = vec_load(x + VEC_WORDS), odd0 = vec_high(even0), odd1 = vec_high(even1);
  UMBRA_UNROLL
  for (int g = 0; g < tile; g++) {
    const vec factor = vec_set(plain[(size_t)g * next]);
    sum[g][0] = wide_add(sum[g][0], (wide){vec_mul(even0, factor), vec_mul(odd0, factor)});
    sum[g][1] = wide_add(sum[g][1], (wide){vec_mul(even1, factor), vec_mul(odd1, factor)});
  }
}

UMBRA_INLINE void shrink_sums(wide sum[][2], vec bound, const int tile) {
  UMBRA_UNROLL
  for (int g = 0; g < tile; g++) {
    sum[g][0] = wide_shrink(sum[g][0], bound);
    sum[g][1] = wide_shrink(sum[g][1], bound);
  }
}

/* What a block brings to results [first, first + tile) at word i; sums take `run` products between subtractions. */
UMBRA_INLINE void block_sums(wide sum[][2], const rows *r, const block *b, uint32_t first, size_t i, const int tile,
                             const int run) {
  const vec bound = vec_set64((uint64_t)r->prime->q << 32), most = run > 2 ? vec_add64(bound, bound) : bound;
  const uint32_t *x = *b->word[i % SHORT / VEC_WORDS];
  const uint32_t *plain = r->plain + ((size_t)first * r->terms + b->first) * r->plain_stride + (i >> r->log_gap);
  const size_t next = r->terms * r->plain_stride;
  uint32_t j = 0;
  UMBRA_UNROLL
  for (int g = 0; g < tile; g++) sum[g][0] = sum[g][1] = (wide){vec_set(0), vec_set(0)};
  while (j < b->terms) {
    const uint32_t end = b->terms - j > (uint32_t)run ? j + (uint32_t)run : b->terms;
    for (; j < end; j++, x += 2 * VEC_WORDS, plain += r->plain_stride) add_term(sum, x, plain, next, tile);
    shrink_sums(sum, most, tile);
  }
  shrink_sums(sum, bound, tile);
}

UMBRA_INLINE void block_tile(const rows *r, const block *b, uint32_t first, size_t i, const int tile, const int run) {
  const vec q = vec_set(r->prime->q), inv = vec_set(0 - r->prime->neg_inv);
  wide sum[TILE][2];
  block_sums(sum, r, b, first, i, tile, run);
  uint32_t *dst = r->dst + 2 * first * r->dst_stride + i;
  UMBRA_UNROLL
  for (int g = 0; g < 2 * tile; g++, dst += r->dst_stride) {
    const vec share = wide_reduce(sum[g / 2][g % 2], q, inv);
    vec_store(dst, b->first ? vec_mod_add(vec_load(dst), share, q) : share);
  }
}

#define UMBRA_BLOCK(name, tile, run)                                                         \
  static void name(const rows *r, const block *b, uint32_t first, size_t i) {                \
    for (size_t v = 0; v < SHORT; v += VEC_WORDS) block_tile(r, b, first, i + v, tile, run); \
  }

UMBRA_BLOCK(block_full, TILE, 8)
UMBRA_BLOCK(block_full_wide, TILE, 2)
UMBRA_BLOCK(block_one, 1, 8)
UMBRA_BLOCK(block_one_wide, 1, 2)

static void block_products(const rows *r, uint32_t results, size_t i) {
  const int is_wide = r->prime->q >> 30 != 0;
  block b;
  for (uint32_t first = 0; first < r->terms; first += BLOCK) {
    uint32_t result = 0;
    block_copy(&b, r, first, i);
    for (; result + TILE <= results; result += TILE) (is_wide ? block_full_wide : block_full)(r, &b, result, i);
    for (; result < results; result++) (is_wide ? block_one_wide : block_one)(r, &b, result, i);
  }
}

/* ---- all of them ---- */

static void stretch_products(const rows *r, uint32_t results, size_t begin, size_t end) {
  uint32_t first = 0;
  if (r->log_gap && r->terms > FEW) {
    for (size_t i = begin; i < end; i += SHORT) block_products(r, results, i);
    return;
  }
  for (; first + TILE <= results; first += TILE) (r->log_gap ? tile_repeated : tile_full)(r, first, begin, end);
  for (; first < results; first++) (r->log_gap ? one_repeated : one_full)(r, first, begin, end);
}

/* What a kernel call is about. */
typedef struct products_job {
  const umbra_device *device;
  const umbra_view *dst, *plain, *a;
  uint32_t terms, log_gap;
} products_job;

/* Limb `limb` of polynomial 0, of that many words. */
static const uint32_t *words_of(const umbra_view *view, uint32_t limb, size_t words) {
  const umbra_run *run = view->run;
  while (limb >= run->count) limb -= (run++)->count;
  return run->data + limb * words;
}

static void products_work(const void *data, uint32_t item) {
  const products_job *job = data;
  const uint32_t n = job->device->n, limb = item / (n / STRETCH);
  const size_t begin = (size_t)(item % (n / STRETCH)) * STRETCH;
  const umbra_cpu_limb to = umbra_cpu_limb_at(job->device, job->dst, 0, limb);
  const rows r = {.prime = to.prime,
                  .dst = to.data,
                  .plain = words_of(job->plain, limb, n >> job->log_gap),
                  .a = umbra_cpu_limb_at(job->device, job->a, 0, limb).data,
                  .dst_stride = job->dst->stride,
                  .plain_stride = job->plain->stride,
                  .a_stride = job->a->stride,
                  .terms = job->terms,
                  .log_gap = job->log_gap};
  stretch_products(&r, job->dst->polys / 2, begin, begin + STRETCH);
}

void UMBRA_CPU_NAME(plain_products)(umbra_stream *stream, const umbra_view *dst, const umbra_view *plain,
                                    const umbra_view *a, uint32_t terms, uint32_t log_gap) {
  const umbra_device *device = stream->device;
  const products_job job = {device, dst, plain, a, terms, log_gap};
  const uint32_t limbs = umbra_view_limbs(dst);
  const size_t words = (size_t)limbs * dst->polys * terms * device->n;
  umbra_cpu_parallel(device, limbs * (device->n / STRETCH), words, products_work, &job);
}
