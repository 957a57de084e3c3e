/* SPDX-License-Identifier: Apache-2.0 */
/* labels: full */
/* Coarse plans of networks: samples of two kinds lead to the same bundles, and what is accepted is computed as well. */
#include "inference_models.h"

enum { INPUTS = 16, SAMPLES = 200 };

static const double margin = 1.6;

/* An image of 4 x 4, convolved and squared. */
static umbra_model *image_model(void) {
  const size_t shape[] = {1, 4, 4};
  uint64_t state = 5;
  uint32_t node = 0;
  umbra_model *model = NULL;
  umbra_model_window window = {UMBRA_MODEL_WINDOW_INIT};
  double *kernel = random_numbers(&state, 2 * 9, 0.5);
  window.kernel[0] = window.kernel[1] = 3;
  window.channels = 2;
  assert_ok(umbra_model_create(&model, shape, 3));
  assert_ok(umbra_model_conv2d(model, &node, node, kernel, NULL, &window));
  assert_ok(umbra_model_output(model, "y", add_dense(model, &state, add_square(model, node), 8, 3), NULL, 0, NULL));
  free(kernel);
  return model;
}

/* Of others: a little smaller, and in another order. */
static umbra_ndarray other_samples(const umbra_ndarray *samples) {
  umbra_ndarray made = random_records(9, SAMPLES, INPUTS);
  for (size_t i = 0; i < SAMPLES * INPUTS; i++)
    made.values[i] = 0.98 * samples->values[(SAMPLES - 1 - i / INPUTS) * INPUTS + i % INPUTS];
  return made;
}

static umbra_inference_plan *plan_of(const umbra_model *model, const umbra_ndarray *samples,
                                     const umbra_inference_options *options) {
  umbra_inference_plan *plan = NULL;
  assert_ok(umbra_inference_plan_create(&plan, model, samples, options, NULL));
  return plan;
}

static int have_same_bytes(const umbra_inference_plan *a, const umbra_inference_plan *b) {
  bytes left = plan_bytes(a), right = plan_bytes(b);
  const int same = same_bytes(&left, &right);
  free(left.data);
  free(right.data);
  return same;
}

/* Both bundles. */
static int look_alike(const umbra_inference_plan *a, const umbra_inference_plan *b) {
  umbra_inference_plan *left = NULL, *right = NULL;
  assert_ok(umbra_inference_plan_client(a, &left));
  assert_ok(umbra_inference_plan_client(b, &right));
  const int same = have_same_bytes(a, b) && have_same_bytes(left, right);
  umbra_inference_plan_destroy(left);
  umbra_inference_plan_destroy(right);
  return same;
}

static void check_ranges(const umbra_inference_plan *plan) {
  double range[2];
  for (size_t k = 0; k < INPUTS; k++) {
    assert_ok(umbra_inference_plan_record_range(plan, range, k));
    assert_true(range[0] == -range[1] && fabs(range[1] - margin) < 1e-12);
  }
  assert_ok(umbra_inference_plan_result_range(plan, range));
  assert_true(range[0] < range[1]);
  assert_fails(umbra_inference_plan_record_range(plan, range, INPUTS), UMBRA_ERROR_INVALID_ARGUMENT, "an element");
}

/* Takes the model. */
static void check_model(umbra_model *model, umbra_inference_options options) {
  umbra_ndarray samples = random_records(1, SAMPLES, INPUTS), others = other_samples(&samples);
  for (options.coarse = 0; options.coarse <= 1; options.coarse++) {
    umbra_inference_plan *one = plan_of(model, &samples, &options), *other = plan_of(model, &others, &options);
    assert_int_equal(look_alike(one, other), options.coarse);
    if (options.coarse) check_ranges(one);
    umbra_inference_plan_destroy(one);
    umbra_inference_plan_destroy(other);
  }
  umbra_ndarray_clear(&samples);
  umbra_ndarray_clear(&others);
  umbra_model_destroy(model);
}

static void bundles_tell_little(void **state) {
  (void)state;
  umbra_inference_options options = {UMBRA_INFERENCE_OPTIONS_INIT};
  umbra_approximation_options by = {UMBRA_APPROXIMATION_OPTIONS_INIT, .degree = 7};
  check_model(square_model(INPUTS, 8, 3), options);
  check_model(image_model(), options);
  options.weights = UMBRA_WEIGHTS_ENCRYPTED; /* where the client's bundle has layers, too */
  check_model(square_model(INPUTS, 8, 3), options);
  options.weights = UMBRA_WEIGHTS_PLAIN;
  options.approximation = &by;
  check_model(relu_model(INPUTS), options);
}

/* As exact as the plan says. */
static void networks_compute_as_well(void **state) {
  (void)state;
  umbra_inference_options options = {UMBRA_INFERENCE_OPTIONS_INIT, .coarse = 1};
  umbra_model *model = square_model(INPUTS, 8, 3);
  umbra_ndarray samples = random_records(1, SAMPLES, INPUTS), records = random_records(2, 1, INPUTS);
  umbra_inference_plan *plan = plan_of(model, &samples, &options);
  check_against_model(model, plan, &records, infer_encrypted(plan, plan, &records));
  umbra_ndarray_clear(&samples);
  umbra_ndarray_clear(&records);
  umbra_inference_plan_destroy(plan);
  umbra_model_destroy(model);
}

/* The largest records that it takes are nearly four times as large as the samples: intervals have room for them. */
static void values_may_grow_as_much(void **state) {
  (void)state;
  umbra_approximation_options by = {UMBRA_APPROXIMATION_OPTIONS_INIT, .degree = 7};
  umbra_inference_options options = {UMBRA_INFERENCE_OPTIONS_INIT, .approximation = &by, .coarse = 1};
  umbra_model *model = relu_model(INPUTS);
  umbra_ndarray samples = random_records(1, SAMPLES, INPUTS);
  for (size_t i = 0; i < SAMPLES * INPUTS; i++) samples.values[i] *= 0.51;
  umbra_inference_plan *plan = plan_of(model, &samples, &options);
  check_ranges(plan);
  for (size_t i = 0; i < SAMPLES * INPUTS; i++) samples.values[i] *= 0.999 * margin / 0.51;
  umbra_ndarray found = infer_simulated(plan, &samples);
  double range[2];
  assert_ok(umbra_inference_plan_result_range(plan, range));
  for (size_t i = 0; i < umbra_ndarray_count(&found); i++)
    assert_true(found.values[i] >= range[0] && found.values[i] <= range[1]);
  umbra_ndarray_clear(&found);
  umbra_ndarray_clear(&samples);
  umbra_inference_plan_destroy(plan);
  umbra_model_destroy(model);
}

/* Elements that are always 0, or always the same, show no more than others. */
static void constants_are_hidden(void **state) {
  (void)state;
  umbra_inference_options options = {UMBRA_INFERENCE_OPTIONS_INIT, .coarse = 1};
  umbra_model *model = square_model(INPUTS, 8, 3);
  umbra_ndarray samples = random_records(1, SAMPLES, INPUTS);
  for (size_t i = 0; i < SAMPLES; i++) samples.values[i * INPUTS] = 0;
  for (size_t i = 0; i < SAMPLES; i++) samples.values[i * INPUTS + 1] = -0.75;
  umbra_inference_plan *plan = plan_of(model, &samples, &options);
  check_ranges(plan);
  umbra_ndarray_clear(&samples);
  umbra_inference_plan_destroy(plan);
  umbra_model_destroy(model);
}

static void other_values_are_refused(void **state) {
  (void)state;
  umbra_inference_options options = {UMBRA_INFERENCE_OPTIONS_INIT, .coarse = 2};
  umbra_ndarray samples = random_records(1, SAMPLES, INPUTS);
  umbra_model *model = square_model(INPUTS, 8, 3);
  umbra_inference_plan *plan = NULL;
  assert_fails(umbra_inference_plan_create(&plan, model, &samples, &options, NULL), UMBRA_ERROR_INVALID_ARGUMENT,
               "coarse is 2");
  umbra_ndarray_clear(&samples);
  umbra_model_destroy(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bundles_tell_little),      cmocka_unit_test(networks_compute_as_well),
      cmocka_unit_test(values_may_grow_as_much),  cmocka_unit_test(constants_are_hidden),
      cmocka_unit_test(other_values_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
