/* SPDX-License-Identifier: Apache-2.0 */
/* The state of a training between two iterations, in a file that is whole or absent. */
#ifndef UMBRA_TRAIN_CHECKPOINT_H
#define UMBRA_TRAIN_CHECKPOINT_H

#include <limits.h>

#include "../io/format.h"
#include "kind.h"
#include "stamp.h"

/* What a checkpoint follows: the record of the section LINK. umbra/audit.h says what links are. */
typedef struct umbra_checkpoint_link {
  uint8_t
      before[UMBRA_DIGEST_BYTES]; /* link of the iteration before; of the first one: digest of the data set's index */
  uint8_t blocks[UMBRA_DIGEST_BYTES]; /* of what its iteration used: umbra_dataset_batch_digest */
} umbra_checkpoint_link;
_Static_assert(sizeof(umbra_checkpoint_link) == 64, "no padding");

typedef struct umbra_checkpoint {
  umbra_train_stamp stamp; /* its number: that of iterations done */
  int linked;              /* 0: an earlier version has begun the training */
  umbra_checkpoint_link link;
  umbra_train_state state;            /* at the level that the plan has after so many iterations */
  uint8_t digest[UMBRA_DIGEST_BYTES]; /* of the container that it was read from (io/container.h) */
} umbra_checkpoint;
/* The argument of its format is a umbra_train_origin. */
extern const umbra_format umbra_checkpoint_format;

/* Bytes of its file after so many iterations. */
uint64_t umbra_checkpoint_bytes(const umbra_train_plan *plan, uint32_t iterations_done);

/* Replaces the file. digest: of its container. */
umbra_status umbra_checkpoint_save(const char *path, const umbra_checkpoint *checkpoint,
                                   uint8_t digest[UMBRA_DIGEST_BYTES], umbra_watch *watch);

/*
 * Set on success only; its state is the caller's to clear. Errors: MISMATCH (of another owner, plan or data set, or other
 * parameters), IO, FORMAT, OUT_OF_MEMORY.
 */
umbra_status umbra_checkpoint_load(umbra_checkpoint *checkpoint, const char *path, const umbra_train_origin *origin);

/* Of one that stays beside a training's: its path with -000010 before the last dot. Errors: IO (too long). */
umbra_status umbra_checkpoint_kept_path(char path[PATH_MAX], const char *checkpoint, uint32_t iterations_done);

/* Whether --keep keeps the one after so many iterations: the last one lies where all others did. */
int umbra_checkpoint_is_kept(const umbra_train_plan *plan, uint32_t keep, uint32_t iterations_done);

#endif
