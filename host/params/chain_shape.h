/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shapes: how many main and terminal primes each level of a chain has, before any prime is chosen.
 *
 * All sizes are multiples of one unit: a main prime has p units, a terminal prime r, a level adds c, the lowest has b.
 * Level l then has m main and t terminal primes with p m + r t = b + c l, and primes of exactly those sizes would meet
 * every level exactly. A unit is nominally scale_bits / c bits long: 30-bit mains with 25-bit terminals are p = 6,
 * r = 5, with 20-bit ones p = 3, r = 2.
 */
#ifndef UMBRA_PARAMS_CHAIN_SHAPE_H
#define UMBRA_PARAMS_CHAIN_SHAPE_H

#include "chain.h"

enum {
  UMBRA_MAX_SHAPES = 48,
  UMBRA_UPPER_MAINS = 2,  /* of each level inside a refresh, with so many thousandths of a bit together: */
  UMBRA_CTS_SIZE = 57250, /* for coefficients-to-slots, */
  UMBRA_SINE_MIN = 57250, /* for the sine at least, */
  UMBRA_SINE_MAX = 59750, /* and at most, */
  UMBRA_SINE_STEP = 250,  /* and in between */
  UMBRA_SPARSE_BASE = 62  /* bits of level 0 of a refresh, at most: the key to the ephemeral secret has twice as many */
};

typedef struct umbra_chain_request {
  uint32_t log_n, scale_bits, depth;
  uint32_t bound_bits;             /* of log2(QP); 0: none */
  umbra_bootstrap_shape bootstrap; /* of a refresh, which leaves `depth` levels */
  uint32_t keyless;                /* so many of the highest levels have no keys: there, log2(Q) is bounded */
} umbra_chain_request;

/* Ordinary levels that it asks for. */
static inline uint32_t umbra_request_levels(const umbra_chain_request *request) {
  return request->depth + request->bootstrap.stc_levels + 1;
}

typedef struct umbra_shape {
  uint32_t main_units, terminal_units, level_units, base_units;
  uint32_t levels, mains, terminals; /* mains and terminals of the union of all levels */
  uint8_t main_count[UMBRA_MAX_LEVELS], terminal_count[UMBRA_MAX_LEVELS];
  uint64_t cost; /* estimate, of key switching at the high levels */
} umbra_shape;

/* Where the primes for its terminals are looked for: (low, high). */
void umbra_shape_terminal_range(const umbra_shape *shape, uint32_t scale_bits, uint32_t *low, uint32_t *high);

/* The most promising shapes, cheapest first. Returns their number, 0 if the bound leaves no room. */
uint32_t umbra_shapes_rank(umbra_shape shape[UMBRA_MAX_SHAPES], const umbra_chain_request *request);

#endif
