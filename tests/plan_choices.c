/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Plans are the same whatever was measured, with any number of threads, on every device that can be opened: nothing that
 * differs between machines decides anything.
 */
#include "plan_machines.h"
#include "train.h"

enum { BOOTS = 4, TRAININGS = 3 };

/* What is decided, of all plans. */
typedef struct decided {
  uint8_t training[TRAININGS][UMBRA_DIGEST_BYTES];
  umbra_bootstrap_report boot[BOOTS];
  umbra_key_need need[BOOTS][256];
  size_t needs[BOOTS];
} decided;

static void decide_training(decided *d, int i, const umbra_params *params) {
  static const size_t rows[TRAININGS] = {40, 700, 3000}, columns[TRAININGS] = {5, 30, 100};
  umbra_train_plan *plan = NULL;
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT};
  options.rows = rows[i];
  options.columns = columns[i];
  assert_ok(umbra_train_plan_create(&plan, params, &options));
  umbra_train_plan_digest(plan, d->training[i]);
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
  for (int i = 0; i < TRAININGS; i++) decide_training(d, i, params);
  for (int i = 0; i < BOOTS; i++) decide_boot(d, i, params);
  return d;
}

/* One of its own for every device and number of threads. */
static void keep_random_tables(uint64_t *random, const uint32_t threads[2]) {
  for (const char *const *name = umbra_kernels_names(); *name; name++) {
    const umbra_kernels *kernels = umbra_kernels_get(*name);
    if (!kernels || !kernels->device.count()) continue;
    for (int t = 0; t < 2; t++) {
      const umbra_cost_table table = random_table(random);
      const umbra_cost_subject subject = subject_of(kernels, threads[t]);
      assert_ok(umbra_cost_file_write(&table, &subject));
    }
  }
}

/* While that device is open, and a dry context states its seconds. */
static void hold(const decided *expected, umbra_params *params, const char *device, uint32_t threads) {
  umbra_context *context = NULL, *dry = NULL;
  umbra_cost cost = {UMBRA_COST_INIT};
  umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .device = device, .threads = threads};
  if (umbra_context_create(&context, &desc) != UMBRA_OK) return;
  desc.device = "dry";
  assert_ok(umbra_context_create(&dry, &desc));
  assert_ok(umbra_context_cost_machine(dry, device));
  assert_ok(umbra_context_cost(dry, &cost));
  if (!cost.measured) fail_msg("%s: the random table was not read: %s", device, cost.note);
  decided *d = decide(params);
  assert_memory_equal(d, expected, sizeof *d);
  free(d);
  umbra_context_destroy(dry);
  umbra_context_destroy(context);
}

static void test_equal_plans(void **state) {
  (void)state;
  static const uint32_t threads[2] = {1, 16};
  uint64_t random = 11;
  umbra_params *params = training_params();
  decided *expected = decide(params);
  keep_random_tables(&random, threads);
  for (const char *const *name = umbra_kernels_names(); *name; name++)
    for (int t = 0; t < 2; t++) hold(expected, params, *name, threads[t]);
  free(expected);
  umbra_params_destroy(params);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_equal_plans)};
  return cmocka_run_group_tests(tests, cache_make, cache_remove);
}
