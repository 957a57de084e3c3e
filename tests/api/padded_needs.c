/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Key needs that are padded tell one number of the computation, and serve it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <umbra/umbra.h>

static umbra_params *params;

static int open_all(void **state) {
  (void)state;
  return umbra_params_from_preset(&params, "n13-d4-s30") != UMBRA_OK;
}

static int close_all(void **state) {
  (void)state;
  umbra_params_destroy(params);
  return 0;
}

static umbra_key_needs *needs_of(const int32_t *steps, size_t count, uint32_t level) {
  umbra_key_needs *needs = NULL;
  assert_int_equal(umbra_key_needs_create(&needs, params), UMBRA_OK);
  for (size_t i = 0; i < count; i++) assert_int_equal(umbra_key_needs_rotation(needs, steps[i], level), UMBRA_OK);
  return needs;
}

static umbra_key_needs *padded(const int32_t *steps, size_t count, uint32_t level) {
  umbra_key_needs *needs = needs_of(steps, count, level), *bare = needs_of(steps, count, level);
  assert_int_equal(umbra_key_needs_pad(needs, UINT64_MAX), UMBRA_OK);
  assert_int_equal(umbra_key_needs_cover(needs, bare), UMBRA_OK);
  umbra_key_needs_destroy(bare);
  return needs;
}

static void expect_equal(const umbra_key_needs *a, const umbra_key_needs *b) {
  assert_int_equal(umbra_key_needs_count(a), umbra_key_needs_count(b));
  assert_int_equal(umbra_key_needs_cover(a, b), UMBRA_OK);
  assert_int_equal(umbra_key_needs_cover(b, a), UMBRA_OK);
}

/* Odd parts below 8 are of three bits; 4091 = 4096 - 5 steps are five backwards. */
static void different_computations_look_alike(void **state) {
  (void)state;
  static const int32_t one[] = {1, 2, 5, 64}, other[] = {-7, 4091, 3 * 256, 2048};
  umbra_key_needs *a = padded(one, 4, 0), *b = padded(other, 4, UMBRA_TOP_LEVEL), *c = padded(other, 1, 2);
  expect_equal(a, b);
  expect_equal(a, c);
  const uint32_t level = umbra_params_keyed_level(params);
  for (size_t i = 0; i < umbra_key_needs_count(a); i++) {
    umbra_key_need need = {UMBRA_KEY_NEED_INIT};
    assert_int_equal(umbra_key_needs_get(a, &need, i), UMBRA_OK);
    assert_int_equal(need.level, level);
  }
  static const int32_t missing[] = {9};
  umbra_key_needs *more = needs_of(missing, 1, 0);
  assert_int_equal(umbra_key_needs_cover(a, more), UMBRA_ERROR_MISSING_KEY);
  umbra_key_needs_destroy(more);
  umbra_key_needs_destroy(c);
  umbra_key_needs_destroy(b);
  umbra_key_needs_destroy(a);
}

/* With odd parts of up to 1, 2 or 3 bits there are 1, 2 or 4 odd numbers; each forward and backward, times powers of two. */
static void as_many_as_it_says(void **state) {
  (void)state;
  static const int32_t steps[] = {1, 3, 5};
  size_t before = 0;
  for (size_t i = 0; i < 3; i++) {
    umbra_key_needs *needs = padded(&steps[i], 1, 0);
    const size_t count = umbra_key_needs_count(needs);
    assert_true(count > before && count <= 2 + 2 * 12 * ((size_t)1 << i));
    before = count;
    umbra_key_needs_destroy(needs);
  }
}

/* Again, or with nothing to pad, there is nothing new. */
static void padding_is_done_once(void **state) {
  (void)state;
  static const int32_t steps[] = {5};
  umbra_key_needs *once = padded(steps, 1, 0), *twice = padded(steps, 1, 0), *none = padded(steps, 0, 0);
  static const int32_t least[] = {1};
  umbra_key_needs *one = padded(least, 1, 0);
  assert_int_equal(umbra_key_needs_pad(twice, UINT64_MAX), UMBRA_OK);
  expect_equal(once, twice);
  expect_equal(none, one);
  umbra_key_needs_destroy(one);
  umbra_key_needs_destroy(none);
  umbra_key_needs_destroy(twice);
  umbra_key_needs_destroy(once);
}

static void too_many_bytes_are_refused(void **state) {
  (void)state;
  static const int32_t steps[] = {4093 - 2048}; /* an odd part of eleven bits, whatever its sign */
  umbra_key_needs *needs = needs_of(steps, 1, 0), *bare = needs_of(steps, 1, 0), *all = padded(steps, 1, 0);
  const uint64_t bytes = umbra_key_needs_bytes(all);
  assert_int_equal(umbra_key_needs_pad(needs, bytes - 1), UMBRA_ERROR_RANGE);
  assert_non_null(strstr(umbra_last_error(), "padded, are"));
  expect_equal(needs, bare);
  assert_int_equal(umbra_key_needs_pad(needs, bytes), UMBRA_OK);
  expect_equal(needs, all);
  assert_int_equal(umbra_key_needs_pad(NULL, bytes), UMBRA_ERROR_INVALID_ARGUMENT);
  umbra_key_needs_destroy(all);
  umbra_key_needs_destroy(bare);
  umbra_key_needs_destroy(needs);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(different_computations_look_alike),
                                     cmocka_unit_test(as_many_as_it_says), cmocka_unit_test(padding_is_done_once),
                                     cmocka_unit_test(too_many_bytes_are_refused)};
  return cmocka_run_group_tests(tests, open_all, close_all);
}
