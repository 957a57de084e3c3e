/* SPDX-License-Identifier: Apache-2.0 */
/* Safetensors files: the length of a header in eight bytes, the header, and the values. */
#include <stdlib.h>
#include <string.h>
#include <umbra/tensors.h>
#include <unistd.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "storage.h"
#include "tensors_header.h"

enum { PREFIX = 8, MOST_HEADER = 1 << 24 };

struct umbra_tensors {
  int file;
  char *path;
  uint64_t start; /* of the values */
  umbra_tensors_header header;
};

/* ---- opening ---- */

static umbra_status parse_header(umbra_tensors *made, size_t length, uint64_t bytes) {
  char *text = NULL;
  UMBRA_TRY(umbra_alloc(&text, length + 1, 1, "the header of a file"));
  umbra_status status = umbra_storage_read_at(made->file, text, length, PREFIX, made->path);
  if (status == UMBRA_OK)
    status = umbra_tensors_header_parse(&made->header, text, length, bytes - made->start, made->path);
  umbra_free(text);
  return status;
}

static umbra_status read_header(umbra_tensors *made, uint64_t bytes) {
  uint8_t prefix[PREFIX];
  uint64_t length;
  if (bytes < PREFIX) return umbra_fail(UMBRA_ERROR_FORMAT, "'%s' is too short for a safetensors file", made->path);
  UMBRA_TRY(umbra_storage_read_at(made->file, prefix, PREFIX, 0, made->path));
  memcpy(&length, prefix, sizeof length);
  if (length > bytes - PREFIX || length > MOST_HEADER)
    return umbra_fail(UMBRA_ERROR_FORMAT, "the header claims %llu bytes (in %s)", (unsigned long long)length,
                      made->path);
  made->start = PREFIX + length;
  return parse_header(made, (size_t)length, bytes);
}

static umbra_status open_file(umbra_tensors *made, const char *path) {
  uint64_t bytes;
  UMBRA_TRY(umbra_alloc(&made->path, strlen(path) + 1, 1, "a path"));
  strcpy(made->path, path);
  UMBRA_TRY(umbra_storage_open(&made->file, &bytes, path));
  return read_header(made, bytes);
}

umbra_status umbra_tensors_open(umbra_tensors **tensors, const char *path) {
  if (!tensors || !path) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s is NULL", tensors ? "path" : "tensors");
  umbra_tensors *made = NULL;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "tensors"));
  made->file = -1;
  umbra_status status = open_file(made, path);
  if (status == UMBRA_OK) UMBRA_PUT(tensors, tensors, made);
  else umbra_tensors_destroy(made);
  return status;
}

void umbra_tensors_destroy(umbra_tensors *tensors) {
  if (!tensors) return;
  if (tensors->file >= 0) close(tensors->file);
  umbra_tensors_header_clear(&tensors->header);
  umbra_free(tensors->path);
  umbra_free(tensors);
}

/* ---- looking and reading ---- */

size_t umbra_tensors_count(const umbra_tensors *tensors) { return tensors->header.count; }

const char *umbra_tensors_name(const umbra_tensors *tensors, size_t index) {
  return index < tensors->header.count ? tensors->header.tensors[index].name : NULL;
}

static int compare_name(const void *name, const void *tensor) {
  return strcmp(name, ((const umbra_tensor *)tensor)->name);
}

static umbra_status find(const umbra_tensor **found, const umbra_tensors *tensors, const char *name) {
  if (!tensors || !name) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s is NULL", tensors ? "name" : "tensors");
  const umbra_tensors_header *h = &tensors->header;
  *found = bsearch(name, h->tensors, h->count, sizeof *h->tensors, compare_name);
  if (*found) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "there is no tensor '%.64s' among the %zu (in %s)", name, h->count,
                    tensors->path);
}

umbra_status umbra_tensors_shape(const umbra_tensors *tensors, size_t *shape, size_t *rank, const char **type,
                                 const char *name) {
  const umbra_tensor *t;
  if (!shape || !rank) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s is NULL", shape ? "rank" : "shape");
  UMBRA_TRY(find(&t, tensors, name));
  memcpy(shape, t->shape, sizeof t->shape);
  *rank = t->rank;
  if (type) *type = t->type->name;
  return UMBRA_OK;
}

static umbra_status read_values(umbra_ndarray *made, const umbra_tensors *tensors, const umbra_tensor *t) {
  made->rank = t->rank ? t->rank : 1;
  memcpy(made->shape, t->shape, sizeof made->shape);
  if (!t->rank) made->shape[0] = 1;
  UMBRA_TRY(umbra_alloc(&made->values, t->count, sizeof *made->values, "a tensor"));
  const size_t columns = made->rank == 1 ? 1 : t->count / made->shape[0];
  const umbra_numbers numbers = {.file = tensors->file,
                                 .path = tensors->path,
                                 .offset = tensors->start + t->begin,
                                 .number = t->type->number,
                                 .count = t->count,
                                 .columns = columns};
  return umbra_numbers_read(made->values, &numbers);
}

umbra_status umbra_tensors_read(const umbra_tensors *tensors, umbra_ndarray *array, const char *name) {
  const umbra_tensor *t;
  umbra_ndarray made = {0};
  if (!array) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "array is NULL");
  UMBRA_TRY(find(&t, tensors, name));
  if (t->type->number == UMBRA_NUMBER_NONE || !t->count)
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "tensor '%.64s' has %zu elements of type %s (in %s)", name, t->count,
                      t->type->name, tensors->path);
  umbra_status status = read_values(&made, tensors, t);
  if (status == UMBRA_OK) umbra_ndarray_clear(array);
  else umbra_ndarray_clear(&made);
  if (status == UMBRA_OK) *array = made;
  return status;
}
