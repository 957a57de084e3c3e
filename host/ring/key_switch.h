/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hybrid key switching: digits (ModUp), their inner products with a switching key (Han, Ki, eprint 2019/688), and the
 * division by P (ModDown).
 */
#ifndef UMBRA_RING_KEY_SWITCH_H
#define UMBRA_RING_KEY_SWITCH_H

#include "decompose.h"

/*
 * A switching key: polynomials 2j, 2j + 1 are (b, a) of digit digits.first + j, over its window and as many auxiliary
 * primes as its levels use, or more.
 */
typedef struct umbra_switching_key {
  umbra_poly poly;
  umbra_digit_range digits;
} umbra_switching_key;

/* The part of a key that the digits of a plan are multiplied with. */
umbra_view umbra_switching_key_view(const umbra_switching_key *key, const umbra_ring *ring,
                                    const umbra_decomposition *plan);

/* A rotation: its key, and X -> X^galois after the switch. */
typedef struct umbra_rotation {
  const umbra_switching_key *key;
  uint32_t galois;
} umbra_rotation;

/* All of these keys stay on the device until they are unpinned; on failure none of them has to. */
umbra_status umbra_keys_pin(const umbra_rotation *rotation, size_t count, umbra_ring *ring, umbra_stream *stream);
void umbra_keys_unpin(const umbra_rotation *rotation, size_t count, umbra_ring *ring);

/*
 * What is switched, and with what. Everything pointed to must stay alive as long as the switch, or until
 * umbra_key_product_close.
 */
typedef struct umbra_switch_of {
  const umbra_view *x; /* one polynomial over window: what the other secret is multiplied with */
  umbra_window window;
  const umbra_digits *digits;     /* of x; NULL: they are computed block by block, and never leave the cache */
  const umbra_switching_key *key; /* its window contains `window`, and its level */
  const umbra_view *init;         /* NULL, or 1 or 2 polynomials over the window, or that and the auxiliary primes */
  uint32_t galois;                /* 1: none */
} umbra_switch_of;

/*
 * The product of x's digits with a key: 2 polynomials over window and the auxiliary primes in use,
 *   (P * init + sum of digits times key)(X^galois).
 * An init that is over these auxiliary primes too is P times itself already, and added as it is.
 * Limbs are computed on demand, so the whole need never be stored: a source for umbra_divide.
 */
typedef struct umbra_key_product {
  umbra_switch_of of;
  umbra_digit_block digits;
  uint32_t init_factor[UMBRA_MAX_PRIMES]; /* by init's limbs */
  /* Unless hoisted: room for umbra_digit_block_most limbs of each digit, and the digits themselves as coefficients. */
  void *memory;
  size_t bytes;
  umbra_view coefficients;
} umbra_key_product;

/* The same integers with and without digits. */
umbra_status umbra_key_product_open(umbra_key_product *product, umbra_ring *ring, umbra_stream *stream,
                                    const umbra_switch_of *of);
void umbra_key_product_close(umbra_key_product *product);

/* Limbs [first, first + count) as a dividend: prepare and compute of umbra_dividend, each limb once. */
void umbra_key_product_prepare(void *product, uint32_t first, uint32_t count);
void umbra_key_product_compute(const void *product, const umbra_view *dst, const umbra_strip *strip);

/* The same digits with many keys: see inner_products of the kernels. Arrays of `rotations`, and of `digits`. */
typedef struct umbra_key_products_of {
  const umbra_view *digit;
  uint32_t digits;
  const umbra_view *key;
  const uint32_t *galois;
  uint32_t rotations;
  const umbra_view *init; /* or NULL */
  const uint32_t *factor; /* by init's limbs */
} umbra_key_products_of;

/* dst: 2 polynomials for each rotation. */
void umbra_key_products(const umbra_ring *ring, umbra_stream *stream, const umbra_view *dst,
                        const umbra_key_products_of *of);

/* dst over `to` = the product of x's digits with the key, divided by P and by the primes of x's window not in `to`. */
umbra_status umbra_switch(umbra_ring *ring, umbra_stream *stream, const umbra_view *dst, umbra_window to,
                          const umbra_switch_of *of);

/* Polynomials with a rotation each, and what the first polynomial of each product begins with: see umbra_switch_of. */
typedef struct umbra_switch_add_of {
  const umbra_view *x, *init; /* over window; init: or over that and the auxiliary primes in use */
  umbra_window window;
  const umbra_rotation *rotation;
} umbra_switch_add_of;

/*
 * sum (2 polynomials over the window and the auxiliary primes in use) += the products of the digits of each polynomial of x
 * with its key.
 */
umbra_status umbra_switch_add(umbra_ring *ring, umbra_stream *stream, const umbra_view *sum,
                              const umbra_switch_add_of *of);

/* dst over x's window = the sum of the switches of x with count > 0 rotations, for `key` and `galois`; divided once. */
umbra_status umbra_switch_sum(umbra_ring *ring, umbra_stream *stream, const umbra_view *dst,
                              const umbra_rotation *rotation, size_t count, const umbra_switch_of *of);

/* Polynomials with a rotation each. */
typedef struct umbra_switch_each_of {
  const umbra_view *x; /* over window */
  const umbra_view
      *init; /* what the first product begins with, over window; the others' are as far apart as those of x */
  umbra_window window;
  const umbra_rotation *rotation;
} umbra_switch_each_of;

/* umbra_switch of each polynomial of x: dst has 2 polynomials for each. Together where launches cost, in turn elsewhere. */
umbra_status umbra_switch_each(umbra_ring *ring, umbra_stream *stream, const umbra_view *dst, umbra_window to,
                               const umbra_switch_each_of *of);

/*
 * dst[i], over x's window, = the switch of x with rotation[i], for `key` and `galois`: umbra_switch of each, for which x's
 * digits must be given.
 */
umbra_status umbra_switch_many(umbra_ring *ring, umbra_stream *stream, const umbra_view *dst,
                               const umbra_rotation *rotation, size_t count, const umbra_switch_of *of);

#endif
