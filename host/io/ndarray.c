/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays in files: npy by its own shape, everything else by way of a table. */
#include <math.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "storage.h"
#include "table_file.h"

size_t umbra_ndarray_count(const umbra_ndarray *array) {
  size_t count = array->rank > 0;
  for (size_t d = 0; d < array->rank; d++) count *= array->shape[d];
  return count;
}

void umbra_ndarray_clear(umbra_ndarray *array) {
  if (!array) return;
  umbra_wipe_and_free(array->values, umbra_ndarray_count(array) * sizeof *array->values);
  *array = (umbra_ndarray){0};
}

static int is_npy(const char *path) {
  size_t length = strlen(path);
  return length >= 4 && strcasecmp(path + length - 4, ".npy") == 0;
}

static umbra_status read_npy(umbra_ndarray *array, const char *path) {
  umbra_npy_source source = {.path = path};
  UMBRA_TRY(umbra_storage_open(&source.file, &source.bytes, path));
  umbra_status status = umbra_npy_read_ndarray(array, UMBRA_NDARRAY_RANK, &source);
  close(source.file);
  return status;
}

static umbra_status read_table(umbra_ndarray *array, const char *path) {
  umbra_table table = {0};
  UMBRA_TRY(umbra_table_read(&table, path));
  *array = (umbra_ndarray){2, {table.rows, table.columns}, table.values};
  return UMBRA_OK;
}

umbra_status umbra_ndarray_read(umbra_ndarray *array, const char *path) {
  if (!array || !path) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s is NULL", array ? "path" : "array");
  umbra_ndarray made = {0};
  UMBRA_TRY(is_npy(path) ? read_npy(&made, path) : read_table(&made, path));
  umbra_ndarray_clear(array);
  *array = made;
  return UMBRA_OK;
}

static umbra_status check_array(const umbra_ndarray *array) {
  size_t count = 1;
  int wraps = array->rank < 1 || array->rank > UMBRA_NDARRAY_RANK || !array->values;
  for (size_t d = 0; !wraps && d < array->rank; d++) wraps = __builtin_mul_overflow(count, array->shape[d], &count);
  if (wraps || count == 0)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the array is empty, or has not 1 to %d dimensions",
                      UMBRA_NDARRAY_RANK);
  for (size_t i = 0; i < count; i++)
    if (!isfinite(array->values[i]))
      return umbra_fail(UMBRA_ERROR_RANGE, "value %zu of the array is not finite", i + 1);
  return UMBRA_OK;
}

static umbra_status write_npy(int file, void *array) { return umbra_npy_write_ndarray(file, array); }

umbra_status umbra_ndarray_write(const umbra_ndarray *array, const char *path) {
  if (!array || !path) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s is NULL", array ? "path" : "array");
  UMBRA_TRY(check_array(array));
  umbra_ndarray given = *array;
  if (is_npy(path)) return umbra_storage_replace(path, 0, write_npy, &given);
  size_t rows = array->shape[0], count = umbra_ndarray_count(array);
  return umbra_table_write(&(umbra_table){rows, count / rows, array->values}, path);
}
