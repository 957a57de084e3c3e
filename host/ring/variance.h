/* SPDX-License-Identifier: Apache-2.0 */
/* Variances of the coefficients of the errors that operations of the ring leave in what a ciphertext decrypts to. */
#ifndef UMBRA_RING_VARIANCE_H
#define UMBRA_RING_VARIANCE_H

#include "../params/chain.h"

/*
 * Rounding of each of so many parts, the second times a ternary secret s and the third times s^2: 1/12, n/18 and
 * 2 n^2/27. One part is a plaintext. Of the third, slots have a heavier tail than others: see UMBRA_TAIL_OF_SQUARE.
 */
double umbra_variance_of_rounding_parts(const umbra_chain *chain, uint32_t parts);

/* Of the two parts that ciphertexts have. */
double umbra_variance_of_rounding(const umbra_chain *chain);

/* A key switch over a window and its division by P, without the rounding of that. */
double umbra_variance_of_switch(const umbra_chain *chain, umbra_window window);

#endif
