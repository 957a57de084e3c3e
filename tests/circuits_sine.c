/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * The polynomials that take overflows away, the model of overflows, and the arithmetic beneath both, against MPFR,
 * exact rational numbers and counting.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <gmp.h>
#include <mpfr.h>

#include "host/base/double_double.h"
#include "host/base/memory.h"
#include "host/circuits/bootstrap/overflow.h"
#include "host/circuits/bootstrap/sine.h"

enum { BITS = 256 };

static uint64_t next(uint64_t *random) { return *random = *random * 6364136223846793005u + 1442695040888963407u; }

/* In [-1, 1). */
static double uniform(uint64_t *random) { return (double)(int64_t)next(random) * 0x1p-63; }

/* ---- double-double arithmetic ---- */

static umbra_dd random_number(uint64_t *random) {
  double high = ldexp(1.5 + uniform(random) / 2, (int)(next(random) >> 60) - 8);
  return (umbra_dd){next(random) >> 63 ? high : -high, high * 0x1p-54 * uniform(random)};
}

static void set_number(mpfr_t x, umbra_dd a) {
  mpfr_set_d(x, a.high, MPFR_RNDN);
  mpfr_add_d(x, x, a.low, MPFR_RNDN);
}

/* |a - x| <= 2^-bits * unit, and the upper half is the rounded number */
static void assert_near(umbra_dd a, mpfr_t x, double unit, int bits) {
  mpfr_t difference;
  mpfr_init2(difference, BITS);
  set_number(difference, a);
  mpfr_sub(difference, difference, x, MPFR_RNDN);
  assert_true(fabs(mpfr_get_d(difference, MPFR_RNDN)) <= ldexp(fabs(unit), -bits));
  assert_true(a.high + a.low == a.high);
  mpfr_clear(difference);
}

static void arithmetic(void **state) {
  (void)state;
  uint64_t random = 1;
  mpfr_t x, y, z;
  mpfr_inits2(BITS, x, y, z, (mpfr_ptr)0);
  for (int i = 0; i < 20000; i++) {
    umbra_dd a = random_number(&random), b = random_number(&random);
    set_number(x, a);
    set_number(y, b);
    mpfr_add(z, x, y, MPFR_RNDN);
    assert_near(umbra_dd_add(a, b), z, fmax(fabs(a.high), fabs(b.high)), 104);
    mpfr_sub(z, x, y, MPFR_RNDN);
    assert_near(umbra_dd_sub(a, b), z, fmax(fabs(a.high), fabs(b.high)), 104);
    mpfr_mul(z, x, y, MPFR_RNDN);
    assert_near(umbra_dd_mul(a, b), z, a.high * b.high, 102);
    mpfr_div(z, x, y, MPFR_RNDN);
    assert_near(umbra_dd_div(a, b), z, a.high / b.high, 101);
    mpfr_abs(x, x, MPFR_RNDN);
    umbra_dd positive = a.high < 0 ? umbra_dd_negate(a) : a;
    mpfr_sqrt(z, x, MPFR_RNDN);
    assert_near(umbra_dd_sqrt(positive), z, sqrt(positive.high), 102);
    unsigned k = 1 + (unsigned)i % 16;
    mpfr_rootn_ui(z, x, k, MPFR_RNDN);
    assert_near(umbra_dd_root(positive, k), z, mpfr_get_d(z, MPFR_RNDN), 98);
  }
  mpfr_clears(x, y, z, (mpfr_ptr)0);
}

/* Angles of all quadrants and both signs, whole quarters and eighths among them. */
static void circle(void **state) {
  (void)state;
  uint64_t random = 2;
  mpfr_t t, turn, z;
  mpfr_inits2(BITS, t, turn, z, (mpfr_ptr)0);
  mpfr_const_pi(turn, MPFR_RNDN);
  mpfr_mul_ui(turn, turn, 2, MPFR_RNDN);
  for (int i = 0; i < 4000; i++) {
    umbra_dd a = i < 400 ? umbra_dd_of((i - 200) / 16.0) : random_number(&random);
    set_number(t, a);
    mpfr_mul(t, t, turn, MPFR_RNDN);
    umbra_dd_circle point = umbra_dd_turn(a);
    double unit = fmax(1, fabs(a.high)); /* the argument itself has 106 bits */
    mpfr_cos(z, t, MPFR_RNDN);
    assert_near(point.cosine, z, unit, 100);
    mpfr_sin(z, t, MPFR_RNDN);
    assert_near(point.sine, z, unit, 100);
  }
  mpfr_clears(t, turn, z, (mpfr_ptr)0);
}

/* ---- overflows ---- */

/*
 * Probability that the sum of n uniform numbers in [-1/2, 1/2] is at least x / 2, x integer, exactly:
 *   1/n! sum over i of (-1)^i C(n, i) max(n/2 - x/2 - i, 0)^n.
 */
static void exact_tail(mpq_t tail, unsigned n, int x) {
  mpz_t sum, term, binomial;
  mpz_inits(sum, term, binomial, NULL);
  for (int i = 0; (int)n - x - 2 * i > 0; i++) {
    mpz_ui_pow_ui(term, (unsigned long)((int)n - x - 2 * i), n);
    mpz_bin_uiui(binomial, n, (unsigned long)i);
    mpz_mul(term, term, binomial);
    if (i % 2) mpz_sub(sum, sum, term);
    else mpz_add(sum, sum, term);
  }
  mpz_fac_ui(term, n);
  mpz_mul_2exp(term, term, n);
  mpq_set_num(tail, sum);
  mpq_set_den(tail, term);
  mpq_canonicalize(tail);
  mpz_clears(sum, term, binomial, NULL);
}

static void assert_probability(double found, const mpq_t exact) {
  double expected = mpq_get_d(exact);
  assert_true(fabs(found - expected) <= expected * 0x1p-40);
}

/* P(I = i): the sum of h numbers lies in [i - 1/2, i + 1/2]. */
static void overflow_probabilities(void **state) {
  (void)state;
  static const uint32_t weight[] = {1, 2, 3, 31, 32, 64, 128, 192};
  mpq_t tail, further;
  mpq_inits(tail, further, NULL);
  for (size_t w = 0; w < sizeof weight / sizeof *weight; w++) {
    uint32_t h = weight[w];
    double sum = umbra_overflow_probability(h, 0);
    for (uint32_t i = 0; i <= h / 2 + 2 && i <= 80; i++) {
      exact_tail(tail, h, 2 * (int)i - 1);
      exact_tail(further, h, 2 * (int)i + 1);
      mpq_sub(tail, tail, further);
      assert_probability(umbra_overflow_probability(h, i), tail);
      if (i) sum += 2 * umbra_overflow_probability(h, i);
      exact_tail(tail, h + 1, 2 * (int)i);
      mpq_add(tail, tail, tail);
      assert_probability(umbra_overflow_beyond(h, i), tail);
    }
    assert_true(fabs(sum - 1) < 1e-12);
  }
  mpq_clears(tail, further, NULL);
}

/* The published figure for h = 32, K = 16 and 2^16 coefficients. */
static void published_failure(void **state) {
  (void)state;
  assert_true(fabs(log2(0x1p16 * umbra_overflow_beyond(32, 16)) + 138.7) < 0.05);
  assert_true(fabs(log2(0x1p16 * umbra_overflow_beyond(192, 32)) + 34.8) < 0.05);
}

/* Sums of 32 uniform numbers and a message, counted. */
static void overflow_histogram(void **state) {
  (void)state;
  enum { SAMPLES = 400000, WEIGHT = 32, BINS = 6 };
  uint64_t random = 3;
  double count[BINS] = {0};
  for (int i = 0; i < SAMPLES; i++) {
    double sum = 0x1p-8 * uniform(&random);
    for (int k = 0; k < WEIGHT; k++) sum += uniform(&random) / 2;
    int size = abs((int)lrint(sum));
    if (size < BINS) count[size]++;
  }
  for (uint32_t i = 0; i < BINS; i++) {
    double expected = (i ? 2 : 1) * umbra_overflow_probability(WEIGHT, i) * SAMPLES;
    assert_true(fabs(count[i] - expected) < 5 * sqrt(expected));
  }
}

/* ---- polynomials ---- */

static const umbra_bootstrap_shape standard = {
    .overflow = 16, .degree = 30, .double_angles = 3, .arcsine_degree = 1, .ratio_bits = 8, .hamming = 32};

/* sum over k of c[k] T_{step k}(t), by its recurrence */
static void chebyshev(mpfr_t sum, const double *c, uint32_t terms, uint32_t step, mpfr_t t) {
  mpfr_t here, before, next;
  mpfr_inits2(BITS, here, before, next, (mpfr_ptr)0);
  mpfr_set_ui(here, 1, MPFR_RNDN);
  mpfr_set(before, t, MPFR_RNDN);
  mpfr_set_ui(sum, 0, MPFR_RNDN);
  for (uint32_t k = 0; k < terms * step; k++) {
    if (k % step == 0) {
      mpfr_mul_d(next, here, c[k / step], MPFR_RNDN);
      mpfr_add(sum, sum, next, MPFR_RNDN);
    }
    mpfr_mul(next, t, here, MPFR_RNDN);
    mpfr_mul_ui(next, next, 2, MPFR_RNDN);
    mpfr_sub(next, next, before, MPFR_RNDN);
    mpfr_swap(before, here);
    mpfr_swap(here, next);
  }
  mpfr_clears(here, before, next, (mpfr_ptr)0);
}

/* The steps of sine.h; before the arcsine if `arcsine` is 0. */
static void result(mpfr_t c, const umbra_sine *sine, double integer, double e, int arcsine) {
  mpfr_t y;
  mpfr_init2(y, BITS);
  mpfr_set_d(y, integer - 0.25, MPFR_RNDN);
  mpfr_add_d(y, y, e, MPFR_RNDN);
  mpfr_div_d(y, y, sine->range, MPFR_RNDN);
  chebyshev(c, sine->cosine, sine->degree / 2 + 1, 2, y);
  for (uint32_t i = 0; i < sine->double_angles; i++) {
    mpfr_sqr(c, c, MPFR_RNDN);
    mpfr_mul_ui(c, c, 2, MPFR_RNDN);
    mpfr_sub_d(c, c, sine->subtrahend[i], MPFR_RNDN);
  }
  if (arcsine) {
    mpfr_set(y, c, MPFR_RNDN);
    chebyshev(c, sine->arcsine, sine->arcsine_degree + 1, 1, y);
  }
  mpfr_clear(y);
}

/* sin(2 pi e) / (2 pi) */
static void exact_sine(mpfr_t s, double e) {
  mpfr_t turn;
  mpfr_init2(turn, BITS);
  mpfr_const_pi(turn, MPFR_RNDN);
  mpfr_mul_ui(turn, turn, 2, MPFR_RNDN);
  mpfr_mul_d(s, turn, e, MPFR_RNDN);
  mpfr_sin(s, s, MPFR_RNDN);
  mpfr_div(s, s, turn, MPFR_RNDN);
  mpfr_clear(turn);
}

/* |result before the arcsine - sine| */
static double fit_error(const umbra_sine *sine, double integer, double e) {
  mpfr_t c, s;
  mpfr_inits2(BITS, c, s, (mpfr_ptr)0);
  result(c, sine, integer, e, 0);
  exact_sine(s, e);
  mpfr_sub(c, c, s, MPFR_RNDN);
  double error = fabs(mpfr_get_d(c, MPFR_RNDN));
  mpfr_clears(c, s, (mpfr_ptr)0);
  return error;
}

/* What umbra_sine_measure says, found again on random points. */
static double check_measures(const umbra_sine *sine, uint32_t hamming, uint64_t *random) {
  enum { POINTS = 16 };
  umbra_sine_errors errors;
  umbra_sine_measure(&errors, sine, hamming);
  double square = 0;
  for (int i = -(int)sine->overflow; i <= (int)sine->overflow; i++) {
    for (int k = 0; k < POINTS; k++) {
      double e = sine->bound * uniform(random), error = fit_error(sine, i, e);
      assert_true(error <= errors.worst[abs(i)] * 1.01 + 0x1p-60);
      square += umbra_overflow_probability(hamming, (uint32_t)abs(i)) * error * error / POINTS;
    }
  }
  assert_true(fabs(sqrt(square) / errors.rms - 1) < 0.1);
  return errors.rms;
}

/* umbra_sine_value is what the steps give. */
static void check_values(const umbra_sine *sine, uint64_t *random) {
  mpfr_t c;
  mpfr_init2(c, BITS);
  for (int i = -(int)sine->overflow; i <= (int)sine->overflow; i++) {
    double e = sine->bound * uniform(random);
    result(c, sine, i, e, 1);
    assert_true(fabs(umbra_sine_value(sine, i, e) - mpfr_get_d(c, MPFR_RNDN)) <= 0x1p-55);
  }
  mpfr_clear(c);
}

/* Degree, double angles, K, h, ratio: rms error at most 2^-bits, worst error of all overflows at most 2^-worst_bits. */
static void fits(void **state) {
  (void)state;
  static const struct {
    uint32_t degree, double_angles, overflow, hamming, ratio_bits;
    double bits, worst_bits;
  } cases[] = {
      {30, 3, 16, 32, 8, 44, 23.5}, {30, 3, 16, 32, 4, 43, 23}, {30, 3, 16, 32, 3, 43, 23}, {28, 3, 16, 32, 8, 39, 20},
      {32, 3, 16, 32, 8, 48, 28},   {26, 4, 16, 32, 8, 49, 41}, {22, 3, 12, 16, 8, 37, 17}, {44, 3, 28, 64, 5, 40, 20},
  };
  uint64_t random = 4;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    umbra_bootstrap_shape shape = {.overflow = cases[i].overflow,
                                   .degree = cases[i].degree,
                                   .double_angles = cases[i].double_angles,
                                   .arcsine_degree = 1,
                                   .ratio_bits = cases[i].ratio_bits,
                                   .hamming = cases[i].hamming};
    umbra_sine sine;
    assert_int_equal(umbra_sine_fit(&sine, &shape), UMBRA_OK);
    assert_true(sine.offset * sine.range == 0.25 || fabs(sine.offset * sine.range - 0.25) < 0x1p-54);
    double rms = check_measures(&sine, shape.hamming, &random);
    print_message("degree %u, r %u, K %u: rms 2^%.1f\n", shape.degree, shape.double_angles, shape.overflow, log2(rms));
    assert_true(rms <= exp2(-cases[i].bits));
    for (int k = 0; k <= (int)shape.overflow; k++)
      assert_true(fit_error(&sine, k, sine.bound) <= exp2(-cases[i].worst_bits));
    check_values(&sine, &random);
  }
}

/* No small change of a coefficient makes the weighted error smaller: the fit is where its gradient vanishes. */
static void fit_is_best(void **state) {
  (void)state;
  umbra_sine best;
  umbra_sine_errors errors;
  assert_int_equal(umbra_sine_fit(&best, &standard), UMBRA_OK);
  umbra_sine_measure(&errors, &best, standard.hamming);
  for (uint32_t k = 0; k <= best.degree / 2; k++) {
    for (int sign = -1; sign <= 1; sign += 2) {
      umbra_sine other = best;
      umbra_sine_errors changed;
      other.cosine[k] += sign * 0x1p-42;
      umbra_sine_measure(&changed, &other, standard.hamming);
      assert_true(changed.rms > errors.rms);
    }
  }
}

/* Each further degree takes away what the next term of Taylor's series would, at least. */
static void arcsines(void **state) {
  (void)state;
  uint64_t random = 5;
  mpfr_t s, a;
  mpfr_inits2(BITS, s, a, (mpfr_ptr)0);
  for (uint32_t ratio_bits = 3; ratio_bits <= 9; ratio_bits++) {
    double previous = 1;
    for (uint32_t degree = 1; degree <= 7; degree += 2) {
      umbra_bootstrap_shape shape = standard;
      shape.arcsine_degree = degree;
      shape.ratio_bits = ratio_bits;
      umbra_sine sine;
      assert_int_equal(umbra_sine_fit(&sine, &shape), UMBRA_OK);
      umbra_sine_errors errors;
      umbra_sine_measure(&errors, &sine, 32);
      double largest = 0;
      for (int i = 0; i < 400; i++) {
        double e = i < 2 ? sine.bound * (2 * i - 1) : sine.bound * uniform(&random);
        exact_sine(s, e);
        chebyshev(a, sine.arcsine, degree + 1, 1, s);
        mpfr_sub_d(a, a, e, MPFR_RNDN);
        double error = fabs(mpfr_get_d(a, MPFR_RNDN));
        assert_true(error <= errors.shape * 1.05);
        largest = fmax(largest, error / sine.bound);
      }
      print_message("ratio 2^%u, degree %u: 2^%.1f of the bound\n", ratio_bits, degree, log2(largest));
      for (uint32_t k = 0; k <= degree; k += 2) assert_true(sine.arcsine[k] == 0);
      double angle = 2 * 3.141592653589793 * sine.bound;
      assert_true(largest < fmax(previous * angle * angle, 0x1p-41)); /* doubles give no more */
      previous = largest;
      check_values(&sine, &random);
    }
  }
  mpfr_clears(s, a, (mpfr_ptr)0);
}

static void bad_shapes(void **state) {
  (void)state;
  umbra_sine sine = {.degree = 7};
  for (int i = 0; i < 10; i++) {
    umbra_bootstrap_shape shape = standard;
    if (i == 0) shape.overflow = 0;
    if (i == 1) shape.overflow = 65;
    if (i == 2) shape.degree = 31;
    if (i == 3) shape.degree = 66;
    if (i == 4) shape.double_angles = 7;
    if (i == 5) shape.arcsine_degree = 4;
    if (i == 6) shape.arcsine_degree = 9;
    if (i == 7) shape.ratio_bits = 2;
    if (i == 8) shape.hamming = 0;
    if (i == 9) shape.hamming = 257;
    assert_int_equal(umbra_sine_fit(&sine, &shape), UMBRA_ERROR_INVALID_ARGUMENT);
  }
  umbra_alloc_fail_after(0);
  assert_int_equal(umbra_sine_fit(&sine, &standard), UMBRA_ERROR_OUT_OF_MEMORY);
  umbra_alloc_fail_after(-1);
  assert_int_equal(sine.degree, 7);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test(arithmetic),
      cmocka_unit_test(circle),
      cmocka_unit_test(overflow_probabilities),
      cmocka_unit_test(published_failure),
      cmocka_unit_test(overflow_histogram),
      cmocka_unit_test(fits),
      cmocka_unit_test(fit_is_best),
      cmocka_unit_test(arcsines),
      cmocka_unit_test(bad_shapes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
