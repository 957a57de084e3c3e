/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Of a file's evaluation keys only those are loaded that needs name: no others are read, and no others are there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <umbra/umbra.h>

enum { ROTATIONS = 6 };

static umbra_params *params;
static umbra_context *context;
static char path[] = "/tmp/umbra-keys-XXXXXX";
static uint64_t key_bytes; /* of a rotation, in the file */

static umbra_key_needs *needs_of(const int32_t *steps, size_t count) {
  umbra_key_needs *needs = NULL;
  assert_int_equal(umbra_key_needs_create(&needs, params), UMBRA_OK);
  for (size_t i = 0; i < count; i++)
    assert_int_equal(umbra_key_needs_rotation(needs, steps[i], UMBRA_TOP_LEVEL), UMBRA_OK);
  return needs;
}

/* Bytes that this process has asked the system for. */
static uint64_t bytes_read(void) {
  unsigned long long bytes = 0;
  FILE *file = fopen("/proc/self/io", "r");
  if (!file) skip();
  assert_int_equal(fscanf(file, "rchar: %llu", &bytes), 1);
  fclose(file);
  return bytes;
}

static void only_what_is_needed(void **state) {
  (void)state;
  static const int32_t steps[] = {3, -2};
  umbra_key_needs *needs = needs_of(steps, 2), *served = needs_of(NULL, 0);
  umbra_eval_keys *keys = NULL;
  const uint64_t before = bytes_read();
  assert_int_equal(umbra_eval_keys_load_for(&keys, context, needs, path, NULL), UMBRA_OK);
  const uint64_t read = bytes_read() - before, beside = 1024 * (ROTATIONS + 1); /* purposes, sums, and that file */
  assert_true(read >= 2 * key_bytes && read <= 2 * key_bytes + beside);
  assert_int_equal(umbra_eval_keys_count(keys), 2);
  assert_int_equal(umbra_eval_keys_needs(keys, served), UMBRA_OK);
  assert_int_equal(umbra_key_needs_cover(served, needs), UMBRA_OK);
  assert_int_equal(umbra_key_needs_cover(needs, served), UMBRA_OK);
  umbra_eval_keys_destroy(keys);
  umbra_key_needs_destroy(served);
  umbra_key_needs_destroy(needs);
}

static void flip(long at) {
  FILE *file = fopen(path, "r+b");
  assert_non_null(file);
  assert_int_equal(fseek(file, at, SEEK_END), 0);
  const int byte = fgetc(file);
  assert_int_equal(fseek(file, at, SEEK_END), 0);
  fputc(byte ^ 1, file);
  fclose(file);
}

/* The last key is the rotation by -1: n/2 - 1 steps. */
static void damage_of_others_does_not_matter(void **state) {
  (void)state;
  static const int32_t last[] = {-1}, other[] = {1, 2};
  umbra_key_needs *needs = needs_of(last, 1), *others = needs_of(other, 2);
  umbra_eval_keys *keys = NULL;
  flip(-5000);
  assert_int_equal(umbra_eval_keys_load_for(&keys, context, needs, path, NULL), UMBRA_ERROR_FORMAT);
  assert_null(keys);
  assert_int_equal(umbra_eval_keys_load(&keys, context, path, NULL), UMBRA_ERROR_FORMAT);
  assert_int_equal(umbra_eval_keys_load_for(&keys, context, others, path, NULL), UMBRA_OK);
  assert_int_equal(umbra_eval_keys_count(keys), 2);
  flip(-5000);
  assert_int_equal(umbra_eval_keys_load_for(&keys, context, needs, path, NULL), UMBRA_OK); /* in the others' place */
  assert_int_equal(umbra_eval_keys_count(keys), 1);
  umbra_eval_keys_destroy(keys);
  umbra_key_needs_destroy(others);
  umbra_key_needs_destroy(needs);
}

static void what_is_missing_is_named(void **state) {
  (void)state;
  static const int32_t missing[] = {1, 77};
  umbra_key_needs *needs = needs_of(missing, 2), *none = needs_of(NULL, 0);
  umbra_eval_keys *keys = NULL;
  assert_int_equal(umbra_eval_keys_load_for(&keys, context, needs, path, NULL), UMBRA_ERROR_MISSING_KEY);
  assert_non_null(strstr(umbra_last_error(), "77"));
  assert_null(keys);
  assert_int_equal(umbra_eval_keys_load_for(&keys, context, none, path, NULL), UMBRA_OK);
  assert_int_equal(umbra_eval_keys_count(keys), 0);
  umbra_eval_keys_destroy(keys);
  umbra_key_needs_destroy(none);
  umbra_key_needs_destroy(needs);
}

static void bad_arguments(void **state) {
  (void)state;
  umbra_key_needs *needs = needs_of(NULL, 0), *foreign = NULL;
  umbra_params *other = NULL;
  umbra_eval_keys *keys = NULL;
  assert_int_equal(umbra_params_from_preset(&other, "n14-d7-s40"), UMBRA_OK);
  assert_int_equal(umbra_key_needs_create(&foreign, other), UMBRA_OK);
  assert_int_equal(umbra_eval_keys_load_for(NULL, context, needs, path, NULL), UMBRA_ERROR_INVALID_ARGUMENT);
  assert_int_equal(umbra_eval_keys_load_for(&keys, NULL, needs, path, NULL), UMBRA_ERROR_INVALID_ARGUMENT);
  assert_int_equal(umbra_eval_keys_load_for(&keys, context, NULL, path, NULL), UMBRA_ERROR_INVALID_ARGUMENT);
  assert_int_equal(umbra_eval_keys_load_for(&keys, context, needs, NULL, NULL), UMBRA_ERROR_INVALID_ARGUMENT);
  assert_int_equal(umbra_eval_keys_load_for(&keys, context, foreign, path, NULL), UMBRA_ERROR_MISMATCH);
  assert_int_equal(umbra_eval_keys_load_for(&keys, context, needs, "/no/such/file", NULL), UMBRA_ERROR_IO);
  assert_null(keys);
  umbra_key_needs_destroy(foreign);
  umbra_key_needs_destroy(needs);
  umbra_params_destroy(other);
}

static int open_all(void **state) {
  (void)state;
  static const int32_t steps[ROTATIONS] = {1, 2, 3, -1, -2, -3};
  umbra_secret_key *secret = NULL;
  umbra_eval_keys *keys = NULL;
  assert_int_equal(umbra_params_from_preset(&params, "n13-d4-s30"), UMBRA_OK);
  assert_int_equal(umbra_context_create(&context, &(umbra_context_desc){UMBRA_CONTEXT_DESC_INIT, .params = params}),
                   UMBRA_OK);
  umbra_key_needs *needs = needs_of(steps, ROTATIONS);
  assert_int_equal(umbra_secret_key_generate(&secret, context), UMBRA_OK);
  assert_int_equal(umbra_eval_keys_generate(&keys, secret, needs, NULL), UMBRA_OK);
  key_bytes = umbra_eval_keys_bytes(keys) / ROTATIONS / 2;
  close(mkstemp(path));
  assert_int_equal(umbra_eval_keys_save(keys, path, NULL), UMBRA_OK);
  umbra_eval_keys_destroy(keys);
  umbra_secret_key_destroy(secret);
  umbra_key_needs_destroy(needs);
  return 0;
}

static int close_all(void **state) {
  (void)state;
  remove(path);
  umbra_context_destroy(context);
  umbra_params_destroy(params);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(only_what_is_needed),
      cmocka_unit_test(damage_of_others_does_not_matter),
      cmocka_unit_test(what_is_missing_is_named),
      cmocka_unit_test(bad_arguments),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
