/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Networks built call by call: each kind of node by hand, closing steps, what is refused, and that failures change nothing. */
#include "../networks.h"

static umbra_model *model_of(size_t rank, size_t a, size_t b, size_t c) {
  umbra_model *model = NULL;
  assert_ok(umbra_model_create(&model, (const size_t[]){a, b, c}, rank));
  assert_int_equal(umbra_model_nodes(model), 1);
  assert_int_equal(umbra_model_kind(model, 0), UMBRA_NODE_INPUT);
  return model;
}

/* A node for two records, as the model's one output; destroys the model. */
static void assert_values(umbra_model *model, uint32_t node, size_t width, const double *records, const double *wanted,
                          size_t each) {
  umbra_ndarray in = {2, {2, width}, (double *)(uintptr_t)records}, out = {0};
  assert_ok(umbra_model_output(model, "y", node, NULL, 0, NULL));
  assert_string_equal(umbra_model_output_name(model, 0), "y");
  assert_null(umbra_model_output_name(model, 1));
  assert_ok(umbra_model_run(model, &out, &in, 0, NULL));
  assert_int_equal(umbra_ndarray_count(&out), 2 * each);
  assert_int_equal(out.shape[0], 2);
  for (size_t i = 0; i < 2 * each; i++) assert_true(fabs(out.values[i] - wanted[i]) < 1e-12);
  umbra_ndarray_clear(&out);
  umbra_model_destroy(model);
}

static const double pair[] = {1, -2, 3, 0.5, 0.25, -1};

static void dense(void **state) {
  (void)state;
  umbra_model *model = model_of(1, 3, 0, 0);
  uint32_t node;
  const double weights[] = {1, 2, 3, -1, 0, 1}, bias[] = {10, 20};
  assert_ok(umbra_model_dense(model, &node, 0, 2, weights, bias));
  assert_int_equal(node, 1);
  assert_values(model, node, 3, pair, (const double[]){16, 22, 8, 18.5}, 2);
}

static void element_by_element(void **state) {
  (void)state;
  umbra_model *model = model_of(1, 3, 0, 0);
  uint32_t scaled, node;
  assert_ok(umbra_model_scale_shift(model, &scaled, 0, (const double[]){2}, (const double[]){1}, 1));
  assert_ok(umbra_model_activation(model, &node, scaled, UMBRA_FUNCTION_RELU));
  assert_ok(umbra_model_polynomial(model, &node, node, (const double[]){1, 0, 1}, 3));
  assert_ok(umbra_model_apply(model, &node, UMBRA_NODE_ADD, (const uint32_t[]){node, scaled, 0}, 3));
  /* s = 2x+1 = 3 -3 7 2 1.5 -1; r = 3 0 7 2 1.5 0; 1 + r^2 + s + x */
  assert_values(model, node, 3, pair, (const double[]){14, -4, 60, 7.5, 5, -1}, 3);
}

/* T_0 .. T_3 on [-3, 5] written out: t = (x - 1) / 4. */
static void chebyshev(void **state) {
  (void)state;
  umbra_model *model = model_of(1, 3, 0, 0);
  uint32_t node;
  const double c[] = {0.5, -2, 3, 4}, interval[] = {-3, 5};
  double wanted[6];
  for (int i = 0; i < 6; i++) {
    double t = (pair[i] - 1) / 4;
    wanted[i] = c[0] + c[1] * t + c[2] * (2 * t * t - 1) + c[3] * (4 * t * t * t - 3 * t);
  }
  assert_ok(umbra_model_chebyshev(model, &node, 0, c, 4, interval));
  assert_int_equal(umbra_model_kind(model, node), UMBRA_NODE_CHEBYSHEV);
  assert_string_equal(umbra_node_kind_name(UMBRA_NODE_CHEBYSHEV), "chebyshev");
  assert_values(model, node, 3, pair, wanted, 3);
}

static umbra_sign_plan *sign_plan(double range) {
  umbra_sign_plan *plan = NULL;
  umbra_sign_options options = {UMBRA_SIGN_OPTIONS_INIT, .degrees = (const uint32_t[]){7, 15, 15}, .count = 3};
  options.range = range;
  assert_ok(umbra_sign_plan_create(&plan, &options));
  return plan;
}

/* Against the same composite of another range, and near max(x, 0). */
static void sign_relu(void **state) {
  (void)state;
  umbra_model *model = model_of(1, 3, 0, 0);
  umbra_sign_plan *plan = sign_plan(1), *wide = sign_plan(4), *same = umbra_sign_plan_share(plan);
  uint32_t node;
  double wanted[6];
  for (int i = 0; i < 6; i++) {
    wanted[i] = pair[i] * (1 + umbra_sign_plan_value(wide, pair[i])) / 2;
    assert_true(fabs(wanted[i] - fmax(pair[i], 0)) < 4 * 0.0022);
  }
  assert_refused(UMBRA_ERROR_INVALID_ARGUMENT, "range is 4", umbra_model_sign_relu(model, &node, 0, wide, 1));
  assert_refused(UMBRA_ERROR_INVALID_ARGUMENT, "range is -1", umbra_model_sign_relu(model, &node, 0, plan, -1));
  assert_refused(UMBRA_ERROR_INVALID_ARGUMENT, "a plan", umbra_model_sign_relu(model, &node, 0, NULL, 1));
  assert_ok(umbra_model_sign_relu(model, &node, 0, plan, 4));
  umbra_sign_plan_destroy(plan);
  umbra_sign_plan_destroy(same);
  umbra_sign_plan_destroy(wide);
  assert_values(model, node, 3, pair, wanted, 3);
}

static void images(void **state) {
  (void)state;
  const double record[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0, 0, 0, 1, 0, 0, 0, 0};
  umbra_model_window window = {UMBRA_MODEL_WINDOW_INIT, .channels = 2};
  umbra_model *model = model_of(3, 1, 3, 3);
  uint32_t node, means;
  window.kernel[0] = window.kernel[1] = window.stride[0] = 2;
  window.after[0] = 1;
  const double weights[] = {1, 10, 100, 1000, 0, 0, 0, 1}, bias[] = {0, -1};
  assert_ok(umbra_model_conv2d(model, &node, 0, weights, bias, &window));
  const double wanted[] = {5421, 6532, 87, 98, 4, 5, -1, -1, 1000, 100, 0, 0, 0, -1, -1, -1};
  assert_ok(umbra_model_apply(model, &means, UMBRA_NODE_GLOBAL_POOL, &node, 1));
  assert_ok(umbra_model_output(model, "means", means, NULL, 0, NULL));
  umbra_ndarray in = {2, {2, 9}, (double *)(uintptr_t)record}, out = {0};
  assert_ok(umbra_model_run(model, &out, &in, 0, NULL));
  assert_true(fabs(out.values[0] - (5421 + 6532 + 87 + 98) / 4.0) < 1e-9 && out.values[3] == -0.75);
  umbra_ndarray_clear(&out);
  umbra_model_destroy(model);
  model = model_of(3, 1, 3, 3);
  assert_ok(umbra_model_conv2d(model, &node, 0, weights, bias, &window));
  assert_values(model, node, 9, record, wanted, 8);
}

static void pools(void **state) {
  (void)state;
  const double record[] = {1, 2, 3, 4, 10, 20, 30, 40};
  for (int zeros = 0; zeros < 2; zeros++) {
    umbra_model_window window = {UMBRA_MODEL_WINDOW_INIT, .count_zeros = zeros};
    umbra_model *model = model_of(3, 1, 2, 2);
    uint32_t node;
    window.kernel[0] = window.kernel[1] = 2;
    window.before[0] = window.before[1] = 1;
    assert_ok(umbra_model_average_pool(model, &node, 0, &window));
    const double with[] = {0.25, 0.75, 1, 2.5, 2.5, 7.5, 10, 25}, without[] = {1, 1.5, 2, 2.5, 10, 15, 20, 25};
    assert_values(model, node, 4, record, zeros ? with : without, 4);
  }
}

static void elements_that_move(void **state) {
  (void)state;
  umbra_model *model = model_of(1, 3, 0, 0);
  uint32_t node;
  assert_ok(umbra_model_select(model, &node, 0, (const int32_t[]){2, -1, 0}, 3));
  assert_ok(umbra_model_apply(model, &node, UMBRA_NODE_CONCAT, (const uint32_t[]){node, 0}, 2));
  assert_ok(umbra_model_reshape(model, &node, node, (const size_t[]){2, 3}, 2));
  assert_values(model, node, 3, pair, (const double[]){3, 0, 1, 1, -2, 3, -1, 0, 0.5, 0.5, 0.25, -1}, 6);
}

/* ---- closing steps ---- */

static umbra_ndarray closed(const umbra_closing *steps, size_t count, const double *labels) {
  umbra_model *model = model_of(1, 3, 0, 0);
  umbra_ndarray in = {2, {2, 3}, (double *)(uintptr_t)pair}, out = {0};
  assert_ok(umbra_model_output(model, "y", 0, steps, count, labels));
  assert_ok(umbra_model_run(model, &out, &in, 0, NULL));
  umbra_model_destroy(model);
  return out;
}

static void steps_of_the_owner(void **state) {
  (void)state;
  umbra_ndarray y = closed((const umbra_closing[]){UMBRA_CLOSING_SOFTMAX}, 1, NULL);
  double sum = exp(1) + exp(-2) + exp(3);
  assert_true(fabs(y.values[2] - exp(3) / sum) < 1e-15 && fabs(y.values[3] + y.values[4] + y.values[5] - 1) < 1e-15);
  umbra_ndarray_clear(&y);
  y = closed((const umbra_closing[]){UMBRA_CLOSING_LOGISTIC, UMBRA_CLOSING_NORMALIZE_MAX}, 2, NULL);
  assert_true(y.values[2] == 1 && fabs(y.values[0] - (1 + exp(-3)) / (1 + exp(-1))) < 1e-15);
  umbra_ndarray_clear(&y);
  y = closed((const umbra_closing[]){UMBRA_CLOSING_NORMALIZE_L1}, 1, NULL);
  assert_true(fabs(y.values[1] + 2.0 / 6) < 1e-15);
  umbra_ndarray_clear(&y);
  y = closed((const umbra_closing[]){UMBRA_CLOSING_NORMALIZE_L2}, 1, NULL);
  assert_true(fabs(y.values[1] + 2 / sqrt(14)) < 1e-15);
  umbra_ndarray_clear(&y);
  y = closed((const umbra_closing[]){UMBRA_CLOSING_ARGMAX}, 1, (const double[]){7, 8, 9});
  assert_true(y.rank == 1 && y.shape[0] == 2 && y.values[0] == 9 && y.values[1] == 7);
  umbra_ndarray_clear(&y);
}

/* ---- what is refused ---- */

static void reserved_kinds(void **state) {
  (void)state;
  static const struct {
    umbra_node_kind kind;
    const char *name;
  } reserved[] = {{UMBRA_NODE_MATMUL, "matmul"},
                  {UMBRA_NODE_LAYER_NORM, "layer_norm"},
                  {UMBRA_NODE_SOFTMAX, "softmax"},
                  {UMBRA_NODE_REFRESH_WITH, "refresh_with"},
                  {UMBRA_NODE_PRODUCT, "product"}};
  umbra_model *model = model_of(1, 3, 0, 0);
  uint32_t node = 77;
  for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++) {
    assert_string_equal(umbra_node_kind_name(reserved[i].kind), reserved[i].name);
    assert_refused(UMBRA_ERROR_UNSUPPORTED, reserved[i].name,
                   umbra_model_apply(model, &node, reserved[i].kind, (const uint32_t[]){0, 0}, 2));
  }
  assert_refused(UMBRA_ERROR_INVALID_ARGUMENT, "dense",
                 umbra_model_apply(model, &node, UMBRA_NODE_DENSE, (const uint32_t[]){0}, 1));
  assert_string_equal(umbra_node_kind_name((umbra_node_kind)99), "unknown");
  assert_true(node == 77 && umbra_model_nodes(model) == 1);
  umbra_model_destroy(model);
}

static void shapes_that_do_not_fit(void **state) {
  (void)state;
  umbra_model *model = model_of(3, 4, 5, 5), *untouched = model;
  uint32_t node = 77;
  double numbers[400] = {0};
  umbra_model_window window = {UMBRA_MODEL_WINDOW_INIT, .channels = 6};
  window.groups = 3;
  assert_refused(UMBRA_ERROR_INVALID_ARGUMENT, "3 groups", umbra_model_conv2d(model, &node, 0, numbers, NULL, &window));
  window.groups = 1;
  window.kernel[0] = 6;
  assert_refused(UMBRA_ERROR_INVALID_ARGUMENT, "larger than the image",
                 umbra_model_conv2d(model, &node, 0, numbers, NULL, &window));
  window.stride[0] = 0;
  assert_refused(UMBRA_ERROR_INVALID_ARGUMENT, "at least 1", umbra_model_average_pool(model, &node, 0, &window));
  assert_refused(UMBRA_ERROR_INVALID_ARGUMENT, "no node", umbra_model_activation(model, &node, 9, UMBRA_FUNCTION_TANH));
  assert_refused(UMBRA_ERROR_INVALID_ARGUMENT, "no activation",
                 umbra_model_activation(model, &node, 0, UMBRA_FUNCTION_LOG));
  assert_refused(UMBRA_ERROR_INVALID_ARGUMENT, "cannot become",
                 umbra_model_reshape(model, &node, 0, (const size_t[]){99}, 1));
  assert_refused(UMBRA_ERROR_INVALID_ARGUMENT, "source[1]",
                 umbra_model_select(model, &node, 0, (const int32_t[]){0, 100}, 2));
  assert_refused(UMBRA_ERROR_INVALID_ARGUMENT, "2 to 256",
                 umbra_model_chebyshev(model, &node, 0, numbers, 1, (const double[]){-1, 1}));
  assert_refused(UMBRA_ERROR_INVALID_ARGUMENT, "interval",
                 umbra_model_chebyshev(model, &node, 0, numbers, 3, (const double[]){1, 1}));
  assert_refused(UMBRA_ERROR_INVALID_ARGUMENT, "interval", umbra_model_chebyshev(model, &node, 0, numbers, 3, NULL));
  assert_refused(UMBRA_ERROR_INVALID_ARGUMENT, "3 scales", umbra_model_scale_shift(model, &node, 0, numbers, NULL, 3));
  numbers[7] = NAN;
  assert_refused(UMBRA_ERROR_RANGE, "weights[7]", umbra_model_dense(model, &node, 0, 2, numbers, NULL));
  assert_refused(UMBRA_ERROR_RANGE, "more than", umbra_model_create(&model, (const size_t[]){1 << 12, 1 << 12}, 2));
  assert_refused(UMBRA_ERROR_INVALID_ARGUMENT, "0 dimensions", umbra_model_create(&model, (const size_t[]){1}, 0));
  assert_true(model == untouched && node == 77 && umbra_model_nodes(model) == 1);
  umbra_model_destroy(model);
}

/* Weights that are not there: the limit is held before they are read. */
static void layers_that_are_too_large(void **state) {
  (void)state;
  umbra_model *model = model_of(3, 1 << 20, 1, 1);
  uint32_t node = 77;
  const double one = 1;
  umbra_model_window window = {UMBRA_MODEL_WINDOW_INIT, .channels = 1 << 22};
  assert_refused(UMBRA_ERROR_RANGE, "2^36", umbra_model_dense(model, &node, 0, 1 << 20, &one, NULL));
  assert_refused(UMBRA_ERROR_RANGE, "2^36", umbra_model_conv2d(model, &node, 0, &one, NULL, &window));
  /* channels x kernel is 2^64 */
  window.kernel[0] = window.kernel[1] = window.before[0] = window.before[1] = 1 << 11;
  window.stride[0] = window.stride[1] = 1 << 12;
  assert_refused(UMBRA_ERROR_RANGE, "2^36", umbra_model_conv2d(model, &node, 0, &one, NULL, &window));
  window = (umbra_model_window){UMBRA_MODEL_WINDOW_INIT};
  window.kernel[0] = window.kernel[1] = 1 << 22;
  window.after[0] = window.after[1] = (1 << 22) - 1;
  assert_refused(UMBRA_ERROR_RANGE, "2^36", umbra_model_average_pool(model, &node, 0, &window));
  assert_true(node == 77 && umbra_model_nodes(model) == 1);
  umbra_model_destroy(model);
}

/* Labels and probabilities hide no overflow. */
static void scores_that_overflow(void **state) {
  (void)state;
  static const umbra_closing steps[] = {UMBRA_CLOSING_ARGMAX, UMBRA_CLOSING_LOGISTIC};
  umbra_ndarray in = {2, {2, 3}, (double *)(uintptr_t)pair}, out = {0};
  for (size_t i = 0; i < 2; i++) {
    umbra_model *model = model_of(1, 3, 0, 0);
    uint32_t node;
    assert_ok(umbra_model_scale_shift(model, &node, 0, (const double[]){1e308}, NULL, 1));
    assert_ok(umbra_model_output(model, "y", node, &steps[i], 1, NULL));
    assert_refused(UMBRA_ERROR_RANGE, "record 1", umbra_model_run(model, &out, &in, 0, NULL));
    assert_null(out.values);
    umbra_model_destroy(model);
  }
}

static void outputs_and_records(void **state) {
  (void)state;
  umbra_model *model = model_of(1, 3, 0, 0);
  double values[6] = {1, 2, 3, 4, 5, 6};
  umbra_ndarray in = {2, {2, 3}, values}, out = {0};
  assert_refused(UMBRA_ERROR_INVALID_ARGUMENT, "the model has 0", umbra_model_run(model, &out, &in, 0, NULL));
  assert_refused(
      UMBRA_ERROR_INVALID_ARGUMENT, "follows argmax",
      umbra_model_output(model, "y", 0, (const umbra_closing[]){UMBRA_CLOSING_ARGMAX, UMBRA_CLOSING_SOFTMAX}, 2, NULL));
  assert_ok(umbra_model_output(model, "y", 0, NULL, 0, NULL));
  assert_refused(UMBRA_ERROR_INVALID_ARGUMENT, "two outputs 'y'", umbra_model_output(model, "y", 0, NULL, 0, NULL));
  char name[16] = "y";
  for (int k = 1; k < 1024; k++) {
    snprintf(name, sizeof name, "y%d", k);
    assert_ok(umbra_model_output(model, name, 0, NULL, 0, NULL));
  }
  assert_refused(UMBRA_ERROR_RANGE, "1024 outputs", umbra_model_output(model, "one more", 0, NULL, 0, NULL));
  in.shape[0] = 3;
  in.shape[1] = 2;
  assert_refused(UMBRA_ERROR_MISMATCH, "3 elements", umbra_model_run(model, &out, &in, 0, NULL));
  assert_null(out.values);
  umbra_model_destroy(model);
}

static int stop(void *user, double fraction) {
  (void)fraction;
  return ++*(int *)user > 1;
}

static void batches_and_cancelling(void **state) {
  (void)state;
  enum { MANY = 5000 };
  static double values[MANY * 3];
  umbra_model *model = model_of(1, 3, 0, 0);
  uint32_t node;
  for (size_t i = 0; i < MANY * 3; i++) values[i] = (double)(i % 17);
  assert_ok(umbra_model_dense(model, &node, 0, 1, (const double[]){1, 10, 100}, NULL));
  assert_ok(umbra_model_output(model, "y", node, NULL, 0, NULL));
  umbra_ndarray in = {2, {MANY, 3}, values}, out = {0};
  int calls = 0;
  const umbra_progress progress = {stop, &calls};
  assert_int_equal(umbra_model_run(model, &out, &in, 0, &progress), UMBRA_ERROR_CANCELLED);
  assert_null(out.values);
  assert_ok(umbra_model_run(model, &out, &in, 0, NULL));
  for (size_t i = 0; i < MANY; i++)
    assert_true(out.values[i] == values[3 * i] + 10 * values[3 * i + 1] + 100 * values[3 * i + 2]);
  umbra_ndarray_clear(&out);
  umbra_model_destroy(model);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(dense),
      cmocka_unit_test(element_by_element),
      cmocka_unit_test(chebyshev),
      cmocka_unit_test(sign_relu),
      cmocka_unit_test(images),
      cmocka_unit_test(pools),
      cmocka_unit_test(elements_that_move),
      cmocka_unit_test(steps_of_the_owner),
      cmocka_unit_test(reserved_kinds),
      cmocka_unit_test(shapes_that_do_not_fit),
      cmocka_unit_test(layers_that_are_too_large),
      cmocka_unit_test(scores_that_overflow),
      cmocka_unit_test(outputs_and_records),
      cmocka_unit_test(batches_and_cancelling),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
