/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop: what is trained, and how, is the business of its kind. The state changes only when its checkpoint is on disk,
 * so whatever stops an iteration, the training stands before it.
 */
#include <string.h>

#include "../base/clock.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../base/structs.h"
#include "../ckks/checks.h"
#include "../ckks/digest.h"
#include "../ckks/keys_internal.h"
#include "../io/lock.h"
#include "../io/storage.h"
#include "dataset.h"
#include "trainer.h"

struct umbra_trainer {
  umbra_train_plan *plan; /* a share, as the context; the stepper's evaluator has one of the keys */
  umbra_context *context;
  umbra_dataset *dataset;
  umbra_stepper *stepper;
  char *checkpoint; /* NULL: none */
  umbra_lock *lock; /* of the checkpoint; NULL: there is none, or it cannot be written */
  uint32_t keep;    /* every so many iterations one stays; 0: none */
  umbra_train_state state;
  uint32_t done; /* iterations */
  int linked;    /* whether they form a chain; the rest is that of the last one */
  uint8_t digest[UMBRA_DIGEST_BYTES], link[UMBRA_DIGEST_BYTES];
  int result_refreshed;
  uint64_t bytes_read; /* in the current iteration */
};

/* ---- checks before any work ---- */

/* Devices that are none: without keys and files. */
static umbra_status check_no_files(const umbra_trainer_desc *desc, const char *why) {
  if (!desc->keys && !desc->data && !desc->checkpoint) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "%s: keys, data and checkpoint must be NULL", why);
}

static umbra_status check_sim(const umbra_trainer_desc *desc) {
  UMBRA_TRY(check_no_files(desc, "a simulation has no keys and no ciphertexts"));
  return desc->records ? UMBRA_OK
                       : umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a trainer of a simulation needs a plan, a context "
                                                                  "and records");
}

static umbra_status check_no_records(const umbra_trainer_desc *desc) {
  if (!desc->records && !desc->initial) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "records in the clear are trained on by simulations only: records and "
                                             "initial must be NULL");
}

static umbra_status check_files(const umbra_trainer_desc *desc) {
  if (!desc->keys || !desc->data)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "a trainer needs a plan, a context, keys and the folder of a data set");
  if (desc->checkpoint && !*desc->checkpoint)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "the checkpoint's path is empty: name a file, or give NULL for a training without checkpoints");
  UMBRA_TRY(umbra_check_context(desc->context, desc->keys->context, "the evaluation keys"));
  return umbra_eval_keys_cover(desc->keys, desc->plan->needs);
}

static umbra_status check_desc(const umbra_trainer_desc *desc) {
  if (!desc->plan || !desc->context)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a trainer needs a plan and a context");
  if ((desc->resume || desc->keep) && !desc->checkpoint)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a training %s: name its file",
                      desc->resume ? "is resumed from a checkpoint" : "keeps checkpoints beside its own");
  if (memcmp(umbra_context_params(desc->context)->digest, desc->plan->params->digest, UMBRA_DIGEST_BYTES) != 0)
    return umbra_fail(UMBRA_ERROR_MISMATCH, "the plan was made for other parameters than the context's");
  if (umbra_context_simulates(desc->context)) return check_sim(desc);
  UMBRA_TRY(check_no_records(desc));
  return desc->context->dry ? check_no_files(desc, "a dry device has no values") : check_files(desc);
}

/* ---- the state at the start ---- */

static umbra_status check_checkpoint(const char *path, int resume) {
  int found;
  UMBRA_TRY(umbra_storage_look(&found, path));
  if (found && !resume)
    return umbra_fail(UMBRA_ERROR_EXISTS,
                      "'%s' is there already: resume that training, or remove the file to begin anew", path);
  return UMBRA_OK;
}

/* Otherwise it would take an iteration to find out. What is done already needs no place to write to. */
static umbra_status try_checkpoint(const umbra_trainer *trainer) {
  if (!trainer->checkpoint || trainer->done == trainer->plan->options.iterations) return UMBRA_OK;
  return umbra_format_try(&umbra_checkpoint_format, trainer->checkpoint);
}

static umbra_status start(umbra_trainer *trainer) {
  umbra_train_state first;
  UMBRA_TRY(umbra_step_start(trainer->stepper, &first, umbra_dataset_weights(trainer->dataset)));
  umbra_train_state_clear(&trainer->state);
  trainer->state = first;
  trainer->done = 0;
  trainer->result_refreshed = 0;
  memcpy(trainer->link, umbra_dataset_digest(trainer->dataset), sizeof trainer->link);
  return UMBRA_OK;
}

void umbra_trainer_go_on(umbra_trainer *trainer, const umbra_checkpoint *from) {
  umbra_train_state_clear(&trainer->state);
  trainer->state = from->state;
  trainer->done = (uint32_t)from->stamp.number;
  trainer->result_refreshed = 0;
  trainer->linked = from->linked;
  memcpy(trainer->digest, from->digest, sizeof trainer->digest);
  memcpy(trainer->link, from->link.before, sizeof trainer->link);
  umbra_link_digest(trainer->link, from->digest);
}

umbra_status umbra_trainer_load(umbra_checkpoint *checkpoint, const umbra_trainer *trainer, const char *path) {
  const umbra_train_origin origin = umbra_dataset_origin(trainer->dataset);
  return umbra_checkpoint_load(checkpoint, path, &origin);
}

/* What killed runs have left of their attempts to save it goes. */
static umbra_status resume(umbra_trainer *trainer) {
  umbra_checkpoint found;
  UMBRA_TRY(umbra_trainer_load(&found, trainer, trainer->checkpoint));
  umbra_trainer_go_on(trainer, &found);
  umbra_storage_sweep_temporaries(trainer->checkpoint);
  return UMBRA_OK;
}

static umbra_status keep_path(umbra_trainer *trainer, const char *path) {
  size_t bytes = strlen(path) + 1;
  UMBRA_TRY(umbra_alloc(&trainer->checkpoint, bytes, 1, "a path"));
  memcpy(trainer->checkpoint, path, bytes);
  return UMBRA_OK;
}

static umbra_status open_sim_data(umbra_trainer *trainer, const umbra_trainer_desc *desc) {
  umbra_train_source source;
  const umbra_encryptor by = {.context = trainer->context};
  UMBRA_TRY(umbra_train_source_open(&source, trainer->plan, by, desc->records, desc->initial));
  umbra_status status = umbra_dataset_open_sim(&trainer->dataset, &source);
  umbra_train_source_close(&source);
  return status;
}

static umbra_status open_data(umbra_trainer *trainer, const umbra_trainer_desc *desc) {
  if (desc->records) return open_sim_data(trainer, desc);
  if (!desc->data)
    return umbra_dataset_open_dry(&trainer->dataset, trainer->plan, trainer->context, desc->memory_budget);
  return umbra_dataset_open(&trainer->dataset, desc->data, trainer->plan, trainer->context, desc->keys->owner,
                            desc->memory_budget);
}

/* From here to its end nobody else trains on that checkpoint. */
static umbra_status take_checkpoint(umbra_trainer *trainer, const umbra_trainer_desc *desc) {
  if (!desc->checkpoint) return UMBRA_OK;
  UMBRA_TRY(keep_path(trainer, desc->checkpoint));
  UMBRA_TRY(umbra_lock_if_writable(&trainer->lock, desc->checkpoint));
  return check_checkpoint(desc->checkpoint, desc->resume);
}

static umbra_status open_trainer(umbra_trainer *trainer, const umbra_trainer_desc *desc, umbra_ranks ranks,
                                 const umbra_progress *progress) {
  UMBRA_TRY(take_checkpoint(trainer, desc));
  trainer->keep = desc->keep;
  trainer->linked = desc->checkpoint != NULL;
  UMBRA_TRY(open_data(trainer, desc));
  if (desc->resume) UMBRA_TRY(resume(trainer));
  UMBRA_TRY(try_checkpoint(trainer));
  memcpy(ranks.data, umbra_dataset_id(trainer->dataset), sizeof ranks.data);
  UMBRA_TRY(umbra_stepper_create(&trainer->stepper, trainer->plan, trainer->context, desc->keys, &ranks, progress));
  return desc->resume ? UMBRA_OK : start(trainer);
}

umbra_status umbra_trainer_create(umbra_trainer **trainer, const umbra_trainer_desc *desc,
                                  const umbra_progress *progress) {
  return umbra_trainer_create_among(trainer, desc, &(umbra_ranks){.ranks = 1}, progress);
}

umbra_status umbra_trainer_create_among(umbra_trainer **trainer, const umbra_trainer_desc *desc,
                                        const umbra_ranks *ranks, const umbra_progress *progress) {
  if (!trainer || !desc)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_trainer_create needs an output and a description");
  umbra_trainer_desc wanted = {UMBRA_TRAINER_DESC_INIT};
  UMBRA_TRY(UMBRA_TAKE(umbra_trainer_desc, &wanted, desc));
  UMBRA_TRY(umbra_ranks_check(ranks));
  UMBRA_TRY(check_desc(&wanted));
  umbra_watch watch = umbra_watch_of(progress);
  UMBRA_TRY(umbra_watch_check(&watch));
  umbra_trainer *made = NULL;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a trainer"));
  made->plan = umbra_train_plan_share(wanted.plan);
  made->context = umbra_context_share(wanted.context);
  umbra_status status = open_trainer(made, &wanted, *ranks, progress);
  if (status == UMBRA_OK) UMBRA_PUT(trainer, trainer, made);
  else umbra_trainer_destroy(made);
  return status;
}

void umbra_trainer_destroy(umbra_trainer *trainer) {
  if (!trainer) return;
  umbra_stepper_destroy(trainer->stepper);
  umbra_train_state_clear(&trainer->state);
  umbra_dataset_close(trainer->dataset);
  umbra_lock_destroy(trainer->lock);
  umbra_free(trainer->checkpoint);
  umbra_train_plan_destroy(trainer->plan);
  umbra_context_destroy(trainer->context);
  umbra_free(trainer);
}

/* ---- one iteration ---- */

void umbra_trainer_cancel(umbra_trainer *trainer) { umbra_evaluator_cancel(umbra_step_evaluator(trainer->stepper)); }

void umbra_trainer_watch(umbra_trainer *trainer, const umbra_progress *progress) {
  umbra_evaluator_watch(umbra_step_evaluator(trainer->stepper), progress);
}

static umbra_watch *watch_of(const umbra_trainer *trainer) { return &umbra_step_evaluator(trainer->stepper)->watch; }

static umbra_status next_block(const umbra_train_block **found, void *source, uint64_t block) {
  umbra_trainer *trainer = source;
  uint64_t bytes;
  UMBRA_TRY(umbra_watch_check(watch_of(trainer)));
  UMBRA_TRY(umbra_dataset_block_at(trainer->dataset, block, found, &bytes, watch_of(trainer)));
  trainer->bytes_read += bytes;
  return UMBRA_OK;
}

/* Without the last step's block, whose memory a refresh can use. */
static umbra_status refresh(umbra_trainer *trainer, umbra_train_state *fresh) {
  umbra_dataset_release(trainer->dataset);
  UMBRA_TRY(umbra_step_refresh(trainer->stepper, fresh, &trainer->state));
  umbra_status status = umbra_step_wait(trainer->stepper);
  if (status != UMBRA_OK) umbra_train_state_clear(fresh);
  return status;
}

static uint32_t level_of(const umbra_train_state *state) { return umbra_ciphertext_level(state->part[0]); }

/* *fresh = what the next iteration begins with, if that is not the state itself. */
static umbra_status prepare(umbra_trainer *trainer, umbra_train_state *fresh, umbra_train_event *event) {
  UMBRA_TRY(umbra_watch_check(watch_of(trainer)));
  if (!trainer->plan->iteration[trainer->done].refresh) return UMBRA_OK;
  double started = umbra_seconds();
  event->level_low = level_of(&trainer->state);
  UMBRA_TRY(refresh(trainer, fresh));
  event->level_high = level_of(fresh);
  event->bootstrap_seconds = umbra_seconds() - started;
  return UMBRA_OK;
}

/* *after = the state after the next iteration. */
static umbra_status advance(umbra_trainer *trainer, umbra_train_state *after, umbra_train_event *event) {
  umbra_blocks blocks = {next_block, trainer};
  umbra_train_state fresh = {0};
  umbra_status status = prepare(trainer, &fresh, event);
  if (status != UMBRA_OK) {
    umbra_step_give_up(trainer->stepper, trainer->done, status);
    return status;
  }
  status = umbra_step(trainer->stepper, after, fresh.part ? &fresh : &trainer->state, trainer->done, &blocks);
  umbra_train_state_clear(&fresh);
  return status;
}

static umbra_status check_level(const umbra_trainer *trainer, const umbra_train_state *after) {
  const uint32_t planned = trainer->plan->iteration[trainer->done].level_after, level = level_of(after);
  if (level == planned) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INTERNAL, "iteration %u ended at level %u instead of %u", trainer->done + 1, level,
                    planned);
}

/* Of the state after the next iteration, which stays the caller's. */
static umbra_status make_checkpoint(umbra_checkpoint *made, const umbra_trainer *trainer,
                                    const umbra_train_state *after) {
  *made = (umbra_checkpoint){
      .stamp = umbra_train_stamp_of(trainer->plan, umbra_dataset_id(trainer->dataset), trainer->done + 1),
      .linked = trainer->linked,
      .state = *after};
  if (!trainer->linked) return UMBRA_OK;
  memcpy(made->link.before, trainer->link, sizeof made->link.before);
  return umbra_dataset_batch_digest(trainer->dataset, trainer->plan->iteration[trainer->done].step.batch,
                                    made->link.blocks);
}

/* Those that stay come first: whatever stops the training, those before its own are there. */
static umbra_status write_checkpoint(const umbra_trainer *trainer, const umbra_checkpoint *made,
                                     uint8_t digest[UMBRA_DIGEST_BYTES]) {
  char path[PATH_MAX];
  if (!trainer->checkpoint) return umbra_format_digest(&umbra_checkpoint_format, made, digest, watch_of(trainer));
  if (umbra_checkpoint_is_kept(trainer->plan, trainer->keep, trainer->done + 1)) {
    UMBRA_TRY(umbra_checkpoint_kept_path(path, trainer->checkpoint, trainer->done + 1));
    UMBRA_TRY(umbra_checkpoint_save(path, made, digest, watch_of(trainer)));
  }
  return umbra_checkpoint_save(trainer->checkpoint, made, digest, watch_of(trainer));
}

/* Once it is computed to the end. */
static umbra_status save(umbra_trainer *trainer, const umbra_train_state *after, umbra_train_event *event) {
  umbra_checkpoint made;
  uint8_t digest[UMBRA_DIGEST_BYTES];
  UMBRA_TRY(check_level(trainer, after));
  UMBRA_TRY(umbra_step_wait(trainer->stepper));
  if (!trainer->checkpoint && !trainer->linked) return UMBRA_OK;
  UMBRA_TRY(make_checkpoint(&made, trainer, after));
  UMBRA_TRY(write_checkpoint(trainer, &made, digest));
  if (!trainer->linked) return UMBRA_OK;
  memcpy(trainer->digest, digest, sizeof digest);
  umbra_link_digest(trainer->link, digest);
  event->linked = 1;
  memcpy(event->digest, trainer->digest, sizeof event->digest);
  memcpy(event->link, trainer->link, sizeof event->link);
  return UMBRA_OK;
}

static umbra_status iterate(umbra_trainer *trainer, umbra_train_event *event) {
  const umbra_plan_iteration *it = &trainer->plan->iteration[trainer->done];
  umbra_train_state after = {0};
  double started = umbra_seconds();
  trainer->bytes_read = 0;
  *event = (umbra_train_event){UMBRA_TRAIN_EVENT_INIT, .iterations = trainer->plan->options.iterations};
  umbra_status status = advance(trainer, &after, event);
  if (status == UMBRA_OK) {
    status = save(trainer, &after, event);
    if (status != UMBRA_OK) umbra_step_give_up(trainer->stepper, trainer->done + 1, status);
  }
  if (status != UMBRA_OK) {
    umbra_train_state_clear(&after);
    return status;
  }
  umbra_train_state_clear(&trainer->state);
  trainer->state = after;
  event->iteration = ++trainer->done;
  event->bootstrapped = it->refresh;
  event->level = level_of(&after);
  event->rows = it->step.rows;
  event->bytes = trainer->bytes_read;
  event->seconds = umbra_seconds() - started;
  return UMBRA_OK;
}

/* ---- the whole ---- */

/* Equal ones, as far as anybody knows: the iterations, and what may follow them. */
static uint32_t count_pieces(const umbra_trainer *trainer) {
  return trainer->plan->options.iterations + (trainer->plan->options.bootstrap_result != 0);
}

static umbra_status bootstrap_result(umbra_trainer *trainer) {
  if (!trainer->plan->options.bootstrap_result || trainer->result_refreshed) return UMBRA_OK;
  umbra_train_state fresh;
  UMBRA_TRY(umbra_watch_check(watch_of(trainer)));
  const umbra_watch_part part = umbra_watch_enter(watch_of(trainer), trainer->done, count_pieces(trainer));
  umbra_status status = refresh(trainer, &fresh);
  umbra_watch_leave(watch_of(trainer), part);
  UMBRA_TRY(status);
  umbra_train_state_clear(&trainer->state);
  trainer->state = fresh;
  trainer->result_refreshed = 1;
  return UMBRA_OK;
}

static umbra_status say_cancelled(const umbra_trainer *trainer, umbra_status status) {
  if (status != UMBRA_ERROR_CANCELLED) return status;
  return umbra_fail(status, "after %u of %u iterations: %s", trainer->done, trainer->plan->options.iterations,
                    umbra_last_error());
}

/* The other ranks do not wait for an iteration that is not run. */
static umbra_status stop(umbra_trainer *trainer) {
  const uint32_t iterations = trainer->plan->options.iterations;
  umbra_step_give_up(trainer->stepper, trainer->done, UMBRA_ERROR_CANCELLED);
  return umbra_fail(UMBRA_ERROR_CANCELLED, "stopped after %u of %u iterations", trainer->done, iterations);
}

umbra_status umbra_trainer_run(umbra_trainer *trainer, umbra_train_observer observer, void *user) {
  if (!trainer) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_trainer_run needs a trainer");
  return umbra_trainer_run_to(trainer, trainer->plan->options.iterations, observer, user);
}

umbra_status umbra_trainer_run_to(umbra_trainer *trainer, uint32_t end, umbra_train_observer observer, void *user) {
  umbra_train_event event;
  umbra_watch_begin(watch_of(trainer));
  while (trainer->done < end) {
    const umbra_watch_part part = umbra_watch_enter(watch_of(trainer), trainer->done, count_pieces(trainer));
    umbra_status status = iterate(trainer, &event);
    umbra_watch_leave(watch_of(trainer), part);
    UMBRA_TRY(say_cancelled(trainer, status));
    if (observer && observer(user, &event) && event.iteration < event.iterations) return stop(trainer);
  }
  return end < trainer->plan->options.iterations ? UMBRA_OK : say_cancelled(trainer, bootstrap_result(trainer));
}

/* ---- again from where it was ---- */

void umbra_trainer_origin(const umbra_trainer *trainer, uint8_t link[UMBRA_DIGEST_BYTES]) {
  memcpy(link, umbra_dataset_digest(trainer->dataset), UMBRA_DIGEST_BYTES);
}

umbra_status umbra_trainer_begin(umbra_trainer *trainer) {
  trainer->linked = 1;
  return start(trainer);
}

uint32_t umbra_trainer_iterations(const umbra_trainer *trainer) { return trainer->done; }

int umbra_trainer_link(const umbra_trainer *trainer, uint8_t digest[UMBRA_DIGEST_BYTES],
                       uint8_t link[UMBRA_DIGEST_BYTES]) {
  if (!trainer->linked || !trainer->done) return 0;
  memcpy(digest, trainer->digest, sizeof trainer->digest);
  memcpy(link, trainer->link, sizeof trainer->link);
  return 1;
}

umbra_trainer_result umbra_trainer_now(const umbra_trainer *trainer) {
  return (umbra_trainer_result){trainer->plan, trainer->stepper->evaluator, &trainer->state};
}

umbra_status umbra_trainer_finished(umbra_trainer_result *result, const umbra_trainer *trainer, umbra_train_kind kind) {
  const umbra_train_options *o = &trainer->plan->options;
  const umbra_stepper *stepper = trainer->stepper;
  if (stepper->ops->model != kind)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "what is trained is %s, not %s", stepper->ops->name,
                      umbra_train_ops_of(kind)->name);
  if (trainer->done < o->iterations || (o->bootstrap_result && !trainer->result_refreshed))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "there is no model yet: %u of %u iterations are done",
                      trainer->done, o->iterations);
  *result = umbra_trainer_now(trainer);
  return UMBRA_OK;
}
