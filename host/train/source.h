/* SPDX-License-Identifier: Apache-2.0 */
/* Records in the clear become what a training reads: blocks and first weights, encrypted or simulated. */
#ifndef UMBRA_TRAIN_SOURCE_H
#define UMBRA_TRAIN_SOURCE_H

#include "kind.h"

/* All but `order` is the caller's to keep. */
typedef struct umbra_train_source {
  const umbra_train_plan *plan;
  umbra_encryptor by;
  const umbra_records *records;
  double *first; /* weights */
  size_t *order; /* of training */
  double bound;  /* of all values of blocks, the plan's or what they are */
} umbra_train_source;

/*
 * Checks all that there is to check. initial: first weights; NULL: umbra_train_plan_initial. Errors: INVALID_ARGUMENT
 * (records of another shape), MISMATCH (records of another scaling, where that has the key of their order), RANGE (features
 * too large to be encrypted, or beyond the plan's bound of records, weights beyond the bound), OUT_OF_MEMORY.
 */
umbra_status umbra_train_source_open(umbra_train_source *source, const umbra_train_plan *plan, umbra_encryptor by,
                                     const umbra_records *records, const double *initial);
void umbra_train_source_close(umbra_train_source *source);

/* No |feature| of a plan's records is above that, also where they are read from a file. */
double umbra_train_largest_feature(const umbra_train_plan *plan);

/* Takes what is there before as nothing; nothing is made if it fails. */
umbra_status umbra_train_source_block(const umbra_train_source *source, umbra_train_block *block, uint64_t number,
                                      umbra_watch *watch);
umbra_status umbra_train_source_weights(const umbra_train_source *source, umbra_train_state *weights);

#endif
