/* SPDX-License-Identifier: Apache-2.0 */
/* labels: slow */
/*
 * Trainings of all presets that train, at full security: on a dry device against real ones, which take a few GiB and
 * minutes each; and plans of twenty shapes against what they are figures of.
 */
#include "train_dry.h"

typedef void with_preset(umbra_params *params, const char *name);

/* Whether an iteration of the shape can be planned at all. */
static int trains(const umbra_params *params) {
  umbra_sigmoid_options sigmoid;
  umbra_train_plan *plan = NULL;
  const umbra_train_options options = options_of(&(shape){100, 3, 0, 3, 1, 0}, &sigmoid);
  umbra_status status = umbra_train_plan_create(&plan, params, &options);
  umbra_train_plan_destroy(plan);
  assert_true(status == UMBRA_OK || status == UMBRA_ERROR_UNSUPPORTED);
  return status == UMBRA_OK;
}

/* Which takes the params over. */
static void each_preset(with_preset *call) {
  int found = 0;
  for (const char *const *name = umbra_params_presets(); *name; name++) {
    umbra_params *params = NULL;
    assert_ok(umbra_params_from_preset(&params, *name));
    if (trains(params)) {
      found++;
      call(params, *name);
    } else {
      umbra_params_destroy(params);
    }
  }
  assert_true(found > 1);
}

static const shape planned[] = {
    {455, 30, 0, 15, 6, 0},      {1024, 196, 0, 3, 6, 1},      {8192, 196, 0, 3, 6, 0},    {10000, 8, 1000, 3, 30, 0},
    {100000, 8, 0, 3, 6, 0},     {2000, 500, 0, 3, 6, 0},      {100, 3, 0, 3, 6, 0},       {100, 3, 30, 7, 20, 1},
    {20000, 100, 4000, 5, 9, 0}, {11982, 196, 1024, 3, 32, 0}, {1, 1, 0, 1, 6, 0},         {600, 1, 0, 31, 6, 0},
    {50000, 30, 0, 7, 6, 0},     {3000, 4000, 0, 3, 6, 0},     {64, 20000, 0, 3, 6, 0},    {1000, 63, 0, 3, 6, 0},
    {1000, 64, 0, 3, 6, 0},      {4096, 15, 512, 9, 20, 0},    {12345, 17, 777, 3, 40, 0}, {300, 120, 0, 13, 6, 0},
};

static void plan_shapes(umbra_params *params, const char *name) {
  (void)name;
  for (size_t i = 0; i < sizeof planned / sizeof *planned; i++) hold_plan_of(params, &planned[i]);
  umbra_params_destroy(params);
}

static void test_plans(void **state) {
  (void)state;
  each_preset(plan_shapes);
}

static void train(umbra_params *params, const char *name) {
  print_message("%s: ", name);
  hold_training(params, &(shape){5000, 7, 0, 3, 3, 0}); /* groups of several, pairs, and a refresh */
}

static void test_trainings(void **state) {
  (void)state;
  each_preset(train);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_plans), cmocka_unit_test(test_trainings)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
