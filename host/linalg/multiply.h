/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Products of two encrypted matrices. Factors and results are checked, and factors at the level from which the product
 * starts; `out` has no parts yet, and gets them one level below.
 */
#ifndef UMBRA_LINALG_MULTIPLY_H
#define UMBRA_LINALG_MULTIPLY_H

#include <umbra/product.h>

#include "matrix.h"

/* A matrix in tiles to the left times one in tiles to the right. */
umbra_status umbra_multiply_tiles(umbra_evaluator *evaluator, umbra_matrix *out, const umbra_matrix *left,
                                  const umbra_matrix *right);

/* A matrix by columns times one by diagonals. */
umbra_status umbra_multiply_diagonals(umbra_evaluator *evaluator, umbra_matrix *out, const umbra_matrix *a,
                                      const umbra_matrix *b);

/* ---- factors of tiles ---- */

/* Levels that it takes to make a factor of that side (an order) of a matrix; -1: there is no way. */
int umbra_tile_factor_levels(umbra_matrix_order side, const umbra_matrix *matrix, int transposed);

/* Makes it, from what is dropped to `level`: at least one of them. Errors: INVALID_ARGUMENT (pairs, or several tiles). */
umbra_status umbra_tile_factor(umbra_evaluator *evaluator, umbra_matrix **factor, const umbra_matrix *matrix,
                               umbra_matrix_order side, int transposed, uint32_t level);

#endif
