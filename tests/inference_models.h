/* SPDX-License-Identifier: Apache-2.0 */
/* For the tests of encrypted networks: models with random weights, records, and a client with its server. */
#ifndef UMBRA_TESTS_INFERENCE_MODELS_H
#define UMBRA_TESTS_INFERENCE_MODELS_H

#include "scheme.h"

#include "host/linalg/matrix.h"

/* ---- models ---- */

static inline double *random_numbers(uint64_t *state, size_t count, double size) {
  double *numbers = random_values(state, count);
  for (size_t i = 0; i < count; i++) numbers[i] *= size;
  return numbers;
}

static inline uint32_t add_dense(umbra_model *model, uint64_t *state, uint32_t input, size_t inputs, size_t outputs) {
  uint32_t node = 0;
  double *weights = random_numbers(state, inputs * outputs, 2 / sqrt((double)inputs));
  double *bias = random_numbers(state, outputs, 0.5);
  assert_ok(umbra_model_dense(model, &node, input, outputs, weights, bias));
  free(weights);
  free(bias);
  return node;
}

static inline uint32_t add_square(umbra_model *model, uint32_t input) {
  const double coefficients[] = {0, 0, 1};
  uint32_t node = 0;
  assert_ok(umbra_model_polynomial(model, &node, input, coefficients, 3));
  return node;
}

/* Something like a ReLU, of degree 7. */
static inline uint32_t add_seventh(umbra_model *model, uint32_t input) {
  const double coefficients[] = {0.125, 0.5, 0.25, 0.0625, -0.03125, -0.0078125, 0.0009765625, 0.0004};
  uint32_t node = 0;
  assert_ok(umbra_model_polynomial(model, &node, input, coefficients, 8));
  return node;
}

/* The sum of two values, or one behind the other. */
static inline uint32_t combine_nodes(umbra_model *model, umbra_node_kind kind, uint32_t a, uint32_t b) {
  const uint32_t inputs[] = {a, b};
  uint32_t node = 0;
  assert_ok(umbra_model_apply(model, &node, kind, inputs, 2));
  return node;
}

static inline umbra_model *new_model(size_t inputs) {
  umbra_model *model = NULL;
  assert_ok(umbra_model_create(&model, &inputs, 1));
  return model;
}

static inline umbra_model *square_model(size_t inputs, size_t hidden, size_t outputs) {
  uint64_t state = 7;
  umbra_model *model = new_model(inputs);
  uint32_t node = add_square(model, add_dense(model, &state, 0, inputs, hidden));
  assert_ok(umbra_model_output(model, "logits", add_dense(model, &state, node, hidden, outputs), NULL, 0, NULL));
  return model;
}

/* A ReLU between two dense layers. */
static inline umbra_model *relu_model(size_t inputs) {
  uint64_t state = 6;
  uint32_t node = 0;
  umbra_model *model = new_model(inputs);
  assert_ok(umbra_model_activation(model, &node, add_dense(model, &state, 0, inputs, 10), UMBRA_FUNCTION_RELU));
  assert_ok(umbra_model_output(model, "y", add_dense(model, &state, node, 10, 3), NULL, 0, NULL));
  return model;
}

static inline umbra_model *deep_model(size_t inputs, size_t hidden, size_t second, size_t outputs) {
  uint64_t state = 8;
  umbra_model *model = new_model(inputs);
  uint32_t node = add_seventh(model, add_dense(model, &state, 0, inputs, hidden));
  node = add_seventh(model, add_dense(model, &state, node, hidden, second));
  assert_ok(umbra_model_output(model, "logits", add_dense(model, &state, node, second, outputs), NULL, 0, NULL));
  return model;
}

/* Of two inputs; each of the cubics takes three levels with the layer before it. */
static inline umbra_model *chain_of_cubics(int count) {
  const double third[] = {0, 0, 0, 1}, on[] = {-4, 4};
  uint64_t state = 1;
  uint32_t node = 0;
  umbra_model *model = new_model(2);
  for (int i = 0; i < count; i++)
    assert_ok(umbra_model_chebyshev(model, &node, add_dense(model, &state, node, 2, 2), third, 4, on));
  assert_ok(umbra_model_output(model, "y", node, NULL, 0, NULL));
  return model;
}

/* ---- records ---- */

static inline umbra_ndarray random_records(uint64_t seed, size_t count, size_t elements) {
  return (umbra_ndarray){.rank = 2, .shape = {count, elements}, .values = random_values(&seed, count * elements)};
}

static inline double largest_distance(const umbra_ndarray *a, const umbra_ndarray *b) {
  double largest = 0;
  const size_t count = umbra_ndarray_count(a);
  assert_int_equal(count, umbra_ndarray_count(b));
  for (size_t i = 0; i < count; i++) largest = fmax(largest, fabs(a->values[i] - b->values[i]));
  return largest;
}

/* ---- files ---- */

static inline bytes matrix_bytes(const umbra_matrix *matrix) {
  bytes b = {0};
  assert_ok(umbra_matrix_write(matrix, NULL, &b.size, NULL));
  b.data = malloc(b.size);
  assert_non_null(b.data);
  assert_ok(umbra_matrix_write(matrix, b.data, &b.size, NULL));
  return b;
}

static inline bytes plan_bytes(const umbra_inference_plan *plan) {
  bytes b = {0};
  assert_ok(umbra_inference_plan_write(plan, NULL, &b.size));
  b.data = malloc(b.size);
  assert_non_null(b.data);
  assert_ok(umbra_inference_plan_write(plan, b.data, &b.size));
  return b;
}

/* ---- both sides ---- */

typedef struct service {
  umbra_context *context;
  umbra_secret_key *secret;
  umbra_public_key *public; /* NULL: the parameters have none */
  umbra_eval_keys *keys;
  umbra_evaluator *evaluator;
  umbra_inference *network;
} service;

static inline umbra_key_needs *needs_of_plan(const umbra_inference_plan *plan) {
  umbra_key_needs *needs = NULL;
  assert_ok(umbra_key_needs_create(&needs, umbra_inference_plan_params(plan)));
  assert_ok(umbra_inference_plan_add_needs(plan, needs));
  return needs;
}

static inline void service_open(service *s, const umbra_inference_plan *plan, const char *device) {
  *s = (service){0};
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = umbra_inference_plan_params(plan),
                                   .device = device};
  assert_ok(umbra_context_create(&s->context, &desc));
  assert_ok(umbra_secret_key_generate(&s->secret, s->context));
  if (umbra_params_has_public_key(desc.params)) assert_ok(umbra_public_key_generate(&s->public, s->secret));
  s->keys = keys_for(s->secret, needs_of_plan(plan));
  assert_ok(umbra_evaluator_create(&s->evaluator, s->context, s->keys));
  assert_ok(umbra_inference_create(&s->network, s->context, plan, NULL));
}

static inline void service_close(service *s) {
  umbra_inference_destroy(s->network);
  umbra_evaluator_destroy(s->evaluator);
  umbra_eval_keys_destroy(s->keys);
  umbra_public_key_destroy(s->public);
  umbra_secret_key_destroy(s->secret);
  assert_int_equal(umbra_context_memory(s->context), 0);
  umbra_context_destroy(s->context);
}

static inline umbra_matrix *encrypt_records(const service *s, const umbra_inference_plan *plan,
                                            const umbra_ndarray *records) {
  umbra_matrix *batch = NULL;
  if (s->public) assert_ok(umbra_inference_encrypt(&batch, NULL, plan, s->public, records, NULL));
  else assert_ok(umbra_inference_encrypt_symmetric(&batch, NULL, plan, s->secret, records, NULL));
  return batch;
}

/* As if the plan had encrypted it. */
static inline void give_to_plan(umbra_matrix *batch, const umbra_inference_plan *plan) {
  uint8_t digest[UMBRA_DIGEST_BYTES];
  umbra_inference_plan_digest(plan, digest);
  umbra_matrix_set_stamp(batch, digest, UMBRA_MATRIX_RECORDS);
}

/* ---- results ---- */

/* Of a server with one plan, for a client with the same or its part of it. */
static inline umbra_ndarray infer_encrypted(const umbra_inference_plan *server, const umbra_inference_plan *client,
                                            const umbra_ndarray *records) {
  service s;
  umbra_ndarray found = {0};
  service_open(&s, server, NULL);
  umbra_matrix *batch = encrypt_records(&s, client, records);
  assert_ok(umbra_inference_run(s.evaluator, &batch, batch, s.network));
  assert_ok(umbra_inference_decrypt(&found, client, batch, s.secret, NULL));
  umbra_matrix_destroy(batch);
  service_close(&s);
  return found;
}

static inline umbra_ndarray infer_simulated(const umbra_inference_plan *plan, const umbra_ndarray *records) {
  umbra_ndarray found = {0};
  assert_ok(umbra_inference_simulate(&found, plan, records, NULL, NULL));
  return found;
}

/* Within the error that the plan states. Takes what was found. */
static inline void check_against_model(const umbra_model *model, const umbra_inference_plan *plan,
                                       const umbra_ndarray *records, umbra_ndarray found) {
  umbra_inference_report report = {UMBRA_INFERENCE_REPORT_INIT};
  umbra_ndarray expected = {0};
  assert_ok(umbra_inference_plan_report(plan, &report));
  assert_ok(umbra_model_run(model, &expected, records, 0, NULL));
  const double distance = largest_distance(&expected, &found);
  print_message("depth %u, %zu keys, %zu ciphertexts with stride %u of %u slots: error %.2g, planned %.2g of %.2g\n",
                report.depth, report.keys, report.ciphertexts, report.stride, report.slots, distance, report.error,
                report.largest);
  assert_true(distance <= report.error && report.error <= 0x1p-6);
  umbra_ndarray_clear(&expected);
  umbra_ndarray_clear(&found);
}

/* ---- another server ---- */

/*
 * A server for the same client, on another device, with what this client sent it. 0: this machine has not that device.
 * desc: all but the parameters.
 */
static inline int server_open(service *s, umbra_matrix **batch, const umbra_inference_plan *plan,
                              const umbra_context_desc *desc, const service *client, const umbra_matrix *sent) {
  bytes keys, records;
  umbra_context_desc wanted = *desc;
  *s = (service){0};
  wanted.params = umbra_inference_plan_params(plan);
  if (umbra_context_create(&s->context, &wanted) != UMBRA_OK) return 0;
  keys = keys_bytes(client->keys);
  records = matrix_bytes(sent);
  assert_ok(umbra_eval_keys_read(&s->keys, s->context, keys.data, keys.size, NULL));
  assert_ok(umbra_matrix_read(batch, s->context, records.data, records.size, NULL));
  assert_ok(umbra_evaluator_create(&s->evaluator, s->context, s->keys));
  assert_ok(umbra_inference_create(&s->network, s->context, plan, NULL));
  free(keys.data);
  free(records.data);
  return 1;
}

#endif
