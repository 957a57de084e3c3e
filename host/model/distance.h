/* SPDX-License-Identifier: Apache-2.0 */
/* How far a network is from the exact one, on records. */
#ifndef UMBRA_MODEL_DISTANCE_H
#define UMBRA_MODEL_DISTANCE_H

#include <umbra/approximation.h>

#include "graph.h"

/* The outputs of the exact network, before their closing steps. */
typedef struct umbra_exact {
  const double *records;
  size_t count, each; /* records, and elements of all outputs of one */
  double *outputs;
} umbra_exact;

umbra_status umbra_exact_make(umbra_exact *exact, const umbra_model *model, const umbra_ndarray *records,
                              const umbra_progress *progress);
void umbra_exact_clear(umbra_exact *exact);

/* One record's elements of all outputs. */
void umbra_outputs_gather(double *outputs, const umbra_model *model, double *const *values);

/*
 * The largest difference of that; infinite where one is not finite.
 */
double umbra_outputs_difference(const double *exact, const umbra_model *model, double *const *values);

/*
 * Fills all of the report but `levels`, for the first `count` records. use: of each node the largest |x| / B, as part of
 * its interval; room for them is the caller's.
 */
umbra_status umbra_exact_compare(const umbra_exact *exact, umbra_approximation_report *report, double *use,
                                 const umbra_model *other, size_t count, const umbra_progress *progress);

#endif
