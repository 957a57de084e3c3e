/* SPDX-License-Identifier: Apache-2.0 */
/* What chooses slots of a ciphertext by a product. */
#ifndef UMBRA_TRAIN_MASK_H
#define UMBRA_TRAIN_MASK_H

#include <umbra/evaluator.h>

/* *mask = value in slots first to end - 1 of so many, 0 in the others, at that level. */
umbra_status umbra_train_mask(umbra_plaintext **mask, const umbra_evaluator *evaluator, uint32_t level, size_t slots,
                              size_t first, size_t end, double value);

#endif
