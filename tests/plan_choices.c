/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Plans are the same whatever was measured, with any number of threads, on every device that can be opened: nothing that
 * differs between machines decides anything. Each plan is made beside measurements of its own.
 */
#include "../kernels/parallel.h"
#include "plan_machines.h"
#include "train.h"

enum { BOOTS = 4, TRAININGS = 3, TARGETS = 2, THREADS = 3 };

/* What is decided, of all plans. */
typedef struct decided {
  uint8_t training[TARGETS][TRAININGS][UMBRA_DIGEST_BYTES];
  umbra_bootstrap_report boot[BOOTS];
  umbra_key_need need[BOOTS][256];
  size_t needs[BOOTS];
} decided;

static uint64_t random_state = 11;

/* Of contexts; those that planners open have the default number. */
static uint32_t threads_of(int i) { return (const uint32_t[THREADS]){1, umbra_parallel_default(), 16}[i]; }

/* One of its own for every device and number of threads, in place of the last ones. */
static void keep_random_tables(void) {
  for (const char *const *name = umbra_kernels_names(); *name; name++) {
    const umbra_kernels *kernels = umbra_kernels_get(*name);
    if (!kernels || !kernels->device.count()) continue;
    for (int t = 0; t < THREADS; t++) {
      const umbra_cost_table table = random_table(&random_state);
      const umbra_cost_subject subject = subject_of(kernels, threads_of(t));
      assert_ok(umbra_cost_file_write(&table, &subject));
    }
  }
}

/* ---- decisions ---- */

static void decide_training(decided *d, umbra_target target, int i, const umbra_params *params) {
  static const size_t rows[TRAININGS] = {40, 700, 3000}, columns[TRAININGS] = {5, 30, 100};
  umbra_train_plan *plan = NULL;
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT};
  options.rows = rows[i];
  options.columns = columns[i];
  options.target = target;
  assert_ok(umbra_train_plan_create(&plan, params, &options));
  umbra_train_plan_digest(plan, d->training[target][i]);
  umbra_train_plan_destroy(plan);
}

static void decide_boot(decided *d, int i, const umbra_params *params) {
  umbra_bootstrap_plan *plan = NULL;
  umbra_bootstrap_options options = {UMBRA_BOOTSTRAP_OPTIONS_INIT};
  if (i == 1) options.slots = 64;
  if (i == 2) options.order = UMBRA_BOOTSTRAP_STC_FIRST;
  options.min_key = i == 3;
  d->boot[i] = (umbra_bootstrap_report){UMBRA_BOOTSTRAP_REPORT_INIT};
  assert_ok(umbra_bootstrap_plan_create(&plan, params, &options));
  assert_ok(umbra_bootstrap_plan_report(plan, &d->boot[i]));
  umbra_key_needs *needs = refresh_needs(plan, params);
  d->needs[i] = umbra_key_needs_count(needs);
  assert_true(d->needs[i] <= sizeof d->need[i] / sizeof *d->need[i]);
  for (size_t k = 0; k < d->needs[i]; k++) {
    d->need[i][k] = (umbra_key_need){UMBRA_KEY_NEED_INIT};
    assert_ok(umbra_key_needs_get(needs, &d->need[i][k], k));
  }
  umbra_key_needs_destroy(needs);
  umbra_bootstrap_plan_destroy(plan);
}

static decided *decide(const umbra_params *params) {
  decided *d = calloc(1, sizeof *d);
  assert_non_null(d);
  for (int target = 0; target < TARGETS; target++) {
    for (int i = 0; i < TRAININGS; i++) {
      keep_random_tables();
      decide_training(d, (umbra_target)target, i, params);
    }
  }
  for (int i = 0; i < BOOTS; i++) {
    keep_random_tables();
    decide_boot(d, i, params);
  }
  return d;
}

/* ---- beside devices ---- */

/* Of the same work each time, by the device's table of now. */
static double seconds_on(const umbra_context *dry, const char *device) {
  umbra_ciphertext *x = NULL;
  umbra_evaluator *evaluator = NULL;
  umbra_cost cost = {UMBRA_COST_INIT};
  assert_ok(umbra_evaluator_create(&evaluator, dry, NULL));
  assert_ok(umbra_dry_ciphertext(&x, dry, UMBRA_TOP_LEVEL, 0, 1));
  assert_ok(umbra_context_cost_machine(dry, device));
  assert_ok(umbra_context_cost_begin(dry));
  assert_ok(umbra_square(evaluator, &x, x));
  assert_ok(umbra_context_cost(dry, &cost));
  if (!cost.measured) fail_msg("%s: the random table was not read: %s", device, cost.note);
  umbra_ciphertext_destroy(x);
  umbra_evaluator_destroy(evaluator);
  return cost.seconds;
}

/* That tables are read again, and say something else. */
static void assert_tables_matter(umbra_params *params, const char *device, uint32_t threads) {
  umbra_context *dry = NULL;
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .device = "dry", .threads = threads};
  assert_ok(umbra_context_create(&dry, &desc));
  keep_random_tables();
  const double before = seconds_on(dry, device);
  assert_true(before == seconds_on(dry, device));
  keep_random_tables();
  assert_true(before != seconds_on(dry, device));
  umbra_context_destroy(dry);
}

/* While that device is open. */
static void hold(const decided *expected, umbra_params *params, const char *device, uint32_t threads) {
  umbra_context *context = NULL;
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .device = device, .threads = threads};
  if (umbra_context_create(&context, &desc) != UMBRA_OK) return;
  assert_tables_matter(params, device, threads);
  decided *d = decide(params);
  assert_memory_equal(d, expected, sizeof *d);
  free(d);
  umbra_context_destroy(context);
}

static void test_equal_plans(void **state) {
  (void)state;
  umbra_params *params = training_params();
  assert_tables_matter(params, "cpu", 0);
  decided *expected = decide(params);
  for (const char *const *name = umbra_kernels_names(); *name; name++)
    for (int t = 0; t < THREADS; t++) hold(expected, params, *name, threads_of(t));
  free(expected);
  umbra_params_destroy(params);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_equal_plans)};
  return cmocka_run_group_tests(tests, cache_make, cache_remove);
}
