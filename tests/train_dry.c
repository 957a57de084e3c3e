/* SPDX-License-Identifier: Apache-2.0 */
/* labels: full */
/*
 * Trainings, models and matrices without values: against the same ones with values in a small ring, the figures of plans
 * against what they are figures of, and what is refused.
 */
#include "train_dry.h"

/* ---- plans ---- */

/* All that a plan distinguishes: layouts, batches that are not whole, degrees, refreshes of results. */
static const shape planned[] = {
    {1, 1, 0, 1, 6, 0},       {60, 3, 0, 3, 6, 0},         {60, 3, 25, 3, 9, 1},       {600, 1, 0, 31, 4, 0},
    {257, 3, 0, 3, 6, 0},     {512, 3, 0, 3, 6, 1},        {1400, 3, 0, 3, 6, 0},      {5000, 3, 0, 3, 5, 0},
    {100000, 3, 0, 3, 5, 0},  {100000, 3, 9000, 3, 30, 0}, {455, 30, 0, 15, 5, 0},     {2000, 30, 300, 7, 40, 0},
    {40, 60, 0, 3, 3, 0},     {1000, 63, 0, 3, 5, 0},      {1000, 64, 0, 3, 5, 0},     {300, 120, 0, 13, 5, 1},
    {700, 200, 64, 5, 25, 0}, {64, 1000, 0, 3, 5, 0},      {12345, 17, 777, 3, 20, 0}, {3000, 400, 1000, 2, 7, 1},
};

static void test_plans(void **state) {
  (void)state;
  umbra_params *params = training_params();
  for (size_t i = 0; i < sizeof planned / sizeof *planned; i++) hold_plan_of(params, &planned[i]);
  umbra_params_destroy(params);
}

enum { MANY = 1000 }; /* iterations: far more than any are run here */

/* Of single parts: a long training's are those of a short one, and make up the whole. */
static void test_parts(void **state) {
  (void)state;
  umbra_params *params = training_params();
  umbra_sigmoid_options sigmoid;
  umbra_train_options options = options_of(&(shape){1400, 3, 0, 3, 8, 0}, &sigmoid);
  umbra_train_plan *few = NULL, *many = NULL;
  umbra_train_report report = {UMBRA_TRAIN_REPORT_INIT};
  umbra_cost cost[2][3], *refresh = &cost[1][UMBRA_TRAIN_BOOTSTRAP], *iteration = &cost[1][UMBRA_TRAIN_ITERATION];
  assert_ok(umbra_train_plan_create(&few, params, &options));
  options.iterations = MANY;
  assert_ok(umbra_train_plan_create(&many, params, &options));
  for (int part = 0; part < 3; part++) {
    umbra_cost_init(&cost[0][part]);
    umbra_cost_init(&cost[1][part]);
    assert_ok(umbra_train_plan_cost(few, &cost[0][part], (umbra_train_part)part, NULL));
    assert_ok(umbra_train_plan_cost(many, &cost[1][part], (umbra_train_part)part, NULL));
  }
  assert_ok(umbra_train_plan_report(many, &report));
  assert_memory_equal(refresh, &cost[0][UMBRA_TRAIN_BOOTSTRAP], sizeof *refresh);
  assert_memory_equal(iteration, &cost[0][UMBRA_TRAIN_ITERATION], sizeof *iteration);
  const umbra_cost *whole = &cost[1][UMBRA_TRAIN_WHOLE];
  assert_int_equal(whole->ephemeral_switches, 2 * (size_t)report.bootstraps);
  assert_int_equal(whole->key_switches, MANY * iteration->key_switches + report.bootstraps * refresh->key_switches);
  assert_int_equal(report.key_switches, iteration->key_switches);
  assert_int_equal(report.bootstrap_switches, refresh->key_switches + refresh->ephemeral_switches);
  assert_int_equal(report.key_bytes, whole->key_bytes);
  assert_true(report.memory_limit > whole->peak_bytes);
  umbra_train_plan_destroy(few);
  umbra_train_plan_destroy(many);
  umbra_params_destroy(params);
}

/* ---- trainings ---- */

static void test_trainings(void **state) {
  (void)state;
  static const shape shapes[] = {
      {60, 3, 25, 3, 4, 1},    /* one part, and a smaller batch */
      {300, 6, 0, 7, 3, 0},    /* pairs */
      {1400, 3, 600, 3, 4, 0}, /* groups */
      {40, 60, 0, 3, 3, 0},    /* long rows */
  };
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) hold_training(training_params(), &shapes[i]);
}

/* ---- networks ---- */

/* Heads and hidden layers, batches of several blocks of which the last is smaller, refreshes of results and of sums. */
static void test_networks(void **state) {
  (void)state;
  static const struct {
    shape of;
    uint32_t outputs, hidden[UMBRA_TRAIN_MAX_HIDDEN];
    umbra_loss loss;
    uint32_t degree; /* of activations */
    uint32_t levels; /* that refreshes leave; 0: as usual */
    int public_features;
  } networks[] = {{{60, 3, 25, 3, 7, 1}, 1, {0}, UMBRA_LOSS_SQUARED, 0, 0, 0},
                  {{900, 30, 0, 7, 3, 0}, 2, {0}, UMBRA_LOSS_ONE_VS_REST, 0, 0, 0},
                  {{3000, 30, 1200, 3, 4, 0}, 2, {0}, UMBRA_LOSS_SQUARED, 0, 0, 0},
                  {{90, 9, 0, 3, 3, 0}, 2, {16, 4}, UMBRA_LOSS_SQUARED, 0, 0, 0},
                  {{90, 9, 0, 3, 3, 1}, 2, {16, 4}, UMBRA_LOSS_SQUARED, 0, 10, 0},
                  {{3000, 30, 1200, 3, 4, 0}, 2, {8, 4}, UMBRA_LOSS_SQUARED, 0, 8, 0},
                  {{70, 30, 0, 3, 2, 0}, 1, {40}, UMBRA_LOSS_ONE_VS_REST, 0, 0, 0},
                  {{70, 5, 40, 3, 3, 0}, 1, {8}, UMBRA_LOSS_SQUARED, 4, 0, 0},
                  {{3000, 30, 1200, 3, 3, 0}, 2, {8}, UMBRA_LOSS_SQUARED, 0, 0, 1},
                  {{90, 9, 0, 3, 3, 1}, 2, {16, 4}, UMBRA_LOSS_SQUARED, 0, 10, 1}};
  for (size_t i = 0; i < sizeof networks / sizeof *networks; i++) {
    umbra_params *params = networks[i].levels ? levels_of(networks[i].levels) : training_params();
    umbra_sigmoid_options sigmoid;
    umbra_train_plan *plan = NULL;
    umbra_train_options options = options_of(&networks[i].of, &sigmoid);
    options.kind = UMBRA_TRAIN_NETWORK;
    options.momentum = 1;
    options.outputs = networks[i].outputs;
    options.loss = networks[i].loss;
    options.hidden_degree = networks[i].degree;
    options.hidden_function = networks[i].degree ? UMBRA_FUNCTION_SILU : UMBRA_FUNCTION_GIVEN;
    options.public_features = networks[i].public_features;
    memcpy(options.hidden, networks[i].hidden, sizeof options.hidden);
    assert_ok(umbra_train_plan_create(&plan, params, &options));
    hold_plan(plan);
    umbra_train_plan_destroy(plan);
    hold_run(params, random_records(options.rows, options.columns, i), options);
  }
}

/* ---- targets ---- */

static void test_targets(void **state) {
  (void)state;
  umbra_params *params = training_params();
  umbra_sigmoid_options sigmoid;
  umbra_train_options options = options_of(&planned[6], &sigmoid), kept = {UMBRA_TRAIN_OPTIONS_INIT};
  umbra_train_plan *plan = NULL, *again = NULL;
  uint8_t digest[2][UMBRA_DIGEST_BYTES], buffer[16384];
  for (int target = UMBRA_TARGET_CPU; target <= UMBRA_TARGET_GPU; target++) {
    size_t size = sizeof buffer;
    options.target = (umbra_target)target;
    assert_ok(umbra_train_plan_create(&plan, params, &options));
    assert_ok(umbra_train_plan_write(plan, buffer, &size));
    assert_ok(umbra_train_plan_read(&again, buffer, size));
    assert_ok(umbra_train_plan_options(again, &kept));
    assert_int_equal(kept.target, target);
    umbra_train_plan_digest(again, digest[target]);
  }
  assert_memory_not_equal(digest[0], digest[1], UMBRA_DIGEST_BYTES);
  options.target = (umbra_target)2;
  assert_fails(umbra_train_plan_create(&plan, params, &options), UMBRA_ERROR_INVALID_ARGUMENT, "target is 2");
  umbra_train_plan_destroy(plan);
  umbra_train_plan_destroy(again);
  umbra_params_destroy(params);
}

/* ---- what is refused ---- */

#define NO_VALUES "a dry device has no values"

static void check_trainer(const umbra_train_plan *plan, const umbra_context *dry, const training *t) {
  const umbra_status unsupported = UMBRA_ERROR_UNSUPPORTED;
  umbra_trainer *trainer = NULL;
  umbra_trainer_desc desc = {UMBRA_TRAINER_DESC_INIT, .plan = plan, .context = dry, .keys = t->s.keys};
  assert_fails(umbra_trainer_create(&trainer, &desc, NULL), unsupported, NO_VALUES);
  desc.keys = NULL;
  desc.data = t->folder;
  assert_fails(umbra_trainer_create(&trainer, &desc, NULL), unsupported, NO_VALUES);
  desc.data = NULL;
  desc.checkpoint = t->checkpoint;
  assert_fails(umbra_trainer_create(&trainer, &desc, NULL), unsupported, NO_VALUES);
  desc.checkpoint = NULL;
  desc.context = t->s.context;
  assert_fails(umbra_trainer_create(&trainer, &desc, NULL), UMBRA_ERROR_INVALID_ARGUMENT, "keys and the folder");
  assert_null(trainer);
}

/* Of the model of a dry training; a real one does not score a dry matrix, and the other way round. */
static void check_model(const umbra_logistic *model, const umbra_matrix *records, const training *t) {
  const umbra_status mismatch = UMBRA_ERROR_MISMATCH;
  double weights[8], bias;
  size_t size = 0;
  umbra_logistic *real = NULL;
  umbra_matrix *scores = NULL;
  umbra_evaluator *evaluator = NULL;
  assert_ok(umbra_evaluator_create(&evaluator, t->s.context, t->s.keys));
  assert_ok(umbra_logistic_encrypt(&real, t->s.public, (const double[]){1, 2, 3}, 3, 4, NULL));
  assert_fails(umbra_logistic_decrypt(model, weights, &bias, t->s.secret), mismatch, NO_VALUES);
  assert_fails(umbra_logistic_write(model, NULL, &size, NULL), UMBRA_ERROR_UNSUPPORTED, NO_VALUES);
  assert_fails(umbra_matrix_decrypt(records, weights, t->s.secret, NULL), mismatch, NO_VALUES);
  assert_fails(umbra_matrix_write(records, NULL, &size, NULL), UMBRA_ERROR_UNSUPPORTED, NO_VALUES);
  assert_fails(umbra_logistic_score(evaluator, &scores, real, records, NULL), mismatch, NO_VALUES);
  assert_fails(umbra_logistic_score(evaluator, &scores, model, records, NULL), mismatch, NO_VALUES);
  umbra_logistic_destroy(real);
  umbra_evaluator_destroy(evaluator);
}

static void check_arguments(const umbra_context *dry, const umbra_context *real) {
  const umbra_status invalid = UMBRA_ERROR_INVALID_ARGUMENT;
  umbra_matrix *matrix = NULL;
  umbra_logistic *model = NULL;
  assert_fails(umbra_dry_matrix(NULL, dry, 1, 1, 1, 1, NULL), invalid, "output");
  assert_fails(umbra_dry_matrix(&matrix, dry, 0, 1, 1, 1, NULL), invalid, "rows");
  assert_fails(umbra_dry_matrix(&matrix, dry, 1, 1025, 1, 1, NULL), UMBRA_ERROR_RANGE, "columns do not fit");
  assert_fails(umbra_dry_matrix(&matrix, dry, 1, 1, 100, 1, NULL), invalid, "level");
  assert_fails(umbra_dry_matrix(&matrix, dry, 1, 1, 1, -1, NULL), invalid, "bound");
  assert_fails(umbra_dry_matrix(&matrix, real, 1, 1, 1, 1, NULL), UMBRA_ERROR_UNSUPPORTED, "\"dry\"");
  assert_fails(umbra_dry_logistic(&model, NULL, 1, 1, 1, NULL), invalid, "context");
  assert_fails(umbra_dry_logistic(&model, dry, 0, 1, 1, NULL), invalid, "at least one weight");
  assert_fails(umbra_dry_logistic(&model, dry, 1024, 1, 1, NULL), UMBRA_ERROR_RANGE, "features do not fit");
  assert_fails(umbra_dry_logistic(&model, real, 1, 1, 1, NULL), UMBRA_ERROR_UNSUPPORTED, "\"dry\"");
  assert_true(!matrix && !model);
}

static double magnitude_of(umbra_matrix *matrix) {
  umbra_range range = {UMBRA_RANGE_INIT};
  assert_ok(umbra_matrix_range(matrix, &range));
  umbra_matrix_destroy(matrix);
  return range.magnitude;
}

/* No matrix whose elements keep the bound has a larger one. */
static void test_bounds(void **state) {
  (void)state;
  enum { ROWS = 40, COLUMNS = 3 };
  static const double bounds[] = {0.25, 1, 3};
  umbra_params *params = training_params();
  umbra_context *contexts[2] = {0};
  const char *const devices[] = {"dry", "sim"};
  for (int i = 0; i < 2; i++)
    assert_ok(umbra_context_create(
        &contexts[i], &(umbra_context_desc){UMBRA_CONTEXT_DESC_INIT, .params = params, .device = devices[i]}));
  for (int kind = 0; kind < 12; kind++) {
    const umbra_matrix_layout layout = {UMBRA_MATRIX_LAYOUT_INIT, .pairs = kind % 2, .ones = kind / 2 % 2};
    const double bound = bounds[kind / 4];
    double values[ROWS * COLUMNS];
    umbra_matrix *dry = NULL, *sim = NULL;
    for (int v = 0; v < ROWS * COLUMNS; v++) values[v] = v % 2 ? bound * 0.99 : -bound * 0.99;
    assert_ok(umbra_dry_matrix(&dry, contexts[0], ROWS, COLUMNS, UMBRA_TOP_LEVEL, bound, &layout));
    assert_ok(umbra_sim_matrix(&sim, contexts[1], values, ROWS, COLUMNS, &layout));
    const double stated = magnitude_of(dry), seen = magnitude_of(sim);
    assert_true(stated >= fmin(seen, bound) && (!layout.pairs || stated >= seen));
    assert_true(!layout.ones || stated >= 1);
  }
  for (int i = 0; i < 2; i++) umbra_context_destroy(contexts[i]);
  umbra_params_destroy(params);
}

/* Only seconds, and whose they are, depend on the machine. */
static void check_machines(const umbra_train_plan *plan) {
  umbra_cost here = {UMBRA_COST_INIT}, there = {UMBRA_COST_INIT}, kept;
  for (int part = 0; part < 3; part++) {
    assert_ok(umbra_train_plan_cost(plan, &here, (umbra_train_part)part, NULL));
    assert_ok(umbra_train_plan_cost(plan, &there, (umbra_train_part)part, "xeon-ref"));
    if (!here.kernel_calls) continue; /* no refreshes */
    assert_string_equal(there.machine, "an Intel Xeon by the reference backend, 1 thread");
    assert_false(there.measured);
    assert_true(there.seconds > 0 && there.seconds != here.seconds);
    memcpy(there.machine, here.machine, sizeof here.machine);
    memcpy(there.note, here.note, sizeof here.note);
    there.seconds = here.seconds;
    there.measured = here.measured;
    assert_memory_equal(&there, &here, sizeof here);
  }
  kept = there;
  assert_fails(umbra_train_plan_cost(plan, &there, UMBRA_TRAIN_WHOLE, "abacus"), UMBRA_ERROR_UNSUPPORTED, "abacus");
  assert_memory_equal(&there, &kept, sizeof kept);
}

static void test_guards(void **state) {
  (void)state;
  umbra_sigmoid_options sigmoid;
  training t;
  umbra_logistic *model = NULL;
  umbra_matrix *records = NULL;
  umbra_cost cost = {UMBRA_COST_INIT};
  training_open(&t, training_params(), random_records(60, 3, 1), options_of(&(shape){60, 3, 0, 3, 2, 0}, &sigmoid),
                "cpu");
  dry_training d = dry_open(t.plan, 0, UMBRA_TARGET_GPU);
  assert_ok(umbra_trainer_run(d.trainer, NULL, NULL));
  assert_ok(umbra_trainer_logistic(d.trainer, &model));
  assert_ok(umbra_dry_matrix(&records, d.context, 60, 3, UMBRA_TOP_LEVEL, 1,
                             &(umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .ones = 1}));
  check_trainer(t.plan, d.context, &t);
  check_model(model, records, &t);
  check_arguments(d.context, t.s.context);
  check_machines(t.plan);
  assert_fails(umbra_train_plan_cost(t.plan, &cost, (umbra_train_part)3, NULL), UMBRA_ERROR_INVALID_ARGUMENT, "a part");
  umbra_matrix_destroy(records);
  umbra_logistic_destroy(model);
  dry_close(&d);
  training_close(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_plans),    cmocka_unit_test(test_parts),   cmocka_unit_test(test_trainings),
      cmocka_unit_test(test_networks), cmocka_unit_test(test_targets), cmocka_unit_test(test_bounds),
      cmocka_unit_test(test_guards),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
