/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of an encrypted data set: an index, which is written last, and blocks of records. What makes them one data set
 * is the identifier in their stamps, which is drawn anew whenever one is encrypted.
 */
#ifndef UMBRA_TRAIN_DATASET_FILE_H
#define UMBRA_TRAIN_DATASET_FILE_H

#include <limits.h>

#include "../io/format.h"
#include "stamp.h"

#define UMBRA_DATASET_INDEX "data.umbra"

/* Paths in a data set's folder. Errors: IO (too long). */
umbra_status umbra_dataset_index_path(char path[PATH_MAX], const char *folder);
umbra_status umbra_dataset_block_path(char path[PATH_MAX], const char *folder, uint64_t block);

/* Whether that is a block's name: block-000000.umbra, block-000001.umbra, ... */
int umbra_dataset_is_block(const char *name, size_t length, uint64_t *block);

/* Bytes of these files, if they are encrypted with the public key. */
uint64_t umbra_dataset_index_bytes(const umbra_train_plan *plan);
uint64_t umbra_dataset_block_bytes(const umbra_train_plan *plan, uint64_t rows);

/* The argument of its format is a umbra_train_origin. */
typedef struct umbra_dataset_index {
  umbra_train_stamp stamp;
  uint8_t digest[UMBRA_DIGEST_BYTES]; /* of the container that it was read from (io/container.h) */
  umbra_train_state weights;          /* the first ones */
} umbra_dataset_index;
extern const umbra_format umbra_dataset_index_format;

typedef struct umbra_dataset_block {
  umbra_train_stamp stamp;
  uint64_t bytes;                     /* of the file that it was read from, */
  uint8_t digest[UMBRA_DIGEST_BYTES]; /* and of its container */
  umbra_train_block held;
} umbra_dataset_block;
extern const umbra_format umbra_dataset_block_format;

/* The argument of that format. */
typedef struct umbra_dataset_place {
  umbra_train_origin origin;
  uint64_t block;
} umbra_dataset_place;

/*
 * Checks all of a block but its records: whether it is there, and belongs there. digest: UMBRA_DIGEST_BYTES, of its container
 * as it claims to be; NULL: nobody asks. Errors: as of loading.
 */
umbra_status umbra_dataset_check_block(const char *path, const umbra_dataset_place *place, uint8_t *digest);

#endif
