/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays of numbers in the application's memory, wherever its rows and columns lie. */
#ifndef UMBRA_ARRAY_H
#define UMBRA_ARRAY_H

#include <stddef.h>

#include <umbra/status.h>

UMBRA_BEGIN_DECLS

typedef enum umbra_array_type { UMBRA_ARRAY_DOUBLE = 0, UMBRA_ARRAY_FLOAT = 1 } umbra_array_type;

/*
 * Element (r, c) is data[r * row_stride + c * column_stride], of that type; strides may be negative, and those of a
 * transposed array are exchanged. Both 0: row after row without gaps. An umbra_table (umbra/table.h), and so a file of
 * numpy's, is {.data = table.values, .rows = table.rows, .columns = table.columns}.
 */
typedef struct umbra_array {
  size_t struct_size;
  const void *data;
  umbra_array_type type;
  size_t rows, columns; /* above 0 and below 2^31 */
  ptrdiff_t row_stride, column_stride;
  double
      bound; /* no |element| is larger, or it is an error; encryption then shows this in the place of sizes. 0: unknown */
} umbra_array;
#define UMBRA_ARRAY_INIT .struct_size = sizeof(umbra_array)
UMBRA_API void umbra_array_init(umbra_array *array, size_t size);
#define umbra_array_init(array) umbra_array_init((array), sizeof *(array))

UMBRA_END_DECLS

#endif
