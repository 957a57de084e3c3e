/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* The memory limit of a context: what it counts, that it is kept, and what its text says. */
#include "../scheme.h"

typedef struct limited {
  umbra_context *context;
  umbra_secret_key *secret;
  umbra_public_key *public;
} limited;

static umbra_params *params;

static void limited_open(limited *l, uint64_t limit) {
  umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .memory_limit = limit};
  *l = (limited){0};
  assert_ok(umbra_context_create(&l->context, &desc));
  assert_ok(umbra_secret_key_generate(&l->secret, l->context));
  assert_ok(umbra_public_key_generate(&l->public, l->secret));
}

static void limited_close(limited *l) {
  umbra_public_key_destroy(l->public);
  umbra_secret_key_destroy(l->secret);
  assert_int_equal(umbra_context_memory(l->context), 0);
  umbra_context_destroy(l->context);
}

static const double value = 0.5;

/* What is held is what objects hold: no more and no less. */
static void what_is_counted(void **state) {
  (void)state;
  limited l;
  umbra_ciphertext *x = NULL, *low = NULL;
  umbra_eval_keys *keys = NULL;
  limited_open(&l, 0);
  uint64_t before = umbra_context_memory(l.context), top = umbra_params_depth(params);
  assert_ok(umbra_encode_encrypt(&x, l.public, &value, 1));
  assert_int_equal(umbra_context_memory(l.context) - before, umbra_params_ciphertext_bytes(params, top));
  keys = keys_for(l.secret, needs_of(params, NULL, 0));
  assert_int_equal(umbra_context_memory(l.context) - before,
                   umbra_params_ciphertext_bytes(params, top) + umbra_params_key_bytes(params, top));
  umbra_eval_keys_destroy(keys);
  umbra_evaluator *e = NULL;
  assert_ok(umbra_evaluator_create(&e, l.context, NULL));
  assert_ok(umbra_level_drop(e, &low, x, 0));
  umbra_evaluator_destroy(e);
  umbra_ciphertext_destroy(x);
  assert_int_equal(umbra_context_memory(l.context) - before, umbra_params_ciphertext_bytes(params, 0));
  umbra_ciphertext_destroy(low);
  limited_close(&l);
}

/* Encrypts until the limit is reached: the counter never goes beyond it, and the text gives the numbers. */
static void it_is_kept(void **state) {
  (void)state;
  enum { MOST = 100 };
  uint64_t one = umbra_params_ciphertext_bytes(params, umbra_params_depth(params)), limit = 20 * one;
  limited l;
  umbra_ciphertext *x[MOST] = {0};
  int count = 0;
  limited_open(&l, limit);
  umbra_status status = UMBRA_OK;
  while (status == UMBRA_OK && count < MOST) {
    status = umbra_encode_encrypt(&x[count], l.public, &value, 1);
    assert_true(umbra_context_memory(l.context) <= limit);
    count += status == UMBRA_OK;
  }
  assert_int_equal(status, UMBRA_ERROR_OUT_OF_MEMORY);
  assert_in_range(count, 10, 19);
  char expected[64];
  snprintf(expected, sizeof expected, "memory limit is %llu", (unsigned long long)limit);
  if (!strstr(umbra_last_error(), expected)) fail_msg("no \"%s\" in: %s", expected, umbra_last_error());
  assert_non_null(strstr(umbra_last_error(), "in use"));
  assert_null(x[count]);

  uint64_t full = umbra_context_memory(l.context);
  umbra_ciphertext_destroy(x[--count]); /* room again */
  umbra_ciphertext_destroy(x[--count]);
  x[count] = NULL;
  assert_ok(umbra_encode_encrypt(&x[count], l.public, &value, 1));
  count++;
  assert_true(umbra_context_memory(l.context) < full);
  while (count) umbra_ciphertext_destroy(x[--count]);
  limited_close(&l);
}

/* A limit too small for anything fails cleanly everywhere. */
static void too_small_for_a_key(void **state) {
  (void)state;
  umbra_context *context = NULL;
  umbra_secret_key *secret = NULL;
  umbra_public_key *public = NULL;
  umbra_eval_keys *keys = NULL;
  umbra_plaintext *plain = NULL;
  umbra_key_needs *needs = needs_of(params, NULL, 0);
  umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .memory_limit = 5000};
  assert_ok(umbra_context_create(&context, &desc));
  assert_ok(umbra_secret_key_generate(&secret, context));
  assert_fails(umbra_public_key_generate(&public, secret), UMBRA_ERROR_OUT_OF_MEMORY, "memory limit is 5000");
  assert_fails(umbra_eval_keys_generate(&keys, secret, needs, NULL), UMBRA_ERROR_OUT_OF_MEMORY, "memory limit is 5000");
  assert_fails(umbra_encode(&plain, context, &value, 1, NULL), UMBRA_ERROR_OUT_OF_MEMORY, "memory limit is 5000");
  assert_true(!public && !keys && !plain);
  assert_int_equal(umbra_context_memory(context), 0);
  umbra_key_needs_destroy(needs);
  umbra_secret_key_destroy(secret);
  umbra_context_destroy(context);
}

static int open_params(void **state) {
  (void)state;
  params = test_params(11, 40, 3);
  return 0;
}

static int close_params(void **state) {
  (void)state;
  umbra_params_destroy(params);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_counted), cmocka_unit_test(it_is_kept),
                                     cmocka_unit_test(too_small_for_a_key)};
  return cmocka_run_group_tests(tests, open_params, close_params);
}
