/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * A training that is stopped, killed or cancelled ends, once resumed, with the same bits as one that was not; what does not
 * go together is refused before any work.
 */
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../host/base/clock.h"
#include "../host/base/watch.h"
#include "train.h"
#include "watcher.h"

enum { ITERATIONS = 6 };

static training t;

static umbra_train_options small_options(void) {
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT};
  options.iterations = ITERATIONS;
  options.batch = 150;
  return options;
}

static int open_training(void **state) {
  (void)state;
  training_open(&t, training_params(), random_records(400, 6, 1), small_options(), NULL);
  return 0;
}

static int close_training(void **state) {
  (void)state;
  training_close(&t);
  return 0;
}

static umbra_status open_trainer(umbra_trainer **trainer, int resume) {
  umbra_trainer_desc desc = training_desc(&t);
  desc.checkpoint = t.checkpoint;
  desc.resume = resume;
  return umbra_trainer_create(trainer, &desc, NULL);
}

/* ---- the bits of a run that nothing stops ---- */

static bytes expected_bytes(void) {
  umbra_trainer *trainer = NULL;
  umbra_trainer_desc desc = training_desc(&t);
  assert_ok(umbra_trainer_create(&trainer, &desc, NULL));
  assert_ok(umbra_trainer_run(trainer, NULL, NULL));
  bytes b = model_bytes(trainer);
  umbra_trainer_destroy(trainer);
  return b;
}

/* Runs what is left, and compares; the checkpoint is removed. */
static void finish(umbra_trainer *trainer, const bytes *expected) {
  assert_ok(umbra_trainer_run(trainer, NULL, NULL));
  assert_int_equal(umbra_trainer_iterations(trainer), ITERATIONS);
  bytes found = model_bytes(trainer);
  assert_true(same_bytes(&found, expected));
  free(found.data);
  umbra_trainer_destroy(trainer);
  assert_int_equal(unlink(t.checkpoint), 0);
}

/* ---- stopped by the observer, at each iteration ---- */

/* What a killed run leaves of its attempt to save the checkpoint. */
static const char *temporary(void) {
  static char path[160];
  snprintf(path, sizeof path, "%s.0123456789abcdef.tmp", t.checkpoint);
  return path;
}

static void leave_temporary(void) {
  FILE *file = fopen(temporary(), "wx");
  assert_non_null(file);
  fclose(file);
}

static int stop_after(void *user, const umbra_train_event *event) { return event->iteration == *(uint32_t *)user; }

static void stopped(void **state) {
  (void)state;
  bytes expected = expected_bytes();
  for (uint32_t stop = 1; stop < ITERATIONS; stop++) {
    umbra_trainer *trainer = NULL;
    assert_ok(open_trainer(&trainer, 0));
    assert_fails(umbra_trainer_run(trainer, stop_after, &stop), UMBRA_ERROR_CANCELLED, "stopped after");
    if (stop == 3) { /* the same trainer can go on, too */
      finish(trainer, &expected);
      continue;
    }
    umbra_trainer_destroy(trainer);
    trainer = NULL;
    leave_temporary();
    assert_ok(open_trainer(&trainer, 1));
    assert_int_not_equal(access(temporary(), F_OK), 0);
    assert_int_equal(umbra_trainer_iterations(trainer), stop);
    finish(trainer, &expected);
  }
  umbra_trainer *trainer = NULL;
  uint32_t last = ITERATIONS; /* there is nothing left to be stopped */
  assert_ok(open_trainer(&trainer, 0));
  assert_ok(umbra_trainer_run(trainer, stop_after, &last));
  finish(trainer, &expected);
  free(expected.data);
}

/* ---- cancelled by another thread ---- */

typedef struct canceller {
  umbra_trainer *trainer;
  sem_t begun;
} canceller;

static int note_begun(void *user, const umbra_train_event *event) {
  (void)event;
  return sem_post(&((canceller *)user)->begun);
}

/* As soon as an iteration is done: while the next one runs. */
static void *cancel_begun(void *user) {
  canceller *c = user;
  while (sem_wait(&c->begun) != 0) continue;
  umbra_trainer_cancel(c->trainer);
  return NULL;
}

static void cancelled(void **state) {
  (void)state;
  bytes expected = expected_bytes();
  canceller c = {0};
  pthread_t thread;
  assert_int_equal(sem_init(&c.begun, 0, 0), 0);
  assert_ok(open_trainer(&c.trainer, 0));
  umbra_trainer_cancel(c.trainer); /* before it runs, too */
  assert_fails(umbra_trainer_run(c.trainer, NULL, NULL), UMBRA_ERROR_CANCELLED, "after 0 of 6");
  assert_int_equal(pthread_create(&thread, NULL, cancel_begun, &c), 0);
  umbra_status status = umbra_trainer_run(c.trainer, note_begun, &c);
  assert_true(status == UMBRA_OK || status == UMBRA_ERROR_CANCELLED);
  assert_true(umbra_trainer_iterations(c.trainer) >= 1);
  assert_int_equal(pthread_join(thread, NULL), 0);
  while ((status = umbra_trainer_run(c.trainer, NULL, NULL)) == UMBRA_ERROR_CANCELLED) continue;
  assert_ok(status);
  finish(c.trainer, &expected);
  sem_destroy(&c.begun);
  free(expected.data);
}

/* ---- cancelled before any kernel, in blocks, refreshes and checkpoints ---- */

typedef struct stopper {
  watcher watcher;
  uint32_t every;
} stopper;

static int stop_now_and_then(void *user, double fraction) {
  stopper *s = user;
  (void)look(&s->watcher, fraction);
  return s->watcher.reports % s->every == 0;
}

/* What is done is on disk, and what was cancelled has left no trace. The trainer lives: its checkpoint gets another name. */
static void assert_resumable(uint32_t done) {
  umbra_trainer *again = NULL;
  char other[128];
  umbra_trainer_desc desc = training_desc(&t);
  if (!done) assert_int_not_equal(access(t.checkpoint, F_OK), 0);
  if (!done) return;
  snprintf(other, sizeof other, "%s/again.umbra", t.folder);
  assert_int_equal(link(t.checkpoint, other), 0);
  desc.checkpoint = other;
  desc.resume = 1;
  assert_ok(umbra_trainer_create(&again, &desc, NULL));
  assert_int_equal(umbra_trainer_iterations(again), done);
  umbra_trainer_destroy(again);
  assert_int_equal(unlink(other), 0);
}

static void cancelled_anywhere(void **state) {
  (void)state;
  bytes expected = expected_bytes();
  umbra_trainer *trainer = NULL;
  stopper s = {.every = 500};
  uint32_t stops = 0;
  umbra_status status;
  assert_ok(open_trainer(&trainer, 0));
  umbra_watch_interval(0);
  umbra_trainer_watch(trainer, &(umbra_progress){stop_now_and_then, &s});
  for (; (status = umbra_trainer_run(trainer, NULL, NULL)) == UMBRA_ERROR_CANCELLED; stops++) {
    assert_non_null(strstr(umbra_last_error(), "iterations: cancelled"));
    assert_resumable(umbra_trainer_iterations(trainer));
    s.every *= 2; /* so that each iteration comes to its end at last */
    s.watcher.fraction = 0;
  }
  assert_ok(status);
  assert_true(stops > 2 && s.watcher.fraction > 0.9);
  umbra_trainer_watch(trainer, NULL);
  umbra_watch_interval(0.1);
  finish(trainer, &expected);
  free(expected.data);
}

static int refuse(void *user, double fraction) {
  (void)user;
  (void)fraction;
  return 1;
}

static void creation_is_cancelled(void **state) {
  (void)state;
  umbra_trainer *trainer = NULL;
  umbra_trainer_desc desc = training_desc(&t);
  assert_fails(umbra_trainer_create(&trainer, &desc, &(umbra_progress){refuse, NULL}), UMBRA_ERROR_CANCELLED,
               "cancelled");
  assert_null(trainer);
}

/* ---- a disk that is full ---- */

static void full_disk(void **state) {
  (void)state;
  bytes expected = expected_bytes();
  umbra_trainer *trainer = NULL;
  uint32_t stop = 2;
  assert_ok(open_trainer(&trainer, 0));
  assert_fails(umbra_trainer_run(trainer, stop_after, &stop), UMBRA_ERROR_CANCELLED, "stopped after 2");
  run_on_full_disk(trainer);
  assert_int_equal(umbra_trainer_iterations(trainer), 2);
  umbra_trainer_destroy(trainer);
  trainer = NULL;
  assert_ok(open_trainer(&trainer, 1));
  assert_int_equal(umbra_trainer_iterations(trainer), 2);
  finish(trainer, &expected);
  free(expected.data);
}

/* ---- refusals ---- */

static void refused(const umbra_trainer_desc *desc, umbra_status status, const char *words) {
  umbra_trainer *trainer = (umbra_trainer *)&t;
  assert_fails(umbra_trainer_create(&trainer, desc, NULL), status, words);
  assert_ptr_equal(trainer, &t);
}

static void wrong_checkpoints(void **state) {
  (void)state;
  umbra_trainer_desc desc = training_desc(&t);
  umbra_trainer *trainer = NULL;
  uint32_t stop = 1;
  desc.resume = 1;
  refused(&desc, UMBRA_ERROR_INVALID_ARGUMENT, "name its file");
  desc.checkpoint = t.checkpoint;
  refused(&desc, UMBRA_ERROR_IO, "checkpoint.umbra");
  assert_ok(open_trainer(&trainer, 0));
  assert_fails(umbra_trainer_run(trainer, stop_after, &stop), UMBRA_ERROR_CANCELLED, "stopped");
  umbra_trainer_destroy(trainer);
  desc.resume = 0;
  refused(&desc, UMBRA_ERROR_EXISTS, "resume that training");
  desc.resume = 1;
  assert_int_equal(truncate(t.checkpoint, 1000), 0);
  refused(&desc, UMBRA_ERROR_FORMAT, "checkpoint.umbra");
  assert_int_equal(unlink(t.checkpoint), 0);
}

static void refused_to_tell(const umbra_train_plan *plan, umbra_status status, const char *words) {
  uint32_t done = 77;
  assert_fails(umbra_train_plan_done(plan, &done, t.folder, t.checkpoint), status, words);
  assert_int_equal(done, 77);
}

/* By the beginnings of two files, without keys or a context. */
static void iterations_are_told(void **state) {
  (void)state;
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT};
  umbra_train_plan *other = NULL;
  umbra_trainer *trainer = NULL;
  uint32_t done = 0, stop = 2;
  refused_to_tell(t.plan, UMBRA_ERROR_IO, "checkpoint.umbra");
  assert_ok(open_trainer(&trainer, 0));
  assert_fails(umbra_trainer_run(trainer, stop_after, &stop), UMBRA_ERROR_CANCELLED, "stopped");
  assert_ok(umbra_train_plan_done(t.plan, &done, t.folder, t.checkpoint));
  assert_int_equal(done, 2);
  assert_ok(umbra_trainer_run(trainer, NULL, NULL));
  assert_ok(umbra_train_plan_done(t.plan, &done, t.folder, t.checkpoint));
  assert_int_equal(done, ITERATIONS);
  umbra_trainer_destroy(trainer);
  assert_ok(umbra_train_plan_options(t.plan, &options));
  options.rate = 0.5;
  assert_ok(umbra_train_plan_create(&other, t.s.params, &options));
  refused_to_tell(other, UMBRA_ERROR_MISMATCH, "of another plan");
  umbra_train_plan_destroy(other);
  assert_ok(umbra_train_encrypt(t.folder, t.plan, t.s.public, t.records, NULL, NULL));
  refused_to_tell(t.plan, UMBRA_ERROR_MISMATCH, "of another data set");
  assert_int_equal(truncate(t.checkpoint, 100), 0);
  refused_to_tell(t.plan, UMBRA_ERROR_FORMAT, "checkpoint.umbra");
  assert_int_equal(unlink(t.checkpoint), 0);
}

static size_t count_entries(const char *folder) {
  size_t count = 0;
  DIR *entries = opendir(folder);
  assert_non_null(entries);
  while (readdir(entries)) count++;
  closedir(entries);
  return count;
}

static void refused_start(const char *path, umbra_status status, const char *words) {
  umbra_trainer_desc desc = training_desc(&t);
  desc.checkpoint = path;
  refused(&desc, status, words);
}

static void refused_checkpoint(const char *path, umbra_status status, const char *words) {
  umbra_trainer_desc desc = training_desc(&t);
  desc.checkpoint = path;
  for (desc.resume = 0; desc.resume < 2; desc.resume++) refused(&desc, status, words);
}

/* A checkpoint that could not be written is noticed before any work, and trying leaves nothing. */
static void checkpoints_that_cannot_be_written(void **state) {
  (void)state;
  char path[160], target[192];
  const size_t entries = count_entries(t.folder);
  umbra_trainer *trainer = NULL;
  refused_checkpoint("", UMBRA_ERROR_INVALID_ARGUMENT, "path is empty");
  snprintf(path, sizeof path, "%s/missing/checkpoint.umbra", t.folder);
  refused_checkpoint(path, UMBRA_ERROR_IO, "missing/checkpoint.umbra': No such file");
  refused_checkpoint(t.folder, UMBRA_ERROR_IO, "not a regular file");
  snprintf(target, sizeof target, "%s/target", t.folder);
  assert_int_equal(symlink(target, t.checkpoint), 0); /* to nothing, then to a file */
  refused_checkpoint(t.checkpoint, UMBRA_ERROR_IO, "checkpoint.umbra' is not a regular file");
  assert_int_equal(close(open(target, O_CREAT | O_WRONLY, 0600)), 0);
  refused_checkpoint(t.checkpoint, UMBRA_ERROR_IO, "checkpoint.umbra' is not a regular file");
  assert_int_equal(unlink(t.checkpoint) | unlink(target), 0);
  snprintf(path, sizeof path, "%s-owner", t.folder);
  assert_int_equal(mkdir(path, 0700), 0);
  snprintf(target, sizeof target, "%s/secret.umbra", path);
  assert_ok(umbra_secret_key_save(t.s.secret, target, NULL));
  snprintf(target, sizeof target, "%s/checkpoint.umbra", path);
  refused_start(target, UMBRA_ERROR_INVALID_ARGUMENT, "beside 'secret.umbra'");
  remove_folder(path);
  assert_ok(open_trainer(&trainer, 0));
  umbra_trainer_destroy(trainer);
  assert_int_equal(count_entries(t.folder), entries);
}

static void refused_in_folder_of_mode(mode_t mode, int resume, const char *words) {
  umbra_trainer_desc desc = training_desc(&t);
  desc.checkpoint = t.checkpoint;
  desc.resume = resume;
  assert_int_equal(chmod(t.folder, mode), 0);
  refused(&desc, UMBRA_ERROR_IO, words);
  assert_int_equal(chmod(t.folder, 0700), 0);
}

/* A training that has ended writes no more, so its model can still be had. */
static void folders_that_cannot_be_written(void **state) {
  (void)state;
  const char *text = "checkpoint.umbra': Permission denied";
  umbra_trainer *trainer = NULL;
  uint32_t stop = 1;
  if (geteuid() == 0) skip(); /* may write everywhere */
  refused_in_folder_of_mode(0, 0, text);
  refused_in_folder_of_mode(0500, 0, text);
  assert_ok(open_trainer(&trainer, 0));
  assert_fails(umbra_trainer_run(trainer, stop_after, &stop), UMBRA_ERROR_CANCELLED, "stopped");
  umbra_trainer_destroy(trainer);
  trainer = NULL;
  refused_in_folder_of_mode(0500, 1, text);
  assert_ok(open_trainer(&trainer, 1));
  assert_ok(umbra_trainer_run(trainer, NULL, NULL));
  umbra_trainer_destroy(trainer);
  trainer = NULL;
  assert_int_equal(chmod(t.folder, 0500), 0);
  assert_ok(open_trainer(&trainer, 1));
  assert_int_equal(chmod(t.folder, 0700), 0);
  umbra_trainer_destroy(trainer);
  assert_int_equal(unlink(t.checkpoint), 0);
}

/* A plan that differs in one option, and one with other columns. */
static void other_plans(void **state) {
  (void)state;
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT};
  umbra_train_plan *other = NULL;
  umbra_trainer_desc desc = training_desc(&t);
  assert_ok(umbra_train_plan_options(t.plan, &options));
  options.rate = 0.5;
  assert_ok(umbra_train_plan_create(&other, t.s.params, &options));
  desc.plan = other;
  refused(&desc, UMBRA_ERROR_MISMATCH, "plan");

  umbra_params *params = boot_twin(11, 40, 13, (umbra_bootstrap_shape){UMBRA_BOOTSTRAP_SHAPE_INIT});
  assert_ok(umbra_train_plan_options(t.plan, &options));
  assert_ok(umbra_train_plan_create(&other, params, &options));
  desc.plan = other;
  refused(&desc, UMBRA_ERROR_MISMATCH, "other parameters");
  umbra_train_plan_destroy(other);
  umbra_params_destroy(params);
}

/* Takes the needs over. */
static void refused_with_keys(umbra_key_needs *needs, const char *words) {
  umbra_trainer_desc desc = training_desc(&t);
  umbra_eval_keys *keys = keys_for(t.s.secret, needs);
  desc.keys = keys;
  refused(&desc, UMBRA_ERROR_MISSING_KEY, words);
  umbra_eval_keys_destroy(keys);
}

static void missing_keys(void **state) {
  (void)state;
  umbra_key_needs *needs = training_needs(t.plan);
  umbra_key_need last = {UMBRA_KEY_NEED_INIT};
  size_t rotation = umbra_key_needs_count(needs) - 1;
  char words[64];
  assert_ok(umbra_key_needs_get(needs, &last, rotation));
  snprintf(words, sizeof words, "missing: rotation by %d to level %u", last.steps, last.level);
  refused_with_keys(needs_without(needs, t.s.params, rotation), words);
  refused_with_keys(needs_without(needs, t.s.params, 0), "missing: relinearisation");
  refused_with_keys(needs_without(needs, t.s.params, 2), "missing: the ephemeral secret");
  umbra_key_needs *lower = needs_without(needs, t.s.params, rotation);
  assert_ok(umbra_key_needs_rotation(lower, last.steps, last.level - 1));
  refused_with_keys(lower, "(there: to ");
  umbra_key_needs_destroy(needs);
}

static void other_owners(void **state) {
  (void)state;
  umbra_trainer_desc desc = training_desc(&t);
  umbra_secret_key *secret = NULL;
  assert_ok(umbra_secret_key_generate(&secret, t.s.context));
  umbra_eval_keys *keys = keys_for(secret, training_needs(t.plan));
  desc.keys = keys;
  refused(&desc, UMBRA_ERROR_MISMATCH, "owner");
  umbra_eval_keys_destroy(keys);
  umbra_secret_key_destroy(secret);
}

static void early_models(void **state) {
  (void)state;
  umbra_trainer *trainer = NULL;
  umbra_logistic *model = NULL;
  umbra_trainer_desc desc = training_desc(&t);
  assert_ok(umbra_trainer_create(&trainer, &desc, NULL));
  assert_fails(umbra_trainer_logistic(trainer, &model), UMBRA_ERROR_INVALID_ARGUMENT, "0 of 6");
  assert_null(model);
  umbra_trainer_destroy(trainer);
}

/* Keys of exactly this plan, and an estimate that is not absurd: the rehearsal has more than one iteration in it. */
static void calibration(void **state) {
  (void)state;
  double seconds = -1, started = umbra_seconds();
  assert_ok(umbra_train_plan_calibrate(t.plan, &seconds, t.s.context, NULL));
  double rehearsal = umbra_seconds() - started;
  print_message("an iteration in %.4f s, estimated in %.4f s\n", seconds, rehearsal);
  assert_true(seconds > 0 && seconds < 10 * rehearsal);
}

/* In each of its phases: memory is given back, and the output is untouched. */
static void calibration_is_cancelled(void **state) {
  (void)state;
  watcher all = {0};
  double seconds = -1;
  const uint64_t memory = umbra_context_memory(t.s.context);
  umbra_watch_interval(0);
  assert_ok(umbra_train_plan_calibrate(t.plan, &seconds, t.s.context, &(umbra_progress){look, &all}));
  assert_true(all.reports > 1000 && all.fraction == 1);
  seconds = -1;
  for (uint32_t at = 1; at < all.reports; at += all.reports / 12) {
    assert_fails(
        umbra_train_plan_calibrate(t.plan, &seconds, t.s.context, &(umbra_progress){look, &(watcher){.at = at}}),
        UMBRA_ERROR_CANCELLED, "cancelled");
    assert_true(seconds == -1);
    assert_int_equal(umbra_context_memory(t.s.context), memory);
  }
  umbra_watch_interval(0.1);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(stopped),
                                     cmocka_unit_test(cancelled),
                                     cmocka_unit_test(cancelled_anywhere),
                                     cmocka_unit_test(creation_is_cancelled),
                                     cmocka_unit_test(full_disk),
                                     cmocka_unit_test(other_plans),
                                     cmocka_unit_test(missing_keys),
                                     cmocka_unit_test(wrong_checkpoints),
                                     cmocka_unit_test(iterations_are_told),
                                     cmocka_unit_test(other_owners),
                                     cmocka_unit_test(early_models),
                                     cmocka_unit_test(calibration),
                                     cmocka_unit_test(calibration_is_cancelled),
                                     cmocka_unit_test(checkpoints_that_cannot_be_written),
                                     cmocka_unit_test(folders_that_cannot_be_written)};
  return cmocka_run_group_tests(tests, open_training, close_training);
}
