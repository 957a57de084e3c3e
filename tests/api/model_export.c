/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Models that were built call by call, written as ONNX and imported again: the same values; and what is refused. */
#include "../networks.h"

#include <sys/stat.h>
#include <unistd.h>

enum { INPUTS = 5, RECORDS = 7 };

static char path[64];

static int make_path(void **state) {
  (void)state;
  strcpy(path, "/tmp/umbra-export-XXXXXX");
  const int file = mkstemp(path);
  return file < 0 || close(file) != 0;
}

static int remove_path(void **state) {
  (void)state;
  return unlink(path);
}

static umbra_model *open_model(void) {
  umbra_model *model = NULL;
  const size_t shape = INPUTS;
  assert_ok(umbra_model_create(&model, &shape, 1));
  return model;
}

static void assert_runs_alike(const umbra_model *a, const umbra_model *b, size_t output) {
  umbra_ndarray in = random_batch(RECORDS, INPUTS, 3, 11), x = {0}, y = {0};
  assert_ok(umbra_model_run(a, &x, &in, output, NULL));
  assert_ok(umbra_model_run(b, &y, &in, output, NULL));
  assert_int_equal(umbra_ndarray_count(&x), umbra_ndarray_count(&y));
  for (size_t i = 0; i < umbra_ndarray_count(&x); i++) assert_true(fabs(x.values[i] - y.values[i]) < 1e-12);
  umbra_ndarray_clear(&in);
  umbra_ndarray_clear(&x);
  umbra_ndarray_clear(&y);
}

/* Destroys the model. */
static void assert_comes_back(umbra_model *model, const char *const *notes) {
  umbra_model *again = NULL;
  assert_ok(umbra_model_export(model, path, notes));
  assert_ok(umbra_model_import(&again, path));
  assert_int_equal(umbra_model_outputs(again), umbra_model_outputs(model));
  for (size_t k = 0; k < umbra_model_outputs(model); k++) {
    assert_string_equal(umbra_model_output_name(again, k), umbra_model_output_name(model, k));
    assert_runs_alike(model, again, k);
  }
  umbra_model_destroy(again);
  umbra_model_destroy(model);
}

static void logistic_models(void **state) {
  (void)state;
  umbra_model *model = open_model();
  uint32_t node = random_dense(model, 0, INPUTS, 1, 3);
  const umbra_closing step = UMBRA_CLOSING_LOGISTIC;
  const char *const notes[] = {"features", "[\"a\", \"<b>\"]", "", "", NULL};
  assert_ok(umbra_model_output(model, "probability", node, &step, 1, NULL));
  assert_comes_back(model, notes);
}

/* Each kind of node, sums of one and of three, three outputs of one node. */
static void networks(void **state) {
  (void)state;
  umbra_model *model = open_model();
  const double scale[] = {1, -2, 3, 0.5, 0}, shift[] = {1, 2, -3, 0, 0.25};
  const umbra_function functions[] = {UMBRA_FUNCTION_RELU, UMBRA_FUNCTION_SIGMOID, UMBRA_FUNCTION_TANH,
                                      UMBRA_FUNCTION_ERF, UMBRA_FUNCTION_SOFTPLUS};
  const umbra_closing steps[] = {UMBRA_CLOSING_SOFTMAX, UMBRA_CLOSING_LOGISTIC};
  uint32_t node, scaled, one, wide = 0;
  assert_ok(umbra_model_scale_shift(model, &scaled, 0, scale, shift, INPUTS));
  assert_ok(umbra_model_scale_shift(model, &node, scaled, (const double[]){0.5}, NULL, 1));
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
    assert_ok(umbra_model_activation(model, &node, node, functions[i]));
  assert_ok(umbra_model_apply(model, &one, UMBRA_NODE_ADD, &scaled, 1));
  assert_ok(umbra_model_apply(model, &node, UMBRA_NODE_ADD, (const uint32_t[]){node, one, 0}, 3));
  double weights[3 * INPUTS];
  random_numbers(weights, 3 * INPUTS, 5);
  assert_ok(umbra_model_dense(model, &wide, node, 3, weights, NULL));
  assert_ok(umbra_model_output(model, "values", wide, NULL, 0, NULL));
  assert_ok(umbra_model_output(model, "shares", wide, &steps[0], 1, NULL));
  assert_ok(umbra_model_output(model, "odds", wide, &steps[1], 1, NULL));
  assert_comes_back(model, NULL);
}

/* As they are trained under encryption. */
static void squares(void **state) {
  (void)state;
  umbra_model *model = open_model();
  uint32_t node = random_dense(model, 0, INPUTS, 4, 3);
  assert_ok(umbra_model_polynomial(model, &node, node, (const double[]){0, 0, 1}, 3));
  node = random_dense(model, node, 4, 2, 4);
  assert_ok(umbra_model_output(model, "scores", node, NULL, 0, NULL));
  assert_comes_back(model, NULL);
}

static off_t size_of_file(void) {
  struct stat file;
  assert_int_equal(stat(path, &file), 0);
  return file.st_size;
}

/* What was there before stays. */
static void refusals(void **state) {
  (void)state;
  const umbra_status bad = UMBRA_ERROR_INVALID_ARGUMENT, cannot = UMBRA_ERROR_UNSUPPORTED;
  umbra_model *model = open_model();
  const off_t before = size_of_file();
  uint32_t node;
  assert_refused(bad, "without an output", umbra_model_export(model, path, NULL));
  assert_refused(bad, "model is NULL", umbra_model_export(NULL, path, NULL));
  assert_refused(bad, "path is NULL", umbra_model_export(model, NULL, NULL));
  assert_ok(umbra_model_output(model, "/1", 0, NULL, 0, NULL));
  assert_refused(bad, "'/1'", umbra_model_export(model, path, NULL));
  umbra_model_destroy(model);

  model = open_model();
  const umbra_closing argmax = UMBRA_CLOSING_ARGMAX;
  assert_ok(umbra_model_output(model, "label", 0, &argmax, 1, NULL));
  assert_refused(cannot, "output 'label'", umbra_model_export(model, path, NULL));
  umbra_model_destroy(model);

  model = open_model();
  const umbra_closing two[] = {UMBRA_CLOSING_SOFTMAX, UMBRA_CLOSING_LOGISTIC};
  assert_ok(umbra_model_output(model, "twice", 0, two, 2, NULL));
  assert_refused(cannot, "only one softmax or one sigmoid", umbra_model_export(model, path, NULL));
  umbra_model_destroy(model);

  model = open_model();
  assert_ok(umbra_model_polynomial(model, &node, 0, (const double[]){0, 0, 2}, 3));
  assert_ok(umbra_model_output(model, "y", node, NULL, 0, NULL));
  assert_refused(cannot, "node 1 (polynomial) cannot be exported: of polynomials only x^2",
                 umbra_model_export(model, path, NULL));
  umbra_model_destroy(model);

  model = open_model();
  assert_ok(umbra_model_activation(model, &node, 0, UMBRA_FUNCTION_GELU));
  assert_ok(umbra_model_output(model, "y", node, NULL, 0, NULL));
  assert_refused(cannot, "no operator for its function", umbra_model_export(model, path, NULL));
  umbra_model_destroy(model);
  assert_true(size_of_file() == before);

  model = open_model();
  assert_ok(umbra_model_output(model, "y", 0, NULL, 0, NULL));
  assert_refused(UMBRA_ERROR_IO, "nowhere", umbra_model_export(model, "/nowhere/model.onnx", NULL));
  umbra_model_destroy(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(logistic_models),
      cmocka_unit_test(networks),
      cmocka_unit_test(squares),
      cmocka_unit_test(refusals),
  };
  return cmocka_run_group_tests(tests, make_path, remove_path);
}
