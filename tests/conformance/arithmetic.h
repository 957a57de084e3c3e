/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic modulo q written for no other reason than to be right. */
#ifndef UMBRA_TESTS_CONFORMANCE_ARITHMETIC_H
#define UMBRA_TESTS_CONFORMANCE_ARITHMETIC_H

#include <stdint.h>

__extension__ typedef __int128 int128;

static uint32_t mul_mod(uint32_t a, uint32_t b, uint32_t q) { return (uint32_t)((uint64_t)a * b % q); }
static uint32_t add_mod(uint32_t a, uint32_t b, uint32_t q) { return (uint32_t)(((uint64_t)a + b) % q); }
static uint32_t sub_mod(uint32_t a, uint32_t b, uint32_t q) { return (uint32_t)(((uint64_t)a + q - b) % q); }

static uint32_t pow_mod(uint32_t a, uint64_t e, uint32_t q) {
  uint32_t power = 1;
  for (; e; e >>= 1, a = mul_mod(a, a, q)) {
    if (e & 1) power = mul_mod(power, a, q);
  }
  return power;
}

static uint32_t inverse_mod(uint32_t a, uint32_t q) { return pow_mod(a, q - 2, q); }

/* a * b * R^-1 mod q */
static uint32_t mul_mont(uint32_t a, uint32_t b, uint32_t q) {
  const uint32_t r = (uint32_t)((UINT64_C(1) << 32) % q);
  return mul_mod(mul_mod(a, b, q), inverse_mod(r, q), q);
}

static uint32_t reversed(uint32_t x, uint32_t bits) {
  uint32_t r = 0;
  for (; bits; bits--, x >>= 1) r = r << 1 | (x & 1);
  return r;
}

static int is_prime(uint32_t q) {
  for (uint32_t d = 2; (uint64_t)d * d <= q; d++) {
    if (q % d == 0) return 0;
  }
  return 1;
}

/* Jacobi's symbol by quadratic reciprocity. */
static int jacobi(uint32_t a, uint32_t m) {
  int sign = 1;
  for (a %= m; a; a %= m) {
    for (; a % 2 == 0; a /= 2) {
      if (m % 8 == 3 || m % 8 == 5) sign = -sign;
    }
    if (a % 4 == 3 && m % 4 == 3) sign = -sign;
    const uint32_t swapped = a;
    a = m;
    m = swapped;
  }
  return m == 1 ? sign : 0;
}

static uint32_t find_psi(uint32_t q, uint32_t n) {
  uint32_t g = 2;
  while (jacobi(g, q) != -1) g++;
  return pow_mod(g, (q - 1) / (2 * n), q);
}
#endif
