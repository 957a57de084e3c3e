/* SPDX-License-Identifier: Apache-2.0 */
/* The time of a training, from one small run of the same kind: a block for a batch, up to the first refresh and with it. */
#include <string.h>

#include <umbra/file.h>

#include "../base/clock.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "../ckks/ciphertext_internal.h"
#include "step.h"

typedef struct rehearsal {
  const umbra_context *context;
  umbra_train_plan *plan;
  umbra_secret_key *secret;
  umbra_public_key *key;
  umbra_eval_keys *keys;
  umbra_stepper *stepper;
  umbra_train_block block;
  umbra_train_state state;
  umbra_watch watch;
  double loading, iterations,
      refreshing; /* seconds: of a block, of the iterations of a period together, of a refresh */
} rehearsal;

static void clear(rehearsal *r) {
  if (r->stepper) umbra_evaluator_watch(umbra_step_evaluator(r->stepper), NULL);
  umbra_train_state_clear(&r->state);
  umbra_train_block_clear(&r->block);
  umbra_stepper_destroy(r->stepper);
  umbra_eval_keys_destroy(r->keys);
  umbra_public_key_destroy(r->key);
  umbra_secret_key_destroy(r->secret);
  umbra_train_plan_destroy(r->plan);
}

/* Iterations from one refresh to the next. */
static uint32_t period_of(const umbra_train_plan *plan) { return plan->data_level / plan->report.depth; }

/* The same training with batches of one block, in the same layout, until after its first refresh. */
static umbra_status make_plan(rehearsal *r, const umbra_train_plan *plan) {
  umbra_train_options options = plan->options;
  if (options.batch > plan->block_rows) options.batch = plan->block_rows;
  options.rows = options.batch;
  options.shuffle = UMBRA_SHUFFLE_NONE;
  options.iterations = plan->report.levels + 1; /* so that there is one */
  return umbra_train_plan_make(
      &r->plan, plan->params, &options,
      &(umbra_plan_given){
          .coefficient = plan->coefficient, .activation = plan->activation.value, .layout = &plan->layout});
}

static umbra_status make_keys(rehearsal *r) {
  const umbra_progress progress = umbra_watch_relay(&r->watch);
  UMBRA_TRY(umbra_secret_key_generate(&r->secret, r->context));
  UMBRA_TRY(umbra_public_key_generate(&r->key, r->secret));
  return umbra_eval_keys_generate(&r->keys, r->secret, r->plan->needs, &progress);
}

static umbra_status make_stepper(rehearsal *r) {
  const umbra_progress progress = umbra_watch_relay(&r->watch);
  UMBRA_TRY(umbra_stepper_create(&r->stepper, r->plan, r->context, r->keys, NULL, &progress));
  umbra_evaluator_watch(umbra_step_evaluator(r->stepper), &progress);
  return UMBRA_OK;
}

static double zero(umbra_element element, const void *source) {
  (void)element;
  (void)source;
  return 0;
}

static umbra_status make_block(rehearsal *r) {
  const umbra_train_plan *plan = r->plan;
  const umbra_matrix_source source = {zero, NULL, 0};
  if (plan->options.public_features)
    UMBRA_TRY(umbra_features_make(&r->block.features, plan->options.rows, plan->options.columns));
  return umbra_matrix_encrypt_source(&r->block.records, umbra_encryptor_of(r->key), &source,
                                     umbra_plan_matrix_rows(plan, plan->options.rows), plan->data_columns,
                                     &plan->layout, plan->record_level, &r->watch);
}

static umbra_status make_state(rehearsal *r) {
  umbra_train_state first;
  UMBRA_TRY(umbra_train_state_make(&first, r->plan->firsts));
  umbra_status status =
      umbra_train_ops_of(r->plan->options.kind)->encrypt(&first, r->plan, umbra_encryptor_of(r->key), NULL);
  if (status == UMBRA_OK) status = umbra_step_start(r->stepper, &r->state, &first);
  umbra_train_state_clear(&first);
  return status;
}

/* A loaded block is checked and hashed: the copy in memory stands for the one on disk. */
static umbra_status time_loading(rehearsal *r) {
  const umbra_progress progress = umbra_watch_relay(&r->watch);
  size_t size;
  void *bytes;
  umbra_matrix *copy = NULL;
  UMBRA_TRY(umbra_matrix_write(r->block.records, NULL, &size, NULL));
  UMBRA_TRY(umbra_alloc(&bytes, size, 1, "a block"));
  umbra_status status = umbra_matrix_write(r->block.records, bytes, &size, &progress);
  double started = umbra_seconds();
  if (status == UMBRA_OK) status = umbra_matrix_read(&copy, r->context, bytes, size, &progress);
  r->loading = umbra_seconds() - started;
  umbra_matrix_destroy(copy);
  umbra_free(bytes);
  return status;
}

static umbra_status the_block(const umbra_train_block **found, void *source, uint64_t block) {
  (void)block;
  *found = &((const rehearsal *)source)->block;
  return UMBRA_OK;
}

static umbra_status advance(rehearsal *r, uint32_t i) {
  umbra_blocks blocks = {the_block, r};
  umbra_train_state after;
  UMBRA_TRY(umbra_step(r->stepper, &after, &r->state, i, &blocks));
  umbra_train_state_clear(&r->state);
  r->state = after;
  return umbra_step_wait(r->stepper);
}

static umbra_status refresh(rehearsal *r) {
  umbra_train_state fresh;
  UMBRA_TRY(umbra_step_refresh(r->stepper, &fresh, &r->state));
  umbra_train_state_clear(&r->state);
  r->state = fresh;
  return umbra_step_wait(r->stepper);
}

/* The watch's part is piece i of both passes. */
static umbra_status run_piece(rehearsal *r, uint32_t i, uint32_t pass) {
  const uint32_t pieces = period_of(r->plan) + 1;
  const umbra_watch_part part = umbra_watch_enter(&r->watch, (uint64_t)pass * pieces + i, 2 * (uint64_t)pieces);
  UMBRA_TRY(i < pieces - 1 ? advance(r, i) : refresh(r));
  umbra_watch_leave(&r->watch, part);
  return umbra_watch_check(&r->watch);
}

/* The first pass only warms up. */
static umbra_status time_period(rehearsal *r) {
  const uint32_t iterations = period_of(r->plan);
  for (uint32_t pass = 0; pass < 2; pass++) {
    double started = umbra_seconds();
    for (uint32_t i = 0; i < iterations; i++) UMBRA_TRY(run_piece(r, i, pass));
    r->iterations = umbra_seconds() - started;
    started = umbra_seconds();
    UMBRA_TRY(run_piece(r, iterations, pass));
    r->refreshing = umbra_seconds() - started;
  }
  return UMBRA_OK;
}

static umbra_status rehearse(rehearsal *r) {
  umbra_status (*const phase[])(rehearsal *) = {make_keys,  make_stepper, make_block,
                                                make_state, time_loading, time_period};
  enum { PHASES = sizeof phase / sizeof *phase };
  for (int i = 0; i < PHASES; i++) {
    UMBRA_TRY(umbra_watch_check(&r->watch));
    const umbra_watch_part part = umbra_watch_enter(&r->watch, (uint64_t)i, PHASES);
    UMBRA_TRY(phase[i](r));
    umbra_watch_leave(&r->watch, part);
  }
  return umbra_watch_check(&r->watch);
}

/* As the whole training does: more blocks, more key switches. */
static double seconds_of(const umbra_train_plan *plan, const rehearsal *r) {
  double scale = (double)plan->report.key_switches / (double)r->plan->report.key_switches;
  double blocks = (double)plan->report.read_bytes / (double)r->plan->report.read_bytes;
  return blocks * r->loading + (scale * r->iterations + r->refreshing) / period_of(r->plan);
}

umbra_status umbra_train_plan_calibrate(const umbra_train_plan *plan, double *seconds, const umbra_context *context,
                                        const umbra_progress *progress) {
  if (!seconds || !plan || !context)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_train_plan_calibrate needs a plan, an output and a context");
  if (memcmp(umbra_context_params(context)->digest, plan->params->digest, UMBRA_DIGEST_BYTES) != 0)
    return umbra_fail(UMBRA_ERROR_MISMATCH, "the plan was made for other parameters than the context's");
  rehearsal r = {.context = context, .watch = umbra_watch_of(progress)};
  umbra_status status = make_plan(&r, plan);
  if (status == UMBRA_OK) status = umbra_watch_close(&r.watch, rehearse(&r));
  if (status == UMBRA_OK) *seconds = seconds_of(plan, &r);
  clear(&r);
  return status;
}
