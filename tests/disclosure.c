/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Values that may be shown: how much noise they have, how many bits are left, what is cleared, what is refused and what a
 * refusal names; the same for matrices and models. What can be had of the key: disclosure_attacks.c.
 */
#include "scheme.h"

#include "host/ckks/ciphertext_internal.h"
#include "host/ckks/noise.h"
#include "host/linalg/matrix.h"

enum { LOG_N = 11, N = 1 << LOG_N, SLOTS = N / 2, LEVEL = 2 };

static scheme s;
static uint64_t words = 3;

static const umbra_disclosure_options once = {UMBRA_DISCLOSURE_OPTIONS_INIT, .releases = 1};

static umbra_disclosure open_reals(double *values, size_t count, const umbra_ciphertext *x,
                                   const umbra_disclosure_options *options) {
  umbra_disclosure told = {UMBRA_DISCLOSURE_INIT};
  assert_ok(umbra_decrypt_public(&told, values, count, x, s.secret, options));
  return told;
}

/* ---- the formula ---- */

/* E: of a slot. Standard deviation of a value's noise. */
static double noise_of(double error, uint32_t slots, const umbra_disclosure_options *o) {
  return sqrt(12 * (double)o->releases) * exp2(o->statistical / 2) * error * sqrt(slots);
}

static double root_mean_square(const double *a, const double *b, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sqrt(sum / (double)count);
}

/* Noise: at least the formula's; rounding to the step adds at most a twelfth of its square. */
static void expect_noise(const umbra_ciphertext *x, double error, const umbra_disclosure_options *o, int heuristic) {
  double raw[2 * SLOTS], released[2 * SLOTS];
  umbra_disclosure told = {UMBRA_DISCLOSURE_INIT};
  const uint32_t slots = umbra_ciphertext_slots(x);
  const double expected = noise_of(error, slots, o), spread = 6.1 / sqrt(4 * slots);
  assert_ok(umbra_decrypt_decode_complex(raw, slots, x, s.secret));
  assert_ok(umbra_decrypt_public_complex(&told, released, slots, x, s.secret, o));
  const double measured = root_mean_square(raw, released, 2 * (size_t)slots);
  assert_true(measured > expected * (1 - spread) && measured < expected * (1 + spread) * sqrt(1 + 1.0 / 12));
  assert_true(fabs(told.noise / expected - 1) < 1e-6 && told.noise >= expected);
  assert_true(fabs(told.sigma * sqrt(slots) / umbra_ciphertext_scale(x) / told.noise - 1) < 1e-9);
  assert_true(told.step <= told.noise && told.step > told.noise / 2 && exp2(round(log2(told.step))) == told.step);
  for (uint32_t i = 0; i < 2 * slots; i++) assert_true(released[i] / told.step == nearbyint(released[i] / told.step));
  const double lost = o->statistical / 2 + 0.5 * log2(12 * (double)o->releases * slots);
  assert_true(fabs(told.bits - (log2(umbra_ciphertext_magnitude(x) / error) - lost)) < 1e-5);
  assert_int_equal(told.heuristic, heuristic);
  assert_true(fabs(told.error_bound / error - 1) < 1e-12 && told.ciphertexts == 1);
}

static void noise_is_that_of_the_formula(void **state) {
  (void)state;
  for (uint32_t slots = 64; slots <= SLOTS; slots *= 4) {
    umbra_disclosure_options o = once;
    vector v = vector_random(&words, slots, 1);
    umbra_ciphertext *x = encrypt_vector(&s, &v, LEVEL);
    const double error = umbra_ciphertext_error_bound(x);
    expect_noise(x, error, &o, 0);
    o.releases = 50;
    expect_noise(x, error, &o, 0);
    o.statistical = 33;
    expect_noise(x, error, &o, 0);
    umbra_ciphertext_destroy(x);
    vector_destroy(&v);
  }
}

/* What was declared is a heuristic, taken times 8; unless the worst case is better. */
static void declared_errors_count_eightfold(void **state) {
  (void)state;
  vector v = vector_random(&words, SLOTS, 1);
  umbra_ciphertext *x = encrypt_vector(&s, &v, LEVEL);
  const double proved = umbra_ciphertext_error_bound(x);
  umbra_disclosure_options o = once;
  umbra_declaration d = {UMBRA_DECLARATION_INIT, .magnitude = 2};
  x->estimate.worst.error *= 1024; /* as after a long computation */
  assert_ok(umbra_ciphertext_declare(x, &d));
  expect_noise(x, 8 * proved, &o, 1);
  o.error_bound = 2 * proved; /* whoever opens it knows more */
  expect_noise(x, 16 * proved, &o, 1);
  o.error_bound = proved / 2; /* or is surer of less */
  expect_noise(x, 4 * proved, &o, 1);
  o = once;
  x->estimate.worst.error /= 1024;
  expect_noise(x, proved, &o, 0);
  umbra_ciphertext_destroy(x);
  vector_destroy(&v);
}

static void predictions_hold(void **state) {
  (void)state;
  double values[SLOTS];
  vector v = vector_random(&words, SLOTS, 0);
  umbra_ciphertext *x = encrypt_vector(&s, &v, LEVEL);
  umbra_disclosure_options o = once;
  umbra_disclosure predicted = {UMBRA_DISCLOSURE_INIT};
  o.error_bound = umbra_ciphertext_error_bound(x);
  o.magnitude = 1.5;
  const umbra_disclosure told = open_reals(values, SLOTS, x, &o);
  assert_ok(umbra_disclosure_predict(&predicted, s.params, LEVEL, SLOTS, &o));
  assert_true(predicted.noise == told.noise && predicted.bits == told.bits && predicted.step == told.step);
  assert_true(predicted.heuristic == 1 && predicted.error_bound == told.error_bound);
  umbra_ciphertext_destroy(x);
  vector_destroy(&v);
}

/* ---- the same again ---- */

static void the_same_release_is_the_same(void **state) {
  (void)state;
  double a[SLOTS], b[SLOTS];
  vector v = vector_random(&words, SLOTS, 0);
  umbra_ciphertext *x = encrypt_vector(&s, &v, LEVEL), *y = NULL;
  const umbra_disclosure first = open_reals(a, SLOTS, x, &once), again = open_reals(b, SLOTS, x, &once);
  assert_memory_equal(a, b, sizeof a);
  assert_memory_equal(first.id, again.id, sizeof first.id);
  assert_ok(umbra_add_constant(s.evaluator, &y, x, 0.25, 0)); /* the same error, another ciphertext */
  const umbra_disclosure other = open_reals(b, SLOTS, y, &once);
  assert_memory_not_equal(first.id, other.id, sizeof first.id);
  for (int i = 0; i < SLOTS; i++) b[i] -= 0.25;
  assert_true(fabs(root_mean_square(a, b, SLOTS) / first.noise / sqrt(2) - 1) < 0.25);
  umbra_ciphertext_destroy(x);
  umbra_ciphertext_destroy(y);
  vector_destroy(&v);
}

/* ---- what is not shown ---- */

static void what_is_no_value_is_cleared(void **state) {
  (void)state;
  double pairs[2 * SLOTS];
  umbra_disclosure told = {UMBRA_DISCLOSURE_INIT};
  const umbra_declaration d = {UMBRA_DECLARATION_INIT, .magnitude = 1, .used = 5};
  double few[SLOTS] = {0.5, 0.25, -0.5, 1, 0.75};
  umbra_plaintext *plain = NULL;
  umbra_ciphertext *x = NULL;
  assert_ok(umbra_encode(&plain, s.context, few, SLOTS, NULL));
  assert_ok(umbra_encrypt(&x, s.public, plain));
  assert_ok(umbra_ciphertext_declare(x, &d));
  assert_ok(umbra_decrypt_public_complex(&told, pairs, SLOTS, x, s.secret, &once));
  int noisy = 0;
  for (int i = 0; i < 10; i++) noisy += pairs[i] != 0;
  assert_true(noisy > 5);
  for (int i = 10; i < 2 * SLOTS; i++) assert_true(pairs[i] == 0);
  umbra_ciphertext_destroy(x);
  umbra_plaintext_destroy(plain);
}

/* ---- refusals; outputs are as before ---- */

static void expect_refusal(const umbra_ciphertext *x, const umbra_disclosure_options *o, umbra_status status,
                           const char *text) {
  double value = 17;
  umbra_disclosure told = {UMBRA_DISCLOSURE_INIT, .bits = 17};
  assert_fails(umbra_decrypt_public(&told, &value, 1, x, s.secret, o), status, text);
  assert_true(value == 17 && told.bits == 17);
}

static void options_have_limits(void **state) {
  (void)state;
  vector v = vector_random(&words, SLOTS, 0);
  umbra_ciphertext *x = encrypt_vector(&s, &v, LEVEL);
  const double numbers[] = {0, -1, NAN, INFINITY};
  umbra_disclosure_options o = once;
  expect_refusal(x, NULL, UMBRA_ERROR_INVALID_ARGUMENT, "how many releases");
  o.releases = 0;
  expect_refusal(x, &o, UMBRA_ERROR_INVALID_ARGUMENT, "releases is 0");
  o.releases = (UINT64_C(1) << 40) + 1;
  expect_refusal(x, &o, UMBRA_ERROR_INVALID_ARGUMENT, "releases is");
  for (size_t i = 0; i < 4; i++) {
    o = once;
    o.statistical = numbers[i];
    expect_refusal(x, &o, UMBRA_ERROR_INVALID_ARGUMENT, "statistical is");
    o = once;
    o.least_bits = numbers[i];
    expect_refusal(x, &o, UMBRA_ERROR_INVALID_ARGUMENT, "least_bits is");
    if (i == 0) continue;
    o = once;
    o.error_bound = numbers[i];
    expect_refusal(x, &o, UMBRA_ERROR_INVALID_ARGUMENT, "error_bound");
    o = once;
    o.magnitude = numbers[i];
    expect_refusal(x, &o, UMBRA_ERROR_INVALID_ARGUMENT, "magnitude");
  }
  umbra_ciphertext_destroy(x);
  vector_destroy(&v);
}

/* The text names what would do, and that does. */
static void too_few_bits_are_refused(void **state) {
  (void)state;
  vector v = vector_random(&words, SLOTS, 0);
  umbra_ciphertext *x = encrypt_vector(&s, &v, LEVEL);
  umbra_disclosure_options o = once;
  double values[SLOTS];
  const double bits = open_reals(values, SLOTS, x, &o).bits;
  o.releases = 1000;
  o.least_bits = bits - 1; /* the thousand take five */
  expect_refusal(x, &o, UMBRA_ERROR_RANGE, "What would do");
  unsigned long long fewer = 0;
  double s_less = 0, least = 0;
  const char *text = strstr(umbra_last_error(), "at most ");
  assert_non_null(text);
  assert_int_equal(sscanf(text, "at most %llu releases, s = %lf, or least_bits = %lf", &fewer, &s_less, &least), 3);
  assert_true(fewer == 3 || fewer == 4); /* two bits' worth, of sixteen parts of a bit of rounding */
  umbra_disclosure_options each[3] = {o, o, o};
  each[0].least_bits -= 1e-6;
  each[0].releases = fewer;
  each[1].statistical = s_less - 0.1;
  each[2].least_bits = least;
  for (int k = 0; k < 3; k++) assert_true(open_reals(values, SLOTS, x, &each[k]).bits >= each[k].least_bits - 1e-6);
  umbra_ciphertext_destroy(x);
  vector_destroy(&v);
}

/* Bounds that nobody knows, or that are no numbers, leave nothing. */
static void unknown_errors_are_refused(void **state) {
  (void)state;
  vector v = vector_random(&words, SLOTS, 0);
  umbra_ciphertext *x = encrypt_vector(&s, &v, LEVEL);
  const double wrong[] = {DBL_MAX, INFINITY, NAN};
  const umbra_estimate before = x->estimate;
  for (size_t i = 0; i < 3; i++) {
    x->estimate = before;
    x->estimate.bound.error = x->estimate.worst.error = wrong[i];
    expect_refusal(x, &once, UMBRA_ERROR_RANGE, "nobody knows");
  }
  x->estimate = before;
  x->estimate.bound.magnitude = NAN;
  expect_refusal(x, &once, UMBRA_ERROR_RANGE, "What would do");
  umbra_ciphertext_destroy(x);
  vector_destroy(&v);
}

static void broken_bounds_are_refused(void **state) {
  (void)state;
  vector v = vector_random(&words, SLOTS, 1);
  umbra_ciphertext *x = encrypt_vector(&s, &v, LEVEL);
  umbra_declaration d = {UMBRA_DECLARATION_INIT, .magnitude = 0.25};
  assert_ok(umbra_ciphertext_declare(x, &d)); /* it is larger */
  expect_refusal(x, &once, UMBRA_ERROR_RANGE, "doubts 0x8");
  d.magnitude = 2;
  d.real = 1;
  assert_ok(umbra_ciphertext_declare(x, &d)); /* it is not */
  expect_refusal(x, &once, UMBRA_ERROR_RANGE, "doubts 0x10");
  d.real = 0;
  d.used = 3;
  assert_ok(umbra_ciphertext_declare(x, &d)); /* there are more */
  expect_refusal(x, &once, UMBRA_ERROR_RANGE, "doubts 0x20");
  d.used = 0;
  assert_ok(umbra_ciphertext_declare(x, &d));
  x->estimate.doubts = UMBRA_DOUBT_REFRESH;
  expect_refusal(x, &once, UMBRA_ERROR_RANGE, "doubts 0x2");
  umbra_ciphertext_destroy(x);
  vector_destroy(&v);
}

/* The owner's bound is held to what can be seen of the errors: in imaginary parts of real values, and in unused slots. */
static void declared_errors_that_are_too_small_are_refused(void **state) {
  (void)state;
  vector v = vector_random(&words, SLOTS, 0);
  double values[SLOTS];
  for (uint32_t i = 3; i < SLOTS; i++) v.value[i] = 0;
  umbra_ciphertext *x = encrypt_vector(&s, &v, LEVEL);
  umbra_declaration real = {UMBRA_DECLARATION_INIT, .magnitude = 2, .real = 1};
  umbra_declaration used = {UMBRA_DECLARATION_INIT, .magnitude = 2, .used = 3};
  umbra_disclosure_options o = once;
  const double bound = umbra_ciphertext_error_bound(x);
  const umbra_declaration *each[] = {&real, &used};
  for (size_t i = 0; i < 2; i++) {
    assert_ok(umbra_ciphertext_declare(x, each[i]));
    o.error_bound = bound / 1000;
    expect_refusal(x, &o, UMBRA_ERROR_RANGE, i ? "doubts 0x20" : "doubts 0x10");
    assert_non_null(strstr(umbra_last_error(), "declared up to"));
    o.error_bound = bound;
    (void)open_reals(values, SLOTS, x, &o);
  }
  umbra_ciphertext_destroy(x);
  vector_destroy(&v);
}

/* ---- what is made of ciphertexts ---- */

static void matrices(void **state) {
  (void)state;
  enum { ROWS = 700, COLUMNS = 3 };
  double *values = random_values(&words, ROWS * COLUMNS), raw[ROWS * COLUMNS], shown[ROWS * COLUMNS];
  umbra_matrix *matrix = NULL;
  umbra_disclosure told = {UMBRA_DISCLOSURE_INIT};
  umbra_disclosure_options o = {UMBRA_DISCLOSURE_OPTIONS_INIT, .releases = 2};
  assert_ok(umbra_matrix_encrypt(&matrix, s.public, values, ROWS, COLUMNS, NULL, NULL));
  const uint64_t parts = matrix->parts;
  assert_true(parts > 2);
  assert_fails(umbra_matrix_decrypt_public(matrix, &told, shown, s.secret, &o, NULL), UMBRA_ERROR_RANGE,
               "each of them is one");
  o.releases = parts;
  o.error_bound = umbra_ciphertext_error_bound(matrix->part[0]) / 1000;
  assert_fails(umbra_matrix_decrypt_public(matrix, &told, shown, s.secret, &o, NULL), UMBRA_ERROR_RANGE, "doubts 0x10");
  o.error_bound = 0;
  assert_ok(umbra_matrix_decrypt_public(matrix, &told, shown, s.secret, &o, NULL));
  assert_ok(umbra_matrix_decrypt(matrix, raw, s.secret, NULL));
  assert_true(told.ciphertexts == parts);
  const double measured = root_mean_square(raw, shown, ROWS * COLUMNS);
  assert_true(measured > 0.85 * told.noise && measured < 1.2 * told.noise);
  umbra_matrix_destroy(matrix);
  free(values);
}

/* Of the few slots of a row, which their copies are averaged into. */
static void models(void **state) {
  (void)state;
  enum { FEATURES = 50 };
  double *values = random_values(&words, FEATURES + 1), raw[FEATURES + 1], shown[FEATURES + 1];
  umbra_logistic *model = NULL;
  umbra_disclosure told = {UMBRA_DISCLOSURE_INIT};
  assert_ok(umbra_logistic_encrypt(&model, s.public, values, FEATURES, values[FEATURES], NULL));
  assert_ok(umbra_logistic_decrypt(model, raw, raw + FEATURES, s.secret));
  assert_ok(umbra_logistic_decrypt_public(model, &told, shown, shown + FEATURES, s.secret, &once));
  umbra_range range = {UMBRA_RANGE_INIT};
  assert_ok(umbra_logistic_range(model, &range));
  assert_true(fabs(told.noise / noise_of(range.error_bound, 64, &once) - 1) < 1e-6);
  const double measured = root_mean_square(raw, shown, FEATURES + 1);
  assert_true(measured > 0.4 * told.noise && measured < 1.7 * told.noise);
  umbra_logistic_destroy(model);
  free(values);
}

static int open_scheme(void **state) {
  (void)state;
  scheme_open(&s, test_params(LOG_N, 50, LEVEL), "ref", NULL, 0);
  return 0;
}

static int close_scheme(void **state) {
  (void)state;
  scheme_close(&s);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(noise_is_that_of_the_formula),
      cmocka_unit_test(declared_errors_count_eightfold),
      cmocka_unit_test(predictions_hold),
      cmocka_unit_test(the_same_release_is_the_same),
      cmocka_unit_test(what_is_no_value_is_cleared),
      cmocka_unit_test(options_have_limits),
      cmocka_unit_test(too_few_bits_are_refused),
      cmocka_unit_test(unknown_errors_are_refused),
      cmocka_unit_test(broken_bounds_are_refused),
      cmocka_unit_test(declared_errors_that_are_too_small_are_refused),
      cmocka_unit_test(matrices),
      cmocka_unit_test(models),
  };
  return cmocka_run_group_tests(tests, open_scheme, close_scheme);
}
