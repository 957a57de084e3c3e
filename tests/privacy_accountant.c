/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * What noise makes private, against three independent accounts: Balle and Wang's formula in 256 bits, sums over the integers
 * of exact discrete Gaussians, in one and two dimensions, and numbers of the library dp-accounting 0.6.0 (privacy loss
 * distributions of the Gaussian mechanism, in steps of 1e-5; neighbours by replacement, a record takes part once, and no
 * amplification by sampling).
 */
#include "../host/train/accountant.h"

#include <math.h>
#include <mpfr.h>

#include "../host/base/gaussian.h"
#include "scheme.h"

enum { BITS = 256 };

/* ---- Balle and Wang ---- */

static void normal(mpfr_t out, const mpfr_t x) {
  mpfr_t root;
  mpfr_init2(root, BITS);
  mpfr_sqrt_ui(root, 2, MPFR_RNDN);
  mpfr_div(out, x, root, MPFR_RNDN);
  mpfr_neg(out, out, MPFR_RNDN);
  mpfr_erfc(out, out, MPFR_RNDN);
  mpfr_div_ui(out, out, 2, MPFR_RNDN);
  mpfr_clear(root);
}

static double exact_delta(double epsilon, double ratio) {
  mpfr_t half, tilt, x, above, below;
  mpfr_inits2(BITS, half, tilt, x, above, below, NULL);
  mpfr_set_d(half, ratio, MPFR_RNDN);
  mpfr_mul_ui(half, half, 2, MPFR_RNDN);
  mpfr_ui_div(half, 1, half, MPFR_RNDN);
  mpfr_set_d(tilt, epsilon, MPFR_RNDN);
  mpfr_mul_d(tilt, tilt, ratio, MPFR_RNDN);
  mpfr_sub(x, half, tilt, MPFR_RNDN);
  normal(above, x);
  mpfr_add(x, half, tilt, MPFR_RNDN);
  mpfr_neg(x, x, MPFR_RNDN);
  normal(below, x);
  mpfr_set_d(x, epsilon, MPFR_RNDN);
  mpfr_exp(x, x, MPFR_RNDN);
  mpfr_mul(below, below, x, MPFR_RNDN);
  mpfr_sub(above, above, below, MPFR_RNDN);
  const double delta = mpfr_get_d(above, MPFR_RNDN);
  mpfr_clears(half, tilt, x, above, below, NULL);
  return delta;
}

static const double epsilons[] = {0.001, 0.01, 0.1, 0.5, 1, 2, 4, 8, 16, 20};
static const double deltas[] = {0.1, 1e-3, 1e-5, 1e-6, 1e-8, 1e-10, 1e-12};
enum { EPSILONS = sizeof epsilons / sizeof *epsilons, DELTAS = sizeof deltas / sizeof *deltas };

static void deltas_are_those_of_the_formula(void **state) {
  (void)state;
  for (int e = 0; e < EPSILONS; e++)
    for (double ratio = 0.13; ratio < 1e4; ratio *= 1.37) {
      const double wanted = exact_delta(epsilons[e], ratio), got = umbra_gaussian_delta(epsilons[e], ratio);
      assert_true(fabs(got - wanted) <= 1e-9 * wanted + 1e-16);
    }
}

/* The epsilon that noise of that ratio gives, by bisection over the oracle. */
static double exact_epsilon(double ratio, double delta) {
  double low = 0, high = 64;
  for (int i = 0; i < 60; i++) {
    const double middle = (low + high) / 2;
    *(exact_delta(middle, ratio) <= delta ? &high : &low) = middle;
  }
  return high;
}

/* Enough, and no more than is rounded; of epsilon within a percent, where it is not nearly 0 for any noise. */
static void deviations_are_calibrated(void **state) {
  (void)state;
  const double distance = 0x1p24;
  for (int e = 0; e < EPSILONS; e++)
    for (int d = 0; d < DELTAS; d++) {
      double sigma = 0;
      assert_ok(umbra_private_deviation(&sigma, epsilons[e], deltas[d], distance, 4096));
      if (sigma == distance / 8) continue; /* the least that is allowed */
      assert_true(exact_delta(epsilons[e], sigma / distance) <= deltas[d]);
      assert_true(exact_delta(epsilons[e], sigma * (1 - 0x1p-11) / distance) > deltas[d]);
      if (epsilons[e] >= 0.1) assert_true(exact_epsilon(sigma / distance, deltas[d]) > 0.99 * epsilons[e]);
    }
}

static void deviations_are_those_of_another_library(void **state) {
  (void)state;
  static const struct account {
    double ratio, delta, epsilon;
  } accounts[] = {{0.5, 1e-3, 7.5812799}, {0.5, 1e-5, 9.9972561}, {0.5, 1e-8, 12.7492464}, {1, 1e-3, 3.1386706},
                  {1, 1e-5, 4.3771781},   {1, 1e-8, 5.7760984},   {2, 1e-3, 1.3522762},    {2, 1e-5, 1.9930914},
                  {2, 1e-8, 2.7076063},   {5, 1e-3, 0.4539202},   {5, 1e-5, 0.7255218},    {5, 1e-8, 1.0211707},
                  {10, 1e-3, 0.1975340},  {10, 1e-5, 0.3406694},  {10, 1e-8, 0.4928504},   {40, 1e-3, 0.0342018},
                  {40, 1e-5, 0.0749417},  {40, 1e-8, 0.1155750}};
  for (size_t i = 0; i < sizeof accounts / sizeof *accounts; i++) {
    const struct account *a = &accounts[i];
    double sigma = 0;
    assert_ok(umbra_private_deviation(&sigma, a->epsilon, a->delta, 0x1p30, 64));
    assert_true(fabs(sigma / 0x1p30 / a->ratio - 1) < 0.01);
    assert_true(fabs(exact_epsilon(a->ratio, a->delta) / a->epsilon - 1) < 0.01);
  }
}

/* ---- discrete Gaussians ---- */

/* Of the integers within 40 deviations, whose sum is 1. */
static double *discrete(int *most, double sigma) {
  *most = (int)(40 * sigma);
  double *mass = calloc(2 * (size_t)*most + 1, sizeof *mass), sum = 0;
  assert_non_null(mass);
  for (int x = -*most; x <= *most; x++) sum += mass[x + *most] = exp(-(double)x * x / (2 * sigma * sigma));
  for (int x = -*most; x <= *most; x++) mass[x + *most] /= sum;
  return mass;
}

/* sum max(0, p(x) - e^epsilon p(x - a)) over the plane; a[1] = 0: as over the line. */
static double discrete_delta(double epsilon, double sigma, const int a[2]) {
  int most;
  double *p = discrete(&most, sigma), delta = 0;
  const double factor = exp(epsilon);
  const int second = a[1] ? most : 0;
  for (int x = -most; x <= most; x++)
    for (int y = -second; y <= second; y++) {
      const double here = p[x + most] * (a[1] ? p[y + most] : 1);
      const int inside = abs(x - a[0]) <= most && abs(y - a[1]) <= most;
      const double there = inside ? p[x - a[0] + most] * (a[1] ? p[y - a[1] + most] : 1) : 0;
      delta += fmax(0, here - factor * there);
    }
  free(p);
  return delta;
}

static void check_discrete(double epsilon, double sigma, const int a[2], double loosest) {
  const uint64_t coordinates = a[1] ? 2 : 1;
  const double ratio = sigma / sqrt((double)a[0] * a[0] + (double)a[1] * a[1]);
  const double exact = discrete_delta(epsilon, sigma, a);
  const double told = umbra_sampled_delta(epsilon, ratio, sigma, coordinates);
  assert_true(told >= exact * (1 - 1e-9));
  assert_true(told <= exact * loosest + 1e-15);
}

/* Never above what is told, even where the grid is coarse; and near it where it is fine. */
static void discrete_noise_is_as_private_as_told(void **state) {
  (void)state;
  static const double few[] = {0.1, 0.5, 1, 3};
  for (size_t e = 0; e < sizeof few / sizeof *few; e++) {
    check_discrete(few[e], 4096, (const int[]){1000, 0}, 1.01);
    check_discrete(few[e], 4096, (const int[]){3001, 0}, 1.01);
    check_discrete(few[e], 500, (const int[]){400, 0}, 1.05);
    check_discrete(few[e], 40, (const int[]){7, 30}, INFINITY);
    check_discrete(few[e], 40, (const int[]){1, 50}, INFINITY);
    check_discrete(few[e], 8, (const int[]){3, 0}, INFINITY);
  }
}

/* ---- limits ---- */

static void limits_are_checked(void **state) {
  (void)state;
  double sigma = 1.5;
  assert_fails(umbra_private_deviation(&sigma, 0, 1e-5, 1, 1), UMBRA_ERROR_INVALID_ARGUMENT, "0.001 to 20");
  assert_fails(umbra_private_deviation(&sigma, 21, 1e-5, 1, 1), UMBRA_ERROR_INVALID_ARGUMENT, "0.001 to 20");
  assert_fails(umbra_private_deviation(&sigma, NAN, 1e-5, 1, 1), UMBRA_ERROR_INVALID_ARGUMENT, "0.001 to 20");
  assert_fails(umbra_private_deviation(&sigma, 1, 0, 1, 1), UMBRA_ERROR_INVALID_ARGUMENT, "1e-12 to 0.1");
  assert_fails(umbra_private_deviation(&sigma, 1, 0.5, 1, 1), UMBRA_ERROR_INVALID_ARGUMENT, "1e-12 to 0.1");
  assert_fails(umbra_private_deviation(&sigma, 1, 1e-5, 0x1p99, 1), UMBRA_ERROR_RANGE, "beyond the sampler");
  assert_true(sigma == 1.5);
  assert_ok(umbra_private_deviation(&sigma, 1, 1e-5, 1e-6, 1)); /* a grid far coarser than the distance */
  assert_true(sigma >= UMBRA_GAUSSIAN_LEAST && umbra_sampled_delta(1, sigma / 1e-6, sigma, 1) <= 1e-5);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(deltas_are_those_of_the_formula), cmocka_unit_test(deviations_are_calibrated),
      cmocka_unit_test(deviations_are_those_of_another_library), cmocka_unit_test(discrete_noise_is_as_private_as_told),
      cmocka_unit_test(limits_are_checked)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
