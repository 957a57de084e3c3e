/* SPDX-License-Identifier: Apache-2.0 */
#include "chain_digits.h"

#include <string.h>

#include "primes.h"

/* A gadget under construction for a fixed number of auxiliary primes. */
typedef struct gadget {
  uint64_t cost;
  uint32_t digits;
  uint16_t begin[UMBRA_MAX_DIGITS + 1];
} gadget;

/* Primes that leave between level l and the one below. */
static uint32_t dropped_primes(const umbra_chain *chain, uint32_t level) {
  if (level == 0) return 0;
  const umbra_window high = chain->window[level], low = chain->window[level - 1];
  const uint32_t high_end = umbra_window_end(high), low_end = umbra_window_end(low);
  uint32_t dropped = 0;
  if (low.first > high.first) dropped += (uint32_t)low.first - high.first;
  if (low_end < high_end) dropped += high_end - low_end;
  return dropped;
}

/* What the digit [begin, end) costs on the high levels that need it. */
static uint64_t digit_cost(const umbra_chain *chain, uint32_t begin, uint32_t end) {
  uint64_t cost = 0;
  const uint32_t levels = umbra_chain_keyed_level(chain) + 1;
  for (uint32_t l = umbra_first_high_level(levels); l < levels; l++) {
    const umbra_window w = chain->window[l];
    if (begin < umbra_window_end(w) && w.first < end) cost += w.count + chain->auxes;
  }
  return cost;
}

static uint64_t division_cost(const umbra_chain *chain) {
  const uint32_t levels = umbra_chain_keyed_level(chain) + 1;
  uint64_t cost = 0;
  for (uint32_t l = umbra_first_high_level(levels); l < levels; l++)
    cost += umbra_switch_cost(0, chain->window[l].count, chain->auxes, dropped_primes(chain, l));
  return cost;
}

/* best[i]: the cheapest gadget over positions [0, i), extended digit by digit. */
static gadget cheapest_gadget(const umbra_chain *chain, const umbra_log2 *log_prime, umbra_log2 log_aux) {
  const uint32_t primes = umbra_chain_aux(chain);
  gadget best[UMBRA_MAX_PRIMES + 1];
  memset(best, 0, sizeof best);
  for (uint32_t end = 1; end <= primes; end++) {
    best[end].cost = UINT64_MAX;
    umbra_log2 size = 0;
    for (uint32_t begin = end; begin-- > 0;) {
      size += log_prime[begin];
      if (size > log_aux) break;
      if (best[begin].cost == UINT64_MAX || best[begin].digits == UMBRA_MAX_DIGITS) continue;
      const uint64_t cost = best[begin].cost + digit_cost(chain, begin, end);
      if (cost >= best[end].cost) continue;
      best[end] = best[begin];
      best[end].cost = cost;
      best[end].begin[++best[end].digits] = (uint16_t)end;
    }
  }
  return best[primes];
}

uint64_t umbra_chain_choose_digits(umbra_chain *chain, uint32_t bound_bits) {
  const uint32_t primes = umbra_chain_aux(chain);
  const umbra_log2 bound = umbra_log2_of_bits((int32_t)bound_bits);
  const umbra_window keyed = umbra_chain_union(chain, umbra_chain_keyed_level(chain));
  const umbra_log2 log_q = umbra_chain_log_product(chain, keyed.first, keyed.count);
  umbra_log2 log_prime[UMBRA_MAX_PRIMES], log_aux = 0;
  for (uint32_t i = 0; i < primes; i++) log_prime[i] = umbra_log2_of_u32(chain->prime[i]);
  if (bound_bits && umbra_chain_log_keyless(chain) > bound) return 0;

  gadget best = {.cost = UINT64_MAX};
  uint32_t best_auxes = 0, aux = UMBRA_AUX_HIGH;
  for (chain->auxes = 1; chain->auxes <= UMBRA_MAX_AUX && primes + chain->auxes <= UMBRA_MAX_PRIMES; chain->auxes++) {
    aux = umbra_prime_below(chain->log_n, aux);
    log_aux += umbra_log2_of_u32(aux);
    if (bound_bits && log_q + log_aux > bound) break;
    chain->prime[primes + chain->auxes - 1] = aux;
    gadget found = cheapest_gadget(chain, log_prime, log_aux);
    if (found.cost == UINT64_MAX) continue;
    found.cost += division_cost(chain);
    if (found.cost >= best.cost) continue;
    best = found;
    best_auxes = chain->auxes;
  }
  chain->auxes = best_auxes;
  chain->digits = best.digits;
  memcpy(chain->digit_begin, best.begin, sizeof best.begin);
  return best_auxes ? best.cost : 0;
}
