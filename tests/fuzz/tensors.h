/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold of a safetensors file that is read: for a test and a fuzz target. */
#ifndef UMBRA_TESTS_FUZZ_TENSORS_H
#define UMBRA_TESTS_FUZZ_TENSORS_H

#include <math.h>
#include <umbra/tensors.h>

#include "tests/mutations.h"

enum { ROOM = 1024 };

static void check_tensor(unsigned long i, const umbra_tensors *tensors, const char *name) {
  umbra_ndarray array = {0};
  umbra_status status = umbra_tensors_read(tensors, &array, name);
  if (status != UMBRA_OK && (array.values || (status != UMBRA_ERROR_RANGE && status != UMBRA_ERROR_UNSUPPORTED)))
    fail_msg("mutation %lu: %s: %s", i, umbra_status_string(status), umbra_last_error());
  const size_t count = umbra_ndarray_count(&array);
  if ((status == UMBRA_OK && !count) || count > ROOM) fail_msg("mutation %lu: shape", i);
  for (size_t k = 0; k < count; k++)
    if (!isfinite(array.values[k])) fail_msg("mutation %lu: not finite", i);
  umbra_ndarray_clear(&array);
}

static int check(unsigned long i, const char *path) {
  umbra_tensors *tensors = NULL;
  umbra_status status = umbra_tensors_open(&tensors, path);
  if (status != UMBRA_OK) {
    if (tensors || !*umbra_last_error() || status != UMBRA_ERROR_FORMAT)
      fail_msg("mutation %lu: %s: %s", i, umbra_status_string(status), umbra_last_error());
    return 0;
  }
  for (size_t k = 0; k < umbra_tensors_count(tensors); k++) check_tensor(i, tensors, umbra_tensors_name(tensors, k));
  umbra_tensors_destroy(tensors);
  return 1;
}

#endif
