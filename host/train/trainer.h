/* SPDX-License-Identifier: Apache-2.0 */
/* Trainers, for the kinds of training and for ranks. */
#ifndef UMBRA_TRAIN_TRAINER_H
#define UMBRA_TRAIN_TRAINER_H

#include "step.h"

/*
 * umbra_trainer_create for one of several ranks, which all make one, with the same plan, keys, data set and, if they
 * resume, iterations; each has a checkpoint of its own, or none. An iteration that fails in one of them fails in all; if it
 * is the step after the sums that fails, or the checkpoint, the others fail in the next one. Errors also: INVALID_ARGUMENT
 * (ranks that are none).
 */
umbra_status umbra_trainer_create_among(umbra_trainer **trainer, const umbra_trainer_desc *desc,
                                        const umbra_ranks *ranks, const umbra_progress *progress);

/* What a finished training of that kind has, for what is made of it. INVALID_ARGUMENT: not yet, or another kind. */
typedef struct umbra_trainer_result {
  const umbra_train_plan *plan;
  umbra_evaluator *evaluator;
  const umbra_train_state *state;
} umbra_trainer_result;
umbra_status umbra_trainer_finished(umbra_trainer_result *result, const umbra_trainer *trainer, umbra_train_kind kind);

#endif
