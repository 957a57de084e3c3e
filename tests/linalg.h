/* SPDX-License-Identifier: Apache-2.0 */
/* For the tests of matrices: their elements. */
#ifndef UMBRA_TESTS_LINALG_H
#define UMBRA_TESTS_LINALG_H

#include "scheme.h"

/* In [-1, 1); free them. */
static inline double *random_values(uint64_t *random, size_t count) {
  double *values = malloc(count * sizeof *values);
  assert_non_null(values);
  for (size_t i = 0; i < count; i++) values[i] = uniform(random);
  return values;
}

#endif
