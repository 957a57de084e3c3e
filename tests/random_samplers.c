/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * The samplers, from fixed seeds: moments and chi-square against their distributions, with limits that a right sampler
 * would miss about once in 10^9 seeds; and the expansion of seeds into residues.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "host/base/random.h"
#include "scheme.h"

#include "host/ckks/ciphertext_internal.h"
#include "host/ckks/context_internal.h"
#include "host/ckks/keys_internal.h"

enum { SAMPLES = 1 << 21, COINS = 21 };

static int8_t *samples(void (*sampler)(umbra_random *, int8_t *, size_t), uint8_t seed_byte, size_t count) {
  umbra_random random;
  uint8_t seed[32];
  int8_t *values = malloc(count);
  assert_non_null(values);
  memset(seed, seed_byte, sizeof seed);
  umbra_random_open_seeded(&random, seed);
  sampler(&random, values, count);
  umbra_random_close(&random);
  return values;
}

/* Chi-square of counts against expected ones, less its mean, in standard deviations. */
static double chi_square(const uint32_t *count, const double *expected, int cells) {
  double sum = 0;
  for (int i = 0; i < cells; i++) sum += (count[i] - expected[i]) * (count[i] - expected[i]) / expected[i];
  return (sum - (cells - 1)) / sqrt(2.0 * (cells - 1));
}

static void ternary_is_uniform(void **state) {
  (void)state;
  int8_t *v = samples(umbra_random_ternary, 1, SAMPLES);
  uint32_t count[3] = {0}, pair[9] = {0};
  double third[3], ninth[9];
  for (int i = 0; i < SAMPLES; i++) {
    assert_in_range(v[i] + 1, 0, 2);
    count[v[i] + 1]++;
    if (i % 2) pair[3 * (v[i - 1] + 1) + v[i] + 1]++;
  }
  for (int i = 0; i < 3; i++) third[i] = SAMPLES / 3.0;
  for (int i = 0; i < 9; i++) ninth[i] = SAMPLES / 18.0;
  assert_true(chi_square(count, third, 3) < 20);
  assert_true(chi_square(pair, ninth, 9) < 14);
  free(v);
}

/* 42 coins: value k has probability C(42, 21 + k) / 2^42. */
static void binomial(double *expected) {
  double c = 1;
  for (int i = 0; i <= 2 * COINS; i++) {
    expected[i] = SAMPLES * ldexp(c, -2 * COINS);
    c = c * (2 * COINS - i) / (i + 1);
  }
}

static void errors_are_centred_binomial(void **state) {
  (void)state;
  enum { REACH = 12 }; /* cells beyond it are too rare for chi-square */
  int8_t *v = samples(umbra_random_error, 2, SAMPLES);
  double expected[2 * COINS + 1], sum = 0, squares = 0;
  uint32_t count[2 * COINS + 1] = {0};
  for (int i = 0; i < SAMPLES; i++) {
    assert_in_range(v[i] + COINS, 0, 2 * COINS);
    count[v[i] + COINS]++;
    sum += v[i];
    squares += v[i] * v[i];
  }
  binomial(expected);
  double deviation = sqrt(UMBRA_ERROR_VARIANCE / SAMPLES);
  assert_true(UMBRA_ERROR_VARIANCE == 10.5);
  assert_true(fabs(sum / SAMPLES) < 6.1 * deviation);
  assert_true(fabs(squares / SAMPLES - 10.5) < 6.1 * sqrt(2.0) * 10.5 / sqrt(SAMPLES));
  assert_true(chi_square(count + COINS - REACH, expected + COINS - REACH, 2 * REACH + 1) < 10);
  free(v);
}

/* No correlation between neighbours, nor between samples half a batch apart. */
static void errors_are_independent(void **state) {
  (void)state;
  static const int lags[] = {1, 2, 8, 256, 512};
  int8_t *v = samples(umbra_random_error, 3, SAMPLES);
  for (size_t k = 0; k < sizeof lags / sizeof *lags; k++) {
    double sum = 0;
    for (int i = lags[k]; i < SAMPLES; i++) sum += v[i] * v[i - lags[k]];
    assert_true(fabs(sum / SAMPLES) < 6.1 * UMBRA_ERROR_VARIANCE / sqrt(SAMPLES));
  }
  free(v);
}

static void seeds_decide(void **state) {
  (void)state;
  static void (*const samplers[])(umbra_random *, int8_t *, size_t) = {umbra_random_ternary, umbra_random_error};
  for (int k = 0; k < 2; k++) {
    int8_t *a = samples(samplers[k], 4, 5000), *b = samples(samplers[k], 4, 5000), *c = samples(samplers[k], 5, 5000);
    assert_memory_equal(a, b, 5000);
    assert_true(memcmp(a, c, 5000) != 0);
    free(a);
    free(b);
    free(c);
  }
}

/* Two requests to one generator differ, two generators from the operating system too. */
static void requests_differ(void **state) {
  (void)state;
  umbra_random random, other;
  uint8_t a[32], b[32], c[32], zero[sizeof random] = {0};
  assert_ok(umbra_random_open(&random));
  assert_ok(umbra_random_open(&other));
  umbra_random_bytes(&random, a, sizeof a);
  umbra_random_bytes(&random, b, sizeof b);
  umbra_random_bytes(&other, c, sizeof c);
  assert_memory_not_equal(a, b, sizeof a);
  assert_memory_not_equal(a, c, sizeof a);
  assert_memory_not_equal(b, c, sizeof b);
  umbra_random_close(&random);
  umbra_random_close(&other);
  assert_memory_equal(&random, zero, sizeof random);
}

/* ---- expansion ---- */

enum { CELLS = 64 };

/* One limb of the expansion: residues below q, uniform over 64 cells; returns the first residue. */
static uint32_t check_limb(const uint32_t *residue, uint32_t n, uint32_t q) {
  uint32_t count[CELLS] = {0};
  double expected[CELLS];
  for (uint32_t i = 0; i < n; i++) {
    assert_true(residue[i] < q);
    count[(uint64_t)residue[i] * CELLS / q]++;
  }
  for (int i = 0; i < CELLS; i++) expected[i] = (double)n / CELLS;
  assert_true(chi_square(count, expected, CELLS) < 8.5);
  return residue[0];
}

static void expansions_are_uniform(void **state) {
  (void)state;
  scheme s;
  scheme_open(&s, test_params(12, 40, 6), "ref", NULL, 0);
  const umbra_poly *poly = &s.public->poly;
  const umbra_chain *chain = umbra_context_chain(s.context);
  uint32_t n = umbra_ring_n(s.context->ring), limbs = poly->window.count + poly->aux;
  const uint32_t *uniform_half = poly->data + (size_t)limbs * n;
  uint32_t first[UMBRA_MAX_PRIMES];
  for (uint32_t i = 0; i < limbs; i++) {
    uint32_t position = i < poly->window.count ? poly->window.first + i : umbra_chain_aux(chain);
    first[i] = check_limb(uniform_half + (size_t)i * n, n, chain->prime[position]);
    for (uint32_t k = 0; k < i; k++) assert_int_not_equal(first[i], first[k]);
  }
  scheme_close(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ternary_is_uniform),     cmocka_unit_test(errors_are_centred_binomial),
      cmocka_unit_test(errors_are_independent), cmocka_unit_test(seeds_decide),
      cmocka_unit_test(requests_differ),        cmocka_unit_test(expansions_are_uniform),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
