/* SPDX-License-Identifier: Apache-2.0 */
/* Hybrid key switching: inner products of digits with a switching key (Han, Ki, eprint 2019/688), divided by P. */
#ifndef UMBRA_RING_KEY_SWITCH_H
#define UMBRA_RING_KEY_SWITCH_H

#include "decompose.h"

/* A switching key: polynomials 2j, 2j + 1 are (b, a) of digit digits.first + j, over its window and all auxiliary
 * primes. */
typedef struct umbra_switching_key {
  umbra_poly poly;
  umbra_digit_range digits;
} umbra_switching_key;

/*
 * The product of x's digits with a key: 2 polynomials over window and all auxiliary primes,
 *   (P * init + sum of digits times key)(X^galois).
 * An init that is over all auxiliary primes too is P times itself already, and added as it is.
 * Limbs are computed on demand, so the whole need never be stored: a source for umbra_divide.
 */
typedef struct umbra_key_product {
  umbra_digit_block digits;
  const umbra_switching_key *key;
  const umbra_view *init; /* NULL, or 1 or 2 polynomials over the window, or that and all auxiliary primes */
  uint32_t init_factor[UMBRA_MAX_PRIMES]; /* by its limbs */
  uint32_t galois;                        /* 1: none */
  /* Unless hoisted: room for umbra_ring_block limbs of each digit, and the digits themselves as coefficients. */
  void *memory;
  size_t bytes;
  umbra_view coefficients;
} umbra_key_product;

/*
 * digits: those of x, or NULL: then they are computed block by block, and never leave the cache; the same integers.
 * key's window must contain `window`. Everything pointed to must stay alive until umbra_key_product_close.
 */
umbra_status umbra_key_product_open(umbra_key_product *product, umbra_ring *ring, umbra_stream *stream,
                                    const umbra_view *x, umbra_window window, const umbra_digits *digits,
                                    const umbra_switching_key *key, const umbra_view *init, uint32_t galois);
void umbra_key_product_close(umbra_key_product *product);

/* Limbs [first, first + count) as a dividend: prepare and compute of umbra_dividend. */
void umbra_key_product_prepare(void *product, uint32_t first, uint32_t count);
void umbra_key_product_compute(void *product, const umbra_view *dst, uint32_t first, uint32_t count);

/* dst over `to` = the product of x's digits with the key, divided by P and by the primes of `window` not in `to`. */
umbra_status umbra_switch(umbra_ring *ring, umbra_stream *stream, const umbra_view *dst, umbra_window to,
                          const umbra_view *x, umbra_window window, const umbra_switching_key *key,
                          const umbra_view *init, uint32_t galois);

/*
 * sum (2 polynomials over window and all auxiliary primes) += the product of x's digits with the key; init: as in
 * umbra_key_product.
 */
umbra_status umbra_switch_add(umbra_ring *ring, umbra_stream *stream, const umbra_view *sum, const umbra_view *x,
                              umbra_window window, const umbra_switching_key *key, const umbra_view *init,
                              uint32_t galois);

/* One of many switches of the same x: dst over x's window = its product with the key, divided by P. */
typedef struct umbra_switch_to {
  umbra_view dst;
  const umbra_switching_key *key;
  uint32_t galois;
} umbra_switch_to;

/* All of them, with the digits of x. */
umbra_status umbra_switch_many(umbra_ring *ring, umbra_stream *stream, const umbra_switch_to *to, size_t count,
                               const umbra_view *x, const umbra_digits *digits, const umbra_view *init);

#endif
