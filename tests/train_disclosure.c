/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Models of trainings for others to see: what a plan says of them beforehand, and what refreshes in two rounds do for that. */
#include "train.h"

enum { ROWS = 60, COLUMNS = 5, SLOTS = 8, ITERATIONS = 3 };

static const umbra_disclosure_options modest = {
    .struct_size = sizeof(umbra_disclosure_options), .releases = 2, .statistical = 6, .least_bits = 2};

/* A small ring, with the levels of boot-64k-50. */
static umbra_params *precise_params(void) {
  umbra_bootstrap_shape shape = {UMBRA_BOOTSTRAP_SHAPE_INIT};
  shape.arcsine_degree = 3;
  shape.ratio_bits = 7;
  return boot_twin(11, 50, 8, shape);
}

static umbra_train_options options_with(uint32_t rounds) {
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT};
  options.iterations = ITERATIONS;
  options.rounds = rounds;
  return options;
}

static umbra_logistic *train(const training *t) {
  umbra_trainer *trainer = NULL;
  umbra_logistic *model = NULL;
  const umbra_trainer_desc desc = training_desc(t);
  assert_ok(umbra_trainer_create(&trainer, &desc, NULL));
  assert_ok(umbra_trainer_run(trainer, NULL, NULL));
  assert_ok(umbra_trainer_logistic(trainer, &model));
  umbra_trainer_destroy(trainer);
  return model;
}

/* Real weights near the twin's, with the noise that the plan has stated. */
static void check_release(umbra_train_options options) {
  training t;
  double weights[COLUMNS + 1], twin[COLUMNS + 1];
  umbra_disclosure planned = {UMBRA_DISCLOSURE_INIT}, told = {UMBRA_DISCLOSURE_INIT};
  training_open(&t, precise_params(), random_records(ROWS, COLUMNS, 5), options, NULL);
  umbra_logistic *model = train(&t);
  assert_ok(umbra_train_twin(twin, NULL, 0, t.plan, t.records, NULL, NULL));
  assert_ok(umbra_train_plan_disclosure(t.plan, &planned, &modest));
  assert_ok(umbra_logistic_decrypt_public(model, &told, weights, &weights[COLUMNS], t.s.secret, &modest));
  assert_true(told.heuristic && planned.heuristic);
  assert_true(planned.noise == told.noise && planned.bits == told.bits);
  for (int c = 0; c <= COLUMNS; c++) assert_true(fabs(weights[c] - twin[c]) < 7 * told.noise + told.error_bound);
  umbra_logistic_destroy(model);
  training_close(&t);
}

static void plans_say_what_is_left(void **state) {
  (void)state;
  check_release(options_with(1));
  check_release(options_with(2));
}

static void of_refreshed_models_too(void **state) {
  (void)state;
  umbra_train_options options = options_with(2);
  options.bootstrap_result = 1;
  check_release(options);
}

static void too_little_is_refused(void **state) {
  (void)state;
  umbra_train_plan *plan = NULL;
  umbra_params *params = precise_params();
  umbra_train_options options = options_with(2);
  umbra_disclosure told = {UMBRA_DISCLOSURE_INIT};
  umbra_disclosure_options ask = modest;
  options.rows = ROWS;
  options.columns = COLUMNS;
  assert_ok(umbra_train_plan_create(&plan, params, &options));
  ask.statistical = 60;
  assert_fails(umbra_train_plan_disclosure(plan, &told, &ask), UMBRA_ERROR_RANGE, "What would do");
  assert_fails(umbra_train_plan_disclosure(plan, &told, NULL), UMBRA_ERROR_INVALID_ARGUMENT, "how many releases");
  assert_fails(umbra_train_plan_disclosure(NULL, &told, &ask), UMBRA_ERROR_INVALID_ARGUMENT, "needs a plan");
  umbra_train_plan_destroy(plan);
  umbra_params_destroy(params);
}

/* ---- rounds ---- */

static umbra_train_plan *plan_with(const umbra_params *params, uint32_t rounds) {
  umbra_train_plan *plan = NULL;
  umbra_train_options options = options_with(rounds);
  options.rows = ROWS;
  options.columns = COLUMNS;
  assert_ok(umbra_train_plan_create(&plan, params, &options));
  return plan;
}

/* None said is one; and plans of one are what they were. */
static void rounds_are_part_of_a_plan(void **state) {
  (void)state;
  umbra_params *params = precise_params();
  umbra_train_plan *plan[3], *loaded = NULL;
  uint8_t digest[3][UMBRA_DIGEST_BYTES], again[UMBRA_DIGEST_BYTES], buffer[1 << 14];
  umbra_train_report report[3];
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT};
  size_t size = sizeof buffer;
  for (uint32_t r = 0; r < 3; r++) {
    plan[r] = plan_with(params, r);
    umbra_train_plan_digest(plan[r], digest[r]);
    umbra_train_report_init(&report[r]);
    assert_ok(umbra_train_plan_report(plan[r], &report[r]));
  }
  assert_memory_equal(digest[0], digest[1], sizeof *digest);
  assert_memory_not_equal(digest[1], digest[2], sizeof *digest);
  assert_true(report[2].bootstrap_error < report[1].bootstrap_error / 2);
  assert_true(report[2].bootstrap_switches > report[1].bootstrap_switches);
  assert_ok(umbra_train_plan_write(plan[2], buffer, &size));
  assert_ok(umbra_train_plan_read(&loaded, buffer, size));
  umbra_train_plan_digest(loaded, again);
  assert_memory_equal(again, digest[2], sizeof again);
  assert_ok(umbra_train_plan_options(loaded, &options));
  assert_int_equal(options.rounds, 2);
  options.rounds = 3;
  assert_fails(umbra_train_plan_create(&loaded, params, &options), UMBRA_ERROR_INVALID_ARGUMENT, "rounds is 3");
  umbra_train_plan_destroy(loaded);
  for (int r = 0; r < 3; r++) umbra_train_plan_destroy(plan[r]);
  umbra_params_destroy(params);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(plans_say_what_is_left),
      cmocka_unit_test(of_refreshed_models_too),
      cmocka_unit_test(too_little_is_refused),
      cmocka_unit_test(rounds_are_part_of_a_plan),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
