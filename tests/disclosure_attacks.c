/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * What can be had of the secret key from decrypted values: all of it from what umbra_decrypt_decode gives, rounded to seven
 * digits, too, and nothing beyond chance from what umbra_decrypt_public gives. Attackers know sigma, the exact messages,
 * and all that is public.
 */
#include "disclosure.h"

enum { LOG_N = 12, N = 1 << LOG_N, SLOTS = N / 2 };

static scheme s;
static uint64_t words = 7;

static umbra_disclosure_options options_for(uint64_t releases) {
  return (umbra_disclosure_options){UMBRA_DISCLOSURE_OPTIONS_INIT, .releases = releases};
}

/* An encryption, and what it is one of. */
typedef struct sample {
  vector exact;
  umbra_ciphertext *x;
} sample;

static sample sample_make(int is_complex) {
  sample made = {.exact = vector_random(&words, SLOTS, is_complex)};
  umbra_plaintext *plain = encode_vector(&s, &made.exact, 1);
  assert_ok(umbra_encrypt_symmetric(&made.x, s.secret, plain));
  umbra_plaintext_destroy(plain);
  return made;
}

static void sample_clear(sample *c) {
  vector_destroy(&c->exact);
  umbra_ciphertext_destroy(c->x);
}

static void open_raw(double *pairs, const umbra_ciphertext *x) {
  assert_ok(umbra_decrypt_decode_complex(pairs, SLOTS, x, s.secret));
}

static umbra_disclosure open_public(double *pairs, const umbra_ciphertext *x, const umbra_disclosure_options *options) {
  umbra_disclosure told = {UMBRA_DISCLOSURE_INIT};
  assert_ok(umbra_decrypt_public_complex(&told, pairs, SLOTS, x, s.secret, options));
  return told;
}

static void expect_all(uint32_t right) { assert_int_equal(right, N); }
static void expect_chance(uint32_t right) { assert_true(right <= CHANCE); }

static void complex_values(void **state) {
  (void)state;
  double pairs[2 * SLOTS];
  const umbra_disclosure_options options = options_for(1);
  sample c = sample_make(1);
  open_raw(pairs, c.x);
  expect_all(attack_complex(&s, c.x, pairs));
  open_public(pairs, c.x, &options);
  expect_chance(attack_complex(&s, c.x, pairs));
  sample_clear(&c);
}

/* Of a product, whose error is that of the whole computation. */
static void products(void **state) {
  (void)state;
  double pairs[2 * SLOTS];
  const umbra_disclosure_options options = options_for(1);
  sample a = sample_make(1), b = sample_make(1);
  umbra_ciphertext *product = NULL;
  assert_ok(umbra_mul(s.evaluator, &product, a.x, b.x));
  open_raw(pairs, product);
  expect_all(attack_complex(&s, product, pairs));
  open_public(pairs, product, &options);
  expect_chance(attack_complex(&s, product, pairs));
  umbra_ciphertext_destroy(product);
  sample_clear(&a);
  sample_clear(&b);
}

/* Real parts of two ciphertexts, as tables hold them; released ones, too, where imaginary parts are cleared. */
static void real_values(void **state) {
  (void)state;
  double reals[2][SLOTS];
  const double *const both[] = {reals[0], reals[1]};
  const umbra_disclosure_options options = options_for(2);
  umbra_disclosure told = {UMBRA_DISCLOSURE_INIT};
  sample c[2] = {sample_make(0), sample_make(0)};
  const umbra_ciphertext *const x[] = {c[0].x, c[1].x};
  for (int i = 0; i < 2; i++) assert_ok(umbra_decrypt_decode(reals[i], SLOTS, x[i], s.secret));
  expect_all(attack_real(&s, x, both));
  for (int i = 0; i < 2; i++) assert_ok(umbra_decrypt_public(&told, reals[i], SLOTS, x[i], s.secret, &options));
  expect_chance(attack_real(&s, x, both));
  for (int i = 0; i < 2; i++) sample_clear(&c[i]);
}

/* A slot that is not shown is taken to hold what it should: its error alone is too small to matter. */
static void one_hidden_slot(void **state) {
  (void)state;
  double pairs[2 * SLOTS];
  const umbra_disclosure_options options = options_for(1);
  sample c = sample_make(1);
  for (int released = 0; released < 2; released++) {
    if (released) open_public(pairs, c.x, &options);
    else open_raw(pairs, c.x);
    pairs[2 * 5] = (double)creall(c.exact.value[5]);
    pairs[2 * 5 + 1] = (double)cimagl(c.exact.value[5]);
    const uint32_t right = attack_complex(&s, c.x, pairs);
    if (released) expect_chance(right);
    else expect_all(right);
  }
  sample_clear(&c);
}

/* Seven digits are all that there is where the scale is 2^25: rounding hides nothing. */
static void rounded_values(void **state) {
  (void)state;
  char text[32];
  double pairs[2 * SLOTS];
  const scheme wide = s;
  scheme_open(&s, test_params(LOG_N, 25, 2), "ref", NULL, 0);
  sample c = sample_make(1);
  open_raw(pairs, c.x);
  for (int i = 0; i < 2 * SLOTS; i++) {
    snprintf(text, sizeof text, "%.7g", pairs[i]);
    pairs[i] = strtod(text, NULL);
  }
  expect_all(attack_complex(&s, c.x, pairs));
  sample_clear(&c);
  scheme_close(&s);
  s = wide;
}

/* ---- one ciphertext, released with different parameters ---- */

/* What two releases have in common, if their noises were multiples of one: the raw values. */
static void combine(double *out, const double *a, double sigma_a, const double *b, double sigma_b) {
  for (int i = 0; i < 2 * SLOTS; i++) out[i] = (sigma_b * a[i] - sigma_a * b[i]) / (sigma_b - sigma_a);
}

static double correlation(const double *a, const double *b, const double *exact) {
  double ab = 0, aa = 0, bb = 0;
  for (int i = 0; i < 2 * SLOTS; i++) {
    const double x = a[i] - exact[i], y = b[i] - exact[i];
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return ab / sqrt(aa * bb);
}

static void differences(void **state) {
  (void)state;
  static double first[2 * SLOTS], other[2 * SLOTS], raw[2 * SLOTS];
  const umbra_disclosure_options options = options_for(1);
  umbra_disclosure_options others[4];
  sample c = sample_make(1);
  double *exact = vector_pairs(&c.exact);
  for (int k = 0; k < 4; k++) others[k] = options;
  others[0].releases = 2;
  others[1].statistical = 31;
  others[2].error_bound = 2 * umbra_ciphertext_error_bound(c.x);
  others[3].releases = 3;
  const umbra_disclosure told = open_public(first, c.x, &options);
  for (int k = 0; k < 4; k++) {
    const umbra_disclosure again = open_public(other, c.x, &others[k]);
    assert_memory_not_equal(again.id, told.id, sizeof told.id);
    assert_true(fabs(correlation(first, other, exact)) < 6.1 / sqrt(2 * SLOTS));
    combine(raw, first, told.sigma, other, again.sigma);
    expect_chance(attack_complex(&s, c.x, raw));
  }
  free(exact);
  sample_clear(&c);
}

/* The attack above is one: with multiples of one noise it finds the key. */
static void differences_of_one_noise_would_tell(void **state) {
  (void)state;
  static double first[2 * SLOTS], other[2 * SLOTS], raw[2 * SLOTS];
  sample c = sample_make(1);
  open_raw(raw, c.x);
  for (int i = 0; i < 2 * SLOTS; i++) {
    const double noise = uniform(&words) * 0x1p-20;
    first[i] = raw[i] + noise;
    other[i] = raw[i] + 3 * noise;
  }
  combine(raw, first, 1, other, 3);
  expect_all(attack_complex(&s, c.x, raw));
  sample_clear(&c);
}

static int open_scheme(void **state) {
  (void)state;
  scheme_open(&s, test_params(LOG_N, 50, 2), "ref", NULL, 0);
  return 0;
}

static int close_scheme(void **state) {
  (void)state;
  scheme_close(&s);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(complex_values),
      cmocka_unit_test(products),
      cmocka_unit_test(real_values),
      cmocka_unit_test(one_hidden_slot),
      cmocka_unit_test(rounded_values),
      cmocka_unit_test(differences),
      cmocka_unit_test(differences_of_one_noise_would_tell),
  };
  return cmocka_run_group_tests(tests, open_scheme, close_scheme);
}
