/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "bench.h"

umbra_params *bench_params(const bench_setting *setting) {
  umbra_params *params = NULL;
  if (umbra_params_from_preset(&params, setting->params) == UMBRA_OK) return params;
  umbra_params_need need = {UMBRA_PARAMS_NEED_INIT};
  char rest;
  if (sscanf(setting->params, "n%u-d%u-s%u%c", &need.log_n, &need.depth, &need.scale_bits, &rest) != 3) return NULL;
  return umbra_params_from_need(&params, &need) == UMBRA_OK ? params : NULL;
}
