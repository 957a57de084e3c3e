/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Factors of the transform between slots and coefficients, against the definition summed directly in long double:
 * slot j is the sum over t of coefficient_t zeta^(5^j t), zeta = e^(i pi / 2m).
 */
#include <complex.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/base/memory.h"
#include "host/circuits/bootstrap/dft.h"

typedef long double complex number;

static const long double pi = 3.14159265358979323846264338327950288L;

static uint64_t next(uint64_t *random) { return *random = *random * 6364136223846793005u + 1442695040888963407u; }

/* In [-1, 1). */
static double uniform(uint64_t *random) { return (double)(int64_t)next(random) * 0x1p-63; }

static number *vector(uint32_t m) {
  number *v = calloc(m, sizeof *v);
  assert_non_null(v);
  return v;
}

static number *random_vector(uint32_t m, uint64_t *random) {
  number *v = vector(m);
  for (uint32_t t = 0; t < m; t++) v[t] = uniform(random) + uniform(random) * I;
  return v;
}

/* ---- the definition ---- */

static uint32_t reversed(uint32_t p, uint32_t bits) {
  uint32_t r = 0;
  while (bits--) r = r << 1 | (p & 1), p >>= 1;
  return r;
}

/* Slots from coefficients in bit-reversed order. */
static number *transformed(const number *coefficient, uint32_t log_m) {
  uint32_t m = 1u << log_m, exponent = 1; /* 5^j */
  number *slot = vector(m), *root = vector(4 * m);
  for (uint32_t k = 0; k < 4 * m; k++) root[k] = cexpl(2 * pi * I * k / (4 * m));
  for (uint32_t j = 0; j < m; j++, exponent = exponent * 5 % (4 * m))
    for (uint32_t t = 0; t < m; t++) slot[j] += coefficient[reversed(t, log_m)] * root[exponent * t % (4 * m)];
  free(root);
  return slot;
}

/* ---- diagonals ---- */

static number *applied(const umbra_diagonals *d, const number *in) {
  number *out = vector(d->slots);
  for (size_t k = 0; k < d->count; k++) {
    for (uint32_t p = 0; p < d->slots; p++) {
      const double *value = d->value + 2 * (k * d->period + p % d->period);
      out[p] += (value[0] + value[1] * I) * in[(p + (uint32_t)d->rotation[k]) % d->slots];
    }
  }
  return out;
}

static void apply_all(number **v, const umbra_diagonals *factor, uint32_t factors) {
  for (uint32_t i = 0; i < factors; i++) {
    number *out = applied(&factor[i], *v);
    free(*v);
    *v = out;
  }
}

static void destroy_all(umbra_diagonals *factor, uint32_t factors) {
  for (uint32_t i = 0; i < factors; i++) umbra_diagonals_destroy(&factor[i]);
}

/* |a - constant b| is at most `tolerance` times the rms of constant b, everywhere. */
static void assert_close(const number *a, const number *b, uint32_t m, double constant, double tolerance) {
  long double square = 0;
  for (uint32_t p = 0; p < m; p++) square += creall(b[p]) * creall(b[p]) + cimagl(b[p]) * cimagl(b[p]);
  for (uint32_t p = 0; p < m; p++)
    assert_true(cabsl(a[p] - constant * b[p]) <= tolerance * constant * sqrtl(square / m));
}

/* A random way to spread stages over factors. */
static uint32_t random_grouping(uint32_t *stages, uint32_t log_m, uint64_t *random) {
  uint32_t factors = 0;
  for (uint32_t left = log_m; left; left -= stages[factors++]) {
    uint32_t most = left < 5 ? left : 5;
    stages[factors] = 1 + (uint32_t)(next(random) >> 32) % most;
  }
  return factors;
}

/* ---- the transform ---- */

static void check_shapes(const umbra_diagonals *factor, uint32_t log_m, const uint32_t *stages, uint32_t factors,
                         int inverse) {
  uint32_t low = inverse ? log_m : 0;
  for (uint32_t i = 0; i < factors; i++) {
    low -= inverse ? stages[i] : 0;
    uint32_t end = low + stages[i];
    int longest = end == log_m;
    assert_int_equal(factor[i].slots, 1u << log_m);
    assert_int_equal(factor[i].period, 1u << end);
    assert_int_equal(factor[i].count, longest ? 1u << stages[i] : (2u << stages[i]) - 1);
    for (size_t k = 0; k < factor[i].count; k++) {
      assert_int_equal(factor[i].rotation[k] % (1 << low), 0);
      if (k) assert_true(factor[i].rotation[k] > factor[i].rotation[k - 1]);
    }
    assert_true(factor[i].rotation[factor[i].count - 1] - factor[i].rotation[0] < (longest ? 1 : 2) << end);
    low += inverse ? 0 : stages[i];
  }
}

/* Both directions with random grouping and constants, and one after the other: the identity. */
static void check_size(uint32_t log_m, uint64_t *random) {
  umbra_diagonals to[16], from[16];
  uint32_t m = 1u << log_m, to_stages[16], from_stages[16];
  uint32_t to_factors = random_grouping(to_stages, log_m, random);
  uint32_t from_factors = random_grouping(from_stages, log_m, random);
  double constant = exp2(8 * uniform(random)), back = exp2(8 * uniform(random));
  assert_int_equal(umbra_dft_factors(from, log_m, from_stages, from_factors, UMBRA_SLOTS_TO_COEFFS, constant), 0);
  assert_int_equal(umbra_dft_factors(to, log_m, to_stages, to_factors, UMBRA_COEFFS_TO_SLOTS, back), 0);
  check_shapes(from, log_m, from_stages, from_factors, 0);
  check_shapes(to, log_m, to_stages, to_factors, 1);
  number *coefficient = random_vector(m, random), *slot = transformed(coefficient, log_m), *v = vector(m);
  memcpy(v, coefficient, m * sizeof *v);
  apply_all(&v, from, from_factors);
  assert_close(v, slot, m, constant, 0x1p-49);
  memcpy(v, slot, m * sizeof *v);
  apply_all(&v, to, to_factors);
  assert_close(v, coefficient, m, back, 0x1p-49);
  apply_all(&v, from, from_factors);
  assert_close(v, slot, m, constant * back, 0x1p-49);
  free(v);
  free(slot);
  free(coefficient);
  destroy_all(to, to_factors);
  destroy_all(from, from_factors);
}

static void against_the_definition(void **state) {
  (void)state;
  uint64_t random = 1;
  for (uint32_t log_m = 1; log_m <= 12; log_m++)
    for (int i = 0; i < (log_m < 10 ? 10 : 1); i++) check_size(log_m, &random);
}

/* Every entry is 0, or of the size that it should have: to the last place but one. */
static void entries(void **state) {
  (void)state;
  static const uint32_t stages[] = {4, 4, 4, 3};
  umbra_diagonals factor[4];
  assert_int_equal(umbra_dft_factors(factor, 15, stages, 4, UMBRA_COEFFS_TO_SLOTS, 0.75), 0);
  long double size = powl(0.75L / 32768, 0.25L);
  for (uint32_t i = 0; i < 4; i++) {
    size_t filled = 0;
    for (size_t k = 0; k < factor[i].count * factor[i].period; k++) {
      long double re = factor[i].value[2 * k], im = factor[i].value[2 * k + 1];
      filled += re != 0 || im != 0;
      if (re != 0 || im != 0) assert_true(fabsl(hypotl(re, im) / size - 1) < 0x1p-52);
    }
    assert_int_equal(filled, factor[i].period << stages[i]);
  }
  destroy_all(factor, 4);
}

/* ---- both parts side by side ---- */

static number *repeated(const number *v, uint32_t m) {
  number *twice = vector(2 * m);
  memcpy(twice, v, m * sizeof *v);
  memcpy(twice + m, v, m * sizeof *v);
  return twice;
}

/* The last factor to slots: u + conj(u) is Re w, Im w. */
static void check_split(uint32_t log_m, uint32_t stages, uint64_t *random) {
  uint32_t m = 1u << log_m, list[] = {log_m - stages, stages}, factors = stages < log_m ? 2 : 1;
  umbra_diagonals factor[2], split;
  assert_int_equal(umbra_dft_factors(factor, log_m, factors == 2 ? list : list + 1, factors, UMBRA_COEFFS_TO_SLOTS, 1),
                   0);
  const umbra_diagonals *last = &factor[factors - 1];
  assert_int_equal(umbra_dft_split(&split, last), 0);
  assert_int_equal(split.slots, 2 * m);
  assert_memory_equal(split.rotation, last->rotation, split.count * sizeof *split.rotation);
  number *in = random_vector(m, random), *twice = repeated(in, m), *w = applied(last, in), *u = applied(&split, twice);
  for (uint32_t p = 0; p < m; p++) {
    assert_true(cabsl(u[p] + conjl(u[p]) - creall(w[p])) < 1e-17L * m);
    assert_true(cabsl(u[p + m] + conjl(u[p + m]) - cimagl(w[p])) < 1e-17L * m);
  }
  free(in);
  free(twice);
  free(w);
  free(u);
  umbra_diagonals_destroy(&split);
  destroy_all(factor, factors);
}

/* The first factor from slots: u + u rotated by m is that of w = x + i y, repeated. */
static void check_merge(uint32_t log_m, uint32_t stages, uint64_t *random) {
  uint32_t m = 1u << log_m, list[] = {stages, log_m - stages}, factors = stages < log_m ? 2 : 1;
  umbra_diagonals factor[2], merge;
  assert_int_equal(umbra_dft_factors(factor, log_m, list, factors, UMBRA_SLOTS_TO_COEFFS, 1), 0);
  assert_int_equal(umbra_dft_merge(&merge, &factor[0]), 0);
  assert_int_equal(merge.count, factor[0].count);
  number *w = random_vector(m, random), *parts = vector(2 * m), *expected = applied(&factor[0], w);
  for (uint32_t p = 0; p < m; p++) parts[p] = creall(w[p]), parts[p + m] = cimagl(w[p]);
  number *u = applied(&merge, parts);
  for (uint32_t p = 0; p < 2 * m; p++) assert_true(cabsl(u[p] + u[(p + m) % (2 * m)] - expected[p % m]) < 1e-17L * m);
  free(w);
  free(parts);
  free(expected);
  free(u);
  umbra_diagonals_destroy(&merge);
  destroy_all(factor, factors);
}

static void parts_side_by_side(void **state) {
  (void)state;
  uint64_t random = 2;
  for (uint32_t log_m = 1; log_m <= 8; log_m++) {
    for (uint32_t stages = 1; stages <= log_m && stages <= 5; stages++) {
      check_split(log_m, stages, &random);
      check_merge(log_m, stages, &random);
    }
  }
}

/* ---- errors ---- */

static void bad_requests(void **state) {
  (void)state;
  static const uint32_t good[] = {2, 3}, zero[] = {5, 0}, much[] = {3, 3};
  umbra_diagonals factor[2] = {{.slots = 7}};
  assert_int_not_equal(umbra_dft_factors(factor, 0, good, 1, UMBRA_SLOTS_TO_COEFFS, 1), 0);
  assert_int_not_equal(umbra_dft_factors(factor, 17, good, 2, UMBRA_SLOTS_TO_COEFFS, 1), 0);
  assert_int_not_equal(umbra_dft_factors(factor, 5, good, 0, UMBRA_SLOTS_TO_COEFFS, 1), 0);
  assert_int_not_equal(umbra_dft_factors(factor, 5, zero, 2, UMBRA_SLOTS_TO_COEFFS, 1), 0);
  assert_int_not_equal(umbra_dft_factors(factor, 5, much, 2, UMBRA_SLOTS_TO_COEFFS, 1), 0);
  static const double constants[] = {0, -1, NAN, INFINITY};
  for (int i = 0; i < 4; i++)
    assert_int_not_equal(umbra_dft_factors(factor, 5, good, 2, UMBRA_SLOTS_TO_COEFFS, constants[i]), 0);
  assert_int_equal(factor[0].slots, 7);
}

/* Every allocation fails once; nothing changes and nothing leaks. */
static void out_of_memory(void **state) {
  (void)state;
  static const uint32_t stages[] = {2, 3};
  umbra_diagonals factor[2] = {{.slots = 7}}, split = {.slots = 7};
  umbra_status status = UMBRA_ERROR_OUT_OF_MEMORY;
  for (long n = 0; status != UMBRA_OK; n++) {
    assert_int_equal(status, UMBRA_ERROR_OUT_OF_MEMORY);
    assert_int_equal(factor[0].slots, 7);
    umbra_alloc_fail_after(n);
    status = umbra_dft_factors(factor, 5, stages, 2, UMBRA_SLOTS_TO_COEFFS, 1);
    umbra_alloc_fail_after(-1);
  }
  status = UMBRA_ERROR_OUT_OF_MEMORY;
  for (long n = 0; status != UMBRA_OK; n++) {
    assert_int_equal(split.slots, 7);
    umbra_alloc_fail_after(n);
    status = umbra_dft_split(&split, &factor[1]);
    umbra_alloc_fail_after(-1);
  }
  umbra_diagonals_destroy(&split);
  destroy_all(factor, 2);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test(against_the_definition), cmocka_unit_test(entries),       cmocka_unit_test(parts_side_by_side),
      cmocka_unit_test(bad_requests),           cmocka_unit_test(out_of_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
