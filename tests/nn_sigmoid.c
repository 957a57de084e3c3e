/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Fits of the sigmoid: against least squares solved by the normal equations of a dense grid, and known figures. */
#include "../host/nn/sigmoid.h"
#include "scheme.h"

enum { MOST = UMBRA_SIGMOID_MAX_DEGREE + 1 };

static long double exact(long double x) { return 1 / (1 + expl(-x)); }

/* sum c[k] T_k(t) by the recurrence of T_k. */
static long double value(const double *c, uint32_t degree, long double t) {
  long double before = 1, here = t, sum = c[0];
  for (uint32_t k = 1; k <= degree; k++) {
    sum += c[k] * here;
    long double next = 2 * t * here - before;
    before = here;
    here = next;
  }
  return sum;
}

/* Solves by elimination with pivots; b becomes the solution. */
static void solve(long double a[MOST][MOST], long double *b, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) {
    uint32_t pivot = i;
    for (uint32_t r = i + 1; r < n; r++)
      if (fabsl(a[r][i]) > fabsl(a[pivot][i])) pivot = r;
    for (uint32_t c = 0; c < n; c++) {
      long double swapped = a[i][c];
      a[i][c] = a[pivot][c];
      a[pivot][c] = swapped;
    }
    long double swapped = b[i];
    b[i] = b[pivot];
    b[pivot] = swapped;
    for (uint32_t r = i + 1; r < n; r++) {
      long double factor = a[r][i] / a[i][i];
      for (uint32_t c = i; c < n; c++) a[r][c] -= factor * a[i][c];
      b[r] -= factor * b[i];
    }
  }
  for (uint32_t i = n; i-- > 0;) {
    for (uint32_t c = i + 1; c < n; c++) b[i] -= a[i][c] * b[c];
    b[i] /= a[i][i];
  }
}

/* Normal equations in the Chebyshev basis; the integrals by Simpson's rule in acos t, which is fine near the ends. */
static void least_squares(long double *solution, uint32_t degree, long double range) {
  enum { STEPS = 8000 };
  static long double a[MOST][MOST];
  long double basis[MOST];
  memset(a, 0, sizeof a);
  memset(solution, 0, MOST * sizeof *solution);
  for (int i = 0; i <= STEPS; i++) {
    long double angle = 3.14159265358979323846L * i / STEPS, t = cosl(angle);
    long double weight = (i % 2 ? 4 : 2) * sinl(angle); /* and nothing at the ends */
    basis[0] = 1;
    basis[1] = t;
    for (uint32_t k = 2; k <= degree; k++) basis[k] = 2 * t * basis[k - 1] - basis[k - 2];
    for (uint32_t r = 0; r <= degree; r++) {
      for (uint32_t c = 0; c <= degree; c++) a[r][c] += weight * basis[r] * basis[c];
      solution[r] += weight * basis[r] * exact(range * t);
    }
  }
  solve(a, solution, degree + 1);
}

static void assert_symmetric(const double *c, uint32_t degree) {
  assert_true(c[0] == 0.5);
  for (uint32_t k = 2; k <= degree; k += 2) assert_true(c[k] == 0 && !signbit(c[k]));
}

static umbra_status fit_sigmoid(double *coefficient, uint32_t degree, umbra_fit fit, double range) {
  const umbra_sigmoid_options options = {.struct_size = sizeof options, .degree = degree, .fit = fit, .range = range};
  return umbra_sigmoid_fit(coefficient, &options);
}

static void least_squares_of_all_degrees(void **state) {
  (void)state;
  static const uint32_t degrees[] = {1, 2, 3, 4, 5, 7, 8, 15, 32, 63};
  static const double ranges[] = {0.5, 8, 16, 40};
  for (size_t d = 0; d < sizeof degrees / sizeof *degrees; d++)
    for (size_t r = 0; r < sizeof ranges / sizeof *ranges; r++) {
      double c[MOST];
      long double expected[MOST];
      assert_ok(fit_sigmoid(c, degrees[d], UMBRA_FIT_LEAST_SQUARES, ranges[r]));
      assert_symmetric(c, degrees[d]);
      least_squares(expected, degrees[d], ranges[r]);
      for (uint32_t k = 0; k <= degrees[d]; k++)
        if (!(fabsl(c[k] - expected[k]) < 1e-10L))
          fail_msg("degree %u, range %g, k %u: %g, expected %Lg", degrees[d], ranges[r], k, c[k], expected[k]);
    }
}

/* The polynomial of HELR: 0.5 + 0.15011988 x - 0.001593 x^3 on [-8, 8], in the literature's digits. */
static void known_polynomial(void **state) {
  (void)state;
  double c[4];
  assert_ok(fit_sigmoid(c, 3, UMBRA_FIT_LEAST_SQUARES, 8));
  double cubic = 4 * c[3] / 512, linear = (c[1] - 3 * c[3]) / 8;
  assert_true(fabs(linear - 0.15011988) < 5e-6 && fabs(cubic + 0.001593) < 5e-7);
}

/* Of degree 1 the slope is 3 / (2 a^3) times the integral of x s(x) over [-a, a]. */
static void by_hand(void **state) {
  (void)state;
  const long double a = 2;
  long double sum = 0;
  enum { STEPS = 20000 };
  for (int i = 0; i < STEPS; i++) {
    long double x = a * (2 * (i + 0.5L) / STEPS - 1);
    sum += 2 * a / STEPS * x * exact(x);
  }
  double c[2];
  assert_ok(fit_sigmoid(c, 1, UMBRA_FIT_LEAST_SQUARES, (double)a));
  assert_true(fabsl(c[1] / a - sum * 3 / (2 * a * a * a)) < 1e-9L);
}

static void interpolation(void **state) {
  (void)state;
  for (uint32_t degree = 1; degree <= UMBRA_SIGMOID_MAX_DEGREE; degree += degree < 9 ? 1 : 9) {
    double c[MOST];
    assert_ok(fit_sigmoid(c, degree, UMBRA_FIT_CHEBYSHEV, 8));
    assert_symmetric(c, degree);
    for (uint32_t i = 0; i <= degree; i++) { /* exact in its nodes */
      long double t = cosl(3.14159265358979323846L * (i + 0.5L) / (degree + 1));
      assert_true(fabsl(value(c, degree, t) - exact(8 * t)) < 1e-14L);
    }
  }
}

/* As found on another grid; and of least squares the mean error is the smaller one. */
static void errors(void **state) {
  (void)state;
  static const uint32_t degrees[] = {1, 3, 7, 15, 31};
  static const double ranges[] = {2, 8, 16};
  for (size_t d = 0; d < sizeof degrees / sizeof *degrees; d++)
    for (size_t r = 0; r < sizeof ranges / sizeof *ranges; r++) {
      enum { STEPS = 30000 };
      double squares[2] = {0, 0};
      for (int fit = 0; fit < 2; fit++) {
        double c[MOST], found = 0;
        assert_ok(fit_sigmoid(c, degrees[d], (umbra_fit)fit, ranges[r]));
        for (int i = 0; i <= STEPS; i++) {
          long double t = 2.0L * i / STEPS - 1;
          double error = (double)fabsl(value(c, degrees[d], t) - exact(ranges[r] * t));
          found = fmax(found, error);
          squares[fit] += error * error;
        }
        double said = umbra_sigmoid_fit_error(c, degrees[d], ranges[r]);
        if (!(fabs(said - found) < 1e-3 * found + 1e-14))
          fail_msg("degree %u, range %g, fit %d: error %g, found %g", degrees[d], ranges[r], fit, said, found);
      }
      if (squares[0] > 1e-20) assert_true(squares[0] < squares[1]);
    }
}

static void fits_that_cannot_be(void **state) {
  (void)state;
  const umbra_status bad = UMBRA_ERROR_INVALID_ARGUMENT;
  double c[MOST] = {7};
  assert_fails(fit_sigmoid(c, 0, UMBRA_FIT_LEAST_SQUARES, 8), bad, "degree is 0");
  assert_fails(fit_sigmoid(c, 64, UMBRA_FIT_CHEBYSHEV, 8), bad, "degree is 64");
  assert_fails(fit_sigmoid(c, 3, UMBRA_FIT_LEAST_SQUARES, 0), bad, "range is 0");
  assert_fails(fit_sigmoid(c, 3, UMBRA_FIT_LEAST_SQUARES, NAN), bad, "range is");
  assert_fails(fit_sigmoid(c, 3, UMBRA_FIT_CHEBYSHEV, INFINITY), bad, "range is inf");
  assert_fails(fit_sigmoid(c, 3, UMBRA_FIT_MINIMAX, 8), bad, "fit is 2");
  assert_fails(fit_sigmoid(NULL, 3, UMBRA_FIT_CHEBYSHEV, 8), bad, "coefficients");
  assert_true(c[0] == 7);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(least_squares_of_all_degrees),
      cmocka_unit_test(known_polynomial),
      cmocka_unit_test(by_hand),
      cmocka_unit_test(interpolation),
      cmocka_unit_test(errors),
      cmocka_unit_test(fits_that_cannot_be),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
