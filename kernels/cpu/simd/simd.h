/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Modular arithmetic on vectors. The headers of this folder hold the vector kernels, written
 * once: avx2/ and avx512/ compile each of them, after the header that says what their vector is.
 */
#ifndef UMBRA_KERNELS_CPU_SIMD_H
#define UMBRA_KERNELS_CPU_SIMD_H

#define UMBRA_INLINE static inline __attribute__((always_inline))

enum { LINE_WORDS = 16 }; /* of a cache line */

/* Loops over an array of vectors must vanish, so that the array can live in registers. */
#define UMBRA_UNROLL _Pragma("GCC unroll 32")

enum { VEC_WORDS = 1 << VEC_LOG };

/* A constant factor and its Shoup companion, which has a copy for the even lanes and one for the odd. */
typedef struct factor {
  vec plain, even, odd;
} factor;

UMBRA_INLINE factor factor_set(uint32_t plain, uint32_t q) {
  vec shoup = vec_set(umbra_shoup(plain, q));
  return (factor){vec_set(plain), shoup, shoup};
}

/* a - m if that is not negative: from [0, 2m) to [0, m); a itself from [-m, 0) plus 2^32. */
UMBRA_INLINE vec vec_shrink(vec a, vec m) { return vec_min(a, vec_sub(a, m)); }

UMBRA_INLINE vec vec_mod_add(vec a, vec b, vec q) { return vec_shrink(vec_add(a, b), q); }

UMBRA_INLINE vec vec_mod_sub(vec a, vec b, vec q) {
  vec difference = vec_sub(a, b);
  return vec_min(difference, vec_add(difference, q));
}

/* High words of the 64-bit products. */
UMBRA_INLINE vec vec_mul_high(vec a, vec even, vec odd) {
  return vec_merge_high(vec_mul(a, even), vec_mul(vec_high(a), odd));
}

/* a * f mod q in [0, 2q), for any a. */
UMBRA_INLINE vec vec_mul_lazy(vec a, factor f, vec q) {
  return vec_sub(vec_mul_low(a, f.plain), vec_mul_low(vec_mul_high(a, f.even, f.odd), q));
}

/* a * f mod q, for any a. */
UMBRA_INLINE vec vec_mul_factor(vec a, factor f, vec q) { return vec_shrink(vec_mul_lazy(a, f, q), q); }

/* The 64-bit products of the even lanes of two vectors, and of the odd ones. */
typedef struct wide {
  vec even, odd;
} wide;

UMBRA_INLINE wide wide_mul(vec a, vec b) { return (wide){vec_mul(a, b), vec_mul(vec_high(a), vec_high(b))}; }

UMBRA_INLINE wide wide_add(wide a, wide b) { return (wide){vec_add64(a.even, b.even), vec_add64(a.odd, b.odd)}; }

UMBRA_INLINE wide wide_shrink(wide a, vec bound) { return (wide){vec_shrink(a.even, bound), vec_shrink(a.odd, bound)}; }

/*
 * t * R^-1 mod q for t in [0, q * 2^32); inv = q^-1 mod 2^32. The low words of t and of the multiple of q are equal, so
 * the difference of the high words is exact.
 */
UMBRA_INLINE vec wide_reduce(wide t, vec q, vec inv) {
  vec even = vec_mul(vec_mul(t.even, inv), q);
  vec odd = vec_mul(vec_mul(t.odd, inv), q);
  vec difference = vec_sub(vec_merge_high(t.even, t.odd), vec_merge_high(even, odd));
  return vec_min(difference, vec_add(difference, q));
}

/* a * b * R^-1 mod q. */
UMBRA_INLINE vec vec_mont_mul(vec a, vec b, vec q, vec inv) { return wide_reduce(wide_mul(a, b), q, inv); }

#endif
