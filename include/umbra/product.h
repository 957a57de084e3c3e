/* SPDX-License-Identifier: Apache-2.0 */
/* Products of matrices. */
#ifndef UMBRA_PRODUCT_H
#define UMBRA_PRODUCT_H

#include <umbra/evaluator.h>
#include <umbra/matrix.h>
#include <umbra/weights.h>

UMBRA_BEGIN_DECLS

/* ---- with plain weights ---- */

/*
 * Every row x of the matrix becomes W x + b (umbra/weights.h): out has the same rows, and W's rows as columns, one level
 * below the weights'. It is by columns, of the matrix's stride (1 if that is by rows), with as many slots, or where several
 * columns share a ciphertext as few as hold the columns. What its padding holds is not said. Higher levels are dropped
 * first; lower ones are refreshed if the evaluator does that. out may be the matrix. Errors: NO_LEVEL, INVALID_ARGUMENT
 * (another number of columns; another layout than the weights'), MISSING_KEY, MISMATCH, OUT_OF_MEMORY, CANCELLED.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_matrix_apply(umbra_evaluator *evaluator, umbra_matrix **out,
                                                         const umbra_matrix *matrix, const umbra_weights *weights);

UMBRA_END_DECLS

#endif
