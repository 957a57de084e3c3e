/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Files that the library wrote before keys had fewer auxiliary primes at lower levels: keys still serve, and are written
 * as they were; what promises bits is refused.
 */
#include "scheme.h"

#include "host/ckks/keys_internal.h"

static scheme s;
static uint8_t content[1 << 17];

static size_t read_file(const char *name) {
  char path[512];
  snprintf(path, sizeof path, "%s/data/earlier/%s.umbra", UMBRA_TESTS_DIR, name);
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  size_t size = fread(content, 1, sizeof content, file);
  fclose(file);
  return size;
}

static void keys_serve(void **state) {
  (void)state;
  uint64_t random = 1;
  vector v = vector_random(&random, umbra_params_slots(s.params), 1), turned = vector_make(v.slots);
  for (uint32_t j = 0; j < v.slots; j++) turned.value[j] = at(&v, j + 1);
  umbra_ciphertext *x = encrypt_vector(&s, &v, 0);
  assert_ok(umbra_rotate(s.evaluator, &x, x, 1));
  assert_true(worst_error(&s, x, &turned) <= umbra_ciphertext_error_bound(x));
  umbra_ciphertext_destroy(x);
  vector_destroy(&turned);
  vector_destroy(&v);
}

/* All auxiliary primes, more than such a key has now; and no other bytes when it is saved. */
static void keys_stay_as_they_are(void **state) {
  (void)state;
  umbra_key_needs *needs = NULL;
  assert_ok(umbra_key_needs_create(&needs, s.params));
  size_t size = read_file("keys"), again = sizeof content;
  static uint8_t written[sizeof content];
  assert_ok(umbra_key_needs_of_buffer(needs, content, size));
  assert_int_equal(s.keys->key[0].key.poly.aux, umbra_context_chain(s.context)->auxes);
  assert_true(umbra_eval_keys_bytes(s.keys) > umbra_key_needs_bytes(needs));
  assert_ok(umbra_eval_keys_write(s.keys, written, &again, NULL));
  assert_int_equal(again, size);
  assert_memory_equal(written, content, size);
  umbra_eval_keys *new_keys = keys_for(s.secret, needs);
  assert_ok(umbra_eval_keys_write(new_keys, written, &again, NULL));
  assert_true(again < size);
  umbra_eval_keys_destroy(new_keys);
}

static void plans_are_refused(void **state) {
  (void)state;
  umbra_train_plan *plan = NULL;
  size_t size = read_file("plan");
  assert_fails(umbra_train_plan_read(&plan, content, size), UMBRA_ERROR_FORMAT, "a plan of version 0");
  assert_non_null(strstr(umbra_last_error(), "plan anew"));
  assert_null(plan);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keys_serve),
      cmocka_unit_test(keys_stay_as_they_are),
      cmocka_unit_test(plans_are_refused),
  };
  size_t size = read_file("params");
  assert_ok(umbra_params_read(&s.params, content, size));
  assert_ok(umbra_context_create(&s.context, &(umbra_context_desc){UMBRA_CONTEXT_DESC_INIT, .params = s.params}));
  size = read_file("secret");
  assert_ok(umbra_secret_key_read(&s.secret, s.context, content, size, NULL));
  assert_ok(umbra_public_key_generate(&s.public, s.secret));
  size = read_file("keys");
  assert_ok(umbra_eval_keys_read(&s.keys, s.context, content, size, NULL));
  assert_ok(umbra_evaluator_create(&s.evaluator, s.context, s.keys));
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  scheme_close(&s);
  return failed;
}
