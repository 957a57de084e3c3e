/* SPDX-License-Identifier: Apache-2.0 */
/* Functions of every element of a matrix. */
#include <umbra/matrix_ops.h>

#include "../base/bounds.h"
#include "../base/error.h"
#include "../base/outputs.h"
#include "../ckks/trace.h"
#include "matrix.h"

void umbra_matrix_declare(umbra_matrix *matrix, double magnitude) {
  umbra_parts_declare_within(matrix->part, matrix->parts, magnitude);
}

umbra_status umbra_matrix_map(umbra_evaluator *evaluator, umbra_matrix **out, const umbra_matrix *matrix,
                              umbra_slot_function *function, const void *user) {
  umbra_matrix *made = NULL;
  if (matrix->layout.pairs || matrix->layout.ones)
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "functions are not of matrices in pairs or with ones");
  UMBRA_TRY(umbra_matrix_make(&made, evaluator->context, matrix->rows, matrix->columns, &matrix->layout));
  made->dirty = matrix->dirty || umbra_layout_needs_zeros(&matrix->layout);
  umbra_status status = umbra_parts_map(evaluator, made->part, matrix->part, made->parts, function, user);
  if (status == UMBRA_OK) UMBRA_PUT(matrix, out, made);
  else umbra_matrix_destroy(made);
  return status;
}

umbra_status umbra_matrix_chebyshev(umbra_evaluator *evaluator, umbra_matrix **out, const umbra_matrix *matrix,
                                    const double *coefficients, uint32_t degree, double magnitude) {
  UMBRA_TRACE(evaluator, "matrix_chebyshev", matrix ? matrix->part[0] : NULL);
  if (!evaluator || !out || !matrix || !coefficients || !umbra_is_bound(magnitude))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "umbra_matrix_chebyshev needs an evaluator, an output, a matrix, coefficients, and a magnitude "
                      "that is finite and not negative");
  UMBRA_TRY(
      umbra_matrix_map(evaluator, out, matrix, umbra_slot_chebyshev, &(umbra_slot_polynomial){coefficients, degree}));
  umbra_matrix_declare(*out, magnitude);
  return UMBRA_OK;
}
