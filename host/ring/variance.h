/* SPDX-License-Identifier: Apache-2.0 */
/* Variances of the coefficients of the errors that operations of the ring leave in what a ciphertext decrypts to. */
#ifndef UMBRA_RING_VARIANCE_H
#define UMBRA_RING_VARIANCE_H

#include "../params/chain.h"

/* Rounding, times a ternary secret where there is one: n/18 + 1/12. */
double umbra_variance_of_rounding(const umbra_chain *chain);

/* A key switch over a window and its division by P, without the rounding of that. */
double umbra_variance_of_switch(const umbra_chain *chain, umbra_window window);

#endif
