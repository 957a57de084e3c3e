/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What layers above may do with ciphertexts beside the public calls: they write no fields (tests/narrow_verbs.py).
 * Declarations are in range.h, those of scaled ciphertexts in scaled.h.
 */
#ifndef UMBRA_CKKS_VERBS_H
#define UMBRA_CKKS_VERBS_H

#include <umbra/target.h>

#include "range.h"
#include "scaled.h"

/* The same value as a vector of so many slots: of more it is repeated, of fewer it must be a repetition already. */
void umbra_ciphertext_repeat(umbra_ciphertext *ciphertext, uint32_t slots);

/* Zero, for that owner, without randomness: the neutral element of sums, no encryption. */
umbra_status umbra_ciphertext_zero(umbra_ciphertext **zero, const umbra_context *context, const uint8_t *owner,
                                   uint32_t level, uint32_t slots);

/* Its worst case is not known any more. */
void umbra_ciphertext_forget_worst(umbra_ciphertext *ciphertext);

/* What is known of a value that was computed elsewhere, such as a sum of several machines. */
void umbra_ciphertext_set_estimate(umbra_ciphertext *ciphertext, umbra_estimate estimate);

/* *x += *x rotated by `first`, then by twice as much, ... below `end`; sign -1: to the right. Needs keys of rotations. */
umbra_status umbra_add_rotations(umbra_evaluator *evaluator, umbra_ciphertext **x, size_t first, size_t end, int sign);

/*
 * The same sum by steps of 2^log_radix rotations with one division each: fewer kernels, more keys, and other bits, so that
 * plans say which. log_radix: 1, as above, to UMBRA_MOST_LOG_RADIX.
 */
umbra_status umbra_add_rotations_by(umbra_evaluator *evaluator, umbra_ciphertext **x, size_t first, size_t end,
                                    int sign, uint32_t log_radix);

/* Of the step of such a sum that begins at `steps`: log_radix, or as little as leads to `end`. */
static inline uint32_t umbra_log_radix_at(size_t steps, size_t end, uint32_t log_radix) {
  while (log_radix > 1 && steps << (log_radix - 1) >= end) log_radix--;
  return log_radix;
}

/* That of plans for a target. */
static inline uint32_t umbra_log_radix_of(umbra_target target) {
  return target == UMBRA_TARGET_GPU ? UMBRA_MOST_LOG_RADIX : 1;
}

/* re = x + conjugate(x), im = (x - conjugate(x)) / i: twice the parts of x. Outputs: as of public calls. Needs the key. */
umbra_status umbra_split_complex(umbra_evaluator *evaluator, umbra_ciphertext **re, umbra_ciphertext **im,
                                 const umbra_ciphertext *x);

/* out = re + i im, of real values: its bound is that of these. */
umbra_status umbra_join_complex(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *re,
                                const umbra_ciphertext *im);

#endif
