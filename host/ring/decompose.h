/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gadget decomposition: the digits of a polynomial, each extended to all primes of the key in use (ModUp). Digits are
 * absolute position ranges of the chain; at a level those that meet its window take part, and as many auxiliary primes as
 * exceed the largest of them (umbra_switch_auxes).
 *
 * P = P' P'', with P' the product of the auxiliary primes in use, and P'' that of those spared. A key has P times a secret
 * s' in its digits; restricted to the window and P', the digits d_j of x / P'' mod Q make sum d_j key_j = P' x s' + error
 * of it. What is kept are P'' d_j modulo the window and P': the digit's own limbs are then those of x, and the sum is
 * P x s', as if all of P were in use; the division takes P'' back. So P'' costs nothing: it is in the constants of the
 * transform and of the conversion.
 */
#ifndef UMBRA_RING_DECOMPOSE_H
#define UMBRA_RING_DECOMPOSE_H

#include "ring.h"

/* The digits of one polynomial, extended to the window and the auxiliary primes in use (for hoisting). */
typedef struct umbra_digits {
  umbra_poly extended; /* one polynomial for each digit; limbs of a digit's own primes are not written */
} umbra_digits;

/* Decomposes x (one polynomial, evaluation domain, over window); x must stay alive as long as digits is used. */
umbra_status umbra_decompose(umbra_digits *digits, umbra_ring *ring, umbra_stream *stream, const umbra_view *x,
                             umbra_window window);
void umbra_digits_destroy(umbra_digits *digits, umbra_ring *ring);

/* ---- for key_switch.c ---- */

/* The digits of one window. Limbs are counted through the window, then the auxiliary primes in use. */
typedef struct umbra_decomposition {
  umbra_window window;
  uint32_t aux; /* auxiliary primes in use */
  umbra_digit_range digits;
  umbra_digit digit[UMBRA_MAX_DIGITS]; /* what each owns; conversions go to the other limbs */
  uint32_t closing[UMBRA_MAX_PRIMES];  /* by limb of the window: (P'' Q / q_i)^-1 mod q_i */
  uint32_t p_mod[UMBRA_MAX_PRIMES];    /* by limb of the window: P mod q_i */
  struct umbra_decomposition *next;
} umbra_decomposition;

/* Limbs [first, first + count) of all digits of x, packed in data, digit after digit. */
typedef struct umbra_digit_block {
  umbra_ring *ring;
  umbra_stream *stream;
  const umbra_decomposition *plan;
  const umbra_view *x; /* the polynomial itself, evaluation domain */
  uint32_t *data;
  uint32_t first, count;
  int transformed; /* all limbs are; else those that umbra_digit_block_transform was called for */
} umbra_digit_block;

/* A block without limbs; its plan is made on first use. */
umbra_status umbra_digit_block_open(umbra_digit_block *block, umbra_ring *ring, umbra_stream *stream,
                                    const umbra_view *x, umbra_window window);

/* Limbs of the window and of the auxiliary primes in use. */
uint32_t umbra_digit_block_limbs(const umbra_digit_block *block);

/* x in the coefficient domain, as digits want it, in memory of `window.count` limbs. */
umbra_view umbra_digit_block_coefficients(const umbra_digit_block *block, uint32_t *memory);

/*
 * Computes the block's limbs from those coefficients; the limbs that a digit owns are not written. They are transformed
 * at once where that is fused, and else, each once, where they are used: before they leave the cache.
 */
void umbra_digit_block_extend(umbra_digit_block *block, const umbra_view *coefficients);
void umbra_digit_block_transform(const umbra_digit_block *block, uint32_t first, uint32_t count);

/* Limbs [first, first + count), of the block, of digit j, transformed: its own ones are x's. */
umbra_view umbra_digit_block_view(const umbra_digit_block *block, uint32_t j, uint32_t first, uint32_t count);

#endif
