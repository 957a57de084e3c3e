/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Plans layer by layer: what each is, its levels, and seconds that make up those of the run. */
#include "boot.h"
#include "inference_models.h"

enum { INPUTS = 12, SAMPLES = 50, ROOM = 64 };
static const char machine[] = "xeon-avx512";

static umbra_inference_plan *plan_of(umbra_model *model, size_t inputs, const umbra_params *params) {
  umbra_inference_options options = {UMBRA_INFERENCE_OPTIONS_INIT, .params = params};
  umbra_ndarray samples = random_records(1, SAMPLES, inputs);
  umbra_inference_plan *plan = NULL;
  assert_ok(umbra_inference_plan_create(&plan, model, &samples, &options, NULL));
  umbra_ndarray_clear(&samples);
  umbra_model_destroy(model);
  return plan;
}

static size_t layers_of(umbra_inference_layer layers[ROOM], const umbra_inference_plan *plan) {
  size_t count = ROOM;
  for (int i = 0; i < ROOM; i++) umbra_inference_layer_init(&layers[i]);
  assert_ok(umbra_inference_plan_layers(plan, layers, &count, machine));
  return count;
}

/* They follow each other, and nothing else takes time. */
static void check_layers(const umbra_inference_layer *layers, size_t count, const umbra_inference_plan *plan) {
  umbra_inference_report report = {UMBRA_INFERENCE_REPORT_INIT};
  umbra_cost cost = {UMBRA_COST_INIT};
  double seconds = 0;
  uint32_t level = umbra_params_depth(umbra_inference_plan_params(plan)), refreshes = 0;
  assert_ok(umbra_inference_plan_report(plan, &report));
  assert_ok(umbra_inference_plan_cost(plan, &cost, machine));
  for (size_t i = 0; i < count; i++) {
    assert_true(layers[i].level <= level && layers[i].result_level < layers[i].level && layers[i].seconds > 0);
    assert_true((layers[i].refreshed_level > layers[i].result_level) == (layers[i].refresh_seconds > 0));
    level = layers[i].refreshed_level ? layers[i].refreshed_level : layers[i].result_level;
    refreshes += layers[i].refreshed_level != 0;
    seconds += layers[i].seconds + layers[i].refresh_seconds;
  }
  assert_int_equal(refreshes, report.refreshes);
  assert_true(fabs(seconds - cost.seconds) <= 1e-9 * cost.seconds);
}

static void of_a_chain(void **state) {
  (void)state;
  static const char *const whats[] = {"linear", "chebyshev", "linear", "chebyshev", "linear"};
  static const size_t elements[] = {16, 16, 8, 8, 3};
  umbra_inference_layer layers[ROOM];
  umbra_inference_plan *plan = plan_of(deep_model(INPUTS, 16, 8, 3), INPUTS, NULL);
  assert_int_equal(layers_of(layers, plan), 5);
  for (int i = 0; i < 5; i++) {
    assert_string_equal(layers[i].what, whats[i]);
    assert_int_equal(layers[i].elements, elements[i]);
    assert_int_equal(layers[i].degree, i % 2 ? 7 : 0);
    assert_int_equal(layers[i].level - layers[i].result_level, i % 2 ? 3 : 1);
  }
  check_layers(layers, 5, plan);
  umbra_inference_plan_destroy(plan);
}

/* More levels than the parameters have. */
static void with_refreshes(void **state) {
  (void)state;
  umbra_params *params = boot_twin_40(12);
  umbra_inference_layer layers[ROOM];
  umbra_inference_plan *plan = plan_of(chain_of_cubics(6), 2, params);
  const size_t count = layers_of(layers, plan);
  assert_int_equal(count, 12);
  check_layers(layers, count, plan);
  umbra_inference_plan_destroy(plan);
  umbra_params_destroy(params);
}

/* A plan from a file has the same; a client's has none. */
static void kept_and_refused(void **state) {
  (void)state;
  umbra_inference_layer layers[ROOM], again[ROOM];
  umbra_inference_plan *plan = plan_of(square_model(INPUTS, 6, 3), INPUTS, NULL), *read = NULL, *client = NULL;
  uint8_t buffer[1 << 14];
  size_t size = sizeof buffer, few = 2, count = 0;
  assert_int_equal(layers_of(layers, plan), 3);
  assert_ok(umbra_inference_plan_write(plan, buffer, &size));
  assert_ok(umbra_inference_plan_read(&read, buffer, size));
  assert_int_equal(layers_of(again, read), 3);
  assert_memory_equal(again, layers, sizeof layers);
  assert_ok(umbra_inference_plan_layers(plan, NULL, &count, NULL));
  assert_int_equal(count, 3);
  assert_fails(umbra_inference_plan_layers(plan, again, &few, machine), UMBRA_ERROR_RANGE, "room for 2 layers");
  assert_fails(umbra_inference_plan_layers(plan, again, &count, "abacus"), UMBRA_ERROR_UNSUPPORTED, "abacus");
  assert_memory_equal(again, layers, sizeof layers);
  assert_ok(umbra_inference_plan_client(plan, &client));
  assert_fails(umbra_inference_plan_layers(client, again, &count, machine), UMBRA_ERROR_INVALID_ARGUMENT, "no weights");
  umbra_inference_plan_destroy(plan);
  umbra_inference_plan_destroy(read);
  umbra_inference_plan_destroy(client);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(of_a_chain), cmocka_unit_test(with_refreshes),
                                     cmocka_unit_test(kept_and_refused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
