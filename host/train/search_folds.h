/* SPDX-License-Identifier: Apache-2.0 */
/* The records of a search: a part of them all, in folds that are scaled in one way after the other. */
#ifndef UMBRA_TRAIN_SEARCH_FOLDS_H
#define UMBRA_TRAIN_SEARCH_FOLDS_H

#include <umbra/train_search.h>

#include "course.h"

enum { UMBRA_SEARCH_MOST_FOLDS = 20 };

/* Zero-initialised. */
typedef struct umbra_search_folds {
  size_t records, smallest_class; /* of the part; of it, records of the class that has least, or of values all */
  uint32_t count;
  umbra_fold raw[UMBRA_SEARCH_MOST_FOLDS], fold[UMBRA_SEARCH_MOST_FOLDS]; /* fold: scaled */
} umbra_search_folds;

/* train: whole options. Each fold of a network has a start of its own. To be cleared whether or not it fails. Errors: OUT_OF_MEMORY. */
umbra_status umbra_search_folds_make(umbra_search_folds *folds, const umbra_records *records,
                                     const umbra_train_search_options *options, const umbra_train_options *train);
void umbra_search_folds_clear(umbra_search_folds *folds);

/* By what the records to train on need, of each fold. Errors: RANGE (it cannot be), OUT_OF_MEMORY. */
umbra_status umbra_search_scale(umbra_search_folds *folds, umbra_scaling_kind kind, double argument, double clip);

#endif
