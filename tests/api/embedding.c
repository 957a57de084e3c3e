/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Inside a process that is somebody else's: forks, threads with small stacks, many threads, few resources, signals. What
 * docs/embedding.md promises.
 */
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../boot.h"

enum { FORKS = 20, CALLERS = 8, ROUNDS = 4, SKIPPED = 77 };
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { STACK = 1 << 20 }; /* frames are padded */
#else
enum { STACK = 96 << 10 };
#endif

/* ---- a product, whose bits never change ---- */

typedef struct task {
  umbra_context *context;
  umbra_secret_key *secret;
  umbra_eval_keys *keys;
  umbra_ciphertext *x;
  bytes expected;
} task;

static bytes bytes_of(const umbra_ciphertext *x) {
  bytes b = {0};
  if (umbra_ciphertext_write(x, NULL, &b.size, NULL) == UMBRA_OK) b.data = malloc(b.size);
  if (b.data && umbra_ciphertext_write(x, b.data, &b.size, NULL) != UMBRA_OK) b.size = 0;
  return b;
}

/* Squares, then rotates. cmocka's assertions belong to the main thread, so a failure is an empty result. */
static bytes compute(const task *t) {
  bytes result = {0};
  umbra_evaluator *evaluator = NULL;
  umbra_ciphertext *y = NULL;
  if (umbra_evaluator_create(&evaluator, t->context, t->keys) == UMBRA_OK &&
      umbra_mul(evaluator, &y, t->x, t->x) == UMBRA_OK && umbra_rotate(evaluator, &y, y, 1) == UMBRA_OK)
    result = bytes_of(y);
  umbra_ciphertext_destroy(y);
  umbra_evaluator_destroy(evaluator);
  return result;
}

static int computes_right(const task *t) {
  bytes found = compute(t);
  int right = found.size && same_bytes(&found, &t->expected);
  free(found.data);
  return right;
}

static umbra_status task_make(task *t, const umbra_params *params, uint32_t threads) {
  umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .threads = threads};
  umbra_key_needs *needs = NULL;
  umbra_public_key *public = NULL;
  const double values[] = {0.5, -0.25, 1};
  umbra_status status = umbra_context_create(&t->context, &desc);
  if (status == UMBRA_OK) status = umbra_key_needs_create(&needs, params);
  if (status == UMBRA_OK) status = umbra_key_needs_relinearization(needs, UMBRA_TOP_LEVEL);
  if (status == UMBRA_OK) status = umbra_key_needs_rotation(needs, 1, UMBRA_TOP_LEVEL);
  if (status == UMBRA_OK) status = umbra_secret_key_generate(&t->secret, t->context);
  if (status == UMBRA_OK) status = umbra_public_key_generate(&public, t->secret);
  if (status == UMBRA_OK) status = umbra_eval_keys_generate(&t->keys, t->secret, needs, NULL);
  if (status == UMBRA_OK) status = umbra_encode_encrypt(&t->x, public, values, 3);
  umbra_public_key_destroy(public);
  umbra_key_needs_destroy(needs);
  if (status == UMBRA_OK) t->expected = compute(t);
  return status;
}

static void task_free(task *t) {
  free(t->expected.data);
  umbra_ciphertext_destroy(t->x);
  umbra_eval_keys_destroy(t->keys);
  umbra_secret_key_destroy(t->secret);
  umbra_context_destroy(t->context);
  *t = (task){0};
}

static void task_open(task *t, uint32_t threads) {
  umbra_params *params = test_params(12, 40, 4);
  *t = (task){0};
  assert_ok(task_make(t, params, threads));
  assert_true(t->expected.size > 0);
  umbra_params_destroy(params);
}

/* ---- forks ---- */

static int threads_here(void) {
  int count = -2; /* . and .. */
  DIR *folder = opendir("/proc/self/task");
  while (folder && readdir(folder)) count++;
  if (folder) closedir(folder);
  return count;
}

/* What a child does; its exit status. */
typedef int in_child(const task *t);

static int run_in_child(in_child *work, const task *t) {
  int status = 0;
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) _exit(work(t));
  assert_int_equal(waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int compute_in_child(const task *t) { return computes_right(t) ? threads_here() : 100; }

static void a_forked_child_computes(void **state) {
  (void)state;
  for (uint32_t threads = 1; threads <= 2; threads++) {
    task t;
    task_open(&t, threads);
    for (int i = 0; i < FORKS; i++) {
      assert_int_equal(run_in_child(compute_in_child, &t), threads); /* a child starts its own pool */
      assert_true(computes_right(&t));
    }
    task_free(&t);
  }
}

static int make_in_child(const task *t) {
  task own = {0};
  umbra_params *params = umbra_params_share(umbra_context_params(t->context));
  int right = task_make(&own, params, 2) == UMBRA_OK && computes_right(&own);
  task_free(&own);
  umbra_params_destroy(params);
  return !right;
}

static void a_forked_child_makes_objects(void **state) {
  (void)state;
  task t;
  task_open(&t, 2);
  assert_int_equal(run_in_child(make_in_child, &t), 0);
  task_free(&t);
}

/* ---- threads ---- */

static void numbers_of_threads(void **state) {
  (void)state;
  static const uint32_t good[] = {0, 1, 2, 1024}, bad[] = {1025, 1u << 31, UINT32_MAX};
  umbra_params *params = test_params(12, 40, 1);
  umbra_context *context = NULL;
  for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
    umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .threads = good[i]};
    assert_ok(umbra_context_create(&context, &desc));
    umbra_context_destroy(context);
    context = NULL;
  }
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .threads = bad[i]};
    assert_fails(umbra_context_create(&context, &desc), UMBRA_ERROR_INVALID_ARGUMENT, "up to 1024");
    assert_null(context);
  }
  umbra_params_destroy(params);
}

static void *compute_often(void *user) {
  uintptr_t right = 1;
  for (int i = 0; i < ROUNDS; i++) right &= (uintptr_t)computes_right(user);
  return (void *)right;
}

static void many_callers_at_once(void **state) {
  (void)state;
  for (uint32_t threads = 1; threads <= 4; threads *= 4) {
    task t;
    pthread_t caller[CALLERS];
    task_open(&t, threads);
    for (int i = 0; i < CALLERS; i++) assert_int_equal(pthread_create(&caller[i], NULL, compute_often, &t), 0);
    for (int i = 0; i < CALLERS; i++) {
      void *right = NULL;
      assert_int_equal(pthread_join(caller[i], &right), 0);
      assert_non_null(right);
    }
    task_free(&t);
  }
}

/* Parameters, keys, encryption, products, polynomials, decryption, files. */
static void *do_everything(void *user) {
  umbra_params **params = user;
  task t = {0};
  umbra_params_need need = {.struct_size = sizeof need,
                            .depth = 5,
                            .scale_bits = 40,
                            .security = 128,
                            .log_n = 12,
                            .flags = UMBRA_INSECURE_FOR_TESTS};
  umbra_evaluator *evaluator = NULL;
  umbra_ciphertext *y = NULL;
  umbra_file_info info = {UMBRA_FILE_INFO_INIT};
  double values[4];
  const double polynomial[] = {0, 0.5, 0, -0.25, 0, 0.125};
  uintptr_t right = umbra_params_from_need(params, &need) == UMBRA_OK && task_make(&t, *params, 2) == UMBRA_OK &&
                    umbra_evaluator_create(&evaluator, t.context, t.keys) == UMBRA_OK &&
                    umbra_chebyshev_eval(evaluator, &y, t.x, polynomial, 5) == UMBRA_OK &&
                    umbra_decrypt_decode(values, 4, y, t.secret) == UMBRA_OK && computes_right(&t) &&
                    umbra_file_inspect(&info, UMBRA_TESTS_DIR "/CMakeLists.txt", NULL) != UMBRA_OK &&
                    umbra_params_from_preset(params, "no such set") != UMBRA_OK;
  umbra_ciphertext_destroy(y);
  umbra_evaluator_destroy(evaluator);
  task_free(&t);
  return (void *)right;
}

static void *refresh(void *user) {
  boot *b = user;
  umbra_bootstrap_plan *plan = NULL;
  umbra_bootstrapper *bootstrapper = NULL;
  umbra_ciphertext *x = NULL, *y = NULL;
  uintptr_t right = umbra_bootstrap_plan_create(&plan, b->s.params, NULL) == UMBRA_OK &&
                    umbra_bootstrapper_create(&bootstrapper, b->s.context, plan, NULL) == UMBRA_OK &&
                    umbra_encode_encrypt(&x, b->s.public, &(double){0.5}, 1) == UMBRA_OK &&
                    umbra_bootstrap(b->s.evaluator, &y, x, bootstrapper) == UMBRA_OK;
  umbra_ciphertext_destroy(x);
  umbra_ciphertext_destroy(y);
  umbra_bootstrapper_destroy(bootstrapper);
  umbra_bootstrap_plan_destroy(plan);
  return (void *)right;
}

static void run_on_small_stack(void *(*work)(void *), void *user) {
  pthread_attr_t attributes;
  pthread_t thread;
  void *right = NULL;
  assert_int_equal(pthread_attr_init(&attributes), 0);
  assert_int_equal(pthread_attr_setstacksize(&attributes, STACK), 0);
  assert_int_equal(pthread_create(&thread, &attributes, work, user), 0);
  assert_int_equal(pthread_join(thread, &right), 0);
  assert_non_null(right);
  pthread_attr_destroy(&attributes);
}

static void a_small_stack_is_enough(void **state) {
  (void)state;
  umbra_params *params = NULL;
  boot b;
  run_on_small_stack(do_everything, &params);
  umbra_params_destroy(params);
  boot_open(&b, boot_twin_40(11), NULL, NULL);
  run_on_small_stack(refresh, &b);
  boot_close(&b);
}

/* ---- resources ---- */

static int compute_without_threads(const task *t) {
  if (setrlimit(RLIMIT_NPROC, &(struct rlimit){0, 0}) || setgid(65534) || setuid(65534)) return SKIPPED;
  if (!computes_right(t)) return 1;
  return threads_here() == 1 ? 0 : SKIPPED; /* this system does not keep to the limit */
}

/* As another user, since root may start as many threads as it likes. */
static void no_further_threads(void **state) {
  (void)state;
  task t;
  task_open(&t, 4);
  int outcome = geteuid() == 0 ? run_in_child(compute_without_threads, &t) : SKIPPED;
  task_free(&t);
  if (outcome == SKIPPED) skip();
  assert_int_equal(outcome, 0);
}

#ifndef __SANITIZE_ADDRESS__ /* which takes terabytes of addresses */
static rlim_t address_space(void) {
  unsigned long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (!file || fscanf(file, "%lu", &pages) != 1) pages = 0;
  if (file) fclose(file);
  return pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

/* Ever more of it: at first nothing can be had, in the end all; in between, statuses. */
static int compute_in_little_memory(const task *t) {
  int done = 0;
  for (rlim_t more = 0; more <= 256 << 20; more += 4 << 20) {
    rlim_t most = address_space() + more;
    if (setrlimit(RLIMIT_AS, &(struct rlimit){most, RLIM_INFINITY})) return 1;
    task own = {0};
    umbra_status status = task_make(&own, umbra_context_params(t->context), 8);
    if (status != UMBRA_OK && status != UMBRA_ERROR_OUT_OF_MEMORY) return 2;
    done = status == UMBRA_OK && own.expected.size && computes_right(&own);
    task_free(&own);
  }
  return done ? 0 : 3;
}

static void little_memory(void **state) {
  (void)state;
  task t;
  task_open(&t, 1);
  assert_int_equal(run_in_child(compute_in_little_memory, &t), 0);
  task_free(&t);
}
#endif

/* ---- signals ---- */

/* The signals that a thread blocks, as the system tells. */
static unsigned long long blocked_by(const char *thread) {
  char path[64], line[256];
  unsigned long long mask = 0;
  snprintf(path, sizeof path, "/proc/self/task/%.16s/status", thread);
  FILE *file = fopen(path, "r");
  while (file && fgets(line, sizeof line, file)) sscanf(line, "SigBlk: %llx", &mask);
  if (file) fclose(file);
  return mask;
}

static void workers_take_no_signals(void **state) {
  (void)state;
  static const int taken[] = {SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGCHLD, SIGPIPE, SIGWINCH};
  task t;
  task_open(&t, 2);
  DIR *folder = opendir("/proc/self/task");
  assert_non_null(folder);
  for (struct dirent *entry; (entry = readdir(folder));) {
    if (entry->d_name[0] == '.' || atoi(entry->d_name) == getpid()) continue;
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
      assert_true(blocked_by(entry->d_name) >> (taken[i] - 1) & 1);
  }
  closedir(folder);
  task_free(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_forked_child_computes), cmocka_unit_test(a_forked_child_makes_objects),
      cmocka_unit_test(numbers_of_threads),      cmocka_unit_test(many_callers_at_once),
      cmocka_unit_test(a_small_stack_is_enough), cmocka_unit_test(workers_take_no_signals),
      cmocka_unit_test(no_further_threads),
#ifndef __SANITIZE_ADDRESS__
      cmocka_unit_test(little_memory),
#endif
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
