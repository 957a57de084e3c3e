/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../host/base/error.h"
#include "bench.h"

umbra_status bench_no_memory(void) { return umbra_fail(UMBRA_ERROR_OUT_OF_MEMORY, "out of memory"); }

umbra_params *bench_params(const bench_setting *setting) {
  umbra_params *params = NULL;
  if (umbra_params_from_preset(&params, setting->params) == UMBRA_OK) return params;
  const umbra_bootstrap_shape shape = {UMBRA_BOOTSTRAP_SHAPE_INIT};
  umbra_params_need need = {UMBRA_PARAMS_NEED_INIT};
  char rest[8] = "";
  if (sscanf(setting->params, "n%u-d%u-s%u%7s", &need.log_n, &need.depth, &need.scale_bits, rest) < 3) return NULL;
  if (strcmp(rest, "-boot") == 0) {
    need.flags = UMBRA_INSECURE_FOR_TESTS;
    need.bootstrap = &shape;
  } else if (*rest) {
    return NULL;
  }
  return umbra_params_from_need(&params, &need) == UMBRA_OK ? params : NULL;
}

double bench_point(size_t j, double step) {
  const double turns = (double)(j + 1) * step;
  return 2 * (turns - floor(turns)) - 1;
}
