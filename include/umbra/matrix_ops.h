/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be done with encrypted matrices by doing it with their ciphertexts, or by giving these another meaning. Errors
 * common to all: INVALID_ARGUMENT, MISMATCH (other parameters or another owner), UNSUPPORTED (an order for which it is not
 * made), OUT_OF_MEMORY; of those with an evaluator: also its own. out may be an input.
 */
#ifndef UMBRA_MATRIX_OPS_H
#define UMBRA_MATRIX_OPS_H

#include <umbra/evaluator.h>
#include <umbra/matrix.h>

UMBRA_BEGIN_DECLS

/* ---- element by element, of equal shapes and layouts; sums and differences have no ones ---- */

UMBRA_MUST_USE UMBRA_API umbra_status umbra_matrix_add(umbra_evaluator *evaluator, umbra_matrix **out,
                                                       const umbra_matrix *a, const umbra_matrix *b);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_matrix_sub(umbra_evaluator *evaluator, umbra_matrix **out,
                                                       const umbra_matrix *a, const umbra_matrix *b);

/* A level, and the relinearisation key. Not of matrices in pairs. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_matrix_mul(umbra_evaluator *evaluator, umbra_matrix **out,
                                                       const umbra_matrix *a, const umbra_matrix *b);

/*
 * Every element becomes sum coefficients[k] T_k(element), as umbra_chebyshev_eval says (umbra/polynomial.h): elements, and
 * what padding holds, are to be in [-1, 1]. Not of matrices in pairs or with ones. magnitude: declared of the result
 * (umbra/range.h); 0: what follows. Errors: those of umbra_chebyshev_eval.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_matrix_chebyshev(umbra_evaluator *evaluator, umbra_matrix **out,
                                                             const umbra_matrix *matrix, const double *coefficients,
                                                             uint32_t degree, double magnitude);

/* Of products at keyless levels: each ciphertext of three parts becomes one of two. See umbra_relinearize. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_matrix_relinearize(umbra_evaluator *evaluator, umbra_matrix **out,
                                                               const umbra_matrix *matrix);

/* ---- other shapes: no level, no key; ciphertexts are copied ---- */

/*
 * By rows and by columns, without ones, groups and pairs: of the other order, with the same stride. By columns: of no more
 * rows than the stride.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_matrix_transpose(umbra_matrix **out, const umbra_matrix *matrix);

/*
 * Rows [first_row, first_row + rows) and those columns; of the same layout. Both begin where a ciphertext does: by columns,
 * rows at a multiple of the stride (twice it with pairs), columns at one of slots / stride; by rows, rows at a multiple of
 * slots / stride (twice with pairs), and all columns.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_matrix_slice(umbra_matrix **out, const umbra_matrix *matrix,
                                                         size_t first_row, size_t rows, size_t first_column,
                                                         size_t columns);

/*
 * One below the other, or (by columns only) one beside the other; of one layout, and as many columns, or rows. All but the
 * last end where a ciphertext does: see umbra_matrix_slice. count > 0.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_matrix_join_rows(umbra_matrix **out, const umbra_matrix *const *matrices,
                                                             size_t count);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_matrix_join_columns(umbra_matrix **out, const umbra_matrix *const *matrices,
                                                                size_t count);

/*
 * The sums of every row, a column; and of every column, a row. No level. By columns: sums of rows add ciphertexts, and
 * rotate by multiples of the stride if columns share them, which they must then fill: columns a multiple of slots / stride.
 * Sums of columns rotate; there a ciphertext is a column, without pairs, and rows are a multiple of the stride. By rows it
 * is the other way round, without ones, groups and pairs. Where this is not so (padding may hold anything), a product with
 * ones (umbra/weights.h) adds up any columns, for a level. Errors: also MISSING_KEY.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_matrix_row_sums(umbra_evaluator *evaluator, umbra_matrix **out,
                                                            const umbra_matrix *matrix);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_matrix_column_sums(umbra_evaluator *evaluator, umbra_matrix **out,
                                                               const umbra_matrix *matrix);

/* ---- other arrangements: a level, and rotations ---- */

/*
 * Elements of a matrix as another matrix: (r, c) is number first + r * row_step + c * column_step of them, counted in row
 * order. With n columns: {rows, n, .row_step = n, .column_step = 1} is the matrix itself, {n, rows, .row_step = 1,
 * .column_step = n} is transposed, other rows and columns in that order reshape it, a first element and fewer rows or
 * columns cut it, a step of 0 repeats (broadcasts) it, negative steps reverse it.
 */
typedef struct umbra_matrix_view {
  size_t struct_size;
  size_t rows, columns;
  ptrdiff_t first, row_step, column_step;
} umbra_matrix_view;
#define UMBRA_MATRIX_VIEW_INIT .struct_size = sizeof(umbra_matrix_view), .column_step = 1
UMBRA_API void umbra_matrix_view_init(umbra_matrix_view *view, size_t size);
#define umbra_matrix_view_init(view) umbra_matrix_view_init((view), sizeof *(view))

/*
 * That view of the matrix (NULL: all of it) in that layout (NULL: chosen as for encryption). Where ciphertexts can be
 * taken whole they are copied, at no cost; else it takes a level, and a diagonal for each distance that elements of two
 * ciphertexts move: many between orders that differ much. A dry device tells its cost and keys. What is mapped is encoded
 * anew in every call, and so never within a circuit that is recorded. Where the real and the imaginary part of a slot do
 * not move together, of a matrix in pairs, it takes the conjugate of each ciphertext, too; without pairs imaginary parts
 * are taken to be 0. Not to layouts with ones. Errors: also NO_LEVEL, RANGE (more than 65535 ciphertexts, or distances from
 * one of them), MISSING_KEY.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_matrix_rearrange(umbra_evaluator *evaluator, umbra_matrix **out,
                                                             const umbra_matrix *matrix, const umbra_matrix_view *view,
                                                             const umbra_matrix_layout *layout);

/* ---- the ciphertexts themselves, in the order that umbra_matrix_layout states ---- */

UMBRA_API size_t umbra_matrix_ciphertexts(const umbra_matrix *matrix);

/* *ciphertext = a copy of number i. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_matrix_ciphertext(const umbra_matrix *matrix, umbra_ciphertext **ciphertext,
                                                              size_t i);

/*
 * A matrix of copies. count: as many as the layout takes; all with its slots. What padding holds does not matter by rows
 * and by columns. In tiles and by diagonals products count on zeros there: such a matrix with padding is no factor, nor
 * saved, until umbra_matrix_rearrange, which leaves zeros, has made another of it. layout:
 * as for umbra_matrix_encrypt; errors as of that.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_matrix_from_ciphertexts(umbra_matrix **out,
                                                                    const umbra_ciphertext *const *ciphertexts,
                                                                    size_t count, size_t rows, size_t columns,
                                                                    const umbra_matrix_layout *layout);

/* out = matrix with umbra_add_noise on each of its ciphertexts. Errors: those. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_matrix_add_noise(umbra_evaluator *evaluator, umbra_matrix **out,
                                                             const umbra_matrix *matrix, double noise);

UMBRA_END_DECLS

#endif
