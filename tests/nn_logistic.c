/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Encrypted logistic scores against the same in the clear, and against the sigmoid itself. */
#include "scheme.h"

#include "host/linalg/matrix.h"

enum { MOST_FEATURES = 40, ROWS = 150 };

static double sigmoid(double z) { return 1 / (1 + exp(-z)); }

/* ---- the interpolant in the clear ---- */

static umbra_sigmoid_options interpolant(double range, uint32_t degree) {
  return (umbra_sigmoid_options){
      .struct_size = sizeof(umbra_sigmoid_options), .degree = degree, .fit = UMBRA_FIT_CHEBYSHEV, .range = range};
}

static double value(double z, double range, uint32_t degree) {
  const umbra_sigmoid_options options = interpolant(range, degree);
  return umbra_sigmoid_value(z, &options);
}

static void values_in_the_clear(void **state) {
  (void)state;
  for (int i = -80; i <= 80; i++) {
    double z = i / 10.0;
    assert_true(fabs(value(z, 8, 31) - sigmoid(z)) < 1e-5);
    assert_true(fabs(value(z, 8, 63) - sigmoid(z)) < 1e-10);
  }
  assert_true(fabs(value(0.5, 2, 3) - sigmoid(0.5)) < 0.01);
}

static void arguments_outside(void **state) {
  (void)state;
  assert_true(isnan(value(0, 0, 7)));
  assert_true(isnan(value(0, -1, 7)));
  assert_true(isnan(value(0, NAN, 7)));
  assert_true(isnan(value(0, INFINITY, 7)));
  assert_true(isnan(value(0, 8, 0)));
  assert_true(isnan(value(0, 8, 64)));
  assert_true(isnan(value(NAN, 8, 7)));
  assert_true(isnan(value(8.5, 8, 7)));
}

static void what_scoring_takes(void **state) {
  (void)state;
  assert_int_equal(umbra_logistic_depth(7), 5);
  assert_int_equal(umbra_logistic_depth(63), 8);
}

static void expect_needs(umbra_params *params, size_t features, uint32_t level, uint32_t rotations) {
  umbra_key_needs *needs = NULL;
  umbra_key_need need = {UMBRA_KEY_NEED_INIT};
  assert_ok(umbra_key_needs_create(&needs, params));
  assert_ok(umbra_logistic_needs(needs, features, level));
  if (level == UMBRA_TOP_LEVEL) level = umbra_params_depth(params);
  assert_int_equal(umbra_key_needs_count(needs), rotations + 1);
  for (uint32_t i = 0; i <= rotations; i++) {
    assert_ok(umbra_key_needs_get(needs, &need, i));
    assert_int_equal(need.kind, i ? UMBRA_KEY_ROTATE : UMBRA_KEY_RELINEARIZE);
    assert_int_equal(need.steps, i ? 1 << (i - 1) : 0);
    assert_int_equal(need.level, i ? level - 1 : level);
  }
  umbra_key_needs_destroy(needs);
}

static void keys_of_scoring(void **state) {
  (void)state;
  umbra_params *params = test_params(11, 40, 4);
  umbra_key_needs *needs = NULL;
  expect_needs(params, 30, UMBRA_TOP_LEVEL, 5); /* 30 features and the bias: 32 slots */
  expect_needs(params, 32, 3, 6);
  expect_needs(params, 1, 4, 1);
  assert_ok(umbra_key_needs_create(&needs, params));
  const umbra_status bad = UMBRA_ERROR_INVALID_ARGUMENT;
  assert_fails(umbra_logistic_needs(NULL, 1, 4), bad, "key needs");
  assert_fails(umbra_logistic_needs(needs, 0, 4), bad, "0 features");
  assert_fails(umbra_logistic_needs(needs, 1024, 4), bad, "1 to 1023");
  assert_fails(umbra_logistic_needs(needs, SIZE_MAX, 4), bad, "1 to 1023");
  assert_fails(umbra_logistic_needs(needs, 1, 5), bad, "level 5 does not exist");
  assert_fails(umbra_logistic_needs(needs, 1, 2), bad, "at least 3 levels");
  assert_int_equal(umbra_key_needs_count(needs), 0);
  umbra_key_needs_destroy(needs);
  umbra_params_destroy(params);
}

/* ---- encrypted ---- */

/* As umbra_logistic_encrypt, with the interpolant of that degree. */
static umbra_status encrypt_model(umbra_logistic **model, const umbra_public_key *key, const double *weights,
                                  size_t features, double bias, double range, uint32_t degree) {
  const umbra_sigmoid_options sigmoid = interpolant(range, degree);
  return umbra_logistic_encrypt(model, key, weights, features, bias, &sigmoid);
}

/* With a column of ones. */
static umbra_status encrypt_records(umbra_matrix **records, const umbra_public_key *key, const double *values,
                                    size_t rows, size_t columns) {
  const umbra_matrix_layout layout = {UMBRA_MATRIX_LAYOUT_INIT, .ones = 1};
  return umbra_matrix_encrypt(records, key, values, rows, columns, &layout, NULL);
}

/* With the keys that scoring needs, and no others. Takes the params over. */
static void open_for(scheme *s, umbra_params *params, size_t features) {
  umbra_key_needs *needs = NULL;
  *s = (scheme){.params = params};
  assert_ok(umbra_key_needs_create(&needs, params));
  assert_ok(umbra_logistic_needs(needs, features, UMBRA_TOP_LEVEL));
  assert_ok(umbra_context_create(&s->context, &(umbra_context_desc){UMBRA_CONTEXT_DESC_INIT, .params = params}));
  assert_ok(umbra_secret_key_generate(&s->secret, s->context));
  assert_ok(umbra_public_key_generate(&s->public, s->secret));
  s->keys = keys_for(s->secret, needs);
  assert_ok(umbra_evaluator_create(&s->evaluator, s->context, s->keys));
}

typedef struct problem {
  size_t features;
  double weights[MOST_FEATURES], bias, range;
  uint32_t degree;
  double records[ROWS * MOST_FEATURES];
} problem;

/* Weights so small that every weights . row + bias stays within the range, but reaches half of it. */
static void problem_make(problem *p, uint64_t *random, size_t features, double range, uint32_t degree) {
  *p = (problem){.features = features, .range = range, .degree = degree, .bias = range / 8};
  for (size_t i = 0; i < features; i++) p->weights[i] = 0.85 * range / (double)features * (i % 2 ? -1 : 1);
  for (size_t i = 0; i < ROWS * features; i++) p->records[i] = uniform(random);
  for (size_t i = 0; i < features; i++) p->records[i] = i % 2 ? -0.9 : 0.9; /* the first row: near the end */
}

static double linear(const problem *p, size_t row) {
  double z = p->bias;
  for (size_t i = 0; i < p->features; i++) z += p->weights[i] * p->records[row * p->features + i];
  return z;
}

static void check_scores(const scheme *s, const problem *p, double tolerance) {
  umbra_matrix *records = NULL, *scores = NULL;
  umbra_logistic *model = NULL;
  double found[ROWS];
  assert_ok(encrypt_records(&records, s->public, p->records, ROWS, p->features));
  assert_ok(encrypt_model(&model, s->public, p->weights, p->features, p->bias, p->range, p->degree));
  assert_int_equal(umbra_logistic_features(model), p->features);
  assert_ok(umbra_logistic_score(s->evaluator, &scores, model, records, NULL));
  assert_int_equal(umbra_matrix_rows(scores), ROWS);
  assert_int_equal(umbra_matrix_columns(scores), 1);
  assert_ok(umbra_matrix_decrypt(scores, found, s->secret, NULL));
  for (size_t r = 0; r < ROWS; r++) {
    double expected = value(linear(p, r), p->range, p->degree);
    if (!(fabs(found[r] - expected) < tolerance))
      fail_msg("%zu features, degree %u, row %zu: %g, expected %g", p->features, p->degree, r, found[r], expected);
  }
  umbra_matrix_destroy(records);
  umbra_matrix_destroy(scores);
  umbra_logistic_destroy(model);
}

static void scores(void **state) {
  (void)state;
  static const struct {
    size_t features;
    double range;
    uint32_t degree;
  } cases[] = {{1, 2, 3}, {3, 8, 15}, {7, 4, 7}, {30, 12, 31}, {32, 1, 1}, {5, 8, 63}};
  static problem p;
  uint64_t random = 8;
  scheme s;
  open_for(&s, test_params(11, 45, umbra_logistic_depth(63)), MOST_FEATURES);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    problem_make(&p, &random, cases[i].features, cases[i].range, cases[i].degree);
    check_scores(&s, &p, 1e-5);
  }
  scheme_close(&s);
}

/* Records and weights of any size give scores that a file can hold, with a bound that says something. */
static void large_records(void **state) {
  (void)state;
  const double records[2 * 3] = {1e5, -2e4, 3e4, 5e4, 1e4, -1e5}, weights[3] = {3e-5, 1e-5, 2e-5};
  umbra_logistic *model = NULL;
  umbra_matrix *rows = NULL, *found = NULL, *loaded = NULL;
  double values[2];
  scheme s;
  open_for(&s, test_params(11, 50, umbra_logistic_depth(63)), 3);
  assert_ok(encrypt_records(&rows, s.public, records, 2, 3));
  assert_ok(encrypt_model(&model, s.public, weights, 3, 0.5, 8, 63));
  assert_ok(umbra_logistic_score(s.evaluator, &found, model, rows, NULL));
  bytes file = {0};
  assert_ok(umbra_matrix_write(found, NULL, &file.size, NULL));
  file.data = calloc(1, file.size);
  assert_ok(umbra_matrix_write(found, file.data, &file.size, NULL));
  assert_ok(umbra_matrix_read(&loaded, s.context, file.data, file.size, NULL));
  assert_ok(umbra_matrix_decrypt(loaded, values, s.secret, NULL));
  assert_true(fabs(values[0] - sigmoid(3.9)) < 1e-4);
  assert_true(fabs(values[1] - sigmoid(0.1)) < 1e-4);
  free(file.data);
  umbra_matrix_destroy(loaded);
  umbra_matrix_destroy(found);
  umbra_matrix_destroy(rows);
  umbra_logistic_destroy(model);
  scheme_close(&s);
}

/* What is said of the distance from the sigmoid is what a fine walk finds. */
static void errors_of_polynomials(void **state) {
  (void)state;
  const uint32_t degrees[] = {1, 3, 7, 15, 31};
  for (size_t i = 0; i < sizeof degrees / sizeof *degrees; i++) {
    const umbra_sigmoid_options options = interpolant(8, degrees[i]);
    const double error = umbra_sigmoid_error(&options);
    double found = 0;
    for (int k = -8000; k <= 8000; k++)
      found = fmax(found, fabs(value(k / 1000.0, 8, degrees[i]) - sigmoid(k / 1000.0)));
    assert_true(found <= 1.001 * error && found > 0.98 * error);
  }
  const umbra_sigmoid_options wrong = interpolant(8, 64);
  assert_true(isnan(umbra_sigmoid_error(&wrong)));
  assert_true(umbra_sigmoid_error(NULL) > 0.01);
}

/* A model as it was trained, and then with a better polynomial: nearer to the sigmoid, with the same weights. */
static void polynomials_are_replaced(void **state) {
  (void)state;
  const double records[2] = {3.5, -2}, weight = 1;
  double found[2][2], weights[2], bias;
  umbra_logistic *model = NULL, *better = NULL;
  umbra_matrix *rows = NULL;
  umbra_logistic_info info = {UMBRA_LOGISTIC_INFO_INIT};
  scheme s;
  open_for(&s, test_params(11, 45, umbra_logistic_depth(15)), 1);
  assert_ok(encrypt_records(&rows, s.public, records, 2, 1));
  assert_ok(encrypt_model(&model, s.public, &weight, 1, 0.25, 4, 3));
  const umbra_sigmoid_options wanted = interpolant(4, 15);
  assert_ok(umbra_logistic_replace_sigmoid(model, &better, &wanted));
  const umbra_logistic *models[] = {model, better};
  for (int i = 0; i < 2; i++) {
    umbra_matrix *scores = NULL;
    assert_ok(umbra_logistic_inspect(models[i], &info));
    assert_true(info.features == 1 && info.range == 4 && info.degree == (i ? 15 : 3));
    assert_int_equal(info.level, umbra_params_depth(s.params));
    const umbra_sigmoid_options own = interpolant(4, info.degree);
    assert_true(fabs(info.error - umbra_sigmoid_error(&own)) < 1e-12);
    assert_ok(umbra_logistic_score(s.evaluator, &scores, models[i], rows, NULL));
    assert_ok(umbra_matrix_decrypt(scores, found[i], s.secret, NULL));
    for (int r = 0; r < 2; r++) assert_true(fabs(found[i][r] - sigmoid(records[r] + 0.25)) < info.error + 1e-6);
    umbra_matrix_destroy(scores);
  }
  assert_true(fabs(found[0][0] - found[1][0]) > 1e-3);
  assert_ok(umbra_logistic_decrypt(better, weights, &bias, s.secret));
  assert_true(fabs(weights[0] - 1) < 1e-6 && fabs(bias - 0.25) < 1e-6);
  const umbra_sigmoid_options wrong = interpolant(-1, 15);
  const umbra_logistic *before = better;
  assert_fails(umbra_logistic_replace_sigmoid(model, &better, &wrong), UMBRA_ERROR_INVALID_ARGUMENT, "range is -1");
  assert_ptr_equal(better, before);
  assert_fails(umbra_logistic_replace_sigmoid(NULL, &better, &wanted), UMBRA_ERROR_INVALID_ARGUMENT, "needs a model");
  assert_fails(umbra_logistic_inspect(NULL, &info), UMBRA_ERROR_INVALID_ARGUMENT, "needs a model");
  umbra_matrix_destroy(rows);
  umbra_logistic_destroy(better);
  umbra_logistic_destroy(model);
  scheme_close(&s);
}

/* Scores have no column of ones for the bias: they cannot be scored again. */
static void results_are_no_records(void **state) {
  (void)state;
  const double records[2] = {0.5, -0.5}, weight = 1;
  umbra_logistic *model = NULL;
  umbra_matrix *rows = NULL, *found = NULL, *again = NULL;
  scheme s;
  open_for(&s, test_params(11, 45, 2 * umbra_logistic_depth(3)), 1);
  assert_ok(encrypt_records(&rows, s.public, records, 2, 1));
  assert_ok(encrypt_model(&model, s.public, &weight, 1, 0, 4, 3));
  assert_ok(umbra_logistic_score(s.evaluator, &found, model, rows, NULL));
  assert_fails(umbra_logistic_score(s.evaluator, &again, model, found, NULL), UMBRA_ERROR_INVALID_ARGUMENT,
               "Results, such as scores");
  assert_null(again);
  umbra_matrix_destroy(found);
  umbra_matrix_destroy(rows);
  umbra_logistic_destroy(model);
  scheme_close(&s);
}

static double element_of(umbra_element element, const void *source) {
  return element.column ? 1 : ((const double *)source)[element.row];
}

/* Records that are laid out otherwise than scoring takes them, whatever the difference. */
static void records_of_other_layouts(void **state) {
  (void)state;
  const double records[2] = {0.5, -0.5}, weight = 1;
  umbra_logistic *model = NULL;
  scheme s;
  open_for(&s, test_params(11, 45, umbra_logistic_depth(3)), 1);
  const umbra_matrix_layout plain = umbra_layout_of_records(s.params, 1);
  umbra_matrix_layout layout[6] = {plain, plain, plain, plain, plain, plain};
  layout[1].slots /= 2;
  layout[2].group = 2;
  layout[3].pairs = 1;
  layout[4].stride *= 2;
  layout[5].ones = 0;
  assert_ok(encrypt_model(&model, s.public, &weight, 1, 0, 4, 3));
  for (int i = 0; i < 6; i++) {
    umbra_matrix *rows = NULL, *found = NULL;
    umbra_matrix_source source = {element_of, records, 1};
    assert_ok(umbra_matrix_encrypt_source(&rows, umbra_encryptor_of(s.public), &source, 2, 1, &layout[i],
                                          UMBRA_TOP_LEVEL, NULL));
    umbra_status status = umbra_logistic_score(s.evaluator, &found, model, rows, NULL);
    assert_int_equal(status, i ? UMBRA_ERROR_INVALID_ARGUMENT : UMBRA_OK);
    if (i) assert_non_null(strstr(umbra_last_error(), i < 5 ? "such as for a training" : "set `ones` in the layout"));
    umbra_matrix_destroy(rows);
    umbra_matrix_destroy(found);
  }
  umbra_logistic_destroy(model);
  scheme_close(&s);
}

/* With just the levels that umbra_logistic_depth says; and with one less, refused. */
static void levels(void **state) {
  (void)state;
  static problem p;
  uint64_t random = 9;
  problem_make(&p, &random, 4, 4, 7);
  for (uint32_t missing = 0; missing < 2; missing++) {
    umbra_logistic *model = NULL;
    umbra_matrix *records = NULL, *result = NULL;
    scheme s;
    open_for(&s, test_params(11, 45, umbra_logistic_depth(7) - missing), 4);
    if (!missing) check_scores(&s, &p, 1e-5);
    assert_ok(encrypt_model(&model, s.public, p.weights, 4, p.bias, p.range, p.degree));
    assert_ok(encrypt_records(&records, s.public, p.records, ROWS, 4));
    if (missing)
      assert_fails(umbra_logistic_score(s.evaluator, &result, model, records, NULL), UMBRA_ERROR_NO_LEVEL,
                   "takes 5 levels");
    assert_null(result);
    umbra_logistic_destroy(model);
    umbra_matrix_destroy(records);
    scheme_close(&s);
  }
}

static void refusals(void **state) {
  (void)state;
  const umbra_status bad = UMBRA_ERROR_INVALID_ARGUMENT;
  double weights[3] = {1, 2, 3};
  umbra_logistic *model = NULL;
  umbra_matrix *records = NULL, *result = NULL;
  scheme s;
  scheme_open(&s, test_params(11, 40, 5), NULL, NULL, 0);
  const umbra_public_key *key = s.public;
  assert_fails(encrypt_model(&model, key, weights, 3, 0, 0, 7), bad, "range is ");
  assert_fails(encrypt_model(&model, key, weights, 3, 0, NAN, 7), bad, "range is ");
  assert_fails(encrypt_model(&model, key, weights, 3, 0, 4, 0), bad, "it must be 1 to 63");
  assert_fails(encrypt_model(&model, key, weights, 3, 0, 4, 64), bad, "it must be 1 to 63");
  assert_fails(encrypt_model(&model, key, weights, 0, 0, 4, 7), bad, "at least one weight");
  assert_fails(encrypt_model(&model, key, NULL, 3, 0, 4, 7), bad, "at least one weight");
  assert_fails(encrypt_model(&model, key, weights, 1024, 0, 4, 7), UMBRA_ERROR_RANGE, "up to 1023");
  assert_fails(encrypt_model(&model, key, weights, 3, INFINITY, 4, 7), UMBRA_ERROR_RANGE, "not a finite");
  assert_fails(encrypt_model(&model, key, weights, SIZE_MAX, 0, 4, 7), UMBRA_ERROR_RANGE, "up to 1023");
  assert_null(model);
  assert_ok(encrypt_model(&model, key, weights, 3, 0, 4, 7));
  assert_ok(encrypt_records(&records, key, weights, 1, 2));
  assert_fails(umbra_logistic_score(s.evaluator, &result, model, records, NULL), bad,
               "2 columns and the model 3 features");
  umbra_matrix_destroy(records);
  records = NULL;
  assert_ok(encrypt_records(&records, key, weights, 1, 3));
  assert_fails(umbra_logistic_score(s.evaluator, &result, model, records, NULL), UMBRA_ERROR_MISSING_KEY,
               "rotation 1 ");
  assert_fails(umbra_logistic_score(NULL, &result, model, records, NULL), bad, "evaluator");
  assert_fails(umbra_logistic_score(s.evaluator, NULL, model, records, NULL), bad, "output");
  assert_fails(umbra_logistic_score(s.evaluator, &result, NULL, records, NULL), bad, "model");
  assert_fails(umbra_logistic_score(s.evaluator, &result, model, NULL, NULL), bad, "records");
  assert_null(result);
  umbra_matrix_destroy(records);
  umbra_logistic_destroy(model);
  scheme_close(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_in_the_clear),
      cmocka_unit_test(arguments_outside),
      cmocka_unit_test(what_scoring_takes),
      cmocka_unit_test(keys_of_scoring),
      cmocka_unit_test(scores),
      cmocka_unit_test(large_records),
      cmocka_unit_test(errors_of_polynomials),
      cmocka_unit_test(polynomials_are_replaced),
      cmocka_unit_test(results_are_no_records),
      cmocka_unit_test(records_of_other_layouts),
      cmocka_unit_test(levels),
      cmocka_unit_test(refusals),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
