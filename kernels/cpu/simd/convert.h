/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Base conversion as a matrix product with signed operands of 31 bits and sums of 64.
 *
 * The centred sources of a tile of coefficients, and v as one more, wait in the nearest cache for all targets. Factors are
 * centred and carry R, so that one signed Montgomery reduction ends a sum. Before a sum can overflow, and before that
 * reduction, its high part is folded: s becomes (s mod 2^40) + floor(s / 2^40) * (2^40 mod q), less than q * 2^31.
 */
#include <stdlib.h>

#include "../ref/ref.h"
#include "simd.h"

enum {
  TILE_WORDS = 3840,              /* on the stack, which may be small */
  MAX_TILE = 256,                 /* coefficients */
  TARGETS = 4,                    /* that share one load of a source */
  VECTORS = VEC_LOG == 4 ? 2 : 1, /* that share one load of a factor: as many as registers have room for their sums */
  FOLD_BITS = 40,
  SPLIT_BITS = 28 /* of reciprocals, which are too long for one product */
};

typedef struct prepared {
  uint32_t rows;    /* of a tile: the sources, and v if exact */
  uint32_t tile;    /* coefficients; 0: so many rows fit none, and the portable code does the work */
  uint32_t period;  /* products that a sum can take between two folds */
  uint32_t columns; /* rows, and the fold constant */
  int32_t matrix[]; /* [2 + targets][columns]: high and low part of the reciprocals, then the targets */
} prepared;

/* ---- set-up ---- */

/* a mod q, centred. */
static int32_t centred(uint64_t a, uint32_t q) {
  const uint32_t r = (uint32_t)(a % q);
  return (int32_t)(r > q / 2 ? r - q : r);
}

static void prepare_target(int32_t *row, const umbra_conversion_desc *desc, uint32_t target,
                           const umbra_cpu_prime *prime) {
  const uint32_t q = prime->q, *factor = desc->factor + (size_t)target * desc->sources;
  for (uint32_t i = 0; i < desc->sources; i++) *row++ = centred((uint64_t)factor[i] * prime->r, q);
  if (desc->exact) *row++ = centred((uint64_t)(q - desc->product[target]) * prime->r, q);
  *row = centred(UINT64_C(1) << FOLD_BITS, q);
}

static void prepare(prepared *p, const umbra_conversion *conversion, const umbra_cpu_prime *prime) {
  const umbra_conversion_desc *desc = &conversion->desc;
  uint64_t d = 1, q = 1;
  for (uint32_t i = 0; i < desc->sources; i++) {
    p->matrix[i] = (int32_t)(conversion->reciprocal[i] >> SPLIT_BITS);
    p->matrix[p->columns + i] = (int32_t)(conversion->reciprocal[i] & ((1u << SPLIT_BITS) - 1));
    if (d < prime[desc->source[i]].q) d = prime[desc->source[i]].q;
  }
  for (uint32_t t = 0; t < desc->targets; t++) {
    prepare_target(p->matrix + (size_t)(2 + t) * p->columns, desc, t, &prime[desc->target[t]]);
    if (q < prime[desc->target[t]].q) q = prime[desc->target[t]].q;
  }
  /* a product is less than (d / 2) (q / 2), a folded sum less than 2^54 */
  const uint64_t period = ((UINT64_C(1) << 63) - (UINT64_C(1) << 54)) / (d * q / 4 + 1);
  p->period = period < p->rows ? (uint32_t)period : p->rows;
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
  const uint32_t rows = desc->sources + (desc->exact != 0), columns = rows + 1;
  prepared *p = malloc(sizeof *p + (size_t)(2 + desc->targets) * columns * sizeof *p->matrix);
  if (!p) {
    umbra_cpu_conversion_destroy(made);
    return UMBRA_ERROR_OUT_OF_MEMORY;
  }
  p->rows = rows;
  p->tile = tile_for(rows);
  p->columns = columns;
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
  for (uint32_t i = begin; i < end; i++) {
    vec even[VECTORS], odd[VECTORS];
    UMBRA_UNROLL
    for (int v = 0; v < VECTORS; v++) {
      even[v] = vec_load(tile + (size_t)i * p->tile + v * VEC_WORDS);
      odd[v] = vec_high(even[v]);
    }
    UMBRA_UNROLL
    for (int t = 0; t < targets; t++) {
      const vec factor = vec_set((uint32_t)matrix[(size_t)t * p->columns + i]);
      UMBRA_UNROLL
      for (int v = 0; v < VECTORS; v++) {
        sum[t][v].even = vec_add64(sum[t][v].even, vec_mul_signed(even[v], factor));
        sum[t][v].odd = vec_add64(sum[t][v].odd, vec_mul_signed(odd[v], factor));
      }
    }
  }
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

UMBRA_INLINE void fold_all(sums sum, const int targets, const int32_t *constant, uint32_t columns) {
  UMBRA_UNROLL
  for (int t = 0; t < targets; t++) {
    const vec c = vec_set((uint32_t)constant[(size_t)t * columns]);
    UMBRA_UNROLL
    for (int v = 0; v < VECTORS; v++) sum[t][v] = (wide){fold(sum[t][v].even, c), fold(sum[t][v].odd, c)};
  }
}

/* sum * R^-1 mod q for sums of magnitude below q * 2^31. */
UMBRA_INLINE vec reduce_signed(wide sum, vec q, vec inv) {
  const vec even = vec_mul_signed(vec_mul(sum.even, inv), q), odd = vec_mul_signed(vec_mul(sum.odd, inv), q);
  const vec difference = vec_sub(vec_merge_high(sum.even, sum.odd), vec_merge_high(even, odd));
  return vec_min(difference, vec_add(difference, q));
}

/* A tile of `targets` results. */
UMBRA_INLINE void convert_targets(const umbra_cpu_limb *to, const int targets, const int32_t *tile, const prepared *p,
                                  const int32_t *matrix) {
  for (size_t j = 0; j < p->tile; j += VECTORS * VEC_WORDS) {
    sums sum;
    clear(sum, targets);
    for (uint32_t begin = 0, end; begin < p->rows; begin = end) {
      end = p->rows - begin > p->period ? begin + p->period : p->rows;
      multiply_add(sum, targets, tile + j, p, matrix, begin, end);
      fold_all(sum, targets, matrix + p->rows, p->columns);
    }
    UMBRA_UNROLL
    for (int t = 0; t < targets; t++) {
      const vec q = vec_set(to[t].prime->q), inv = vec_set(0 - to[t].prime->neg_inv);
      UMBRA_UNROLL
      for (int v = 0; v < VECTORS; v++) vec_store(to[t].data + j + v * VEC_WORDS, reduce_signed(sum[t][v], q, inv));
    }
  }
}

/* ---- sources ---- */

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
  for (uint32_t limb = 0; limb < limbs; limb += TARGETS) {
    const uint32_t targets = limbs - limb < TARGETS ? limbs - limb : TARGETS;
    const int32_t *matrix = p->matrix + (size_t)(2 + job->number + limb) * p->columns;
    umbra_cpu_limb to[TARGETS];
    for (uint32_t t = 0; t < targets; t++) {
      to[t] = umbra_cpu_limb_at(device, job->dst, poly, limb + t);
      to[t].data += offset;
    }
    switch (targets) {
      case 1: convert_targets(to, 1, tile, p, matrix); break;
      case 2: convert_targets(to, 2, tile, p, matrix); break;
      case 3: convert_targets(to, 3, tile, p, matrix); break;
      default: convert_targets(to, TARGETS, tile, p, matrix); break;
    }
  }
}

void UMBRA_CPU_NAME(convert)(umbra_stream *stream, const umbra_view *dst, const umbra_view *src,
                             const umbra_conversion *conversion, uint32_t first) {
  const umbra_device *device = stream->device;
  const uint32_t tile = ((const prepared *)conversion->prepared)->tile;
  if (!tile) {
    umbra_ref_convert(stream, dst, src, conversion, first);
    return;
  }
  const umbra_cpu_job job = {.device = device, .dst = dst, .a = src, .conversion = conversion, .number = first};
  const size_t words = (size_t)dst->polys * umbra_view_limbs(dst) * device->n;
  umbra_cpu_parallel(device, device->n / tile * dst->polys, words, convert_tile, &job);
}
