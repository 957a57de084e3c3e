/* SPDX-License-Identifier: Apache-2.0 */
/* The state of a training between two iterations, in a file that is whole or absent. */
#ifndef UMBRA_TRAIN_CHECKPOINT_H
#define UMBRA_TRAIN_CHECKPOINT_H

#include "../io/format.h"
#include "kind.h"
#include "stamp.h"

/* Replaces the file. State: at the level that the plan has after so many iterations. */
umbra_status umbra_checkpoint_save(const char *path, const umbra_train_plan *plan, const uint8_t *dataset_id,
                                   uint32_t iterations_done, const umbra_train_state *state, umbra_watch *watch);

/*
 * Set on success only. Then what killed runs left of their attempts to save it is removed. Errors: MISMATCH (of another
 * owner, plan or data set, or other parameters), IO, FORMAT, OUT_OF_MEMORY.
 */
umbra_status umbra_checkpoint_load(const char *path, const umbra_context *context, const umbra_train_plan *plan,
                                   const uint8_t *dataset_id, const uint8_t *owner, uint32_t *iterations_done,
                                   umbra_train_state *state);

/* As an object of its format, whose argument is a umbra_train_origin. */
typedef struct umbra_checkpoint {
  umbra_train_stamp stamp;
  umbra_train_state state;
} umbra_checkpoint;
extern const umbra_format umbra_checkpoint_format;

#endif
