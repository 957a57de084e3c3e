/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* The calls of encrypted networks: keys, files, ranges, refusals, and outputs that stay as they were. */
#include "inference_models.h"

#include "container_bytes.h"
#include "host/base/memory.h"
#include "host/base/watch.h"
#include "host/infer/file.h"

enum { INPUTS = 12, HIDDEN = 6, CLASSES = 3, SAMPLES = 50 };

static umbra_model *model;
static umbra_ndarray samples;
static umbra_inference_plan *plan;
static service server;

/* With labels as the owner's last step. */
static umbra_model *classifier(void) {
  const umbra_closing steps[] = {UMBRA_CLOSING_ARGMAX};
  const double labels[CLASSES] = {10, 20, 30};
  uint64_t state = 9;
  umbra_model *made = new_model(INPUTS);
  const uint32_t square = add_square(made, add_dense(made, &state, 0, INPUTS, HIDDEN));
  const uint32_t last = add_dense(made, &state, square, HIDDEN, CLASSES);
  assert_ok(umbra_model_output(made, "label", last, steps, 1, labels));
  assert_ok(umbra_model_output(made, "logits", last, NULL, 0, NULL));
  return made;
}

static int open_all(void **state) {
  (void)state;
  umbra_inference_options options = {UMBRA_INFERENCE_OPTIONS_INIT, .params = test_params(11, 30, 3)};
  options.records = 4;
  model = classifier();
  samples = random_records(1, SAMPLES, INPUTS);
  assert_ok(umbra_inference_plan_create(&plan, model, &samples, &options, NULL));
  umbra_params_destroy((umbra_params *)options.params);
  service_open(&server, plan, NULL);
  return 0;
}

static int close_all(void **state) {
  (void)state;
  service_close(&server);
  umbra_inference_plan_destroy(plan);
  umbra_ndarray_clear(&samples);
  umbra_model_destroy(model);
  return 0;
}

/* ---- keys ---- */

/* One key fewer is one too few: the run names it, and leaves its output alone. */
static void needs_are_exact(void **state) {
  (void)state;
  umbra_matrix *batch = encrypt_records(&server, plan, &samples), *out = NULL;
  umbra_key_needs *needs = needs_of_plan(plan);
  umbra_inference_report report = {UMBRA_INFERENCE_REPORT_INIT};
  assert_ok(umbra_inference_plan_report(plan, &report));
  assert_int_equal(umbra_key_needs_count(needs), report.keys);
  assert_int_equal(umbra_key_needs_bytes(needs), report.key_bytes);
  assert_int_equal(umbra_eval_keys_bytes(server.keys), report.key_bytes);
  assert_int_equal(umbra_inference_bytes(server.network), report.weight_bytes);
  for (size_t i = 0; i < umbra_key_needs_count(needs); i++) {
    umbra_eval_keys *keys = keys_for(server.secret, needs_without(needs, umbra_inference_plan_params(plan), i));
    assert_ok(umbra_evaluator_use_keys(server.evaluator, keys));
    assert_fails(umbra_inference_run(server.evaluator, &out, batch, server.network), UMBRA_ERROR_MISSING_KEY, "");
    assert_null(out);
    assert_ok(umbra_evaluator_use_keys(server.evaluator, server.keys));
    umbra_eval_keys_destroy(keys);
  }
  umbra_key_needs_destroy(needs);
  umbra_matrix_destroy(batch);
}

/* ---- both sides, with files between ---- */

static void client_and_server(void **state) {
  (void)state;
  umbra_inference_plan *client = NULL, *read = NULL, *whole = NULL;
  umbra_ndarray labels = {0}, logits = {0}, expected = {0}, simulated = {0};
  umbra_inference *network = NULL;
  assert_ok(umbra_inference_plan_client(plan, &client));
  bytes small = plan_bytes(client), large = plan_bytes(plan);
  assert_true(small.size + INPUTS * HIDDEN * sizeof(double) < large.size);
  assert_ok(umbra_inference_plan_read(&read, small.data, small.size));
  assert_ok(umbra_inference_plan_read(&whole, large.data, large.size));
  assert_fails(umbra_inference_create(&network, server.context, read, NULL), UMBRA_ERROR_INVALID_ARGUMENT,
               "no weights");
  assert_ok(umbra_inference_create(&network, server.context, whole, NULL));
  umbra_matrix *batch = encrypt_records(&server, read, &samples);
  assert_ok(umbra_inference_run(server.evaluator, &batch, batch, network));
  assert_ok(umbra_inference_decrypt(&labels, read, batch, server.secret, NULL));
  assert_ok(umbra_inference_decrypt_values(&logits, read, batch, server.secret, NULL));
  assert_ok(umbra_model_run(model, &expected, &samples, 1, NULL));
  assert_true(largest_distance(&logits, &expected) < 0x1p-6);
  assert_ok(umbra_inference_simulate(&simulated, whole, &samples, NULL, NULL));
  assert_true(largest_distance(&simulated, &expected) < 0x1p-6);
  assert_int_equal(labels.rank, 1);
  assert_ok(umbra_model_run(model, &expected, &samples, 0, NULL));
  assert_true(largest_distance(&labels, &expected) == 0);
  umbra_ndarray_clear(&labels);
  umbra_ndarray_clear(&logits);
  umbra_ndarray_clear(&expected);
  umbra_ndarray_clear(&simulated);
  umbra_matrix_destroy(batch);
  umbra_inference_destroy(network);
  umbra_inference_plan_destroy(client);
  umbra_inference_plan_destroy(read);
  umbra_inference_plan_destroy(whole);
  free(small.data);
  free(large.data);
}

/* The same bits on every CPU backend. */
static void backends_agree(void **state) {
  (void)state;
  static const char *const devices[] = {"ref", "avx2", "avx512"};
  umbra_matrix *batch = encrypt_records(&server, plan, &samples), *first = NULL;
  assert_ok(umbra_inference_run(server.evaluator, &first, batch, server.network));
  bytes expected = matrix_bytes(first);
  for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
    service s;
    umbra_matrix *there = NULL;
    const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .device = devices[i]};
    if (!server_open(&s, &there, plan, &desc, &server, batch)) continue; /* this machine has it not */
    assert_ok(umbra_inference_run(s.evaluator, &there, there, s.network));
    bytes found = matrix_bytes(there);
    assert_true(same_bytes(&found, &expected));
    free(found.data);
    umbra_matrix_destroy(there);
    service_close(&s);
  }
  umbra_matrix_destroy(batch);
  umbra_matrix_destroy(first);
  free(expected.data);
}

/* ---- ranges ---- */

static void values_outside(void **state) {
  (void)state;
  umbra_ndarray records = random_records(3, 2, INPUTS), low = {0}, high = {0};
  umbra_matrix *batch = NULL;
  size_t clipped = 9;
  records.values[INPUTS + 4] = 50;
  assert_fails(umbra_inference_encrypt(&batch, NULL, plan, server.public, &records, NULL), UMBRA_ERROR_RANGE,
               "element 5 of record 2 is 50");
  assert_null(batch);
  assert_ok(umbra_inference_encrypt(&batch, &clipped, plan, server.public, &records, NULL));
  assert_int_equal(clipped, 1);
  assert_ok(umbra_inference_run(server.evaluator, &batch, batch, server.network));
  assert_ok(umbra_inference_decrypt_values(&high, plan, batch, server.secret, NULL));
  records.values[INPUTS + 4] = 1.7; /* about where it was clipped to */
  assert_ok(umbra_model_run(model, &low, &records, 1, NULL));
  assert_true(largest_distance(&low, &high) < 0.5);
  records.values[0] = NAN;
  assert_fails(umbra_inference_encrypt(&batch, &clipped, plan, server.public, &records, NULL), UMBRA_ERROR_RANGE,
               "element 1 of record 1 is nan");
  umbra_ndarray_clear(&records);
  umbra_ndarray_clear(&low);
  umbra_ndarray_clear(&high);
  umbra_matrix_destroy(batch);
}

/* A polynomial of the input may have a wide interval: what follows was seen for values like the samples only. */
static void wide_interval(void **state) {
  (void)state;
  const double line[] = {0, 100}, on[] = {-100, 100};
  umbra_inference_options options = {UMBRA_INFERENCE_OPTIONS_INIT, .params = test_params(11, 30, 6)};
  umbra_inference_plan *made = NULL;
  umbra_matrix *batch = NULL;
  umbra_ndarray records = random_records(3, 2, INPUTS);
  umbra_model *wide = new_model(INPUTS);
  service s;
  uint64_t seed = 4;
  uint32_t node;
  assert_ok(umbra_model_chebyshev(wide, &node, 0, line, 2, on));
  node = add_square(wide, add_dense(wide, &seed, node, INPUTS, HIDDEN));
  assert_ok(umbra_model_output(wide, "y", add_dense(wide, &seed, node, HIDDEN, CLASSES), NULL, 0, NULL));
  assert_ok(umbra_inference_plan_create(&made, wide, &samples, &options, NULL));
  service_open(&s, made, NULL);
  records.values[4] = 50;
  assert_fails(umbra_inference_encrypt(&batch, NULL, made, s.public, &records, NULL), UMBRA_ERROR_RANGE,
               "element 5 of record 1 is 50");
  assert_null(batch);
  service_close(&s);
  umbra_params_destroy((umbra_params *)options.params);
  umbra_inference_plan_destroy(made);
  umbra_ndarray_clear(&records);
  umbra_model_destroy(wide);
}

/* ---- refusals ---- */

static void check_refused(umbra_model *refused, const umbra_inference_options *options, size_t inputs,
                          umbra_status status, const char *words) {
  umbra_inference_plan *made = NULL;
  umbra_ndarray records = random_records(1, 4, inputs);
  assert_fails(umbra_inference_plan_create(&made, refused, &records, options, NULL), status, words);
  assert_null(made);
  umbra_ndarray_clear(&records);
  if (refused != model) umbra_model_destroy(refused);
}

/* Which as a matrix has more than 2^24 weights. */
static umbra_model *large_convolution(void) {
  const size_t shape[] = {3, 64, 64};
  const double kernel[3] = {1, 2, 3};
  umbra_model *made = NULL;
  umbra_model_window window = {UMBRA_MODEL_WINDOW_INIT, .channels = 1};
  uint32_t node = 0;
  assert_ok(umbra_model_create(&made, shape, 3));
  assert_ok(umbra_model_conv2d(made, &node, node, kernel, NULL, &window));
  assert_ok(umbra_model_output(made, "y", add_square(made, node), NULL, 0, NULL));
  return made;
}

static umbra_model *nothing(void) {
  umbra_model *made = new_model(INPUTS);
  assert_ok(umbra_model_output(made, "y", 0, NULL, 0, NULL));
  return made;
}

static void refusals(void **state) {
  (void)state;
  umbra_inference_options options = {UMBRA_INFERENCE_OPTIONS_INIT};
  check_refused(large_convolution(), NULL, 3 * 64 * 64, UMBRA_ERROR_RANGE, "node 1 (conv2d)");
  options.without_refreshes = 1;
  check_refused(chain_of_cubics(50), &options, 2, UMBRA_ERROR_RANGE, "150 levels");
  options.without_refreshes = 0;
  check_refused(nothing(), NULL, INPUTS, UMBRA_ERROR_INVALID_ARGUMENT, "nothing to compute");
  check_refused(model, NULL, INPUTS + 1, UMBRA_ERROR_MISMATCH, "records of this model have 12");
  options.output = 2;
  check_refused(model, &options, INPUTS, UMBRA_ERROR_INVALID_ARGUMENT, "output 2; the model has 2");
  options.output = 0;
  options.margin = 1;
  check_refused(model, &options, INPUTS, UMBRA_ERROR_INVALID_ARGUMENT, "margin is 1");
  options.margin = 1.6;
  options.error = 1e-30;
  check_refused(model, &options, INPUTS, UMBRA_ERROR_RANGE, "the least is");
  options.error = 0x1p-6;
  options.memory = 1 << 20;
  check_refused(model, &options, INPUTS, UMBRA_ERROR_RANGE, "bytes, and memory is 1048576");
  options.records = 0;
  check_refused(model, &options, INPUTS, UMBRA_ERROR_INVALID_ARGUMENT, "records is 0");
}

/* What says that it is of the plan, and lies otherwise. */
static void other_matrices(void **state) {
  (void)state;
  const umbra_matrix_layout layout = {UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_BY_COLUMNS, .stride = 32};
  umbra_matrix *batch = NULL, *out = NULL;
  umbra_ndarray found = {0};
  assert_ok(umbra_matrix_encrypt(&batch, server.public, samples.values, 2, INPUTS, &layout, NULL));
  give_to_plan(batch, plan);
  assert_fails(umbra_inference_run(server.evaluator, &out, batch, server.network), UMBRA_ERROR_INVALID_ARGUMENT,
               "encrypt by that plan");
  umbra_matrix_set_stamp(batch, batch->stamp.plan, UMBRA_MATRIX_RESULTS);
  assert_fails(umbra_inference_decrypt(&found, plan, batch, server.secret, NULL), UMBRA_ERROR_MISMATCH, "12 columns");
  assert_ok(umbra_matrix_encrypt(&batch, server.public, samples.values, 2, INPUTS - 1, &layout, NULL));
  give_to_plan(batch, plan);
  assert_fails(umbra_inference_run(server.evaluator, &out, batch, server.network), UMBRA_ERROR_INVALID_ARGUMENT,
               "records of 11 elements");
  assert_null(out);
  assert_null(found.values);
  umbra_matrix_destroy(batch);
}

/* As many columns, but a plan of other parameters, whose results are scaled otherwise. */
static void other_plans(void **state) {
  (void)state;
  umbra_inference_options options = {UMBRA_INFERENCE_OPTIONS_INIT, .params = test_params(11, 30, 4)};
  umbra_inference_plan *other = NULL;
  umbra_matrix *batch = encrypt_records(&server, plan, &samples);
  umbra_ndarray found = {0};
  assert_ok(umbra_inference_plan_create(&other, model, &samples, &options, NULL));
  assert_ok(umbra_inference_run(server.evaluator, &batch, batch, server.network));
  assert_fails(umbra_inference_decrypt(&found, other, batch, server.secret, NULL), UMBRA_ERROR_MISMATCH,
               "other parameters");
  assert_null(found.values);
  umbra_params_destroy((umbra_params *)options.params);
  umbra_inference_plan_destroy(other);
  umbra_matrix_destroy(batch);
}

/* Of test parameters, which are insecure: a description of the plan, and of one from a file, says so. */
static void insecure_plans(void **state) {
  (void)state;
  char text[1 << 14];
  size_t size = sizeof text;
  umbra_inference_plan *read = NULL;
  bytes b = plan_bytes(plan);
  assert_ok(umbra_inference_plan_read(&read, b.data, b.size));
  assert_ok(umbra_inference_plan_explain(read, text, &size));
  assert_non_null(strstr(text, "INSECURE"));
  umbra_inference_plan_destroy(read);
  free(b.data);
}

/* A straight line with so small a square beside it that, as the square of a sum, nothing would be left of it. */
static void almost_straight(void **state) {
  (void)state;
  const double line[] = {0.25, 1, 1e-12};
  umbra_inference_options options = {UMBRA_INFERENCE_OPTIONS_INIT, .params = test_params(11, 30, 5)};
  umbra_inference_plan *made = NULL;
  umbra_model *straight = new_model(INPUTS);
  uint64_t seed = 3;
  uint32_t node;
  assert_ok(umbra_model_polynomial(straight, &node, add_dense(straight, &seed, 0, INPUTS, HIDDEN), line, 3));
  assert_ok(umbra_model_output(straight, "y", add_dense(straight, &seed, node, HIDDEN, CLASSES), NULL, 0, NULL));
  assert_ok(umbra_inference_plan_create(&made, straight, &samples, &options, NULL));
  umbra_params_destroy((umbra_params *)options.params);
  umbra_inference_plan_destroy(made);
  umbra_model_destroy(straight);
}

/* Of a plan's record, which is alone of its length: that of the frame, with which it begins, and of all. */
enum { FRAME = sizeof(umbra_frame_record), RECORD = FRAME + 168 };

/* A plan with other bytes there. */
static void check_malformed(size_t at, const void *changed, size_t size, const char *words) {
  section sections[MAX_SECTIONS];
  umbra_inference_plan *read = NULL;
  bytes b = plan_bytes(plan);
  for (int i = 0, count = find_sections(sections, b.data, b.size); i < count; i++)
    if (sections[i].length == RECORD) memcpy(payload(b.data, &sections[i]) + at, changed, size);
  fix_checksums(b.data, b.size);
  assert_fails(umbra_inference_plan_read(&read, b.data, b.size), UMBRA_ERROR_FORMAT, words);
  assert_null(read);
  free(b.data);
}

enum { VERSION = FRAME + 96, LATER = 24 }; /* where a record has its version, and bytes that version 1 did not have */

/* The plan's file as version 1 of plans had it, as far as its record goes. */
static bytes earlier_file(void) {
  section sections[MAX_SECTIONS];
  umbra_header header;
  const uint32_t version = 1;
  const uint64_t length = RECORD - LATER;
  bytes b = plan_bytes(plan);
  const int count = find_sections(sections, b.data, b.size);
  int i = 0;
  while (i < count && sections[i].length != RECORD) i++;
  assert_true(i < count);
  uint8_t *record = payload(b.data, &sections[i]), *end = record + RECORD;
  memcpy(record + VERSION, &version, sizeof version);
  memcpy(b.data + sections[i].at + offsetof(umbra_section_head, length), &length, sizeof length);
  memmove(end - LATER, end, (size_t)(b.data + b.size - end));
  b.size -= LATER;
  memcpy(&header, b.data, sizeof header);
  header.bytes = b.size;
  memcpy(b.data, &header, sizeof header);
  fix_checksums(b.data, b.size);
  return b;
}

/* Refused by name, whether their records are as long or not. */
static void other_versions(void **state) {
  (void)state;
  umbra_inference_plan *read = NULL;
  bytes b = earlier_file();
  assert_fails(umbra_inference_plan_read(&read, b.data, b.size), UMBRA_ERROR_FORMAT, "a plan of version 1");
  assert_non_null(strstr(umbra_last_error(), "plan anew"));
  assert_null(read);
  free(b.data);
  check_malformed(VERSION, &(uint32_t){1}, sizeof(uint32_t), "a plan of version 1");
  check_malformed(VERSION, &(uint32_t){3}, sizeof(uint32_t), "a plan of version 3");
}

/* More records together than any plan has: their ciphertexts would be as many as no machine holds. */
static void too_many_records(void **state) {
  (void)state;
  const uint64_t many = INT32_MAX;
  check_malformed(FRAME, &many, sizeof many, "2147483647 records");
}

/* Orders and groups that no plan has. */
static void other_layouts(void **state) {
  (void)state;
  static const uint32_t others[][2] = {{UMBRA_MATRIX_BY_ROWS, 1},
                                       {UMBRA_MATRIX_SHIFTED, 1},
                                       {99, 1},
                                       {UMBRA_MATRIX_BY_COLUMNS, 2},
                                       {UMBRA_MATRIX_INTERLEAVED, 8}};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    check_malformed(RECORD - sizeof others[i], others[i], sizeof others[i], "a layout of order");
}

/* ---- progress ---- */

typedef struct teller {
  int calls, at_end;
  double stop, fraction; /* stop: where it cancels */
} teller;

static int tell(void *user, double fraction) {
  teller *t = user;
  assert_true(fraction >= t->fraction && fraction <= 1);
  t->fraction = fraction;
  t->calls++;
  t->at_end += fraction > 0.999;
  return fraction >= t->stop;
}

/* Each part of the work is a part of the whole: that is not done before the last of them. */
static void progress_and_cancelling(void **state) {
  (void)state;
  umbra_inference_options options = {UMBRA_INFERENCE_OPTIONS_INIT};
  umbra_model *relu = new_model(INPUTS);
  umbra_inference_plan *made = NULL;
  uint64_t seed = 3;
  uint32_t node;
  assert_ok(umbra_model_activation(relu, &node, add_dense(relu, &seed, 0, INPUTS, HIDDEN), UMBRA_FUNCTION_RELU));
  assert_ok(umbra_model_output(relu, "y", add_dense(relu, &seed, node, HIDDEN, CLASSES), NULL, 0, NULL));
  umbra_watch_interval(0);
  teller whole = {.stop = 2}, part = {.stop = 0.95};
  assert_ok(umbra_inference_plan_create(&made, relu, &samples, &options, &(umbra_progress){tell, &whole}));
  assert_true(whole.fraction == 1 && whole.calls > 50 && whole.at_end < whole.calls / 10);
  umbra_inference_plan_destroy(made);
  made = NULL;
  assert_int_equal(umbra_inference_plan_create(&made, relu, &samples, &options, &(umbra_progress){tell, &part}),
                   UMBRA_ERROR_CANCELLED);
  assert_true(!made && part.at_end == 0); /* in the midst of a simulation */
  umbra_watch_interval(0.1);
  umbra_model_destroy(relu);
}

/* ---- allocations that fail ---- */

static void failing_allocations(void **state) {
  (void)state;
  umbra_inference_plan *read = NULL;
  umbra_matrix *batch = encrypt_records(&server, plan, &samples), *out = NULL;
  bytes b = plan_bytes(plan);
  umbra_status status = UMBRA_ERROR_OUT_OF_MEMORY;
  for (long i = 0; status == UMBRA_ERROR_OUT_OF_MEMORY; i += 1 + i / 16) {
    umbra_alloc_fail_after(i);
    status = umbra_inference_plan_read(&read, b.data, b.size);
    umbra_alloc_fail_after(-1);
    assert_true(!read == (status != UMBRA_OK));
  }
  assert_int_equal(status, UMBRA_OK);
  status = UMBRA_ERROR_OUT_OF_MEMORY;
  for (long i = 0; status == UMBRA_ERROR_OUT_OF_MEMORY; i += 1 + i / 16) {
    umbra_alloc_fail_after(i);
    status = umbra_inference_run(server.evaluator, &out, batch, server.network);
    umbra_alloc_fail_after(-1);
    assert_true(!out == (status != UMBRA_OK));
  }
  assert_int_equal(status, UMBRA_OK);
  umbra_matrix_destroy(batch);
  umbra_matrix_destroy(out);
  umbra_inference_plan_destroy(read);
  free(b.data);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(needs_are_exact),
      cmocka_unit_test(client_and_server),
      cmocka_unit_test(backends_agree),
      cmocka_unit_test(values_outside),
      cmocka_unit_test(refusals),
      cmocka_unit_test(other_matrices),
      cmocka_unit_test(other_plans),
      cmocka_unit_test(insecure_plans),
      cmocka_unit_test(almost_straight),
      cmocka_unit_test(other_versions),
      cmocka_unit_test(too_many_records),
      cmocka_unit_test(other_layouts),
      cmocka_unit_test(wide_interval),
      cmocka_unit_test(failing_allocations),
      cmocka_unit_test(progress_and_cancelling),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
