/* SPDX-License-Identifier: Apache-2.0 */
/* The diagonals of what an application wants mapped: a matrix, or diagonals of its own. */
#ifndef UMBRA_CIRCUITS_TRANSFORM_TRANSFORM_SOURCE_H
#define UMBRA_CIRCUITS_TRANSFORM_TRANSFORM_SOURCE_H

#include <umbra/transform.h>

#include "diagonals.h"

/*
 * Maps whose results are still to be folded if there are more slots than slots_out: by adding what is slots_out,
 * 2 slots_out, ... slots / 2 to the right.
 */
typedef struct umbra_transform_source {
  umbra_diagonals diagonals;    /* destroy them; bounds on rows are powers of two */
  uint32_t slots_in, slots_out; /* inputs repeat with slots_in */
  double row;                   /* as in the diagonals, after folding */
} umbra_transform_source;

/*
 * most_slots: n / 2. values: whether the diagonals get values. Errors: INVALID_ARGUMENT, RANGE (values that are not
 * finite, too many columns), OUT_OF_MEMORY.
 */
umbra_status umbra_transform_source_create(umbra_transform_source *source, const umbra_transform_desc *desc,
                                           uint32_t most_slots, int values);

#endif
