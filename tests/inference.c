/* SPDX-License-Identifier: Apache-2.0 */
/* labels: full */
/* Networks on encrypted records against the same networks in the clear. */
#include "inference_models.h"

enum { INPUTS = 20, SAMPLES = 200 };

static umbra_inference_plan *plan_of(const umbra_model *model, const umbra_ndarray *samples,
                                     const umbra_inference_options *options) {
  umbra_inference_plan *plan = NULL;
  size_t size = 0;
  assert_ok(umbra_inference_plan_create(&plan, model, samples, options, NULL));
  assert_ok(umbra_inference_plan_explain(plan, NULL, &size));
  char *text = malloc(size);
  assert_ok(umbra_inference_plan_explain(plan, text, &size));
  print_message("%s", text);
  free(text);
  return plan;
}

/* Within the error that the plan was made for, which its bound covers. */
static void check_results(const umbra_model *model, const umbra_inference_plan *plan, const umbra_ndarray *records,
                          const umbra_ndarray *found) {
  umbra_inference_report report = {UMBRA_INFERENCE_REPORT_INIT};
  umbra_ndarray expected = {0};
  assert_ok(umbra_inference_plan_report(plan, &report));
  assert_ok(umbra_model_run(model, &expected, records, 0, NULL));
  const double distance = largest_distance(&expected, found);
  print_message("error %.3g; planned %.3g, largest %.3g\n", distance, report.error, report.largest);
  assert_true(distance <= report.error && report.error <= 0x1p-6);
  umbra_ndarray_clear(&expected);
}

static void run_encrypted(const umbra_model *model, const umbra_inference_plan *plan, const umbra_ndarray *records,
                          const char *device) {
  service s;
  umbra_ndarray found = {0};
  service_open(&s, plan, device);
  umbra_matrix *batch = encrypt_records(&s, plan, records);
  assert_ok(umbra_inference_run(s.evaluator, &batch, batch, s.network));
  assert_ok(umbra_inference_decrypt(&found, plan, batch, s.secret, NULL));
  check_results(model, plan, records, &found);
  umbra_ndarray_clear(&found);
  umbra_matrix_destroy(batch);
  service_close(&s);
}

static void run_model(umbra_model *model, size_t inputs, size_t records, const umbra_inference_options *options) {
  umbra_ndarray samples = random_records(1, SAMPLES, inputs), later = random_records(2, records, inputs);
  umbra_inference_plan *plan = plan_of(model, &samples, options);
  run_encrypted(model, plan, &later, NULL);
  umbra_inference_plan_destroy(plan);
  umbra_ndarray_clear(&samples);
  umbra_ndarray_clear(&later);
  umbra_model_destroy(model);
}

static void one_record(void **state) {
  (void)state;
  run_model(square_model(INPUTS, 16, 4), INPUTS, 1, NULL);
  run_model(deep_model(INPUTS, 16, 8, 3), INPUTS, 1, NULL);
}

static void several_records(void **state) {
  (void)state;
  umbra_inference_options options = {UMBRA_INFERENCE_OPTIONS_INIT};
  options.records = 5;
  run_model(square_model(INPUTS, 16, 4), INPUTS, 5, &options);
}

static void many_records(void **state) {
  (void)state;
  umbra_inference_options options = {UMBRA_INFERENCE_OPTIONS_INIT, .symmetric = 1};
  options.records = 5000;
  run_model(square_model(INPUTS, 16, 4), INPUTS, 5000, &options);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_record),
      cmocka_unit_test(several_records),
      cmocka_unit_test(many_records),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
