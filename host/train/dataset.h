/* SPDX-License-Identifier: Apache-2.0 */
/* An encrypted data set that is trained on: its first weights, and its blocks, of which some stay in memory. */
#ifndef UMBRA_TRAIN_DATASET_H
#define UMBRA_TRAIN_DATASET_H

#include "dataset_file.h"
#include "source.h"

typedef struct umbra_dataset umbra_dataset; /* belongs to one thread at a time */

/*
 * Reads the index, and of every block what says whether it belongs here. budget: bytes of blocks that may be kept in memory.
 * plan and context are the caller's to keep. Errors: MISMATCH (of another plan, owner, parameters; blocks of another data
 * set or in each other's place), IO (missing, among others), FORMAT, OUT_OF_MEMORY; the text names the file.
 */
umbra_status umbra_dataset_open(umbra_dataset **dataset, const char *folder, const umbra_train_plan *plan,
                                const umbra_context *context, const uint8_t *owner, uint64_t budget);
/* One without values, on a dry device; its blocks, and a state's weights, by themselves. */
umbra_status umbra_dataset_open_dry(umbra_dataset **dataset, const umbra_train_plan *plan, const umbra_context *context,
                                    uint64_t budget);
umbra_status umbra_dataset_dry_block(umbra_train_block *block, const umbra_train_plan *plan,
                                     const umbra_context *context, uint64_t rows);
umbra_status umbra_dataset_dry_weights(umbra_train_state *weights, const umbra_train_plan *plan,
                                       const umbra_context *context, uint32_t level);

/* One of a simulation: all its blocks are made, and stay in memory. */
umbra_status umbra_dataset_open_sim(umbra_dataset **dataset, const umbra_train_source *source);

void umbra_dataset_close(umbra_dataset *dataset);

const uint8_t *umbra_dataset_id(const umbra_dataset *dataset);

/* Where its files, and checkpoints of trainings on it, belong. */
umbra_train_origin umbra_dataset_origin(const umbra_dataset *dataset);
const umbra_train_state *umbra_dataset_weights(const umbra_dataset *dataset);

/*
 * A block, which stays until the next call for this data set; *bytes_read: from its file, 0 if it was in memory. The first
 * ones that fit into the budget are kept, whichever they are: blocks are used in turn, so each is as good as any other.
 */
umbra_status umbra_dataset_block_at(umbra_dataset *dataset, uint64_t number, const umbra_train_block **block,
                                    uint64_t *bytes_read, umbra_watch *watch);

/* The digest of the index's container (io/container.h), of a data set in files. */
const uint8_t *umbra_dataset_digest(const umbra_dataset *dataset);

/*
 * BLAKE2b-256 of the digests of the blocks of a batch, as they were last read here; of what was not, as their files claim.
 * Of a data set in files. Errors: those of opening.
 */
umbra_status umbra_dataset_batch_digest(umbra_dataset *dataset, uint64_t batch, uint8_t digest[UMBRA_DIGEST_BYTES]);

/* Gives back the block of the last call, unless it is kept. */
void umbra_dataset_release(umbra_dataset *dataset);

#endif
