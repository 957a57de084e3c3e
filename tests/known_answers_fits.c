/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Interpolants and minimax polynomials of activation functions, against errors and coefficients of the model. */
#include "fits.h"
#include "known_answers.h"

static umbra_function function_of(const char *name) {
  static const char *const names[] = {"",         "sigmoid", "tanh",    "gelu",         "silu",
                                      "softplus", "exp",     "inverse", "inverse_sqrt", "log"};
  for (size_t i = 1; i < sizeof names / sizeof *names; i++)
    if (strcmp(name, names[i]) == 0) return (umbra_function)i;
  fail_msg("no function %s", name);
  return UMBRA_FUNCTION_GIVEN;
}

static umbra_fit_desc desc_of(const record *r) {
  umbra_fit_desc desc = {UMBRA_FIT_DESC_INIT, .function = function_of(text(r, "function"))};
  desc.lo = real(r, "lo");
  desc.hi = real(r, "hi");
  desc.degree = (uint32_t)number(r, "degree");
  return desc;
}

/* What rounding of doubles may add to errors of values of that size. */
static double rounding_of(const umbra_fit_desc *d) {
  return 0x1p-46 * fmax(fabs(f_at(d, d->lo)), fmax(fabs(f_at(d, d->hi)), 1));
}

static void check_coefficients(const record *r, const double *c, const umbra_fit_desc *d) {
  const char *at = optional(r, "coefficients");
  char *end;
  for (uint32_t k = 0; at && k <= d->degree; k++, at = end) {
    double expected = strtod(at, &end);
    if (!(fabs(c[k] - expected) < rounding_of(d))) fail_record(r, "a coefficient");
  }
}

static void check_record(const record *r, const umbra_kernels *kernels) {
  (void)kernels;
  umbra_fit_desc d = desc_of(r);
  umbra_fit_report report = {UMBRA_FIT_REPORT_INIT}, best = {UMBRA_FIT_REPORT_INIT};
  double c[MOST], expected = real(r, "error"), rounding = rounding_of(&d), sum = 0;
  ok(r, umbra_chebyshev_fit(c, &report, &d));
  check_coefficients(r, c, &d);
  if (!(report.max_error <= 1.03 * expected + rounding && report.max_error >= 0.97 * expected - rounding))
    fail_record(r, "the error");
  for (uint32_t k = 0; k <= d.degree; k++) sum += fabs(c[k]);
  assert_true(fabs(report.coefficient_sum - sum) < 1e-12 * sum && report.rms_error <= report.max_error);
  if (d.degree > 63) return;
  d.kind = UMBRA_FIT_MINIMAX;
  ok(r, umbra_chebyshev_fit(c, &best, &d));
  if (!(best.max_error <= expected + rounding && best.max_error >= 0.3 * expected)) fail_record(r, "minimax");
  if (best.max_error > 100 * rounding) check_alternation(&d, c, best.max_error);
}

static void known_fits(void **state) {
  (void)state;
  each_record("fits.txt", NULL, check_record);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(known_fits)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
