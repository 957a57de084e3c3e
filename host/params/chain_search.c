/* SPDX-License-Identifier: Apache-2.0 */
#include "chain_search.h"

#include <string.h>

#include "chain_digits.h"

enum {
  TARGETS = 9, /* scales that are tried: 0, 1/16, ..., 1/2 bits under the nominal one */
  CHOICES = 6  /* feasible shapes that are compared by their true cost */
};

static umbra_log2 log_of_milli(int32_t milli) { return umbra_log2_of_bits(milli) / 1000; }

static umbra_log2 distance(umbra_log2 a, umbra_log2 b) { return a > b ? a - b : b - a; }

/* Chooses terminals whose partial products stay near powers of their size. Returns 0 if they run out. */
static int choose_terminals(umbra_chain *chain, umbra_prime_pool *pool, umbra_log2 size) {
  umbra_log2 product = 0;
  umbra_pool_reset(pool);
  for (uint32_t t = 1; t <= chain->terminals; t++) {
    uint32_t *prime = &chain->prime[chain->terminals - t];
    if (!umbra_pool_take(pool, prime, 1, size * (umbra_log2)t - product)) return 0;
    product += umbra_log2_of_u32(*prime);
  }
  return 1;
}

/*
 * What the product of the first m mains should be: what the levels that have them lack without it. Returns 0 if there
 * is no such level; the middle if terminals make them differ.
 */
static int wanted_product(const umbra_chain *chain, const umbra_shape *shape, umbra_log2 unit, uint32_t m,
                          umbra_log2 *wanted) {
  umbra_log2 low = 0, high = 0;
  int found = 0;
  for (uint32_t l = 0; l < shape->levels; l++) {
    if (shape->main_count[l] != m) continue;
    const uint32_t t = shape->terminal_count[l];
    const umbra_log2 lack = unit * (umbra_log2)(shape->base_units + l * shape->level_units) -
                            umbra_chain_sum_logs(chain, chain->terminals - t, t);
    if (!found || lack < low) low = lack;
    if (!found || lack > high) high = lack;
    found = 1;
  }
  *wanted = (low + high) / 2;
  return found;
}

/*
 * Chooses the mains in groups, each of which ends where some level does, so that every level's modulus is its number of
 * units. Errors are corrected by the next group instead of adding up. Returns 0 if one is too large to be of use.
 */
static int choose_mains(umbra_chain *chain, umbra_prime_pool *pool, const umbra_shape *shape, umbra_log2 unit) {
  const umbra_log2 tolerance = 3 * umbra_chain_drift_limit(chain->log_n, chain->scale_bits);
  umbra_log2 product = 0;
  umbra_pool_reset(pool);
  for (uint32_t m = 1, done = 0; m <= chain->mains; m++) {
    umbra_log2 wanted;
    if (!wanted_product(chain, shape, unit, m, &wanted)) continue;
    if (!umbra_pool_take(pool, &chain->prime[chain->terminals + done], m - done, wanted - product)) return 0;
    product += umbra_chain_sum_logs(chain, chain->terminals + done, m - done);
    if (distance(product, wanted) > tolerance) return 0;
    done = m;
  }
  return 1;
}

umbra_log2 umbra_chain_drift_limit(uint32_t log_n, uint32_t scale_bits) {
  const int strict = scale_bits >= 35 && scale_bits <= 50 && log_n <= 16;
  return umbra_log2_of_bits(strict ? 719 : 7038) / 100000; /* log2(1.005), log2(1.05) */
}

umbra_log2 umbra_chain_drift(const umbra_chain *chain) {
  umbra_log2 drift = 0;
  for (uint32_t l = 0; l < chain->levels; l++) {
    const umbra_log2 of_level = distance(chain->log_scale[l], chain->log_scale[0]);
    if (of_level > drift) drift = of_level;
  }
  return drift;
}

/* A chain of the shape's windows without primes. */
static void lay_out(umbra_chain *chain, const umbra_shape *shape, const umbra_chain_request *request) {
  memset(chain, 0, sizeof *chain);
  chain->log_n = request->log_n;
  chain->scale_bits = request->scale_bits;
  chain->terminals = shape->terminals;
  chain->mains = shape->mains;
  chain->levels = shape->levels;
  chain->total_levels = shape->levels + umbra_bootstrap_upper_levels(&request->bootstrap);
  chain->keyless = request->keyless;
  chain->bootstrap = request->bootstrap;
  for (uint32_t l = 0; l < shape->levels; l++) {
    const uint32_t t = shape->terminal_count[l];
    chain->window[l].first = (uint16_t)(chain->terminals - t);
    chain->window[l].count = (uint16_t)(t + shape->main_count[l]);
  }
}

/*
 * Adds the levels inside a refresh: each has all primes of the one below, and as many mains of its own, whose product is
 * near 2^sine_size, or that of coefficients-to-slots. Returns 0 if they run out, or if the highest ordinary level lacks
 * mains that a lower one has.
 */
static int add_upper_levels(umbra_chain *chain, umbra_prime_pool *pool, umbra_log2 sine_size) {
  const uint32_t first_cts = chain->levels + umbra_bootstrap_sine_levels(&chain->bootstrap);
  umbra_log2 product = 0, wanted = 0;
  if (chain->bootstrap.stc_levels && umbra_window_end(chain->window[chain->levels - 1]) != umbra_chain_aux(chain))
    return 0;
  for (uint32_t l = chain->levels; l < chain->total_levels; l++) {
    uint32_t *prime = &chain->prime[umbra_chain_aux(chain)];
    wanted += l < first_cts ? sine_size : log_of_milli(UMBRA_CTS_SIZE);
    if (!umbra_pool_take(pool, prime, UMBRA_UPPER_MAINS, wanted - product)) return 0;
    product += umbra_chain_sum_logs(chain, umbra_chain_aux(chain), UMBRA_UPPER_MAINS);
    chain->mains += UMBRA_UPPER_MAINS;
    chain->window[l] = chain->window[l - 1];
    chain->window[l].count += UMBRA_UPPER_MAINS;
  }
  return 1;
}

/* As many primes beside those of level 0 as an ephemeral key needs to add little noise: as many bits, or nearly. */
static void choose_sparse_primes(umbra_chain *chain) {
  const umbra_log2 log_base = umbra_chain_log_product(chain, chain->window[0].first, chain->window[0].count);
  const uint32_t end = umbra_window_end(chain->window[0]);
  uint32_t *count = &chain->bootstrap.sparse_primes;
  const umbra_log2 enough = log_base - umbra_log2_of_bits(UMBRA_SPARSE_SLACK);
  for (*count = 1; umbra_chain_log_product(chain, end, *count) < enough;) ++*count;
}

/* Whether a scale is at most half a bit under the nominal one, give or take some slack. */
static int is_near_nominal(umbra_log2 log_scale, uint32_t scale_bits, umbra_log2 slack) {
  const umbra_log2 nominal = umbra_log2_of_bits((int32_t)scale_bits);
  return log_scale <= nominal + slack && log_scale >= nominal - umbra_log2_of_bits(1) / 2 - slack;
}

/*
 * What a chain with all ordinary primes lacks: levels inside a refresh, scales, digits. Returns its cost, 0 if there is
 * none, or if its scales are no good.
 */
static uint64_t complete(umbra_chain *chain, umbra_chain_workshop *shop, umbra_log2 sine_size) {
  const umbra_log2 limit = umbra_chain_drift_limit(shop->request->log_n, shop->request->scale_bits);
  if (!add_upper_levels(chain, &shop->mains, sine_size)) return 0;
  umbra_chain_fill_scales(chain);
  if (!is_near_nominal(chain->log_scale[0], chain->scale_bits, limit) || umbra_chain_drift(chain) > limit) return 0;
  if (chain->bootstrap.stc_levels && !chain->bootstrap.sparse_primes) choose_sparse_primes(chain);
  return umbra_chain_choose_digits(chain, shop->request->bound_bits);
}

/*
 * The chain of a shape with scales near 2^target, or, if exact_terminals is set, near the one whose unit makes all
 * terminals together exact. Returns its cost, 0 if there is none.
 */
static uint64_t build(umbra_chain *chain, umbra_chain_workshop *shop, const umbra_shape *shape, umbra_log2 target,
                      umbra_log2 sine_size, int exact_terminals) {
  umbra_log2 unit = target / (umbra_log2)shape->level_units;
  lay_out(chain, shape, shop->request);
  if (!choose_terminals(chain, &shop->terminals, unit * (umbra_log2)shape->terminal_units)) return 0;
  if (exact_terminals)
    unit = umbra_chain_sum_logs(chain, 0, chain->terminals) / (umbra_log2)(chain->terminals * shape->terminal_units);
  if (!is_near_nominal(unit * (umbra_log2)shape->level_units, chain->scale_bits, 0)) return 0;
  if (!choose_mains(chain, &shop->mains, shape, unit)) return 0;
  return complete(chain, shop, sine_size);
}

/* The chain of a shape, with levels of that size for the sine, with the highest scales of those that are tried. */
static uint64_t build_highest(umbra_chain *chain, umbra_chain_workshop *shop, const umbra_shape *shape,
                              umbra_log2 sine_size) {
  uint64_t cost = 0;
  for (int32_t i = 0; i < TARGETS && cost == 0; i++) {
    const umbra_log2 under = umbra_log2_of_bits(i) / (2 * (TARGETS - 1));
    const umbra_log2 target = umbra_log2_of_bits((int32_t)shop->request->scale_bits) - under;
    cost = build(chain, shop, shape, target, sine_size, 0);
    if (cost == 0 && shape->terminals > 0) cost = build(chain, shop, shape, target, sine_size, 1);
  }
  return cost;
}

static uint64_t build_shape(umbra_chain *chain, umbra_chain_workshop *shop, const umbra_shape *shape) {
  uint32_t low, high;
  umbra_shape_terminal_range(shape, shop->request->scale_bits, &low, &high);
  umbra_pool_fill(&shop->terminals, shop->request->log_n, low, high);
  if (!shop->request->bootstrap.stc_levels) return build_highest(chain, shop, shape, 0);
  /* The more bits the sine has, the less noise; but not so many that keys get more digits. */
  uint64_t best = 0;
  for (int32_t size = UMBRA_SINE_MAX; size >= UMBRA_SINE_MIN; size -= UMBRA_SINE_STEP) {
    umbra_chain candidate;
    const uint64_t cost = build_highest(&candidate, shop, shape, log_of_milli(size));
    if (cost == 0 || (best && cost >= best)) continue;
    best = cost;
    *chain = candidate;
  }
  return best;
}

int umbra_chain_search(umbra_chain *chain, umbra_chain_workshop *shop, const umbra_chain_request *request) {
  const uint32_t shapes = umbra_shapes_rank(shop->shape, request);
  uint64_t best = UINT64_MAX;
  shop->request = request;
  umbra_pool_fill(&shop->mains, request->log_n, UMBRA_MAIN_LOW, UMBRA_MAIN_HIGH);
  for (uint32_t i = 0, choices = 0; i < shapes && choices < CHOICES; i++) {
    umbra_chain candidate;
    const uint64_t cost = build_shape(&candidate, shop, &shop->shape[i]);
    if (cost == 0) continue;
    choices++;
    if (cost >= best) continue;
    best = cost;
    *chain = candidate;
  }
  return best != UINT64_MAX;
}

int umbra_chain_search_depth(umbra_chain_workshop *shop, const umbra_chain_request *request) {
  umbra_chain_request lower = *request;
  umbra_chain chain;
  int depth = request->depth < UMBRA_MAX_LEVELS ? (int)request->depth : UMBRA_MAX_LEVELS - 1;
  do {
    lower.depth = (uint32_t)depth;
    if (umbra_chain_search(&chain, shop, &lower)) return depth;
  } while (depth-- > 0);
  return -1;
}
