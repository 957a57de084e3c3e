/* SPDX-License-Identifier: Apache-2.0 */
/* Small functions of integers that C lacks. */
#ifndef UMBRA_BASE_INTEGERS_H
#define UMBRA_BASE_INTEGERS_H

#include <stddef.h>
#include <stdint.h>

static inline uint32_t umbra_min_u32(uint32_t a, uint32_t b) { return a < b ? a : b; }
static inline uint32_t umbra_max_u32(uint32_t a, uint32_t b) { return a > b ? a : b; }

static inline uint32_t umbra_clamp_u32(uint32_t value, uint32_t lo, uint32_t hi) {
  return umbra_max_u32(lo, umbra_min_u32(value, hi));
}

/* a / b, rounded up. */
static inline size_t umbra_quotient_above(size_t a, size_t b) { return a / b + (a % b != 0); }

static inline int umbra_is_power_of_two(uint32_t x) { return x && !(x & (x - 1)); }

/* The least power of two that is no less; 2^63 where there is none, so never 0. */
static inline uint64_t umbra_power_above(uint64_t x) {
  const int bits = x <= 1 ? 0 : 64 - __builtin_clzll(x - 1);
  return UINT64_C(1) << (bits < 64 ? bits : 63);
}

/* The smallest n with 2^n >= x. */
static inline uint32_t umbra_ceil_log2(uint32_t x) { return x <= 1 ? 0 : 32 - (uint32_t)__builtin_clz(x - 1); }

#endif
