/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Residues of signed integers: v - k q for an integer k near v / q, which a double tells well enough. Primes are above
 * 2^13, since they are 1 modulo 2^11, so k is below 2^49: the double of v, its product with that of 1 / q and the rounding
 * of this are off by less than 1/4, 1/8 and 1/2. So the difference is above -q and below q, and its low word says which
 * it is.
 */
#ifndef UMBRA_KERNELS_CPU_SIMD_INTEGERS_H
#define UMBRA_KERNELS_CPU_SIMD_INTEGERS_H

#include "simd.h"

/* As many integers as a vector has words: doubles near them, in the order of vec_load_wide, and their low words. */
typedef struct integers {
  vecd a, b;
  vec low;
} integers;

/* What integers are lifted to: their residues modulo q, times a power of two. */
typedef struct lifting {
  vecd inverse; /* of q */
  vec q;
  factor power;
} lifting;

static inline lifting lifting_set(uint32_t q, uint32_t shift) {
  return (lifting){vecd_set(1 / (double)q), vec_set(q), factor_set(umbra_mod_pow(2, shift, q), q)};
}

UMBRA_INLINE integers integers_load(const int64_t *value) {
  vec a, b;
  vec_load_wide(&a, &b, value);
  return (integers){vecd_near(a), vecd_near(b), vec_low_words(a, b)};
}

/* shifted: whether the power is another one than 1. */
UMBRA_INLINE vec integers_lift(integers v, const lifting *to, const int shifted) {
  const vec k = vec_low_words(vecd_mul_round(v.a, to->inverse), vecd_mul_round(v.b, to->inverse));
  const vec difference = vec_sub(v.low, vec_mul_low(k, to->q));
  const vec residues = vec_min(difference, vec_add(difference, to->q));
  return shifted ? vec_mul_factor(residues, to->power, to->q) : residues;
}

#endif
