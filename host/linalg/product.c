/* SPDX-License-Identifier: Apache-2.0 */
/* Products of encrypted matrices with plain ones. */
#include <umbra/product.h>

#include "../base/error.h"
#include "../base/outputs.h"
#include "../ckks/calls.h"
#include "../ckks/trace.h"
#include "matrix.h"
#include "weights.h"

static umbra_status check_layout(const umbra_matrix *matrix, const umbra_weights *weights) {
  const umbra_matrix_layout *given = &matrix->layout, layout = umbra_layout_as_columns(given);
  if (given->order == UMBRA_MATRIX_BY_ROWS && matrix->rows > 1)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "the matrix has %zu rows, by rows: weights are for matrices by columns, or of one row",
                      matrix->rows);
  if (weights->combines ? layout.stride == layout.slots : umbra_layout_same(&layout, &weights->layout)) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                    "the matrix has columns of %u slots in ciphertexts of %u%s, and the weights are for %u in %u%s",
                    layout.stride, layout.slots, layout.pairs ? ", in pairs" : "", weights->layout.stride,
                    weights->layout.slots, weights->layout.pairs ? ", in pairs" : "");
}

static umbra_status check(const umbra_evaluator *evaluator, umbra_matrix *const *out, const umbra_matrix *matrix,
                          const umbra_weights *weights) {
  if (!evaluator || !out || !matrix || !weights)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "umbra_matrix_apply needs an evaluator, an output, a matrix and weights");
  UMBRA_TRY(umbra_check_own(evaluator, weights->context, "the weights"));
  UMBRA_TRY(umbra_check_operands(evaluator, matrix->part, matrix->part[0], NULL));
  if (matrix->columns != weights->columns)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the matrix has %zu columns and the weights have %zu",
                      matrix->columns, weights->columns);
  return check_layout(matrix, weights);
}

/* That of the product; only where several columns share a ciphertext can it have other slots. */
static umbra_matrix_layout layout_of_product(const umbra_matrix *matrix, const umbra_weights *weights) {
  umbra_matrix_layout layout = umbra_layout_as_columns(&matrix->layout);
  if (!weights->combines) layout.slots = weights->maps.out * weights->maps.stride;
  return layout;
}

/* The ciphertexts of some records after those of others. */
static umbra_status apply_all(umbra_evaluator *evaluator, umbra_matrix *made, const umbra_matrix *matrix,
                              const umbra_weights *weights) {
  const size_t inputs = weights->combines ? weights->columns : weights->maps.inputs;
  const size_t outputs = weights->combines ? weights->rows : weights->maps.outputs, blocks = made->parts / outputs;
  umbra_status status = UMBRA_OK;
  for (size_t i = 0; i < blocks && status == UMBRA_OK; i++) {
    const umbra_ciphertext *const *a = (const umbra_ciphertext *const *)matrix->part + i * inputs;
    umbra_ciphertext **to = made->part + i * outputs;
    const umbra_watch_part part = umbra_watch_enter(&evaluator->watch, i, blocks);
    status = weights->combines ? umbra_combine(evaluator, to, a, weights->combinations, matrix->layout.pairs)
                               : umbra_column_maps_apply(evaluator, to, a, &weights->maps);
    umbra_watch_leave(&evaluator->watch, part);
  }
  return status;
}

umbra_status umbra_matrix_apply(umbra_evaluator *evaluator, umbra_matrix **out, const umbra_matrix *matrix,
                                const umbra_weights *weights) {
  UMBRA_TRACE(evaluator, "matrix_apply", matrix ? matrix->part[0] : NULL);
  UMBRA_TRY(check(evaluator, out, matrix, weights));
  const umbra_matrix_layout layout = layout_of_product(matrix, weights);
  umbra_matrix *made = NULL;
  UMBRA_TRY(umbra_matrix_make(&made, evaluator->context, matrix->rows, weights->rows, &layout));
  umbra_status status = apply_all(evaluator, made, matrix, weights);
  if (status == UMBRA_OK) UMBRA_PUT(matrix, out, made);
  else umbra_matrix_destroy(made);
  return status;
}
