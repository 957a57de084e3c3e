/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * The wide sampler, from fixed seeds: probabilities of all values where they can be listed, moments and the normal
 * distribution's cells where they cannot, what is left modulo small numbers, independence, and what is refused. The limits
 * are such that a right sampler would miss them about once in 10^9 seeds.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <umbra/umbra.h>

#include "host/base/gaussian.h"

enum { SAMPLES = 1 << 15 };

static umbra_wide *samples(const umbra_gaussian *gaussian, uint8_t seed_byte, size_t count) {
  umbra_random random;
  uint8_t seed[32];
  umbra_wide *values = malloc(count * sizeof *values);
  assert_non_null(values);
  memset(seed, seed_byte, sizeof seed);
  umbra_random_open_seeded(&random, seed);
  umbra_random_gaussian(&random, values, count, gaussian);
  umbra_random_close(&random);
  return values;
}

static umbra_gaussian of(double deviation) {
  umbra_gaussian gaussian;
  assert_int_equal(umbra_gaussian_of(&gaussian, deviation), UMBRA_OK);
  return gaussian;
}

/* Chi-square of counts against expected ones, less its mean, in standard deviations. */
static double chi_square(const uint32_t *count, const double *expected, int cells) {
  double sum = 0;
  for (int i = 0; i < cells; i++) sum += (count[i] - expected[i]) * (count[i] - expected[i]) / expected[i];
  return (sum - (cells - 1)) / sqrt(2.0 * (cells - 1));
}

/* ---- every value ---- */

enum { REACH = 400 };

/* Beyond 2.5 deviations values are counted together. */
static void check_values(double deviation, uint8_t seed) {
  const umbra_gaussian gaussian = of(deviation);
  const int reach = (int)(2.5 * gaussian.deviation);
  umbra_wide *v = samples(&gaussian, seed, SAMPLES);
  double expected[2 * REACH + 3] = {0}, total = 0;
  uint32_t count[2 * REACH + 3] = {0};
  assert_true(reach < REACH);
  for (int x = -20 * reach; x <= 20 * reach; x++) {
    const double weight = exp(-0.5 * x * x / gaussian.deviation / gaussian.deviation);
    expected[abs(x) <= reach ? x + reach + 1 : x < 0 ? 0 : 2 * reach + 2] += weight;
    total += weight;
  }
  for (int i = 0; i < 2 * reach + 3; i++) expected[i] *= SAMPLES / total;
  for (int i = 0; i < SAMPLES; i++) count[v[i] < -reach ? 0 : v[i] > reach ? 2 * reach + 2 : (int)v[i] + reach + 1]++;
  assert_true(chi_square(count, expected, 2 * reach + 3) < 9);
  free(v);
}

static void every_value_has_its_probability(void **state) {
  (void)state;
  check_values(8, 1); /* deviations that use one, two and three terms */
  check_values(12, 2);
  check_values(33, 3);
  check_values(60, 4);
  check_values(140, 5);
}

/* ---- wide ones ---- */

static const double widths[] = {0x1p20, 3e9, 0x1p47, 0x1p63, 1.7e21, 0x1p100};
enum { WIDTHS = sizeof widths / sizeof *widths };

static void moments_are_those_of_a_gaussian(void **state) {
  (void)state;
  const double most = 6.1 / sqrt(SAMPLES);
  for (int k = 0; k < WIDTHS; k++) {
    const umbra_gaussian gaussian = of(widths[k]);
    umbra_wide *v = samples(&gaussian, (uint8_t)(10 + k), SAMPLES);
    double moment[4] = {0}, along = 0, before = 0;
    for (int i = 0; i < SAMPLES; i++) {
      const double x = (double)v[i] / gaussian.deviation;
      moment[0] += x / SAMPLES;
      moment[1] += x * x / SAMPLES;
      moment[2] += x * x * x / SAMPLES;
      moment[3] += x * x * x * x / SAMPLES;
      along += x * before / SAMPLES;
      before = x;
    }
    assert_true(gaussian.deviation >= widths[k] && gaussian.deviation < widths[k] * (1 + 0x1p-16));
    assert_true(fabs(moment[0]) < most);
    assert_true(fabs(moment[1] - 1) < most * sqrt(2));
    assert_true(fabs(moment[2]) < most * sqrt(15));
    assert_true(fabs(moment[3] - 3) < most * sqrt(96));
    assert_true(fabs(along) < most);
    free(v);
  }
}

enum { CELLS = 64 };

/* The integral of the normal density up to a sample, cut into equal cells. */
static void cells_are_those_of_a_gaussian(void **state) {
  (void)state;
  for (int k = 0; k < WIDTHS; k++) {
    const umbra_gaussian gaussian = of(widths[k]);
    umbra_wide *v = samples(&gaussian, (uint8_t)(20 + k), SAMPLES);
    uint32_t count[CELLS] = {0};
    double expected[CELLS];
    for (int i = 0; i < SAMPLES; i++) {
      const double place = 0.5 * erfc(-(double)v[i] / gaussian.deviation / sqrt(2));
      count[place < 1 ? (int)(place * CELLS) : CELLS - 1]++;
    }
    for (int i = 0; i < CELLS; i++) expected[i] = (double)SAMPLES / CELLS;
    assert_true(chi_square(count, expected, CELLS) < 8.5);
    free(v);
  }
}

/* Low bits, and rests modulo numbers that share nothing with the factors, are uniform. */
static void rests_are_uniform(void **state) {
  (void)state;
  static const int moduli[] = {2, 3, 16, 61, 256};
  for (int k = 0; k < WIDTHS; k++) {
    const umbra_gaussian gaussian = of(widths[k]);
    umbra_wide *v = samples(&gaussian, (uint8_t)(30 + k), SAMPLES);
    for (size_t m = 0; m < sizeof moduli / sizeof *moduli; m++) {
      uint32_t count[256] = {0};
      double expected[256];
      for (int i = 0; i < SAMPLES; i++) count[(int)(((v[i] % moduli[m]) + moduli[m]) % moduli[m])]++;
      for (int i = 0; i < moduli[m]; i++) expected[i] = (double)SAMPLES / moduli[m];
      assert_true(chi_square(count, expected, moduli[m]) < 26); /* one degree of freedom has the longest tail */
    }
    free(v);
  }
}

/* ---- the rest ---- */

static void seeds_decide(void **state) {
  (void)state;
  enum { COUNT = 1000 };
  const umbra_gaussian gaussian = of(0x1p70);
  umbra_wide *a = samples(&gaussian, 7, COUNT), *b = samples(&gaussian, 7, COUNT), *c = samples(&gaussian, 8, COUNT);
  int equal = 0;
  assert_memory_equal(a, b, COUNT * sizeof *a);
  for (int i = 0; i < COUNT; i++) equal += a[i] == c[i];
  assert_int_equal(equal, 0);
  free(a);
  free(b);
  free(c);
}

/* What is asked for is the least that comes of it. */
static void deviations_are_at_least_as_large(void **state) {
  (void)state;
  for (double deviation = 8; deviation <= 0x1p100; deviation *= 1.37) {
    const umbra_gaussian gaussian = of(deviation);
    double variance = 0;
    for (uint32_t t = 0; t < gaussian.terms; t++)
      variance += 64 * (double)gaussian.factor[t] * (double)gaussian.factor[t];
    assert_true(sqrt(variance) >= deviation && sqrt(variance) < deviation * (1 + 0x1p-40) + 8);
    assert_true(fabs(sqrt(variance) / gaussian.deviation - 1) < 0x1p-45);
    for (uint32_t t = 1; t + 1 < gaussian.terms; t++) assert_true(gaussian.factor[t] == 4 * gaussian.factor[t - 1]);
    assert_true(gaussian.factor[gaussian.terms - 1] <= 4 * gaussian.factor[gaussian.terms - 2]);
  }
}

static void others_are_refused(void **state) {
  (void)state;
  static const double wrong[] = {0, -8, 7.9, 0x1.01p100, INFINITY, NAN};
  umbra_gaussian gaussian, before;
  memset(&gaussian, 1, sizeof gaussian);
  before = gaussian;
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    assert_int_equal(umbra_gaussian_of(&gaussian, wrong[i]), UMBRA_ERROR_INVALID_ARGUMENT);
  assert_memory_equal(&gaussian, &before, sizeof gaussian);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_value_has_its_probability),
      cmocka_unit_test(moments_are_those_of_a_gaussian),
      cmocka_unit_test(cells_are_those_of_a_gaussian),
      cmocka_unit_test(rests_are_uniform),
      cmocka_unit_test(seeds_decide),
      cmocka_unit_test(deviations_are_at_least_as_large),
      cmocka_unit_test(others_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
