/* SPDX-License-Identifier: Apache-2.0 */
/* Primes of one class that a chain may take, with their logarithms, in ascending order. */
#ifndef UMBRA_PARAMS_PRIME_POOL_H
#define UMBRA_PARAMS_PRIME_POOL_H

#include "fixed.h"

enum { UMBRA_POOL_SIZE = 1280 };

typedef struct umbra_prime_pool {
  uint32_t count;
  uint32_t prime[UMBRA_POOL_SIZE];
  umbra_log2 log[UMBRA_POOL_SIZE];
  uint8_t taken[UMBRA_POOL_SIZE];
} umbra_prime_pool;

/* All primes = 1 mod 2^(log_n + 1) in (low, high), or, of too many, an evenly spread part. */
void umbra_pool_fill(umbra_prime_pool *pool, uint32_t log_n, uint32_t low, uint32_t high);

/* Makes all primes free again. */
void umbra_pool_reset(umbra_prime_pool *pool);

/* Takes `count` free primes whose logarithms add up to about sum. Returns 0 if there are not enough. */
int umbra_pool_take(umbra_prime_pool *pool, uint32_t *prime, uint32_t count, umbra_log2 sum);

#endif
