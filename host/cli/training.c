/* SPDX-License-Identifier: Apache-2.0 */
#include "training.h"

#include <stdlib.h>

#include "progress.h"

bool cli_plan_load(umbra_train_plan **plan, const char *option, const char *path) {
  return cli_check(umbra_train_plan_load(plan, path), option) && cli_params_secure(umbra_train_plan_params(*plan));
}

bool cli_scaling_load(umbra_scaling **scaling, const char *path, const umbra_train_plan *plan) {
  return !path || (cli_check(umbra_scaling_load(scaling, path), "--scaling") &&
                   (!plan || cli_check(umbra_train_plan_check_scaling(plan, *scaling), "--scaling")));
}

const umbra_schema *cli_schema_of(const umbra_scaling *scaling) {
  return scaling ? umbra_scaling_schema(scaling) : NULL;
}

bool cli_records_scale(umbra_records **records, const char *option, const umbra_scaling *scaling) {
  umbra_records *scaled = NULL;
  if (!scaling) return true;
  if (!cli_check(umbra_scaling_apply(scaling, &scaled, *records), option)) return false;
  umbra_records_destroy(*records);
  *records = scaled;
  return true;
}

bool cli_weights_load(umbra_table *weights, const char *option, const char *path, size_t columns) {
  if (!cli_check(umbra_table_read(weights, path), option)) return false;
  const size_t rows = weights->rows, width = weights->columns;
  return ((rows == 1 || width == 1) && rows * width == columns + 1) ||
         cli_error("%s: %s has %zu rows of %zu values; one row or one column of %zu weights, with the bias as its "
                   "last value, is expected",
                   option, path, rows, width, columns + 1);
}

uint32_t cli_plan_refreshes(const umbra_train_plan *plan, uint32_t iterations) {
  uint32_t refreshes = 0;
  for (uint32_t i = 0; i < iterations; i++) {
    umbra_train_iteration iteration = {UMBRA_TRAIN_ITERATION_INIT};
    if (umbra_train_plan_iteration(plan, &iteration, i) == UMBRA_OK && iteration.bootstrap) refreshes++;
  }
  return refreshes;
}

bool cli_twin_run(cli_twin *twin, const umbra_train_plan *plan, const umbra_records *records,
                  const umbra_twin_options *options) {
  umbra_train_options planned = {UMBRA_TRAIN_OPTIONS_INIT};
  if (!cli_check(umbra_train_plan_options(plan, &planned), NULL)) return false;
  twin->iterations = planned.iterations;
  twin->weights = calloc(planned.columns + (size_t)1, sizeof *twin->weights);
  twin->trace = calloc(planned.iterations, sizeof *twin->trace);
  if (!twin->weights || !twin->trace) return cli_error("out of memory");
  for (uint32_t i = 0; i < twin->iterations; i++) umbra_train_outcome_init(&twin->trace[i]);
  cli_progress bar;
  const umbra_progress progress = cli_progress_open(&bar, "training in the clear");
  return cli_progress_check(
      &bar, umbra_train_twin(twin->weights, twin->trace, twin->iterations, plan, records, options, &progress), NULL);
}

void cli_twin_clear(cli_twin *twin) {
  free(twin->weights);
  free(twin->trace);
  *twin = (cli_twin){0};
}
