/* SPDX-License-Identifier: Apache-2.0 */
#include "chain_shape.h"

#include <string.h>

#include "chain_digits.h"
#include "primes.h"

/* Nominal sizes in thousandths of a bit. */
enum {
  MILLI = 1000,
  MAIN_MIN = 28700, /* mains are spread around their size, between 2^28.5 and 2^30 */
  MAIN_MAX = 30000,
  TERMINAL_MIN = 16500,
  TERMINAL_MAX = 26500,
  SCALE_SLACK = 500, /* scales lie up to half a bit under their nominal size */
  AUX_SIZE = 31000,
  RATIO_SLACK = 300,   /* of a message ratio, as primes are not exactly of their size */
  BASE_MARGIN = 10000, /* bits of the lowest level above the scale: at least these, */
  BASE_CHOICE = 30000, /* and at most so many more; */
  MAX_PERIOD = 8,
  MAX_TERMINALS = 12
};

typedef struct ranking {
  const umbra_chain_request *request;
  umbra_shape *shape;
  uint32_t shapes;
} ranking;

static uint32_t common_divisor(uint32_t a, uint32_t b) { return b ? common_divisor(b, a % b) : a; }

static uint32_t larger(uint32_t a, uint32_t b) { return a > b ? a : b; }

/* The size of so many units when scales are `slack` under their nominal size. */
static uint32_t size_of(const umbra_shape *shape, uint32_t units, uint32_t scale_bits, uint32_t slack) {
  return units * (scale_bits * MILLI - slack) / shape->level_units;
}

/* Half a bit around the size, and a bit below it because the size may shrink with the scale. */
void umbra_shape_terminal_range(const umbra_shape *shape, uint32_t scale_bits, uint32_t *low, uint32_t *high) {
  const umbra_log2 milli = umbra_log2_of_bits(1) / MILLI;
  const uint32_t size = size_of(shape, shape->terminal_units, scale_bits, 0);
  *low = *high = 0;
  if (size == 0) return;
  *low = umbra_log2_to_u32(milli * (umbra_log2)(size - 2 * SCALE_SLACK));
  *high = umbra_log2_to_u32(milli * (umbra_log2)(size + SCALE_SLACK));
  if (*low < UMBRA_TERMINAL_LOW) *low = UMBRA_TERMINAL_LOW;
}

static uint32_t terminal_supply(const umbra_shape *shape, const umbra_chain_request *request) {
  uint32_t prime, end, supply = 0;
  umbra_shape_terminal_range(shape, request->scale_bits, &prime, &end);
  while (supply < MAX_TERMINALS && (prime = umbra_prime_above(request->log_n, prime)) != 0 && prime < end) supply++;
  return supply;
}

/* The fewest terminals that make up `units` with at most max_mains mains; more than max_terminals if none do. */
static uint32_t fewest_terminals(const umbra_shape *shape, uint32_t units, uint32_t max_mains, uint32_t max_terminals) {
  for (uint32_t t = 0; t <= max_terminals && t * shape->terminal_units <= units; t++) {
    const uint32_t rest = units - t * shape->terminal_units;
    if (rest % shape->main_units == 0 && rest / shape->main_units <= max_mains) return t;
  }
  return max_terminals + 1;
}

static int lay_levels(umbra_shape *shape, uint32_t max_mains, uint32_t max_terminals) {
  shape->mains = shape->terminals = 0;
  for (uint32_t l = 0; l < shape->levels; l++) {
    const uint32_t units = shape->base_units + shape->level_units * l;
    const uint32_t t = fewest_terminals(shape, units, max_mains, max_terminals);
    if (t > max_terminals) return 0;
    const uint32_t m = (units - t * shape->terminal_units) / shape->main_units;
    shape->main_count[l] = (uint8_t)m;
    shape->terminal_count[l] = (uint8_t)t;
    shape->mains = larger(shape->mains, m);
    shape->terminals = larger(shape->terminals, t);
  }
  return 1;
}

/* Main primes of a level, which may be one inside a refresh. */
static uint32_t mains_of(const umbra_shape *shape, uint32_t level) {
  const uint32_t top = shape->levels - 1;
  return level <= top ? shape->main_count[level] : shape->main_count[top] + UMBRA_UPPER_MAINS * (level - top);
}

static uint32_t terminals_of(const umbra_shape *shape, uint32_t level) {
  return shape->terminal_count[level < shape->levels ? level : shape->levels - 1];
}

static uint32_t excess(uint32_t a, uint32_t b) { return a > b ? a - b : 0; }

/*
 * Cost of the high levels, of those that have keys, with so many auxiliary primes. A main prime takes the room of an
 * auxiliary one in a digit.
 */
static uint64_t cost_with(const umbra_shape *shape, uint32_t levels, uint32_t terminal_size, uint32_t auxes) {
  uint64_t cost = 0;
  for (uint32_t l = umbra_first_high_level(levels); l < levels; l++) {
    const uint32_t m = mains_of(shape, l), t = terminals_of(shape, l);
    const uint32_t size = m * AUX_SIZE + t * terminal_size;
    const uint32_t digits = (size + auxes * AUX_SIZE - 1) / (auxes * AUX_SIZE);
    const uint32_t dropped = l ? excess(m, mains_of(shape, l - 1)) + excess(t, terminals_of(shape, l - 1)) : 0;
    cost += umbra_switch_cost(digits, m + t, auxes, dropped);
  }
  return cost;
}

/* Units of the union of the lowest levels. */
static uint32_t union_units(const umbra_shape *shape, uint32_t levels) {
  uint32_t mains = 0, terminals = 0;
  for (uint32_t l = 0; l < levels; l++) {
    mains = larger(mains, shape->main_count[l]);
    terminals = larger(terminals, shape->terminal_count[l]);
  }
  return mains * shape->main_units + terminals * shape->terminal_units;
}

/* Whether ciphertexts of the levels without keys are within the bound. */
static int top_fits(const umbra_shape *shape, const umbra_chain_request *request) {
  const uint32_t units = shape->base_units + shape->level_units * (shape->levels - 1);
  return !request->keyless || !request->bound_bits ||
         size_of(shape, units, request->scale_bits, SCALE_SLACK) <= request->bound_bits * MILLI;
}

/* Fills the cost of the best number of auxiliary primes. Returns 0 if the bound leaves no room for any. */
static int estimate_cost(umbra_shape *shape, const umbra_chain_request *request) {
  const uint32_t upper = umbra_bootstrap_upper_levels(&request->bootstrap);
  const uint32_t keyed = shape->levels + upper - request->keyless;
  const uint32_t primes = shape->mains + shape->terminals + UMBRA_UPPER_MAINS * upper;
  const uint32_t units = union_units(shape, shape->levels - request->keyless);
  const uint32_t size = size_of(shape, units, request->scale_bits, SCALE_SLACK) + UMBRA_CTS_SIZE * upper;
  const uint32_t terminal_size = size_of(shape, shape->terminal_units, request->scale_bits, 0);
  shape->cost = UINT64_MAX;
  if (!top_fits(shape, request)) return 0;
  for (uint32_t auxes = 1; auxes <= UMBRA_MAX_AUX; auxes++) {
    if (primes + auxes > UMBRA_MAX_PRIMES) break;
    if (request->bound_bits && size + auxes * AUX_SIZE > request->bound_bits * MILLI) break;
    if (size > UMBRA_MAX_DIGITS * auxes * AUX_SIZE) continue;
    const uint64_t cost = cost_with(shape, keyed, terminal_size, auxes);
    if (cost < shape->cost) shape->cost = cost;
  }
  return shape->cost != UINT64_MAX;
}

/* Inserts a shape by its cost; of equal ones the first found stays first. */
static void keep(ranking *ranking, const umbra_shape *shape) {
  uint32_t at = ranking->shapes;
  while (at > 0 && ranking->shape[at - 1].cost > shape->cost) at--;
  if (at == UMBRA_MAX_SHAPES) return;
  if (ranking->shapes < UMBRA_MAX_SHAPES) ranking->shapes++;
  memmove(&ranking->shape[at + 1], &ranking->shape[at], (ranking->shapes - 1 - at) * sizeof *shape);
  ranking->shape[at] = *shape;
}

/* Whether the same levels also come up as mains of one unit and no terminals. */
static int is_duplicate(const umbra_shape *shape) {
  return shape->terminals == 0 && shape->terminal_units > 0 && shape->level_units % shape->main_units == 0;
}

/* Whether the lowest level may have that size. */
static int is_base(const umbra_shape *shape, uint32_t first_base, const umbra_chain_request *request) {
  const uint32_t bits = request->scale_bits;
  if (size_of(shape, shape->base_units - first_base, bits, 0) > BASE_CHOICE) return 0;
  return !request->bootstrap.stc_levels || size_of(shape, shape->base_units, bits, 0) <= UMBRA_SPARSE_BASE * MILLI;
}

/* All shapes of the given sizes: every base, and from each level's fewest terminals to ever fewer mains. */
static void rank_sizes(ranking *ranking, umbra_shape *shape) {
  const uint32_t bits = ranking->request->scale_bits;
  const uint32_t supply = terminal_supply(shape, ranking->request);
  const uint32_t ratio = ranking->request->bootstrap.ratio_bits * MILLI;
  const uint32_t least = bits * MILLI + (ratio ? ratio + RATIO_SLACK : BASE_MARGIN);
  const uint32_t first_base = (least * shape->level_units + bits * MILLI - 1) / (bits * MILLI);
  shape->base_units = first_base;
  while (is_base(shape, first_base, ranking->request)) {
    uint32_t max_mains = UMBRA_MAX_PRIMES;
    while (lay_levels(shape, max_mains, supply)) {
      if (!is_duplicate(shape) && estimate_cost(shape, ranking->request)) keep(ranking, shape);
      if (shape->mains == 0) break;
      max_mains = shape->mains - 1;
    }
    shape->base_units++;
  }
}

uint32_t umbra_shapes_rank(umbra_shape shape[UMBRA_MAX_SHAPES], const umbra_chain_request *request) {
  ranking ranking = {.request = request, .shape = shape};
  const uint32_t bits = request->scale_bits * MILLI;
  if (request->depth >= UMBRA_MAX_LEVELS || request->keyless > request->depth) return 0;
  const uint32_t levels = umbra_request_levels(request);
  if (levels + umbra_bootstrap_upper_levels(&request->bootstrap) > UMBRA_MAX_LEVELS) return 0;
  for (uint32_t p = 1; p <= MAX_PERIOD; p++) {
    for (uint32_t c = (p * bits + MAIN_MAX - 1) / MAIN_MAX; p * bits >= MAIN_MIN * c; c++) {
      for (uint32_t r = 0; r <= p; r++) {
        const uint32_t terminal_size = r * bits / c;
        if (r > 0 && (terminal_size < TERMINAL_MIN || terminal_size > TERMINAL_MAX)) continue;
        if (common_divisor(common_divisor(p, r), c) > 1) continue;
        umbra_shape sizes = {.main_units = p, .terminal_units = r, .level_units = c, .levels = levels};
        rank_sizes(&ranking, &sizes);
      }
    }
  }
  return ranking.shapes;
}
