/* SPDX-License-Identifier: Apache-2.0 */
/* labels: full UMBRA_KILLS_OF_NETWORKS=5 */
/* labels: slow UMBRA_KILLS_OF_NETWORKS=50 */
/*
 * A server that is killed (SIGKILL) at random moments and started again every time ends with the same bits as one that
 * was not, also of its checkpoints, which are a chain, and never loses more than the iteration it was in.
 * UMBRA_KILLS: how often (50); UMBRA_KILLS_OF_NETWORKS: the same of a network with a hidden layer, which counts its loss.
 */
#include "train_server.h"

enum { ITERATIONS = 12 };

/* The seconds of processor time that it had. *killed: whether it came to the end of its lifetime. */
static double run_server(int *killed, const char *folder, double lifetime) {
  const ending end = end_of_server(start_server(folder, lifetime, NULL));
  assert_false(end.failed);
  *killed = end.killed;
  return end.seconds;
}

static double whole_run(const char *folder) {
  int killed;
  double seconds = run_server(&killed, folder, 0);
  assert_false(killed);
  return seconds;
}

/* What such a run leaves. */
enum { FILES = 6 };
#define CHECKPOINTS "checkpoint.umbra", "checkpoint-000005.umbra", "checkpoint-000010.umbra"
static const char *const files_of_models[FILES] = {CHECKPOINTS, "model.umbra"};
static const char *const files_of_networks[FILES] = {CHECKPOINTS, "layer-1.umbra", "layer-2.umbra", "loss.umbra"};
static const char *const *files;

static void read_files(bytes found[FILES], const char *folder) {
  for (int i = 0; i < FILES; i++) found[i] = files[i] ? file_bytes(path_in(folder, files[i])) : (bytes){0};
}

static void free_files(bytes found[FILES]) {
  for (int i = 0; i < FILES; i++) free(found[i].data);
}

static void assert_files(const char *folder, bytes expected[FILES]) {
  bytes found[FILES];
  read_files(found, folder);
  for (int i = 0; i < FILES; i++)
    if (files[i] && !same_bytes(&found[i], &expected[i])) fail_msg("%s is another one", files[i]);
  free_files(found);
}

static void start_anew(const char *folder) {
  for (int i = 0; i < FILES && files[i]; i++) unlink(path_in(folder, files[i]));
  unlink(path_in(folder, "log"));
}

/*
 * Iterations are logged after their checkpoint: so one that is missing in the log was killed between the two, and one
 * that is there twice would have been lost.
 */
static void check_log(const char *folder) {
  bytes log = file_bytes(path_in(folder, "log"));
  for (size_t i = 1; i < log.size; i++)
    if (log.data[i] <= log.data[i - 1]) fail_msg("iteration %d came after %d", log.data[i], log.data[i - 1]);
  free(log.data);
}

/* Takes the records over. */
static void kill_often(umbra_records *records, umbra_train_options options, uint32_t kills) {
  training t;
  options.iterations = ITERATIONS;
  training_open(&t, training_params(), records, options, NULL);
  give_to_server(&t);

  double run = whole_run(t.folder);
  bytes expected[FILES];
  read_files(expected, t.folder);
  check_log(t.folder);

  uint64_t random = (uint64_t)time(NULL);
  uint32_t ends = 0;
  print_message("random numbers from %llu; a run takes %.2f s of processor time\n", (unsigned long long)random, run);
  start_anew(t.folder);
  for (uint32_t i = 0; i < kills;) {
    int is_killed;
    run_server(&is_killed, t.folder, run * (0.5 + 0.5 * uniform(&random)));
    if (is_killed) {
      i++;
      continue;
    }
    assert_files(t.folder, expected);
    check_log(t.folder);
    start_anew(t.folder);
    ends++;
  }
  whole_run(t.folder);
  assert_files(t.folder, expected);
  print_message("%u kills, %u runs came to their end\n", kills, ends + 1);
  free_files(expected);
  training_close(&t);
}

static void models(void **state) {
  (void)state;
  const umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT};
  files = files_of_models;
  kill_often(random_records(300, 6, 1), options, count_from_environment("UMBRA_KILLS", 50));
}

static void networks(void **state) {
  (void)state;
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT, .kind = UMBRA_TRAIN_NETWORK, .loss = UMBRA_LOSS_SQUARED};
  options.hidden[0] = 4;
  options.outputs = 3;
  options.rate = 0.0625;
  options.optimizer = UMBRA_OPTIMIZER_NESTEROV;
  options.momentum = 0.5;
  options.count_loss = 1;
  options.batch = 60;
  options.shuffle = UMBRA_SHUFFLE_PUBLIC;
  files = files_of_networks;
  kill_often(records_of_classes(150, 5, 3, 2), options, count_from_environment("UMBRA_KILLS_OF_NETWORKS", 50));
}

int main(int argc, char **argv) {
  if (argc == 3) return be_server(argv);
  const struct CMUnitTest tests[] = {cmocka_unit_test(models), cmocka_unit_test(networks)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
