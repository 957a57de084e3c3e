/* SPDX-License-Identifier: Apache-2.0 */
/* How far a network is from the exact one, on records. */
#ifndef UMBRA_MODEL_DISTANCE_H
#define UMBRA_MODEL_DISTANCE_H

#include <umbra/approximation.h>

#include "graph.h"

/* Records, and the outputs of the exact network for them, before their closing steps. */
typedef struct umbra_exact {
  const double *records;
  size_t count, width, each; /* records; elements of one, and of all its outputs */
  double *outputs;
  double *copies; /* of records, if they are not the caller's */
} umbra_exact;

/* Room for what a run of the records takes one by one, from all threads. */
umbra_status umbra_exact_open(umbra_exact *exact, const umbra_model *model, const umbra_ndarray *records);
void umbra_exact_take(const umbra_exact *exact, const umbra_model *model, double *const *values, size_t record);

umbra_status umbra_exact_make(umbra_exact *exact, const umbra_model *model, const umbra_ndarray *records,
                              const umbra_progress *progress);
void umbra_exact_clear(umbra_exact *exact);

/* Some of them, by their numbers. few: cleared first. */
umbra_status umbra_exact_select(umbra_exact *few, const umbra_exact *all, const size_t *numbers, size_t count);

/* The largest difference of a record's outputs; infinite where one is not finite. */
double umbra_outputs_difference(const double *exact, const umbra_model *model, double *const *values);

/* What is to be known beside a report. */
typedef struct umbra_details {
  double *use;                        /* of each node the largest |x| / B, as part of its interval */
  size_t *worst;                      /* numbers of records by falling error; or NULL */
  struct umbra_observation *observed; /* opened for the other network, and shown each record; or NULL */
} umbra_details;

/* Fills all of the report but `levels`, and the details, which have their room. */
umbra_status umbra_exact_compare(const umbra_exact *exact, umbra_approximation_report *report, umbra_details details,
                                 const umbra_model *other, const umbra_progress *progress);

#endif
