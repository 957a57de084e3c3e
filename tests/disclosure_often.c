/* SPDX-License-Identifier: Apache-2.0 */
/* labels: full */
/*
 * A thousand releases of one value, re-randomised each time by an encryption of zero: their mean is one of the ciphertexts'
 * sum, and tells nothing of the key, as it was planned for. The noise that is left in it is what the formula says.
 */
#include "disclosure.h"

enum { LOG_N = 11, N = 1 << LOG_N, SLOTS = N / 2, RELEASES = 1000 };

static scheme s;
static uint64_t words = 11;

/* *sum and values: those of all releases together. */
static void release_all(umbra_ciphertext **sum, double *values, const umbra_ciphertext *x, const umbra_plaintext *zero,
                        umbra_disclosure *told) {
  static double pairs[2 * SLOTS];
  umbra_disclosure_options options = {UMBRA_DISCLOSURE_OPTIONS_INIT, .releases = RELEASES};
  options.least_bits = 4;
  for (int k = 0; k < RELEASES; k++) {
    umbra_ciphertext *fresh = NULL;
    assert_ok(umbra_encrypt(&fresh, s.public, zero));
    assert_ok(umbra_add(s.evaluator, &fresh, fresh, x));
    assert_ok(umbra_decrypt_public_complex(told, pairs, SLOTS, fresh, s.secret, &options));
    for (int i = 0; i < 2 * SLOTS; i++) values[i] += pairs[i];
    assert_ok(*sum ? umbra_add(s.evaluator, sum, *sum, fresh) : umbra_ciphertext_copy(sum, fresh));
    umbra_ciphertext_destroy(fresh);
  }
}

static void means_tell_nothing(void **state) {
  (void)state;
  static double values[2 * SLOTS];
  umbra_disclosure told = {UMBRA_DISCLOSURE_INIT};
  umbra_ciphertext *sum = NULL;
  umbra_plaintext *zero = NULL;
  scheme_open(&s, test_params(LOG_N, 45, 1), "ref", NULL, 0);
  vector exact = vector_random(&words, SLOTS, 1);
  for (int j = 0; j < SLOTS; j++) exact.value[j] *= 0x1p-10; /* doubles hold the sum's message whole */
  umbra_ciphertext *x = encrypt_vector(&s, &exact, 1);
  umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT};
  options.level = 1;
  assert_ok(umbra_encode(&zero, s.context, NULL, 0, &options));
  release_all(&sum, values, x, zero, &told);
  assert_true(attack_complex(&s, sum, values) <= CHANCE);
  double square = 0;
  for (int i = 0; i < 2 * SLOTS; i++) {
    const double part = (double)(i % 2 ? cimagl(exact.value[i / 2]) : creall(exact.value[i / 2]));
    square += (values[i] / RELEASES - part) * (values[i] / RELEASES - part);
  }
  const double measured = sqrt(square / (2 * SLOTS)), expected = told.noise / sqrt(RELEASES);
  assert_true(measured > expected * (1 - 6.1 / sqrt(4 * SLOTS)) && measured < 1.1 * expected);
  double *raw = opened_slots(&s, sum); /* with what the owner alone sees it is another matter */
  assert_int_equal(attack_complex(&s, sum, raw), N);
  free(raw);
  umbra_ciphertext_destroy(sum);
  umbra_ciphertext_destroy(x);
  umbra_plaintext_destroy(zero);
  vector_destroy(&exact);
  scheme_close(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(means_tell_nothing)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
