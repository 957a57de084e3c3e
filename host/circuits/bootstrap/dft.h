/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The map between the m slots and the m complex coefficients of a vector (host/ckks/encoder.h), as a product of sparse
 * matrices of butterflies. With zeta = exp(i pi / 2m), coefficient t the complex number c_t + i c_{t+m} of the
 * polynomial's t-th and (t+m)-th, and brev reversing log2(m) bits,
 *
 *   slot_j = sum over t of coefficient_t zeta^(5^j t),
 *
 * and a vector of coefficients holds coefficient brev(p) in slot p. A butterfly stage of length l = 2, 4, .. m maps
 * pairs (a, b), l/2 apart, to (a + r b, a - r b) with roots r = exp(i pi 5^j / 2l), j < l/2, and is periodic in l.
 * The inverse undoes the stages from m down to 2.
 */
#ifndef UMBRA_CIRCUITS_BOOTSTRAP_DFT_H
#define UMBRA_CIRCUITS_BOOTSTRAP_DFT_H

#include <umbra/status.h>

#include "../transform/diagonals.h"

enum { UMBRA_DFT_MAX_LOG_SLOTS = 16 };

typedef enum umbra_dft_direction {
  UMBRA_SLOTS_TO_COEFFS, /* what slots hold, in bit-reversed order, become the polynomial's coefficients: the map */
  UMBRA_COEFFS_TO_SLOTS  /* its inverse: the slots come to hold the coefficients */
} umbra_dft_direction;

/*
 * The factors in the order in which they are applied; stages[i] butterfly stages in factor i, all of them log_slots
 * together. Their product is `constant` > 0 times the map, the constant and the inverse's 1/m in equal parts in each. A
 * factor of s stages has 2^(s+1) - 1 diagonals, or 2^s if it has the longest stage. Entries are exact ones, rounded,
 * the same on every machine.
 * Errors: INVALID_ARGUMENT; OUT_OF_MEMORY. Then no factor is changed.
 */
umbra_status umbra_dft_factors(umbra_diagonals *factor, uint32_t log_slots, const uint32_t *stages, uint32_t factors,
                               umbra_dft_direction direction, double constant);

/* The same without values: rotations and bounds, in no time. */
umbra_status umbra_dft_shapes(umbra_diagonals *factor, uint32_t log_slots, const uint32_t *stages, uint32_t factors,
                              umbra_dft_direction direction, double constant);

/*
 * Real and imaginary parts side by side, for vectors of m slots that repeat in 2m or more.
 *   split: of the last factor to slots: u holds w / 2, then -i w / 2, and u + conjugate(u) is Re w, then Im w;
 *   merge: of the first factor from slots: for x = (Re w, Im w), u + u rotated by m is the factor of w, repeated.
 * Both have 2m slots and the rotations of the factor that they are made from.
 */
umbra_status umbra_dft_split(umbra_diagonals *split, const umbra_diagonals *factor);
umbra_status umbra_dft_merge(umbra_diagonals *merge, const umbra_diagonals *factor);

#endif
