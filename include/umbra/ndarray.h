/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays of numbers of any shape, in npy files. */
#ifndef UMBRA_NDARRAY_H
#define UMBRA_NDARRAY_H

#include <stddef.h>

#include <umbra/status.h>

UMBRA_BEGIN_DECLS

enum { UMBRA_NDARRAY_RANK = 8 };

/* Values in row order: the last index runs fastest. Initialised with {0}; umbra_ndarray_clear frees the values. */
typedef struct umbra_ndarray {
  size_t rank; /* 1 to UMBRA_NDARRAY_RANK dimensions */
  size_t shape[UMBRA_NDARRAY_RANK];
  double *values;
} umbra_ndarray;

/* The product of the dimensions. */
UMBRA_API size_t umbra_ndarray_count(const umbra_ndarray *array);

/*
 * Reads .npy (as umbra_table_read does, with up to 8 dimensions), or another table (two dimensions), into *array, whose
 * values are freed if it has any. Errors: as umbra_table_read.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_ndarray_read(umbra_ndarray *array, const char *path);

/*
 * Writes .npy (float64), or .csv (17 significant digits; a row for each index of the first dimension), replacing the
 * file. Errors: as umbra_table_write.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_ndarray_write(const umbra_ndarray *array, const char *path);

UMBRA_API void umbra_ndarray_clear(umbra_ndarray *array);

UMBRA_END_DECLS

#endif
