/* SPDX-License-Identifier: Apache-2.0 */
/* labels: full */
/*
 * No branch and no index depends on a secret: valgrind takes secrets for undefined memory and reports every jump and
 * every address that is computed from undefined bits. The program runs itself under valgrind, on a small ring with each
 * backend that valgrind can run; without valgrind it is skipped.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || !__has_include(<valgrind/memcheck.h>)

int main(void) { return 77; }

#else

#include <sodium.h>
#include <valgrind/memcheck.h>

#include "scheme.h"

#include "host/base/gaussian.h"
#include "host/ckks/ciphertext_internal.h"
#include "host/ckks/keys_internal.h"
#include "host/ckks/secret.h"

enum { SKIPPED = 77, N = 2048 };

/* Everything below counts from here: errors that valgrind has reported so far. */
static unsigned reported(void) { return VALGRIND_COUNT_ERRORS; }

#define assert_constant_time(call)                                                                  \
  do {                                                                                              \
    unsigned before_ = reported();                                                                  \
    call;                                                                                           \
    unsigned found_ = reported() - before_;                                                         \
    if (found_) fail_msg("%s: %u places depend on a secret, see valgrind's report", #call, found_); \
  } while (0)

static void make_secret(void *memory, size_t bytes) { (void)VALGRIND_MAKE_MEM_UNDEFINED(memory, bytes); }
static void make_public(void *memory, size_t bytes) { (void)VALGRIND_MAKE_MEM_DEFINED(memory, bytes); }

/* Whether any bit is undefined: what was meant to be secret really was. */
static int is_secret(const void *memory, size_t bytes) { return VALGRIND_CHECK_MEM_IS_DEFINED(memory, bytes) != 0; }

/* ---- random numbers, all of them secret ---- */

static const char *generator_name(void) { return "undefined"; }

static void fill(void *buffer, const size_t size) {
  static uint64_t state = 1;
  for (size_t i = 0; i < size; i++) ((uint8_t *)buffer)[i] = (uint8_t)next_word(&state);
  make_secret(buffer, size);
}

static uint32_t word(void) { return 4; }

static randombytes_implementation generator = {.implementation_name = generator_name, .random = word, .buf = fill};

/* ---- the checks ---- */

static scheme s;

/* valgrind sees what it should: a branch on a secret is reported. */
static void branches_are_seen(void **state) {
  (void)state;
  volatile uint8_t secret = 3;
  make_secret((void *)&secret, 1);
  unsigned before = reported();
  volatile int branch = 0;
  if (secret > 1) branch = 1;
  assert_true(reported() > before);
  make_public((void *)&branch, sizeof branch);
}

static void samplers(void **state) {
  (void)state;
  umbra_random random;
  uint8_t seed[32] = {1};
  int8_t values[N];
  make_secret(seed, sizeof seed);
  umbra_random_open_seeded(&random, seed);
  assert_constant_time(umbra_random_ternary(&random, values, N));
  assert_true(is_secret(values, N));
  make_public(values, N);
  assert_constant_time(umbra_random_error(&random, values, N));
  assert_true(is_secret(values, N));
  umbra_gaussian gaussian;
  umbra_wide wide[64];
  assert_ok(umbra_gaussian_of(&gaussian, 0x1p70));
  assert_constant_time(umbra_random_gaussian(&random, wide, 64, &gaussian));
  assert_true(is_secret(wide, sizeof wide));
}

/* From small secret coefficients to residues in the evaluation domain, over all primes of a level. */
static void secret_expansion(void **state) {
  (void)state;
  umbra_ring *ring = s.context->ring;
  umbra_window window = umbra_context_chain(s.context)->window[2];
  umbra_poly poly;
  umbra_stream *stream;
  int8_t values[N];
  for (int i = 0; i < N; i++) values[i] = (int8_t)(i % 3 - 1);
  make_secret(values, N);
  assert_ok(umbra_ring_stream_open(&stream, ring));
  assert_ok(umbra_poly_create(&poly, ring, 1, window, 0, "a test"));
  umbra_view view = umbra_poly_view(&poly, ring);
  assert_constant_time(assert_ok(umbra_small_expand(&view, s.context, stream, values)));
  assert_true(is_secret(poly.data, umbra_poly_bytes(&poly, ring)));
  make_public(poly.data, umbra_poly_bytes(&poly, ring));
  umbra_poly_destroy(&poly, ring);
  assert_ok(umbra_stream_close(stream, s.context, UMBRA_OK));
}

/* With a generator whose output is secret. */
static void key_generation(void **state) {
  (void)state;
  umbra_secret_key *secret = NULL;
  assert_constant_time(assert_ok(umbra_secret_key_generate(&secret, s.context)));
  assert_true(is_secret(secret->ternary, N));
  umbra_secret_key_destroy(secret);
}

/* With the same generator, so that the mask and both errors are secret. */
static void encryption(void **state) {
  (void)state;
  umbra_plaintext *plain = NULL;
  umbra_ciphertext *x = NULL;
  double values[] = {0.5, 0.25};
  assert_ok(umbra_encode(&plain, s.context, values, 2, NULL));
  assert_constant_time(assert_ok(umbra_encrypt(&x, s.public, plain)));
  assert_true(is_secret(x->poly.data, umbra_poly_bytes(&x->poly, s.context->ring)));
  umbra_ciphertext_destroy(x);
  umbra_plaintext_destroy(plain);
}

/* Public and evaluation keys and encryption under a secret key, and decryption: the ternary secret is undefined. */
static void uses_of_the_secret_key(void **state) {
  (void)state;
  umbra_public_key *public = NULL;
  umbra_eval_keys *keys = NULL;
  umbra_ciphertext *x = NULL;
  umbra_plaintext *plain = NULL, *opened = NULL;
  double values[] = {0.5, 0.25};
  umbra_key_needs *needs = needs_of(s.params, (const int32_t[]){1}, 1);
  assert_ok(umbra_key_needs_conjugation(needs, UMBRA_TOP_LEVEL));
  assert_ok(umbra_encode(&plain, s.context, values, 2, NULL));
  make_secret(s.secret->ternary, N);
  assert_constant_time(assert_ok(umbra_public_key_generate(&public, s.secret)));
  assert_true(is_secret(public->poly.data, umbra_poly_bytes(&public->poly, s.context->ring)));
  assert_constant_time(assert_ok(umbra_eval_keys_generate(&keys, s.secret, needs, NULL)));
  assert_constant_time(assert_ok(umbra_encrypt_symmetric(&x, s.secret, plain)));
  assert_true(is_secret(x->poly.data, umbra_poly_bytes(&x->poly, s.context->ring)));
  assert_constant_time(assert_ok(umbra_decrypt(&opened, x, s.secret)));
  assert_true(is_secret(opened->poly.data, umbra_poly_bytes(&opened->poly, s.context->ring)));
  make_public(s.secret->ternary, N);
  umbra_plaintext_destroy(opened);
  umbra_plaintext_destroy(plain);
  umbra_ciphertext_destroy(x);
  umbra_eval_keys_destroy(keys);
  umbra_key_needs_destroy(needs);
  umbra_public_key_destroy(public);
}

static const char *device;

static int open_scheme(void **state) {
  (void)state;
  scheme_open(&s, test_params(11, 30, 2), device, NULL, 0);
  return 0;
}

static int close_scheme(void **state) {
  (void)state;
  scheme_close(&s);
  return 0;
}

/* With the generator of the operating system, whose output valgrind knows as defined. */
static int system_generator(void **state) {
  (void)state;
  return randombytes_set_implementation(&randombytes_sysrandom_implementation);
}

static int secret_generator(void **state) {
  (void)state;
  return randombytes_set_implementation(&generator);
}

static int run_under_valgrind(char *program) {
  char *arguments[] = {"valgrind", "--quiet", "--error-limit=no", "--undef-value-errors=yes", program, NULL};
  setenv("UMBRA_THREADS", "1", 1);
  execvp(arguments[0], arguments);
  return SKIPPED;
}

int main(int count, char **arguments) {
  (void)count;
  if (!RUNNING_ON_VALGRIND) return run_under_valgrind(arguments[0]);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(branches_are_seen),
      cmocka_unit_test(samplers),
      cmocka_unit_test(secret_expansion),
      cmocka_unit_test_setup_teardown(key_generation, secret_generator, system_generator),
      cmocka_unit_test_setup_teardown(encryption, secret_generator, system_generator),
      cmocka_unit_test(uses_of_the_secret_key),
  };
  int failed = 0;
  for (const char *const *name = umbra_kernels_names(); *name; name++) {
    device = *name;
    if (!umbra_kernels_get(device)) continue;
    print_message("backend %s\n", device);
    failed += cmocka_run_group_tests(tests, open_scheme, close_scheme);
  }
  return failed;
}

#endif
