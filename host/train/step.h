/* SPDX-License-Identifier: Apache-2.0 */
/* One iteration of any kind of training: the sums over the blocks of its batch, those of all ranks, and their closing. */
#ifndef UMBRA_TRAIN_STEP_H
#define UMBRA_TRAIN_STEP_H

#include "reduce.h"

/* The blocks of a batch, one after the other; each is borrowed until the next. */
typedef struct umbra_blocks {
  umbra_status (*next)(const umbra_train_block **found, void *source, uint64_t block);
  void *source;
} umbra_blocks;

/* A training that runs; belongs to one thread at a time. */
typedef struct umbra_stepper {
  const umbra_train_plan *plan;
  const umbra_context *context;
  const umbra_train_ops *ops;
  umbra_evaluator *evaluator;
  umbra_bootstrapper *bootstrapper; /* NULL if the plan has no refresh */
  void *run;                        /* the kind's own */
  umbra_ranks ranks;
} umbra_stepper;

/* ranks: NULL: alone; copied. The rest must stay as long as the stepper. */
umbra_status umbra_stepper_create(umbra_stepper **stepper, const umbra_train_plan *plan, const umbra_context *context,
                                  const umbra_eval_keys *keys, const umbra_ranks *ranks,
                                  const umbra_progress *progress);
void umbra_stepper_destroy(umbra_stepper *stepper);

/* Each *after, *fresh, *state is made anew, and unchanged if the call fails. */

/* The state before the first iteration. */
umbra_status umbra_step_start(const umbra_stepper *stepper, umbra_train_state *state, const umbra_train_state *first);

/* *after = the state that follows in iteration i from the sums of all ranks: what umbra_step ends with. */
umbra_status umbra_step_close(const umbra_stepper *stepper, umbra_train_state *after, const umbra_train_state *before,
                              uint32_t i, const umbra_train_state *sums);

/* *after = the state after iteration i of the plan, from the one before it, which is fresh enough. */
umbra_status umbra_step(umbra_stepper *stepper, umbra_train_state *after, const umbra_train_state *before, uint32_t i,
                        const umbra_blocks *blocks);

/* For a rank that does not come to iteration i: all others, which do, fail with that status, which is not OK. */
void umbra_step_give_up(umbra_stepper *stepper, uint32_t i, umbra_status status);

/* *fresh = the state at the highest level. */
umbra_status umbra_step_refresh(umbra_stepper *stepper, umbra_train_state *fresh, const umbra_train_state *state);

/* Waits for what was enqueued, and says whether it failed. */
umbra_status umbra_step_wait(umbra_stepper *stepper);

/* What computes: its watch is that of the training. */
umbra_evaluator *umbra_step_evaluator(const umbra_stepper *stepper);

#endif
