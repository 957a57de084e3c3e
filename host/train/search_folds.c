/* SPDX-License-Identifier: Apache-2.0 */
#include "search_folds.h"

#include <math.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "network.h"

/* Records of the class that has least, of those that have any; of values, all. */
static umbra_status smallest_class(size_t *smallest, const umbra_records *records) {
  size_t *count;
  *smallest = records->rows;
  if (!records->classes) return UMBRA_OK;
  UMBRA_TRY(umbra_alloc(&count, records->classes, sizeof *count, "classes"));
  for (size_t row = 0; row < records->rows; row++) count[umbra_records_class(records, row)]++;
  for (size_t k = 0; k < records->classes; k++)
    if (count[k] && count[k] < *smallest) *smallest = count[k];
  umbra_free(count);
  return UMBRA_OK;
}

/* ---- the part ---- */

/*
 * The share of records that a search takes: a step's work on a record is that of its weights and of the polynomial. Few
 * records say little, however many features they have; and without all classes there is nothing to train.
 */
static double share_of(const umbra_records *records, double weights, double smallest) {
  const double most_work = 640000, polynomial = 32, least_records = 1000, least_of_class = 20;
  const double rows = (double)records->rows;
  double share = most_work / (rows * (weights + polynomial));
  share = fmax(share, least_records / rows);
  return fmin(1, fmax(share, least_of_class / smallest));
}

static umbra_status take_part(umbra_records **part, const umbra_records *records, double weights, uint64_t seed) {
  size_t smallest;
  UMBRA_TRY(smallest_class(&smallest, records));
  const double rows = (double)smallest, share = share_of(records, weights, rows);
  if (floor(share * rows + 0.5) >= rows) return umbra_records_copy(part, records);
  umbra_records *rest = NULL;
  umbra_status status = umbra_records_hold(&rest, part, records, 0, share, seed);
  umbra_records_destroy(rest);
  return status;
}

/* ---- folds ---- */

/* Of few records one part says little; of many, once is enough. No fold may lack a class. */
static uint32_t folds_of(const umbra_records *part, size_t class, uint32_t wanted) {
  const size_t few = 2000, some = 5000;
  uint32_t folds = wanted;
  if (!wanted) folds = part->rows <= few ? 5 : part->rows <= some ? 3 : 1;
  return folds > class ? (uint32_t) class : folds;
}

static umbra_status make_fold(umbra_search_folds *folds, uint32_t i, const umbra_records *part, uint64_t seed) {
  const double only = 0.25; /* held back if there is one fold */
  umbra_fold *raw = &folds->raw[i];
  if (folds->smallest_class < 2) { /* nothing can be held back */
    UMBRA_TRY(umbra_records_copy(&raw->train, part));
    return umbra_records_copy(&raw->judged, part);
  }
  const double from = (double)i / folds->count, to = folds->count > 1 ? (i + 1.0) / folds->count : only;
  return umbra_records_hold(&raw->train, &raw->judged, part, from, to, seed + 1);
}

umbra_status umbra_search_folds_make(umbra_search_folds *folds, const umbra_records *records,
                                     const umbra_train_search_options *options, const umbra_train_options *train) {
  const int network = umbra_train_is_network(train->kind);
  umbra_records *part = NULL;
  const double weights = network ? (double)umbra_network_weights(train) : (double)records->columns;
  UMBRA_TRY(take_part(&part, records, weights, options->seed));
  umbra_status status = smallest_class(&folds->smallest_class, part);
  folds->records = part->rows;
  folds->count = status == UMBRA_OK ? folds_of(part, folds->smallest_class, options->folds) : 0;
  for (uint32_t i = 0; i < folds->count && status == UMBRA_OK; i++) {
    status = make_fold(folds, i, part, options->seed);
    if (network) folds->fold[i].seed = i;
  }
  umbra_records_destroy(part);
  return status;
}

void umbra_search_folds_clear(umbra_search_folds *folds) {
  for (uint32_t i = 0; i < folds->count; i++) {
    umbra_records_destroy(folds->raw[i].train);
    umbra_records_destroy(folds->raw[i].judged);
    umbra_records_destroy(folds->fold[i].train);
    umbra_records_destroy(folds->fold[i].judged);
  }
}

umbra_status umbra_search_scale(umbra_search_folds *folds, umbra_scaling_kind kind, double argument, double clip) {
  umbra_status status = UMBRA_OK;
  for (uint32_t i = 0; i < folds->count && status == UMBRA_OK; i++) {
    umbra_scaling *scaling = NULL;
    status = umbra_scaling_fit(&scaling, folds->raw[i].train, kind, argument, clip);
    if (status == UMBRA_OK) status = umbra_scaling_apply(scaling, &folds->fold[i].train, folds->raw[i].train);
    if (status == UMBRA_OK) status = umbra_scaling_apply(scaling, &folds->fold[i].judged, folds->raw[i].judged);
    umbra_scaling_destroy(scaling);
  }
  return status;
}
