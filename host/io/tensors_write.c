/* SPDX-License-Identifier: Apache-2.0 */
/* Writes safetensors files: the length of the header, which spaces bring to a multiple of 8, the header, and doubles. */
#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>
#include <umbra/tensors.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "storage.h"

typedef struct writing {
  const char *const *names;
  const umbra_ndarray *arrays;
  size_t count;
  char *header;
} writing;

/* ---- the header ---- */

static uint64_t bytes_of(const umbra_ndarray *array) { return umbra_ndarray_count(array) * sizeof(double); }

static int add_shape(cJSON *tensor, const umbra_ndarray *array) {
  cJSON *shape = cJSON_AddArrayToObject(tensor, "shape");
  for (size_t i = 0; shape && i < array->rank; i++)
    if (!cJSON_AddItemToArray(shape, cJSON_CreateNumber((double)array->shape[i]))) return 0;
  return shape != NULL;
}

static int add_tensor(cJSON *header, const char *name, const umbra_ndarray *array, uint64_t begin) {
  const double place[] = {(double)begin, (double)(begin + bytes_of(array))};
  cJSON *tensor = cJSON_AddObjectToObject(header, name), *offsets = cJSON_CreateDoubleArray(place, 2);
  if (tensor && offsets && cJSON_AddStringToObject(tensor, "dtype", "F64") && add_shape(tensor, array) &&
      cJSON_AddItemToObject(tensor, "data_offsets", offsets))
    return 1;
  cJSON_Delete(offsets);
  return 0;
}

static char *make_header(const writing *w) {
  cJSON *header = cJSON_CreateObject();
  uint64_t begin = 0;
  int made = header != NULL;
  for (size_t i = 0; made && i < w->count; i++) {
    made = add_tensor(header, w->names[i], &w->arrays[i], begin);
    begin += bytes_of(&w->arrays[i]);
  }
  char *text = made ? cJSON_PrintUnformatted(header) : NULL;
  cJSON_Delete(header);
  return text;
}

/* ---- the file ---- */

static umbra_status write_all(int file, void *argument) {
  static const char spaces[] = "       ";
  const writing *w = argument;
  const size_t length = strlen(w->header), padding = (8 - length % 8) % 8;
  const uint64_t whole = length + padding;
  UMBRA_TRY(umbra_storage_write(file, &whole, sizeof whole));
  UMBRA_TRY(umbra_storage_write(file, w->header, length));
  UMBRA_TRY(umbra_storage_write(file, spaces, padding));
  for (size_t i = 0; i < w->count; i++)
    UMBRA_TRY(umbra_storage_write(file, w->arrays[i].values, bytes_of(&w->arrays[i])));
  return UMBRA_OK;
}

static umbra_status check_tensor(const writing *w, size_t i) {
  const umbra_ndarray *array = &w->arrays[i];
  if (!w->names[i] || !array->values || array->rank < 1 || array->rank > UMBRA_NDARRAY_RANK ||
      !umbra_ndarray_count(array))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "tensor %zu has no name, no values or no shape", i);
  for (size_t k = 0; k < i; k++)
    if (strcmp(w->names[k], w->names[i]) == 0)
      return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "two tensors are called '%s'", w->names[i]);
  for (size_t k = 0; k < umbra_ndarray_count(array); k++)
    if (!isfinite(array->values[k]))
      return umbra_fail(UMBRA_ERROR_RANGE, "value %zu of '%s' is not finite", k, w->names[i]);
  return UMBRA_OK;
}

umbra_status umbra_tensors_save(const char *path, const char *const *names, const umbra_ndarray *arrays, size_t count) {
  if (!path || !names || !arrays || !count)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "saving tensors needs a path, names and arrays");
  writing w = {names, arrays, count, NULL};
  for (size_t i = 0; i < count; i++) UMBRA_TRY(check_tensor(&w, i));
  w.header = make_header(&w);
  if (!w.header) return umbra_fail(UMBRA_ERROR_OUT_OF_MEMORY, "no memory for the header of a file");
  umbra_status status = umbra_storage_replace(path, 0, write_all, &w);
  cJSON_free(w.header);
  return status;
}
