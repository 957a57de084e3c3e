/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* labels: slow UMBRA_RUNS=20 */
/* A program loads the library, works with it, and unloads it, over and over: it stays alive, and grows no further. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <dirent.h>
#include <dlfcn.h>
#include <sys/wait.h>
#include <umbra/umbra.h>
#include <unistd.h>

enum { RUNS = 3, LOADS = 60, SETTLED = 20 /* loads after which nothing may grow */, SLACK = 4 << 20 };

typedef struct calls {
#define MEMBER(name) __typeof__(&(name)) name
  MEMBER(umbra_params_from_need);
  MEMBER(umbra_params_destroy);
  MEMBER(umbra_context_create);
  MEMBER(umbra_context_destroy);
  MEMBER(umbra_secret_key_generate);
  MEMBER(umbra_secret_key_destroy);
  MEMBER(umbra_public_key_generate);
  MEMBER(umbra_public_key_destroy);
  MEMBER(umbra_encode_encrypt);
  MEMBER(umbra_ciphertext_destroy);
  MEMBER(umbra_decrypt_decode);
} calls;

static int look_up(calls *c, void *library) {
  int found = 1;
#define LOOK_UP(name) found &= (*(void **)&c->name = dlsym(library, #name)) != NULL
  LOOK_UP(umbra_params_from_need);
  LOOK_UP(umbra_params_destroy);
  LOOK_UP(umbra_context_create);
  LOOK_UP(umbra_context_destroy);
  LOOK_UP(umbra_secret_key_generate);
  LOOK_UP(umbra_secret_key_destroy);
  LOOK_UP(umbra_public_key_generate);
  LOOK_UP(umbra_public_key_destroy);
  LOOK_UP(umbra_encode_encrypt);
  LOOK_UP(umbra_ciphertext_destroy);
  LOOK_UP(umbra_decrypt_decode);
  return found;
}

/* Encrypts and decrypts, with two threads. */
static int work(const calls *c) {
  umbra_params_need need = {.struct_size = sizeof need,
                            .depth = 2,
                            .scale_bits = 40,
                            .security = 128,
                            .log_n = 12,
                            .flags = UMBRA_INSECURE_FOR_TESTS};
  umbra_params *params = NULL;
  umbra_context *context = NULL;
  umbra_secret_key *secret = NULL;
  umbra_public_key *public = NULL;
  umbra_ciphertext *x = NULL;
  double value = 0;
  int right = c->umbra_params_from_need(&params, &need) == UMBRA_OK;
  umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .threads = 2};
  right = right && c->umbra_context_create(&context, &desc) == UMBRA_OK &&
          c->umbra_secret_key_generate(&secret, context) == UMBRA_OK &&
          c->umbra_public_key_generate(&public, secret) == UMBRA_OK &&
          c->umbra_encode_encrypt(&x, public, &(double){0.5}, 1) == UMBRA_OK &&
          c->umbra_decrypt_decode(&value, 1, x, secret) == UMBRA_OK && value > 0.49 && value < 0.51;
  c->umbra_ciphertext_destroy(x);
  c->umbra_public_key_destroy(public);
  c->umbra_secret_key_destroy(secret);
  c->umbra_context_destroy(context);
  c->umbra_params_destroy(params);
  return right;
}

static int load_and_unload(void) {
  calls c;
  void *library = dlopen(UMBRA_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  int right = library && look_up(&c, library) && work(&c);
  return library && dlclose(library) == 0 && right;
}

static int threads_here(void) {
  int count = -2; /* . and .. */
  DIR *folder = opendir("/proc/self/task");
  while (folder && readdir(folder)) count++;
  if (folder) closedir(folder);
  return count;
}

/* 0 under AddressSanitizer, which keeps for a while what is freed. */
static long resident_bytes(void) {
#ifdef __SANITIZE_ADDRESS__
  return 0;
#else
  long size = 0, resident = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (!file || fscanf(file, "%ld %ld", &size, &resident) != 2) resident = 0;
  if (file) fclose(file);
  return resident * sysconf(_SC_PAGESIZE);
#endif
}

/* Which of the promises is broken; 0: none. */
static int one_run(void) {
  int threads = 0;
  long bytes = 0;
  for (int i = 0; i < LOADS; i++) {
    if (!load_and_unload()) return 1;
    if (i == SETTLED) threads = threads_here(), bytes = resident_bytes();
  }
  if (threads != 2 || threads_here() != threads) return 2;
  return resident_bytes() > bytes + SLACK ? 3 : 0;
}

static void loaded_again_and_again(void **state) {
  (void)state;
  const char *wanted = getenv("UMBRA_RUNS");
  for (int run = 0, runs = wanted ? atoi(wanted) : RUNS; run < runs; run++) {
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) _exit(one_run());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(loaded_again_and_again)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
