/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plain matrix times matrices by columns, of which several share a ciphertext, or in shifted copies, or interleaved:
 * a linear map of each ciphertext that moves whole columns, for all records of it at once.
 */
#ifndef UMBRA_LINALG_COLUMN_MAPS_H
#define UMBRA_LINALG_COLUMN_MAPS_H

#include "array.h"
#include "layout.h"
#include "slot_maps.h"

/* W, and b if there is one; without data: any up to these bounds. */
typedef struct umbra_layer {
  umbra_array values, bias;
  int biased;
  double largest, largest_bias;
  double magnitude; /* declared of products, or 0 */
} umbra_layer;

/* layout: by columns, shifted, or interleaved. Errors: RANGE, NO_LEVEL, OUT_OF_MEMORY, CANCELLED; maps is then zero. */
umbra_status umbra_column_maps_create(umbra_slot_maps *maps, const umbra_context *context, const umbra_layer *layer,
                                      const umbra_matrix_layout *layout, uint32_t level, umbra_watch *watch);

/* No maps, but the biases of a product that something else makes. Errors: RANGE, OUT_OF_MEMORY; maps is then zero. */
umbra_status umbra_column_biases_create(umbra_slot_maps *maps, const umbra_context *context, const umbra_layer *layer,
                                        const umbra_matrix_layout *layout, uint32_t level);

#endif
