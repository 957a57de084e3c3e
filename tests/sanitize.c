/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Sanitised results: the noise that is added is that of the formula, in every coefficient; the uniform half is drawn anew;
 * values stay within their stated bounds; nothing else of a ciphertext follows from how it was computed; no secret is used.
 */
#include "scheme.h"
#include "visible.h"

#include "host/ckks/ciphertext_internal.h"
#include "host/linalg/matrix.h"

enum { LOG_N = 11, SLOTS = 1 << (LOG_N - 1), FEW = 16 };

static scheme s; /* the owner's */

static int open_all(void **state) {
  (void)state;
  scheme_open(&s, test_params(LOG_N, 55, 2), NULL, NULL, 0);
  return 0;
}

static int close_all(void **state) {
  (void)state;
  scheme_close(&s);
  return 0;
}

static const umbra_disclosure_options usual = {UMBRA_DISCLOSURE_OPTIONS_INIT, .releases = 3};

static umbra_ciphertext *encrypted(uint64_t seed, uint32_t slots) {
  vector v = vector_random(&seed, slots, 0);
  umbra_ciphertext *x = encrypt_vector(&s, &v, 2);
  vector_destroy(&v);
  return x;
}

/* ---- noise ---- */

/* What is proved where nothing was declared, and of the encryption of 0; as a power of two. */
static double hidden_error(const umbra_ciphertext *x) {
  umbra_range range = {UMBRA_RANGE_INIT};
  umbra_ciphertext *zero = NULL;
  umbra_plaintext *plain = NULL;
  umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT};
  options.level = umbra_ciphertext_level(x);
  assert_ok(umbra_ciphertext_range(x, &range));
  assert_ok(umbra_encode(&plain, s.context, NULL, 0, &options));
  assert_ok(umbra_encrypt(&zero, s.public, plain));
  const double error = range.worst_error_bound + umbra_ciphertext_error_bound(zero);
  umbra_ciphertext_destroy(zero);
  umbra_plaintext_destroy(plain);
  return exp2(ceil(log2(error) - 1e-3));
}

/* Mean squares of what was added to real and imaginary parts of all slots. */
static double added_variance(const umbra_ciphertext *x, int times) {
  double *before = opened_slots(&s, x), sum = 0;
  for (int t = 0; t < times; t++) {
    umbra_ciphertext *made = NULL;
    assert_ok(umbra_sanitize(&made, NULL, x, s.public, &usual));
    double *after = opened_slots(&s, made);
    for (uint32_t i = 0; i < 2 * x->slots; i++) sum += pow(after[i] - before[i], 2);
    free(after);
    umbra_ciphertext_destroy(made);
  }
  const double count = 2.0 * x->slots * times;
  free(before);
  return sum / count;
}

static void noise_is_that_of_the_formula(void **state) {
  (void)state;
  umbra_disclosure told = {UMBRA_DISCLOSURE_INIT};
  const uint32_t slots[] = {SLOTS, FEW};
  for (int i = 0; i < 2; i++) {
    umbra_ciphertext *x = encrypted(1, slots[i]), *made = NULL;
    assert_ok(umbra_mul(s.evaluator, &x, x, x));
    assert_ok(umbra_sanitize(&made, &told, x, s.public, &usual));
    const double error = hidden_error(x), scale = umbra_ciphertext_scale(x);
    assert_true(told.error_bound == error && !told.heuristic && told.step == 0 && told.ciphertexts == 1);
    const double sigma = sqrt(12.0 * usual.releases) * exp2(usual.statistical / 2) * error * scale;
    assert_true(fabs(told.sigma / sigma - 1) < 1e-6);
    assert_true(fabs(told.noise * scale / (told.sigma * sqrt(slots[i])) - 1) < 1e-9);
    const double ratio = added_variance(x, i ? 256 : 8) / (told.noise * told.noise); /* 2^14 or 2^13 samples */
    print_message("%u slots: %.4f of the variance\n", slots[i], ratio);
    assert_true(fabs(ratio - 1) < 0.08);
    umbra_ciphertext_destroy(made);
    umbra_ciphertext_destroy(x);
  }
}

/* A vector of few slots lives in few coefficients; the error is in all of them, and so is the noise. */
static void noise_is_in_all_coefficients(void **state) {
  (void)state;
  umbra_ciphertext *x = encrypted(2, FEW), *made = NULL;
  umbra_disclosure told = {UMBRA_DISCLOSURE_INIT};
  assert_ok(umbra_sanitize(&made, &told, x, s.public, &usual));
  made->slots = SLOTS;
  x->slots = SLOTS;
  double *before = opened_slots(&s, x), *after = opened_slots(&s, made), sum = 0;
  for (uint32_t i = 0; i < 2 * SLOTS; i++) sum += pow(after[i] - before[i], 2);
  const double deviation = told.sigma * sqrt(SLOTS) / umbra_ciphertext_scale(x);
  assert_true(fabs(sqrt(sum / (2 * SLOTS)) / deviation - 1) < 0.08);
  free(before);
  free(after);
  umbra_ciphertext_destroy(made);
  umbra_ciphertext_destroy(x);
}

static void values_stay_within_their_bound(void **state) {
  (void)state;
  uint64_t seed = 4;
  vector v = vector_random(&seed, SLOTS, 0);
  umbra_ciphertext *x = encrypt_vector(&s, &v, 2);
  const double before = umbra_ciphertext_error_bound(x);
  assert_ok(umbra_sanitize(&x, NULL, x, s.public, &usual)); /* in place */
  const double error = worst_error(&s, x, &v), bound = umbra_ciphertext_error_bound(x);
  assert_true(error < bound && error > before && bound < 1e-3);
  double opened[SLOTS];
  assert_ok(umbra_decrypt_decode(opened, SLOTS, x, s.secret)); /* which holds values to their bounds */
  assert_ok(umbra_add(s.evaluator, &x, x, x));                 /* it can be computed with */
  umbra_ciphertext_destroy(x);
  vector_destroy(&v);
}

/* ---- the rest ---- */

static int halves_differ(const umbra_ciphertext *a, const umbra_ciphertext *b) {
  const size_t half = umbra_poly_view(&a->poly, s.context->ring).stride;
  const uint32_t *x = a->poly.data + half, *y = b->poly.data + half;
  uint32_t equal = 0;
  for (uint32_t i = 0; i < 2 * SLOTS; i++) equal += x[i] == y[i];
  return equal < 4;
}

static void uniform_halves_are_drawn_anew(void **state) {
  (void)state;
  umbra_ciphertext *x = encrypted(5, SLOTS), *a = NULL, *b = NULL;
  assert_ok(umbra_sanitize(&a, NULL, x, s.public, &usual));
  assert_ok(umbra_sanitize(&b, NULL, x, s.public, &usual));
  assert_true(halves_differ(a, x) && halves_differ(b, x) && halves_differ(a, b));
  umbra_ciphertext_destroy(a);
  umbra_ciphertext_destroy(b);
  umbra_ciphertext_destroy(x);
}

static seen seen_result(const umbra_ciphertext *x) {
  const bytes file = ciphertext_bytes(x);
  const seen found = {file.data, file.size};
  keep_visible(&found);
  return found;
}

/* 3 x, by three additions or one product with other bounds: what the plan declares is all that is seen. */
static void bounds_tell_nothing_of_weights(void **state) {
  (void)state;
  const umbra_disclosure_options options = {UMBRA_DISCLOSURE_OPTIONS_INIT, .releases = 1, .error_bound = 0x1p-40,
                                            .magnitude = 4};
  umbra_ciphertext *x = encrypted(6, SLOTS), *sum = NULL, *product = NULL;
  assert_ok(umbra_mul_constant(s.evaluator, &sum, x, 1, 0));
  assert_ok(umbra_add(s.evaluator, &product, sum, sum));
  assert_ok(umbra_add(s.evaluator, &sum, sum, product));
  assert_ok(umbra_mul_constant(s.evaluator, &product, x, 3, 0));
  assert_false(look_alike(seen_result(sum), seen_result(product)));
  assert_ok(umbra_sanitize(&sum, NULL, sum, s.public, &options));
  assert_ok(umbra_sanitize(&product, NULL, product, s.public, &options));
  assert_true(look_alike(seen_result(sum), seen_result(product)));
  umbra_ciphertext_destroy(x);
  umbra_ciphertext_destroy(sum);
  umbra_ciphertext_destroy(product);
}

/* A server that has read files, and never had a secret. */
static void no_secret_is_used(void **state) {
  (void)state;
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = s.params};
  umbra_ciphertext *x = encrypted(7, SLOTS), *there = NULL;
  umbra_context *context = NULL;
  umbra_public_key *key = NULL;
  size_t size = 0;
  assert_ok(umbra_context_create(&context, &desc));
  assert_ok(umbra_public_key_write(s.public, NULL, &size, NULL));
  void *file = malloc(size);
  assert_ok(umbra_public_key_write(s.public, file, &size, NULL));
  assert_ok(umbra_public_key_read(&key, context, file, size, NULL));
  bytes sent = ciphertext_bytes(x);
  assert_ok(umbra_ciphertext_read(&there, context, sent.data, sent.size, NULL));
  assert_ok(umbra_sanitize(&there, NULL, there, key, &usual));
  bytes back = ciphertext_bytes(there);
  assert_ok(umbra_ciphertext_read(&x, s.context, back.data, back.size, NULL));
  double values[SLOTS];
  assert_ok(umbra_decrypt_decode(values, SLOTS, x, s.secret));
  free(file);
  free(sent.data);
  free(back.data);
  umbra_ciphertext_destroy(x);
  umbra_ciphertext_destroy(there);
  umbra_public_key_destroy(key);
  umbra_context_destroy(context);
}

/* ---- matrices ---- */

static void matrices(void **state) {
  (void)state;
  const double values[] = {0.5, -0.25, 1, 0.75, -1, 0.125};
  const umbra_matrix_layout layout = {UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_BY_COLUMNS, .stride = SLOTS};
  umbra_disclosure told = {UMBRA_DISCLOSURE_INIT};
  umbra_matrix *m = NULL;
  double opened[6];
  const uint8_t plan[UMBRA_DIGEST_BYTES] = {7};
  assert_ok(umbra_matrix_encrypt(&m, s.public, values, 2, 3, &layout, NULL));
  umbra_matrix_set_stamp(m, plan, UMBRA_MATRIX_RESULTS);
  umbra_disclosure_options options = usual;
  options.releases = 2;
  assert_fails(umbra_matrix_sanitize(&m, &told, m, s.public, &options, NULL), UMBRA_ERROR_RANGE, "has 3 ciphertexts");
  options.releases = 3;
  assert_ok(umbra_matrix_sanitize(&m, &told, m, s.public, &options, NULL));
  assert_int_equal(told.ciphertexts, 3);
  assert_int_equal(umbra_matrix_plan(m, NULL), UMBRA_MATRIX_RESULTS);
  assert_ok(umbra_matrix_decrypt(m, opened, s.secret, NULL));
  int exact = 0;
  for (int i = 0; i < 6; i++) {
    assert_true(fabs(opened[i] - values[i]) < 8 * told.noise);
    exact += fabs(opened[i] - values[i]) < 1e-3 * told.noise;
  }
  assert_true(exact < 2);
  umbra_matrix_destroy(m);
}

/* ---- what is refused ---- */

static void refusals(void **state) {
  (void)state;
  umbra_ciphertext *x = encrypted(8, SLOTS), *made = NULL;
  umbra_disclosure_options options = usual;
  scheme other;
  options.least_bits = 40;
  assert_fails(umbra_sanitize(&made, NULL, x, s.public, &options), UMBRA_ERROR_RANGE, "What would do");
  options = usual;
  options.releases = 0;
  assert_fails(umbra_sanitize(&made, NULL, x, s.public, &options), UMBRA_ERROR_INVALID_ARGUMENT, "releases is 0");
  assert_fails(umbra_sanitize(&made, NULL, x, s.public, NULL), UMBRA_ERROR_INVALID_ARGUMENT, "options are NULL");
  assert_fails(umbra_sanitize(NULL, NULL, x, s.public, &usual), UMBRA_ERROR_INVALID_ARGUMENT, "needs");
  assert_fails(umbra_sanitize(&made, NULL, NULL, s.public, &usual), UMBRA_ERROR_INVALID_ARGUMENT, "needs");
  scheme_open(&other, umbra_params_share(s.params), NULL, NULL, 0);
  assert_fails(umbra_sanitize(&made, NULL, x, other.public, &usual), UMBRA_ERROR_MISMATCH, "owner");
  scheme_close(&other);
  umbra_ciphertext *simulated = NULL;
  umbra_plaintext *plain = NULL;
  scheme_open_sim(&other, umbra_params_share(s.params), 0, 1);
  assert_ok(umbra_encode(&plain, other.context, NULL, 0, NULL));
  assert_ok(umbra_sim_ciphertext(&simulated, plain));
  assert_fails(umbra_sanitize(&made, NULL, simulated, s.public, &usual), UMBRA_ERROR_UNSUPPORTED, "sim");
  umbra_plaintext_destroy(plain);
  umbra_ciphertext_destroy(simulated);
  scheme_close(&other);
  assert_null(made);
  umbra_ciphertext_destroy(x);
}

static void three_parts_are_refused(void **state) {
  (void)state;
  scheme k;
  uint64_t seed = 3;
  scheme_open(&k, keyless_params(LOG_N, 40, 2, 1), NULL, NULL, 0);
  assert_non_null(k.public);
  vector v = vector_random(&seed, FEW, 0);
  umbra_ciphertext *x = encrypt_vector(&k, &v, 2), *made = NULL;
  assert_ok(umbra_mul(k.evaluator, &x, x, x));
  assert_int_equal(umbra_ciphertext_parts(x), 3);
  assert_fails(umbra_sanitize(&made, NULL, x, k.public, &usual), UMBRA_ERROR_UNSUPPORTED, "umbra_relinearize");
  umbra_ciphertext_destroy(x);
  vector_destroy(&v);
  scheme_close(&k);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(noise_is_that_of_the_formula),
      cmocka_unit_test(noise_is_in_all_coefficients),
      cmocka_unit_test(values_stay_within_their_bound),
      cmocka_unit_test(uniform_halves_are_drawn_anew),
      cmocka_unit_test(bounds_tell_nothing_of_weights),
      cmocka_unit_test(no_secret_is_used),
      cmocka_unit_test(matrices),
      cmocka_unit_test(refusals),
      cmocka_unit_test(three_parts_are_refused),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
