/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of numbers in files: CSV and npy. */
#ifndef UMBRA_TABLE_H
#define UMBRA_TABLE_H

#include <stddef.h>

#include <umbra/status.h>

UMBRA_BEGIN_DECLS

/* rows x columns values in row order. Initialised with {0}; umbra_table_clear frees the values. */
typedef struct umbra_table {
  size_t rows, columns;
  double *values;
} umbra_table;

/*
 * Reads a file by its ending into *table, whose values are freed if it has any: .csv (comma-separated, one optional
 * header line of which no field is a number, '#' starts a comment line) or .npy (version 1 to 3, float16, float32, float64,
 * or integers of 8 to 64 bits, C order, 1 or 2 dimensions).
 * Errors: INVALID_ARGUMENT (ending), IO, FORMAT (with line and column, or what the header says), RANGE (a value is not
 * finite, or an integer of 2^53 or more).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_table_read(umbra_table *table, const char *path);

/* Writes .csv (17 significant digits) or .npy (float64), replacing the file. Errors: IO, INVALID_ARGUMENT (ending),
 * RANGE. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_table_write(const umbra_table *table, const char *path);

UMBRA_API void umbra_table_clear(umbra_table *table);

UMBRA_END_DECLS

#endif
