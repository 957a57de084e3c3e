/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Classes that weigh something: the best model and the twin against records that come so often, the twin against the best
 * model, trainings under encryption and simulated ones against the twin, and what weights cost.
 */
#include "../host/base/memory.h"
#include "train.h"

enum { ROWS = 90, COLUMNS = 4, TIMES = 3 };

static const umbra_status bad = UMBRA_ERROR_INVALID_ARGUMENT;

/* Those of class 1 TIMES times. */
static umbra_records *repeated(const umbra_records *records) {
  const size_t rows = umbra_records_rows(records), columns = umbra_records_columns(records);
  double *features = calloc(TIMES * rows * columns, sizeof *features), *labels = calloc(TIMES * rows, sizeof *labels);
  umbra_records *made = NULL;
  size_t count = 0;
  assert_true(features && labels);
  for (size_t r = 0; r < rows; r++)
    for (int k = 0; k < (umbra_records_label(records, r) > 0 ? TIMES : 1); k++) {
      memcpy(features + count * columns, umbra_records_row(records, r), columns * sizeof *features);
      labels[count++] = umbra_records_label(records, r);
    }
  assert_ok(umbra_records_create(&made, features, labels, count, columns));
  free(features);
  free(labels);
  return made;
}

static umbra_records *weighed(const umbra_records *records) {
  umbra_records *made = NULL;
  assert_ok(umbra_records_weigh(&made, records, 1, TIMES));
  return made;
}

static void assert_near(const double *found, const double *expected, size_t count, double within) {
  for (size_t c = 0; c < count; c++)
    if (!(fabs(found[c] - expected[c]) <= within)) fail_msg("%zu: %.12g, not %.12g", c, found[c], expected[c]);
}

/* ---- weights of records ---- */

static void means_are_one(void **state) {
  (void)state;
  umbra_records *records = random_records(ROWS, COLUMNS, 2), *made = NULL, *balanced = NULL;
  double sum = 0, of[2] = {0, 0};
  assert_ok(umbra_records_weigh(&made, records, 2, 10));
  assert_ok(umbra_records_balance(&balanced, records));
  for (size_t r = 0; r < ROWS; r++) {
    assert_true(umbra_records_weight(records, r) == 1);
    sum += umbra_records_weight(made, r);
    of[umbra_records_label(balanced, r) > 0] += umbra_records_weight(balanced, r);
    if (umbra_records_label(made, r) > 0) assert_true(umbra_records_weight(made, r) > 1);
  }
  assert_true(fabs(sum - ROWS) < 1e-9 && fabs(of[0] - ROWS / 2.0) < 1e-9 && fabs(of[1] - ROWS / 2.0) < 1e-9);
  assert_fails(umbra_records_weigh(&made, records, 0, 1), bad, "above 0");
  assert_fails(umbra_records_weigh(&made, records, 1, NAN), bad, "above 0");
  assert_fails(umbra_records_weigh(&made, records, 1, 2e6), bad, "a million times");
  assert_fails(umbra_records_weigh(NULL, records, 1, 2), bad, "output");
  umbra_records_destroy(balanced);
  umbra_records_destroy(made);
  umbra_records_destroy(records);
}

/* Parts, scaled copies and what a scaling scales. */
static void weights_stay(void **state) {
  (void)state;
  umbra_records *records = random_records(ROWS, COLUMNS, 2), *made = weighed(records), *rest = NULL, *held = NULL,
                *scaled = NULL;
  umbra_scaling *scaling = NULL, *loaded = NULL;
  double weights[2];
  char path[] = "/tmp/umbra-weights-XXXXXX.csv";
  const int file = mkstemps(path, 4);
  assert_true(file >= 0 && close(file) == 0);
  assert_ok(umbra_records_hold(&rest, &held, made, 0, 0.3, 1));
  assert_true(umbra_records_weight(rest, 0) != 1 && umbra_records_weight(held, 0) != 1);
  assert_ok(umbra_scaling_fit(&scaling, records, UMBRA_SCALING_RANGE, 0, 0));
  assert_int_equal(umbra_scaling_class_weights(scaling, weights), 0);
  assert_ok(umbra_scaling_fit(&scaling, made, UMBRA_SCALING_RANGE, 0, 0));
  assert_ok(umbra_scaling_save(scaling, path));
  assert_ok(umbra_scaling_load(&loaded, path));
  assert_int_equal(umbra_scaling_class_weights(loaded, weights), 1);
  assert_ok(umbra_scaling_apply(loaded, &scaled, records));
  for (size_t r = 0; r < ROWS; r++) assert_true(umbra_records_weight(scaled, r) == umbra_records_weight(made, r));
  assert_ok(umbra_scaling_check_records(loaded, records));
  unlink(path);
  umbra_scaling_destroy(loaded);
  umbra_scaling_destroy(scaling);
  umbra_records_destroy(scaled);
  umbra_records_destroy(held);
  umbra_records_destroy(rest);
  umbra_records_destroy(made);
  umbra_records_destroy(records);
}

/* ---- in the clear ---- */

static void the_best_model_is_that_of_repeated_records(void **state) {
  (void)state;
  umbra_records *records = random_records(ROWS, COLUMNS, 3), *made = weighed(records), *often = repeated(records);
  double found[COLUMNS + 1], expected[COLUMNS + 1], plain[COLUMNS + 1];
  umbra_optimum optimum = {UMBRA_OPTIMUM_INIT}, of_often = {UMBRA_OPTIMUM_INIT};
  assert_ok(umbra_logistic_optimum(found, &optimum, made, NULL, NULL));
  assert_ok(umbra_logistic_optimum(expected, &of_often, often, NULL, NULL));
  assert_ok(umbra_logistic_optimum(plain, &optimum, records, NULL, NULL));
  assert_true(of_often.converged);
  assert_near(found, expected, COLUMNS + 1, 1e-5);
  assert_true(fabs(found[COLUMNS] - plain[COLUMNS]) > 0.1); /* the bias moves towards the class that weighs more */
  umbra_judgement one = {UMBRA_JUDGEMENT_INIT}, other = {UMBRA_JUDGEMENT_INIT};
  assert_ok(umbra_judge(&one, made, found));
  assert_ok(umbra_judge(&other, often, found));
  assert_true(fabs(one.loss - other.loss) < 1e-12 && one.positives * TIMES == other.positives);
  umbra_records_destroy(often);
  umbra_records_destroy(made);
  umbra_records_destroy(records);
}

/* Of a plan with these parameters. */
static umbra_train_plan *plan_of(const umbra_params *params, const umbra_records *records, umbra_train_options options,
                                 umbra_train_kind kind) {
  umbra_train_plan *plan = NULL;
  options.kind = kind;
  options.rows = umbra_records_rows(records);
  options.columns = umbra_records_columns(records);
  assert_ok(umbra_train_plan_create(&plan, params, &options));
  return plan;
}

/* The same gradient, the same training: all records in a batch. And after many steps by the sigmoid it is the best model. */
static void twins(void **state) {
  (void)state;
  umbra_params *params = training_params();
  umbra_records *records = random_records(ROWS, COLUMNS, 3), *made = weighed(records), *often = repeated(records);
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT};
  umbra_twin_options exact = {UMBRA_TWIN_OPTIONS_INIT, .exact = 1};
  umbra_optimum optimum = {UMBRA_OPTIMUM_INIT};
  double found[COLUMNS + 1], expected[COLUMNS + 1];
  options.iterations = 12;
  umbra_train_plan *plan = plan_of(params, made, options, UMBRA_TRAIN_WEIGHTED);
  umbra_train_plan *plain = plan_of(params, often, options, UMBRA_TRAIN_LOGISTIC);
  assert_ok(umbra_train_twin(found, NULL, 0, plan, made, NULL, NULL));
  assert_ok(umbra_train_twin(expected, NULL, 0, plain, often, NULL, NULL));
  assert_near(found, expected, COLUMNS + 1, 1e-12);
  assert_fails(umbra_train_twin(found, NULL, 0, plain, made, NULL, NULL), bad, "kind UMBRA_TRAIN_WEIGHTED");
  umbra_train_plan_destroy(plan);
  options.iterations = 4000;
  options.rate = 3;
  options.l2 = 0.01;
  plan = plan_of(params, made, options, UMBRA_TRAIN_WEIGHTED);
  umbra_optimum_options best = {UMBRA_OPTIMUM_OPTIONS_INIT};
  best.l2 = 0.01;
  assert_ok(umbra_train_twin(found, NULL, 0, plan, made, &exact, NULL));
  assert_ok(umbra_logistic_optimum(expected, &optimum, made, &best, NULL));
  assert_near(found, expected, COLUMNS + 1, 1e-4);
  umbra_train_plan_destroy(plain);
  umbra_train_plan_destroy(plan);
  umbra_records_destroy(often);
  umbra_records_destroy(made);
  umbra_records_destroy(records);
  umbra_params_destroy(params);
}

/* ---- what it costs ---- */

/* No level, no key and no key switch; the blocks are twice as long. */
static void weights_cost_data_alone(void **state) {
  (void)state;
  static const size_t rows[] = {60, 600, 5000};
  umbra_params *params = training_params();
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    umbra_records *records = random_records(rows[i], COLUMNS, 5);
    umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT};
    umbra_train_report with = {UMBRA_TRAIN_REPORT_INIT}, without = {UMBRA_TRAIN_REPORT_INIT};
    umbra_train_plan *plan = plan_of(params, records, options, UMBRA_TRAIN_WEIGHTED);
    umbra_train_plan *plain = plan_of(params, records, options, UMBRA_TRAIN_LOGISTIC);
    assert_ok(umbra_train_plan_report(plan, &with));
    assert_ok(umbra_train_plan_report(plain, &without));
    assert_true(with.depth == without.depth && with.bootstraps == without.bootstraps && with.keys == without.keys);
    assert_true(with.key_switches == without.key_switches && with.blocks == without.blocks);
    assert_true(with.read_bytes > 1.9 * (double)without.read_bytes && with.read_bytes < 2 * without.read_bytes);
    umbra_train_plan_destroy(plain);
    umbra_train_plan_destroy(plan);
    umbra_records_destroy(records);
  }
  umbra_params_destroy(params);
}

/* ---- under encryption ---- */

/* Without noise a simulation is the twin: a part, pairs in groups, batches of which the last is smaller. */
static void simulations(void **state) {
  (void)state;
  static const struct { size_t rows, batch; } shapes[] = {{60, 0}, {300, 0}, {1400, 600}};
  umbra_params *params = training_params();
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    umbra_records *records = random_records(shapes[i].rows, COLUMNS, 7 + i), *made = weighed(records);
    umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT};
    const umbra_sim_options sim = {UMBRA_SIM_OPTIONS_INIT, .exact = 1, .seed = 1};
    double twin[COLUMNS + 1], found[COLUMNS + 1];
    umbra_context *context = NULL;
    umbra_trainer *trainer = NULL;
    umbra_logistic *model = NULL;
    options.iterations = 2; /* without a refresh, whose sine is not exact */
    options.batch = shapes[i].batch;
    umbra_train_plan *plan = plan_of(params, made, options, UMBRA_TRAIN_WEIGHTED);
    assert_ok(umbra_train_twin(twin, NULL, 0, plan, made, NULL, NULL));
    assert_ok(umbra_context_create(
        &context, &(umbra_context_desc){UMBRA_CONTEXT_DESC_INIT, .params = params, .device = "sim", .sim = &sim}));
    const umbra_trainer_desc desc = {UMBRA_TRAINER_DESC_INIT, .plan = plan, .context = context, .records = made};
    assert_ok(umbra_trainer_create(&trainer, &desc, NULL));
    assert_ok(umbra_trainer_run(trainer, NULL, NULL));
    assert_ok(umbra_trainer_logistic(trainer, &model));
    assert_ok(umbra_sim_logistic_decode(found, &found[COLUMNS], model));
    assert_near(found, twin, COLUMNS + 1, 1e-8);
    umbra_logistic_destroy(model);
    umbra_trainer_destroy(trainer);
    umbra_context_destroy(context);
    umbra_train_plan_destroy(plan);
    umbra_records_destroy(made);
    umbra_records_destroy(records);
  }
  umbra_params_destroy(params);
}

/* From files, with a refresh. */
static void encrypted_trainings(void **state) {
  (void)state;
  training t;
  umbra_records *records = random_records(300, COLUMNS, 11);
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT, .kind = UMBRA_TRAIN_WEIGHTED};
  umbra_train_report report = {UMBRA_TRAIN_REPORT_INIT};
  double twin[COLUMNS + 1];
  umbra_trainer *trainer = NULL;
  options.iterations = 5;
  options.batch = 128;
  training_open(&t, training_params(), weighed(records), options, "cpu");
  assert_ok(umbra_train_plan_report(t.plan, &report));
  assert_true(report.bootstraps > 0);
  assert_ok(umbra_train_twin(twin, NULL, 0, t.plan, t.records, NULL, NULL));
  const umbra_trainer_desc desc = training_desc(&t);
  assert_ok(umbra_trainer_create(&trainer, &desc, NULL));
  assert_ok(umbra_trainer_run(trainer, NULL, NULL));
  double *found = decrypted_weights(&t, trainer);
  assert_near(found, twin, COLUMNS + 1, 6 * 2 * report.weight_error);
  free(found);
  umbra_trainer_destroy(trainer);
  training_close(&t);
  umbra_records_destroy(records);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(means_are_one),
      cmocka_unit_test(weights_stay),
      cmocka_unit_test(the_best_model_is_that_of_repeated_records),
      cmocka_unit_test(twins),
      cmocka_unit_test(weights_cost_data_alone),
      cmocka_unit_test(simulations),
      cmocka_unit_test(encrypted_trainings),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
