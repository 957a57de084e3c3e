/* SPDX-License-Identifier: Apache-2.0 */
#include "tables.h"

#include "modarith.h"

int umbra_ring_valid(const umbra_ring_desc *ring) {
  if (ring->log_n < UMBRA_MIN_LOG_N || ring->log_n > UMBRA_MAX_LOG_N) return 0;
  if (ring->primes < 1 || ring->primes > UMBRA_MAX_PRIMES) return 0;
  for (uint32_t i = 0; i < ring->primes; i++) {
    const uint32_t q = ring->prime[i];
    if (q >> 31 || q % (2u << ring->log_n) != 1 || q == 1 || !umbra_is_prime(q)) return 0;
    for (uint32_t j = 0; j < i; j++) {
      if (ring->prime[j] == q) return 0;
    }
  }
  return 1;
}

uint32_t umbra_ring_psi(uint32_t q, uint32_t n) {
  uint32_t g = 2;
  while (umbra_mod_pow(g, (q - 1) / 2, q) != q - 1) g++;
  return umbra_mod_pow(g, (q - 1) / (2 * n), q);
}

/* Bit m of i adds n / 2m to the exponent. */
void umbra_powers_reversed(uint32_t *power, uint32_t base, uint32_t n, uint32_t q) {
  power[0] = 1;
  for (uint32_t m = 1; m < n; m *= 2) {
    const uint32_t step = umbra_mod_pow(base, n / (2 * m), q), step_shoup = umbra_shoup(step, q);
    for (uint32_t i = 0; i < m; i++) power[m + i] = umbra_mod_mul_const(power[i], step, step_shoup, q);
  }
}
