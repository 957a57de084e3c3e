/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * The calls of networks, watched and stopped: fractions go up to 1, what is stopped leaves outputs and memory as they
 * were, and the same call then does the same work. And two clients, with keys of their own, at one network at a time.
 */
#include <pthread.h>

#include "inference_models.h"

#include "host/base/watch.h"
#include "watcher.h"

enum { INPUTS = 6, HIDDEN = 4, CLASSES = 2, SAMPLES = 20, RECORDS = 3, STOPS = 12 };

static umbra_inference_plan *plan;
static umbra_ndarray records;
static service side;
static umbra_matrix *batch, *answer;

static int open_all(void **state) {
  (void)state;
  umbra_inference_options options = {UMBRA_INFERENCE_OPTIONS_INIT, .params = test_params(11, 30, 3)};
  umbra_ndarray samples = random_records(1, SAMPLES, INPUTS);
  umbra_model *model = square_model(INPUTS, HIDDEN, CLASSES);
  options.records = RECORDS;
  records = random_records(2, RECORDS, INPUTS);
  assert_ok(umbra_inference_plan_create(&plan, model, &samples, &options, NULL));
  service_open(&side, plan, NULL);
  batch = encrypt_records(&side, plan, &records);
  assert_ok(umbra_inference_run(side.evaluator, &answer, batch, side.network));
  umbra_watch_interval(0);
  umbra_model_destroy(model);
  umbra_ndarray_clear(&samples);
  umbra_params_destroy((umbra_params *)options.params);
  return 0;
}

static int close_all(void **state) {
  (void)state;
  umbra_watch_interval(0.1);
  umbra_matrix_destroy(batch);
  umbra_matrix_destroy(answer);
  service_close(&side);
  umbra_ndarray_clear(&records);
  umbra_inference_plan_destroy(plan);
  return 0;
}

/* ---- calls ---- */

/* What calls make. Fails unless it is as it was before, and then destroys it. */
typedef struct made {
  umbra_inference *network;
  umbra_matrix *matrix;
  umbra_ndarray values;
  size_t clipped;
} made;

typedef umbra_status (*call)(made *m, const umbra_progress *progress);

static umbra_status create(made *m, const umbra_progress *progress) {
  return umbra_inference_create(&m->network, side.context, plan, progress);
}

static umbra_status encrypt(made *m, const umbra_progress *progress) {
  return umbra_inference_encrypt(&m->matrix, &m->clipped, plan, side.public, &records, progress);
}

static umbra_status encrypt_symmetric(made *m, const umbra_progress *progress) {
  return umbra_inference_encrypt_symmetric(&m->matrix, &m->clipped, plan, side.secret, &records, progress);
}

static umbra_status run(made *m, const umbra_progress *progress) {
  umbra_evaluator_watch(side.evaluator, progress);
  const umbra_status status = umbra_inference_run(side.evaluator, &m->matrix, batch, side.network);
  umbra_evaluator_watch(side.evaluator, NULL);
  return status;
}

static umbra_status decrypt(made *m, const umbra_progress *progress) {
  return umbra_inference_decrypt(&m->values, plan, answer, side.secret, progress);
}

static umbra_status simulate(made *m, const umbra_progress *progress) {
  return umbra_inference_simulate(&m->values, plan, &records, NULL, progress);
}

static void clear(made *m) {
  umbra_inference_destroy(m->network);
  umbra_matrix_destroy(m->matrix);
  umbra_ndarray_clear(&m->values);
}

/* ---- progress, and stops ---- */

static const size_t untouched = 77;

static void stopped(call work, uint32_t at) {
  made m = {.clipped = untouched};
  watcher w = {.at = at};
  const umbra_progress progress = progress_of(&w);
  const uint64_t memory = umbra_context_memory(side.context);
  assert_fails(work(&m, &progress), UMBRA_ERROR_CANCELLED, "cancelled");
  assert_int_equal(w.reports, at); /* nobody is told of anything after that */
  assert_true(!m.network && !m.matrix && !m.values.values && m.clipped == untouched);
  assert_int_equal(umbra_context_memory(side.context), memory);
}

/* Stops at some of all reports, evenly, and at the first and last one that can stop it. */
static void watched(call work, uint32_t least) {
  made m = {.clipped = untouched};
  watcher whole = {.at = 0};
  const umbra_progress progress = progress_of(&whole);
  assert_ok(work(&m, &progress));
  assert_true(whole.reports >= least && whole.first < 0.5 && whole.fraction == 1);
  clear(&m);
  const uint32_t last = whole.reports - 1, step = last > STOPS ? last / STOPS : 1;
  for (uint32_t at = 1; at <= last; at += step) stopped(work, at);
  stopped(work, last);
  m = (made){.clipped = untouched};
  assert_ok(work(&m, NULL));
  clear(&m);
}

static void each_call(void **state) {
  (void)state;
  watched(create, 3);
  watched(encrypt, 2);
  watched(encrypt_symmetric, 2);
  watched(run, 20);
  watched(decrypt, 2);
  watched(simulate, 3);
}

/* By another thread, or from a signal handler, there is umbra_evaluator_cancel; the output is what it was. */
static void by_request(void **state) {
  (void)state;
  bytes expected = matrix_bytes(answer);
  watcher whole = {.at = 0};
  umbra_matrix *out = NULL;
  umbra_progress progress = progress_of(&whole);
  umbra_evaluator_watch(side.evaluator, &progress);
  assert_ok(umbra_inference_run(side.evaluator, &out, batch, side.network));
  for (uint32_t at = 1; at < whole.reports; at += 1 + whole.reports / STOPS) {
    watcher w = {.at = at, .evaluator = side.evaluator};
    progress = progress_of(&w);
    umbra_evaluator_watch(side.evaluator, &progress);
    const umbra_matrix *before = out;
    assert_fails(umbra_inference_run(side.evaluator, &out, batch, side.network), UMBRA_ERROR_CANCELLED, "cancelled");
    assert_true(out == before);
    bytes found = matrix_bytes(out);
    assert_true(same_bytes(&found, &expected));
    free(found.data);
  }
  umbra_evaluator_watch(side.evaluator, NULL);
  assert_ok(umbra_inference_run(side.evaluator, &out, batch, side.network));
  bytes found = matrix_bytes(out);
  assert_true(same_bytes(&found, &expected));
  free(found.data);
  free(expected.data);
  umbra_matrix_destroy(out);
}

/* ---- two clients ---- */

enum { CLIENTS = 2, ROUNDS = 4 };

typedef struct client {
  umbra_secret_key *secret;
  umbra_eval_keys *keys;
  umbra_evaluator *evaluator;
  umbra_matrix *batch;
  umbra_ndarray records;
  bytes expected; /* what the server makes when it serves nobody else */
  int equal;      /* rounds */
} client;

static void client_open(client *c, uint64_t seed) {
  *c = (client){.records = random_records(seed, RECORDS, INPUTS)};
  assert_ok(umbra_secret_key_generate(&c->secret, side.context));
  c->keys = keys_for(c->secret, needs_of_plan(plan));
  assert_ok(umbra_evaluator_create(&c->evaluator, side.context, c->keys));
  assert_ok(umbra_inference_encrypt_symmetric(&c->batch, NULL, plan, c->secret, &c->records, NULL));
}

static void client_close(client *c) {
  free(c->expected.data);
  umbra_ndarray_clear(&c->records);
  umbra_matrix_destroy(c->batch);
  umbra_evaluator_destroy(c->evaluator);
  umbra_eval_keys_destroy(c->keys);
  umbra_secret_key_destroy(c->secret);
}

static umbra_matrix *serve(const client *c) {
  umbra_matrix *out = NULL;
  assert_ok(umbra_inference_run(c->evaluator, &out, c->batch, side.network));
  return out;
}

static void *serve_often(void *argument) {
  client *c = argument;
  for (int i = 0; i < ROUNDS; i++) {
    umbra_matrix *out = serve(c);
    bytes found = matrix_bytes(out);
    c->equal += same_bytes(&found, &c->expected);
    free(found.data);
    umbra_matrix_destroy(out);
  }
  return NULL;
}

/* Alone: the bits to come, and the right answers. */
static void serve_alone(client *c) {
  umbra_ndarray expected = {0}, found = {0};
  umbra_model *model = square_model(INPUTS, HIDDEN, CLASSES);
  umbra_matrix *out = serve(c);
  c->expected = matrix_bytes(out);
  assert_ok(umbra_inference_decrypt(&found, plan, out, c->secret, NULL));
  assert_ok(umbra_model_run(model, &expected, &c->records, 0, NULL));
  assert_true(largest_distance(&found, &expected) < 0x1p-6);
  umbra_ndarray_clear(&found);
  umbra_ndarray_clear(&expected);
  umbra_matrix_destroy(out);
  umbra_model_destroy(model);
}

static void two_clients(void **state) {
  (void)state;
  client clients[CLIENTS];
  pthread_t thread[CLIENTS];
  umbra_matrix *out = NULL;
  for (int i = 0; i < CLIENTS; i++) client_open(&clients[i], 10 + (uint64_t)i);
  for (int i = 0; i < CLIENTS; i++) serve_alone(&clients[i]);
  assert_fails(umbra_inference_run(clients[0].evaluator, &out, clients[1].batch, side.network), UMBRA_ERROR_MISMATCH,
               "another owner");
  for (int i = 0; i < CLIENTS; i++) assert_int_equal(pthread_create(&thread[i], NULL, serve_often, &clients[i]), 0);
  for (int i = 0; i < CLIENTS; i++) assert_int_equal(pthread_join(thread[i], NULL), 0);
  for (int i = 0; i < CLIENTS; i++) assert_int_equal(clients[i].equal, ROUNDS);
  for (int i = 0; i < CLIENTS; i++) client_close(&clients[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_call),
      cmocka_unit_test(by_request),
      cmocka_unit_test(two_clients),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
