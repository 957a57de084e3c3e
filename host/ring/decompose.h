/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gadget decomposition and the inner product with a switching key (hybrid key switching; Han, Ki, eprint 2019/688).
 * Digits are absolute position ranges of the chain; at a level those that meet its window take part.
 */
#ifndef UMBRA_RING_DECOMPOSE_H
#define UMBRA_RING_DECOMPOSE_H

#include "ring.h"

/* A switching key: polynomials 2j, 2j + 1 are (b, a) of digit digits.first + j, over its window and all auxiliary
 * primes. */
typedef struct umbra_switching_key {
  umbra_poly poly;
  umbra_digit_range digits;
} umbra_switching_key;

/* The digits of one polynomial, extended to the window and all auxiliary primes (for hoisting). */
typedef struct umbra_digits {
  umbra_poly extended; /* one polynomial for each digit; limbs of a digit's own primes are not written */
  umbra_window window;
} umbra_digits;

/* Decomposes x (one polynomial, evaluation domain, over window); x must stay alive as long as digits is used. */
umbra_status umbra_decompose(umbra_digits *digits, umbra_ring *ring, umbra_stream *stream, const umbra_view *x,
                             umbra_window window);
void umbra_digits_destroy(umbra_digits *digits, umbra_ring *ring);

/*
 * acc (2 polynomials, over window and all auxiliary primes) = P * init + sum of digits times key.
 * init: NULL, or 1 or 2 polynomials over window. key's window must contain `window`.
 */
umbra_status umbra_inner_product(umbra_ring *ring, umbra_stream *stream, const umbra_view *acc,
                                 const umbra_digits *digits, const umbra_view *x, const umbra_switching_key *key,
                                 const umbra_view *init);

/* Both at once, blocked so that the digits never leave the cache: the same integers. */
umbra_status umbra_switch(umbra_ring *ring, umbra_stream *stream, const umbra_view *acc, const umbra_view *x,
                          umbra_window window, const umbra_switching_key *key, const umbra_view *init);

#endif
