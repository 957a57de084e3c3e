/* SPDX-License-Identifier: Apache-2.0 */
/* labels: full */
/* Convolutional networks on encrypted images that are too large for matrices, against the same networks in the clear. */
#include "container_bytes.h"
#include "dry_sides.h"
#include "host/ckks/dry.h"
#include "host/infer/network.h"
#include "host/linalg/matrix.h"
#include "inference_models.h"

enum { CHANNELS = 4, SIDE = 32, PIXELS = CHANNELS * SIDE * SIDE, SAMPLES = 12 };

/* ---- models ---- */

static umbra_model *new_images(void) {
  const size_t shape[] = {CHANNELS, SIDE, SIDE};
  umbra_model *model = NULL;
  assert_ok(umbra_model_create(&model, shape, 3));
  return model;
}

/* With random weights, a bias, and zeros around. */
static uint32_t add_conv(umbra_model *model, uint64_t *state, uint32_t input, size_t inputs, size_t channels,
                         size_t side, size_t stride) {
  umbra_model_window window = {UMBRA_MODEL_WINDOW_INIT, .channels = channels};
  uint32_t node = 0;
  double *weights = random_numbers(state, inputs * channels * side * side, 1.5 / (double)side / sqrt((double)inputs));
  double *bias = random_numbers(state, channels, 0.25);
  window.kernel[0] = window.kernel[1] = side;
  window.stride[0] = window.stride[1] = stride;
  for (int d = 0; d < 2; d++) window.before[d] = window.after[d] = side / 2;
  assert_ok(umbra_model_conv2d(model, &node, input, weights, bias, &window));
  free(weights);
  free(bias);
  return node;
}

/* Means of 2 x 2 pixels. */
static uint32_t add_pool(umbra_model *model, uint32_t input) {
  umbra_model_window window = {UMBRA_MODEL_WINDOW_INIT};
  uint32_t node = 0;
  for (int d = 0; d < 2; d++) window.kernel[d] = window.stride[d] = 2;
  assert_ok(umbra_model_average_pool(model, &node, input, &window));
  return node;
}

/* Every other pixel of each channel, and as many channels of zeros behind them, in one dimension. */
static uint32_t add_shortcut(umbra_model *model, uint32_t input, size_t channels, size_t side) {
  const size_t half = side / 2, count = 2 * channels * half * half;
  int32_t *source = malloc(count * sizeof *source);
  uint32_t node = 0;
  assert_non_null(source);
  for (size_t i = 0; i < count; i++) {
    const size_t c = i / (half * half), y = i / half % half, x = i % half;
    source[i] = c < channels ? (int32_t)((c * side + 2 * y) * side + 2 * x) : -1;
  }
  assert_ok(umbra_model_select(model, &node, input, source, count));
  free(source);
  return node;
}

static umbra_model *finish_model(umbra_model *model, uint64_t *state, uint32_t node, size_t elements) {
  assert_ok(umbra_model_output(model, "logits", add_dense(model, state, node, elements, 5), NULL, 0, NULL));
  return model;
}

/* Convolution, square, convolution with a stride, a polynomial, a pool between convolutions, a pool in the dense layer. */
static umbra_model *plain_model(void) {
  uint64_t state = 11;
  umbra_model *model = new_images();
  uint32_t node = add_square(model, add_conv(model, &state, 0, CHANNELS, 8, 3, 1));
  node = add_seventh(model, add_conv(model, &state, node, 8, 8, 5, 2));
  node = add_pool(model, node);
  node = add_square(model, add_conv(model, &state, node, 8, 6, 3, 1));
  assert_ok(umbra_model_apply(model, &node, UMBRA_NODE_GLOBAL_POOL, &node, 1));
  return finish_model(model, &state, node, 6);
}

static uint32_t add_line_and_square(umbra_model *model, uint32_t input) {
  const double coefficients[] = {0.125, 0.5, 0.25};
  uint32_t node = 0;
  assert_ok(umbra_model_polynomial(model, &node, input, coefficients, 3));
  return node;
}

/* A residual block, one with half the side and twice the channels, joined channels, and what is scaled by channel. */
static umbra_model *residual_model(void) {
  const double scale[] = {0.5, -0.25, 0.75, 1, 0.5, 0.25, -0.5, 1}, shift[] = {0.25};
  const size_t shape[] = {16, SIDE / 2, SIDE / 2};
  uint64_t state = 12;
  umbra_model *model = new_images();
  uint32_t scaled = 0, first = add_square(model, add_conv(model, &state, 0, CHANNELS, 8, 3, 1));
  uint32_t node = add_line_and_square(model, add_conv(model, &state, first, 8, 8, 3, 1));
  node = combine_nodes(model, UMBRA_NODE_ADD, first, add_conv(model, &state, node, 8, 8, 3, 1));
  const uint32_t second = add_line_and_square(model, node);
  node = add_line_and_square(model, add_conv(model, &state, second, 8, 16, 3, 2));
  node = combine_nodes(model, UMBRA_NODE_ADD, add_shortcut(model, second, 8, SIDE),
                       add_conv(model, &state, node, 16, 16, 3, 1));
  node = add_square(model, node);
  assert_ok(umbra_model_reshape(model, &node, node, shape, 3));
  assert_ok(umbra_model_scale_shift(model, &scaled, add_conv(model, &state, node, 16, 8, 1, 1), scale, NULL, 8));
  assert_ok(umbra_model_scale_shift(model, &scaled, scaled, NULL, shift, 1));
  node = add_square(model, combine_nodes(model, UMBRA_NODE_CONCAT, scaled, node));
  return finish_model(model, &state, node, 24 * SIDE / 2 * SIDE / 2);
}

/* ---- checks ---- */

static umbra_inference_plan *reread(const umbra_inference_plan *plan) {
  umbra_inference_plan *read = NULL;
  bytes written = plan_bytes(plan);
  assert_ok(umbra_inference_plan_read(&read, written.data, written.size));
  bytes again = plan_bytes(read);
  assert_true(same_bytes(&again, &written));
  free(written.data);
  free(again.data);
  return read;
}

/* By the plan's files: the server's runs what the client's encrypts. */
static void run_from_files(const umbra_model *model, const umbra_inference_plan *plan, const umbra_ndarray *records) {
  umbra_inference_plan *client = NULL, *server = reread(plan);
  assert_ok(umbra_inference_plan_client(plan, &client));
  umbra_inference_plan *read = reread(client);
  check_against_model(model, plan, records, infer_encrypted(server, read, records));
  umbra_inference_plan_destroy(client);
  umbra_inference_plan_destroy(server);
  umbra_inference_plan_destroy(read);
}

/* Takes the model. */
static void run_model(umbra_model *model, size_t records, const umbra_inference_options *options) {
  umbra_ndarray samples = random_records(1, SAMPLES, PIXELS), later = random_records(2, records, PIXELS);
  umbra_inference_plan *plan = NULL;
  assert_ok(umbra_inference_plan_create(&plan, model, &samples, options, NULL));
  check_against_model(model, plan, &later, infer_simulated(plan, &later));
  run_from_files(model, plan, &later);
  umbra_inference_plan_destroy(plan);
  umbra_ndarray_clear(&samples);
  umbra_ndarray_clear(&later);
  umbra_model_destroy(model);
}

static void convolutions(void **state) {
  (void)state;
  run_model(plain_model(), 1, NULL);
}

static void residual(void **state) {
  (void)state;
  run_model(residual_model(), 2, NULL); /* more than planned: one after the other */
}

/* An image, and the same elements in another shape, which is none: whose channels have means. */
static umbra_model *reshaped_input(void) {
  const size_t shape[] = {16, SIDE / 2, SIDE / 2};
  uint64_t state = 13;
  umbra_model *model = new_images();
  uint32_t other = 0, node = add_square(model, add_conv(model, &state, 0, CHANNELS, 8, 3, 1));
  assert_ok(umbra_model_apply(model, &node, UMBRA_NODE_GLOBAL_POOL, &node, 1));
  assert_ok(umbra_model_reshape(model, &other, 0, shape, 3));
  assert_ok(umbra_model_apply(model, &other, UMBRA_NODE_GLOBAL_POOL, &other, 1));
  return finish_model(model, &state, combine_nodes(model, UMBRA_NODE_CONCAT, node, other), 24);
}

/* The same of what an activation reads. */
static umbra_model *reshaped_value(void) {
  const size_t shape[] = {8, SIDE / 2, SIDE / 4};
  uint64_t state = 14;
  umbra_model *model = new_images();
  uint32_t node = add_square(model, add_conv(model, &state, 0, CHANNELS, 4, 3, 2));
  assert_ok(umbra_model_reshape(model, &node, node, shape, 3));
  node = add_seventh(model, node);
  assert_ok(umbra_model_apply(model, &node, UMBRA_NODE_GLOBAL_POOL, &node, 1));
  return finish_model(model, &state, node, 8);
}

/* A polynomial that is small where its arguments are, and large at 0, as between pixels; then another one. */
static umbra_model *far_from_zero(void) {
  const double bias[] = {4, 4, 4}, small[] = {16, -8, 1};
  umbra_model_window window = {UMBRA_MODEL_WINDOW_INIT, .channels = 3};
  uint64_t state = 15;
  uint32_t node = 0;
  umbra_model *model = new_images();
  double *weights = random_numbers(&state, CHANNELS * 3, 0.0125);
  window.stride[0] = window.stride[1] = 2;
  assert_ok(umbra_model_conv2d(model, &node, 0, weights, bias, &window));
  assert_ok(umbra_model_polynomial(model, &node, node, small, 3));
  node = add_seventh(model, node);
  assert_ok(umbra_model_apply(model, &node, UMBRA_NODE_GLOBAL_POOL, &node, 1));
  free(weights);
  return finish_model(model, &state, node, 3);
}

static int has_convolutions(const umbra_inference_plan *plan) {
  size_t size = 0;
  assert_ok(umbra_inference_plan_explain(plan, NULL, &size));
  char *text = malloc(size);
  assert_non_null(text);
  assert_ok(umbra_inference_plan_explain(plan, text, &size));
  const int found = strstr(text, "conv") != NULL;
  free(text);
  return found;
}

/* Takes the model. */
static void simulate_model(umbra_model *model) {
  umbra_ndarray samples = random_records(1, SAMPLES, PIXELS), later = random_records(2, 1, PIXELS);
  umbra_inference_plan *plan = NULL;
  assert_ok(umbra_inference_plan_create(&plan, model, &samples, NULL, NULL));
  umbra_inference_plan *read = reread(plan);
  assert_true(has_convolutions(read));
  check_against_model(model, read, &later, infer_simulated(read, &later));
  umbra_inference_plan_destroy(plan);
  umbra_inference_plan_destroy(read);
  umbra_ndarray_clear(&samples);
  umbra_ndarray_clear(&later);
  umbra_model_destroy(model);
}

static void reshaped_inputs(void **state) {
  (void)state;
  simulate_model(reshaped_input());
}

static void reshaped_values(void **state) {
  (void)state;
  simulate_model(reshaped_value());
}

static void values_between_pixels(void **state) {
  (void)state;
  simulate_model(far_from_zero());
}

/* Values are refreshed on the way, of several ciphertexts each. */
static void refreshed(void **state) {
  (void)state;
  umbra_params *params = boot_twin_40(12);
  umbra_inference_options options = {UMBRA_INFERENCE_OPTIONS_INIT, .params = params};
  run_model(residual_model(), 1, &options);
  options.without_refreshes = 1;
  umbra_ndarray samples = random_records(1, SAMPLES, PIXELS);
  umbra_model *model = residual_model();
  umbra_inference_plan *plan = NULL;
  assert_fails(umbra_inference_plan_create(&plan, model, &samples, &options, NULL), UMBRA_ERROR_RANGE, "19 levels");
  umbra_ndarray_clear(&samples);
  umbra_model_destroy(model);
  umbra_params_destroy(params);
}

/* ---- dry ---- */

static const umbra_inference_plan *planned;

static umbra_matrix *batch_of(const side *s) {
  umbra_matrix_layout layout = {UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_BY_COLUMNS, .stride = 1, .group = 1};
  umbra_matrix *batch = NULL;
  layout.slots = umbra_ciphertext_slots(s->x[0]);
  assert_ok(umbra_matrix_from_ciphertexts(&batch, (const umbra_ciphertext *const *)s->x, PIXELS / layout.slots, 1,
                                          PIXELS, &layout));
  return batch;
}

static void infer(side *s, uint64_t seed) {
  (void)seed;
  umbra_inference *network = NULL;
  umbra_matrix *batch = batch_of(s);
  give_to_plan(batch, planned);
  assert_ok(umbra_inference_create(&network, s->context, planned, NULL));
  const umbra_status status = umbra_inference_run(s->evaluator, &batch, batch, network);
  see(s, status, status == UMBRA_OK ? batch->part[0] : NULL);
  umbra_matrix_destroy(batch);
  umbra_inference_destroy(network);
}

/* All that a plan says of a run with refreshes is true of a real one, which needs all its keys. */
static void costs(void **state) {
  (void)state;
  umbra_params *params = boot_twin_40(LOG_N + 1);
  umbra_inference_options options = {UMBRA_INFERENCE_OPTIONS_INIT, .params = params};
  umbra_ndarray samples = random_records(1, SAMPLES, PIXELS);
  umbra_inference_report report = {UMBRA_INFERENCE_REPORT_INIT};
  umbra_model *model = residual_model();
  umbra_inference_plan *plan = NULL;
  assert_ok(umbra_inference_plan_create(&plan, model, &samples, &options, NULL));
  assert_ok(umbra_inference_plan_report(plan, &report));
  planned = plan;
  const work w = {params, NULL, infer, 0, UMBRA_TOP_LEVEL, report.slots};
  const umbra_cost cost = hold(&w, 7);
  assert_int_equal(cost.keys, report.keys);
  assert_int_equal(cost.key_bytes, report.key_bytes);
  umbra_inference_plan_destroy(plan);
  umbra_model_destroy(model);
  umbra_ndarray_clear(&samples);
  umbra_params_destroy(params);
}

/* What a run of the records takes on a dry device, all that it allocates beside keys and weights included. */
static umbra_cost cost_of_run(const umbra_inference_plan *plan, size_t records) {
  umbra_cost cost = {UMBRA_COST_INIT};
  umbra_context *context = NULL;
  umbra_evaluator *evaluator = NULL;
  umbra_inference *network = NULL;
  umbra_matrix *batch = NULL;
  assert_ok(umbra_dry_open(&context, umbra_inference_plan_params(plan), UMBRA_TARGET_CPU));
  assert_ok(umbra_evaluator_create(&evaluator, context, NULL));
  assert_ok(umbra_inference_create(&network, context, plan, NULL));
  assert_ok(umbra_dry_matrix(&batch, context, records, network->columns, UMBRA_TOP_LEVEL, 1, &network->layout));
  assert_ok(umbra_context_cost_begin(context));
  assert_ok(umbra_inference_run(evaluator, &batch, batch, network));
  assert_ok(umbra_context_cost(context, &cost));
  umbra_matrix_destroy(batch);
  umbra_inference_destroy(network);
  umbra_evaluator_destroy(evaluator);
  umbra_context_destroy(context);
  return cost;
}

/* What the first of several images makes for all of them is a few kernels. */
static void check_close(double found, double expected) { assert_true(fabs(found / expected - 1) < 0.01); }

static double seconds_of_layers(const umbra_inference_plan *plan) {
  umbra_inference_layer layers[64];
  size_t count = 64;
  double seconds = 0;
  for (size_t i = 0; i < count; i++) layers[i] = (umbra_inference_layer){UMBRA_INFERENCE_LAYER_INIT};
  assert_ok(umbra_inference_plan_layers(plan, layers, &count, NULL));
  for (size_t i = 0; i < count; i++) seconds += layers[i].seconds + layers[i].refresh_seconds;
  return seconds;
}

/* One image stands for all in a plan: what it says of several is what they take. */
static void several(void **state) {
  (void)state;
  enum { RECORDS = 3 };
  umbra_inference_options options = {UMBRA_INFERENCE_OPTIONS_INIT};
  umbra_ndarray samples = random_records(1, SAMPLES, PIXELS);
  umbra_inference_report report = {UMBRA_INFERENCE_REPORT_INIT};
  umbra_cost said = {UMBRA_COST_INIT};
  umbra_model *model = plain_model();
  umbra_inference_plan *plan = NULL;
  options.records = RECORDS;
  assert_ok(umbra_inference_plan_create(&plan, model, &samples, &options, NULL));
  assert_true(has_convolutions(plan));
  assert_ok(umbra_inference_plan_report(plan, &report));
  assert_ok(umbra_inference_plan_cost(plan, &said, NULL));
  const umbra_cost taken = cost_of_run(plan, RECORDS);
  assert_int_equal(report.records, RECORDS);
  assert_int_equal(report.peak_bytes, taken.peak_bytes);
  assert_int_equal(said.peak_bytes, taken.peak_bytes);
  check_close((double)said.kernel_calls, (double)taken.kernel_calls);
  check_close((double)said.kernel_bytes, (double)taken.kernel_bytes);
  assert_int_equal(said.key_switches, taken.key_switches);
  assert_int_equal(said.products, taken.products);
  check_close((double)said.launches, (double)taken.launches);
  check_close((double)said.memory_bytes, (double)taken.memory_bytes);
  check_close(said.seconds, taken.seconds);
  check_close(seconds_of_layers(plan), taken.seconds);
  assert_int_equal(report.ciphertexts % RECORDS, 0);
  umbra_inference_plan_destroy(reread(plan));
  options.records = (size_t)1 << 30;
  assert_fails(umbra_inference_plan_create(&plan, model, &samples, &options, NULL), UMBRA_ERROR_RANGE, "ciphertexts");
  umbra_inference_plan_destroy(plan);
  umbra_model_destroy(model);
  umbra_ndarray_clear(&samples);
}

/* ---- hostile files ---- */

/* A word of a section's first 96 bytes, where records are, becomes another one. */
static void change_word(uint8_t *bytes, size_t size, uint64_t *state) {
  static const uint32_t words[] = {0, 1, 2, 3, 0xffffffff, 0x7fffffff, 1u << 16, 1u << 20};
  section sections[MAX_SECTIONS];
  const int count = find_sections(sections, bytes, size);
  const section *s = &sections[(size_t)(fabs(uniform(state)) * count) % (size_t)count];
  const size_t within = s->length < 96 ? s->length : 96;
  const size_t places = within / sizeof *words, at = (size_t)(fabs(uniform(state)) * (double)places) * sizeof *words;
  const uint32_t word = words[(size_t)(fabs(uniform(state)) * 8) % 8];
  if (places) memcpy(payload(bytes, s) + at, &word, sizeof word);
}

/* What is read is refused, or can be run dry or says why not. */
static void changed_files(void **state) {
  (void)state;
  umbra_ndarray samples = random_records(1, SAMPLES, PIXELS);
  umbra_model *model = plain_model();
  umbra_inference_plan *plan = NULL;
  size_t accepted = 0, refused = 0;
  uint64_t random = 5;
  assert_ok(umbra_inference_plan_create(&plan, model, &samples, NULL, NULL));
  bytes whole = plan_bytes(plan), changed = plan_bytes(plan);
  for (int i = 0; i < 400; i++) {
    umbra_inference_plan *read = NULL;
    umbra_cost cost = {UMBRA_COST_INIT};
    memcpy(changed.data, whole.data, whole.size);
    change_word(changed.data, changed.size, &random);
    fix_checksums(changed.data, changed.size);
    const umbra_status status = umbra_inference_plan_read(&read, changed.data, changed.size);
    if (status == UMBRA_OK) assert_true(umbra_inference_plan_cost(read, &cost, NULL) != UMBRA_ERROR_OUT_OF_MEMORY);
    else assert_int_equal(status, UMBRA_ERROR_FORMAT);
    accepted += status == UMBRA_OK;
    refused += status != UMBRA_OK;
    umbra_inference_plan_destroy(read);
  }
  print_message("%zu of 400 files refused\n", refused);
  assert_true(accepted > 0 && refused > accepted);
  free(whole.data);
  free(changed.data);
  umbra_inference_plan_destroy(plan);
  umbra_model_destroy(model);
  umbra_ndarray_clear(&samples);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(convolutions),
                                     cmocka_unit_test(residual),
                                     cmocka_unit_test(reshaped_inputs),
                                     cmocka_unit_test(reshaped_values),
                                     cmocka_unit_test(values_between_pixels),
                                     cmocka_unit_test(refreshed),
                                     cmocka_unit_test(costs),
                                     cmocka_unit_test(several),
                                     cmocka_unit_test(changed_files)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
