/* SPDX-License-Identifier: Apache-2.0 */
#include "prime_pool.h"

#include <string.h>

#include "primes.h"

enum {
  MAX_PAIRS = 64,        /* looked at for two primes of a given product */
  CANDIDATES_A_PRIME = 9 /* on average, for primes in a class modulo a power of two and above 2^26 */
};

/* Distance to keep between primes so that they fit. */
static uint32_t pool_gap(uint32_t log_n, uint32_t range) {
  const uint32_t candidates = range >> (log_n + 1);
  return candidates <= CANDIDATES_A_PRIME * UMBRA_POOL_SIZE ? 0 : range / UMBRA_POOL_SIZE;
}

void umbra_pool_fill(umbra_prime_pool *pool, uint32_t log_n, uint32_t low, uint32_t high) {
  const uint32_t gap = pool_gap(log_n, high - low);
  pool->count = 0;
  uint32_t prime = umbra_prime_above(log_n, low);
  while (prime != 0 && prime < high && pool->count < UMBRA_POOL_SIZE) {
    pool->prime[pool->count] = prime;
    pool->log[pool->count] = umbra_log2_of_u32(prime);
    pool->count++;
    prime = umbra_prime_above(log_n, prime + gap);
  }
  umbra_pool_reset(pool);
}

void umbra_pool_reset(umbra_prime_pool *pool) { memset(pool->taken, 0, sizeof pool->taken); }

/* Index of the first prime not below 2^log; count if there is none. */
static uint32_t lower_bound(const umbra_prime_pool *pool, umbra_log2 log) {
  uint32_t low = 0, high = pool->count;
  while (low < high) {
    const uint32_t middle = (low + high) / 2;
    if (pool->log[middle] < log) low = middle + 1;
    else high = middle;
  }
  return low;
}

/* Index of the last free prime before index i; count if there is none. */
static uint32_t free_before(const umbra_prime_pool *pool, uint32_t i) {
  while (i-- > 0)
    if (!pool->taken[i]) return i;
  return pool->count;
}

/* Index of the free prime nearest to 2^log; count if there is none. */
static uint32_t nearest(const umbra_prime_pool *pool, umbra_log2 log) {
  uint32_t above = lower_bound(pool, log);
  const uint32_t below = free_before(pool, above);
  while (above < pool->count && pool->taken[above]) above++;
  if (below == pool->count || above == pool->count) return below == pool->count ? above : below;
  return log - pool->log[below] <= pool->log[above] - log ? below : above;
}

static int take_one(umbra_prime_pool *pool, uint32_t *prime, umbra_log2 log) {
  const uint32_t i = nearest(pool, log);
  if (i == pool->count) return 0;
  pool->taken[i] = 1;
  *prime = pool->prime[i];
  return 1;
}

static umbra_log2 distance(umbra_log2 a, umbra_log2 b) { return a > b ? a - b : b - a; }

/*
 * Pairs are looked at from equal primes outwards, which keeps the largest primes for those who need them, and the first
 * that is much closer than any limit on scales asks for is taken.
 */
static int take_pair(umbra_prime_pool *pool, uint32_t prime[2], umbra_log2 sum) {
  const umbra_log2 close_enough = umbra_log2_of_bits(1) >> 12;
  umbra_log2 best = 0;
  uint32_t pair[2] = {pool->count, pool->count};
  uint32_t first = lower_bound(pool, sum / 2);
  for (int i = 0; i < MAX_PAIRS && (first = free_before(pool, first)) != pool->count; i++) {
    pool->taken[first] = 1;
    const uint32_t second = nearest(pool, sum - pool->log[first]);
    pool->taken[first] = 0;
    if (second == pool->count) break;
    const umbra_log2 error = distance(pool->log[first] + pool->log[second], sum);
    if (i > 0 && error >= best) continue;
    best = error;
    pair[0] = first;
    pair[1] = second;
    if (error <= close_enough) break;
  }
  if (pair[0] == pool->count) return 0;
  for (int i = 0; i < 2; i++) {
    pool->taken[pair[i]] = 1;
    prime[i] = pool->prime[pair[i]];
  }
  return 1;
}

int umbra_pool_take(umbra_prime_pool *pool, uint32_t *prime, uint32_t count, umbra_log2 sum) {
  for (; count == 1 || count > 2; count--, prime++) {
    if (!take_one(pool, prime, sum / (umbra_log2)count)) return 0;
    sum -= umbra_log2_of_u32(*prime);
  }
  return count == 0 || take_pair(pool, prime, sum);
}
