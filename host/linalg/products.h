/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Products of encrypted matrices with encrypted vectors.
 *
 * A vector over the columns is a ciphertext of `stride` slots, which stands before every row by itself. One over the rows
 * comes in groups of parts: part q of a group has the q-th of `group` blocks of each row's slots, and all slots of a
 * block hold the same value. So the groups are small, and what is done to each value (a polynomial) is done once for a
 * whole group.
 *
 * Sums over columns are rotations within rows, which also bring in neighbours: a mask takes those out and the factor of
 * the product in. Sums over rows wrap around, and leave the sum before every row.
 */
#ifndef UMBRA_LINALG_PRODUCTS_H
#define UMBRA_LINALG_PRODUCTS_H

#include "matrix.h"

/* An evaluator's constants for matrices of one layout; belongs to one thread at a time. */
typedef struct umbra_products umbra_products;

/* log_radix: of sums of rotations; see umbra_add_rotations_by. */
umbra_status umbra_products_create(umbra_products **products, umbra_evaluator *evaluator,
                                   const umbra_matrix_layout *layout, uint32_t log_radix);
void umbra_products_destroy(umbra_products *products);

/* A value for each row of one group: those of real and of imaginary parts; im: NULL without pairs. */
typedef struct umbra_group_values {
  umbra_ciphertext *re, *im;
} umbra_group_values;
void umbra_group_values_clear(umbra_group_values *values);

size_t umbra_matrix_groups(const umbra_matrix *matrix);

/* ---- rows times a vector ---- */

/* *values = factor <row, x> for the rows of a group; takes 2 levels, and one more with groups of several. */
umbra_status umbra_times_vector(umbra_products *products, umbra_group_values *values, const umbra_matrix *matrix,
                                size_t group, const umbra_ciphertext *x, double factor);

/* ---- columns times a vector ---- */

/*
 * *sum += the products of a group's rows with their values, row by row; *sum NULL: 0. Takes a level, and one more with
 * groups of several. Then, for all groups together,
 */
umbra_status umbra_transposed_add(umbra_products *products, umbra_ciphertext **sum, const umbra_matrix *matrix,
                                  size_t group, const umbra_group_values *values);

/* *out, over the columns, = the sum over all rows; with pairs, twice it. */
umbra_status umbra_sum_rows(umbra_products *products, umbra_ciphertext **out, const umbra_ciphertext *sum);

#endif
