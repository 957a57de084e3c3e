/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays of numbers of any shape, in npy files. */
#ifndef UMBRA_ARRAY_H
#define UMBRA_ARRAY_H

#include <stddef.h>

#include <umbra/status.h>

UMBRA_BEGIN_DECLS

enum { UMBRA_ARRAY_RANK = 8 };

/* Values in row order: the last index runs fastest. Initialised with {0}; umbra_array_clear frees the values. */
typedef struct umbra_array {
  size_t rank; /* 1 to UMBRA_ARRAY_RANK dimensions */
  size_t shape[UMBRA_ARRAY_RANK];
  double *values;
} umbra_array;

/* The product of the dimensions. */
UMBRA_API size_t umbra_array_count(const umbra_array *array);

/*
 * Reads .npy (as umbra_table_read does, with up to 8 dimensions) or .csv (two dimensions) into *array, whose values are
 * freed if it has any. Errors: as umbra_table_read.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_array_read(umbra_array *array, const char *path);

/*
 * Writes .npy (float64), or .csv (17 significant digits; a row for each index of the first dimension), replacing the
 * file. Errors: as umbra_table_write.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_array_write(const umbra_array *array, const char *path);

UMBRA_API void umbra_array_clear(umbra_array *array);

UMBRA_END_DECLS

#endif
