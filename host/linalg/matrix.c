/* SPDX-License-Identifier: Apache-2.0 */
#include "matrix.h"

#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../ckks/objects.h"

static size_t slots_of(const umbra_context *context) { return umbra_params_slots(umbra_context_params(context)); }

size_t umbra_matrix_stride_for(size_t columns) {
  size_t stride = 2;
  while (stride < columns + 1) stride *= 2;
  return stride;
}

size_t umbra_matrix_parts(const umbra_context *context, size_t rows, size_t stride) {
  size_t per_part = slots_of(context) / stride;
  return (rows + per_part - 1) / per_part;
}

umbra_status umbra_matrix_make(umbra_matrix **out, const umbra_context *context, size_t rows, size_t columns,
                               size_t stride) {
  umbra_matrix *made;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a matrix"));
  *made = (umbra_matrix){.context = context, .rows = rows, .columns = columns, .stride = stride};
  made->parts = umbra_matrix_parts(context, rows, stride);
  umbra_status status = umbra_alloc(&made->part, made->parts, sizeof *made->part, "a matrix");
  if (status == UMBRA_OK) *out = made;
  else umbra_free(made);
  return status;
}

void umbra_matrix_destroy(umbra_matrix *matrix) {
  if (!matrix) return;
  for (size_t i = 0; i < matrix->parts; i++) umbra_ciphertext_destroy(matrix->part[i]);
  umbra_free(matrix->part);
  umbra_free(matrix);
}

/* Rows [first, first + count) of the part that starts with row `first`. */
static size_t rows_in_part(const umbra_matrix *matrix, size_t part) {
  size_t per_part = slots_of(matrix->context) / matrix->stride, first = part * per_part;
  return matrix->rows - first < per_part ? matrix->rows - first : per_part;
}

static umbra_status encrypt_part(umbra_matrix *matrix, size_t part, const umbra_public_key *key, const double *values,
                                 double *slots) {
  size_t columns = matrix->columns, stride = matrix->stride, count = rows_in_part(matrix, part);
  const double *rows = values + part * (slots_of(matrix->context) / stride) * columns;
  memset(slots, 0, slots_of(matrix->context) * sizeof *slots);
  for (size_t r = 0; r < count; r++) {
    memcpy(slots + r * stride, rows + r * columns, columns * sizeof *slots);
    slots[r * stride + columns] = 1;
  }
  return umbra_encode_encrypt(&matrix->part[part], key, slots, count * stride);
}

umbra_status umbra_matrix_encrypt(umbra_matrix **matrix, const umbra_public_key *key, const double *values, size_t rows,
                                  size_t columns) {
  if (!matrix || !key || !values || !rows || !columns)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "a matrix needs an output, a key, values, and rows and columns above 0");
  size_t most = slots_of(key->context) - 1;
  if (columns > most)
    return umbra_fail(UMBRA_ERROR_RANGE, "%zu columns do not fit: these parameters take up to %zu", columns, most);
  umbra_matrix *made;
  double *slots;
  UMBRA_TRY(umbra_matrix_make(&made, key->context, rows, columns, umbra_matrix_stride_for(columns)));
  made->ones = 1;
  umbra_status status = umbra_alloc(&slots, slots_of(key->context), sizeof *slots, "a matrix");
  if (status == UMBRA_OK) {
    for (size_t i = 0; i < made->parts && status == UMBRA_OK; i++) status = encrypt_part(made, i, key, values, slots);
    umbra_free(slots);
  }
  if (status == UMBRA_OK) *matrix = made;
  else umbra_matrix_destroy(made);
  return status;
}

umbra_status umbra_matrix_decrypt(double *values, const umbra_matrix *matrix, const umbra_secret_key *key) {
  if (!values || !matrix || !key)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_matrix_decrypt needs an output, a matrix and a secret key");
  size_t columns = matrix->columns, stride = matrix->stride;
  double *slots, *found;
  UMBRA_TRY(umbra_alloc(&slots, slots_of(matrix->context), sizeof *slots, "a matrix"));
  umbra_status status = umbra_alloc(&found, matrix->rows * columns, sizeof *found, "a matrix");
  if (status == UMBRA_OK) {
    double *row = found;
    for (size_t i = 0; i < matrix->parts && status == UMBRA_OK; i++) {
      size_t count = rows_in_part(matrix, i);
      status = umbra_decrypt_decode(slots, count * stride, matrix->part[i], key);
      for (size_t r = 0; r < count; r++, row += columns) memcpy(row, slots + r * stride, columns * sizeof *row);
    }
    if (status == UMBRA_OK) memcpy(values, found, matrix->rows * columns * sizeof *values);
    umbra_free(found);
  }
  umbra_free(slots);
  return status;
}

size_t umbra_matrix_rows(const umbra_matrix *matrix) { return matrix->rows; }
size_t umbra_matrix_columns(const umbra_matrix *matrix) { return matrix->columns; }
size_t umbra_matrix_stride(const umbra_matrix *matrix) { return matrix->stride; }
