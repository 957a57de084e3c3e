/* SPDX-License-Identifier: Apache-2.0 */
#include "galois.h"

uint32_t umbra_rotation_of(int32_t steps, uint32_t slots) {
  int64_t rotation = steps % (int64_t)slots;
  return (uint32_t)(rotation < 0 ? rotation + slots : rotation);
}

static uint32_t power(uint32_t base, uint32_t exponent, uint32_t mask) {
  uint32_t result = 1;
  for (; exponent; exponent >>= 1) {
    if (exponent & 1) result = result * base & mask;
    base = base * base & mask;
  }
  return result;
}

uint32_t umbra_key_galois(umbra_key_kind kind, uint32_t rotation, uint32_t n) {
  return kind == UMBRA_KEY_CONJUGATE ? 2 * n - 1 : power(5, rotation, 2 * n - 1);
}

uint32_t umbra_galois_inverse(uint32_t galois, uint32_t n) {
  return power(galois, n - 1, 2 * n - 1); /* odd residues modulo 2n have order dividing n / 2, so galois^n = 1 */
}
