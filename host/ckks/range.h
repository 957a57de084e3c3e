/* SPDX-License-Identifier: Apache-2.0 */
/* What umbra/range.h says, for the layers: declarations, what asks for a range, and what a value's doubts are. */
#ifndef UMBRA_CKKS_RANGE_H
#define UMBRA_CKKS_RANGE_H

#include "ciphertext_internal.h"
#include "evaluator_internal.h"

/* What a plan declares. */
void umbra_ciphertext_declare_by_plan(umbra_ciphertext *ciphertext, umbra_bound bound);

/* What an application declares in the desc of an operation, finite and not negative; 0: nothing. */
void umbra_ciphertext_declare_within(umbra_ciphertext *ciphertext, double magnitude);

/* All doubts that its bounds leave: of umbra_doubt. */
uint32_t umbra_ciphertext_doubts(const umbra_ciphertext *ciphertext);

/*
 * Something asks for values up to `most`, and *in is its input: it gets that doubt if its bound is beyond; on a strict
 * evaluator that is RANGE. what: "a refresh".
 */
umbra_status umbra_require_range(const umbra_evaluator *evaluator, umbra_estimate *in, double most, umbra_doubt doubt,
                                 const char *what);

/* RANGE on a strict evaluator if the value may not fit its level. */
umbra_status umbra_check_fits(const umbra_evaluator *evaluator, const umbra_ciphertext *made);

/* What is known of several values together: the largest of each, and all doubts. count >= 1. */
umbra_status umbra_ciphertexts_range(const umbra_ciphertext *const *x, size_t count, umbra_range *range);

/* log2 of half of its level's modulus. */
double umbra_log2_half_modulus(const umbra_ciphertext *ciphertext);

/* log2 of the largest slot that its level can hold. */
double umbra_log2_held(const umbra_ciphertext *ciphertext);

/*
 * Whether any value of that level is so large, or nearly: no slot is larger than the sum of all coefficients, each at most
 * half of the modulus over the scale, and bounds may be the powers of two above.
 */
int umbra_level_can_hold(const umbra_chain *chain, uint32_t level, umbra_bound bound);

/*
 * The bound on its error, or what its level holds if that is less: errors beyond would have wrapped around the modulus, and
 * a bound that large finds nothing.
 */
double umbra_largest_error(const umbra_ciphertext *ciphertext);

/* Beyond it no slot can be, if all that was declared holds. */
double umbra_largest_slot(const umbra_ciphertext *ciphertext);

#endif
