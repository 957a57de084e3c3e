/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Fits in the clear: minimax by the alternation of their errors, least squares by what is orthogonal to what, and what
 * the descriptions promise.
 */
#include "../fits.h"
#include "../scheme.h"

/* ---- functions ---- */

static void named_values(void **state) {
  (void)state;
  for (double x = -30; x <= 30; x += 0.37) {
    const long double s = 1 / (1 + expl(-x)), gelu = x / 2 * erfcl(-(long double)x / sqrtl(2));
    const long double expected[] = {0, s, tanhl(x), gelu, x * s, log1pl(expl(x)), expl(x), 1 / (long double)x};
    for (int f = 1; f < 8; f++)
      if (!(fabsl(umbra_function_value((umbra_function)f, x) - expected[f]) <= 1e-12L * fabsl(expected[f])))
        fail_msg("function %d at %g", f, x);
  }
  assert_true(umbra_function_value(UMBRA_FUNCTION_INVERSE_SQRT, 0.25) == 2);
  assert_true(umbra_function_value(UMBRA_FUNCTION_LOG, 1) == 0);
  assert_true(umbra_function_value(UMBRA_FUNCTION_SIGMOID, -INFINITY) == 0);
  assert_true(umbra_function_value(UMBRA_FUNCTION_SOFTPLUS, 1e300) == 1e300);
  assert_true(umbra_function_value(UMBRA_FUNCTION_SILU, -1e300) == 0);
  assert_true(umbra_function_value(UMBRA_FUNCTION_RELU, -2) == 0 && umbra_function_value(UMBRA_FUNCTION_RELU, 3) == 3);
  assert_true(fabs(umbra_function_value(UMBRA_FUNCTION_GELU_TANH, 1) - 0.8411919906082768) < 1e-15);
  assert_true(umbra_function_value(UMBRA_FUNCTION_GELU_TANH, -1e3) == 0);
  assert_true(fabs(umbra_function_value(UMBRA_FUNCTION_ERF, 0.5) - 0.5204998778130465) < 1e-15);
  assert_true(isnan(umbra_function_value(UMBRA_FUNCTION_INVERSE, 0)));
  assert_true(isnan(umbra_function_value(UMBRA_FUNCTION_LOG, 0)));
  assert_true(isnan(umbra_function_value(UMBRA_FUNCTION_INVERSE_SQRT, -1)));
  assert_true(isnan(umbra_function_value(UMBRA_FUNCTION_GIVEN, 1)));
  assert_true(isnan(umbra_function_value((umbra_function)99, 1)));
}

static double cubic(double x, void *user) {
  (void)user;
  return 2 * x * x * x - x + 5;
}
static double exponential(double x, void *user) { return exp(*(double *)user * x); }
static double pole(double x, void *user) {
  (void)user;
  return x < 1 ? x : NAN;
}
static double step(double x, void *user) { return x > *(double *)user ? 1 : -1; }
static double bell(double x, void *user) {
  (void)user;
  return exp(-x * x / 2);
}

/* A cubic is its own fit of any kind: 2 x^3 - x + 5 = T_3 / 2 + T_1 / 2 + 5 on [-1, 1]. */
static void a_polynomial(void **state) {
  (void)state;
  static const double expected[] = {5, 0.5, 0, 0.5, 0, 0, 0, 0};
  for (int kind = 0; kind < 3; kind++) {
    double c[8];
    umbra_fit_report report = {UMBRA_FIT_REPORT_INIT};
    umbra_fit_desc desc = {UMBRA_FIT_DESC_INIT, .f = cubic, .degree = 7};
    desc.kind = (umbra_fit)kind;
    assert_ok(umbra_chebyshev_fit(c, &report, &desc));
    for (int k = 0; k < 8; k++) assert_true(fabs(c[k] - expected[k]) < 1e-13);
    assert_true(report.max_error < 1e-13);
  }
}

/* Zeros where a function is odd or even, up to a constant or a line; none where it is not. */
static void structure(void **state) {
  (void)state;
  static const struct {
    umbra_function function;
    double lo, hi;
    int odd, even; /* coefficients of these places from 2 or 3 on are there */
  } cases[] = {{UMBRA_FUNCTION_SIGMOID, -8, 8, 1, 0},  {UMBRA_FUNCTION_TANH, -4, 4, 1, 0},
               {UMBRA_FUNCTION_GELU, -8, 8, 0, 1},     {UMBRA_FUNCTION_SILU, -8, 8, 0, 1},
               {UMBRA_FUNCTION_SOFTPLUS, -6, 6, 0, 1}, {UMBRA_FUNCTION_EXP, -2, 2, 1, 1},
               {UMBRA_FUNCTION_SIGMOID, -8, 7, 1, 1},  {UMBRA_FUNCTION_GELU, -7, 8, 1, 1}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    for (int kind = 0; kind < 3; kind++) {
      double c[12];
      umbra_fit_desc desc = {UMBRA_FIT_DESC_INIT, .function = cases[i].function, .degree = 11};
      desc.lo = cases[i].lo;
      desc.hi = cases[i].hi;
      desc.kind = (umbra_fit)kind;
      assert_ok(umbra_chebyshev_fit(c, NULL, &desc));
      for (uint32_t k = 2; k < 12; k++) {
        int there = k % 2 ? cases[i].odd : cases[i].even;
        if ((c[k] != 0) != there) fail_msg("case %zu, kind %d: coefficient %u is %g", i, kind, k, c[k]);
      }
      if (cases[i].function == UMBRA_FUNCTION_TANH) assert_true(c[0] == 0);
    }
}

/* ---- degrees ---- */

static void degree_from_an_error(void **state) {
  (void)state;
  static const double errors[] = {0.1, 1e-3, 1e-6, 1e-9};
  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
    for (int kind = 0; kind < 3; kind++) {
      double c[MOST];
      umbra_fit_report found = {UMBRA_FIT_REPORT_INIT}, less = {UMBRA_FIT_REPORT_INIT};
      umbra_fit_desc desc = {UMBRA_FIT_DESC_INIT, .function = UMBRA_FUNCTION_EXP, .max_error = errors[i]};
      desc.kind = (umbra_fit)kind;
      assert_ok(umbra_chebyshev_fit(c, &found, &desc));
      assert_true(found.max_error <= errors[i] && found.depth == umbra_chebyshev_depth(found.degree));
      if (found.degree < 2) continue;
      desc.degree = found.degree - 1;
      desc.max_error = 0;
      assert_ok(umbra_chebyshev_fit(c, &less, &desc));
      assert_true(less.max_error > errors[i]);
      desc.max_error = errors[i];
      assert_fails(umbra_chebyshev_fit(c, NULL, &desc), UMBRA_ERROR_RANGE, "is wanted");
    }
}

static void degree_from_a_depth(void **state) {
  (void)state;
  for (uint32_t depth = 1; depth <= 9; depth++) {
    double c[MOST];
    umbra_fit_report report = {UMBRA_FIT_REPORT_INIT};
    umbra_fit_desc desc = {UMBRA_FIT_DESC_INIT, .function = UMBRA_FUNCTION_LOG, .depth = depth};
    desc.lo = 0.01;
    desc.hi = 8;
    assert_ok(umbra_chebyshev_fit(c, &report, &desc));
    assert_int_equal(report.degree, depth < 8 ? (1u << depth) - 1 : UMBRA_MAX_DEGREE);
    assert_int_equal(report.depth, depth < 8 ? depth : 8);
    desc.degree = 5;
    assert_ok(umbra_chebyshev_fit(c, &report, &desc));
    assert_int_equal(report.degree, depth < 3 ? (1u << depth) - 1 : 5);
  }
}

/* ---- two intervals ---- */

static void minimax_on_two_intervals(void **state) {
  (void)state;
  static const struct {
    double lo, gap_lo, gap_hi, hi, at;
  } cases[] = {{-1, -0.05, 0.05, 1, 0}, {-1, -0.05, 0.05, 2, 0}, {-3, 0.2, 0.5, 1, 0.3}, {-1, -0.5, 0.25, 1, 0}};
  static const uint32_t degrees[] = {3, 8, 15, 31, 64};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    for (size_t k = 0; k < sizeof degrees / sizeof *degrees; k++) {
      double c[MOST], at = cases[i].at;
      umbra_fit_report report = {UMBRA_FIT_REPORT_INIT};
      umbra_fit_desc desc = {UMBRA_FIT_DESC_INIT, .f = step, .user = &at, .degree = degrees[k]};
      desc.lo = cases[i].lo;
      desc.hi = cases[i].hi;
      desc.gap_lo = cases[i].gap_lo;
      desc.gap_hi = cases[i].gap_hi;
      desc.kind = UMBRA_FIT_MINIMAX;
      assert_ok(umbra_chebyshev_fit(c, &report, &desc));
      /* Below, rounding that grows in a wide gap hides the waves. */
      if (report.max_error > 1e-6) check_alternation(&desc, c, report.max_error);
      for (uint32_t j = 0; i == 0 && j <= desc.degree; j += 2) assert_true(c[j] == 0);
    }
}

/* ---- densities ---- */

/* Adds share * T_k(t) to sum[k], for all k up to the degree. */
static void add_basis(long double *sum, uint32_t degree, long double t, long double share) {
  long double before = t, here = 1;
  for (uint32_t k = 0; k <= degree; k++) {
    sum[k] += share * here;
    long double next = 2 * t * here - before;
    before = here;
    here = next;
  }
}

/* Integrals of weight error T_k over the interval, by Simpson's rule; weights with steps are constant in each part. */
static void check_orthogonal(const umbra_fit_desc *d, const double *c,
                             double (*weight)(const umbra_fit_desc *d, double x)) {
  enum { PARTS = 1 << 14 };
  static const double share[] = {1, 4, 1};
  long double sum[MOST] = {0}, size = 0, width = ((long double)d->hi - d->lo) / PARTS;
  for (int i = 0; i < PARTS; i++) {
    double inside = weight(d, (double)(d->lo + width * (i + 0.5L)));
    for (int j = 0; j < 3; j++) {
      double x = (double)(d->lo + width * (i + 0.5L * j));
      long double part = share[j] * (d->density ? weight(d, x) : inside);
      part *= f_at(d, x) - umbra_chebyshev_value(c, d->degree, (2 * x - d->lo - d->hi) / (d->hi - d->lo));
      add_basis(sum, d->degree, (2.0L * x - d->lo - d->hi) / ((long double)d->hi - d->lo), part);
      size += fabsl(part);
    }
  }
  for (uint32_t k = 0; k <= d->degree; k++)
    if (!(fabsl(sum[k]) <= 1e-7L * size)) fail_msg("T_%u is in the error: %Lg of %Lg", k, sum[k], size);
}

static double bell_weight(const umbra_fit_desc *d, double x) {
  const double mean = sqrt(2 * acos(-1)) / (d->hi - d->lo); /* of the whole bell, as far as doubles see */
  return bell(x, NULL) / mean + d->floor;
}

static double histogram_weight(const umbra_fit_desc *d, double x) {
  enum { BINS = 64 };
  double width = (d->hi - d->lo) / BINS, count = 0;
  for (size_t i = 0; i < d->sample_count; i++)
    count += floor((d->samples[i] - d->lo) / width) == floor((x - d->lo) / width);
  return count * BINS / (double)d->sample_count + d->floor;
}

static void least_squares_by_a_density(void **state) {
  (void)state;
  static const uint32_t degrees[] = {1, 4, 15, 40};
  for (size_t i = 0; i < sizeof degrees / sizeof *degrees; i++) {
    double c[MOST], plain[MOST];
    umbra_fit_report weighted = {UMBRA_FIT_REPORT_INIT}, even = {UMBRA_FIT_REPORT_INIT};
    umbra_fit_desc desc = {UMBRA_FIT_DESC_INIT, .function = UMBRA_FUNCTION_GELU, .degree = degrees[i]};
    desc.lo = -12;
    desc.hi = 9;
    desc.kind = UMBRA_FIT_LEAST_SQUARES;
    assert_ok(umbra_chebyshev_fit(plain, &even, &desc));
    desc.density = bell;
    desc.floor = 0.1;
    assert_ok(umbra_chebyshev_fit(c, &weighted, &desc));
    check_orthogonal(&desc, c, bell_weight);
    double near = 0, plain_near = 0;
    for (double x = -1; x <= 1; x += 0.01) {
      double t = (2 * x - desc.lo - desc.hi) / (desc.hi - desc.lo);
      near = fmax(near, fabs(umbra_chebyshev_value(c, desc.degree, t) - f_at(&desc, x)));
      plain_near = fmax(plain_near, fabs(umbra_chebyshev_value(plain, desc.degree, t) - f_at(&desc, x)));
    }
    assert_true(near < plain_near && weighted.max_error > even.max_error * 0.999);
  }
}

static void least_squares_by_samples(void **state) {
  (void)state;
  enum { SAMPLES = 500 };
  double samples[SAMPLES], c[MOST];
  uint64_t random = 3;
  for (int i = 0; i < SAMPLES; i++) samples[i] = 6 * uniform(&random) * uniform(&random);
  umbra_fit_desc desc = {UMBRA_FIT_DESC_INIT, .function = UMBRA_FUNCTION_TANH, .degree = 9, .samples = samples};
  desc.lo = -8;
  desc.hi = 8;
  desc.kind = UMBRA_FIT_LEAST_SQUARES;
  desc.sample_count = SAMPLES;
  assert_ok(umbra_chebyshev_fit(c, NULL, &desc));
  check_orthogonal(&desc, c, histogram_weight);
  samples[7] = 8.5;
  assert_fails(umbra_chebyshev_fit(c, NULL, &desc), UMBRA_ERROR_RANGE, "sample 7 is 8.5");
}

/* ---- errors as reported ---- */

static void errors_on_another_grid(void **state) {
  (void)state;
  double rate = 0.75, c[13], found = 0, squares = 0;
  umbra_fit_report report = {UMBRA_FIT_REPORT_INIT};
  umbra_fit_desc desc = {UMBRA_FIT_DESC_INIT, .f = exponential, .user = &rate, .degree = 12};
  desc.lo = -3;
  desc.hi = 5;
  assert_ok(umbra_chebyshev_fit(c, &report, &desc));
  enum { STEPS = 30000 };
  for (int i = 0; i <= STEPS; i++) {
    double error = error_at(&desc, c, 12, x_of(&desc, 2.0L * i / STEPS - 1));
    found = fmax(found, fabs(error));
    squares += error * error / (STEPS + 1);
  }
  assert_true(report.max_error > 1e-9 && fabs(found / report.max_error - 1) < 0.01);
  assert_true(fabs(sqrt(squares) / report.rms_error - 1) < 0.01);
}

static double huge(double x, void *user) {
  (void)user;
  return 1e308 * x;
}

#define REFUSED(status, words, ...)                                      \
  do {                                                                   \
    umbra_fit_desc desc = {.struct_size = sizeof desc, __VA_ARGS__};     \
    assert_fails(umbra_chebyshev_fit(c, &report, &desc), status, words); \
  } while (0)

static void fits_that_cannot_be(void **state) {
  (void)state;
  double c[4] = {1, 2, 3, 4}, at = 0, sample[] = {0.5};
  umbra_fit_report report = {UMBRA_FIT_REPORT_INIT, .max_error = 7};
  const umbra_status bad = UMBRA_ERROR_INVALID_ARGUMENT, range = UMBRA_ERROR_RANGE;
  for (int kind = 0; kind < 3; kind++)
    REFUSED(range, "not finite", .f = pole, .lo = -1, .hi = 2, .degree = 2, .kind = (umbra_fit)kind);
  for (int kind = 0; kind < 2; kind++)
    REFUSED(range, "too large", .f = huge, .lo = -1, .hi = 1, .degree = 3, .kind = (umbra_fit)kind);
  REFUSED(range, "", .f = huge, .lo = -1, .hi = 1, .degree = 3, .kind = UMBRA_FIT_MINIMAX);
  REFUSED(bad, "lo < hi", .f = cubic, .lo = 1, .hi = 1, .degree = 3);
  REFUSED(bad, "lo < hi", .f = cubic, .lo = NAN, .hi = 1, .degree = 3);
  REFUSED(bad, "lo < hi", .f = cubic, .lo = 0, .hi = INFINITY, .degree = 3);
  REFUSED(bad, "255", .f = cubic, .hi = 1, .degree = UMBRA_MAX_DEGREE + 1);
  REFUSED(bad, "an error above 0", .f = cubic, .hi = 1);
  REFUSED(bad, "an error above 0", .f = cubic, .hi = 1, .degree = 3, .max_error = NAN);
  REFUSED(bad, "a function", .hi = 1, .degree = 3);
  REFUSED(bad, "not both", .f = cubic, .function = UMBRA_FUNCTION_EXP, .hi = 1, .degree = 3);
  REFUSED(bad, "99 is no function", .function = (umbra_function)99, .hi = 1, .degree = 3);
  REFUSED(bad, "3 is no kind", .f = cubic, .hi = 1, .degree = 3, .kind = (umbra_fit)3);
  REFUSED(range, "1/x has no polynomial on [-1, 1]", .function = UMBRA_FUNCTION_INVERSE, .lo = -1, .hi = 1,
          .degree = 3);
  REFUSED(range, "1/x", .function = UMBRA_FUNCTION_INVERSE, .lo = -1, .hi = 0, .degree = 3);
  REFUSED(range, "1/sqrt(x)", .function = UMBRA_FUNCTION_INVERSE_SQRT, .hi = 1, .degree = 3);
  REFUSED(range, "log(x)", .function = UMBRA_FUNCTION_LOG, .lo = -2, .hi = -1, .degree = 3);
  REFUSED(bad, "a gap", .f = step, .user = &at, .lo = -1, .hi = 1, .gap_lo = -0.1, .gap_hi = 0.1, .degree = 3);
  REFUSED(bad, "a gap", .f = step, .user = &at, .lo = -1, .hi = 1, .gap_lo = -1, .gap_hi = 0.1, .degree = 3,
          .kind = UMBRA_FIT_MINIMAX);
  REFUSED(bad, "a density", .f = cubic, .hi = 1, .degree = 3, .density = bell, .floor = 0.1,
          .kind = UMBRA_FIT_CHEBYSHEV);
  REFUSED(bad, "a density", .f = cubic, .hi = 1, .degree = 3, .samples = sample);
  REFUSED(bad, "a density", .f = cubic, .hi = 1, .degree = 3, .sample_count = 5, .floor = 0.1);
  REFUSED(bad, "floor is 0", .f = cubic, .hi = 1, .degree = 3, .density = bell);
  REFUSED(range, "negative", .f = cubic, .lo = -1, .hi = 0.5, .degree = 3, .density = pole, .floor = 0.1);
  assert_fails(umbra_chebyshev_fit(c, &report, NULL), bad, "a function");
  umbra_fit_desc whole = {UMBRA_FIT_DESC_INIT, .f = cubic, .degree = 3};
  assert_fails(umbra_chebyshev_fit(NULL, &report, &whole), bad, "coefficients");
  assert_true(c[0] == 1 && c[3] == 4 && report.max_error == 7);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(named_values),
      cmocka_unit_test(a_polynomial),
      cmocka_unit_test(structure),
      cmocka_unit_test(degree_from_an_error),
      cmocka_unit_test(degree_from_a_depth),
      cmocka_unit_test(minimax_on_two_intervals),
      cmocka_unit_test(least_squares_by_a_density),
      cmocka_unit_test(least_squares_by_samples),
      cmocka_unit_test(errors_on_another_grid),
      cmocka_unit_test(fits_that_cannot_be),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
