/* SPDX-License-Identifier: Apache-2.0 */
#include "fixed.h"

#include <math.h>

/* The upper half of a 256-bit product. */
static umbra_u128 mul_high(umbra_u128 a, umbra_u128 b) {
  const uint64_t a0 = (uint64_t)a, a1 = (uint64_t)(a >> 64);
  const uint64_t b0 = (uint64_t)b, b1 = (uint64_t)(b >> 64);
  const umbra_u128 low = ((umbra_u128)a0 * b0) >> 64;
  const umbra_u128 cross = (umbra_u128)a0 * b1;
  const umbra_u128 middle = (umbra_u128)a1 * b0 + (uint64_t)cross + low;
  return (umbra_u128)a1 * b1 + (cross >> 64) + (middle >> 64);
}

/*
 * One bit per squaring: z in [1, 2) has bit 1 if z^2 >= 2. A truncation of 2^-126 in step i weighs 2^-i in the result,
 * so all of them together stay below 2^-125.
 */
umbra_log2 umbra_log2_of_u32(uint32_t x) {
  const int whole = 31 - __builtin_clz(x);
  umbra_u128 z = (umbra_u128)x << (127 - whole);
  umbra_u128 result = (umbra_u128)whole;
  for (int i = 0; i < UMBRA_LOG2_FRACTION; i++) {
    z = mul_high(z, z);
    const unsigned bit = (unsigned)(z >> 127);
    result = result << 1 | bit;
    if (!bit) z <<= 1;
  }
  return (umbra_log2)result;
}

/* 2^f - 1 with 128 fractional bits, for f with 128 fractional bits: the power series of exp(f ln 2). */
static umbra_u128 exp2_minus_1(umbra_u128 f) {
  const umbra_u128 ln2 = (umbra_u128)0xB17217F7D1CF79ABu << 64 | 0xC9E3B39803F2F6AFu;
  const umbra_u128 y = mul_high(f, ln2);
  umbra_u128 sum = 0;
  umbra_u128 term = y;
  for (unsigned i = 2; term; i++) {
    sum += term;
    term = mul_high(term, y) / i;
  }
  return sum;
}

uint64_t umbra_log2_exp(umbra_log2 x, int32_t *exponent) {
  const umbra_u128 fraction = (umbra_u128)x << (128 - UMBRA_LOG2_FRACTION);
  const uint64_t tail = (uint64_t)(((exp2_minus_1(fraction) >> 64) + 1) >> 1);
  const int carry = (int)(tail >> 63); /* rounded up to the next power of two */
  *exponent = (int32_t)(x >> UMBRA_LOG2_FRACTION) - 63 + carry;
  return carry ? (uint64_t)1 << 63 : (uint64_t)1 << 63 | tail;
}

uint32_t umbra_log2_to_u32(umbra_log2 x) {
  int32_t exponent;
  const uint64_t mantissa = umbra_log2_exp(x, &exponent);
  return (uint32_t)(mantissa >> -exponent);
}

double umbra_log2_to_double(umbra_log2 x) {
  int32_t exponent;
  const uint64_t mantissa = umbra_log2_exp(x, &exponent);
  return ldexp((double)mantissa, exponent);
}

double umbra_log2_bits(umbra_log2 x) { return ldexp((double)x, -UMBRA_LOG2_FRACTION); }
