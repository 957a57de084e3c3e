/* SPDX-License-Identifier: Apache-2.0 */
/* labels: full */
/*
 * Two servers that train in one folder, the second started at any moment of the first, and either killed (SIGKILL) at any
 * moment: whoever comes while the other lives is refused with a text, and what is there at the end has the same bits as
 * the training of one that was alone.
 * UMBRA_PAIRS: how many (12).
 */
#include "../host/base/watch.h"
#include "train_server.h"

enum { ITERATIONS = 4 };

static training t;
static bytes expected;
static double run; /* seconds of processor time of one alone */

static int open_job(void **state) {
  (void)state;
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT};
  options.iterations = ITERATIONS;
  training_open(&t, training_params(), random_records(300, 6, 1), options, NULL);
  give_to_server(&t);
  const ending alone = end_of_server(start_server(t.folder, 0, NULL));
  assert_false(alone.killed || alone.failed);
  run = alone.seconds;
  expected = file_bytes(path_in(t.folder, "model.umbra"));
  return 0;
}

static int close_job(void **state) {
  (void)state;
  free(expected.data);
  training_close(&t);
  return 0;
}

static void start_anew(void) {
  static const char *const files[] = {"checkpoint.umbra", "model.umbra", "log", "first", "second"};
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) unlink(path_in(t.folder, files[i]));
}

static void wait_seconds(double seconds) {
  const struct timespec time = {(time_t)seconds, (long)(1e9 * (seconds - floor(seconds)))};
  nanosleep(&time, NULL);
}

/* A server that came in vain says why: the other one has the checkpoint, or had it and left one. */
static void check_end(const ending *end, const char *words) {
  char said[512] = "";
  if (!end->failed) return;
  FILE *file = fopen(path_in(t.folder, words), "r");
  assert_non_null(file);
  assert_non_null(fgets(said, sizeof said, file));
  fclose(file);
  assert_true(strstr(said, "is in use") || strstr(said, "is there already"));
}

static void check_model(void) {
  bytes found = file_bytes(path_in(t.folder, "model.umbra"));
  assert_true(same_bytes(&found, &expected));
  free(found.data);
}

/* Lifetimes of 0 have no end. */
static uint32_t run_pair(double delay, double first_life, double second_life) {
  start_anew();
  const pid_t one = start_server(t.folder, first_life, "first");
  wait_seconds(delay);
  const pid_t other = start_server(t.folder, second_life, "second");
  const ending first = end_of_server(one), second = end_of_server(other);
  check_end(&first, "first");
  check_end(&second, "second");
  assert_false(first.failed && second.failed);
  if (access(path_in(t.folder, "model.umbra"), F_OK) != 0) /* whoever had the checkpoint was killed */
    end_of_server(start_server(t.folder, 0, NULL));
  check_model();
  return (uint32_t)(first.failed + second.failed);
}

static void pairs(void **state) {
  (void)state;
  uint64_t random = (uint64_t)time(NULL);
  const uint32_t count = count_from_environment("UMBRA_PAIRS", 12);
  uint32_t refused = 0;
  print_message("random numbers from %llu; a run takes %.2f s of processor time\n", (unsigned long long)random, run);
  for (uint32_t i = 0; i < count; i++) {
    const double delay = run * fabs(uniform(&random)), life = run * (0.1 + 0.9 * fabs(uniform(&random)));
    refused += run_pair(delay, i % 3 == 1 ? life : 0, i % 3 == 2 ? life : 0);
  }
  print_message("%u pairs, in %u of which one was refused\n", count, refused);
}

/* In one process. */
static void second_trainers_are_refused(void **state) {
  (void)state;
  umbra_trainer *first = NULL, *second = NULL;
  umbra_trainer_desc desc = training_desc(&t);
  char other[128];
  start_anew();
  desc.checkpoint = t.checkpoint;
  assert_ok(umbra_trainer_create(&first, &desc, NULL));
  assert_fails(umbra_trainer_create(&second, &desc, NULL), UMBRA_ERROR_BUSY, "checkpoint.umbra' is in use");
  desc.resume = 1;
  assert_fails(umbra_trainer_create(&second, &desc, NULL), UMBRA_ERROR_BUSY, "checkpoint.umbra' is in use");
  desc.resume = 0;
  snprintf(other, sizeof other, "%s/other.umbra", t.folder);
  desc.checkpoint = other; /* many may train on one data set */
  assert_ok(umbra_trainer_create(&second, &desc, NULL));
  assert_fails(umbra_train_encrypt(t.folder, t.plan, t.s.public, t.records, NULL, NULL), UMBRA_ERROR_BUSY,
               "data.umbra' is in use");
  umbra_trainer_destroy(first);
  assert_fails(umbra_train_encrypt(t.folder, t.plan, t.s.public, t.records, NULL, NULL), UMBRA_ERROR_BUSY,
               "data.umbra' is in use");
  umbra_trainer_destroy(second);
  assert_int_not_equal(access(path_in(t.folder, ".data.umbra.lock"), F_OK), 0);
  assert_int_not_equal(access(path_in(t.folder, ".checkpoint.umbra.lock"), F_OK), 0);
}

/* ---- encryption ---- */

/* From within one: a second one, and a trainer. */
static int try_both(void *user, double fraction) {
  umbra_trainer *trainer = NULL;
  const umbra_trainer_desc desc = training_desc(&t);
  int *tried = user;
  if (fraction < 0.5 || *tried) return 0;
  *tried = 1;
  assert_fails(umbra_train_encrypt(t.folder, t.plan, t.s.public, t.records, NULL, NULL), UMBRA_ERROR_BUSY,
               "data.umbra' is in use");
  assert_int_not_equal(umbra_trainer_create(&trainer, &desc, NULL), UMBRA_OK);
  assert_non_null(strstr(umbra_last_error(), "data.umbra' is in use"));
  return 0;
}

static void encryptions_are_alone(void **state) {
  (void)state;
  int tried = 0;
  umbra_watch_interval(0);
  assert_ok(umbra_train_encrypt(t.folder, t.plan, t.s.public, t.records, NULL, &(umbra_progress){try_both, &tried}));
  umbra_watch_interval(0.1);
  assert_true(tried);
  umbra_trainer *trainer = NULL;
  const umbra_trainer_desc desc = training_desc(&t);
  assert_ok(umbra_trainer_create(&trainer, &desc, NULL)); /* the data set is whole */
  umbra_trainer_destroy(trainer);
}

int main(int argc, char **argv) {
  if (argc == 3) return be_server(argv);
  const struct CMUnitTest tests[] = {cmocka_unit_test(pairs), cmocka_unit_test(second_trainers_are_refused),
                                     cmocka_unit_test(encryptions_are_alone)};
  return cmocka_run_group_tests(tests, open_job, close_job);
}
