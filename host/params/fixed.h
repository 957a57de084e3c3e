/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Base-2 logarithms in fixed point: scales and moduli without floating point, the same on every machine.
 *
 * A umbra_log2 holds log2(x) * 2^96 in a signed 128-bit integer. Each logarithm of a prime is exact to 2^-90, so sums
 * over any chain keep a relative error of the number itself far below 2^-60.
 */
#ifndef UMBRA_PARAMS_FIXED_H
#define UMBRA_PARAMS_FIXED_H

#include <stdint.h>

__extension__ typedef __int128 umbra_log2;
__extension__ typedef unsigned __int128 umbra_u128;

enum { UMBRA_LOG2_FRACTION = 96 };

/* log2(x), x >= 1. */
umbra_log2 umbra_log2_of_u32(uint32_t x);

/* n, as a logarithm: the number 2^n. */
static inline umbra_log2 umbra_log2_of_bits(int32_t n) {
  return (umbra_log2)n * ((umbra_log2)1 << UMBRA_LOG2_FRACTION);
}

/* The number itself: mantissa * 2^exponent with 2^63 <= mantissa < 2^64, rounded to nearest, error at most one unit. */
uint64_t umbra_log2_exp(umbra_log2 x, int32_t *exponent);

/* The integer part of the number, for 0 <= x < 31; rounded up within 2^-63 of the next integer. */
uint32_t umbra_log2_to_u32(umbra_log2 x);

/* The number as a double (infinite beyond its range), by integer arithmetic and one rounding. */
double umbra_log2_to_double(umbra_log2 x);

/* The logarithm as a double, for display. */
double umbra_log2_bits(umbra_log2 x);

#endif
