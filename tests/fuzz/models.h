/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold of an ONNX file that is imported: for a test and a fuzz target. */
#ifndef UMBRA_TESTS_FUZZ_MODELS_H
#define UMBRA_TESTS_FUZZ_MODELS_H

#include <math.h>

#include "host/model/graph.h"
#include "tests/mutations.h"

enum { RECORD = 75 };

/* Models that are small, since mistakes make large ones, too. */
static void compute(unsigned long i, const umbra_model *m) {
  static double values[RECORD];
  umbra_ndarray in = {2, {1, RECORD}, values}, out = {0};
  if (m->work > 1 << 22 || m->elements > 1 << 20) return;
  for (size_t k = 0; k < RECORD; k++) values[k] = (double)(k % 11) / 4 - 1;
  umbra_status status = umbra_model_run(m, &out, &in, 0, NULL);
  if (status != UMBRA_OK && status != UMBRA_ERROR_RANGE && status != UMBRA_ERROR_MISMATCH)
    fail_msg("mutation %lu: %s", i, umbra_last_error());
  for (size_t k = 0; k < umbra_ndarray_count(&out); k++) assert_true(isfinite(out.values[k]));
  umbra_ndarray_clear(&out);
}

/* Whether it is imported. */
static int check(unsigned long i, const char *path) {
  umbra_model *made = NULL;
  umbra_status status = umbra_model_import(&made, path);
  if (status == UMBRA_OK) {
    compute(i, made);
    umbra_model_destroy(made);
    return 1;
  }
  if (made || !*umbra_last_error() ||
      (status != UMBRA_ERROR_FORMAT && status != UMBRA_ERROR_UNSUPPORTED && status != UMBRA_ERROR_IO))
    fail_msg("mutation %lu: %s: %s", i, umbra_status_string(status), umbra_last_error());
  return 0;
}

#endif
