/* SPDX-License-Identifier: Apache-2.0 */
/* labels: emu quick */
/* labels: emu quick UMBRA_EMU_QUEUE=deferred */
/* Digests of layers: the same wherever the same is computed, and others from where something else is. */
#include <sodium.h>

#include "container_bytes.h"
#include "host/base/memory.h"
#include "host/linalg/matrix.h"
#include "inference_models.h"

enum { INPUTS = 12, HIDDEN = 6, CLASSES = 3, SAMPLES = 50, RECORDS = 4, LAYERS = 3, MOST = 64 };

/* ---- who listens ---- */

static umbra_trace_event told[MOST];
static size_t count;

static void note(void *user, const umbra_trace_event *event) {
  (void)user;
  assert_true(!event->layer || strcmp(event->name, "digest") == 0);
  if (event->layer && count < MOST) told[count++] = *event;
}

static const umbra_tracer tracer = {note, NULL};

/* ---- what is computed ---- */

static umbra_ndarray samples;
static umbra_inference_plan *plan;
static service client;
static umbra_matrix *sent;

/* Two layers with squares between; one weight of a layer is larger by that. */
static umbra_model *network(int layer, double more) {
  uint64_t state = 9;
  umbra_model *model = new_model(INPUTS);
  double *first = random_numbers(&state, INPUTS * HIDDEN, 0.5), *last = random_numbers(&state, HIDDEN * CLASSES, 0.5);
  double *bias = random_numbers(&state, HIDDEN, 0.5);
  uint32_t node = 0;
  if (layer == 1) first[INPUTS + 3] += more;
  if (layer == 3) last[HIDDEN + 2] += more;
  assert_ok(umbra_model_dense(model, &node, node, HIDDEN, first, bias));
  assert_ok(umbra_model_dense(model, &node, add_square(model, node), CLASSES, last, NULL));
  assert_ok(umbra_model_output(model, "logits", node, NULL, 0, NULL));
  free(first);
  free(last);
  free(bias);
  return model;
}

/* Takes the model. */
static umbra_inference_plan *plan_of(umbra_model *model) {
  umbra_inference_options options = {UMBRA_INFERENCE_OPTIONS_INIT, .params = test_params(11, 30, 3)};
  umbra_inference_plan *made = NULL;
  options.records = RECORDS;
  assert_ok(umbra_inference_plan_create(&made, model, &samples, &options, NULL));
  umbra_params_destroy((umbra_params *)options.params);
  umbra_model_destroy(model);
  return made;
}

static int open_all(void **state) {
  (void)state;
  samples = random_records(1, SAMPLES, INPUTS);
  plan = plan_of(network(0, 0));
  service_open(&client, plan, NULL);
  umbra_ndarray records = random_records(2, RECORDS, INPUTS);
  sent = encrypt_records(&client, plan, &records);
  umbra_ndarray_clear(&records);
  return 0;
}

static int close_all(void **state) {
  (void)state;
  umbra_matrix_destroy(sent);
  service_close(&client);
  umbra_inference_plan_destroy(plan);
  umbra_ndarray_clear(&samples);
  return 0;
}

/* Digests of a run, in digest[LAYERS]. 0: this machine has not that device. out: the result; or NULL. */
static int run_on(const char *device, uint32_t threads, const umbra_inference_plan *by, uint8_t (*digest)[32],
                  bytes *parts) {
  service s;
  umbra_matrix *values = NULL;
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .device = device, .threads = threads, .tracer = &tracer};
  if (!server_open(&s, &values, by, &desc, &client, sent)) return 0;
  give_to_plan(values, by);
  assert_ok(umbra_evaluator_set_digests(s.evaluator, 1));
  count = 0;
  assert_ok(umbra_inference_run(s.evaluator, &values, values, s.network));
  assert_ok(umbra_evaluator_wait(s.evaluator));
  assert_int_equal(count, LAYERS);
  for (uint32_t i = 0; i < LAYERS; i++) {
    assert_int_equal(told[i].layer, i + 1);
    assert_int_equal(told[i].record, 0);
    memcpy(digest[i], told[i].digest, sizeof told[i].digest);
  }
  assert_int_equal(told[LAYERS - 1].level, umbra_matrix_level(values));
  for (size_t p = 0; parts && p < values->parts; p++) parts[p] = ciphertext_bytes(values->part[p]);
  umbra_matrix_destroy(values);
  service_close(&s);
  return 1;
}

static void digests_agree(void **state) {
  (void)state;
  static const char *const devices[] = {"ref", "avx2", "avx512", "emu"};
  uint8_t expected[LAYERS][32], found[LAYERS][32];
  assert_true(run_on("ref", 1, plan, expected, NULL));
  for (int i = 1; i < LAYERS; i++) assert_memory_not_equal(expected[i], expected[i - 1], sizeof *expected);
  for (size_t i = 0; i < sizeof devices / sizeof *devices; i++)
    for (uint32_t threads = 1; threads <= 2; threads++) {
      const int has = run_on(devices[i], threads, plan, found, NULL);
      assert_true(has || i == 1 || i == 2); /* machines may lack vectors */
      if (has) assert_memory_equal(found, expected, sizeof expected);
    }
}

/* ---- what they are of ---- */

/* From the file of a ciphertext: what umbra/trace.h says of it. */
static void absorb(crypto_generichash_state *state, const umbra_ciphertext *x, bytes *file) {
  const uint32_t level = umbra_ciphertext_level(x);
  section found[MAX_SECTIONS];
  const umbra_window window = umbra_context_chain(client.context)->window[level];
  const uint32_t head[] = {umbra_ciphertext_parts(x), level, window.first, window.count};
  const section *residues = &found[find_sections(found, file->data, file->size) - 1];
  crypto_generichash_update(state, (const uint8_t *)head, sizeof head);
  crypto_generichash_update(state, payload(file->data, residues), residues->length);
}

/* The last one, of the result that the client gets. */
static void of_exact_integers(void **state) {
  (void)state;
  uint8_t found[LAYERS][32], expected[32];
  bytes file[MOST] = {{0}};
  umbra_matrix *result = NULL;
  crypto_generichash_state hash;
  assert_true(run_on(NULL, 0, plan, found, file));
  assert_ok(umbra_inference_run(client.evaluator, &result, sent, client.network));
  crypto_generichash_init(&hash, NULL, 0, sizeof expected);
  for (size_t p = 0; p < result->parts; p++) absorb(&hash, result->part[p], &file[p]);
  crypto_generichash_final(&hash, expected, sizeof expected);
  assert_memory_equal(found[LAYERS - 1], expected, sizeof expected);
  for (size_t p = 0; p < result->parts; p++) free(file[p].data);
  umbra_matrix_destroy(result);
}

/* A weight of one layer: digests before it are the same, its own is another. */
static void a_difference_is_found(void **state) {
  (void)state;
  uint8_t expected[LAYERS][32], found[LAYERS][32];
  assert_true(run_on(NULL, 0, plan, expected, NULL));
  for (int layer = 1; layer <= LAYERS; layer += 2) {
    umbra_inference_plan *other = plan_of(network(layer, 0x1p-10));
    assert_true(run_on(NULL, 0, other, found, NULL));
    for (int i = 1; i <= LAYERS; i++)
      assert_true((memcmp(found[i - 1], expected[i - 1], sizeof *found) == 0) == (i < layer));
    umbra_inference_plan_destroy(other);
  }
}

/* ---- images ---- */

enum { SIDE = 32, PIXELS = SIDE * SIDE, IMAGES = 2, IMAGE_LAYERS = 3 };

/* As a matrix it would have more weights than there may be. */
static umbra_model *images_model(void) {
  const size_t shape[] = {1, SIDE, SIDE};
  uint64_t state = 3;
  uint32_t node = 0;
  umbra_model *model = NULL;
  umbra_model_window window = {UMBRA_MODEL_WINDOW_INIT, .channels = 20};
  double *kernel = random_numbers(&state, window.channels, 0.5);
  assert_ok(umbra_model_create(&model, shape, 3));
  assert_ok(umbra_model_conv2d(model, &node, node, kernel, NULL, &window));
  node = add_square(model, node);
  assert_ok(umbra_model_apply(model, &node, UMBRA_NODE_GLOBAL_POOL, &node, 1));
  assert_ok(umbra_model_output(model, "y", add_dense(model, &state, node, window.channels, 2), NULL, 0, NULL));
  free(kernel);
  return model;
}

/* They are computed one by one, and so are their digests. */
static void images(void **state) {
  (void)state;
  umbra_inference_options options = {UMBRA_INFERENCE_OPTIONS_INIT, .params = test_params(12, 30, 4)};
  umbra_ndarray records = random_records(4, IMAGES, PIXELS);
  umbra_model *model = images_model();
  umbra_inference_plan *made = NULL;
  service owner, s;
  umbra_matrix *values = NULL;
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .tracer = &tracer};
  assert_ok(umbra_inference_plan_create(&made, model, &records, &options, NULL));
  service_open(&owner, made, NULL);
  umbra_matrix *batch = encrypt_records(&owner, made, &records);
  assert_true(server_open(&s, &values, made, &desc, &owner, batch));
  assert_ok(umbra_evaluator_set_digests(s.evaluator, 1));
  count = 0;
  assert_ok(umbra_inference_run(s.evaluator, &values, values, s.network));
  assert_int_equal(count, IMAGES * IMAGE_LAYERS);
  for (uint32_t i = 0; i < count; i++) {
    assert_int_equal(told[i].record, i / IMAGE_LAYERS + 1);
    assert_int_equal(told[i].layer, i % IMAGE_LAYERS + 1);
  }
  umbra_matrix_destroy(values);
  umbra_matrix_destroy(batch);
  service_close(&s);
  service_close(&owner);
  umbra_inference_plan_destroy(made);
  umbra_model_destroy(model);
  umbra_ndarray_clear(&records);
  umbra_params_destroy((umbra_params *)options.params);
}

/* ---- who asks ---- */

static void only_if_wanted(void **state) {
  (void)state;
  service s;
  umbra_matrix *values = NULL, *out = NULL;
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .tracer = &tracer};
  assert_true(server_open(&s, &values, plan, &desc, &client, sent));
  for (int times = 0; times < 3; times++) {
    if (times) assert_ok(umbra_evaluator_set_digests(s.evaluator, times == 1));
    count = 0;
    assert_ok(umbra_inference_run(s.evaluator, &out, values, s.network));
    assert_int_equal(count, times == 1 ? LAYERS : 0);
  }
  umbra_matrix_destroy(values);
  umbra_matrix_destroy(out);
  service_close(&s);
}

static void failing_allocations(void **state) {
  (void)state;
  service s;
  umbra_matrix *values = NULL, *out = NULL;
  umbra_status status = UMBRA_ERROR_OUT_OF_MEMORY;
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .tracer = &tracer};
  assert_true(server_open(&s, &values, plan, &desc, &client, sent));
  assert_ok(umbra_evaluator_set_digests(s.evaluator, 1));
  for (long i = 0; status == UMBRA_ERROR_OUT_OF_MEMORY; i++) {
    count = 0;
    umbra_alloc_fail_after(i);
    status = umbra_inference_run(s.evaluator, &out, values, s.network);
    umbra_alloc_fail_after(-1);
    assert_true(!out == (status != UMBRA_OK) && (count == LAYERS) == (status == UMBRA_OK));
  }
  assert_int_equal(status, UMBRA_OK);
  umbra_matrix_destroy(values);
  umbra_matrix_destroy(out);
  service_close(&s);
}

static void refusals(void **state) {
  (void)state;
  static const char *const devices[] = {"dry", "sim"};
  assert_fails(umbra_evaluator_set_digests(NULL, 1), UMBRA_ERROR_INVALID_ARGUMENT, "needs an evaluator");
  assert_fails(umbra_evaluator_set_digests(client.evaluator, 1), UMBRA_ERROR_INVALID_ARGUMENT, "has none");
  assert_ok(umbra_evaluator_set_digests(client.evaluator, 0));
  for (int i = 0; i < 2; i++) {
    umbra_context *context = NULL;
    umbra_evaluator *evaluator = NULL;
    const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = umbra_inference_plan_params(plan),
                                     .device = devices[i], .tracer = &tracer};
    assert_ok(umbra_context_create(&context, &desc));
    assert_ok(umbra_evaluator_create(&evaluator, context, NULL));
    assert_fails(umbra_evaluator_set_digests(evaluator, 1), UMBRA_ERROR_UNSUPPORTED, devices[i]);
    umbra_evaluator_destroy(evaluator);
    umbra_context_destroy(context);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(digests_agree),
                                     cmocka_unit_test(of_exact_integers),
                                     cmocka_unit_test(a_difference_is_found),
                                     cmocka_unit_test(only_if_wanted),
                                     cmocka_unit_test(images),
                                     cmocka_unit_test(failing_allocations),
                                     cmocka_unit_test(refusals)};
  return cmocka_run_group_tests(tests, open_all, close_all);
}
