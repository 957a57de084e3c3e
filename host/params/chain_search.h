/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The search for a chain: from a ring, a scale and a depth to primes, levels and digits. Integers only, so that every
 * machine finds the same.
 */
#ifndef UMBRA_PARAMS_CHAIN_SEARCH_H
#define UMBRA_PARAMS_CHAIN_SEARCH_H

#include "chain_shape.h"
#include "prime_pool.h"

/* What searches work with, one after the other; umbra_alloc makes it. */
typedef struct umbra_chain_workshop {
  const umbra_chain_request *request;
  umbra_shape shape[UMBRA_MAX_SHAPES];
  umbra_prime_pool terminals, mains;
} umbra_chain_workshop;

/* Fills the chain with the best found. Returns 0, and leaves it undefined, if the request cannot be met. */
int umbra_chain_search(umbra_chain *chain, umbra_chain_workshop *shop, const umbra_chain_request *request);

/* Largest depth up to request->depth that can be met with the rest of the request; -1 if not even depth 0 can. */
int umbra_chain_search_depth(umbra_chain_workshop *shop, const umbra_chain_request *request);

/* How far the scales of a chain may be from their target, as log2 of a factor: 0.5 % or 5 %. */
umbra_log2 umbra_chain_drift_limit(uint32_t log_n, uint32_t scale_bits);

/* How far they are. */
umbra_log2 umbra_chain_drift(const umbra_chain *chain);

#endif
