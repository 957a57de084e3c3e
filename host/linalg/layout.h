/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the elements of a matrix lie in the slots of its ciphertexts, which are its parts. Each order is an entry of a table
 * in layout.c, which alone knows it: others ask which element a slot holds.
 */
#ifndef UMBRA_LINALG_LAYOUT_H
#define UMBRA_LINALG_LAYOUT_H

#include <umbra/matrix.h>

enum { UMBRA_MATRIX_MAX_GROUP = 8 };

/* Half a slot: its real or its imaginary part. */
typedef struct umbra_place {
  size_t part;
  uint32_t slot;
  int imaginary;
} umbra_place;

typedef struct umbra_element {
  size_t row, column; /* column = columns: the row's one */
} umbra_element;

/*
 * Chooses what is 0, in a ring of n/2 = most_slots slots, and checks the whole. Errors: as umbra_layout_check; RANGE
 * (it does not fit), UNSUPPORTED (an order that this version does not know).
 */
umbra_status umbra_layout_choose(umbra_matrix_layout *layout, size_t rows, size_t columns, size_t most_slots);

/* INVALID_ARGUMENT if that is no layout of such a matrix; UNSUPPORTED: of an order that this version does not know. */
umbra_status umbra_layout_check(const umbra_matrix_layout *layout, size_t rows, size_t columns, size_t most_slots);

int umbra_layout_same(const umbra_matrix_layout *a, const umbra_matrix_layout *b);

/* Parts of a matrix; SIZE_MAX: more than can be counted. */
size_t umbra_layout_parts(const umbra_matrix_layout *layout, size_t rows, size_t columns);

/* 1, and which element the place holds; 0: it is padding. */
int umbra_layout_element(umbra_element *element, const umbra_matrix_layout *layout, size_t rows, size_t columns,
                         umbra_place place);

/* "by rows", ... */
const char *umbra_layout_name(const umbra_matrix_layout *layout);

/* Whether there is padding in any part, which is looked for place by place. */
int umbra_layout_has_padding(const umbra_matrix_layout *layout, size_t rows, size_t columns);

/* Whether products count on zeros in the padding: tiles and diagonals. In other orders it may hold anything. */
int umbra_layout_needs_zeros(const umbra_matrix_layout *layout);

/* So many slots beside each other hold the same element: from each multiple of that on. */
uint32_t umbra_layout_copies(const umbra_matrix_layout *layout);

/* Rows of one column that a ciphertext without pairs has: by columns, interleaved. */
size_t umbra_layout_records(const umbra_matrix_layout *layout);

/* Parts as rows and columns of them, and how many rows and columns of elements each has. */
typedef struct umbra_part_grid {
  size_t down, across, rows, columns;
} umbra_part_grid;

/* UNSUPPORTED: of another order than by rows and by columns. */
umbra_status umbra_layout_grid(umbra_part_grid *grid, const umbra_matrix_layout *layout, size_t rows, size_t columns);

/* ---- by rows ---- */

/* That of records: real parts over all slots, one by one, with ones. The columns are known to fit. */
umbra_matrix_layout umbra_layout_of_records(const umbra_params *params, size_t columns);

/* Rows of a part; also by columns. */
size_t umbra_layout_rows_per_part(const umbra_matrix_layout *layout);

/* ---- shifted copies ---- */

/* Columns of a part. */
size_t umbra_layout_shifted_columns(const umbra_matrix_layout *layout);

/* ---- by diagonals ---- */

/* The blocks of such a matrix, and what each of them has: part e of a block is the diagonal first + e. */
typedef struct umbra_diagonal_blocks {
  size_t down, across, diagonals;
  int32_t first;
} umbra_diagonal_blocks;
umbra_diagonal_blocks umbra_layout_diagonals(const umbra_matrix_layout *layout, size_t rows, size_t columns);

/* ---- wrapped diagonals ---- */

/* Diagonals of a matrix of so many rows. */
uint32_t umbra_layout_wrapped_diagonals(size_t rows);

#endif
