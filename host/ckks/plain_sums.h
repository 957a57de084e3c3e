/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several sums of products with plaintexts. Operands of a sum have one level, ciphertexts two parts; sums have the slots of their
 * first ciphertexts.
 */
#ifndef UMBRA_CKKS_PLAIN_SUMS_H
#define UMBRA_CKKS_PLAIN_SUMS_H

#include "scaled.h"

/* As umbra_dot_plain's. */
typedef struct umbra_plain_sum {
  const umbra_ciphertext *const *a;
  const umbra_plaintext *const *b;
  size_t terms;
} umbra_plain_sum;

/*
 * outs[i] = umbra_dot_plain of sum i: side by side where launches cost and levels are equal, in turn elsewhere and where
 * memory is short, with the same bits. On failure some outputs may have been made. outs[i] may be a ciphertext of sum i that
 * is in no other.
 */
umbra_status umbra_dot_plain_each(umbra_evaluator *evaluator, umbra_ciphertext **outs, const umbra_plain_sum *sum,
                                  size_t count);

/*
 * *out = the first sum + those after it, each rotated to the left by its steps, which are no turn around: the rotations are
 * divided once, so that bits are not those of a sum of rotations. Errors: INTERNAL unless levels are equal; also MISSING_KEY.
 */
umbra_status umbra_dot_plain_turned(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_plain_sum *sum,
                                    const int32_t *steps, size_t count);

#endif
