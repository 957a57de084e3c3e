/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Operations on ciphertexts with planned scales, against the clear, on nested windows and on others. */
#include "scheme.h"

#include "host/ckks/ciphertext_internal.h"
#include "host/ckks/find_key.h"
#include "host/ckks/sum.h"

enum { DEPTH = 5 };

static scheme s;
static vector x, y;
static umbra_ciphertext *cx, *cy;
static umbra_scaled a, b; /* views of them */
static double accuracy;

static const umbra_chain *chain(void) { return umbra_context_chain(s.context); }

/* Lands on the level's scale, or one level below it on that one's, compares with `expected`, and destroys both. */
static void check(umbra_scaled *made, vector expected) {
  umbra_ciphertext *out = NULL;
  if (made->log_scale != chain()->log_scale[made->level]) {
    umbra_scaled landed;
    assert_ok(umbra_scaled_lower(&landed, s.evaluator, made, made->level - 1, chain()->log_scale[made->level - 1]));
    umbra_scaled_destroy(made, s.context);
    *made = landed;
  }
  assert_ok(umbra_scaled_finish(&out, made, s.context, cx));
  double error = worst_error(&s, out, &expected), bound = umbra_ciphertext_error_bound(out);
  if (!(error <= accuracy && error <= bound)) fail_msg("error %g, bound %g, accuracy %g", error, bound, accuracy);
  umbra_ciphertext_destroy(out);
  vector_destroy(&expected);
}

typedef number (*formula)(number x, number y);

static vector apply(formula f) {
  vector v = vector_make(x.slots);
  for (uint32_t j = 0; j < v.slots; j++) v.value[j] = f(x.value[j], y.value[j]);
  return v;
}

static umbra_scaled copy_of(const umbra_scaled *from) {
  umbra_scaled copy;
  assert_ok(umbra_scaled_lower(&copy, s.evaluator, from, from->level, from->log_scale));
  return copy;
}

static number plus(number u, number v) { return u + v; }
static number minus(number u, number v) { return u - v; }
static number times(number u, number v) { return u * v; }
static number first(number u, number v) { return (void)v, u; }
static number turned(number u, number v) { return (void)v, -3 * I * u; }
static number shifted(number u, number v) { return (void)v, u + 0.5L - 2 * I; }
static number conjugated(number u, number v) { return (void)v, conjl(u); }
static number by_constant(number u, number v) { return (void)v, u * (0.375L - 0.7 * I); }
static number summed(number u, number v) { return 2 * (u * u + u * v) + 0.3 * u - 1.7 * v + 0.125L; }
static number combined(number u, number v) { return 0.3 * u - 1.7 * v; }

static void sums(void **state) {
  (void)state;
  umbra_scaled sum = copy_of(&a), difference = copy_of(&a);
  assert_ok(umbra_scaled_add(s.evaluator, &sum, &b));
  assert_ok(umbra_scaled_sub(s.evaluator, &difference, &b));
  check(&sum, apply(plus));
  check(&difference, apply(minus));
}

static void constants(void **state) {
  (void)state;
  umbra_scaled made = copy_of(&a);
  umbra_scaled_mul_integer(s.evaluator, &made, -3);
  assert_ok(umbra_scaled_mul_i(s.evaluator, &made));
  check(&made, apply(turned));
  made = copy_of(&a);
  assert_ok(umbra_scaled_add_constant(s.evaluator, &made, 0.5, -2));
  check(&made, apply(shifted));
  umbra_log2 log_scale = chain()->log_scale[DEPTH - 1] - umbra_log2_of_bits(1) / 3;
  assert_ok(umbra_scaled_mul_constant(&made, s.evaluator, &a, 0.375, -0.7, DEPTH, log_scale));
  assert_true(made.level == DEPTH - 1 && made.log_scale == log_scale);
  check(&made, apply(by_constant));
}

static void products(void **state) {
  (void)state;
  const umbra_eval_key *key;
  umbra_scaled made;
  assert_ok(umbra_find_relinearization(&key, s.evaluator, DEPTH));
  assert_ok(umbra_scaled_mul(&made, s.evaluator, &a, &b, key));
  assert_int_equal(made.level, DEPTH - 1);
  made.log_scale = chain()->log_scale[made.level]; /* equal but for the rounding of logarithms */
  check(&made, apply(times));
}

static void sums_of_products(void **state) {
  (void)state;
  const umbra_eval_key *key;
  umbra_scaled made;
  const umbra_factors product[] = {{&a, &a}, {&a, &b}};
  const umbra_multiple multiple[] = {{&a, 0.3}, {&b, -1.7}};
  umbra_summands summands = {product, 2, 1, multiple, 2, 0.125};
  assert_ok(umbra_find_relinearization(&key, s.evaluator, DEPTH));
  assert_ok(umbra_sum_make(&made, s.evaluator, &summands, DEPTH, 2 * a.log_scale, key));
  assert_true(made.log_scale == 2 * a.log_scale - umbra_sum_log_step(chain(), DEPTH));
  made.log_scale = chain()->log_scale[made.level];
  check(&made, apply(summed));
  summands = (umbra_summands){.multiple = multiple, .multiples = 2};
  umbra_log2 log_scale = chain()->log_scale[DEPTH - 1] + umbra_log2_of_bits(1) / 5;
  assert_ok(umbra_sum_make(&made, s.evaluator, &summands, DEPTH, log_scale + umbra_sum_log_step(chain(), DEPTH), NULL));
  assert_true(made.log_scale == log_scale);
  check(&made, apply(combined));
}

static void conjugates(void **state) {
  (void)state;
  const umbra_eval_key *key;
  umbra_scaled made;
  assert_ok(umbra_find_conjugation(&key, s.evaluator, DEPTH));
  assert_ok(umbra_scaled_permute(&made, s.evaluator, &a, key));
  check(&made, apply(conjugated));
}

/* Any level at any scale near its own, down from the top. */
static void lower_levels(void **state) {
  (void)state;
  for (uint32_t level = 1; level < DEPTH; level++)
    for (int part = -1; part <= 1; part++) {
      umbra_scaled made;
      umbra_log2 log_scale = chain()->log_scale[level] + part * umbra_log2_of_bits(1) / 3;
      assert_ok(umbra_scaled_lower(&made, s.evaluator, &a, level, log_scale));
      assert_true(made.level == level && made.log_scale == log_scale);
      check(&made, apply(first));
    }
}

/* What does not meet is a bug, and says so. */
static void what_does_not_meet(void **state) {
  (void)state;
  umbra_scaled made = copy_of(&a);
  umbra_ciphertext *out = NULL;
  made.log_scale++;
  assert_fails(umbra_scaled_add(s.evaluator, &made, &b), UMBRA_ERROR_INTERNAL, "meet");
  assert_fails(umbra_scaled_finish(&out, &made, s.context, cx), UMBRA_ERROR_INTERNAL, "scale");
  const umbra_factors product = {&a, &b};
  const umbra_summands summands = {.product = &product, .products = 1};
  umbra_scaled none = {0};
  assert_fails(umbra_sum_make(&none, s.evaluator, &summands, DEPTH, 2 * a.log_scale + 1, NULL), UMBRA_ERROR_INTERNAL,
               "meet");
  assert_null(none.poly.data);
  umbra_scaled_destroy(&made, s.context);
}

static void open_all(uint32_t scale_bits) {
  uint64_t random = 21;
  accuracy = ldexp(1, 20 - (int)scale_bits);
  scheme_open(&s, test_params(11, scale_bits, DEPTH), NULL, NULL, 0);
  x = vector_random(&random, 1024, 1);
  y = vector_random(&random, 1024, 1);
  cx = encrypt_vector(&s, &x, DEPTH);
  cy = encrypt_vector(&s, &y, DEPTH);
  a = umbra_scaled_of(cx);
  b = umbra_scaled_of(cy);
}

static int open_nested(void **state) {
  (void)state;
  open_all(60);
  return 0;
}

static int open_terminal(void **state) {
  (void)state;
  open_all(40);
  return 0;
}

static int close_all(void **state) {
  (void)state;
  umbra_ciphertext_destroy(cx);
  umbra_ciphertext_destroy(cy);
  vector_destroy(&x);
  vector_destroy(&y);
  scheme_close(&s);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sums),
      cmocka_unit_test(constants),
      cmocka_unit_test(products),
      cmocka_unit_test(sums_of_products),
      cmocka_unit_test(conjugates),
      cmocka_unit_test(lower_levels),
      cmocka_unit_test(what_does_not_meet),
  };
  return cmocka_run_group_tests(tests, open_nested, close_all) +
         cmocka_run_group_tests(tests, open_terminal, close_all);
}
