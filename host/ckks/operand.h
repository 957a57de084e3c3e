/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operands brought to one level. Equal level means equal scale, so this is all the scale management there is.
 */
#ifndef UMBRA_CKKS_OPERAND_H
#define UMBRA_CKKS_OPERAND_H

#include "ciphertext_internal.h"
#include "evaluator_internal.h"

/* Residues at the wanted level: the object's own, or a lowered copy. */
typedef struct umbra_operand {
  umbra_view view;
  const umbra_poly *pinned; /* the object's own, if view is of it */
  umbra_poly lowered;       /* else */
  umbra_estimate estimate;
} umbra_operand;

/* poly at level `from`, with that estimate, at level `to` <= from. */
umbra_status umbra_operand_open(umbra_operand *operand, umbra_evaluator *evaluator, const umbra_poly *poly,
                                umbra_estimate estimate, uint32_t from, uint32_t to);
void umbra_operand_close(umbra_operand *operand, umbra_evaluator *evaluator);

/*
 * A hint that poly, of a plaintext or a key, is needed after what is enqueued next: if it is away from the device, its
 * upload runs beside that. To be called when what is needed before poly is pinned or opened.
 */
void umbra_operand_prefetch(const umbra_poly *poly, const umbra_evaluator *evaluator);

/* dst (over the window of level `to`) = poly lowered from level `from` > to; *estimate follows. */
umbra_status umbra_lower(umbra_evaluator *evaluator, const umbra_view *dst, const umbra_poly *poly, uint32_t from,
                         uint32_t to, umbra_estimate *estimate);

/* What follows, alone: of a ciphertext of two parts. */
umbra_estimate umbra_lower_estimate(umbra_estimate estimate, const umbra_chain *chain, uint32_t from, uint32_t to);

/* Where a value is when its scale need not be its level's. */
typedef struct umbra_place {
  uint32_t level;
  umbra_log2 log_scale;
} umbra_place;

/* The same from any scale to any other. */
umbra_status umbra_lower_between(umbra_evaluator *evaluator, const umbra_view *dst, const umbra_poly *poly,
                                 umbra_place from, umbra_place to, umbra_estimate *estimate);

#endif
