/* SPDX-License-Identifier: Apache-2.0 */
/* The files of tables and arrays. Reading sets its outputs on success only. */
#ifndef UMBRA_IO_TABLE_FILE_H
#define UMBRA_IO_TABLE_FILE_H

#include <stdint.h>
#include <umbra/ndarray.h>
#include <umbra/table.h>

umbra_status umbra_csv_write(int file, const umbra_table *table);
umbra_status umbra_npy_write(int file, const umbra_table *table);
umbra_status umbra_npy_write_ndarray(int file, const umbra_ndarray *array);

/* An npy file that is open or in memory. any: values that are not finite are read, too. */
typedef struct umbra_npy_source {
  int file;
  const uint8_t *memory; /* NULL: it is the file */
  uint64_t bytes;
  const char *path;
  int any;
} umbra_npy_source;
umbra_status umbra_npy_read_ndarray(umbra_ndarray *array, size_t most_rank, const umbra_npy_source *source);

/* Calls work where decimal points are points, whatever the program's locale is. */
umbra_status umbra_in_c_locale(umbra_status (*work)(void *), void *argument);

#endif
