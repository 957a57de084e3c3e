/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Base conversion as a matrix product with signed operands of 31 bits and sums of 64.
 *
 * The centred sources of a tile of coefficients, and v as one more, wait in the nearest cache for all targets. Factors are
 * centred and carry R, so that one signed Montgomery reduction ends a sum. Where a sum could overflow, or be too large for
 * that reduction, its high part is folded before: s becomes (s mod 2^40) + floor(s / 2^40) * (2^40 mod q), less than
 * q * 2^31. Most sums are not, as their factors tell.
 */
#include <stdlib.h>

#include "../ref/ref.h"
#include "simd.h"

enum {
  TILE_WORDS = 3840,              /* on the stack, which may be small */
  MAX_TILE = 256,                 /* coefficients */
  TARGETS = VEC_LOG == 4 ? 4 : 5, /* that share one load of a source: as many as registers have room for their sums */
  VECTORS = VEC_LOG == 4 ? 2 : 1, /* that share one load of a factor, likewise */
  FOLD_BITS = 40,
  SPLIT_BITS = 28 /* of reciprocals, which are too long for one product */
};

/* How the sums of a target end. */
typedef struct closing {
  uint32_t q, neg_inv;
  uint32_t lift; /* q or 2q: results of the reduction are above -lift and below lift */
  int32_t fold;  /* 2^FOLD_BITS modulo q, centred */
  uint32_t
      period; /* products that a sum can take before it is folded; as many as there are: once, at the end; more: never */
} closing;

typedef struct prepared {
  uint32_t rows; /* of a tile: the sources, and v if exact */
  uint32_t tile; /* coefficients; 0: so many rows fit none, and the portable code does the work */
  closing closing[UMBRA_MAX_PRIMES];
  int32_t matrix[]; /* [2 + targets][rows]: high and low part of the reciprocals, then the targets */
} prepared;

/* ---- set-up ---- */

/* a mod q, centred. */
static int32_t centred(uint64_t a, uint32_t q) {
  const uint32_t r = (uint32_t)(a % q);
  return (int32_t)(r > q / 2 ? r - q : r);
}

/*
 * Sums of `rows` products, of sources up to d / 2 in magnitude, are below high * 2^32. What the reduction adds is below
 * q * 2^31; results are divided by 2^32, and three multiples of a q from 2^30 on do not fit a word.
 */
static closing closing_for(const umbra_cpu_prime *prime, uint32_t rows, uint64_t d, uint64_t high) {
  const uint32_t q = prime->q;
  const uint64_t reach = high + q / 2 + 1, period = ((UINT64_C(1) << 63) - (UINT64_C(1) << 54)) / (d * q / 4 + 1);
  const uint32_t lift = reach < q || q >> 30 ? q : 2 * q, fits = high < UINT64_C(1) << 31 || rows < period;
  return (closing){.q = q,
                   .neg_inv = prime->neg_inv,
                   .lift = lift,
                   .fold = centred(UINT64_C(1) << FOLD_BITS, q),
                   .period = !fits ? (uint32_t)period : rows + (reach < lift)};
}

static void prepare_target(prepared *p, const umbra_conversion_desc *desc, uint32_t target,
                           const umbra_cpu_prime *prime) {
  const umbra_cpu_prime *to = &prime[desc->target[target]];
  const uint32_t q = to->q, *factor = desc->factor + (size_t)target * desc->sources;
  int32_t *row = p->matrix + (size_t)(2 + target) * p->rows;
  uint64_t largest = 1, high = 0;
  for (uint32_t i = 0; i < desc->sources; i++) {
    const uint64_t d = prime[desc->source[i]].q;
    if (largest < d) largest = d;
    row[i] = centred((uint64_t)factor[i] * to->r, q);
    high += ((uint64_t)labs(row[i]) * (d / 2) >> 32) + 1;
  }
  if (desc->exact) {
    row[desc->sources] = centred((uint64_t)(q - desc->product[target]) * to->r, q);
    high += desc->sources; /* v is less than that */
  }
  p->closing[target] = closing_for(to, p->rows, largest, high);
}

static void prepare(prepared *p, const umbra_conversion *conversion, const umbra_cpu_prime *prime) {
  const umbra_conversion_desc *desc = &conversion->desc;
  for (uint32_t i = 0; i < desc->sources; i++) {
    p->matrix[i] = (int32_t)(conversion->reciprocal[i] >> SPLIT_BITS);
    p->matrix[p->rows + i] = (int32_t)(conversion->reciprocal[i] & ((1u << SPLIT_BITS) - 1));
  }
  for (uint32_t t = 0; t < desc->targets; t++) prepare_target(p, desc, t, prime);
}

/* The largest tile with so many rows. */
static uint32_t tile_for(uint32_t rows) {
  uint32_t tile = MAX_TILE;
  while (rows * tile > TILE_WORDS) tile /= 2;
  return tile < VECTORS * VEC_WORDS ? 0 : tile;
}

umbra_status UMBRA_CPU_NAME(conversion_create)(umbra_conversion **conversion, const umbra_device *device,
                                               const umbra_conversion_desc *desc) {
  umbra_conversion *made;
  umbra_status status = umbra_cpu_conversion_create(&made, device, desc);
  if (status != UMBRA_OK) return status;
  const uint32_t rows = desc->sources + (desc->exact != 0);
  prepared *p = malloc(sizeof *p + (size_t)(2 + desc->targets) * rows * sizeof *p->matrix);
  if (!p) {
    umbra_cpu_conversion_destroy(made);
    return UMBRA_ERROR_OUT_OF_MEMORY;
  }
  p->rows = rows;
  p->tile = tile_for(rows);
  prepare(p, made, device->prime);
  made->prepared = p;
  *conversion = made;
  return UMBRA_OK;
}

/* ---- product ---- */

/* TARGETS rows of sums over VECTORS vectors of coefficients. */
typedef wide sums[TARGETS][VECTORS];

/* Adds the products of rows begin..end-1 of a tile. */
UMBRA_INLINE void multiply_add(sums sum, const int targets, const int32_t *tile, const prepared *p,
                               const int32_t *matrix, uint32_t begin, uint32_t end) {
  uint32_t i = begin;
  do {
    vec even[VECTORS], odd[VECTORS];
    UMBRA_UNROLL
    for (int v = 0; v < VECTORS; v++) {
      even[v] = vec_load(tile + (size_t)i * p->tile + v * VEC_WORDS);
      odd[v] = vec_high(even[v]);
    }
    UMBRA_UNROLL
    for (int t = 0; t < targets; t++) {
      const vec factor = vec_set((uint32_t)matrix[(size_t)t * p->rows + i]);
      UMBRA_UNROLL
      for (int v = 0; v < VECTORS; v++) {
        sum[t][v].even = vec_add64(sum[t][v].even, vec_mul_signed(even[v], factor));
        sum[t][v].odd = vec_add64(sum[t][v].odd, vec_mul_signed(odd[v], factor));
      }
    }
  } while (++i < end);
}

UMBRA_INLINE void clear(sums sum, const int targets) {
  UMBRA_UNROLL
  for (int t = 0; t < targets; t++) {
    UMBRA_UNROLL
    for (int v = 0; v < VECTORS; v++) sum[t][v] = (wide){vec_set(0), vec_set(0)};
  }
}

UMBRA_INLINE vec fold(vec sum, vec constant) {
  const vec low = vec_and(sum, vec_set64((UINT64_C(1) << FOLD_BITS) - 1));
  return vec_add64(low, vec_mul_signed(vec_shift_right64(sum, FOLD_BITS), constant));
}

UMBRA_INLINE void fold_all(sums sum, const int targets, const closing *to) {
  UMBRA_UNROLL
  for (int t = 0; t < targets; t++) {
    const vec c = vec_set((uint32_t)to[t].fold);
    UMBRA_UNROLL
    for (int v = 0; v < VECTORS; v++) sum[t][v] = (wide){fold(sum[t][v].even, c), fold(sum[t][v].odd, c)};
  }
}

/* sum * R^-1 mod q. A multiple of q clears the low words, so the high ones are exact. */
UMBRA_INLINE vec reduce_signed(wide sum, const closing *to) {
  const vec q = vec_set(to->q), neg_inv = vec_set(to->neg_inv);
  const vec even = vec_add64(sum.even, vec_mul_signed(vec_mul(sum.even, neg_inv), q));
  const vec odd = vec_add64(sum.odd, vec_mul_signed(vec_mul(sum.odd, neg_inv), q));
  const vec result = vec_merge_high(even, odd);
  return vec_shrink(vec_min(result, vec_add(result, vec_set(to->lift))), q);
}

/* A tile of `targets` results. */
UMBRA_INLINE void convert_targets(uint32_t *const *dst, const int targets, const int32_t *tile, const prepared *p,
                                  const int32_t *matrix, const closing *to) {
  uint32_t period = to->period;
  for (int t = 1; t < targets; t++) period = to[t].period < period ? to[t].period : period;
  for (size_t j = 0; j < p->tile; j += VECTORS * VEC_WORDS) {
    sums sum;
    clear(sum, targets);
    uint32_t begin = 0, end;
    do {
      end = p->rows - begin > period ? begin + period : p->rows;
      multiply_add(sum, targets, tile + j, p, matrix, begin, end);
      if (period <= p->rows) fold_all(sum, targets, to);
    } while ((begin = end) < p->rows);
    UMBRA_UNROLL
    for (int t = 0; t < targets; t++) {
      UMBRA_UNROLL
      for (int v = 0; v < VECTORS; v++) vec_store(dst[t] + j + v * VEC_WORDS, reduce_signed(sum[t][v], &to[t]));
    }
  }
}

/* ---- sources ---- */

/* Coefficients of a tile; 0: rows are too many for that. */
static uint32_t tile_of(const umbra_conversion *conversion) { return ((const prepared *)conversion->prepared)->tile; }

static void centre_tile(int32_t *tile, const uint32_t *residue, size_t count, uint32_t d) {
  const vec modulus = vec_set(d), half = vec_set(d / 2);
  for (size_t j = 0; j < count; j += VEC_WORDS) {
    const vec y = vec_load(residue + j);
    vec_store(tile + j, vec_sub(y, vec_if_greater(y, half, modulus)));
  }
}

/* v of the contract. Sums of low parts may wrap around: only the whole needs to fit. */
static void overflow_tile(int32_t *v, const int32_t *tile, const prepared *p, uint32_t sources) {
  const vec rounding = vec_set64(UINT64_C(1) << 55);
  for (size_t j = 0; j < p->tile; j += VECTORS * VEC_WORDS) {
    sums sum;
    clear(sum, 2);
    multiply_add(sum, 2, tile + j, p, p->matrix, 0, sources);
    UMBRA_UNROLL
    for (int i = 0; i < VECTORS; i++) {
      const wide high = sum[0][i], low = sum[1][i];
      const vec even = vec_add64(vec_add64(vec_shift_left64(high.even, SPLIT_BITS), low.even), rounding);
      const vec odd = vec_add64(vec_add64(vec_shift_left64(high.odd, SPLIT_BITS), low.odd), rounding);
      vec_store(v + j + i * VEC_WORDS, vec_merge_low(vec_shift_right64(even, 56), vec_shift_right64(odd, 56)));
    }
  }
}

/* Asks for a share of the next tile's sources: they are too many streams for processors to follow by themselves. */
static void prefetch_sources(const umbra_cpu_job *job, uint32_t poly, size_t offset, uint32_t share, uint32_t shares) {
  const uint32_t tile = tile_of(job->conversion);
  for (uint32_t i = share; i < job->conversion->desc.sources; i += shares) {
    const uint32_t *next = umbra_cpu_limb_at(job->device, job->a, poly, i).data + offset + tile;
    for (uint32_t j = 0; j < tile; j += LINE_WORDS) __builtin_prefetch(next + j);
  }
}

static void convert_tile(const void *data, uint32_t item) {
  const umbra_cpu_job *job = data;
  const umbra_device *device = job->device;
  const umbra_conversion *conversion = job->conversion;
  const prepared *p = conversion->prepared;
  const uint32_t sources = conversion->desc.sources, limbs = umbra_view_limbs(job->dst);
  const uint32_t tiles = device->n / p->tile, poly = item / tiles;
  const size_t offset = (size_t)(item % tiles) * p->tile;
  int32_t tile[TILE_WORDS];
  for (uint32_t i = 0; i < sources; i++) {
    const umbra_cpu_limb y = umbra_cpu_limb_at(device, job->a, poly, i);
    centre_tile(tile + (size_t)i * p->tile, y.data + offset, p->tile, y.prime->q);
  }
  if (conversion->desc.exact) overflow_tile(tile + (size_t)sources * p->tile, tile, p, sources);
  const uint32_t groups = (limbs + TARGETS - 1) / TARGETS;
  for (uint32_t group = 0, limb = 0, targets; group < groups; group++, limb += targets) {
    targets = (limbs - limb + groups - group - 1) / (groups - group);
    prefetch_sources(job, poly, offset, group, groups);
    const int32_t *matrix = p->matrix + (size_t)(2 + job->number + limb) * p->rows;
    const closing *to = &p->closing[job->number + limb];
    uint32_t *dst[TARGETS];
    for (uint32_t t = 0; t < targets; t++) dst[t] = umbra_cpu_limb_at(device, job->dst, poly, limb + t).data + offset;
    switch (targets) {
      case 1: convert_targets(dst, 1, tile, p, matrix, to); break;
      case 2: convert_targets(dst, 2, tile, p, matrix, to); break;
      case 3: convert_targets(dst, 3, tile, p, matrix, to); break;
      case 4: convert_targets(dst, 4, tile, p, matrix, to); break;
      default: convert_targets(dst, TARGETS, tile, p, matrix, to); break;
    }
  }
}

/* Conversions whose tiles are counted through. */
typedef struct conversions_job {
  umbra_cpu_job call[UMBRA_MAX_DIGITS];
  uint32_t end[UMBRA_MAX_DIGITS]; /* of the tiles of each, and those before it */
} conversions_job;

static void convert_any_tile(const void *data, uint32_t item) {
  const conversions_job *job = data;
  uint32_t i = 0;
  while (item >= job->end[i]) i++;
  convert_tile(&job->call[i], item - (i ? job->end[i - 1] : 0));
}

void UMBRA_CPU_NAME(conversions)(umbra_stream *stream, const umbra_conversion_call *call, uint32_t calls) {
  const umbra_device *device = stream->device;
  conversions_job job;
  uint32_t tiles = 0, tiled = 0;
  size_t words = 0;
  for (const umbra_conversion_call *c = call; c < call + calls; c++) {
    const uint32_t tile = tile_of(c->conversion);
    if (!tile) {
      umbra_ref_convert(stream, &c->dst, &c->src, c->conversion, c->first);
      continue;
    }
    job.call[tiled] = (umbra_cpu_job){
        .device = device, .dst = &c->dst, .a = &c->src, .conversion = c->conversion, .number = c->first};
    job.end[tiled++] = tiles += device->n / tile * c->dst.polys;
    words += (size_t)c->dst.polys * umbra_view_limbs(&c->dst) * device->n;
  }
  umbra_cpu_parallel(device, tiles, words, convert_any_tile, &job);
}

void UMBRA_CPU_NAME(convert)(umbra_stream *stream, const umbra_view *dst, const umbra_view *src,
                             const umbra_conversion *conversion, uint32_t first) {
  UMBRA_CPU_NAME(conversions)(stream, &(umbra_conversion_call){*dst, *src, conversion, first}, 1);
}
