/* SPDX-License-Identifier: Apache-2.0 */
/* labels: full */
/* Convolutions with diagonals that are encoded at use, but for those that memory holds: the same bits, however many. */
#include "inference_models.h"

#include <inttypes.h>
#include <string.h>

#include "host/infer/network.h"

enum { CHANNELS = 4, HIDDEN = 8, SIDE = 32, PIXELS = CHANNELS * SIDE * SIDE, SAMPLES = 4, LAYERS = 3 };

static umbra_params *params;
static umbra_model *model;
static umbra_ndarray samples;
static umbra_inference_plan *encoded; /* in any memory */

static uint32_t add_conv(umbra_model *made, uint64_t *state, uint32_t input, size_t inputs, size_t channels) {
  umbra_model_window window = {UMBRA_MODEL_WINDOW_INIT, .channels = channels};
  uint32_t node = 0;
  double *weights = random_numbers(state, inputs * channels * 9, 0.5 / sqrt((double)inputs));
  window.kernel[0] = window.kernel[1] = 3;
  for (int d = 0; d < 2; d++) window.before[d] = window.after[d] = 1;
  assert_ok(umbra_model_conv2d(made, &node, input, weights, NULL, &window));
  free(weights);
  return node;
}

static umbra_model *convolutions(void) {
  const size_t shape[] = {CHANNELS, SIDE, SIDE};
  uint64_t state = 3;
  uint32_t node = 0;
  umbra_model *made = NULL;
  assert_ok(umbra_model_create(&made, shape, 3));
  for (int i = 0; i < LAYERS; i++) node = add_square(made, add_conv(made, &state, node, i ? HIDDEN : CHANNELS, HIDDEN));
  assert_ok(umbra_model_apply(made, &node, UMBRA_NODE_GLOBAL_POOL, &node, 1));
  assert_ok(umbra_model_output(made, "y", add_dense(made, &state, node, HIDDEN, 3), NULL, 0, NULL));
  return made;
}

static umbra_inference_plan *plan_within(uint64_t memory) {
  umbra_inference_options options = {UMBRA_INFERENCE_OPTIONS_INIT, .params = params};
  umbra_inference_plan *plan = NULL;
  options.memory = memory;
  assert_ok(umbra_inference_plan_create(&plan, model, &samples, &options, NULL));
  return plan;
}

static umbra_inference_report report_of(const umbra_inference_plan *plan) {
  umbra_inference_report report = {UMBRA_INFERENCE_REPORT_INIT};
  assert_ok(umbra_inference_plan_report(plan, &report));
  return report;
}

static int open_all(void **state) {
  (void)state;
  params = test_params(11, 40, 2 * LAYERS + 1);
  model = convolutions();
  samples = random_records(1, SAMPLES, PIXELS);
  encoded = plan_within(0);
  return 0;
}

static int close_all(void **state) {
  (void)state;
  umbra_inference_plan_destroy(encoded);
  umbra_ndarray_clear(&samples);
  umbra_model_destroy(model);
  umbra_params_destroy(params);
  return 0;
}

/* ---- results ---- */

/* By the same plan, with another cache: what it keeps in *kept. */
static bytes run_with(const service *s, const umbra_matrix *batch, umbra_transform_encode_when encode, uint64_t ahead,
                      uint64_t *kept) {
  umbra_way way = *encoded->ways;
  umbra_inference *network = NULL;
  umbra_matrix *out = NULL;
  way.encode = encode;
  way.ahead = ahead;
  assert_ok(umbra_network_make(&network, s->context, encoded->program, &way, NULL));
  *kept = umbra_inference_bytes(network);
  for (int i = 0; i < 2; i++) /* what is kept serves again */
    assert_ok(umbra_inference_run(s->evaluator, &out, batch, network));
  bytes result = matrix_bytes(out);
  umbra_matrix_destroy(out);
  umbra_inference_destroy(network);
  return result;
}

/* None, some of the layers, and all. */
static void caches_change_no_bits(void **state) {
  (void)state;
  service s;
  uint64_t all, none, kept;
  service_open(&s, encoded, NULL);
  umbra_matrix *batch = encrypt_records(&s, encoded, &(umbra_ndarray){.rank = 2, .shape = {1, PIXELS}, samples.values});
  bytes expected = run_with(&s, batch, UMBRA_TRANSFORM_ENCODED, 0, &all);
  uint64_t before = none = 0;
  for (int i = 0; i < 8; i++) {
    bytes found = run_with(&s, batch, UMBRA_TRANSFORM_AT_USE, (all - none) / 8 * (uint64_t)i, &kept);
    if (i == 0) none = kept;
    assert_true(same_bytes(&found, &expected));
    assert_true(kept >= before && kept - none <= (all - none) / 8 * (uint64_t)i);
    before = kept;
    free(found.data);
  }
  assert_true(none < before && before < all);
  bytes found = run_with(&s, batch, UMBRA_TRANSFORM_AT_USE, UINT64_MAX, &kept);
  assert_true(same_bytes(&found, &expected) && kept == all);
  free(found.data);
  free(expected.data);
  umbra_matrix_destroy(batch);
  service_close(&s);
}

/* ---- plans ---- */

/* Bytes of weights with nothing encoded ahead. */
static uint64_t least_weights(const umbra_inference_plan *plan) {
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .device = "dry"};
  umbra_way way = *plan->ways;
  umbra_context *context = NULL;
  umbra_inference *network = NULL;
  way.ahead = 0;
  assert_ok(umbra_context_create(&context, &desc));
  assert_ok(umbra_network_make(&network, context, plan->program, &way, NULL));
  const uint64_t bytes = umbra_inference_bytes(network);
  umbra_inference_destroy(network);
  umbra_context_destroy(context);
  return bytes;
}

static void check_file(const umbra_inference_plan *plan) {
  umbra_inference_plan *read = NULL;
  bytes file = plan_bytes(plan);
  assert_ok(umbra_inference_plan_read(&read, file.data, file.size));
  assert_int_equal(read->ways->ahead, plan->ways->ahead);
  free(file.data);
  umbra_inference_plan_destroy(read);
}

static void check_explanation(const umbra_inference_plan *plan) {
  char text[1 << 14], words[64];
  size_t size = sizeof text;
  snprintf(words, sizeof words, "encoded at use but for %" PRIu64 " MiB", plan->ways->ahead >> 20);
  assert_ok(umbra_inference_plan_explain(plan, text, &size));
  assert_non_null(strstr(text, words));
}

/* What is left of the memory is used, and saves time: the more there is, the more of both. */
static void plans_fill_memory(void **state) {
  (void)state;
  const umbra_inference_report all = report_of(encoded);
  uint64_t before = 0;
  double slowest = HUGE_VAL;
  assert_int_equal(encoded->ways->encode, UMBRA_TRANSFORM_ENCODED);
  for (int i = 3; i >= 1; i--) {
    const uint64_t memory = all.peak_bytes - (uint64_t)i * (all.weight_bytes / 32);
    umbra_inference_plan *plan = plan_within(memory);
    const umbra_inference_report report = report_of(plan);
    print_message("of %" PRIu64 " KiB: %" PRIu64 " KiB of weights, %.3g s\n", memory >> 10, report.weight_bytes >> 10,
                  report.seconds);
    if (!before) before = least_weights(plan);
    assert_int_equal(plan->ways->encode, UMBRA_TRANSFORM_AT_USE);
    assert_true(report.peak_bytes <= memory - memory / 16); /* processes vary */
    assert_true(report.weight_bytes > before && report.weight_bytes < all.weight_bytes);
    assert_true(report.weight_bytes - least_weights(plan) <= plan->ways->ahead);
    assert_true(report.seconds < slowest && report.seconds > all.seconds);
    before = report.weight_bytes;
    slowest = report.seconds;
    check_explanation(plan);
    check_file(plan);
    umbra_inference_plan_destroy(plan);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(caches_change_no_bits), cmocka_unit_test(plans_fill_memory)};
  return cmocka_run_group_tests(tests, open_all, close_all);
}
