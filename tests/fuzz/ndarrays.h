/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold of an npy file that is read: for a test and a fuzz target. */
#ifndef UMBRA_TESTS_FUZZ_NDARRAYS_H
#define UMBRA_TESTS_FUZZ_NDARRAYS_H

#include <math.h>
#include <umbra/ndarray.h>

#include "tests/mutations.h"

enum { ROOM = 1024 };

/* Whether it is read. */
static int check(unsigned long i, const char *path) {
  umbra_ndarray array = {0};
  const umbra_status status = umbra_ndarray_read(&array, path);
  if (status != UMBRA_OK) {
    if (array.values || array.rank || !*umbra_last_error() ||
        (status != UMBRA_ERROR_FORMAT && status != UMBRA_ERROR_RANGE))
      fail_msg("mutation %lu: %s: %s", i, umbra_status_string(status), umbra_last_error());
    return 0;
  }
  const size_t count = umbra_ndarray_count(&array);
  if (array.rank > UMBRA_NDARRAY_RANK || !count || count > ROOM) fail_msg("mutation %lu: shape", i);
  for (size_t k = 0; k < count; k++)
    if (!isfinite(array.values[k])) fail_msg("mutation %lu: not finite", i);
  umbra_ndarray_clear(&array);
  return 1;
}

#endif
