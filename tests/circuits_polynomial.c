/* SPDX-License-Identifier: Apache-2.0 */
/* labels: full */
/*
 * The polynomial evaluator inside circuits: values of all degrees and shapes on chains whose windows nest and on others,
 * exact scales, the key switches that it takes and those that its plan promises.
 */
#include "fits.h"
#include "scheme.h"

#include "host/circuits/polynomial/polynomial.h"
#include "host/ckks/ciphertext_internal.h"
#include "host/ckks/find_key.h"
#include "host/ring/ring_internal.h"

/* ---- key switches counted: each computes the limb of the first auxiliary prime of its inner product once ---- */

static umbra_kernels counting;
static const umbra_kernels *real;
static uint32_t first_aux, switches;

static void count_inner_product(umbra_stream *stream, const umbra_view *dst, const umbra_view *digit, uint32_t digits,
                                const umbra_view *key, const umbra_view *init, const uint32_t *c, uint32_t galois,
                                int accumulate) {
  for (uint32_t i = 0; i < umbra_view_limbs(dst); i++) switches += umbra_view_position(dst, i) == first_aux;
  real->inner_product(stream, dst, digit, digits, key, init, c, galois, accumulate);
}

static void count_from_now(const scheme *s) {
  umbra_ring *ring = s->context->ring;
  real = ring->kernels;
  counting = *real;
  counting.inner_product = count_inner_product;
  ring->kernels = &counting;
  first_aux = umbra_chain_aux(&ring->params->chain);
  switches = 0;
}

static uint32_t count_so_far(const scheme *s) {
  s->context->ring->kernels = real;
  return switches;
}

/* ---- one setting ---- */

typedef struct setting {
  scheme s;
  vector points;
  umbra_ciphertext *x;
  const umbra_eval_key *key;
  double accuracy;
} setting;

static setting open_setting(uint32_t scale_bits, uint32_t depth, uint32_t level) {
  setting t = {.accuracy = ldexp(1, 22 - (int)scale_bits)};
  uint64_t random = 11;
  scheme_open(&t.s, test_params(11, scale_bits, depth), NULL, NULL, 0);
  t.points = vector_random(&random, 64, 0);
  t.points.value[0] = 1;
  t.points.value[1] = -1;
  t.x = encrypt_vector(&t.s, &t.points, level);
  assert_ok(umbra_find_relinearization(&t.key, t.s.evaluator, level));
  return t;
}

static void close_setting(setting *t) {
  umbra_ciphertext_destroy(t->x);
  vector_destroy(&t->points);
  scheme_close(&t->s);
}

/* Compares and destroys. */
static void check_values(const setting *t, umbra_ciphertext *out, const double *c, uint32_t degree) {
  vector expected = vector_make(t->points.slots);
  for (uint32_t j = 0; j < expected.slots; j++) expected.value[j] = fit_value(c, degree, creall(t->points.value[j]));
  double error = worst_error(&t->s, out, &expected), bound = umbra_ciphertext_error_bound(out);
  double accuracy = t->accuracy * (1 + degree * degree / 1024.0); /* the slope of T_k is k^2 where |x| = 1 */
  if (!(error <= accuracy && error <= bound))
    fail_msg("degree %u: error %g, bound %g, accuracy %g", degree, error, bound, accuracy);
  vector_destroy(&expected);
  umbra_ciphertext_destroy(out);
}

/* Evaluates at that scale with a basis, and lands on the scale of the level below if it is not that of its own. */
static void check_at(const setting *t, umbra_basis *basis, const double *c, uint32_t degree, umbra_log2 log_scale) {
  const umbra_chain *chain = umbra_context_chain(t->s.context);
  umbra_polynomial polynomial;
  umbra_scaled made, landed;
  umbra_ciphertext *out = NULL;
  umbra_polynomial_plan(&polynomial, c, degree);
  uint32_t level = t->x->level - polynomial.depth;
  assert_ok(umbra_polynomial_eval(&made, basis, &polynomial, log_scale));
  assert_int_equal(made.level, level);
  assert_true(made.log_scale == log_scale);
  if (log_scale != chain->log_scale[level]) {
    assert_ok(umbra_scaled_mul_constant(&landed, t->s.evaluator, &made, 1, 0, level, chain->log_scale[level - 1]));
    umbra_scaled_destroy(&made, t->s.context);
    made = landed;
  }
  assert_ok(umbra_scaled_finish(&out, &made, t->s.context, t->x));
  assert_null(made.poly.data);
  check_values(t, out, c, degree);
}

/* Publicly, with the number of key switches that the plan says. */
static void check(const setting *t, const double *c, uint32_t degree) {
  umbra_polynomial polynomial;
  umbra_ciphertext *out = NULL;
  umbra_polynomial_plan(&polynomial, c, degree);
  count_from_now(&t->s);
  umbra_status status = umbra_chebyshev_eval(t->s.evaluator, &out, t->x, c, degree);
  assert_int_equal(count_so_far(&t->s), polynomial.switches);
  assert_ok(status);
  assert_int_equal(umbra_ciphertext_level(out), t->x->level - umbra_chebyshev_depth(degree));
  check_values(t, out, c, degree);
}

enum { DENSE, EVEN, ODD, SPARSE, SHAPES };

static void fill(double *c, uint64_t *random, uint32_t degree, int shape) {
  for (uint32_t k = 0; k <= degree; k++) {
    int skip = shape == EVEN ? k % 2 : shape == ODD ? !(k % 2) : shape == SPARSE ? below(random, 4) : 0;
    c[k] = skip ? 0 : uniform(random) / (degree + 1);
  }
  c[degree] = 0.5;
}

/* Degrees up to 64: all of them in one shape, those of every `step` in all. */
static void check_shapes(const setting *t, uint32_t step) {
  double c[UMBRA_MAX_DEGREE + 1];
  uint64_t random = 12;
  for (uint32_t degree = 1; degree <= 64; degree++)
    for (int shape = 0; shape < SHAPES; shape++) {
      if (degree % step && (int)(degree / SHAPES % SHAPES) != shape) continue;
      fill(c, &random, degree, shape);
      check(t, c, degree);
    }
}

static void check_degrees(const setting *t, uint32_t from, uint32_t to, uint32_t step) {
  double c[UMBRA_MAX_DEGREE + 1];
  uint64_t random = 13;
  for (uint32_t degree = from; degree <= to; degree += step) {
    fill(c, &random, degree, DENSE);
    check(t, c, degree);
  }
}

/* ---- tests ---- */

static void nested_windows(void **state) {
  (void)state;
  setting t = open_setting(60, 8, 8);
  check_degrees(&t, 1, 64, 1);
  check_shapes(&t, 8);
  check_degrees(&t, 100, UMBRA_MAX_DEGREE, 31); /* 255 among them */
  close_setting(&t);
}

static void windows_that_do_not_nest(void **state) {
  (void)state;
  static const uint32_t bits[] = {35, 40, 45, 50, 55};
  for (size_t i = 0; i < sizeof bits / sizeof *bits; i++) {
    setting t = open_setting(bits[i], 9, 7 + i % 3);
    check_degrees(&t, 1 + i, 64, 9);
    check_shapes(&t, 16);
    check_degrees(&t, 127, 127, 1);
    close_setting(&t);
  }
}

/* Two polynomials of one input, at scales of nobody's: the second finds its T_k made. */
static void any_scale_and_shared_basis(void **state) {
  (void)state;
  static const uint32_t bits[] = {40, 60};
  double c[32];
  uint64_t random = 14;
  for (int i = 0; i < 2; i++) {
    setting t = open_setting(bits[i], 7, 7);
    umbra_scaled x = umbra_scaled_of(t.x);
    umbra_basis *basis;
    assert_ok(umbra_basis_create(&basis, t.s.evaluator, &x, t.key));
    const umbra_chain *chain = umbra_context_chain(t.s.context);
    fill(c, &random, 31, DENSE);
    check_at(&t, basis, c, 31, chain->log_scale[2]);
    check_at(&t, basis, c, 31, chain->log_scale[2] - umbra_log2_of_bits(3) / 7);
    count_from_now(&t.s);
    fill(c, &random, 31, DENSE);
    check_at(&t, basis, c, 31, chain->log_scale[2] + umbra_log2_of_bits(2));
    assert_int_equal(count_so_far(&t.s), 5);
    umbra_basis_destroy(basis);
    close_setting(&t);
  }
}

/* By hand: T_2, T_3, T_4, T_8 and a chain of three products for degree 15; and so on. */
static void switches_of_plans(void **state) {
  (void)state;
  static const struct {
    uint32_t degree;
    int shape;
    uint32_t switches;
  } expected[] = {{1, DENSE, 0},  {2, DENSE, 1},   {3, DENSE, 2}, {7, DENSE, 4},
                  {15, DENSE, 7}, {31, DENSE, 10}, {30, EVEN, 8}, {63, DENSE, 15}};
  double c[64];
  uint64_t random = 15;
  umbra_polynomial polynomial;
  for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
    fill(c, &random, expected[i].degree, expected[i].shape);
    umbra_polynomial_plan(&polynomial, c, expected[i].degree);
    assert_int_equal(polynomial.switches, expected[i].switches);
    assert_int_equal(polynomial.degree, expected[i].degree);
  }
}

/* Coefficients that the scale cannot show are nothing; those that no modulus holds are refused. */
static void sizes_of_coefficients(void **state) {
  (void)state;
  setting t = open_setting(40, 4, 4);
  double c[8] = {0.25, 0.5, 1e-30, -1e-25, 0, 1e-200, 0, 1e-18};
  check(&t, c, 7);
  umbra_ciphertext *out = NULL;
  c[3] = 1e40;
  assert_fails(umbra_chebyshev_eval(t.s.evaluator, &out, t.x, c, 7), UMBRA_ERROR_RANGE, "too large");
  assert_null(out);
  close_setting(&t);
}

/* Degree 1 needs no key. */
static void without_keys(void **state) {
  (void)state;
  setting t = open_setting(40, 4, 4);
  umbra_evaluator *keyless = NULL;
  umbra_ciphertext *out = NULL;
  const double c[] = {0.5, -0.25, 0.125};
  assert_ok(umbra_evaluator_create(&keyless, t.s.context, NULL));
  assert_fails(umbra_chebyshev_eval(keyless, &out, t.x, c, 2), UMBRA_ERROR_MISSING_KEY, "relinearisation");
  assert_null(out);
  assert_ok(umbra_chebyshev_eval(keyless, &out, t.x, c, 1));
  check_values(&t, out, c, 1);
  umbra_evaluator_destroy(keyless);
  close_setting(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nested_windows),
      cmocka_unit_test(windows_that_do_not_nest),
      cmocka_unit_test(any_scale_and_shared_basis),
      cmocka_unit_test(switches_of_plans),
      cmocka_unit_test(sizes_of_coefficients),
      cmocka_unit_test(without_keys),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
