/* SPDX-License-Identifier: Apache-2.0 */
/* The two kinds of table files. Reading takes an open file of that many bytes and sets its outputs on success only. */
#ifndef UMBRA_IO_TABLE_FILE_H
#define UMBRA_IO_TABLE_FILE_H

#include <stdint.h>
#include <umbra/ndarray.h>
#include <umbra/table.h>

/* What a CSV file says beside its numbers; npy files say nothing. Zero-initialise; free with umbra_table_origin_clear. */
typedef struct umbra_table_origin {
  char *names;   /* of the header's columns, without quotes, each with its zero at the end; NULL: there is no header */
  size_t *lines; /* of the rows, from 1; NULL: npy */
} umbra_table_origin;

void umbra_table_origin_clear(umbra_table_origin *origin);

/* umbra_table_read, with the origin of what was read. */
umbra_status umbra_table_read_origin(umbra_table *table, umbra_table_origin *origin, const char *path);

/* origin: NULL if it is not wanted. */
umbra_status umbra_csv_read(umbra_table *table, umbra_table_origin *origin, int file, uint64_t bytes, const char *path);
umbra_status umbra_csv_write(int file, const umbra_table *table);

umbra_status umbra_npy_read(umbra_table *table, umbra_table_origin *origin, int file, uint64_t bytes, const char *path);
umbra_status umbra_npy_write(int file, const umbra_table *table);
umbra_status umbra_npy_read_ndarray(umbra_ndarray *array, int file, uint64_t bytes, const char *path);
umbra_status umbra_npy_write_ndarray(int file, const umbra_ndarray *array);

/* Memory for rows x columns values; their product must not overflow. */
umbra_status umbra_table_make(umbra_table *table, size_t rows, size_t columns);

#endif
