/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scalar modular arithmetic on 32-bit words: one source for C, CUDA and the emulator.
 *
 * q is an odd prime below 2^31, residues are canonical, in [0, q). R = 2^32. Secrets pass through these functions: they
 * have no branch, and no comparison that a compiler could make one, except where set-up code alone calls them.
 */
#ifndef UMBRA_MODARITH_H
#define UMBRA_MODARITH_H

#include <stdint.h>

#if defined(__CUDACC__)
#define UMBRA_FN static __host__ __device__ __forceinline__
#else
#define UMBRA_FN static inline
#endif

/*
 * d + q if d, read as signed, is negative; d in [-q, q). As words without signs: the smaller of d and d + q, which is one
 * instruction where there is one for it.
 */
UMBRA_FN uint32_t umbra_mod_lift(uint32_t d, uint32_t q) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  return __viaddmin_u32(d, q, d);
#else
  return d + (q & (0u - (d >> 31)));
#endif
}

/* r mod q for r < 2q: the smaller of r and r - q. */
UMBRA_FN uint32_t umbra_mod_fold(uint32_t r, uint32_t q) {
#if defined(__CUDA_ARCH__) && __CUDA_ARCH__ >= 900
  return __viaddmin_u32(r, 0u - q, r);
#else
  return umbra_mod_lift(r - q, q);
#endif
}

UMBRA_FN uint32_t umbra_mod_add(uint32_t a, uint32_t b, uint32_t q) { return umbra_mod_fold(a + b, q); }

UMBRA_FN uint32_t umbra_mod_sub(uint32_t a, uint32_t b, uint32_t q) { return umbra_mod_lift(a - b, q); }

UMBRA_FN uint32_t umbra_mod_neg(uint32_t a, uint32_t q) { return umbra_mod_sub(0, a, q); }

UMBRA_FN uint32_t umbra_mulhi32(uint32_t a, uint32_t b) { return (uint32_t)(((uint64_t)a * b) >> 32); }

/* a * b mod q by division: for set-up code, never in a loop over coefficients. */
UMBRA_FN uint32_t umbra_mod_mul(uint32_t a, uint32_t b, uint32_t q) { return (uint32_t)((uint64_t)a * b % q); }

/* a^e mod q. */
UMBRA_FN uint32_t umbra_mod_pow(uint32_t a, uint64_t e, uint32_t q) {
  uint32_t r = 1 % q;
  for (; e; e >>= 1) {
    if (e & 1) r = umbra_mod_mul(r, a, q);
    a = umbra_mod_mul(a, a, q);
  }
  return r;
}

/* a^-1 mod q for a != 0. */
UMBRA_FN uint32_t umbra_mod_inv(uint32_t a, uint32_t q) { return umbra_mod_pow(a, q - 2u, q); }

/* x - 1 = odd * 2^twos; x passes if base^odd is 1, or a square on the way from base^odd to base^(x-1) is -1. */
UMBRA_FN int umbra_passes_miller_rabin(uint32_t x, uint32_t base) {
  int twos = 0;
  while (((x - 1) >> twos) % 2 == 0) twos++;
  uint32_t power = umbra_mod_pow(base, (x - 1) >> twos, x);
  if (power == 1) return 1;
  for (int i = 0; i < twos; i++) {
    if (power == x - 1) return 1;
    power = umbra_mod_mul(power, power, x);
  }
  return 0;
}

/* Whether x is prime, proven: bases 2, 7 and 61 decide below 4759123141 (G. Jaeschke, Math. Comp. 61, 1993). */
UMBRA_FN int umbra_is_prime(uint32_t x) {
  if (x < 62) {
    for (uint32_t d = 2; d * d <= x; d++)
      if (x % d == 0) return 0;
    return x > 1;
  }
  return x % 2 && umbra_passes_miller_rabin(x, 2) && umbra_passes_miller_rabin(x, 7) &&
         umbra_passes_miller_rabin(x, 61);
}

/* Residue of a signed integer. */
UMBRA_FN uint32_t umbra_mod_from_i64(int64_t a, uint32_t q) {
  int64_t r = a % (int64_t)q;
  return (uint32_t)(r < 0 ? r + (int64_t)q : r);
}

/* floor(w * 2^32 / q), the companion of a constant w in [0, q) for umbra_mod_mul_const. */
UMBRA_FN uint32_t umbra_shoup(uint32_t w, uint32_t q) { return (uint32_t)(((uint64_t)w << 32) / q); }

/* a * w mod q in [0, 2q), for any 32-bit a (Shoup). */
UMBRA_FN uint32_t umbra_mod_mul_lazy(uint32_t a, uint32_t w, uint32_t w_shoup, uint32_t q) {
  return a * w - umbra_mulhi32(a, w_shoup) * q;
}

/* a * w mod q in [0, q), for any 32-bit a. */
UMBRA_FN uint32_t umbra_mod_mul_const(uint32_t a, uint32_t w, uint32_t w_shoup, uint32_t q) {
  return umbra_mod_fold(umbra_mod_mul_lazy(a, w, w_shoup, q), q);
}

/* -q^-1 mod 2^32 (Newton's iteration; q odd). */
UMBRA_FN uint32_t umbra_mont_neg_inv(uint32_t q) {
  uint32_t x = q;
  for (int i = 0; i < 4; i++) x *= 2u - q * x;
  return 0u - x;
}

/* t * R^-1 mod q in [0, q), for t < q * 2^32 (Montgomery). */
UMBRA_FN uint32_t umbra_mont_reduce(uint64_t t, uint32_t q, uint32_t neg_inv) {
  uint32_t m = (uint32_t)t * neg_inv;
  return umbra_mod_fold((uint32_t)((t + (uint64_t)m * q) >> 32), q); /* both terms are below 2^63 */
}

/* a * b * R^-1 mod q. */
UMBRA_FN uint32_t umbra_mont_mul(uint32_t a, uint32_t b, uint32_t q, uint32_t neg_inv) {
  return umbra_mont_reduce((uint64_t)a * b, q, neg_inv);
}

/* The low `bits` bits of x in reverse order. */
UMBRA_FN uint32_t umbra_bit_reverse(uint32_t x, uint32_t bits) {
  uint32_t r = 0;
  for (uint32_t i = 0; i < bits; i++) r |= ((x >> i) & 1u) << (bits - 1u - i);
  return r;
}

/* reversed[i] = that of i, for all numbers of so many bits. */
UMBRA_FN void umbra_bit_reversals(uint32_t *reversed, uint32_t bits) {
  reversed[0] = 0;
  for (uint32_t i = 1; i < 1u << bits; i++) reversed[i] = reversed[i >> 1] >> 1 | (i & 1u) << (bits - 1u);
}

#endif
