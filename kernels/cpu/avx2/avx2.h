/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vector of AVX2: 8 words of 32 bits, or 4 of 64. simd/ is written against the names defined here and in
 * avx512/avx512.h alone.
 */
#ifndef UMBRA_KERNELS_CPU_AVX2_H
#define UMBRA_KERNELS_CPU_AVX2_H

#include <immintrin.h>

#define UMBRA_CPU_NAME(entry) umbra_avx2_##entry

#include "../cpu.h"

UMBRA_DECLARE_KERNELS(avx2)
umbra_conversion_create_entry umbra_avx2_conversion_create;
umbra_conversions_kernel umbra_avx2_conversions;

typedef __m256i vec;

enum { VEC_LOG = 3 }; /* log2 of the words in a vector */

static inline vec vec_load(const void *p) { return _mm256_loadu_si256(p); }
static inline void vec_store(void *p, vec a) { _mm256_storeu_si256(p, a); }

/* The 2^log words at p, over and over. */
static inline vec vec_load_repeated(const uint32_t *p, int log) {
  switch (log) {
    case 0: return _mm256_set1_epi32((int)*p);
    case 1: return _mm256_broadcastq_epi64(_mm_loadl_epi64((const void *)p));
    case 2: return _mm256_broadcastsi128_si256(_mm_loadu_si128((const void *)p));
    default: return vec_load(p);
  }
}

/* ---- 32-bit lanes ---- */

static inline vec vec_set(uint32_t a) { return _mm256_set1_epi32((int)a); }
static inline vec vec_add(vec a, vec b) { return _mm256_add_epi32(a, b); }
static inline vec vec_sub(vec a, vec b) { return _mm256_sub_epi32(a, b); }
static inline vec vec_min(vec a, vec b) { return _mm256_min_epu32(a, b); }
static inline vec vec_mul_low(vec a, vec b) { return _mm256_mullo_epi32(a, b); }
static inline vec vec_and(vec a, vec b) { return _mm256_and_si256(a, b); }
static inline vec vec_xor(vec a, vec b) { return _mm256_xor_si256(a, b); }

/* bits: a constant. Whole bytes are one shuffle. */
static inline vec vec_rotate(vec a, int bits) {
  if (bits % 8) return _mm256_or_si256(_mm256_slli_epi32(a, bits), _mm256_srli_epi32(a, 32 - bits));
  const uint32_t bytes = 0x03020100;
  const vec lanes = _mm256_set_epi32(0x0c0c0c0c, 0x08080808, 0x04040404, 0, 0x0c0c0c0c, 0x08080808, 0x04040404, 0);
  return _mm256_shuffle_epi8(a, _mm256_add_epi32(vec_set(bytes << bits | bytes >> (32 - bits)), lanes));
}

/* a where x > y as unsigned numbers, 0 elsewhere; and whether there is such a lane. */
static inline vec vec_if_greater(vec x, vec y, vec a) {
  return _mm256_andnot_si256(_mm256_cmpeq_epi32(_mm256_min_epu32(x, y), x), a);
}
static inline int vec_any_greater(vec x, vec y) {
  return _mm256_movemask_epi8(_mm256_cmpeq_epi32(_mm256_min_epu32(x, y), x)) != -1;
}

/* a_0 b_0 a_1 b_1 ..., its first and its second half */
static inline vec vec_interleave_low(vec a, vec b) {
  return _mm256_permute2x128_si256(_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b), 0x20);
}
static inline vec vec_interleave_high(vec a, vec b) {
  return _mm256_permute2x128_si256(_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b), 0x31);
}

/* The inverse of that: the words of even, and of odd, index of a followed by b. */
static inline vec vec_pick_words(vec a, vec b, int odd) {
  __m256 low = _mm256_castsi256_ps(_mm256_permute2x128_si256(a, b, 0x20));
  __m256 high = _mm256_castsi256_ps(_mm256_permute2x128_si256(a, b, 0x31));
  return _mm256_castps_si256(odd ? _mm256_shuffle_ps(low, high, 0xdd) : _mm256_shuffle_ps(low, high, 0x88));
}
static inline vec vec_even_words(vec a, vec b) { return vec_pick_words(a, b, 0); }
static inline vec vec_odd_words(vec a, vec b) { return vec_pick_words(a, b, 1); }

/* Lane i is lane index[i] of a. */
static inline vec vec_permute(vec a, vec index) { return _mm256_permutevar8x32_epi32(a, index); }

/* ---- 64-bit lanes ---- */

static inline vec vec_set64(uint64_t a) { return _mm256_set1_epi64x((long long)a); }
static inline vec vec_add64(vec a, vec b) { return _mm256_add_epi64(a, b); }
static inline vec vec_sub64(vec a, vec b) { return _mm256_sub_epi64(a, b); }
#define vec_shift_left64(a, bits) _mm256_slli_epi64(a, bits)

/* High word of every 64-bit lane, as its low word; the new high word is of no use. */
static inline vec vec_high(vec a) { return _mm256_shuffle_epi32(a, 0xf5); }

/* Low words of a >> bits, arithmetic, for bits >= 32; the high words are of no use. */
#define vec_shift_right64(a, bits) vec_high(_mm256_srai_epi32(a, (bits)-32))

/* Products of the low words of the 64-bit lanes, unsigned and signed. */
static inline vec vec_mul(vec a, vec b) { return _mm256_mul_epu32(a, b); }
static inline vec vec_mul_signed(vec a, vec b) { return _mm256_mul_epi32(a, b); }

/* High words of even as even lanes, high words of odd as odd lanes. */
static inline vec vec_merge_high(vec even, vec odd) { return _mm256_blend_epi32(vec_high(even), odd, 0xaa); }

/* Low words of even as even lanes, low words of odd as odd lanes. */
static inline vec vec_merge_low(vec even, vec odd) {
  return _mm256_blend_epi32(even, _mm256_shuffle_epi32(odd, 0xa0), 0xaa);
}

/* ---- doubles ---- */

typedef __m256d vecd;

static inline vecd vecd_load(const double *p) { return _mm256_loadu_pd(p); }
static inline void vecd_store(double *p, vecd a) { _mm256_storeu_pd(p, a); }
static inline vecd vecd_set(double a) { return _mm256_set1_pd(a); }
static inline vecd vecd_add(vecd a, vecd b) { return _mm256_add_pd(a, b); }
static inline vecd vecd_sub(vecd a, vecd b) { return _mm256_sub_pd(a, b); }
static inline vecd vecd_mul(vecd a, vecd b) { return _mm256_mul_pd(a, b); }

/* The transpose of a square of vectors. */
static inline void vecd_transpose(vecd *row) {
  const vecd a = _mm256_unpacklo_pd(row[0], row[1]), b = _mm256_unpackhi_pd(row[0], row[1]);
  const vecd c = _mm256_unpacklo_pd(row[2], row[3]), d = _mm256_unpackhi_pd(row[2], row[3]);
  row[0] = _mm256_permute2f128_pd(a, c, 0x20);
  row[1] = _mm256_permute2f128_pd(b, d, 0x20);
  row[2] = _mm256_permute2f128_pd(a, c, 0x31);
  row[3] = _mm256_permute2f128_pd(b, d, 0x31);
}

/* The 64-bit lanes at p, as many as a vector has words: two vectors, whose low words vec_low_words puts in order. */
static inline void vec_load_wide(vec *a, vec *b, const int64_t *p) {
  const vec first = vec_load(p), second = vec_load(p + 4);
  *a = _mm256_permute2x128_si256(first, second, 0x20);
  *b = _mm256_permute2x128_si256(first, second, 0x31);
}
static inline vec vec_low_words(vec a, vec b) {
  return _mm256_castps_si256(_mm256_shuffle_ps(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b), 0x88));
}

/* Signed 64-bit lanes in (-2^62, 2^62) as doubles, less than 2^11 off: bits 11 to 62 of a + 2^62, below those of 2^52. */
static inline vecd vecd_near(vec a) {
  const vec shifted = _mm256_srli_epi64(_mm256_add_epi64(a, vec_set64(UINT64_C(1) << 62)), 11);
  const vecd sum = _mm256_castsi256_pd(_mm256_or_si256(shifted, vec_set64(UINT64_C(0x433) << 52)));
  return _mm256_mul_pd(_mm256_sub_pd(sum, _mm256_set1_pd(0x1.8p52)), _mm256_set1_pd(0x1p11));
}

/* As low words of the 64-bit lanes: those of the integers nearest to a * b, which is below 2^50; or of ones next to them. */
static inline vec vecd_mul_round(vecd a, vecd b) {
  return _mm256_castpd_si256(_mm256_add_pd(_mm256_mul_pd(a, b), _mm256_set1_pd(0x1.8p52)));
}

#endif
