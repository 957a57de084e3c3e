/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Chebyshev polynomials: values in the clear, and encrypted evaluation of every degree up to 63, also of several. */
#include "fits.h"
#include "host/ckks/context_internal.h"
#include "host/ring/ring.h"
#include "scheme.h"

static const long double pi = 3.14159265358979323846264338327950288L;

/* ---- in the clear ---- */

static void values_in_the_clear(void **state) {
  (void)state;
  uint64_t random = 1;
  double c[UMBRA_MAX_DEGREE + 1];
  for (uint32_t k = 0; k <= UMBRA_MAX_DEGREE; k++) c[k] = uniform(&random);
  for (uint32_t degree = 0; degree <= UMBRA_MAX_DEGREE; degree += 5)
    for (int i = -20; i <= 20; i++) {
      double t = i / 20.0;
      assert_true(fabsl(umbra_chebyshev_value(c, degree, t) - fit_value(c, degree, t)) < 1e-11);
    }
}

static void depths(void **state) {
  (void)state;
  static const uint32_t expected[][2] = {{0, 0},  {1, 1},  {2, 2},  {3, 2},  {4, 3},  {7, 3},   {8, 4},  {15, 4},
                                         {16, 5}, {31, 5}, {32, 6}, {63, 6}, {64, 7}, {127, 7}, {255, 8}};
  for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
    assert_int_equal(umbra_chebyshev_depth(expected[i][0]), expected[i][1]);
}

/* ---- encrypted ---- */

enum { DEPTH = 7, DEGREE = 63 };

static scheme s;
static vector points;
static umbra_ciphertext *x;

/* Evaluates, compares with the definition in every slot, and returns the levels that it took. */
static uint32_t check(const double *c, uint32_t degree, const char *what) {
  umbra_ciphertext *out = NULL;
  vector expected = vector_make(points.slots);
  for (uint32_t j = 0; j < points.slots; j++) expected.value[j] = fit_value(c, degree, creall(points.value[j]));
  assert_ok(umbra_chebyshev_eval(s.evaluator, &out, x, c, degree));
  double error = worst_error(&s, out, &expected), bound = umbra_ciphertext_error_bound(out);
  if (!(error <= bound)) fail_msg("%s, degree %u: error %g above its bound %g", what, degree, error, bound);
  if (!(error < 1e-7)) fail_msg("%s, degree %u: error %g", what, degree, error);
  if (!(bound < 1e-4)) fail_msg("%s, degree %u: bound %g for an error of %g", what, degree, bound, error);
  uint32_t taken = DEPTH - umbra_ciphertext_level(out);
  umbra_ciphertext_destroy(out);
  vector_destroy(&expected);
  return taken;
}

static void random_polynomial(double *c, uint64_t *random, uint32_t degree) {
  for (uint32_t k = 0; k <= degree; k++) c[k] = uniform(random) / (degree + 1);
  c[degree] = 0.5;
}

static void all_degrees(void **state) {
  (void)state;
  double c[DEGREE + 1];
  uint64_t random = 5;
  for (uint32_t degree = 1; degree <= DEGREE; degree += degree < 20 ? 1 : 4) {
    random_polynomial(c, &random, degree);
    assert_int_equal(check(c, degree, "dense"), umbra_chebyshev_depth(degree));
  }
  random_polynomial(c, &random, DEGREE);
  assert_int_equal(check(c, DEGREE, "dense"), 6);
}

static void odd_and_even(void **state) {
  (void)state;
  static const uint32_t degrees[] = {2, 3, 5, 6, 7, 8, 12, 15, 16, 27, 31, 32, 33, 62, 63};
  double c[DEGREE + 1];
  uint64_t random = 6;
  for (size_t i = 0; i < sizeof degrees / sizeof *degrees; i++) {
    random_polynomial(c, &random, degrees[i]);
    for (uint32_t k = 0; k <= degrees[i]; k++)
      if ((k + degrees[i]) % 2) c[k] = 0;
    assert_int_equal(check(c, degrees[i], "of one parity"), umbra_chebyshev_depth(degrees[i]));
  }
}

/* T_k alone, for every k. */
static void single_terms(void **state) {
  (void)state;
  for (uint32_t degree = 1; degree <= DEGREE; degree += degree < 17 ? 1 : 5) {
    double c[DEGREE + 1] = {0};
    c[degree] = 1;
    assert_int_equal(check(c, degree, "single"), umbra_chebyshev_depth(degree));
  }
}

/* Neither leading zeros nor a constant cost a level. */
static void low_degrees(void **state) {
  (void)state;
  double c[DEGREE + 1] = {0.25};
  assert_int_equal(check(c, 0, "constant"), 0);
  assert_int_equal(check(c, 40, "constant with zeros"), 0);
  double nothing[4] = {0};
  assert_int_equal(check(nothing, 3, "zero"), 0);
  c[3] = -0.5;
  assert_int_equal(check(c, DEGREE, "leading zeros"), 2);
}

/* The output may be the input; an input one level too low is refused. */
static void levels_and_places(void **state) {
  (void)state;
  double c[8];
  uint64_t random = 7;
  umbra_ciphertext *out = NULL, *low = NULL;
  random_polynomial(c, &random, 7);
  assert_ok(umbra_chebyshev_eval(s.evaluator, &out, x, c, 7));
  bytes expected = ciphertext_bytes(out);
  assert_ok(umbra_ciphertext_copy(&low, x));
  assert_ok(umbra_chebyshev_eval(s.evaluator, &low, low, c, 7));
  assert_true(has_bytes(low, &expected));
  assert_ok(umbra_level_drop(s.evaluator, &low, x, 2));
  assert_fails(umbra_chebyshev_eval(s.evaluator, &out, low, c, 7), UMBRA_ERROR_NO_LEVEL, "takes 3 levels");
  assert_true(has_bytes(out, &expected));
  assert_ok(umbra_level_drop(s.evaluator, &low, x, 3));
  assert_ok(umbra_chebyshev_eval(s.evaluator, &out, low, c, 7));
  assert_int_equal(umbra_ciphertext_level(out), 0);
  umbra_ciphertext_destroy(out);
  umbra_ciphertext_destroy(low);
  free(expected.data);
}

enum { SEVERAL = 5 };
static const uint32_t several_degrees[SEVERAL] = {7, 31, 0, 31, 12};

typedef struct family {
  double c[SEVERAL][DEGREE + 1];
  const double *coefficients[SEVERAL];
  umbra_ciphertext *outs[SEVERAL];
} family;

/* Random polynomials, of which one is odd. */
static void family_open(family *f) {
  uint64_t random = 8;
  *f = (family){0};
  for (int i = 0; i < SEVERAL; i++) {
    random_polynomial(f->c[i], &random, several_degrees[i]);
    f->coefficients[i] = f->c[i];
  }
  for (uint32_t k = 0; k < several_degrees[3]; k += 2) f->c[3][k] = 0;
}

static umbra_status family_eval(family *f, const umbra_ciphertext *of, size_t count) {
  return umbra_chebyshev_eval_many(s.evaluator, f->outs, of, f->coefficients, several_degrees, count);
}

static void family_close(family *f) {
  for (int i = 0; i < SEVERAL; i++) umbra_ciphertext_destroy(f->outs[i]);
}

static size_t switches_so_far(void) {
  umbra_ring_accounts accounts;
  umbra_ring_accounts_read(&accounts, s.context->ring);
  return accounts.key_switches;
}

/* Several of one input: the bits and levels that each has alone, with fewer key switches. */
static void several(void **state) {
  (void)state;
  family f;
  umbra_ciphertext *alone = NULL;
  family_open(&f);
  assert_ok(umbra_ciphertext_copy(&f.outs[1], x));
  umbra_ring_accounts_begin(s.context->ring);
  assert_ok(family_eval(&f, f.outs[1], SEVERAL));
  const size_t together = switches_so_far();
  for (int i = 0; i < SEVERAL; i++) {
    assert_ok(umbra_chebyshev_eval(s.evaluator, &alone, x, f.c[i], several_degrees[i]));
    bytes expected = ciphertext_bytes(alone);
    assert_true(has_bytes(f.outs[i], &expected));
    free(expected.data);
  }
  const size_t apart = switches_so_far() - together;
  if (together >= apart * 3 / 4) fail_msg("%zu key switches, one by one %zu", together, apart);
  umbra_ciphertext_destroy(alone);
  family_close(&f);
}

static void several_that_cannot_be(void **state) {
  (void)state;
  const umbra_status bad = UMBRA_ERROR_INVALID_ARGUMENT;
  family f;
  umbra_ciphertext *low = NULL;
  family_open(&f);
  assert_ok(umbra_ciphertext_copy(&f.outs[0], x));
  bytes before = ciphertext_bytes(f.outs[0]);
  assert_fails(family_eval(&f, x, 0), bad, "1 to 64");
  assert_fails(umbra_chebyshev_eval_many(s.evaluator, NULL, x, f.coefficients, several_degrees, 2), bad, "outputs");
  assert_ok(umbra_level_drop(s.evaluator, &low, x, 4));
  assert_fails(family_eval(&f, low, 2), UMBRA_ERROR_NO_LEVEL, "degree 31 takes 5 levels");
  f.coefficients[1] = NULL;
  assert_fails(family_eval(&f, x, 2), bad, "coefficients");
  f.coefficients[1] = f.c[1];
  f.outs[1] = f.outs[0];
  assert_fails(family_eval(&f, x, 2), bad, "same ciphertext");
  f.outs[1] = NULL;
  assert_true(has_bytes(f.outs[0], &before));
  free(before.data);
  umbra_ciphertext_destroy(low);
  family_close(&f);
}

static void inputs_from_an_interval(void **state) {
  (void)state;
  static const double intervals[][2] = {{-8, 8}, {0.5, 2.5}, {-1, 1}, {-3, 11}};
  for (size_t i = 0; i < sizeof intervals / sizeof *intervals; i++) {
    double lo = intervals[i][0], hi = intervals[i][1];
    umbra_ciphertext *t = NULL;
    vector wide = vector_make(points.slots);
    for (uint32_t j = 0; j < points.slots; j++) wide.value[j] = lo + (hi - lo) * (points.value[j] + 1) / 2;
    umbra_ciphertext *z = encrypt_vector(&s, &wide, UMBRA_TOP_LEVEL);
    assert_ok(umbra_chebyshev_input(s.evaluator, &t, z, lo, hi));
    assert_int_equal(umbra_ciphertext_level(t), DEPTH - (hi - lo != 2));
    assert_true(worst_error(&s, t, &points) < 1e-9);
    assert_fails(umbra_chebyshev_input(s.evaluator, &t, z, hi, lo), UMBRA_ERROR_INVALID_ARGUMENT, "lo < hi");
    umbra_ciphertext_destroy(z);
    umbra_ciphertext_destroy(t);
    vector_destroy(&wide);
  }
}

static int open_all(void **state) {
  (void)state;
  scheme_open(&s, test_params(11, 50, DEPTH), NULL, NULL, 0);
  points = vector_make(1024);
  for (uint32_t j = 0; j < points.slots; j++) points.value[j] = (double)cosl(pi * j / (points.slots - 1));
  x = encrypt_vector(&s, &points, UMBRA_TOP_LEVEL);
  return 0;
}

static int close_all(void **state) {
  (void)state;
  umbra_ciphertext_destroy(x);
  vector_destroy(&points);
  scheme_close(&s);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(values_in_the_clear),
      cmocka_unit_test(depths),
      cmocka_unit_test(all_degrees),
      cmocka_unit_test(odd_and_even),
      cmocka_unit_test(single_terms),
      cmocka_unit_test(low_degrees),
      cmocka_unit_test(levels_and_places),
      cmocka_unit_test(several),
      cmocka_unit_test(several_that_cannot_be),
      cmocka_unit_test(inputs_from_an_interval),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
