/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Plans that know that they fail are refused, with the member to change: of refreshes, and of trainings by their errors. */
#include "train.h"

static umbra_params *params_of(uint32_t scale_bits, uint32_t depth, umbra_bootstrap_shape shape) {
  return boot_twin(11, scale_bits, depth, shape);
}

/* Takes the params over. */
static void refused(umbra_params *params, double bound, uint32_t rounds, const char *words) {
  umbra_bootstrap_plan *plan = NULL;
  umbra_bootstrap_options options = {UMBRA_BOOTSTRAP_OPTIONS_INIT};
  options.bound = bound;
  options.rounds = rounds;
  assert_fails(umbra_bootstrap_plan_create(&plan, params, &options), UMBRA_ERROR_UNSUPPORTED, words);
  assert_null(plan);
  umbra_params_destroy(params);
}

/* Takes the params over. */
static umbra_bootstrap_report taken(umbra_params *params, double bound, uint32_t rounds) {
  umbra_bootstrap_plan *plan = NULL;
  umbra_bootstrap_report report = {UMBRA_BOOTSTRAP_REPORT_INIT};
  umbra_bootstrap_options options = {UMBRA_BOOTSTRAP_OPTIONS_INIT};
  options.bound = bound;
  options.rounds = rounds;
  assert_ok(umbra_bootstrap_plan_create(&plan, params, &options));
  assert_ok(umbra_bootstrap_plan_report(plan, &report));
  umbra_bootstrap_plan_destroy(plan);
  umbra_params_destroy(params);
  return report;
}

static void refreshes_that_fail_often(void **state) {
  (void)state;
  umbra_bootstrap_shape shape = {UMBRA_BOOTSTRAP_SHAPE_INIT};
  shape.degree = 20;
  shape.overflow = 8;
  refused(params_of(40, 4, shape), 1, 1, "overflow of the parameters' bootstrap is 8, and must be larger");
  shape.overflow = 12;
  assert_true(taken(params_of(40, 4, shape), 1, 1).log2_range_failure <= -30);
}

static void refreshes_that_are_off(void **state) {
  (void)state;
  umbra_bootstrap_shape shape = {UMBRA_BOOTSTRAP_SHAPE_INIT};
  refused(params_of(25, 4, shape), 0x1p-12, 1, "take a larger bound, or larger scale_bits");
  assert_true(taken(params_of(25, 4, shape), 0x1p-8, 1).worst_error <= 0.5);
  assert_true(taken(params_of(40, 4, shape), 0x1p-12, 1).worst_error <= 0.5);
  shape.degree = 10;
  refused(params_of(40, 4, shape), 1, 1, "take a larger degree, or more double_angles");
}

static void second_rounds_that_lose(void **state) {
  (void)state;
  const umbra_bootstrap_shape shape = {UMBRA_BOOTSTRAP_SHAPE_INIT};
  refused(params_of(40, 4, shape), 0x1p-12, 2, "the second one would lose precision");
  refused(params_of(25, 4, shape), 1, 2, "the second one would lose precision");
  assert_true(taken(params_of(40, 4, shape), 1, 2).error < taken(params_of(40, 4, shape), 1, 1).error);
}

/* ---- trainings ---- */

static umbra_status plan_training(umbra_train_report *report, uint32_t scale_bits, double bound, uint32_t iterations) {
  umbra_train_plan *plan = NULL;
  umbra_params *params = params_of(scale_bits, 14, (umbra_bootstrap_shape){UMBRA_BOOTSTRAP_SHAPE_INIT});
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT};
  options.rows = 100;
  options.columns = 4;
  options.iterations = iterations;
  options.bound = bound;
  const umbra_status status = umbra_train_plan_create(&plan, params, &options);
  if (status == UMBRA_OK) assert_ok(umbra_train_plan_report(plan, report));
  umbra_train_plan_destroy(plan);
  umbra_params_destroy(params);
  return status;
}

static void weights_that_are_errors(void **state) {
  (void)state;
  umbra_train_report report = {UMBRA_TRAIN_REPORT_INIT};
  assert_fails(plan_training(&report, 25, 0x1p-7, 100), UMBRA_ERROR_UNSUPPORTED,
               "the error of the weights is expected");
  assert_ok(plan_training(&report, 25, 0x1p-7, 10));
  assert_true(report.weight_error <= 0x1p-7);
  assert_ok(plan_training(&report, 40, 0x1p-7, 100));
  assert_true(report.weight_error <= 0x1p-7);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(refreshes_that_fail_often), cmocka_unit_test(refreshes_that_are_off),
      cmocka_unit_test(second_rounds_that_lose), cmocka_unit_test(weights_that_are_errors)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
