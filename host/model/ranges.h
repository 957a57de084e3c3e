/* SPDX-License-Identifier: Apache-2.0 */
/* What calibration leaves behind. */
#ifndef UMBRA_MODEL_RANGES_H
#define UMBRA_MODEL_RANGES_H

#include <umbra/approximation.h>

#include "interpret.h"

/* Inputs of an activation, kept evenly. */
typedef struct umbra_sample {
  size_t count, stride; /* one of `stride` values; count 0: nobody asks for them */
  double *values;
} umbra_sample;

struct umbra_model_ranges {
  size_t records;
  size_t node_count, feature_count; /* of the model, and elements of its input */
  umbra_extremes *nodes, *features;
  umbra_sample *samples; /* of each node that an activation reads */
};

/* MISMATCH if they are those of a model with other nodes. */
umbra_status umbra_ranges_check(const umbra_model_ranges *ranges, const umbra_model *model);

/*
 * All ranges become [-P, P] with powers of two P: those of elements the next ones, those of nodes the next ones after as much
 * as any element grows, for records may grow as much; and samples lie evenly in them. So nothing else than these powers is
 * left of the records. Errors: OUT_OF_MEMORY.
 */
umbra_status umbra_ranges_coarsen(umbra_model_ranges *ranges);

/* The largest absolute value. */
double umbra_extremes_size(umbra_extremes extremes);

#endif
