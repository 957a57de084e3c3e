/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vector of AVX-512 (F, DQ, BW, VL): 16 words of 32 bits, or 8 of 64. simd/ is written against the names defined
 * here and in avx2/avx2.h alone.
 */
#ifndef UMBRA_KERNELS_CPU_AVX512_H
#define UMBRA_KERNELS_CPU_AVX512_H

#include <immintrin.h>

#define UMBRA_CPU_NAME(entry) umbra_avx512_##entry

#include "../cpu.h"

UMBRA_DECLARE_KERNELS(avx512)
umbra_conversion_create_entry umbra_avx512_conversion_create;
umbra_conversions_kernel umbra_avx512_conversions;
umbra_from_i64_kernel umbra_avx512_lift;

typedef __m512i vec;

enum { VEC_LOG = 4 }; /* log2 of the words in a vector */

static inline vec vec_load(const void *p) { return _mm512_loadu_si512(p); }
static inline void vec_store(void *p, vec a) { _mm512_storeu_si512(p, a); }

/* The 2^log words at p, over and over. */
static inline vec vec_load_repeated(const uint32_t *p, int log) {
  switch (log) {
    case 0: return _mm512_set1_epi32((int)*p);
    case 1: return _mm512_broadcastq_epi64(_mm_loadl_epi64((const void *)p));
    case 2: return _mm512_broadcast_i32x4(_mm_loadu_si128((const void *)p));
    case 3: return _mm512_broadcast_i64x4(_mm256_loadu_si256((const void *)p));
    default: return vec_load(p);
  }
}

/* ---- 32-bit lanes ---- */

static inline vec vec_set(uint32_t a) { return _mm512_set1_epi32((int)a); }
static inline vec vec_add(vec a, vec b) { return _mm512_add_epi32(a, b); }
static inline vec vec_sub(vec a, vec b) { return _mm512_sub_epi32(a, b); }
static inline vec vec_min(vec a, vec b) { return _mm512_min_epu32(a, b); }
static inline vec vec_mul_low(vec a, vec b) { return _mm512_mullo_epi32(a, b); }
static inline vec vec_and(vec a, vec b) { return _mm512_and_si512(a, b); }
static inline vec vec_xor(vec a, vec b) { return _mm512_xor_si512(a, b); }
#define vec_rotate(a, bits) _mm512_rol_epi32(a, bits)

/* a where x > y as unsigned numbers, 0 elsewhere; and whether there is such a lane. */
static inline vec vec_if_greater(vec x, vec y, vec a) {
  return _mm512_maskz_mov_epi32(_mm512_cmpgt_epu32_mask(x, y), a);
}
static inline int vec_any_greater(vec x, vec y) { return _mm512_cmpgt_epu32_mask(x, y) != 0; }

/* a_0 b_0 a_1 b_1 ..., its first and its second half */
static inline vec vec_interleave_low(vec a, vec b) {
  return _mm512_permutex2var_epi32(a, _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23), b);
}
static inline vec vec_interleave_high(vec a, vec b) {
  return _mm512_permutex2var_epi32(a, _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31),
                                   b);
}

/* The inverse of that: the words of even, and of odd, index of a followed by b. */
static inline vec vec_even_words(vec a, vec b) {
  return _mm512_permutex2var_epi32(a, _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30), b);
}
static inline vec vec_odd_words(vec a, vec b) {
  return _mm512_permutex2var_epi32(a, _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31), b);
}

/* Lane i is lane index[i] of a. */
static inline vec vec_permute(vec a, vec index) { return _mm512_permutexvar_epi32(index, a); }

/* ---- 64-bit lanes ---- */

static inline vec vec_set64(uint64_t a) { return _mm512_set1_epi64((long long)a); }
static inline vec vec_add64(vec a, vec b) { return _mm512_add_epi64(a, b); }
static inline vec vec_sub64(vec a, vec b) { return _mm512_sub_epi64(a, b); }
#define vec_shift_left64(a, bits) _mm512_slli_epi64(a, bits)

/* High word of every 64-bit lane, as its low word; the new high word is of no use. */
static inline vec vec_high(vec a) { return _mm512_shuffle_epi32(a, _MM_PERM_DDBB); }

/* Low words of a >> bits, arithmetic, for bits >= 32; the high words are of no use. */
#define vec_shift_right64(a, bits) _mm512_srai_epi64(a, bits)

/* Products of the low words of the 64-bit lanes, unsigned and signed. */
static inline vec vec_mul(vec a, vec b) { return _mm512_mul_epu32(a, b); }
static inline vec vec_mul_signed(vec a, vec b) { return _mm512_mul_epi32(a, b); }

/* High words of even as even lanes, high words of odd as odd lanes. */
static inline vec vec_merge_high(vec even, vec odd) {
  return _mm512_mask_shuffle_epi32(odd, 0x5555, even, _MM_PERM_DDBB);
}

/* Low words of even as even lanes, low words of odd as odd lanes. */
static inline vec vec_merge_low(vec even, vec odd) {
  return _mm512_mask_shuffle_epi32(even, 0xaaaa, odd, _MM_PERM_CCAA);
}

/* ---- doubles ---- */

typedef __m512d vecd;

static inline vecd vecd_load(const double *p) { return _mm512_loadu_pd(p); }
static inline void vecd_store(double *p, vecd a) { _mm512_storeu_pd(p, a); }
static inline vecd vecd_set(double a) { return _mm512_set1_pd(a); }
static inline vecd vecd_add(vecd a, vecd b) { return _mm512_add_pd(a, b); }
static inline vecd vecd_sub(vecd a, vecd b) { return _mm512_sub_pd(a, b); }
static inline vecd vecd_mul(vecd a, vecd b) { return _mm512_mul_pd(a, b); }

/* Of four vectors: quarter q of the one is the vector q of the other. */
static inline void vecd_transpose_quarters(vecd *a, vecd *b, vecd *c, vecd *d) {
  const vecd even = _mm512_shuffle_f64x2(*a, *b, 0x88), odd = _mm512_shuffle_f64x2(*a, *b, 0xdd);
  const vecd even_high = _mm512_shuffle_f64x2(*c, *d, 0x88), odd_high = _mm512_shuffle_f64x2(*c, *d, 0xdd);
  *a = _mm512_shuffle_f64x2(even, even_high, 0x88);
  *b = _mm512_shuffle_f64x2(odd, odd_high, 0x88);
  *c = _mm512_shuffle_f64x2(even, even_high, 0xdd);
  *d = _mm512_shuffle_f64x2(odd, odd_high, 0xdd);
}

/* The transpose of a square of vectors. */
static inline void vecd_transpose(vecd *row) {
#pragma GCC unroll 4
  for (int i = 0; i < 8; i += 2) {
    const vecd low = _mm512_unpacklo_pd(row[i], row[i + 1]), high = _mm512_unpackhi_pd(row[i], row[i + 1]);
    row[i] = low;
    row[i + 1] = high;
  }
  vecd_transpose_quarters(&row[0], &row[2], &row[4], &row[6]);
  vecd_transpose_quarters(&row[1], &row[3], &row[5], &row[7]);
}

/* The 64-bit lanes at p, as many as a vector has words: two vectors, whose low words vec_low_words puts in order. */
static inline void vec_load_wide(vec *a, vec *b, const int64_t *p) {
  *a = vec_load(p);
  *b = vec_load(p + 8);
}
static inline vec vec_low_words(vec a, vec b) { return vec_even_words(a, b); }

/* Signed 64-bit lanes in (-2^62, 2^62) as doubles, less than 2^11 off. */
static inline vecd vecd_near(vec a) { return _mm512_cvtepi64_pd(a); }

/* As low words of the 64-bit lanes: those of the integers nearest to a * b, which is below 2^50; or of ones next to them. */
static inline vec vecd_mul_round(vecd a, vecd b) {
  return _mm512_castpd_si512(_mm512_fmadd_pd(a, b, _mm512_set1_pd(0x1.8p52)));
}

#endif
