/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One iteration on encrypted weights: the gradient of a loss of the margins of linear models, and Nesterov's step. What
 * the loss is, only the plan's polynomial knows.
 */
#ifndef UMBRA_TRAIN_STEP_H
#define UMBRA_TRAIN_STEP_H

#include "plan.h"

/* See plan.h: multiples of a unit, in `stride` slots. */
typedef struct umbra_weights {
  umbra_ciphertext *w, *u;
} umbra_weights;
void umbra_weights_clear(umbra_weights *weights);

/* The blocks of a batch, one after the other; each is borrowed until the next. */
typedef struct umbra_blocks {
  umbra_status (*next)(const umbra_matrix **matrix, void *source, uint64_t block);
  void *source;
} umbra_blocks;

/* What iterations share; belongs to one thread at a time. */
typedef struct umbra_stepper umbra_stepper;
umbra_status umbra_stepper_create(umbra_stepper **stepper, const umbra_train_plan *plan, const umbra_context *context,
                                  const umbra_eval_keys *keys, const umbra_progress *progress);
void umbra_stepper_destroy(umbra_stepper *stepper);

/* *after = the weights after iteration i of the plan, from those before it, which are fresh enough. */
umbra_status umbra_step(umbra_stepper *stepper, umbra_weights *after, const umbra_weights *before, uint32_t i,
                        const umbra_blocks *blocks);

/* *fresh = the weights at the highest level, in half the unit. */
umbra_status umbra_step_refresh(umbra_stepper *stepper, umbra_weights *fresh, const umbra_weights *weights);

/* The model with these weights, which are multiples of that unit. */
umbra_status umbra_step_model(const umbra_stepper *stepper, umbra_logistic **model, const umbra_ciphertext *weights,
                              int64_t unit);

/* Waits for what was enqueued, and says whether it failed. */
umbra_status umbra_step_wait(umbra_stepper *stepper);

/* What computes: its watch is that of the training. */
umbra_evaluator *umbra_step_evaluator(const umbra_stepper *stepper);

#endif
