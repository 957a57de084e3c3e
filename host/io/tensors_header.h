/* SPDX-License-Identifier: Apache-2.0 */
/* The header of safetensors files: which tensors there are, of what kind and shape, and where their bytes lie. */
#ifndef UMBRA_IO_TENSORS_HEADER_H
#define UMBRA_IO_TENSORS_HEADER_H

#include <umbra/ndarray.h>

#include "number.h"

/* Kinds of elements that the format knows. */
typedef struct umbra_tensor_type {
  const char *name;
  umbra_number number; /* NONE: no numbers, or none that doubles are read from */
  size_t bytes;
} umbra_tensor_type;

typedef struct umbra_tensor {
  const char *name; /* in the header's memory */
  const umbra_tensor_type *type;
  size_t rank, shape[UMBRA_NDARRAY_RANK], count;
  uint64_t begin, end; /* in the bytes behind the header */
} umbra_tensor;

/* Zero-initialise; free with umbra_tensors_header_clear. */
typedef struct umbra_tensors_header {
  struct cJSON *json;
  umbra_tensor *tensors; /* in the order of their names */
  size_t count;
} umbra_tensors_header;

/* From `size` bytes of JSON, in front of `bytes` bytes of values. *header is set on success only. */
umbra_status umbra_tensors_header_parse(umbra_tensors_header *header, const char *text, size_t size, uint64_t bytes,
                                        const char *path);
void umbra_tensors_header_clear(umbra_tensors_header *header);

#endif
