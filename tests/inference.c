/* SPDX-License-Identifier: Apache-2.0 */
/* labels: full */
/* Networks on encrypted records against the same networks in the clear, in all layouts. */
#include "inference_models.h"

enum { INPUTS = 20, SAMPLES = 200 };

/* Takes the model. */
static void run_model(umbra_model *model, size_t inputs, size_t records, const umbra_inference_options *options) {
  umbra_ndarray samples = random_records(1, SAMPLES, inputs), later = random_records(2, records, inputs);
  umbra_inference_plan *plan = NULL;
  assert_ok(umbra_inference_plan_create(&plan, model, &samples, options, NULL));
  check_against_model(model, plan, &later, infer_encrypted(plan, plan, &later));
  check_against_model(model, plan, &later, infer_simulated(plan, &later));
  umbra_inference_plan_destroy(plan);
  umbra_ndarray_clear(&samples);
  umbra_ndarray_clear(&later);
  umbra_model_destroy(model);
}

/* ---- layouts ---- */

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
  run_model(square_model(INPUTS, 16, 4), INPUTS, 11, &options); /* more than planned, in further ciphertexts */
}

/* More than the ring has slots; with keyless levels, and without. */
static void many_records(void **state) {
  (void)state;
  umbra_inference_options options = {UMBRA_INFERENCE_OPTIONS_INIT};
  options.records = 5000;
  run_model(square_model(INPUTS, 16, 4), INPUTS, 5000, &options);
  options.symmetric = 1;
  run_model(square_model(INPUTS, 16, 4), INPUTS, 5000, &options);
}

/* An eighth of a ciphertext's slots and more: elements are copied into all of them, layer after layer. */
static void some_records(void **state) {
  (void)state;
  umbra_inference_options options = {UMBRA_INFERENCE_OPTIONS_INIT};
  umbra_inference_report report = {UMBRA_INFERENCE_REPORT_INIT};
  umbra_inference_plan *plan = NULL, *loaded = NULL;
  size_t size = 0;
  umbra_ndarray samples = random_records(1, SAMPLES, INPUTS), later = random_records(2, 1100, INPUTS);
  umbra_model *model = deep_model(INPUTS, 16, 9, 3);
  options.records = 1100;
  assert_ok(umbra_inference_plan_create(&plan, model, &samples, &options, NULL));
  assert_ok(umbra_inference_plan_write(plan, NULL, &size));
  void *bytes = malloc(size);
  assert_non_null(bytes);
  assert_ok(umbra_inference_plan_write(plan, bytes, &size));
  assert_ok(umbra_inference_plan_read(&loaded, bytes, size));
  assert_ok(umbra_inference_plan_report(loaded, &report));
  assert_int_equal(report.ciphertexts, INPUTS);
  assert_true(report.stride == 2048 && report.slots > report.stride);
  check_against_model(model, loaded, &later, infer_encrypted(loaded, loaded, &later));
  check_against_model(model, plan, &later, infer_simulated(plan, &later));
  umbra_inference_plan_destroy(plan);
  umbra_inference_plan_destroy(loaded);
  umbra_ndarray_clear(&samples);
  umbra_ndarray_clear(&later);
  umbra_model_destroy(model);
  free(bytes);
}

/* Of which no ciphertext holds all. */
static void wide_records(void **state) {
  (void)state;
  umbra_inference_options options = {UMBRA_INFERENCE_OPTIONS_INIT};
  options.records = 500;
  run_model(square_model(70, 40, 4), 70, 500, &options);
}

/* ---- graphs ---- */

/* A value goes around a layer and is added, then stands beside another: values of three levels meet in the last layer. */
static umbra_model *residual_model(void) {
  const double coefficients[] = {0.5, 1, -0.25, 0.125, 0.0625, -0.125}, on[] = {-100, 100};
  uint64_t state = 3;
  uint32_t second = 0;
  umbra_model *model = new_model(INPUTS);
  const uint32_t first = add_square(model, add_dense(model, &state, 0, INPUTS, 12));
  const uint32_t around = combine_nodes(model, UMBRA_NODE_ADD, first, add_dense(model, &state, first, 12, 12));
  assert_ok(umbra_model_chebyshev(model, &second, around, coefficients, 6, on));
  const uint32_t beside = combine_nodes(model, UMBRA_NODE_CONCAT, second, first);
  const uint32_t last = add_dense(model, &state, beside, 24, 3);
  assert_ok(umbra_model_output(model, "y", last, NULL, 0, NULL));
  return model;
}

/* Polynomials of each other, of the input itself, and one with a straight part; one value for two of them. */
static umbra_model *polynomial_model(void) {
  const double line_and_square[] = {0.5, -1, 0.75}, cubic[] = {0.25, 0.5, -0.125, 0.0625}, on[] = {-3, 9};
  uint64_t state = 4;
  umbra_model *model = new_model(INPUTS);
  uint32_t first = 0, second = 0, third = 0;
  assert_ok(umbra_model_polynomial(model, &first, 0, line_and_square, 3));
  assert_ok(umbra_model_polynomial(model, &second, first, cubic, 4));
  assert_ok(umbra_model_chebyshev(model, &third, first, cubic, 4, on));
  const uint32_t sum = combine_nodes(model, UMBRA_NODE_ADD, second, third);
  assert_ok(umbra_model_output(model, "y", add_dense(model, &state, sum, INPUTS, 3), NULL, 0, NULL));
  return model;
}

/* A convolution with a stride and zeros around, a pool, moved and scaled elements: linear parts in one matrix each. */
static umbra_model *image_model(void) {
  const size_t shape[] = {1, 8, 8};
  const double scale[] = {0.5}, shift[] = {0.25};
  int32_t source[12];
  uint64_t state = 5;
  uint32_t node = 0;
  umbra_model *model = NULL;
  umbra_model_window window = {UMBRA_MODEL_WINDOW_INIT};
  double *kernel = random_numbers(&state, 3 * 9, 0.5), *bias = random_numbers(&state, 3, 0.5);
  window.kernel[0] = window.kernel[1] = 3;
  window.stride[0] = window.stride[1] = 2;
  window.before[0] = window.after[1] = 1;
  window.channels = 3;
  assert_ok(umbra_model_create(&model, shape, 3));
  assert_ok(umbra_model_conv2d(model, &node, node, kernel, bias, &window));
  node = add_square(model, node);
  assert_ok(umbra_model_apply(model, &node, UMBRA_NODE_GLOBAL_POOL, &node, 1));
  assert_ok(umbra_model_scale_shift(model, &node, node, scale, shift, 1));
  for (int i = 0; i < 12; i++) source[i] = i % 4 - 1; /* with zeros */
  assert_ok(umbra_model_select(model, &node, node, source, 12));
  assert_ok(umbra_model_output(model, "y", add_dense(model, &state, node, 12, 3), NULL, 0, NULL));
  free(kernel);
  free(bias);
  return model;
}

/* A value of one element, which lies otherwise than several in a ciphertext, beside such. */
static umbra_model *scalar_model(void) {
  uint64_t state = 10;
  umbra_model *model = new_model(INPUTS);
  const uint32_t one = add_square(model, add_dense(model, &state, 0, INPUTS, 1));
  const uint32_t several = add_square(model, add_dense(model, &state, 0, INPUTS, 6));
  const uint32_t beside = combine_nodes(model, UMBRA_NODE_CONCAT, one, several);
  assert_ok(umbra_model_output(model, "y", add_dense(model, &state, beside, 7, 3), NULL, 0, NULL));
  return model;
}

static void graphs(void **state) {
  (void)state;
  umbra_inference_options many = {UMBRA_INFERENCE_OPTIONS_INIT};
  many.records = 3000;
  run_model(residual_model(), INPUTS, 1, NULL);
  run_model(residual_model(), INPUTS, 3000, &many);
  run_model(polynomial_model(), INPUTS, 1, NULL);
  run_model(scalar_model(), INPUTS, 1, NULL);
  run_model(image_model(), 64, 2, NULL);
  run_model(image_model(), 64, 3000, &many);
}

/* By polynomials, and by a composite sign: on the samples themselves the plan's two errors add up. */
static void check_relu(const umbra_approximation_options *by) {
  umbra_inference_options options = {UMBRA_INFERENCE_OPTIONS_INIT, .approximation = by};
  umbra_ndarray samples = random_records(1, SAMPLES, INPUTS), expected = {0}, found = {0};
  umbra_inference_report report = {UMBRA_INFERENCE_REPORT_INIT};
  umbra_inference_plan *plan = NULL;
  umbra_model *model = relu_model(INPUTS);
  assert_ok(umbra_inference_plan_create(&plan, model, &samples, &options, NULL));
  assert_ok(umbra_inference_plan_report(plan, &report));
  assert_ok(umbra_model_run(model, &expected, &samples, 0, NULL));
  assert_ok(umbra_inference_simulate(&found, plan, &samples, NULL, NULL));
  const double distance = largest_distance(&expected, &found);
  print_message("depth %u: error %.3g, planned %.3g and %.3g\n", report.depth, distance, report.approximation_error,
                report.error);
  assert_true(distance <= report.approximation_error + report.error);
  assert_true(distance >= report.approximation_error - report.error && report.approximation_error > 0);
  umbra_ndarray_clear(&samples);
  umbra_ndarray_clear(&expected);
  umbra_ndarray_clear(&found);
  umbra_inference_plan_destroy(plan);
  umbra_model_destroy(model);
}

static void activations(void **state) {
  (void)state;
  const uint32_t signs[] = {7, 7, 15};
  umbra_approximation_options by = {UMBRA_APPROXIMATION_OPTIONS_INIT};
  by.degree = 7;
  check_relu(&by);
  by.degree = 0;
  by.sign_degrees = signs;
  by.sign_count = 3;
  check_relu(&by);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_record),   cmocka_unit_test(several_records), cmocka_unit_test(many_records),
      cmocka_unit_test(some_records), cmocka_unit_test(wide_records),    cmocka_unit_test(graphs),
      cmocka_unit_test(activations),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
