/* SPDX-License-Identifier: Apache-2.0 */
/* Records through a model in the clear, shared by the threads in blocks between which progress is told. */
#ifndef UMBRA_MODEL_BATCH_H
#define UMBRA_MODEL_BATCH_H

#include <umbra/progress.h>

#include "graph.h"

typedef struct umbra_batch {
  const umbra_model *model;
  const double *records; /* each of the input's elements */
  size_t count;          /* of records */
  const uint8_t *needed; /* of each node; NULL: all */
  uint32_t seats;        /* umbra_batch_seats() */
  /*
   * Given the values of a record: of each node, NULL of those that are not needed. They may be written to. Runs in any
   * thread, but for each seat, of those there are, once at a time.
   */
  void (*visit)(void *user, double *const *values, size_t record, uint32_t seat);
  /* After each block of records, in the calling thread; or NULL. Whatever it returns but OK ends the run. */
  umbra_status (*check)(void *user, size_t first, size_t end);
  void *user;
} umbra_batch;

uint32_t umbra_batch_seats(void);

/* MISMATCH if they are not of the shape that the model's input has. */
umbra_status umbra_batch_check_records(const umbra_model *model, const umbra_ndarray *records);

/* The same where only the shape of an input is known, and its elements. */
umbra_status umbra_batch_check_shape(const size_t *shape, size_t rank, size_t elements, const umbra_ndarray *records);

/* Errors: OUT_OF_MEMORY, CANCELLED, those of check. */
umbra_status umbra_batch_run(const umbra_batch *batch, const umbra_progress *progress);

/* RANGE, with a text that says which record and node first had a value that is not finite, or outside its interval. */
umbra_status umbra_batch_explain(const umbra_batch *batch, size_t first, size_t end);

#endif
