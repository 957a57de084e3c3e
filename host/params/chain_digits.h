/* SPDX-License-Identifier: Apache-2.0 */
/* The key-switching gadget of a chain: how many auxiliary primes, and where its digits begin. */
#ifndef UMBRA_PARAMS_CHAIN_DIGITS_H
#define UMBRA_PARAMS_CHAIN_DIGITS_H

#include "chain.h"

/* Key switching is made cheap for the upper half of the levels, where it costs most. */
static inline uint32_t umbra_first_high_level(uint32_t levels) { return levels / 2; }

/*
 * Limb transforms of one key switch that ends in a rescale: every digit is extended to all limbs and auxiliary primes;
 * two polynomials are divided by the auxiliary and the dropped primes.
 */
static inline uint64_t umbra_switch_cost(uint32_t digits, uint32_t limbs, uint32_t auxes, uint32_t dropped) {
  return (uint64_t)digits * (limbs + auxes) + 2 * (auxes + dropped) + 2 * limbs;
}

/*
 * Chooses the auxiliary primes (the largest below 2^31) and the digits that make key switching cheapest, such that
 * keys, of the levels that have some, and ciphertexts of the others have moduli of at most bound_bits bits (0: any
 * number). Returns the cost summed over the high levels with keys, 0 if the bound leaves no room. Scales are filled.
 */
uint64_t umbra_chain_choose_digits(umbra_chain *chain, uint32_t bound_bits);

#endif
