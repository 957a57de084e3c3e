/* SPDX-License-Identifier: Apache-2.0 */
#include "primes.h"

#include "../../kernels/modarith.h"

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
