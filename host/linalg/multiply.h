/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Products of two encrypted matrices. Factors and results are checked, and factors at the level from which the product
 * starts; `out` has no parts yet, and gets them one level below.
 */
#ifndef UMBRA_LINALG_MULTIPLY_H
#define UMBRA_LINALG_MULTIPLY_H

#include <umbra/product.h>
#include <umbra/transform.h>

#include "matrix.h"

/* A matrix in tiles to the left times one in tiles to the right. */
umbra_status umbra_multiply_tiles(umbra_evaluator *evaluator, umbra_matrix *out, const umbra_matrix *left,
                                  const umbra_matrix *right);

/* A matrix by columns times one by diagonals. */
umbra_status umbra_multiply_diagonals(umbra_evaluator *evaluator, umbra_matrix *out, const umbra_matrix *a,
                                      const umbra_matrix *b);

/*
 * The same of a simulation, whose matrix by diagonals is never there as a whole: each block of its columns is encrypted
 * when it is multiplied. layout: chosen.
 */
typedef struct umbra_later_matrix {
  const umbra_matrix_source *source;
  size_t rows, columns;
  umbra_matrix_layout layout;
  uint32_t level;
} umbra_later_matrix;
umbra_status umbra_matrix_multiply_later(umbra_evaluator *evaluator, umbra_matrix **out, const umbra_matrix *a,
                                         const umbra_later_matrix *b);
umbra_status umbra_multiply_later_diagonals(umbra_evaluator *evaluator, umbra_matrix *out, const umbra_matrix *a,
                                            const umbra_later_matrix *b);

/* ---- factors of tiles ---- */

/* How one factor comes from a matrix: that many linear maps, one after the other. */
enum { UMBRA_FACTOR_MAPS = 2 };
typedef struct umbra_factor_maps {
  umbra_transform *map[UMBRA_FACTOR_MAPS];
  int count;
} umbra_factor_maps;

/* How many it takes from a matrix of that order to a factor of that side, which is an order, too; -1: there is no way. */
int umbra_factor_maps_count(umbra_matrix_order side, umbra_matrix_order from, int transposed);

/* Those for matrices of that layout, and factors at that level. Errors: INVALID_ARGUMENT (pairs, or several tiles). */
umbra_status umbra_factor_maps_make(umbra_factor_maps *maps, const umbra_context *context,
                                    const umbra_matrix_layout *layout, umbra_matrix_order side, int transposed,
                                    uint32_t level, umbra_watch *watch);
void umbra_factor_maps_clear(umbra_factor_maps *maps);

/* The factor of a matrix of that layout. */
umbra_status umbra_tile_factor(umbra_evaluator *evaluator, umbra_matrix **factor, const umbra_matrix *matrix,
                               umbra_matrix_order side, int transposed, const umbra_factor_maps *maps);

#endif
