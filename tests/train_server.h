/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server that trains, as a process of its own: the test's program again, with a folder and its lifetime as arguments. It
 * has the files that an owner sends, and nothing else. Lifetimes are counted in the processor time that it has had, of
 * which a busy machine takes none away.
 */
#ifndef UMBRA_TESTS_TRAIN_SERVER_H
#define UMBRA_TESTS_TRAIN_SERVER_H

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "file_bytes.h"
#include "folder.h"
#include "train.h"

extern char **environ;

/* ---- the server ---- */

/* Appends the number of iterations done to the folder's log, each as one byte. */
static inline int log_iteration(void *user, const umbra_train_event *event) {
  FILE *log = fopen(path_in(user, "log"), "ab");
  if (!log) return 1;
  int failed = fputc((int)event->iteration, log) == EOF;
  return fclose(log) != 0 || failed;
}

/* The model of a training: of a network each layer, and what it has counted. */
static inline umbra_status save_logistic(const umbra_trainer *trainer, const char *folder) {
  umbra_logistic *model = NULL;
  umbra_status status = umbra_trainer_logistic(trainer, &model);
  if (status == UMBRA_OK) status = umbra_logistic_save(model, path_in(folder, "model.umbra"), NULL);
  umbra_logistic_destroy(model);
  return status;
}

/* Takes the matrix over. */
static inline umbra_status save_matrix(umbra_matrix *matrix, const char *folder, const char *name) {
  const umbra_status status = umbra_matrix_save(matrix, path_in(folder, name), NULL);
  umbra_matrix_destroy(matrix);
  return status;
}

static inline umbra_status save_network(const umbra_trainer *trainer, const char *folder) {
  static const char *const names[] = {"layer-1.umbra", "layer-2.umbra"};
  umbra_matrix *made = NULL;
  umbra_status status = UMBRA_OK;
  for (uint32_t k = 0; k < 2 && status == UMBRA_OK; k++) {
    made = NULL;
    status = umbra_trainer_layer(trainer, &made, k);
    if (status == UMBRA_OK) status = save_matrix(made, folder, names[k]);
  }
  made = NULL;
  if (status == UMBRA_OK) status = umbra_trainer_loss(trainer, &made);
  return status == UMBRA_OK ? save_matrix(made, folder, "loss.umbra") : status;
}

static inline umbra_status serve_with(umbra_trainer **trainer, umbra_trainer_desc *desc, const char *folder) {
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT};
  umbra_status status = umbra_train_plan_options(desc->plan, &options);
  if (status == UMBRA_OK) status = umbra_trainer_create(trainer, desc, NULL);
  if (status == UMBRA_OK) status = umbra_trainer_run(*trainer, log_iteration, (void *)folder);
  if (status != UMBRA_OK) return status;
  return (options.kind == UMBRA_TRAIN_NETWORK ? save_network : save_logistic)(*trainer, folder);
}

static inline int serve(const char *folder) {
  umbra_train_plan *plan = NULL;
  umbra_context *context = NULL;
  umbra_eval_keys *keys = NULL;
  umbra_trainer *trainer = NULL;
  const char *checkpoint = path_in(folder, "checkpoint.umbra");
  umbra_trainer_desc desc = {UMBRA_TRAINER_DESC_INIT, .data = folder, .checkpoint = checkpoint, .keep = 5};
  desc.resume = access(checkpoint, F_OK) == 0;
  umbra_status status = umbra_train_plan_load(&plan, path_in(folder, "plan"));
  umbra_context_desc context_desc = {UMBRA_CONTEXT_DESC_INIT};
  if (status == UMBRA_OK) context_desc.params = umbra_train_plan_params(plan);
  if (status == UMBRA_OK) status = umbra_context_create(&context, &context_desc);
  if (status == UMBRA_OK) status = umbra_eval_keys_load(&keys, context, path_in(folder, "keys"), NULL);
  desc.plan = plan;
  desc.context = context;
  desc.keys = keys;
  if (status == UMBRA_OK) status = serve_with(&trainer, &desc, folder);
  if (status != UMBRA_OK) fprintf(stderr, "%s\n", umbra_last_error());
  umbra_trainer_destroy(trainer);
  umbra_eval_keys_destroy(keys);
  umbra_context_destroy(context);
  umbra_train_plan_destroy(plan);
  return status != UMBRA_OK;
}

/* Once this process has had so many seconds of processor time the kernel kills it; 0: never. */
static inline int limit_lifetime(double seconds) {
  timer_t timer;
  struct sigevent death = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL};
  struct itimerspec end = {.it_value = {(time_t)seconds, (long)(1e9 * (seconds - floor(seconds)))}};
  return timer_create(CLOCK_PROCESS_CPUTIME_ID, &death, &timer) == 0 && timer_settime(timer, 0, &end, NULL) == 0;
}

/* What main does of a server's arguments: 1 if it failed. */
static inline int be_server(char **argv) { return !limit_lifetime(strtod(argv[2], NULL)) || serve(argv[1]); }

/* ---- whoever starts it ---- */

/* What it says goes to the file `words` in its folder (NULL: to where this process says it). */
static inline pid_t start_server(const char *folder, double lifetime, const char *words) {
  char text[32];
  pid_t server;
  posix_spawn_file_actions_t files;
  snprintf(text, sizeof text, "%.9f", lifetime);
  char *arguments[] = {"server", (char *)folder, text, NULL};
  assert_int_equal(posix_spawn_file_actions_init(&files), 0);
  if (words)
    assert_int_equal(posix_spawn_file_actions_addopen(&files, STDERR_FILENO, path_in(folder, words),
                                                      O_WRONLY | O_CREAT | O_TRUNC, 0600),
                     0);
  assert_int_equal(posix_spawn(&server, "/proc/self/exe", &files, NULL, arguments, environ), 0);
  posix_spawn_file_actions_destroy(&files);
  return server;
}

/* How a server ended. */
typedef struct ending {
  int killed, failed;
  double seconds; /* of processor time that it had */
} ending;

static inline ending end_of_server(pid_t server) {
  int status;
  struct rusage usage;
  assert_int_equal(wait4(server, &status, 0, &usage), server);
  assert_true(WIFEXITED(status) || WTERMSIG(status) == SIGKILL);
  return (ending){.killed = WIFSIGNALED(status),
                  .failed = WIFEXITED(status) && WEXITSTATUS(status) != 0,
                  .seconds = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                             1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)};
}

/* The files that a server finds, beside the data set. */
static inline void give_to_server(const training *t) {
  assert_ok(umbra_train_plan_save(t->plan, path_in(t->folder, "plan")));
  assert_ok(umbra_eval_keys_save(t->s.keys, path_in(t->folder, "keys"), NULL));
}

#endif
