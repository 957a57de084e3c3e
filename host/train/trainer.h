/* SPDX-License-Identifier: Apache-2.0 */
/* Trainers, for the kinds of training and for ranks. */
#ifndef UMBRA_TRAIN_TRAINER_H
#define UMBRA_TRAIN_TRAINER_H

#include "checkpoint.h"
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
umbra_trainer_result umbra_trainer_now(const umbra_trainer *trainer); /* of one that may not be finished */
umbra_status umbra_trainer_finished(umbra_trainer_result *result, const umbra_trainer *trainer, umbra_train_kind kind);

/* ---- for audits: a trainer without a checkpoint of its own goes over parts of a training once more ---- */

/* It stands before the first iteration, and iterations form a chain. */
umbra_status umbra_trainer_begin(umbra_trainer *trainer);

/* The link that the first iteration follows. */
void umbra_trainer_origin(const umbra_trainer *trainer, uint8_t link[UMBRA_DIGEST_BYTES]);

/* A checkpoint of its training; and it stands after that one, whose state it takes over. */
umbra_status umbra_trainer_load(umbra_checkpoint *checkpoint, const umbra_trainer *trainer, const char *path);
void umbra_trainer_go_on(umbra_trainer *trainer, const umbra_checkpoint *from);

/* umbra_trainer_run, but that it ends when so many iterations are done. */
umbra_status umbra_trainer_run_to(umbra_trainer *trainer, uint32_t end, umbra_train_observer observer, void *user);

#endif
