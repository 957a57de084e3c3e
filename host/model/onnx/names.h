/* SPDX-License-Identifier: Apache-2.0 */
/* The names of a graph and their values. */
#ifndef UMBRA_MODEL_ONNX_NAMES_H
#define UMBRA_MODEL_ONNX_NAMES_H

#include "value.h"

typedef struct umbra_onnx_named {
  const char *name; /* NULL: free */
  umbra_onnx_value value;
} umbra_onnx_named;

/* Values stay where they are until the table is cleared. */
typedef struct umbra_onnx_names {
  umbra_onnx_named *slots;
  size_t room;     /* a power of two, at least twice the names */
  uint8_t key[16]; /* drawn anew, so that no file can choose names that meet */
} umbra_onnx_names;

/* For so many names, which must outlive the table. */
umbra_status umbra_onnx_names_open(umbra_onnx_names *names, size_t most);
void umbra_onnx_names_close(umbra_onnx_names *names);

/* NULL: there is none. */
umbra_onnx_value *umbra_onnx_names_find(const umbra_onnx_names *names, const char *name);

/* Adds a name and takes what is in *value. Errors: FORMAT, if the name is there or empty; *value is cleared then. */
umbra_status umbra_onnx_names_add(umbra_onnx_names *names, const char *name, umbra_onnx_value *value);

#endif
