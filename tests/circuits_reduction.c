/* SPDX-License-Identifier: Apache-2.0 */
/* labels: full */
/*
 * The stage of a refresh that takes overflows away is replaceable: with another one in its place, one Chebyshev
 * interpolant of the sine instead of a cosine and double angles, a refresh is as precise as its plan says.
 */
#include "boot.h"
#include "host/circuits/bootstrap/bootstrap_plan.h"
#include "host/circuits/polynomial/polynomial.h"
#include "host/ckks/find_key.h"

enum { LOG_N = 11, DEGREE = 200 };

typedef struct interpolant {
  umbra_reduction base;
  umbra_polynomial polynomial;
  int applied;
} interpolant;

static double sine(double y, void *user) {
  const double two_pi = 6.283185307179586476925286766559;
  return sin(two_pi * y * *(const double *)user) / two_pi;
}

static umbra_status apply(const umbra_reduction *reduction, umbra_scaled *x, umbra_log2 log_scale,
                          umbra_refresh_count *count) {
  interpolant *self = (interpolant *)reduction;
  const umbra_eval_key *key;
  umbra_basis *basis;
  umbra_scaled made;
  self->applied++;
  assert_ok(umbra_find_relinearization(&key, count->evaluator, x->level));
  assert_ok(umbra_basis_create(&basis, count->evaluator, x, key));
  assert_ok(umbra_polynomial_eval(&made, basis, &self->polynomial, log_scale));
  umbra_basis_destroy(basis);
  umbra_scaled_destroy(x, count->evaluator->context);
  *x = made;
  return umbra_refresh_advance(count, self->polynomial.switches);
}

static const umbra_reduction_kind kind = {.name = "interpolant", .apply = apply};

/* What the refresh asks of the stage is what the other one said. */
static interpolant instead_of(const umbra_reduction *other) {
  interpolant made = {.base = *other};
  double coefficients[DEGREE + 1], range = other->range;
  umbra_fit_desc desc = {UMBRA_FIT_DESC_INIT, .f = sine, .user = &range, .degree = DEGREE};
  assert_ok(umbra_chebyshev_fit(coefficients, NULL, &desc));
  umbra_polynomial_plan(&made.polynomial, coefficients, DEGREE);
  assert_int_equal(made.polynomial.depth, other->levels);
  made.base.kind = &kind;
  return made;
}

static void test_another_stage(void **state) {
  (void)state;
  boot b;
  uint64_t seed = 5;
  boot_open(&b, boot_twin_40(LOG_N), NULL, NULL);
  umbra_reduction *own = b.plan->reduction;
  interpolant other = instead_of(own);
  b.plan->reduction = &other.base;
  assert_ok(umbra_bootstrap_plan_run_dry(b.plan)); /* whose figures follow the stage */
  assert_int_not_equal(b.plan->report.key_switches, b.report.key_switches);
  assert_int_equal(other.applied, 2);
  vector v = vector_random(&seed, b.report.slots, 1);
  umbra_ciphertext *in = encrypt_vector(&b.s, &v, 1), *out = NULL;
  assert_ok(umbra_bootstrap(b.s.evaluator, &out, in, b.bootstrapper));
  const part_errors e = part_errors_of(&b.s, out, &v);
  print_message("mean %.1f, rms %.1f, worst %.1f bits\n", bits(e.mean), bits(e.rms), bits(e.worst));
  assert_int_equal(other.applied, 4); /* both parts, twice */
  assert_true(e.worst < b.report.error_sine + b.report.worst_error);
  b.plan->reduction = own;
  umbra_ciphertext_destroy(in);
  umbra_ciphertext_destroy(out);
  vector_destroy(&v);
  boot_close(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_another_stage)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
