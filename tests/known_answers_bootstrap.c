/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * The numbers behind bootstrapping, bit by bit what the model finds in 100 digits and rounds once: so they are the
 * same on every machine, too.
 */
#include "known_answers.h"

#include "host/circuits/bootstrap/dft.h"
#include "host/circuits/bootstrap/sine.h"

enum { FACTORS = 16 };

/* The field's doubles, one after the other from `found` on, `step` apart. */
static void expect_doubles(const record *r, const char *name, const double *found, size_t step) {
  char *end;
  for (const char *at = text(r, name);; at = end, found += step) {
    double expected = strtod(at, &end);
    if (end == at) return;
    if (*found != expected) fail_record(r, name);
  }
}

static void check_sine(const record *r) {
  uint32_t shape[6];
  assert_int_equal(numbers(r, "shape", shape, 6), 6);
  umbra_sine sine;
  ok(r, umbra_sine_fit(&sine, &(umbra_bootstrap_shape){.overflow = shape[0],
                                                       .degree = shape[1],
                                                       .double_angles = shape[2],
                                                       .arcsine_degree = shape[3],
                                                       .ratio_bits = shape[4],
                                                       .hamming = shape[5]}));
  expect_doubles(r, "bound", &sine.bound, 1);
  expect_doubles(r, "range", &sine.range, 1);
  expect_doubles(r, "offset", &sine.offset, 1);
  expect_doubles(r, "cosine", sine.cosine, 1);
  expect_doubles(r, "subtrahend", sine.subtrahend, 1);
  expect_doubles(r, "arcsine", sine.arcsine + 1, 2);
}

static void check_transform(const record *r) {
  uint32_t stages[FACTORS], factors = numbers(r, "stages", stages, FACTORS);
  umbra_diagonals factor[FACTORS];
  umbra_dft_direction direction = number(r, "inverse") ? UMBRA_COEFFS_TO_SLOTS : UMBRA_SLOTS_TO_COEFFS;
  ok(r, umbra_dft_factors(factor, (uint32_t)number(r, "log_slots"), stages, factors, direction, real(r, "constant")));
  const char *hashes = text(r, "hashes");
  for (uint32_t i = 0; i < factors; i++, hashes += 65) {
    size_t doubles = 2 * factor[i].count * factor[i].period;
    for (size_t k = 0; k < doubles; k++) factor[i].value[k] += 0; /* no negative zeros */
    uint8_t digest[32];
    char hex[65];
    crypto_generichash(digest, sizeof digest, (const uint8_t *)factor[i].value, doubles * sizeof(double), NULL, 0);
    sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
    if (strncmp(hex, hashes, 64) != 0) fail_record(r, "wrong entries");
    umbra_diagonals_destroy(&factor[i]);
  }
}

static void check_record(const record *r, const umbra_kernels *kernels) {
  (void)kernels;
  if (is(r, "case", "sine")) check_sine(r);
  else check_transform(r);
}

static void bootstrap_numbers(void **state) {
  (void)state;
  each_record("bootstrap.txt", NULL, check_record);
}

int main(void) {
  static const struct CMUnitTest tests[] = {cmocka_unit_test(bootstrap_numbers)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
