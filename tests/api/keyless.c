/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* A square between two plain products with the preset that has keyless levels: keys, parts, results, refusals. */
#include "../scheme.h"

static scheme s;
static umbra_ciphertext *x; /* 0.25, 0.5, ... */

enum { VALUES = 8 };

static int open_preset(void **state) {
  (void)state;
  umbra_params *params = NULL;
  umbra_plaintext *plain = NULL;
  double values[VALUES];
  for (int i = 0; i < VALUES; i++) values[i] = 0.25 * (i + 1);
  assert_ok(umbra_params_from_preset(&params, "n12-d3-s21-k2"));
  scheme_open(&s, params, NULL, NULL, 0);
  assert_null(s.public);
  assert_ok(umbra_encode(&plain, s.context, values, VALUES, NULL));
  assert_ok(umbra_encrypt_symmetric(&x, s.secret, plain));
  umbra_plaintext_destroy(plain);
  return 0;
}

static int close_preset(void **state) {
  (void)state;
  umbra_ciphertext_destroy(x);
  scheme_close(&s);
  return 0;
}

/* 64 v, then its square, then that over 64: large values where three parts round. */
static void products_around_a_square(void **state) {
  (void)state;
  umbra_evaluator *e = s.evaluator;
  umbra_ciphertext *y = NULL;
  double values[VALUES];
  assert_ok(umbra_mul_constant(e, &y, x, 64, 0));
  assert_int_equal(umbra_ciphertext_parts(y), 2);
  assert_ok(umbra_square(e, &y, y));
  assert_int_equal(umbra_ciphertext_parts(y), 3);
  assert_int_equal(umbra_ciphertext_level(y), umbra_params_keyed_level(s.params));
  assert_ok(umbra_mul_constant(e, &y, y, 1.0 / 64, 0));
  assert_int_equal(umbra_ciphertext_parts(y), 3);
  assert_ok(umbra_relinearize(e, &y, y));
  assert_int_equal(umbra_ciphertext_parts(y), 2);
  assert_int_equal(umbra_ciphertext_level(y), 0);
  assert_ok(umbra_decrypt_decode(values, VALUES, y, s.secret));
  for (int i = 0; i < VALUES; i++) assert_true(fabs(values[i] - 4 * (i + 1) * (i + 1)) < 0.25);
  umbra_ciphertext_destroy(y);
}

/* Outputs stay as they are. */
static void refusals(void **state) {
  (void)state;
  umbra_evaluator *e = s.evaluator;
  umbra_ciphertext *three = NULL, *out = NULL;
  umbra_public_key *public = NULL;
  assert_ok(umbra_square(e, &three, x));
  assert_ok(umbra_ciphertext_copy(&out, x));
  bytes before = ciphertext_bytes(out);
  assert_fails(umbra_relinearize(e, &out, three), UMBRA_ERROR_MISSING_KEY, "from level 1 down (umbra_level_drop)");
  assert_fails(umbra_relinearize(e, &out, NULL), UMBRA_ERROR_INVALID_ARGUMENT, "NULL");
  assert_fails(umbra_relinearize(e, NULL, three), UMBRA_ERROR_INVALID_ARGUMENT, "NULL");
  assert_fails(umbra_relinearize(NULL, &out, three), UMBRA_ERROR_INVALID_ARGUMENT, "NULL");
  assert_fails(umbra_square(e, &out, three), UMBRA_ERROR_UNSUPPORTED, "umbra_relinearize");
  assert_fails(umbra_rotate(e, &out, three, 1), UMBRA_ERROR_UNSUPPORTED, "umbra_relinearize");
  assert_true(has_bytes(out, &before));
  assert_fails(umbra_public_key_generate(&public, s.secret), UMBRA_ERROR_INSECURE, "umbra_encrypt_symmetric");
  assert_null(public);
  free(before.data);
  umbra_ciphertext_destroy(three);
  umbra_ciphertext_destroy(out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(products_around_a_square),
      cmocka_unit_test(refusals),
  };
  return cmocka_run_group_tests(tests, open_preset, close_preset);
}
