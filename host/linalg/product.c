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
  const umbra_matrix_layout *wanted = &weights->layout;
  umbra_matrix_layout l;
  UMBRA_TRY(umbra_layout_as_columns(&l, &matrix->layout));
  if (matrix->layout.order == UMBRA_MATRIX_BY_ROWS && matrix->rows > 1)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "the matrix has %zu rows, by rows: weights are for matrices by columns, or of one row",
                      matrix->rows);
  const int any_stride = weights->combines && wanted->order == UMBRA_MATRIX_BY_COLUMNS;
  if (any_stride ? l.order == wanted->order && l.stride == l.slots : umbra_layout_same(&l, wanted)) return UMBRA_OK;
  return umbra_fail(
      UMBRA_ERROR_INVALID_ARGUMENT,
      "the matrix is %s, with runs of %u slots in ciphertexts of %u, groups of %u%s, and the weights are for "
      "one %s with %u in %u, groups of %u%s",
      umbra_layout_name(&l), l.stride, l.slots, l.group, l.pairs ? ", in pairs" : "", umbra_layout_name(wanted),
      wanted->stride, wanted->slots, wanted->group, wanted->pairs ? ", in pairs" : "");
}

static umbra_status check(const umbra_evaluator *evaluator, umbra_matrix *const *out, const umbra_matrix *matrix,
                          const umbra_weights *weights) {
  if (!evaluator || !out || !matrix || !weights)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "umbra_matrix_apply needs an evaluator, an output, a matrix and weights");
  UMBRA_TRY(umbra_check_own(evaluator, weights->context, "the weights"));
  UMBRA_TRY((weights->combines ? umbra_check_operands_of_parts : umbra_check_operands)(evaluator, matrix->part,
                                                                                       matrix->part[0], NULL));
  if (matrix->columns != weights->columns)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the matrix has %zu columns and the weights have %zu",
                      matrix->columns, weights->columns);
  return check_layout(matrix, weights);
}

static umbra_matrix_layout layout_of_product(const umbra_matrix *matrix, const umbra_weights *weights) {
  umbra_matrix_layout layout = {UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_BY_COLUMNS, .stride = 1, .group = 1};
  if (matrix->layout.order == UMBRA_MATRIX_INTERLEAVED) {
    layout = matrix->layout;
    layout.group = layout.stride;
    return layout;
  }
  layout.pairs = matrix->layout.pairs;
  layout.slots = weights->combines ? matrix->layout.slots : weights->maps.slots;
  if (matrix->layout.order == UMBRA_MATRIX_BY_COLUMNS) layout.stride = matrix->layout.stride;
  return layout;
}

/* Combinations, and what they leave for their biases if these differ within a result. */
static umbra_status combine(umbra_evaluator *evaluator, umbra_ciphertext **made, const umbra_ciphertext *const *a,
                            const umbra_weights *weights, size_t outputs, int both) {
  UMBRA_TRY(umbra_combine(evaluator, made, a, weights->combinations, both));
  for (size_t i = 0; umbra_weights_period(weights) && i < outputs; i++)
    UMBRA_TRY(umbra_slot_maps_add_bias(evaluator, &made[i], &weights->maps, i));
  return UMBRA_OK;
}

/* The ciphertexts of some records after those of others. */
static umbra_status apply_all(umbra_evaluator *evaluator, umbra_matrix *made, const umbra_matrix *matrix,
                              const umbra_weights *weights) {
  const size_t inputs = weights->combines ? weights->columns : weights->maps.inputs;
  const size_t outputs = umbra_layout_parts(&made->layout, 1, weights->rows), blocks = made->parts / outputs;
  umbra_status status = UMBRA_OK;
  for (size_t i = 0; i < blocks && status == UMBRA_OK; i++) {
    const umbra_ciphertext *const *a = (const umbra_ciphertext *const *)matrix->part + i * inputs;
    umbra_ciphertext **to = made->part + i * outputs;
    const umbra_watch_part part = umbra_watch_enter(&evaluator->watch, i, blocks);
    status = weights->combines ? combine(evaluator, to, a, weights, outputs, matrix->layout.pairs)
                               : umbra_slot_maps_apply(evaluator, to, a, &weights->maps);
    umbra_watch_leave(&evaluator->watch, part);
  }
  return status;
}

umbra_status umbra_matrix_apply(umbra_evaluator *evaluator, umbra_matrix **out, const umbra_matrix *matrix,
                                const umbra_weights *weights) {
  UMBRA_TRACE(evaluator, "matrix_apply", matrix ? matrix->part[0] : NULL);
  umbra_matrix *made = NULL;
  UMBRA_TRY(check(evaluator, out, matrix, weights));
  const umbra_matrix_layout layout = layout_of_product(matrix, weights);
  UMBRA_TRY(umbra_matrix_make(&made, evaluator->context, matrix->rows, weights->rows, &layout));
  umbra_status status = apply_all(evaluator, made, matrix, weights);
  if (status == UMBRA_OK) UMBRA_PUT(matrix, out, made);
  else umbra_matrix_destroy(made);
  return status;
}
