/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UMBRA_LINALG_MATRIX_H
#define UMBRA_LINALG_MATRIX_H

#include <umbra/matrix.h>

/* Row r is in part r / per_part, from slot (r % per_part) * stride on, with per_part = slots / stride. */
struct umbra_matrix {
  const umbra_context *context;
  size_t rows, columns, stride;
  int ones; /* the slot after a row's columns holds 1, as umbra_matrix_encrypt leaves it; not so in results */
  size_t parts;
  umbra_ciphertext **part; /* over all n/2 slots */
};

/* A matrix with room for its parts, all NULL. Checks nothing. */
umbra_status umbra_matrix_make(umbra_matrix **matrix, const umbra_context *context, size_t rows, size_t columns,
                               size_t stride);

/* Parts that rows of that stride need. */
size_t umbra_matrix_parts(const umbra_context *context, size_t rows, size_t stride);

/* The stride for that many columns: a power of two with room for one more. */
size_t umbra_matrix_stride_for(size_t columns);

#endif
