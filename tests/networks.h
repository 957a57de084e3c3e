/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of models share: checks of statuses, and small networks with random weights and records. */
#ifndef UMBRA_TESTS_NETWORKS_H
#define UMBRA_TESTS_NETWORKS_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <umbra/umbra.h>

#define assert_ok(call)                                                                            \
  do {                                                                                             \
    umbra_status status_ = (call);                                                                 \
    if (status_ != UMBRA_OK) fail_msg("%s: %s", umbra_status_string(status_), umbra_last_error()); \
  } while (0)

#define assert_refused(expected, text, call)                                                           \
  do {                                                                                                 \
    umbra_status status_ = (call);                                                                     \
    if (status_ != (expected) || !strstr(umbra_last_error(), (text)))                                  \
      fail_msg("%s: %s; expected ...%s...", umbra_status_string(status_), umbra_last_error(), (text)); \
  } while (0)

/* Numbers in [-1, 1): the same in each run. */
static inline void random_numbers(double *numbers, size_t count, uint64_t seed) {
  for (size_t i = 0; i < count; i++) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    numbers[i] = (double)(int64_t)(seed ^ (seed << 17)) * 0x1p-63;
  }
}

/* (count, width) numbers within `size`. The values are to be freed by umbra_ndarray_clear. */
static inline umbra_ndarray random_batch(size_t count, size_t width, double size, uint64_t seed) {
  umbra_ndarray made = {2, {count, width}, malloc(count * width * sizeof(double))};
  assert_non_null(made.values);
  random_numbers(made.values, count * width, seed);
  for (size_t i = 0; i < count * width; i++) made.values[i] *= size;
  return made;
}

static inline uint32_t random_dense(umbra_model *model, uint32_t input, size_t inputs, size_t outputs, uint64_t seed) {
  uint32_t node;
  umbra_ndarray weights = random_batch(outputs, inputs, 1, seed), bias = random_batch(1, outputs, 0.5, seed + 1);
  assert_ok(umbra_model_dense(model, &node, input, outputs, weights.values, bias.values));
  umbra_ndarray_clear(&weights);
  umbra_ndarray_clear(&bias);
  return node;
}

#endif
