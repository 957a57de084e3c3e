/* SPDX-License-Identifier: Apache-2.0 */
#include "primes.h"

#include "../../kernels/modarith.h"

/* x - 1 = odd * 2^twos; x passes if base^odd is 1, or a square on the way from base^odd to base^(x-1) is -1. */
static int passes_miller_rabin(uint32_t x, uint32_t base) {
  const int twos = __builtin_ctz(x - 1);
  uint32_t power = umbra_mod_pow(base % x, (x - 1) >> twos, x);
  if (power == 1) return 1;
  for (int i = 0; i < twos; i++) {
    if (power == x - 1) return 1;
    power = umbra_mod_mul(power, power, x);
  }
  return 0;
}

/* The bases 2, 7 and 61 decide every x below 4759123141 (G. Jaeschke, Math. Comp. 61, 1993). */
int umbra_is_prime(uint32_t x) {
  static const uint32_t small[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61};
  if (x < 2) return 0;
  for (unsigned i = 0; i < sizeof small / sizeof *small; i++)
    if (x % small[i] == 0) return x == small[i];
  return passes_miller_rabin(x, 2) && passes_miller_rabin(x, 7) && passes_miller_rabin(x, 61);
}

uint32_t umbra_prime_below(uint32_t log_n, uint32_t bound) {
  const uint32_t step = 2u << log_n;
  if (bound < 2) return 0;
  for (uint32_t x = (bound - 2) / step * step + 1; x > 1; x -= step)
    if (umbra_is_prime(x)) return x;
  return 0;
}

uint32_t umbra_prime_above(uint32_t log_n, uint32_t bound) {
  const uint32_t step = 2u << log_n;
  for (uint64_t x = ((uint64_t)bound + step - 1) / step * step + 1; x <= UINT32_MAX; x += step)
    if (umbra_is_prime((uint32_t)x)) return (uint32_t)x;
  return 0;
}
