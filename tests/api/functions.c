/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* labels: slow UMBRA_TEST_LOG_N=16 */
/*
 * Named functions of encrypted values, from a description to a result: as close as the report says, and 2^-20 of the sum of
 * the coefficients for encryption; by each kind of fit, and several of one input together.
 */
#include "../scheme.h"

enum { DEPTH = 6, MOST = UMBRA_MAX_DEGREE + 1, FUNCTIONS = 9 };

static scheme s;
static uint32_t slots;

static const struct {
  umbra_function function;
  double lo, hi;
  uint32_t depth;
} cases[FUNCTIONS] = {
    {UMBRA_FUNCTION_SIGMOID, -8, 8, 5},  {UMBRA_FUNCTION_TANH, -4, 4, 4},          {UMBRA_FUNCTION_GELU, -8, 8, 5},
    {UMBRA_FUNCTION_SILU, -8, 8, 5},     {UMBRA_FUNCTION_SOFTPLUS, -8, 8, 4},      {UMBRA_FUNCTION_EXP, -8, 0, 4},
    {UMBRA_FUNCTION_INVERSE, 0.5, 2, 3}, {UMBRA_FUNCTION_INVERSE_SQRT, 0.5, 2, 4}, {UMBRA_FUNCTION_LOG, 0.25, 4, 4},
};

static umbra_fit_report fit(double *c, size_t i, umbra_fit kind) {
  umbra_fit_report report = {UMBRA_FIT_REPORT_INIT};
  umbra_fit_desc desc = {UMBRA_FIT_DESC_INIT, .function = cases[i].function, .depth = cases[i].depth};
  desc.lo = cases[i].lo;
  desc.hi = cases[i].hi;
  desc.kind = kind;
  assert_ok(umbra_chebyshev_fit(c, &report, &desc));
  return report;
}

/* Both ends, and values all over the interval. */
static vector values_in(double lo, double hi) {
  uint64_t random = 9;
  vector v = vector_make(slots);
  for (uint32_t j = 0; j < slots; j++) v.value[j] = j < 2 ? j ? hi : lo : lo + (hi - lo) * (uniform(&random) + 1) / 2;
  return v;
}

static void check(const umbra_ciphertext *out, const vector *in, size_t i, const umbra_fit_report *r) {
  vector expected = vector_make(slots);
  for (uint32_t j = 0; j < slots; j++)
    expected.value[j] = umbra_function_value(cases[i].function, (double)creall(in->value[j]));
  double error = worst_error(&s, out, &expected), most = r->max_error + 0x1p-20 * r->coefficient_sum;
  if (!(error <= most)) fail_msg("function %d: error %g, fit %g", (int)cases[i].function, error, r->max_error);
  vector_destroy(&expected);
}

static void each_function(void **state) {
  (void)state;
  for (size_t i = 0; i < FUNCTIONS; i++) {
    umbra_ciphertext *t = NULL, *out = NULL;
    vector in = values_in(cases[i].lo, cases[i].hi);
    umbra_ciphertext *x = encrypt_vector(&s, &in, UMBRA_TOP_LEVEL);
    assert_ok(umbra_chebyshev_input(s.evaluator, &t, x, cases[i].lo, cases[i].hi));
    for (int kind = 0; kind < 3; kind++) {
      double c[MOST];
      umbra_fit_report report = fit(c, i, (umbra_fit)kind);
      assert_ok(umbra_chebyshev_eval(s.evaluator, &out, t, c, report.degree));
      assert_int_equal(umbra_ciphertext_level(out), DEPTH - 1 - cases[i].depth);
      check(out, &in, i, &report);
    }
    umbra_ciphertext_destroy(x);
    umbra_ciphertext_destroy(t);
    umbra_ciphertext_destroy(out);
    vector_destroy(&in);
  }
}

/* Three on [-8, 8]. */
static void together(void **state) {
  (void)state;
  enum { COUNT = 3 };
  static const size_t which[COUNT] = {0, 2, 4};
  double c[COUNT][MOST];
  const double *coefficients[COUNT];
  uint32_t degrees[COUNT];
  umbra_fit_report reports[COUNT];
  umbra_ciphertext *t = NULL, *outs[COUNT] = {NULL};
  vector in = values_in(-8, 8);
  umbra_ciphertext *x = encrypt_vector(&s, &in, UMBRA_TOP_LEVEL);
  for (int i = 0; i < COUNT; i++) {
    reports[i] = fit(c[i], which[i], UMBRA_FIT_MINIMAX);
    coefficients[i] = c[i];
    degrees[i] = reports[i].degree;
  }
  assert_ok(umbra_chebyshev_input(s.evaluator, &t, x, -8, 8));
  assert_ok(umbra_chebyshev_eval_many(s.evaluator, outs, t, coefficients, degrees, COUNT));
  for (int i = 0; i < COUNT; i++) {
    check(outs[i], &in, which[i], &reports[i]);
    umbra_ciphertext_destroy(outs[i]);
  }
  umbra_ciphertext_destroy(x);
  umbra_ciphertext_destroy(t);
  vector_destroy(&in);
}

static int open_all(void **state) {
  (void)state;
  scheme_open(&s, test_params(count_from_environment("UMBRA_TEST_LOG_N", 11), 40, DEPTH), NULL, NULL, 0);
  slots = umbra_params_slots(s.params);
  return 0;
}

static int close_all(void **state) {
  (void)state;
  scheme_close(&s);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_function),
      cmocka_unit_test(together),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
