/* SPDX-License-Identifier: Apache-2.0 */
#include <umbra/disclosure.h>
#include <umbra/matrix_ops.h>

#include "../base/error.h"
#include "../base/outputs.h"
#include "../base/structs.h"
#include "../ckks/calls.h"
#include "../ckks/trace.h"
#include "../ckks/verbs.h"
#include "matrix.h"

/* A new matrix is handed out, or destroyed. */
static umbra_status finish(umbra_matrix **out, umbra_matrix *made, umbra_status status) {
  if (status == UMBRA_OK) UMBRA_PUT(matrix, out, made);
  else umbra_matrix_destroy(made);
  return status;
}

/* That b may be put together with a. */
static umbra_status check_alike(const umbra_matrix *a, const umbra_matrix *b) {
  UMBRA_TRY(umbra_parts_check_alike(a->part, b->part, "a matrix"));
  if (umbra_layout_same(&a->layout, &b->layout)) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "two matrices that should go together have different layouts");
}

/* ---- element by element ---- */

static umbra_status check_pair(const umbra_matrix *a, const umbra_matrix *b) {
  UMBRA_TRY(check_alike(a, b));
  if (a->rows == b->rows && a->columns == b->columns) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "matrices of %zu x %zu and %zu x %zu, element by element", a->rows,
                    a->columns, b->rows, b->columns);
}

static umbra_status combine(umbra_evaluator *evaluator, umbra_matrix **out, const umbra_matrix *a,
                            const umbra_matrix *b, umbra_part_operation *op) {
  umbra_matrix *made = NULL;
  if (!evaluator || !out || !a || !b)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "this needs an evaluator, an output and two matrices");
  UMBRA_TRY(check_pair(a, b));
  UMBRA_TRY(umbra_matrix_make(&made, evaluator->context, a->rows, a->columns, &a->layout));
  made->dirty = a->dirty || b->dirty;
  return finish(out, made, umbra_parts_combine(evaluator, made->part, a->part, b->part, made->parts, op));
}

/* Sums and differences of ones are none. */
static umbra_status add_or_subtract(umbra_evaluator *evaluator, umbra_matrix **out, const umbra_matrix *a,
                                    const umbra_matrix *b, umbra_part_operation *op) {
  UMBRA_TRY(combine(evaluator, out, a, b, op));
  (*out)->layout.ones = 0;
  return UMBRA_OK;
}

umbra_status umbra_matrix_add(umbra_evaluator *evaluator, umbra_matrix **out, const umbra_matrix *a,
                              const umbra_matrix *b) {
  UMBRA_TRACE(evaluator, "matrix_add", a ? a->part[0] : NULL);
  return add_or_subtract(evaluator, out, a, b, umbra_add);
}

umbra_status umbra_matrix_sub(umbra_evaluator *evaluator, umbra_matrix **out, const umbra_matrix *a,
                              const umbra_matrix *b) {
  UMBRA_TRACE(evaluator, "matrix_sub", a ? a->part[0] : NULL);
  return add_or_subtract(evaluator, out, a, b, umbra_sub);
}

umbra_status umbra_matrix_mul(umbra_evaluator *evaluator, umbra_matrix **out, const umbra_matrix *a,
                              const umbra_matrix *b) {
  UMBRA_TRACE(evaluator, "matrix_mul", a ? a->part[0] : NULL);
  if (a && a->layout.pairs)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "elements in pairs are no factors: the product of two pairs mixes them");
  return combine(evaluator, out, a, b, umbra_mul);
}

static umbra_status relinearize(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *a,
                                const umbra_ciphertext *same) {
  (void)same;
  return umbra_relinearize(evaluator, out, a);
}

umbra_status umbra_matrix_relinearize(umbra_evaluator *evaluator, umbra_matrix **out, const umbra_matrix *matrix) {
  UMBRA_TRACE(evaluator, "matrix_relinearize", matrix ? matrix->part[0] : NULL);
  return combine(evaluator, out, matrix, matrix, relinearize);
}

/* ---- shapes ---- */

typedef umbra_part_grid grid;

static umbra_status find_grid(grid *g, const umbra_matrix *m) {
  return umbra_layout_grid(g, &m->layout, m->rows, m->columns);
}

/* Of ciphertexts that lie in rows of so many. */
static umbra_status copy_parts(umbra_ciphertext **to, size_t to_across, umbra_ciphertext *const *from,
                               size_t from_across, size_t down, size_t across) {
  for (size_t i = 0; i < down; i++)
    for (size_t j = 0; j < across; j++)
      UMBRA_TRY(umbra_ciphertext_copy(&to[i * to_across + j], from[i * from_across + j]));
  return UMBRA_OK;
}

static umbra_status no_transpose(const umbra_matrix *m) {
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                    "the matrix (%zu x %zu, %s, runs of %u slots%s%s) cannot be transposed where it lies", m->rows,
                    m->columns, m->layout.order == UMBRA_MATRIX_BY_ROWS ? "by rows" : "by columns", m->layout.stride,
                    m->layout.pairs ? ", in pairs" : "",
                    m->layout.ones || m->layout.group > 1 ? ", with ones or groups" : "");
}

umbra_status umbra_matrix_transpose(umbra_matrix **out, const umbra_matrix *matrix) {
  grid g;
  umbra_matrix *made = NULL;
  if (!out || !matrix)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_matrix_transpose needs an output and a matrix");
  UMBRA_TRY(find_grid(&g, matrix));
  umbra_matrix_layout layout = matrix->layout;
  const int by_rows = layout.order == UMBRA_MATRIX_BY_ROWS;
  if (layout.pairs || layout.ones || layout.group > 1 || (!by_rows && g.down > 1)) return no_transpose(matrix);
  layout.order = by_rows ? UMBRA_MATRIX_BY_COLUMNS : UMBRA_MATRIX_BY_ROWS;
  UMBRA_TRY(umbra_matrix_make(&made, matrix->context, matrix->columns, matrix->rows, &layout));
  return finish(out, made, copy_parts(made->part, 1, matrix->part, 1, made->parts, 1));
}

/* ---- slices ---- */

static int is_within(size_t first, size_t count, size_t all) { return count && first < all && count <= all - first; }

umbra_status umbra_matrix_slice(umbra_matrix **out, const umbra_matrix *matrix, size_t first_row, size_t rows,
                                size_t first_column, size_t columns) {
  grid from, to;
  umbra_matrix *made = NULL;
  if (!out || !matrix)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_matrix_slice needs an output and a matrix");
  if (!is_within(first_row, rows, matrix->rows) || !is_within(first_column, columns, matrix->columns))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "a slice of %zu x %zu from (%zu, %zu) on is no part of a matrix of %zu x %zu", rows, columns,
                      first_row, first_column, matrix->rows, matrix->columns);
  UMBRA_TRY(find_grid(&from, matrix));
  const int cuts_rows = matrix->layout.order == UMBRA_MATRIX_BY_ROWS && columns < matrix->columns;
  if (first_row % from.rows || first_column % from.columns || cuts_rows)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "a slice from (%zu, %zu) on does not begin with a ciphertext: each holds %zu x %zu elements",
                      first_row, first_column, from.rows, from.columns);
  UMBRA_TRY(umbra_matrix_make(&made, matrix->context, rows, columns, &matrix->layout));
  umbra_status status = find_grid(&to, made);
  if (status == UMBRA_OK)
    status = copy_parts(made->part, to.across,
                        matrix->part + first_row / from.rows * from.across + first_column / from.columns, from.across,
                        to.down, to.across);
  return finish(out, made, status);
}

/* ---- joins ---- */

/* What is to be joined: along rows or along columns. */
typedef struct join {
  const umbra_matrix *const *matrices;
  size_t count;
  int below; /* one another; else beside */
} join;

static size_t length_of(const join *j, const umbra_matrix *m) { return j->below ? m->rows : m->columns; }
static size_t width_of(const join *j, const umbra_matrix *m) { return j->below ? m->columns : m->rows; }

static umbra_status check_joined(const join *j, size_t i) {
  const umbra_matrix *first = j->matrices[0], *m = j->matrices[i];
  grid g;
  UMBRA_TRY(check_alike(first, m));
  UMBRA_TRY(find_grid(&g, m));
  if (width_of(j, m) != width_of(j, first))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "matrix %zu has %zu %s and the first has %zu", i, width_of(j, m),
                      j->below ? "columns" : "rows", width_of(j, first));
  if (!j->below && m->layout.order == UMBRA_MATRIX_BY_ROWS)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "matrices by rows cannot be put beside each other");
  const size_t unit = j->below ? g.rows : g.columns;
  if (i + 1 == j->count || length_of(j, m) % unit == 0) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "matrix %zu has %zu %s, which do not fill ciphertexts of %zu", i,
                    length_of(j, m), j->below ? "rows" : "columns", unit);
}

static umbra_status check_join(umbra_matrix *const *out, const join *j) {
  if (!out || !j->matrices || !j->count)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "joining needs an output and at least one matrix");
  for (size_t i = 0; i < j->count; i++) {
    if (!j->matrices[i]) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "matrix %zu is NULL", i);
    UMBRA_TRY(check_joined(j, i));
  }
  return UMBRA_OK;
}

static umbra_status copy_joined(umbra_matrix *made, const join *j) {
  grid to, from;
  umbra_ciphertext **at = made->part;
  UMBRA_TRY(find_grid(&to, made));
  for (size_t i = 0; i < j->count; i++) {
    UMBRA_TRY(find_grid(&from, j->matrices[i]));
    UMBRA_TRY(copy_parts(at, to.across, j->matrices[i]->part, from.across, from.down, from.across));
    at += j->below ? from.down * to.across : from.across;
  }
  return UMBRA_OK;
}

static umbra_status join_all(umbra_matrix **out, const join *j) {
  umbra_matrix *made = NULL;
  size_t length = 0;
  UMBRA_TRY(check_join(out, j));
  const umbra_matrix *first = j->matrices[0];
  for (size_t i = 0; i < j->count; i++) length += length_of(j, j->matrices[i]);
  const size_t rows = j->below ? length : first->rows, columns = j->below ? first->columns : length;
  UMBRA_TRY(
      umbra_layout_check(&first->layout, rows, columns, umbra_params_slots(umbra_context_params(first->context))));
  UMBRA_TRY(umbra_matrix_make(&made, first->context, rows, columns, &first->layout));
  return finish(out, made, copy_joined(made, j));
}

umbra_status umbra_matrix_join_rows(umbra_matrix **out, const umbra_matrix *const *matrices, size_t count) {
  return join_all(out, &(join){matrices, count, 1});
}

umbra_status umbra_matrix_join_columns(umbra_matrix **out, const umbra_matrix *const *matrices, size_t count) {
  return join_all(out, &(join){matrices, count, 0});
}

/* ---- sums ---- */

/* A matrix by columns, itself or as its transposed one lies, with the parts of the given one. */
typedef struct summed {
  umbra_matrix view;
  int turned;
} summed;

static umbra_status see_by_columns(summed *s, const umbra_matrix *m) {
  grid g;
  UMBRA_TRY(find_grid(&g, m));
  *s = (summed){.view = *m, .turned = m->layout.order == UMBRA_MATRIX_BY_ROWS};
  if (!s->turned) return UMBRA_OK;
  if (m->layout.pairs || m->layout.ones || m->layout.group > 1)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "there are no sums of matrices by rows in pairs, with ones or groups");
  s->view.rows = m->columns;
  s->view.columns = m->rows;
  s->view.layout.order = UMBRA_MATRIX_BY_COLUMNS;
  return UMBRA_OK;
}

/* *sum = that of `count` ciphertexts, `step` apart, and of all that rotations from `first` on bring in. */
static umbra_status add_up(umbra_evaluator *evaluator, umbra_ciphertext **sum, umbra_ciphertext *const *part,
                           size_t count, size_t step, uint32_t first) {
  umbra_status status = umbra_ciphertext_copy(sum, part[0]);
  for (size_t i = 1; i < count && status == UMBRA_OK; i++) status = umbra_add(evaluator, sum, *sum, part[i * step]);
  if (status == UMBRA_OK) status = umbra_add_rotations(evaluator, sum, first, part[0]->slots, 1);
  if (status == UMBRA_OK) umbra_ciphertext_repeat(*sum, first);
  return status;
}

/* Every row's, by columns. */
static umbra_status add_rows(umbra_evaluator *evaluator, umbra_matrix **made, const umbra_matrix *m) {
  grid g;
  umbra_matrix_layout layout = m->layout;
  layout.slots = layout.stride;
  UMBRA_TRY(find_grid(&g, m));
  if (g.columns > 1 && m->columns % g.columns)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "%zu elements that are to be added up do not fill ciphertexts of %zu", m->columns, g.columns);
  UMBRA_TRY(umbra_matrix_make(made, evaluator->context, m->rows, 1, &layout));
  for (size_t i = 0; i < g.down; i++)
    UMBRA_TRY(add_up(evaluator, &(*made)->part[i], m->part + i * g.across, g.across, 1, layout.stride));
  return UMBRA_OK;
}

/* Every column's, by columns. */
static umbra_status add_columns(umbra_evaluator *evaluator, umbra_matrix **made, const umbra_matrix *m) {
  grid g;
  umbra_matrix_layout layout = m->layout;
  layout.slots = layout.stride = 1;
  UMBRA_TRY(find_grid(&g, m));
  if (g.columns > 1 || m->layout.pairs || m->rows % g.rows)
    return umbra_fail(
        UMBRA_ERROR_INVALID_ARGUMENT,
        "%zu elements that are to be added up do not fill ciphertexts of %u slots, without pairs and others", m->rows,
        m->layout.slots);
  UMBRA_TRY(umbra_matrix_make(made, evaluator->context, 1, m->columns, &layout));
  for (size_t j = 0; j < g.across; j++)
    UMBRA_TRY(add_up(evaluator, &(*made)->part[j], m->part + j, g.down, g.across, 1));
  return UMBRA_OK;
}

static umbra_status sum(umbra_evaluator *evaluator, umbra_matrix **out, const umbra_matrix *matrix, int of_rows) {
  summed s;
  umbra_matrix *made = NULL;
  if (!evaluator || !out || !matrix)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "sums of a matrix need an evaluator, an output and a matrix");
  UMBRA_TRY(umbra_check_operands_of_parts(evaluator, matrix->part, matrix->part[0], NULL));
  UMBRA_TRY(see_by_columns(&s, matrix));
  const umbra_watch_part whole = umbra_watch_enter(&evaluator->watch, 0, 1);
  umbra_status status = (of_rows != s.turned ? add_rows : add_columns)(evaluator, &made, &s.view);
  umbra_watch_leave(&evaluator->watch, whole);
  if (status == UMBRA_OK && s.turned) {
    const size_t rows = made->rows;
    made->rows = made->columns;
    made->columns = rows;
    made->layout.order = UMBRA_MATRIX_BY_ROWS;
  }
  return finish(out, made, umbra_check_whole(evaluator, status));
}

umbra_status umbra_matrix_row_sums(umbra_evaluator *evaluator, umbra_matrix **out, const umbra_matrix *matrix) {
  UMBRA_TRACE(evaluator, "matrix_row_sums", matrix ? matrix->part[0] : NULL);
  return sum(evaluator, out, matrix, 1);
}

umbra_status umbra_matrix_column_sums(umbra_evaluator *evaluator, umbra_matrix **out, const umbra_matrix *matrix) {
  UMBRA_TRACE(evaluator, "matrix_column_sums", matrix ? matrix->part[0] : NULL);
  return sum(evaluator, out, matrix, 0);
}

/* ---- ciphertexts ---- */

size_t umbra_matrix_ciphertexts(const umbra_matrix *matrix) { return matrix->parts; }

umbra_status umbra_matrix_ciphertext(const umbra_matrix *matrix, umbra_ciphertext **ciphertext, size_t i) {
  if (!matrix || !ciphertext)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_matrix_ciphertext needs a matrix and an output");
  if (i < matrix->parts) return umbra_ciphertext_copy(ciphertext, matrix->part[i]);
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "there is no ciphertext %zu in a matrix of %zu", i, matrix->parts);
}

umbra_status umbra_matrix_from_ciphertexts(umbra_matrix **out, const umbra_ciphertext *const *ciphertexts, size_t count,
                                           size_t rows, size_t columns, const umbra_matrix_layout *layout) {
  umbra_matrix_layout wanted = {UMBRA_MATRIX_LAYOUT_INIT};
  umbra_matrix *made = NULL;
  if (!out || !ciphertexts || !count || !ciphertexts[0])
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a matrix needs an output and ciphertexts");
  const umbra_context *context = ciphertexts[0]->context;
  UMBRA_TRY(UMBRA_TAKE(umbra_matrix_layout, &wanted, layout));
  UMBRA_TRY(umbra_layout_choose(&wanted, rows, columns, umbra_params_slots(umbra_context_params(context))));
  UMBRA_TRY(
      umbra_parts_check(ciphertexts, count, umbra_layout_parts(&wanted, rows, columns), wanted.slots, "a matrix"));
  UMBRA_TRY(umbra_matrix_make(&made, context, rows, columns, &wanted));
  made->dirty = umbra_layout_needs_zeros(&wanted) && umbra_layout_has_padding(&wanted, rows, columns);
  return finish(out, made, umbra_parts_copy(made->part, (umbra_ciphertext *const *)ciphertexts, count));
}

/* ---- noise ---- */

umbra_status umbra_matrix_add_noise(umbra_evaluator *evaluator, umbra_matrix **out, const umbra_matrix *matrix,
                                    double noise) {
  umbra_matrix *made = NULL;
  if (!evaluator || !out || !matrix)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "umbra_matrix_add_noise needs an evaluator, an output and a matrix");
  UMBRA_TRY(umbra_matrix_make(&made, evaluator->context, matrix->rows, matrix->columns, &matrix->layout));
  made->stamp = matrix->stamp;
  made->dirty = matrix->dirty; /* noise is an error of the padding, as of all slots */
  umbra_status status = UMBRA_OK;
  for (size_t p = 0; p < matrix->parts && status == UMBRA_OK; p++)
    status = umbra_add_noise(evaluator, &made->part[p], matrix->part[p], matrix->part[p]->slots, noise);
  return finish(out, made, status);
}
