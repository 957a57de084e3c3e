/* SPDX-License-Identifier: Apache-2.0 */
/* What values a model has, for samples of its records. */
#ifndef UMBRA_INFER_EXTENT_H
#define UMBRA_INFER_EXTENT_H

#include "../model/graph.h"

typedef struct umbra_extent {
  double lowest, highest;
} umbra_extent;

typedef struct umbra_extents {
  umbra_extent *node;    /* of all elements of each node; of those that the output does not need zeros */
  umbra_extent *feature; /* of each element of the input */
  double *results;       /* of one node: (samples, elements) */
} umbra_extents;

/*
 * Runs the samples, (samples, elements of the input) values, through the nodes that `needed` marks;
 * results are those of node `result`. Errors: RANGE (a value
 * that is not finite, with the node's name), OUT_OF_MEMORY, CANCELLED.
 */
umbra_status umbra_extents_find(umbra_extents *extents, const umbra_model *model, const uint8_t *needed,
                                uint32_t result, const double *samples, size_t count, const umbra_progress *progress);
void umbra_extents_clear(umbra_extents *extents);

double umbra_extent_largest(const umbra_extent *extent); /* |value| */

#endif
