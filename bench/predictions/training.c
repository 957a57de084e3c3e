/* SPDX-License-Identifier: Apache-2.0 */
#include "training.h"

#include <stdlib.h>
#include <string.h>

#include "../../host/base/error.h"
#include "../../host/train/step.h"
#include "../bench.h"

static const char preset[] = "boot-64k-40";

/* As scripts/reference_runs and scripts/main_job plan them, but for a GPU. */
static const umbra_train_options helr = {UMBRA_TRAIN_OPTIONS_INIT, .rows = 11982,
                                         .columns = 196,           .batch = 1024,
                                         .whole_batches = 1,       .target = UMBRA_TARGET_GPU};
static const umbra_sigmoid_options main_job_sigmoid = {
    .struct_size = sizeof main_job_sigmoid, .degree = 15, .range = 24};
static const umbra_train_options main_job = {.struct_size = sizeof(umbra_train_options),
                                             .rows = 455,
                                             .columns = 30,
                                             .iterations = 30,
                                             .rate = 0.2,
                                             .momentum = 0.01,
                                             .bound = 8,
                                             .sigmoid = &main_job_sigmoid,
                                             .target = UMBRA_TARGET_GPU};

typedef struct training {
  umbra_train_plan *plan;
  umbra_context *context;
  umbra_secret_key *secret;
  umbra_public_key *public_key;
  umbra_eval_keys *keys;
  umbra_stepper *stepper;
  umbra_train_block block;
  umbra_train_state state;
  uint32_t begin, end; /* iterations from one refresh to the next */
} training;

static void training_close(training *t) {
  umbra_train_state_clear(&t->state);
  umbra_train_block_clear(&t->block);
  umbra_stepper_destroy(t->stepper);
  umbra_eval_keys_destroy(t->keys);
  umbra_public_key_destroy(t->public_key);
  umbra_secret_key_destroy(t->secret);
  umbra_context_destroy(t->context);
  umbra_train_plan_destroy(t->plan);
}

static void find_period(training *t) {
  const uint32_t iterations = t->plan->options.iterations;
  while (t->begin < iterations && !t->plan->iteration[t->begin].refresh) t->begin++;
  t->end = t->begin + 1;
  while (t->end < iterations && !t->plan->iteration[t->end].refresh) t->end++;
}

static umbra_status make_plan(training *t, const umbra_train_options *options) {
  umbra_params *params = NULL;
  UMBRA_TRY(umbra_params_from_preset(&params, preset));
  umbra_status status = umbra_train_plan_create(&t->plan, params, options);
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .device = "emu", .secrets_on_device = 1};
  if (status == UMBRA_OK) status = umbra_context_create(&t->context, &desc);
  umbra_params_destroy(params);
  if (status == UMBRA_OK) find_period(t);
  return status;
}

static umbra_status make_keys(training *t) {
  UMBRA_TRY(umbra_secret_key_generate(&t->secret, t->context));
  UMBRA_TRY(umbra_public_key_generate(&t->public_key, t->secret));
  UMBRA_TRY(umbra_eval_keys_generate(&t->keys, t->secret, t->plan->needs, NULL));
  return umbra_stepper_create(&t->stepper, t->plan, t->context, t->keys, NULL, NULL);
}

static double zero_element(umbra_element element, const void *source) {
  (void)element;
  (void)source;
  return 0;
}

/* One block that stands for all, and the first weights. */
static umbra_status make_data(training *t) {
  const umbra_train_plan *plan = t->plan;
  const umbra_encryptor by = umbra_encryptor_of(t->public_key);
  umbra_train_state first;
  UMBRA_TRY(umbra_matrix_encrypt_source(&t->block.records, by, &(umbra_matrix_source){zero_element, NULL, 0},
                                        umbra_plan_block(plan, 0).rows, plan->data_columns, &plan->layout,
                                        plan->data_level, NULL));
  UMBRA_TRY(umbra_train_state_make(&first, plan->firsts));
  umbra_status status = umbra_train_ops_of(plan->options.kind)->encrypt(&first, plan, by, NULL);
  if (status == UMBRA_OK) status = umbra_step_start(t->stepper, &t->state, &first);
  umbra_train_state_clear(&first);
  return status;
}

static umbra_status next_block(const umbra_train_block **found, void *source, uint64_t block) {
  (void)block;
  *found = &((const training *)source)->block;
  return UMBRA_OK;
}

static void replace(training *t, umbra_train_state state) {
  umbra_train_state_clear(&t->state);
  t->state = state;
}

static umbra_status advance(training *t, uint32_t begin, uint32_t end) {
  for (uint32_t i = begin; i < end; i++) {
    umbra_train_state next;
    if (t->plan->iteration[i].refresh) {
      UMBRA_TRY(umbra_step_refresh(t->stepper, &next, &t->state));
      replace(t, next);
    }
    UMBRA_TRY(umbra_step(t->stepper, &next, &t->state, i, &(umbra_blocks){next_block, t}));
    replace(t, next);
  }
  return umbra_step_wait(t->stepper);
}

static umbra_status open_and_trace(training *t, bench_state *state, const umbra_train_options *options) {
  UMBRA_TRY(make_plan(t, options));
  UMBRA_TRY(make_keys(t));
  UMBRA_TRY(make_data(t));
  UMBRA_TRY(advance(t, 0, t->end));
  while (bench_next(state, t->end - t->begin)) UMBRA_TRY(advance(t, t->begin, t->end));
  return UMBRA_OK;
}

static void run(bench_state *state, void *options) {
  training t = {0};
  if (open_and_trace(&t, state, options) != UMBRA_OK) bench_fail(state, umbra_last_error());
  training_close(&t);
}

void bench_training_register(void) {
  bench_register("helr_iteration/params:boot-64k-40", run, (void *)&helr);
  bench_register("main_job_iteration/params:boot-64k-40", run, (void *)&main_job);
}
