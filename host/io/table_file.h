/* SPDX-License-Identifier: Apache-2.0 */
/* The two kinds of table files. Reading takes an open file of that many bytes and sets the table on success only. */
#ifndef UMBRA_IO_TABLE_FILE_H
#define UMBRA_IO_TABLE_FILE_H

#include <stdint.h>
#include <umbra/table.h>

umbra_status umbra_csv_read(umbra_table *table, int file, uint64_t bytes, const char *path);
umbra_status umbra_csv_write(int file, const umbra_table *table);

umbra_status umbra_npy_read(umbra_table *table, int file, uint64_t bytes, const char *path);
umbra_status umbra_npy_write(int file, const umbra_table *table);

/* Memory for rows x columns values; their product must not overflow. */
umbra_status umbra_table_make(umbra_table *table, size_t rows, size_t columns);

#endif
