/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The modulus chain: primes, levels, scales and gadget digits of one parameter set.
 *
 * Order of positions: terminal primes reversed, main primes, auxiliary primes. With T terminals, level l with m main
 * and t terminal primes is the window [T - t, T + m) of positions. Level 0 is the lowest.
 */
#ifndef UMBRA_PARAMS_CHAIN_H
#define UMBRA_PARAMS_CHAIN_H

#include <umbra/params.h>

#include "../../kernels/kernels.h"
#include "fixed.h"

enum { UMBRA_MAX_LEVELS = 130, UMBRA_MAX_AUX = 32 };

/* Limits of how a chain refreshes. */
enum {
  UMBRA_MAX_OVERFLOW = 64,
  UMBRA_MAX_COSINE_DEGREE = 64,
  UMBRA_MAX_DOUBLE_ANGLES = 6,
  UMBRA_MAX_ARCSINE_DEGREE = 7,
  UMBRA_MIN_RATIO_BITS = 3, /* beyond, 2 pi e comes too near the sine's extremes */
  UMBRA_MAX_HAMMING = 256,
  UMBRA_SPARSE_SLACK = 4 /* bits that the ephemeral key's own primes may have less than those of level 0 */
};

/* Limits of the classes: LOW < prime < HIGH. */
enum {
  UMBRA_TERMINAL_LOW = 1 << 16,
  UMBRA_TERMINAL_HIGH = 1 << 27,
  UMBRA_MAIN_LOW = 379625062, /* floor(2^28.5) */
  UMBRA_MAIN_HIGH = 1 << 30
};
#define UMBRA_AUX_HIGH (1u << 31)

typedef struct umbra_window {
  uint16_t first, count;
} umbra_window;

static inline uint32_t umbra_window_end(umbra_window w) { return (uint32_t)w.first + w.count; }

static inline int umbra_window_equal(umbra_window a, umbra_window b) {
  return a.first == b.first && a.count == b.count;
}

typedef struct umbra_chain {
  uint32_t log_n;
  uint32_t scale_bits;              /* nominal: 20 to 30, 35, 40, ..., 60 */
  uint32_t terminals, mains, auxes; /* numbers of primes of the three classes */
  uint32_t prime[UMBRA_MAX_PRIMES]; /* by position */
  uint32_t levels;                  /* ordinary ones: depth + 1 */
  uint32_t total_levels;            /* with those that exist only inside a refresh */
  uint32_t keyless;                 /* of the ordinary levels, the highest: they have no switching keys */
  umbra_bootstrap_shape bootstrap;  /* stc_levels 0: it does not refresh */
  umbra_window window[UMBRA_MAX_LEVELS];
  umbra_log2 log_scale[UMBRA_MAX_LEVELS];      /* log2 of s_l; of levels inside a refresh: of their mean step */
  umbra_log2 log_before[UMBRA_MAX_PRIMES + 1]; /* log2 of the product of all primes before a position */
  uint32_t digits;                             /* of the key-switching gadget */
  uint16_t digit_begin[UMBRA_MAX_DIGITS + 1];  /* digit j: [begin[j], begin[j+1]); begin[digits]: the first auxiliary */
} umbra_chain;

/* Position of the first auxiliary prime = number of chain primes. */
static inline uint32_t umbra_chain_aux(const umbra_chain *c) { return c->terminals + c->mains; }

static inline uint32_t umbra_chain_primes(const umbra_chain *c) { return c->terminals + c->mains + c->auxes; }

/* The highest level that has switching keys. */
static inline uint32_t umbra_chain_keyed_level(const umbra_chain *c) { return c->total_levels - 1 - c->keyless; }

/* log2 of the product of the primes at positions [first, first + count), of a chain whose scales are filled. */
umbra_log2 umbra_chain_log_product(const umbra_chain *chain, uint32_t first, uint32_t count);

/* The same for a chain in the making. */
umbra_log2 umbra_chain_sum_logs(const umbra_chain *chain, uint32_t first, uint32_t count);

/* Window that covers the windows of levels 0..level: where a key made for them lives. */
umbra_window umbra_chain_union(const umbra_chain *chain, uint32_t level);

/* Digits [first, first + count) that meet a window. */
typedef struct umbra_digit_range {
  uint32_t first, count;
} umbra_digit_range;

/* The part of a window that a digit owns; the digit must meet the window. */
umbra_window umbra_digit_window(const umbra_chain *chain, uint32_t digit, umbra_window window);

umbra_digit_range umbra_digits_of(const umbra_chain *chain, umbra_window window);

/*
 * How many auxiliary primes are needed, always the first ones: the fewest whose product exceeds every digit, each digit
 * taken as far as the window has its primes.
 */
uint32_t umbra_switch_auxes(const umbra_chain *chain, umbra_window window);

/* The fewest whose product exceeds that of a window's primes: for a single digit that is as large. */
uint32_t umbra_whole_auxes(const umbra_chain *chain, umbra_window window);

/* The most that a switch at any of levels 0..level needs: those of a key for them. */
uint32_t umbra_key_auxes(const umbra_chain *chain, uint32_t level);

/* Levels that exist only inside a refresh of that shape: those of the sine, and all; 0 if it is none. */
uint32_t umbra_bootstrap_sine_levels(const umbra_bootstrap_shape *boot);
uint32_t umbra_bootstrap_upper_levels(const umbra_bootstrap_shape *boot);

/* Where the key to the ephemeral secret lives: the primes of level 0 and those after them. */
umbra_window umbra_chain_sparse_window(const umbra_chain *chain);

/*
 * Fills log_before from the primes, and log_scale from the windows too: s_0 is the geometric mean of all ordinary steps
 * prod D / prod R (2^scale_bits if there is only one level), s_l = sqrt(s_{l-1} * prod D / prod R).
 */
void umbra_chain_fill_scales(umbra_chain *chain);

/* log2 of the modulus of a key that serves levels 0..level: the union of their windows times its auxiliary primes. */
umbra_log2 umbra_chain_log_key(const umbra_chain *chain, uint32_t level);

/*
 * log2 of the largest modulus at which anything is published under the secret: keys of all levels that have keys, with
 * all auxiliary primes, and ciphertexts of the levels that have none. The public key counts for itself.
 */
umbra_log2 umbra_chain_log_qp(const umbra_chain *chain);

/* log2 of the modulus of the public key: that of all ordinary levels times the first auxiliary prime. */
umbra_log2 umbra_chain_log_public_key(const umbra_chain *chain);

/* log2 of the largest modulus of a level that has no switching keys; 0 if all have. */
umbra_log2 umbra_chain_log_keyless(const umbra_chain *chain);

#endif
