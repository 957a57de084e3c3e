/* SPDX-License-Identifier: Apache-2.0 */
/* labels: slow */
/*
 * Trainings of the sizes that people have, at full security, against their twins: many columns, many records, classes of
 * very different size. Each takes a few GiB and minutes.
 */
#include "train.h"

enum { ITERATIONS = 3 }; /* the last begins with a refresh */

static umbra_params *preset(void) {
  umbra_params *params = NULL;
  assert_ok(umbra_params_from_preset(&params, "boot-64k-40"));
  return params;
}

/* One record in `rarity` is of class 1; its features lie higher. */
static umbra_records *rare_records(size_t rows, size_t columns, size_t rarity) {
  uint64_t seed = rows;
  double *features = calloc(rows * columns, sizeof *features), *labels = calloc(rows, sizeof *labels);
  umbra_records *records = NULL;
  assert_true(features && labels);
  for (size_t r = 0; r < rows; r++) {
    labels[r] = r % rarity == 0;
    for (size_t c = 0; c < columns; c++) features[r * columns + c] = 0.5 + 0.5 * uniform(&seed) + 0.25 * labels[r];
  }
  assert_ok(umbra_records_create(&records, features, labels, rows, columns));
  free(features);
  free(labels);
  return records;
}

static void check(umbra_records *records, umbra_train_options options) {
  size_t columns = umbra_records_columns(records);
  double *twin = calloc(columns + 1, sizeof *twin), worst = 0;
  training t;
  umbra_trainer *trainer = NULL;
  umbra_train_outcome trace[ITERATIONS];
  umbra_train_report report = {UMBRA_TRAIN_REPORT_INIT};
  assert_non_null(twin);
  options.iterations = ITERATIONS;
  training_open(&t, preset(), records, options, NULL);
  umbra_trainer_desc desc = training_desc(&t);
  for (int i = 0; i < ITERATIONS; i++) umbra_train_outcome_init(&trace[i]);
  assert_ok(umbra_train_twin(twin, trace, ITERATIONS, t.plan, records, NULL, NULL));
  assert_ok(umbra_train_plan_report(t.plan, &report));
  assert_ok(umbra_train_plan_options(t.plan, &options));
  for (int i = 0; i < ITERATIONS; i++) assert_true(trace[i].largest_score < options.sigmoid->range);
  assert_true(umbra_train_bound(trace, ITERATIONS) <= options.bound);
  assert_ok(umbra_trainer_create(&trainer, &desc, NULL));
  assert_ok(umbra_trainer_run(trainer, NULL, NULL));
  double *found = decrypted_weights(&t, trainer);
  for (size_t c = 0; c <= columns; c++) worst = fmax(worst, fabs(found[c] - twin[c]));
  print_message("%zu x %zu, %zu blocks, %u refreshes: largest difference 2^%.1f\n", umbra_records_rows(records),
                columns, report.blocks, report.bootstraps, log2(worst));
  assert_int_equal(report.bootstraps, 1);
  assert_true(worst < 0x1p-12);
  umbra_trainer_destroy(trainer);
  free(found);
  free(twin);
  training_close(&t);
}

static void many_columns(void **state) {
  (void)state;
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT};
  options.rate = 0.02;
  check(rare_records(2000, 500, 2), options);
}

static void many_records(void **state) {
  (void)state;
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT};
  options.shuffle = 1;
  check(rare_records(100000, 8, 50), options);
}

/* What nobody would train here is planned all the same. */
static void many_of_both(void **state) {
  (void)state;
  umbra_params *params = preset();
  umbra_train_plan *plan = NULL;
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT};
  umbra_train_report report = {UMBRA_TRAIN_REPORT_INIT};
  options.rows = 100000;
  options.columns = 500;
  assert_ok(umbra_train_plan_create(&plan, params, &options));
  assert_ok(umbra_train_plan_report(plan, &report));
  assert_in_range(report.data_bytes, (uint64_t)7 << 30, (uint64_t)12 << 30);
  assert_true(report.memory_bytes < (uint64_t)6 << 30); /* it is read block by block */
  assert_true(report.blocks * report.block_bytes >= report.data_bytes - report.block_bytes);
  umbra_train_plan_destroy(plan);
  umbra_params_destroy(params);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(many_of_both), cmocka_unit_test(many_columns),
                                     cmocka_unit_test(many_records)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
