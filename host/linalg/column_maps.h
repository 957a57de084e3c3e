/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plain matrix times matrices by columns, of which several share a ciphertext: a linear map of each ciphertext that
 * moves whole columns, for all records of it at once.
 */
#ifndef UMBRA_LINALG_COLUMN_MAPS_H
#define UMBRA_LINALG_COLUMN_MAPS_H

#include <umbra/transform.h>

#include "../base/watch.h"
#include "array.h"
#include "layout.h"

/* W, and b if there is one; without data: any up to `largest`. */
typedef struct umbra_layer {
  umbra_array values, bias;
  int biased;
  double largest;
  double magnitude; /* declared of products, or 0 */
} umbra_layer;

/* Columns are counted in units of the stride: `in` of them in a ciphertext, and `out` in one of the results. */
typedef struct umbra_column_maps {
  uint32_t stride, in, out, level;
  size_t inputs, outputs;      /* ciphertexts */
  umbra_transform **transform; /* of each input, with a map for each output */
  umbra_plaintext **bias;      /* of each output; NULL: none */
  double norm;                 /* bound on the sums of a row's |weight| */
  double magnitude;            /* declared of results, or 0 */
} umbra_column_maps;

/* layout: by columns. Errors: RANGE, NO_LEVEL, OUT_OF_MEMORY, CANCELLED; maps is then zero. */
umbra_status umbra_column_maps_create(umbra_column_maps *maps, const umbra_context *context, const umbra_layer *layer,
                                      const umbra_matrix_layout *layout, uint32_t level, umbra_watch *watch);
void umbra_column_maps_destroy(umbra_column_maps *maps); /* also of zeroed ones */
uint64_t umbra_column_maps_bytes(const umbra_column_maps *maps);

/* made[i], i < outputs, NULL before, from a[j], j < inputs, of one owner. If it fails some may have been made. */
umbra_status umbra_column_maps_apply(umbra_evaluator *evaluator, umbra_ciphertext **made,
                                     const umbra_ciphertext *const *a, const umbra_column_maps *maps);

#endif
