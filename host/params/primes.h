/* SPDX-License-Identifier: Apache-2.0 */
/* 32-bit primes = 1 mod 2N, which have the 2N-th roots of unity that a number-theoretic transform needs. */
#ifndef UMBRA_PARAMS_PRIMES_H
#define UMBRA_PARAMS_PRIMES_H

#include <stdint.h>

/* Largest prime = 1 mod 2^(log_n + 1) below bound; 0 if there is none. */
uint32_t umbra_prime_below(uint32_t log_n, uint32_t bound);

/* Smallest 32-bit prime = 1 mod 2^(log_n + 1) above bound; 0 if there is none. */
uint32_t umbra_prime_above(uint32_t log_n, uint32_t bound);

#endif
