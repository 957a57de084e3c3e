/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trainings in one process, timed: scripts/bench_threads compares them.
 *   umbra_bench_trainings KEYS DATA THREADS one|sequence|together
 * KEYS and DATA are folders as umbra keygen and umbra encrypt leave them. One training, two one after the other, or two at
 * once from two threads, on one context and one set of keys. Prints the seconds that they took together, as JSON.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <umbra/umbra.h>

enum { MOST = 2, PATH = 4096 };
static const uint64_t budget = UINT64_C(1) << 31; /* the data set is read once */

typedef struct job {
  umbra_train_plan *plan;
  umbra_params *params;
  umbra_context *context;
  umbra_eval_keys *keys;
  umbra_trainer *trainer[MOST];
} job;

static const char *in_folder(char path[PATH], const char *folder, const char *name) {
  snprintf(path, PATH, "%s/%s", folder, name);
  return path;
}

static umbra_status open_job(job *j, const char *keys, const char *data, uint32_t threads) {
  char path[PATH];
  umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .threads = threads};
  umbra_status status = umbra_train_plan_load(&j->plan, in_folder(path, data, "plan.umbra"));
  if (status == UMBRA_OK) status = umbra_params_load(&j->params, in_folder(path, keys, "params.umbra"));
  desc.params = j->params;
  if (status == UMBRA_OK) status = umbra_context_create(&j->context, &desc);
  if (status == UMBRA_OK)
    status = umbra_eval_keys_load(&j->keys, j->context, in_folder(path, keys, "eval.umbra"), NULL);
  for (int i = 0; i < MOST && status == UMBRA_OK; i++) {
    const umbra_trainer_desc training = {UMBRA_TRAINER_DESC_INIT, .plan = j->plan, .context = j->context,
                                         .keys = j->keys,         .data = data,    .memory_budget = budget};
    status = umbra_trainer_create(&j->trainer[i], &training, NULL);
  }
  return status;
}

static void close_job(job *j) {
  for (int i = 0; i < MOST; i++) umbra_trainer_destroy(j->trainer[i]);
  umbra_eval_keys_destroy(j->keys);
  umbra_context_destroy(j->context);
  umbra_params_destroy(j->params);
  umbra_train_plan_destroy(j->plan);
}

/* NULL if it went well, else what went wrong, which belongs to the thread and is lost with it. */
static void *train(void *trainer) {
  if (umbra_trainer_run(trainer, NULL, NULL) == UMBRA_OK) return NULL;
  return strdup(umbra_last_error());
}

static char *run_sequence(job *j, int count) {
  char *failure = NULL;
  for (int i = 0; i < count && !failure; i++) failure = train(j->trainer[i]);
  return failure;
}

static char *run_together(job *j) {
  pthread_t thread;
  void *failure = NULL;
  if (pthread_create(&thread, NULL, train, j->trainer[0]) != 0) return strdup("no thread");
  char *own = train(j->trainer[1]);
  pthread_join(thread, &failure);
  if (!own) return failure;
  free(failure);
  return own;
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int fail(const char *text) {
  fprintf(stderr, "umbra_bench_trainings: %s\n", text);
  return EXIT_FAILURE;
}

int main(int argc, char **argv) {
  static const char *const modes[] = {"one", "sequence", "together"};
  int mode = 0;
  while (argc == 5 && mode < 3 && strcmp(argv[4], modes[mode]) != 0) mode++;
  if (argc != 5 || mode == 3) return fail("KEYS DATA THREADS one|sequence|together");
  job j = {0};
  if (open_job(&j, argv[1], argv[2], (uint32_t)strtoul(argv[3], NULL, 10)) != UMBRA_OK) return fail(umbra_last_error());
  const double start = seconds();
  char *failure = mode == 2 ? run_together(&j) : run_sequence(&j, 1 + mode);
  printf("{\"seconds\": %.6f}\n", seconds() - start);
  close_job(&j);
  const int result = failure ? fail(failure) : EXIT_SUCCESS;
  free(failure);
  return result;
}
