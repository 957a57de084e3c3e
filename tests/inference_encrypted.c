/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Networks whose weights are encrypted, too: a server with the client's plan and these, against a model in the clear. */
#include "inference_models.h"

#include <string.h>

#include "boot.h"
#include "container_bytes.h"
#include "host/base/memory.h"
#include "host/ckks/ciphertext_internal.h"
#include "host/infer/encrypted.h"
#include "host/infer/file.h"
#include "host/infer/plan.h"

enum { INPUTS = 12, HIDDEN = 6, CLASSES = 3, SAMPLES = 50 };

/* ---- plans ---- */

static umbra_inference_options encrypted_options(size_t records, umbra_params *params) {
  umbra_inference_options options = {UMBRA_INFERENCE_OPTIONS_INIT, .weights = UMBRA_WEIGHTS_ENCRYPTED,
                                     .params = params};
  options.records = records;
  return options;
}

static umbra_inference_plan *plan_with(const umbra_model *model, size_t inputs,
                                       const umbra_inference_options *options) {
  umbra_ndarray samples = random_records(1, SAMPLES, inputs);
  umbra_inference_plan *plan = NULL;
  assert_ok(umbra_inference_plan_create(&plan, model, &samples, options, NULL));
  umbra_ndarray_clear(&samples);
  return plan;
}

static umbra_inference_plan *small_plan(const umbra_model *model, size_t records) {
  umbra_params *params = test_params(11, 40, 3);
  const umbra_inference_options options = encrypted_options(records, params);
  umbra_inference_plan *plan = plan_with(model, INPUTS, &options);
  umbra_params_destroy(params);
  return plan;
}

/* What a file of the client's plan holds. */
static umbra_inference_plan *client_of(const umbra_inference_plan *plan) {
  umbra_inference_plan *client = NULL, *read = NULL;
  assert_ok(umbra_inference_plan_client(plan, &client));
  bytes file = plan_bytes(client);
  assert_ok(umbra_inference_plan_read(&read, file.data, file.size));
  umbra_inference_plan_destroy(client);
  free(file.data);
  return read;
}

/* ---- both sides ---- */

/* As a service, with keys but without a network. */
static void parties_open(service *s, const umbra_inference_plan *plan) {
  *s = (service){0};
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = umbra_inference_plan_params(plan)};
  assert_ok(umbra_context_create(&s->context, &desc));
  assert_ok(umbra_secret_key_generate(&s->secret, s->context));
  if (umbra_params_has_public_key(desc.params)) assert_ok(umbra_public_key_generate(&s->public, s->secret));
  s->keys = keys_for(s->secret, needs_of_plan(plan));
  assert_ok(umbra_evaluator_create(&s->evaluator, s->context, s->keys));
}

static umbra_inference_weights *encrypt_weights(const service *s, const umbra_inference_plan *plan) {
  umbra_inference_weights *weights = NULL;
  if (s->public) assert_ok(umbra_inference_weights_encrypt(&weights, plan, s->public, NULL));
  else assert_ok(umbra_inference_weights_encrypt_symmetric(&weights, plan, s->secret, NULL));
  return weights;
}

/* From one to the other in a file. */
static umbra_inference_weights *sent_weights(const service *s, const umbra_inference_plan *plan) {
  umbra_inference_weights *weights = encrypt_weights(s, plan), *read = NULL;
  bytes file = {0};
  assert_ok(umbra_inference_weights_write(weights, NULL, &file.size, NULL));
  file.data = malloc(file.size);
  assert_non_null(file.data);
  assert_ok(umbra_inference_weights_write(weights, file.data, &file.size, NULL));
  assert_ok(umbra_inference_weights_read(&read, s->context, file.data, file.size, NULL));
  assert_int_equal(umbra_inference_weights_bytes(read), umbra_inference_weights_bytes(weights));
  umbra_inference_weights_destroy(weights);
  free(file.data);
  return read;
}

/* The server has the client's plan and the encrypted weights. */
static umbra_ndarray infer(const umbra_inference_plan *plan, const umbra_ndarray *records) {
  umbra_inference_plan *client = client_of(plan);
  umbra_inference_report report = {UMBRA_INFERENCE_REPORT_INIT};
  umbra_ndarray found = {0};
  service s;
  parties_open(&s, plan);
  umbra_inference_weights *weights = sent_weights(&s, plan);
  assert_ok(umbra_inference_create_encrypted(&s.network, s.context, client, weights, NULL));
  umbra_inference_weights_destroy(weights);
  umbra_matrix *batch = encrypt_records(&s, client, records);
  assert_ok(umbra_inference_run(s.evaluator, &batch, batch, s.network));
  assert_ok(umbra_inference_decrypt(&found, client, batch, s.secret, NULL));
  assert_ok(umbra_inference_plan_report(client, &report));
  assert_int_equal(report.weights, UMBRA_WEIGHTS_ENCRYPTED);
  assert_int_equal(umbra_inference_bytes(s.network), report.weight_bytes);
  umbra_matrix_destroy(batch);
  umbra_inference_plan_destroy(client);
  service_close(&s);
  return found;
}

static double deviation_of(const umbra_ndarray *found, const umbra_ndarray *expected) {
  const size_t count = umbra_ndarray_count(found);
  double sum = 0;
  for (size_t i = 0; i < count; i++) sum += pow(found->values[i] - expected->values[i], 2);
  return sqrt(sum / (double)count);
}

/* Of many outputs: the error that a simulation draws, where weights are never there all together, is as large. */
static void check_alike(const umbra_model *model, const umbra_ndarray *records, const umbra_ndarray *real,
                        const umbra_ndarray *simulated) {
  enum { MANY = 500 };
  umbra_ndarray expected = {0};
  if (umbra_ndarray_count(real) < MANY) return;
  assert_ok(umbra_model_run(model, &expected, records, 0, NULL));
  const double factor = deviation_of(simulated, &expected) / deviation_of(real, &expected);
  print_message("errors simulated and real: a factor of %.2f\n", factor);
  assert_true(factor < 1.3 && factor > 1 / 1.3);
  umbra_ndarray_clear(&expected);
}

/* Takes the model. */
static void run_model(umbra_model *model, size_t inputs, size_t records, const umbra_inference_options *options) {
  umbra_ndarray later = random_records(2, records, inputs);
  umbra_inference_plan *plan = plan_with(model, inputs, options);
  umbra_ndarray real = infer(plan, &later), simulated = infer_simulated(plan, &later);
  check_alike(model, &later, &real, &simulated);
  check_against_model(model, plan, &later, real);
  check_against_model(model, plan, &later, simulated);
  umbra_inference_plan_destroy(plan);
  umbra_ndarray_clear(&later);
  umbra_model_destroy(model);
}

/* ---- answers ---- */

/* More elements than a ciphertext holds, with records beyond those that were planned. */
static void layouts(void **state) {
  (void)state;
  umbra_params *params = test_params(11, 40, 9);
  umbra_inference_options options = encrypted_options(1, params);
  run_model(square_model(INPUTS, HIDDEN, CLASSES), INPUTS, 1, &options);
  options.records = 5;
  run_model(deep_model(INPUTS, 16, HIDDEN, CLASSES), INPUTS, 11, &options);
  options.records = 300;
  run_model(square_model(20, 9, CLASSES), 20, 300, &options);
  options.records = 1500; /* a ciphertext an element, twice */
  run_model(square_model(4, 5, CLASSES), 4, 1500, &options);
  umbra_params_destroy(params);
}

/* Chosen by the engine: a secure ring, and the relinearisation key among its keys. */
static void chosen_parameters(void **state) {
  (void)state;
  umbra_inference_options options = encrypted_options(100, NULL);
  umbra_model *model = square_model(INPUTS, HIDDEN, CLASSES);
  umbra_inference_plan *plan = plan_with(model, INPUTS, &options);
  const umbra_params *params = umbra_inference_plan_params(plan);
  umbra_key_needs *needs = needs_of_plan(plan);
  umbra_key_need first = {UMBRA_KEY_NEED_INIT};
  assert_true(umbra_params_security(params) >= 128);
  assert_int_equal(umbra_params_keyed_level(params), umbra_params_depth(params));
  assert_ok(umbra_key_needs_get(needs, &first, 0));
  assert_int_equal(first.kind, UMBRA_KEY_RELINEARIZE);
  assert_int_equal(first.level, umbra_params_depth(params));
  umbra_key_needs_destroy(needs);
  umbra_inference_plan_destroy(plan);
  options.symmetric = 1;
  run_model(model, INPUTS, 100, &options);
}

/* A layer that reads two values: a product for each, and one bias. */
static void sums(void **state) {
  (void)state;
  umbra_params *params = test_params(11, 40, 5);
  const umbra_inference_options options = encrypted_options(2, params);
  uint64_t seed = 5;
  umbra_model *model = new_model(INPUTS);
  const uint32_t one = add_square(model, add_dense(model, &seed, 0, INPUTS, HIDDEN));
  const uint32_t other = add_square(model, add_dense(model, &seed, one, HIDDEN, HIDDEN));
  const uint32_t sum = combine_nodes(model, UMBRA_NODE_ADD, one, other);
  assert_ok(umbra_model_output(model, "y", add_dense(model, &seed, sum, HIDDEN, CLASSES), NULL, 0, NULL));
  run_model(model, INPUTS, 2, &options);
  umbra_params_destroy(params);
}

/* A convolution becomes a matrix. */
static void images(void **state) {
  (void)state;
  enum { SIDE = 6 };
  umbra_params *params = test_params(11, 40, 3);
  const umbra_inference_options options = encrypted_options(1, params);
  const size_t shape[] = {1, SIDE, SIDE};
  umbra_model_window window = {UMBRA_MODEL_WINDOW_INIT, .channels = 2};
  window.kernel[0] = window.kernel[1] = 3;
  uint64_t seed = 6;
  uint32_t node = 0;
  umbra_model *model = NULL;
  double *kernel = random_numbers(&seed, 2 * 3 * 3, 0.5);
  assert_ok(umbra_model_create(&model, shape, 3));
  assert_ok(umbra_model_conv2d(model, &node, node, kernel, NULL, &window));
  node = add_square(model, node);
  assert_ok(umbra_model_apply(model, &node, UMBRA_NODE_GLOBAL_POOL, &node, 1));
  assert_ok(umbra_model_output(model, "y", node, NULL, 0, NULL));
  run_model(model, SIDE * SIDE, 1, &options);
  free(kernel);
  umbra_params_destroy(params);
}

/* Deeper than the ring, whose refreshes need no weights. */
static void refreshes(void **state) {
  (void)state;
  umbra_params *params = boot_twin_40(12);
  umbra_model *model = chain_of_cubics(6);
  const umbra_inference_options options = encrypted_options(1, params);
  umbra_inference_plan *plan = plan_with(model, 2, &options);
  umbra_inference_report report = {UMBRA_INFERENCE_REPORT_INIT};
  umbra_ndarray later = random_records(2, 1, 2);
  assert_ok(umbra_inference_plan_report(plan, &report));
  assert_true(report.refreshes > 0);
  check_against_model(model, plan, &later, infer(plan, &later));
  umbra_ndarray_clear(&later);
  umbra_inference_plan_destroy(plan);
  umbra_model_destroy(model);
  umbra_params_destroy(params);
}

/* ---- what the server has ---- */

static int holds(const bytes *file, const void *pattern, size_t size) {
  for (size_t i = 0; i + size <= file->size; i++)
    if (memcmp(file->data + i, pattern, size) == 0) return 1;
  return 0;
}

static void check_hidden(const bytes *owners, const bytes *servers, const double *numbers, size_t count) {
  for (size_t i = 0; i < count; i++) {
    assert_true(holds(owners, &numbers[i], sizeof *numbers));
    assert_false(holds(servers, &numbers[i], sizeof *numbers));
  }
}

/* Nobody can try guesses at weights by the digest, which the server has. */
static void check_digest(umbra_inference_plan *plan, const umbra_inference_plan *client) {
  uint8_t digest[UMBRA_DIGEST_BYTES], again[UMBRA_DIGEST_BYTES];
  umbra_inference_plan_digest(client, digest);
  plan->program->steps[0].terms->weights[0] += 1;
  plan->program->steps[0].bias[0] += 1;
  assert_ok(umbra_inference_plan_find_digests(plan));
  umbra_inference_plan_digest(plan, again);
  assert_memory_equal(again, digest, sizeof digest);
}

/* No weight and no bias is in the client's plan, and it tells and costs the same. */
static void plans_without_weights(void **state) {
  (void)state;
  umbra_model *model = square_model(INPUTS, HIDDEN, CLASSES);
  umbra_inference_plan *plan = small_plan(model, 1), *client = client_of(plan);
  umbra_cost of_plan = {UMBRA_COST_INIT}, of_client = {UMBRA_COST_INIT};
  umbra_ndarray records = random_records(2, 1, INPUTS), found = {0};
  bytes whole = plan_bytes(plan), bare = plan_bytes(client);
  for (size_t i = 0; i < plan->program->step_count; i++) {
    const umbra_step *step = &plan->program->steps[i];
    if (step->kind != UMBRA_STEP_LINEAR) continue;
    check_hidden(&whole, &bare, step->bias, step->count);
    check_hidden(&whole, &bare, step->terms->weights, umbra_program_weights(plan->program, step, step->terms));
  }
  assert_ok(umbra_inference_plan_cost(plan, &of_plan, "xeon-ref"));
  assert_ok(umbra_inference_plan_cost(client, &of_client, "xeon-ref"));
  assert_memory_equal(&of_plan, &of_client, sizeof of_plan);
  assert_fails(umbra_inference_simulate(&found, client, &records, NULL, NULL), UMBRA_ERROR_INVALID_ARGUMENT,
               "no weights");
  check_digest(plan, client);
  umbra_ndarray_clear(&records);
  umbra_inference_plan_destroy(plan);
  umbra_inference_plan_destroy(client);
  umbra_model_destroy(model);
  free(whole.data);
  free(bare.data);
}

/* ---- refusals ---- */

static void wrong_plans(void **state) {
  (void)state;
  umbra_model *model = square_model(INPUTS, HIDDEN, CLASSES);
  umbra_params *params = test_params(11, 40, 3);
  const umbra_inference_options plainly = {UMBRA_INFERENCE_OPTIONS_INIT, .params = params};
  umbra_inference_plan *plan = small_plan(model, 1), *client = client_of(plan);
  umbra_inference_plan *plain = plan_with(model, INPUTS, &plainly), *other = small_plan(model, 2);
  umbra_inference_weights *weights = NULL;
  umbra_inference *network = NULL;
  service s;
  parties_open(&s, plan);
  assert_fails(umbra_inference_weights_encrypt(&weights, plain, s.public, NULL), UMBRA_ERROR_INVALID_ARGUMENT,
               "plain weights");
  assert_fails(umbra_inference_weights_encrypt(&weights, client, s.public, NULL), UMBRA_ERROR_INVALID_ARGUMENT,
               "no weights");
  assert_fails(umbra_inference_create(&network, s.context, plan, NULL), UMBRA_ERROR_INVALID_ARGUMENT,
               "umbra_inference_create_encrypted");
  assert_null(weights);
  weights = encrypt_weights(&s, other);
  assert_fails(umbra_inference_create_encrypted(&network, s.context, plain, weights, NULL),
               UMBRA_ERROR_INVALID_ARGUMENT, "plain weights");
  assert_fails(umbra_inference_create_encrypted(&network, s.context, client, weights, NULL), UMBRA_ERROR_MISMATCH,
               "another plan");
  assert_null(network);
  umbra_inference_weights_destroy(weights);
  umbra_inference_plan_destroy(plan);
  umbra_inference_plan_destroy(client);
  umbra_inference_plan_destroy(plain);
  umbra_inference_plan_destroy(other);
  umbra_model_destroy(model);
  umbra_params_destroy(params);
  service_close(&s);
}

/* Two models of one shape, with samples that show the same: only the planned sizes of values tell them apart. */
static void weights_of_others(void **state) {
  (void)state;
  umbra_model *model = square_model(INPUTS, HIDDEN, CLASSES), *twin = new_model(INPUTS);
  uint64_t seed = 77;
  const uint32_t square = add_square(twin, add_dense(twin, &seed, 0, INPUTS, HIDDEN));
  assert_ok(umbra_model_output(twin, "logits", add_dense(twin, &seed, square, HIDDEN, CLASSES), NULL, 0, NULL));
  umbra_inference_plan *plan = small_plan(model, 1), *second = small_plan(twin, 1);
  umbra_ndarray records = random_records(2, 1, INPUTS);
  umbra_inference *network = NULL;
  umbra_matrix *out = NULL;
  service s, stranger;
  parties_open(&s, plan);
  parties_open(&stranger, plan);
  umbra_inference_weights *weights = encrypt_weights(&s, second);
  assert_fails(umbra_inference_create_encrypted(&network, s.context, plan, weights, NULL), UMBRA_ERROR_MISMATCH,
               "another plan");
  umbra_inference_weights_destroy(weights);
  weights = encrypt_weights(&s, plan);
  assert_ok(umbra_inference_create_encrypted(&s.network, s.context, plan, weights, NULL));
  umbra_matrix *batch = encrypt_records(&stranger, plan, &records);
  assert_fails(umbra_inference_run(s.evaluator, &out, batch, s.network), UMBRA_ERROR_MISMATCH,
               "a ciphertext belongs to another owner");
  assert_null(out);
  umbra_matrix_destroy(batch);
  umbra_inference_weights_destroy(weights);
  weights = encrypt_weights(&stranger, plan);
  assert_ok(umbra_inference_create_encrypted(&network, s.context, plan, weights, NULL));
  batch = encrypt_records(&s, plan, &records);
  assert_fails(umbra_inference_run(s.evaluator, &out, batch, network), UMBRA_ERROR_MISMATCH,
               "the weights were encrypted for another owner");
  assert_null(out);
  umbra_inference_destroy(network);
  umbra_matrix_destroy(batch);
  umbra_inference_weights_destroy(weights);
  umbra_ndarray_clear(&records);
  umbra_inference_plan_destroy(plan);
  umbra_inference_plan_destroy(second);
  umbra_model_destroy(model);
  umbra_model_destroy(twin);
  service_close(&s);
  service_close(&stranger);
}

static void wrong_options(void **state) {
  (void)state;
  umbra_model *model = square_model(INPUTS, HIDDEN, CLASSES);
  umbra_params *params = NULL;
  umbra_params_need need = {UMBRA_PARAMS_NEED_INIT, .depth = 3, .log_n = 11, .flags = UMBRA_INSECURE_FOR_TESTS};
  umbra_ndarray samples = random_records(1, SAMPLES, INPUTS);
  umbra_inference_plan *plan = NULL;
  need.keyless_levels = 1;
  assert_ok(umbra_params_from_need(&params, &need));
  umbra_inference_options options = encrypted_options(1, params);
  assert_fails(umbra_inference_plan_create(&plan, model, &samples, &options, NULL), UMBRA_ERROR_UNSUPPORTED,
               "keys at all levels");
  options.params = NULL;
  options.memory = 1 << 16;
  options.without_refreshes = 1;
  assert_fails(umbra_inference_plan_create(&plan, model, &samples, &options, NULL), UMBRA_ERROR_RANGE,
               "memory is 65536");
  options.weights = (umbra_weights_kind)2;
  assert_fails(umbra_inference_plan_create(&plan, model, &samples, &options, NULL), UMBRA_ERROR_INVALID_ARGUMENT,
               "weights is 2");
  assert_null(plan);
  umbra_ndarray_clear(&samples);
  umbra_params_destroy(params);
  umbra_model_destroy(model);
}

/* Plans that only a file can say, with weights for them: a server refuses what it cannot compute. */
static void impossible_plans(void **state) {
  (void)state;
  umbra_model *model = square_model(INPUTS, HIDDEN, CLASSES);
  umbra_inference_plan *plan = small_plan(model, 1);
  umbra_inference *network = NULL;
  umbra_inference_weights *none = NULL;
  service s;
  parties_open(&s, plan);
  umbra_inference_weights *weights = encrypt_weights(&s, plan);
  plan->program->image = (umbra_image){1, 3, INPUTS / 3};
  assert_fails(umbra_inference_create_encrypted(&network, s.context, plan, weights, NULL), UMBRA_ERROR_UNSUPPORTED,
               "of images");
  plan->program->image = (umbra_image){0};
  for (size_t i = 0; i < plan->program->step_count; i++) plan->program->steps[i].kind = UMBRA_STEP_SQUARE;
  assert_fails(umbra_inference_weights_encrypt(&none, plan, s.public, NULL), UMBRA_ERROR_UNSUPPORTED, "has none");
  assert_null(none);
  assert_null(network);
  umbra_inference_weights_destroy(weights);
  umbra_inference_plan_destroy(plan);
  umbra_model_destroy(model);
  service_close(&s);
}

/* Marks of a plan's record that do not go together. */
static void malformed_plans(void **state) {
  (void)state;
  enum { WEIGHTS = sizeof(umbra_frame_record) + 144, RECORD = WEIGHTS + 24 }; /* alone of its length */
  static const uint32_t marks[][2] = {{0, 1}, {2, 0}, {1, 2}, {0, 0}, {1, 0}};
  umbra_model *model = square_model(INPUTS, HIDDEN, CLASSES);
  umbra_inference_plan *plan = small_plan(model, 1), *client = client_of(plan), *read = NULL;
  for (size_t k = 0; k < sizeof marks / sizeof *marks; k++) {
    section sections[MAX_SECTIONS];
    bytes b = plan_bytes(client);
    for (int i = 0, count = find_sections(sections, b.data, b.size); i < count; i++)
      if (sections[i].length == RECORD) memcpy(payload(b.data, &sections[i]) + WEIGHTS, marks[k], sizeof marks[k]);
    fix_checksums(b.data, b.size);
    assert_fails(umbra_inference_plan_read(&read, b.data, b.size), UMBRA_ERROR_FORMAT, "");
    assert_null(read);
    free(b.data);
  }
  umbra_inference_plan_destroy(plan);
  umbra_inference_plan_destroy(client);
  umbra_model_destroy(model);
}

/* ---- allocations that fail ---- */

static void failing_allocations(void **state) {
  (void)state;
  umbra_model *model = square_model(INPUTS, HIDDEN, CLASSES);
  umbra_inference_plan *plan = small_plan(model, 1), *client = NULL;
  umbra_inference_weights *weights = NULL;
  umbra_ndarray records = random_records(2, 1, INPUTS);
  umbra_matrix *batch = NULL, *out = NULL;
  service s;
  parties_open(&s, plan);
  batch = encrypt_records(&s, plan, &records);
  umbra_status status = UMBRA_ERROR_OUT_OF_MEMORY;
  for (long i = 0; status == UMBRA_ERROR_OUT_OF_MEMORY; i += 1 + i / 16) {
    umbra_alloc_fail_after(i);
    status = client ? UMBRA_OK : umbra_inference_plan_client(plan, &client);
    if (status == UMBRA_OK && !weights) status = umbra_inference_weights_encrypt(&weights, plan, s.public, NULL);
    if (status == UMBRA_OK && !s.network)
      status = umbra_inference_create_encrypted(&s.network, s.context, client, weights, NULL);
    if (status == UMBRA_OK) status = umbra_inference_run(s.evaluator, &out, batch, s.network);
    umbra_alloc_fail_after(-1);
    assert_true(!out == (status != UMBRA_OK));
  }
  assert_int_equal(status, UMBRA_OK);
  umbra_matrix_destroy(batch);
  umbra_matrix_destroy(out);
  umbra_inference_weights_destroy(weights);
  umbra_ndarray_clear(&records);
  umbra_inference_plan_destroy(plan);
  umbra_inference_plan_destroy(client);
  umbra_model_destroy(model);
  service_close(&s);
}

/* Whatever a layer's weights are: each ciphertext shows the bound of them all, and no file with another one is taken. */
static void weights_show_one_bound(void **state) {
  (void)state;
  umbra_model *model = new_model(INPUTS);
  uint64_t seed = 3;
  double *far = random_numbers(&seed, INPUTS * HIDDEN, 1);
  uint32_t node;
  far[5] = 40; /* in one of the layers */
  assert_ok(umbra_model_dense(model, &node, 0, HIDDEN, far, NULL));
  assert_ok(
      umbra_model_output(model, "y", add_dense(model, &seed, add_square(model, node), HIDDEN, CLASSES), NULL, 0, NULL));
  umbra_inference_plan *plan = small_plan(model, 4), *client = client_of(plan);
  umbra_inference *network = NULL;
  service s;
  parties_open(&s, plan);
  umbra_inference_weights *weights = sent_weights(&s, plan);
  const double bound = plan->ways->weight_bound;
  assert_true(bound > 1 && client->ways->weight_bound == bound);
  for (size_t i = 0; i < weights->count; i++)
    for (size_t k = 0; k < weights->matrix[i]->parts; k++)
      assert_true(umbra_ciphertext_magnitude(weights->matrix[i]->part[k]) == bound);
  weights->matrix[1]->part[0]->estimate.bound.magnitude = 2 * bound;
  assert_fails(umbra_inference_create_encrypted(&network, s.context, client, weights, NULL), UMBRA_ERROR_MISMATCH,
               "matrix 2 of the weights may be beyond their bound");
  umbra_inference_weights_destroy(weights);
  service_close(&s);
  umbra_inference_plan_destroy(client);
  umbra_inference_plan_destroy(plan);
  umbra_model_destroy(model);
  free(far);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(weights_show_one_bound),
      cmocka_unit_test(layouts),
      cmocka_unit_test(chosen_parameters),
      cmocka_unit_test(sums),
      cmocka_unit_test(images),
      cmocka_unit_test(refreshes),
      cmocka_unit_test(plans_without_weights),
      cmocka_unit_test(wrong_plans),
      cmocka_unit_test(weights_of_others),
      cmocka_unit_test(wrong_options),
      cmocka_unit_test(impossible_plans),
      cmocka_unit_test(malformed_plans),
      cmocka_unit_test(failing_allocations),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
