/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UMBRA_LINALG_MATRIX_H
#define UMBRA_LINALG_MATRIX_H

#include <umbra/matrix.h>

#include "../io/format.h"

/*
 * Where the rows of a matrix are. A part is one ciphertext of `slots` slots, which are repeated through all n/2: it holds
 * slots / stride rows, and with pairs as many again in the imaginary parts.
 */
typedef struct umbra_matrix_layout {
  uint32_t stride; /* slots of a row: a power of two, more than its columns */
  uint32_t slots;  /* a power of two from stride to n/2 */
  uint32_t group;  /* parts whose products with a vector share a ciphertext: a power of two up to 8 and the stride */
  int pairs;
} umbra_matrix_layout;

enum { UMBRA_MATRIX_MAX_GROUP = 8 };

/* Row r is in part r / per_part; there the first slots / stride rows are real, and the others (pairs) imaginary. */
struct umbra_matrix {
  umbra_context *context; /* a share */
  size_t rows, columns;
  umbra_matrix_layout layout;
  int ones; /* the slot after a row's columns holds 1 (times its sign), as encryption leaves it; not so in results */
  size_t parts;
  umbra_ciphertext **part;
};

/* Real parts over all slots, one by one: what umbra_matrix_encrypt makes. */
umbra_matrix_layout umbra_matrix_plain_layout(const umbra_params *params, size_t columns);

/* INVALID_ARGUMENT if that is no layout for that many columns in a ring of n/2 slots. */
umbra_status umbra_matrix_layout_check(const umbra_matrix_layout *layout, size_t columns, size_t most_slots);

int umbra_matrix_layout_same(const umbra_matrix_layout *a, const umbra_matrix_layout *b);

/* Rows of a part. */
size_t umbra_matrix_per_part(const umbra_matrix_layout *layout);

/* A matrix with room for its parts, all NULL. Checks nothing. */
umbra_status umbra_matrix_make(umbra_matrix **matrix, const umbra_context *context, size_t rows, size_t columns,
                               const umbra_matrix_layout *layout);

/* The stride for that many columns: a power of two with room for one more. */
size_t umbra_matrix_stride_for(size_t columns);

/*
 * Encrypts rows that `row` hands out: columns values into *values, and the last column's one times that factor.
 * At that level. Errors: RANGE, OUT_OF_MEMORY, MISMATCH.
 */
typedef void (*umbra_matrix_row_fn)(double *values, double *one, size_t row, const void *source);
typedef struct umbra_matrix_source {
  umbra_matrix_row_fn row;
  const void *source;
} umbra_matrix_source;
umbra_status umbra_matrix_encrypt_rows(umbra_matrix **matrix, const umbra_public_key *key,
                                       const umbra_matrix_source *source, size_t rows, size_t columns,
                                       const umbra_matrix_layout *layout, uint32_t level);

/* The record and parts of a matrix as sections of any container, of one owner. */
umbra_status umbra_matrix_write_sections(umbra_writer *writer, const umbra_matrix *matrix);
uint64_t umbra_matrix_sections_bytes(const umbra_params *params, const umbra_matrix_layout *layout, size_t rows,
                                     uint32_t level);
umbra_status umbra_matrix_read_sections(umbra_reader *reader, const umbra_context *context, umbra_matrix **matrix);

#endif
