/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that stays: under the limit that its plan states, a training with as many threads as plans count on asks the
 * device for no large block after the first refresh, and for none at all after the second; smaller ones may be constants
 * that are still made.
 */
#include "host/ckks/dry.h"
#include "host/device/memory.h"
#include "host/train/plan.h"
#include "train.h"

/* What iterations ask for, from one to the next. */
typedef struct observed {
  umbra_context *context;
  uint32_t refreshes, after_first, after_second; /* iterations after them */
} observed;

static int observe(void *user, const umbra_train_event *event) {
  observed *o = user;
  umbra_session *session = umbra_ring_session(o->context->ring);
  umbra_memory_accounts memory;
  umbra_memory_accounts_read(&memory, session);
  if (o->refreshes > 0 && memory.asked_large)
    fail_msg("iteration %u asks for %llu large blocks", event->iteration, (unsigned long long)memory.asked_large);
  if (o->refreshes > 1 && memory.asked)
    fail_msg("iteration %u asks for %llu blocks", event->iteration, (unsigned long long)memory.asked);
  o->after_first += o->refreshes > 0;
  o->after_second += o->refreshes > 1;
  o->refreshes += event->bootstrapped != 0;
  umbra_memory_accounts_begin(session);
  return 0;
}

static void hold_run(const umbra_trainer_desc *desc, observed *seen) {
  umbra_trainer *trainer = NULL;
  assert_ok(umbra_trainer_create(&trainer, desc, NULL));
  assert_ok(umbra_trainer_run(trainer, observe, seen));
  assert_true(seen->after_first > 0 && seen->after_second > 0);
  umbra_trainer_destroy(trainer);
}

static umbra_train_report report_of(const umbra_train_plan *plan) {
  umbra_train_report report = {UMBRA_TRAIN_REPORT_INIT};
  assert_ok(umbra_train_plan_report(plan, &report));
  return report;
}

static umbra_train_options logistic_options(uint32_t degree, uint32_t iterations, umbra_sigmoid_options *sigmoid) {
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT};
  umbra_sigmoid_options_init(sigmoid);
  sigmoid->degree = degree;
  options.iterations = iterations;
  options.sigmoid = sigmoid;
  options.rate = 0.1;
  return options;
}

static umbra_train_options network_options(uint32_t hidden, uint32_t iterations, umbra_sigmoid_options *sigmoid) {
  umbra_train_options options = logistic_options(3, iterations, sigmoid);
  options.kind = UMBRA_TRAIN_NETWORK;
  options.momentum = 1;
  options.outputs = 2;
  options.loss = UMBRA_LOSS_SQUARED;
  options.hidden[0] = hidden;
  return options;
}

/* ---- a small ring ---- */

/* What the training has taken and keeps is within what its plan states, and not far below. */
static void hold_plan(const umbra_train_plan *plan, const umbra_context *context) {
  umbra_memory_accounts memory;
  umbra_memory_accounts_read(&memory, umbra_ring_session(context->ring));
  const double held = (double)memory.held, limit = (double)report_of(plan).memory_limit;
  print_message("%.1f MiB are held, of %.1f\n", ldexp(held, -20), ldexp(limit, -20));
  assert_true(held <= limit && limit < 1.25 * held);
}

/* A server's: with the evaluation keys alone. */
static umbra_context *server_open(umbra_eval_keys **keys, const training *t, uint32_t threads) {
  umbra_context *context = NULL;
  char path[128];
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = t->s.params, .threads = threads,
                                   .memory_limit = report_of(t->plan).memory_limit};
  assert_ok(umbra_context_create(&context, &desc));
  snprintf(path, sizeof path, "%s/keys.umbra", t->folder);
  assert_ok(umbra_eval_keys_save(t->s.keys, path, NULL));
  assert_ok(umbra_eval_keys_load(keys, context, path, NULL));
  return context;
}

static void hold_with_threads(const training *t, uint32_t threads) {
  umbra_eval_keys *keys = NULL;
  observed seen = {.context = server_open(&keys, t, threads)};
  umbra_trainer_desc desc = training_desc(t);
  desc.context = seen.context;
  desc.keys = keys;
  hold_run(&desc, &seen);
  hold_plan(t->plan, seen.context);
  umbra_eval_keys_destroy(keys);
  umbra_context_destroy(seen.context);
}

static void hold_training(umbra_params *params, size_t rows, size_t columns, umbra_train_options options) {
  training t;
  training_open(&t, params, random_records(rows, columns, 1), options, "cpu");
  hold_with_threads(&t, 0);
  hold_with_threads(&t, UMBRA_PLANNED_THREADS);
  training_close(&t);
}

static void test_trainings(void **state) {
  (void)state;
  umbra_sigmoid_options sigmoid;
  hold_training(training_params(), 300, 6, logistic_options(7, 6, &sigmoid));
  umbra_train_options options = network_options(16, 4, &sigmoid);
  hold_training(training_params(), 90, 9, options);
  options.hidden[1] = 8;
  hold_training(levels_of(10), 90, 9, options); /* with sums that are refreshed */
}

/* ---- a large ring, without values ---- */

/* As on a CPU. A dry context has no keys to hold. */
static void hold_dry_training(size_t rows, size_t columns, size_t batch, umbra_train_options options) {
  umbra_params *params = NULL;
  umbra_train_plan *plan = NULL;
  observed seen = {0};
  options.rows = rows;
  options.columns = columns;
  options.batch = batch;
  assert_ok(umbra_params_from_preset(&params, "boot-64k-40"));
  assert_ok(umbra_train_plan_create(&plan, params, &options));
  const umbra_train_report report = report_of(plan);
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .device = "dry",
                                   .memory_limit = report.memory_limit - report.key_bytes};
  assert_ok(umbra_context_create(&seen.context, &desc));
  umbra_dry_take_as_cpu(seen.context);
  const umbra_trainer_desc trainer = {UMBRA_TRAINER_DESC_INIT, .plan = plan, .context = seen.context};
  hold_run(&trainer, &seen);
  umbra_context_destroy(seen.context);
  umbra_train_plan_destroy(plan);
  umbra_params_destroy(params);
}

static void test_dry_trainings(void **state) {
  (void)state;
  umbra_sigmoid_options sigmoid;
  umbra_train_options options = logistic_options(15, 8, &sigmoid);
  hold_dry_training(455, 30, 0, options); /* the main job's */
  sigmoid.degree = 3;
  hold_dry_training(100000, 30, 0, options);
  hold_dry_training(10000, 196, 1024, options);
  hold_dry_training(455, 30, 0, network_options(16, 4, &sigmoid));
  options = network_options(64, 4, &sigmoid);
  options.hidden[1] = 8;
  hold_dry_training(4000, 30, 1000, options);
  options.hidden_function = UMBRA_FUNCTION_GELU; /* with sums that are refreshed */
  options.hidden_degree = 7;
  options.hidden_range = 8;
  hold_dry_training(4000, 30, 1000, options);
}

/* What a dry device is told of a CPU is so. */
static void test_blocks(void **state) {
  (void)state;
  umbra_params *params = training_params();
  umbra_context *context[2] = {0};
  const char *const device[] = {"dry", "ref"};
  for (int i = 0; i < 2; i++) {
    const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .device = device[i], .threads = 2};
    assert_ok(umbra_context_create(&context[i], &desc));
  }
  umbra_dry_take_as_cpu(context[0]);
  assert_int_equal(umbra_ring_cached_limbs(context[0]->ring), umbra_ring_cached_limbs(context[1]->ring));
  for (int i = 0; i < 2; i++) umbra_context_destroy(context[i]);
  umbra_params_destroy(params);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_trainings), cmocka_unit_test(test_dry_trainings),
                                     cmocka_unit_test(test_blocks)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
