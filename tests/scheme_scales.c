/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * The scale of every level against 512-bit arithmetic: s_0 is the geometric mean of all steps prod D / prod R, and s_l
 * the root of s_{l-1} * prod D / prod R, with nothing taken from the library but primes and windows.
 */
#include <mpfr.h>

#include "scheme.h"

#include "host/params/params.h"

enum { PRECISION = 512, AGREEMENT = 50 };

/* Product of a level's primes. */
static void modulus(mpfr_t q, const umbra_chain *chain, uint32_t level) {
  mpfr_set_ui(q, 1, MPFR_RNDN);
  for (uint32_t i = 0; i < chain->window[level].count; i++)
    mpfr_mul_ui(q, q, chain->prime[chain->window[level].first + i], MPFR_RNDN);
}

/* The library's 128-bit logarithm as a number. */
static void tracked_scale(mpfr_t scale, const umbra_chain *chain, uint32_t level) {
  umbra_log2 log_scale = chain->log_scale[level];
  mpfr_set_ui_2exp(scale, (unsigned long)(log_scale >> 64), 64, MPFR_RNDN);
  mpfr_add_ui(scale, scale, (unsigned long)(uint64_t)log_scale, MPFR_RNDN);
  mpfr_div_2ui(scale, scale, UMBRA_LOG2_FRACTION, MPFR_RNDN);
  mpfr_exp2(scale, scale, MPFR_RNDN);
}

/* Fails unless |a / b - 1| < 2^-AGREEMENT. */
static void check_near(mpfr_t a, mpfr_t b, const char *what, uint32_t level) {
  mpfr_t ratio;
  mpfr_init2(ratio, PRECISION);
  mpfr_div(ratio, a, b, MPFR_RNDN);
  mpfr_sub_ui(ratio, ratio, 1, MPFR_RNDN);
  if (!mpfr_zero_p(ratio) && mpfr_get_exp(ratio) > -AGREEMENT)
    fail_msg("%s of level %u is off by 2^%ld", what, level, (long)mpfr_get_exp(ratio));
  mpfr_clear(ratio);
}

static void check_level(const umbra_params *params, uint32_t level, mpfr_t expected) {
  mpfr_t found;
  mpfr_init2(found, PRECISION);
  tracked_scale(found, &params->chain, level);
  check_near(found, expected, "the scale", level);
  mpfr_set_d(found, umbra_params_scale(params, level), MPFR_RNDN);
  check_near(found, expected, "umbra_params_scale", level);
  mpfr_clear(found);
}

static void check_chain(umbra_params *params) {
  const umbra_chain *chain = &params->chain;
  uint32_t depth = umbra_params_depth(params);
  mpfr_t scale, q, lower;
  mpfr_inits2(PRECISION, scale, q, lower, (mpfr_ptr)NULL);
  modulus(q, chain, depth);
  modulus(lower, chain, 0);
  mpfr_div(scale, q, lower, MPFR_RNDN);
  mpfr_rootn_ui(scale, scale, depth, MPFR_RNDN);
  check_level(params, 0, scale);
  for (uint32_t l = 1; l <= depth; l++) {
    modulus(q, chain, l);
    modulus(lower, chain, l - 1);
    mpfr_mul(scale, scale, q, MPFR_RNDN);
    mpfr_div(scale, scale, lower, MPFR_RNDN);
    mpfr_sqrt(scale, scale, MPFR_RNDN);
    check_level(params, l, scale);
  }
  mpfr_clears(scale, q, lower, (mpfr_ptr)NULL);
  umbra_params_destroy(params);
}

static void of_presets(void **test) {
  (void)test;
  for (const char *const *name = umbra_params_presets(); *name; name++) {
    umbra_params *params = NULL;
    assert_ok(umbra_params_from_preset(&params, *name));
    check_chain(params);
  }
}

static void of_test_rings(void **test) {
  (void)test;
  for (uint32_t bits = 25; bits <= 60; bits += 5) check_chain(test_params(11, bits, 12));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(of_presets), cmocka_unit_test(of_test_rings)};
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  mpfr_free_cache();
  return failed;
}
