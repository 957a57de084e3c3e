/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Encrypted training in a small ring against the same training in the clear, which is written here once more: batches of
 * every layout, penalty, rates, first weights, refreshes.
 */
#include "../host/base/watch.h"
#include "../host/nn/logistic.h"
#include "../host/train/plan.h"
#include "train.h"

/* ---- the oracle ---- */

static double polynomial(const training *t, double x) {
  umbra_train_options o = {UMBRA_TRAIN_OPTIONS_INIT};
  assert_ok(umbra_train_plan_options(t->plan, &o));
  const double *c = umbra_train_plan_coefficients(t->plan);
  double sum = 0;
  for (uint32_t k = 0; k <= o.sigmoid->degree; k++) sum += c[k] * cos(k * acos(x / o.sigmoid->range));
  return sum;
}

static double z_at(const training *t, uint64_t row, uint32_t column, uint32_t columns) {
  double value = column < columns ? umbra_records_row(t->records, row)[column] : 1;
  return umbra_records_label(t->records, row) * value;
}

/* weights: columns + 1, the bias last. */
static void train_in_the_clear(const training *t, double *weights, const double *initial) {
  umbra_train_options o = {UMBRA_TRAIN_OPTIONS_INIT};
  assert_ok(umbra_train_plan_options(t->plan, &o));
  uint32_t f = (uint32_t)o.columns;
  size_t *order = calloc(o.rows, sizeof *order);
  double *v = calloc(f + 1, sizeof *v), *gradient = calloc(f + 1, sizeof *gradient);
  assert_true(order && v && gradient);
  assert_ok(umbra_train_plan_order(t->plan, order, NULL));
  for (uint32_t c = 0; c <= f; c++) v[c] = weights[c] = initial ? initial[c] : 0;
  for (uint32_t i = 0; i < o.iterations; i++) {
    umbra_train_iteration it = {UMBRA_TRAIN_ITERATION_INIT};
    assert_ok(umbra_train_plan_iteration(t->plan, &it, i));
    memset(gradient, 0, (f + 1) * sizeof *gradient);
    for (uint64_t k = it.first; k < it.first + it.rows; k++) {
      double margin = 0;
      for (uint32_t c = 0; c <= f; c++) margin += v[c] * z_at(t, order[k], c, f);
      assert_true(fabs(margin) < o.sigmoid->range);
      for (uint32_t c = 0; c <= f; c++)
        gradient[c] += polynomial(t, -margin) * z_at(t, order[k], c, f) / (double)it.rows;
    }
    for (uint32_t c = 0; c <= f; c++) {
      double step = v[c] + it.rate * (gradient[c] - (c < f ? o.l2 * v[c] : 0));
      v[c] = (1 - it.eta) * step + it.eta * weights[c];
      weights[c] = step;
    }
  }
  free(order);
  free(v);
  free(gradient);
}

/* ---- comparisons ---- */

typedef struct count {
  uint32_t iterations, refreshes;
} count;

static int count_events(void *user, const umbra_train_event *event) {
  count *c = user;
  c->iterations++;
  c->refreshes += event->bootstrapped != 0;
  assert_int_equal(event->iteration, c->iterations);
  assert_true(event->seconds >= event->bootstrap_seconds);
  return 0;
}

static void check_twin(const training *t, const double *expected, const double *initial) {
  size_t columns = umbra_records_columns(t->records);
  double *weights = calloc(columns + 1, sizeof *weights);
  umbra_twin_options options = {UMBRA_TWIN_OPTIONS_INIT, .initial = initial};
  assert_non_null(weights);
  assert_ok(umbra_train_twin(weights, NULL, 0, t->plan, t->records, &options, NULL));
  for (size_t c = 0; c <= columns; c++) assert_true(fabs(weights[c] - expected[c]) < 1e-9);
  free(weights);
}

/* What the model's ciphertext says of itself. */
static void check_bounds(const umbra_trainer *trainer, double error) {
  umbra_logistic *model = NULL;
  assert_ok(umbra_trainer_logistic(trainer, &model));
  assert_true(umbra_ciphertext_error_bound(model->weights) >= error);
  assert_true(umbra_ciphertext_error_bound(model->weights) < 0.1);
  assert_true(umbra_ciphertext_magnitude(model->weights) <= 32);
  umbra_logistic_destroy(model);
}

static void compare(const training *t, const double *initial, double tolerance) {
  umbra_trainer *trainer = NULL;
  umbra_trainer_desc desc = training_desc(t);
  umbra_train_report report = {UMBRA_TRAIN_REPORT_INIT};
  size_t columns = umbra_records_columns(t->records);
  double *expected = calloc(columns + 1, sizeof *expected);
  count c = {0};
  assert_non_null(expected);
  assert_ok(umbra_train_plan_report(t->plan, &report));
  assert_ok(umbra_trainer_create(&trainer, &desc, NULL));
  assert_ok(umbra_trainer_run(trainer, count_events, &c));
  assert_int_equal(c.refreshes, report.bootstraps);
  double *found = decrypted_weights(t, trainer);
  train_in_the_clear(t, expected, initial);
  check_twin(t, expected, initial);
  double worst = 0;
  for (size_t i = 0; i <= columns; i++) worst = fmax(worst, fabs(found[i] - expected[i]));
  print_message("group %u, pairs %d, slots %u, depth %u, %u refreshes: largest difference 2^%.1f, expected 2^%.1f\n",
                t->plan->layout.group, t->plan->layout.pairs, t->plan->layout.slots, report.depth, report.bootstraps,
                log2(worst), log2(report.weight_error));
  assert_true(worst < tolerance);
  assert_true(worst < 6 * report.weight_error && report.weight_error < 0x1p-10);
  check_bounds(trainer, worst);
  free(expected);
  free(found);
  umbra_trainer_destroy(trainer);
}

static void check(size_t rows, size_t columns, umbra_train_options options) {
  training t;
  training_open(&t, training_params(), random_records(rows, columns, rows), options, NULL);
  compare(&t, NULL, 0x1p-16);
  training_close(&t);
}

static umbra_sigmoid_options sigmoid; /* of the options below */

static umbra_train_options options_of(uint32_t iterations) {
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT, .sigmoid = &sigmoid};
  umbra_sigmoid_options_init(&sigmoid);
  options.iterations = iterations;
  return options;
}

static void one_small_part(void **state) {
  (void)state;
  check(60, 5, options_of(7));
}

static void one_part_of_pairs(void **state) {
  (void)state;
  check(200, 5, options_of(3));
}

/* Three parts and a bit, in a group of four; then with a penalty. */
static void a_group(void **state) {
  (void)state;
  check(900, 6, options_of(5));
  umbra_train_options options = options_of(3);
  options.l2 = 0.25;
  check(900, 6, options);
}

/* Three blocks of four parts, the last with one. */
static void blocks(void **state) {
  (void)state;
  check(2100, 7, options_of(3));
}

/* Dealt anew, with a smaller batch at the end, and a rate that falls. */
static void batches(void **state) {
  (void)state;
  umbra_train_options options = options_of(6);
  options.batch = 300;
  options.shuffle = 1;
  options.seed = 5;
  options.schedule = UMBRA_RATE_INVERSE;
  options.decay = 0.3;
  check(700, 3, options);
  options.whole_batches = 1;
  options.schedule = UMBRA_RATE_EXPONENTIAL;
  options.decay = 0.8;
  check(700, 3, options);
}

static void degrees(void **state) {
  (void)state;
  for (uint32_t degree = 1; degree <= 8; degree += degree < 5 ? 1 : 3) {
    umbra_train_options options = options_of(3);
    sigmoid.degree = degree;
    sigmoid.fit = degree % 2 ? UMBRA_FIT_LEAST_SQUARES : UMBRA_FIT_CHEBYSHEV;
    check(100, 4, options);
  }
}

/* A part is one row. */
static void many_columns(void **state) {
  (void)state;
  umbra_train_options options = options_of(2);
  sigmoid.range = 64;
  options.rate = 0.01;
  check(6, 600, options);
}

static void first_weights(void **state) {
  (void)state;
  const double initial[] = {0.5, -0.25, 0, 0.125, 0.75};
  training t;
  training_open(&t, training_params(), random_records(150, 4, 3), options_of(4), NULL);
  assert_ok(umbra_train_encrypt(t.folder, t.plan, t.s.public, t.records, initial, NULL));
  compare(&t, initial, 0x1p-16);
  training_close(&t);
}

/* Seeded ciphertexts are trained on as others are. */
static void encrypted_with_the_secret_key(void **state) {
  (void)state;
  const double initial[] = {0.5, -0.25, 0, 0.125, 0.75};
  training t;
  training_open(&t, training_params(), random_records(150, 4, 3), options_of(4), NULL);
  assert_ok(umbra_train_encrypt_symmetric(t.folder, t.plan, t.s.secret, t.records, initial, NULL));
  compare(&t, initial, 0x1p-16);
  training_close(&t);
}

/* Rates that vanish leave polynomials of lower degree, and the levels of the plan all the same. */
static void vanishing_rates(void **state) {
  (void)state;
  umbra_train_options options = options_of(4);
  options.schedule = UMBRA_RATE_EXPONENTIAL;
  options.decay = 1e-200;
  check(100, 4, options);
}

/* The estimate is for the plan's layout, though a block alone would have another. */
static void calibrations(void **state) {
  (void)state;
  umbra_params *params = training_params();
  umbra_context *context = NULL;
  umbra_train_plan *plan = NULL;
  umbra_train_options options = options_of(3);
  double seconds = 0;
  options.columns = 1;
  options.rows = 65536;
  sigmoid.degree = 7;
  assert_ok(umbra_context_create(&context, &(umbra_context_desc){UMBRA_CONTEXT_DESC_INIT, .params = params}));
  assert_ok(umbra_train_plan_create(&plan, params, &options));
  assert_ok(umbra_train_plan_calibrate(plan, &seconds, context, NULL));
  assert_true(seconds > 0);
  umbra_train_plan_destroy(plan);
  umbra_context_destroy(context);
  umbra_params_destroy(params);
}

static void refused_plan(umbra_params *params, umbra_train_options options, umbra_status status, const char *words) {
  umbra_train_plan *plan = NULL;
  assert_fails(umbra_train_plan_create(&plan, params, &options), status, words);
  assert_null(plan);
}

static void refused_plans(void **state) {
  (void)state;
  umbra_params *params = training_params(), *fixed = test_params(11, 40, 14), *shallow = boot_twin_40(11);
  umbra_train_options options = options_of(3);
  options.rows = 100;
  options.columns = UINT32_MAX;
  refused_plan(params, options, UMBRA_ERROR_UNSUPPORTED, "up to 1023");
  options.columns = 1024;
  refused_plan(params, options, UMBRA_ERROR_UNSUPPORTED, "up to 1023");
  options.columns = 3;
  refused_plan(fixed, options, UMBRA_ERROR_UNSUPPORTED, "do not refresh");
  sigmoid.degree = 7;
  refused_plan(shallow, options, UMBRA_ERROR_UNSUPPORTED, "takes more levels than");
  sigmoid.degree = 3;
  options.rate = 1e300;
  refused_plan(params, options, UMBRA_ERROR_INVALID_ARGUMENT, "too large to compute with");
  umbra_params_destroy(shallow);
  umbra_params_destroy(fixed);
  umbra_params_destroy(params);
}

static int look_forward(void *user, double fraction) {
  double *last = user;
  assert_true(fraction >= *last && fraction <= 1);
  *last = fraction;
  return 0;
}

/* How much of a training is done goes up to its end, over the refresh of the result, too. */
static void goes_forward(void **state) {
  (void)state;
  umbra_train_options options = options_of(2);
  umbra_trainer *trainer = NULL;
  training t;
  double fraction = 0;
  options.bootstrap_result = 1;
  training_open(&t, training_params(), random_records(120, 4, 3), options, NULL);
  umbra_trainer_desc desc = training_desc(&t);
  umbra_watch_interval(0);
  assert_ok(umbra_trainer_create(&trainer, &desc, NULL));
  umbra_trainer_watch(trainer, &(umbra_progress){look_forward, &fraction});
  assert_ok(umbra_trainer_run(trainer, NULL, NULL));
  assert_true(fraction > 0.99);
  umbra_watch_interval(0.1);
  umbra_trainer_destroy(trainer);
  training_close(&t);
}

/* The model of a refreshed result can score records at once. */
static void refreshed_result(void **state) {
  (void)state;
  umbra_train_options options = options_of(3);
  options.bootstrap_result = 1;
  training t;
  training_open(&t, training_params(), random_records(120, 4, 3), options, NULL);
  compare(&t, NULL, 0x1p-16);
  training_close(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_small_part),   cmocka_unit_test(one_part_of_pairs),
      cmocka_unit_test(a_group),          cmocka_unit_test(blocks),
      cmocka_unit_test(batches),          cmocka_unit_test(degrees),
      cmocka_unit_test(many_columns),     cmocka_unit_test(first_weights),
      cmocka_unit_test(refreshed_result), cmocka_unit_test(goes_forward),
      cmocka_unit_test(vanishing_rates),  cmocka_unit_test(calibrations),
      cmocka_unit_test(refused_plans),    cmocka_unit_test(encrypted_with_the_secret_key)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
