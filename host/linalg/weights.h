/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UMBRA_LINALG_WEIGHTS_H
#define UMBRA_LINALG_WEIGHTS_H

#include <umbra/weights.h>

#include "../base/counted.h"
#include "../ckks/combine.h"
#include "column_maps.h"

struct umbra_weights {
  umbra_counted counted;
  umbra_context *context; /* a share */
  size_t rows, columns;
  uint32_t level;
  int combines; /* a ciphertext a column: by linear combinations; else by maps */
  umbra_combinations *combinations;
  umbra_slot_maps maps; /* of that layout; or just the biases of combinations with a period */
  umbra_matrix_layout layout;
};

/* Of combinations whose ciphertexts have several slots for each record; else 0. */
uint32_t umbra_weights_period(const umbra_weights *weights);

/* The layout by columns that a layout is, or is of matrices of one row, or the shifted or interleaved one that it is;
   into the same struct or another one. Errors: INVALID_ARGUMENT (of another order). */
umbra_status umbra_layout_as_columns(umbra_matrix_layout *columns, const umbra_matrix_layout *layout);

#endif
