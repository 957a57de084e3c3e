/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UMBRA_LINALG_MATRIX_H
#define UMBRA_LINALG_MATRIX_H

#include <umbra/matrix.h>

#include "../ckks/sim.h"
#include "../io/format.h"

enum { UMBRA_MATRIX_MAX_GROUP = 8 };

/* Row r is in part r / per_part; there the first slots / stride rows are real, and the others (pairs) imaginary. */
struct umbra_matrix {
  umbra_context *context; /* a share */
  size_t rows, columns;
  umbra_matrix_layout layout; /* ones: times a factor of each row's in a data set for training; never in results */
  size_t parts;
  umbra_ciphertext **part;
};

/* INVALID_ARGUMENT if that is no layout of so many columns in a ring of n/2 = most_slots slots. */
umbra_status umbra_matrix_layout_check(const umbra_matrix_layout *layout, size_t columns, size_t most_slots);

/* That of records: real parts over all slots, one by one, with ones. The columns are known to fit. */
umbra_matrix_layout umbra_matrix_records_layout(const umbra_params *params, size_t columns);

int umbra_matrix_layout_same(const umbra_matrix_layout *a, const umbra_matrix_layout *b);

/* Rows of a part. */
size_t umbra_matrix_per_part(const umbra_matrix_layout *layout);

/* Parts that so many rows take. */
size_t umbra_matrix_parts_for(const umbra_matrix_layout *layout, size_t rows);

/* A matrix with room for its parts, all NULL. Checks nothing. */
umbra_status umbra_matrix_make(umbra_matrix **matrix, const umbra_context *context, size_t rows, size_t columns,
                               const umbra_matrix_layout *layout);

/* The least stride for that many slots. */
size_t umbra_matrix_stride_for(size_t slots);

/*
 * Encrypts or simulates rows that `row` hands out at that level: columns values into *values, and into *one what a layout
 * with ones has after them. Errors: RANGE, OUT_OF_MEMORY, MISMATCH, CANCELLED.
 */
typedef void (*umbra_matrix_row_fn)(double *values, double *one, size_t row, const void *source);
typedef struct umbra_matrix_source {
  umbra_matrix_row_fn row;
  const void *source;
} umbra_matrix_source;
umbra_status umbra_matrix_encrypt_rows(umbra_matrix **matrix, umbra_encryptor by, const umbra_matrix_source *source,
                                       size_t rows, size_t columns, const umbra_matrix_layout *layout, uint32_t level,
                                       umbra_watch *watch);

/* The record and parts of a matrix as sections of any container, of one owner. */
umbra_status umbra_matrix_write_sections(umbra_writer *writer, const umbra_matrix *matrix);
uint64_t umbra_matrix_sections_bytes(const umbra_params *params, const umbra_matrix_layout *layout, size_t rows,
                                     uint32_t level);
umbra_status umbra_matrix_read_sections(umbra_reader *reader, const umbra_context *context, umbra_matrix **matrix);

#endif
