/* SPDX-License-Identifier: Apache-2.0 */
/* labels: full */
/*
 * A server that is killed (SIGKILL) at random moments and started again every time ends with the same bits as one that
 * was not, and never loses more than the iteration it was in. The server is this program again, with a folder and its
 * lifetime as arguments: it has the files that an owner sends, and nothing else. Moments are counted in the processor
 * time that it has had, of which a busy machine takes none away.
 * UMBRA_KILLS: how often (50).
 */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "train.h"

enum { ITERATIONS = 12 };
extern char **environ;

/* ---- the server ---- */

static const char *in_folder(const char *folder, const char *name) {
  static char path[4][256];
  static int next;
  char *made = path[next++ % 4];
  snprintf(made, sizeof path[0], "%s/%s", folder, name);
  return made;
}

/* Appends the number of iterations done to the folder's log, each as one byte. */
static int log_iteration(void *user, const umbra_train_event *event) {
  FILE *log = fopen(in_folder(user, "log"), "ab");
  if (!log) return 1;
  int failed = fputc((int)event->iteration, log) == EOF;
  return fclose(log) != 0 || failed;
}

static umbra_status serve_with(umbra_trainer **trainer, umbra_logistic **model, umbra_trainer_desc *desc,
                               const char *folder) {
  umbra_status status = umbra_trainer_create(trainer, desc, NULL);
  if (status == UMBRA_OK) status = umbra_trainer_run(*trainer, log_iteration, (void *)folder);
  if (status == UMBRA_OK) status = umbra_trainer_logistic(*trainer, model);
  return status == UMBRA_OK ? umbra_logistic_save(*model, in_folder(folder, "model.umbra"), NULL) : status;
}

static int serve(const char *folder) {
  umbra_train_plan *plan = NULL;
  umbra_context *context = NULL;
  umbra_eval_keys *keys = NULL;
  umbra_trainer *trainer = NULL;
  umbra_logistic *model = NULL;
  const char *checkpoint = in_folder(folder, "checkpoint.umbra");
  umbra_trainer_desc desc = {UMBRA_TRAINER_DESC_INIT, .data = folder, .checkpoint = checkpoint};
  desc.resume = access(checkpoint, F_OK) == 0;
  umbra_status status = umbra_train_plan_load(&plan, in_folder(folder, "plan"));
  umbra_context_desc context_desc = {UMBRA_CONTEXT_DESC_INIT};
  if (status == UMBRA_OK) context_desc.params = umbra_train_plan_params(plan);
  if (status == UMBRA_OK) status = umbra_context_create(&context, &context_desc);
  if (status == UMBRA_OK) status = umbra_eval_keys_load(&keys, context, in_folder(folder, "keys"), NULL);
  desc.plan = plan;
  desc.context = context;
  desc.keys = keys;
  if (status == UMBRA_OK) status = serve_with(&trainer, &model, &desc, folder);
  if (status != UMBRA_OK) fprintf(stderr, "%s\n", umbra_last_error());
  umbra_logistic_destroy(model);
  umbra_trainer_destroy(trainer);
  umbra_eval_keys_destroy(keys);
  umbra_context_destroy(context);
  umbra_train_plan_destroy(plan);
  return status != UMBRA_OK;
}

/* Once this process has had so many seconds of processor time the kernel kills it; 0: never. */
static int limit_lifetime(double seconds) {
  timer_t timer;
  struct sigevent death = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL};
  struct itimerspec end = {.it_value = {(time_t)seconds, (long)(1e9 * (seconds - floor(seconds)))}};
  return timer_create(CLOCK_PROCESS_CPUTIME_ID, &death, &timer) == 0 && timer_settime(timer, 0, &end, NULL) == 0;
}

/* ---- whoever starts it ---- */

/* Runs a server; the seconds of processor time that it had. *killed: whether it came to the end of its lifetime. */
static double run_server(int *killed, const char *folder, double lifetime) {
  char text[32];
  snprintf(text, sizeof text, "%.9f", lifetime);
  char *arguments[] = {"train_killed", (char *)folder, text, NULL};
  pid_t server;
  int status;
  struct rusage usage;
  assert_int_equal(posix_spawn(&server, "/proc/self/exe", NULL, NULL, arguments, environ), 0);
  assert_int_equal(wait4(server, &status, 0, &usage), server);
  *killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  assert_true(*killed || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static double whole_run(const char *folder) {
  int killed;
  double seconds = run_server(&killed, folder, 0);
  assert_false(killed);
  return seconds;
}

static bytes file_bytes(const char *path) {
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  assert_int_equal(fseek(file, 0, SEEK_END), 0);
  bytes b = {.size = (size_t)ftell(file)};
  rewind(file);
  b.data = malloc(b.size);
  assert_non_null(b.data);
  assert_int_equal(fread(b.data, 1, b.size, file), b.size);
  fclose(file);
  return b;
}

static void start_anew(const char *folder) {
  unlink(in_folder(folder, "checkpoint.umbra"));
  unlink(in_folder(folder, "model.umbra"));
  unlink(in_folder(folder, "log"));
}

/*
 * Iterations are logged after their checkpoint: so one that is missing in the log was killed between the two, and one
 * that is there twice would have been lost.
 */
static void check_log(const char *folder) {
  bytes log = file_bytes(in_folder(folder, "log"));
  for (size_t i = 1; i < log.size; i++)
    if (log.data[i] <= log.data[i - 1]) fail_msg("iteration %d came after %d", log.data[i], log.data[i - 1]);
  free(log.data);
}

static void killed(void **state) {
  (void)state;
  training t;
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT};
  options.iterations = ITERATIONS;
  training_open(&t, training_params(), random_records(300, 6, 1), options, NULL);
  assert_ok(umbra_train_plan_save(t.plan, in_folder(t.folder, "plan")));
  assert_ok(umbra_eval_keys_save(t.s.keys, in_folder(t.folder, "keys"), NULL));

  double run = whole_run(t.folder);
  bytes expected = file_bytes(in_folder(t.folder, "model.umbra"));
  check_log(t.folder);

  uint64_t random = (uint64_t)time(NULL);
  uint32_t kills = count_from_environment("UMBRA_KILLS", 50), ends = 0;
  print_message("random numbers from %llu; a run takes %.2f s of processor time\n", (unsigned long long)random, run);
  start_anew(t.folder);
  for (uint32_t i = 0; i < kills;) {
    int is_killed;
    run_server(&is_killed, t.folder, run * (0.5 + 0.5 * uniform(&random)));
    if (is_killed) {
      i++;
      continue;
    }
    bytes found = file_bytes(in_folder(t.folder, "model.umbra"));
    assert_true(same_bytes(&found, &expected));
    free(found.data);
    check_log(t.folder);
    start_anew(t.folder);
    ends++;
  }
  whole_run(t.folder);
  bytes found = file_bytes(in_folder(t.folder, "model.umbra"));
  assert_true(same_bytes(&found, &expected));
  print_message("%u kills, %u runs came to their end\n", kills, ends + 1);
  free(found.data);
  free(expected.data);
  training_close(&t);
}

int main(int argc, char **argv) {
  if (argc == 3) return !limit_lifetime(strtod(argv[2], NULL)) || serve(argv[1]);
  const struct CMUnitTest tests[] = {cmocka_unit_test(killed)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
