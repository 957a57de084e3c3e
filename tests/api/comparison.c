/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Composite signs: their figures in the literature, what their reports promise, and sign, ReLU, maximum and comparison of
 * encrypted values, with the keys that a dry run asks for.
 */
#include "../scheme.h"

enum { DEPTH = 13, SLOTS = 512 };

static umbra_sign_plan *plan_of(const uint32_t *degrees, size_t count, double error, double band, double range) {
  umbra_sign_plan *plan = NULL;
  umbra_sign_options options = {UMBRA_SIGN_OPTIONS_INIT, .degrees = degrees, .count = count};
  options.error = error;
  options.band = band;
  options.range = range;
  assert_ok(umbra_sign_plan_create(&plan, &options));
  return plan;
}

static umbra_sign_report report_of(const umbra_sign_plan *plan) {
  umbra_sign_report report = {UMBRA_SIGN_REPORT_INIT};
  assert_ok(umbra_sign_plan_report(plan, &report));
  return report;
}

/* ---- plans ---- */

/* What the report promises, on a grid of its own that is dense near 0. */
static void check_promises(const umbra_sign_plan *plan, double range) {
  const umbra_sign_report r = report_of(plan);
  double error = 0, relu = 0, inside = 0;
  enum { STEPS = 40000 };
  for (int i = 0; i <= STEPS; i++) {
    const double x = range * exp2(-16.0 * i / STEPS),
                 values[] = {umbra_sign_plan_value(plan, x), -umbra_sign_plan_value(plan, -x)};
    for (int side = 0; side < 2; side++) {
      double off = fabs(values[side] - 1);
      if (x >= r.band) error = fmax(error, off);
      else inside = fmax(inside, fabs(values[side]));
      relu = fmax(relu, x * off / 2);
    }
  }
  if (!(error <= r.error * (1 + 1e-3) && error >= r.error * 0.97)) fail_msg("error %g, said %g", error, r.error);
  if (!(relu <= r.relu_error * (1 + 1e-3) && relu >= r.relu_error * 0.97))
    fail_msg("ReLU %g, said %g", relu, r.relu_error);
  if (!(inside <= 1 + r.error * (1 + 1e-3))) fail_msg("%g inside the band", inside);
  assert_true(isnan(umbra_sign_plan_value(plan, range * 1.001)));
}

/* Bands and errors of these composites where both are equal, and levels (Lee, Lee, No, Kim give alike). */
static void known_composites(void **state) {
  (void)state;
  static const struct {
    uint32_t degrees[4], count, depth;
    double bits;
  } cases[] = {{{15, 15}, 2, 8, 5.9},         {{7, 7, 7}, 3, 9, 6.1},     {{7, 7, 15}, 3, 10, 7.0},
               {{7, 15, 15}, 3, 11, 7.9},     {{15, 15, 15}, 3, 12, 8.8}, {{15, 15, 27}, 3, 13, 9.6},
               {{7, 15, 15, 27}, 4, 16, 11.8}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    umbra_sign_plan *plan = plan_of(cases[i].degrees, cases[i].count, 0.5, 0, 1);
    umbra_sign_report r = report_of(plan);
    assert_int_equal(r.depth, cases[i].depth);
    assert_int_equal(r.count, cases[i].count);
    if (!(fabs(-log2(r.error) - cases[i].bits) < 0.1 && fabs(-log2(r.band) - cases[i].bits) < 0.1))
      fail_msg("composite %zu: error 2^%.2f, band 2^%.2f", i, log2(r.error), log2(r.band));
    check_promises(plan, 1);
    umbra_sign_plan_destroy(plan);
  }
}

static void composites_by_error(void **state) {
  (void)state;
  static const struct {
    double error, band, range;
    uint32_t depth;
  } cases[] = {{0x1p-4, 0, 1, 6}, {0x1p-8, 0, 1, 12}, {0x1p-12, 0x1p-6, 4, 12}, {0x1p-2, 0x1p-8, 1, 9}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    umbra_sign_plan *plan = plan_of(NULL, 0, cases[i].error, cases[i].band, cases[i].range);
    umbra_sign_report r = report_of(plan);
    assert_true(r.error <= cases[i].error);
    assert_true(r.band == (cases[i].band > 0 ? cases[i].band : cases[i].error) * cases[i].range);
    if (r.depth > cases[i].depth) fail_msg("case %zu: %u levels", i, r.depth);
    assert_true(r.range == cases[i].range);
    check_promises(plan, cases[i].range);
    umbra_sign_plan_destroy(plan);
  }
}

static void refuse(const umbra_sign_options *options, umbra_status status, const char *words) {
  umbra_sign_plan *plan = NULL;
  assert_fails(umbra_sign_plan_create(&plan, options), status, words);
  assert_null(plan);
}

static void plans_that_cannot_be(void **state) {
  (void)state;
  const umbra_status bad = UMBRA_ERROR_INVALID_ARGUMENT;
  static const uint32_t even[] = {7, 8}, large[] = {65}, many[9] = {3, 3, 3, 3, 3, 3, 3, 3, 3};
  umbra_sign_options o = {UMBRA_SIGN_OPTIONS_INIT};
#define REFUSED(words, ...) refuse(&(umbra_sign_options){.struct_size = sizeof o, __VA_ARGS__}, bad, words)
  REFUSED("degree 1 is 8", .degrees = even, .count = 2, .range = 1);
  REFUSED("degree 0 is 65", .degrees = large, .count = 1, .range = 1);
  REFUSED("9 degrees", .degrees = many, .count = 9, .range = 1);
  REFUSED("0 degrees", .degrees = many, .range = 1);
  REFUSED("degrees is NULL", .count = 2, .range = 1, .error = 0.1);
  REFUSED("error is 0", .range = 1);
  REFUSED("error is nan", .range = 1, .error = NAN);
  REFUSED("band is 0.6", .range = 1, .error = 0.1, .band = 0.6);
  REFUSED("range is 0", .error = 0.1);
  REFUSED("range is inf", .error = 0.1, .range = INFINITY);
#undef REFUSED
  assert_fails(umbra_sign_plan_create(NULL, &o), bad, "an output");
  assert_fails(umbra_sign_plan_report(NULL, NULL), bad, "a plan");
}

/* ---- encrypted ---- */

static scheme s;
static vector a, b;
static umbra_ciphertext *x, *y;

static double at_a(const umbra_sign_plan *plan, uint32_t j) {
  return umbra_sign_plan_value(plan, (double)creall(a.value[j]));
}
static double at_difference(const umbra_sign_plan *plan, uint32_t j) {
  return umbra_sign_plan_value(plan, (double)creall(a.value[j] - b.value[j]));
}

/* What the plan computes in slot j. */
typedef number computed(const umbra_sign_plan *plan, uint32_t j);
static number as_sign(const umbra_sign_plan *plan, uint32_t j) { return at_a(plan, j); }
static number as_relu(const umbra_sign_plan *plan, uint32_t j) { return a.value[j] * (1 + at_a(plan, j)) / 2; }
static number as_comparison(const umbra_sign_plan *plan, uint32_t j) { return (1 + at_difference(plan, j)) / 2; }
static number as_max(const umbra_sign_plan *plan, uint32_t j) {
  return b.value[j] + (a.value[j] - b.value[j]) * as_comparison(plan, j);
}

/* Encryption adds less than 2^-20. */
static void check(const umbra_ciphertext *out, const umbra_sign_plan *plan, uint32_t levels, const char *what,
                  computed *exact) {
  vector expected = vector_make(SLOTS);
  for (uint32_t j = 0; j < SLOTS; j++) expected.value[j] = exact(plan, j);
  double error = worst_error(&s, out, &expected);
  if (!(error <= 0x1p-20)) fail_msg("%s: error %g", what, error);
  if (!(error <= umbra_ciphertext_error_bound(out))) fail_msg("%s: error %g above its bound", what, error);
  assert_int_equal(umbra_ciphertext_level(out), DEPTH - levels);
  vector_destroy(&expected);
}

static void encrypted(void **state) {
  (void)state;
  static const uint32_t degrees[] = {7, 15, 15};
  static const double ranges[] = {1, 2};
  for (int i = 0; i < 2; i++) {
    umbra_ciphertext *out = NULL;
    umbra_sign_plan *plan = plan_of(degrees, 3, 0.5, 0, ranges[i]);
    uint32_t depth = report_of(plan).depth;
    assert_int_equal(depth, 11 + i);
    assert_ok(umbra_sign(s.evaluator, &out, x, plan));
    check(out, plan, depth, "sign", as_sign);
    assert_ok(umbra_relu(s.evaluator, &out, x, plan));
    check(out, plan, depth + 1, "relu", as_relu);
    assert_ok(umbra_max(s.evaluator, &out, x, y, plan));
    check(out, plan, depth + 1, "max", as_max);
    assert_ok(umbra_compare(s.evaluator, &out, x, y, plan));
    check(out, plan, depth, "compare", as_comparison);
    umbra_ciphertext_destroy(out);
    umbra_sign_plan_destroy(plan);
  }
}

/* The exact functions, within what the report says. */
static void against_the_functions(void **state) {
  (void)state;
  static const uint32_t degrees[] = {7, 15, 15};
  umbra_sign_plan *plan = plan_of(degrees, 3, 0.5, 0, 1);
  umbra_sign_report r = report_of(plan);
  umbra_ciphertext *out = NULL;
  vector relu = vector_make(SLOTS), most = vector_make(SLOTS);
  for (uint32_t j = 0; j < SLOTS; j++) {
    relu.value[j] = fmax((double)creall(a.value[j]), 0);
    most.value[j] = fmax((double)creall(a.value[j]), (double)creall(b.value[j]));
  }
  assert_ok(umbra_relu(s.evaluator, &out, x, plan));
  assert_true(worst_error(&s, out, &relu) <= r.relu_error + 0x1p-17);
  assert_ok(umbra_max(s.evaluator, &out, x, y, plan));
  assert_true(worst_error(&s, out, &most) <= r.relu_error + 0x1p-17);
  vector_destroy(&relu);
  vector_destroy(&most);
  umbra_ciphertext_destroy(out);
  umbra_sign_plan_destroy(plan);
}

static void levels_and_places(void **state) {
  (void)state;
  static const uint32_t degrees[] = {7, 7};
  umbra_sign_plan *plan = plan_of(degrees, 2, 0.5, 0, 1);
  umbra_ciphertext *low = NULL, *out = NULL;
  assert_ok(umbra_level_drop(s.evaluator, &low, x, 6));
  assert_fails(umbra_relu(s.evaluator, &out, low, plan), UMBRA_ERROR_NO_LEVEL,
               "takes 7 levels and the input is at level 6");
  assert_fails(umbra_max(s.evaluator, &out, x, low, plan), UMBRA_ERROR_NO_LEVEL, "takes 7 levels");
  assert_fails(umbra_sign(s.evaluator, &out, low, NULL), UMBRA_ERROR_INVALID_ARGUMENT, "a plan");
  assert_fails(umbra_sign(s.evaluator, NULL, low, plan), UMBRA_ERROR_INVALID_ARGUMENT, "NULL");
  assert_fails(umbra_sign(s.evaluator, &out, NULL, plan), UMBRA_ERROR_INVALID_ARGUMENT, "NULL");
  assert_fails(umbra_max(s.evaluator, &out, x, NULL, plan), UMBRA_ERROR_INVALID_ARGUMENT, "2 ciphertexts");
  assert_fails(umbra_compare(s.evaluator, &out, NULL, x, plan), UMBRA_ERROR_INVALID_ARGUMENT, "NULL");
  assert_null(out);
  assert_ok(umbra_sign(s.evaluator, &out, low, plan));
  bytes expected = ciphertext_bytes(out);
  assert_ok(umbra_sign(s.evaluator, &low, low, plan));
  assert_true(has_bytes(low, &expected));
  free(expected.data);
  umbra_ciphertext_destroy(out);
  umbra_ciphertext_destroy(low);
  umbra_sign_plan_destroy(plan);
}

/* A dry run names the key and the levels. */
static void needs(void **state) {
  (void)state;
  static const uint32_t degrees[] = {7, 15, 15};
  umbra_sign_plan *plan = plan_of(degrees, 3, 0.5, 0, 2);
  umbra_context *dry = NULL;
  umbra_evaluator *evaluator = NULL;
  umbra_ciphertext *in = NULL, *out = NULL;
  umbra_key_needs *found = NULL;
  umbra_key_need need = {UMBRA_KEY_NEED_INIT};
  assert_ok(
      umbra_context_create(&dry, &(umbra_context_desc){UMBRA_CONTEXT_DESC_INIT, .params = s.params, .device = "dry"}));
  assert_ok(umbra_evaluator_create(&evaluator, dry, NULL));
  assert_ok(umbra_dry_ciphertext(&in, dry, UMBRA_TOP_LEVEL, SLOTS, 1));
  assert_ok(umbra_relu(evaluator, &out, in, plan));
  assert_int_equal(umbra_ciphertext_level(out), DEPTH - 13);
  assert_ok(umbra_key_needs_create(&found, s.params));
  assert_ok(umbra_context_needs(dry, found));
  assert_int_equal(umbra_key_needs_count(found), 1);
  assert_ok(umbra_key_needs_get(found, &need, 0));
  assert_true(need.kind == UMBRA_KEY_RELINEARIZE && need.level == DEPTH - 1);
  umbra_key_needs_destroy(found);
  umbra_ciphertext_destroy(in);
  umbra_ciphertext_destroy(out);
  umbra_evaluator_destroy(evaluator);
  umbra_context_destroy(dry);
  umbra_sign_plan_destroy(plan);
}

static uint32_t doubts_of(const umbra_ciphertext *of) {
  umbra_range range = {UMBRA_RANGE_INIT};
  assert_ok(umbra_ciphertext_range(of, &range));
  return range.doubts;
}

/* The plan knows the ranges inside: inputs within its own raise no doubt, and others do. */
static void ranges_inside(void **state) {
  (void)state;
  static const uint32_t degrees[] = {7, 15, 15};
  umbra_sign_plan *plan = plan_of(degrees, 3, 0.5, 0, 2);
  umbra_ciphertext *out = NULL, *wide = NULL;
  umbra_evaluator_set_strict(s.evaluator, 1);
  assert_ok(umbra_sign(s.evaluator, &out, x, plan));
  assert_true(umbra_ciphertext_magnitude(out) <= 1 + report_of(plan).error);
  assert_ok(umbra_relu(s.evaluator, &out, x, plan));
  assert_ok(umbra_max(s.evaluator, &out, x, y, plan));
  assert_int_equal(doubts_of(out), 0);
  assert_ok(umbra_compare(s.evaluator, &out, x, y, plan));
  assert_true(umbra_ciphertext_magnitude(out) <= 1 + report_of(plan).error / 2);
  assert_ok(umbra_mul_integer(s.evaluator, &wide, x, 3));
  assert_fails(umbra_sign(s.evaluator, &out, wide, plan), UMBRA_ERROR_RANGE, "the bound of its input is 1.5");
  umbra_evaluator_set_strict(s.evaluator, 0);
  assert_ok(umbra_sign(s.evaluator, &out, wide, plan));
  assert_int_equal(doubts_of(out), UMBRA_DOUBT_INTERVAL);
  umbra_ciphertext_destroy(wide);
  umbra_ciphertext_destroy(out);
  umbra_sign_plan_destroy(plan);
}

static int open_all(void **state) {
  (void)state;
  uint64_t random = 4;
  scheme_open(&s, test_params(11, 45, DEPTH), NULL, NULL, 0);
  a = vector_make(SLOTS);
  b = vector_make(SLOTS);
  for (uint32_t j = 0; j < SLOTS; j++) {
    a.value[j] = j < 2 ? 2.0 * j - 1 : uniform(&random) * exp2(-(double)below(&random, 10));
    b.value[j] = fmax(fmin((double)creall(a.value[j]) + uniform(&random) * exp2(-(double)below(&random, 10)), 1), -1);
    while (fabs((double)creall(a.value[j] - b.value[j])) > 1) b.value[j] /= 2;
  }
  x = encrypt_vector(&s, &a, UMBRA_TOP_LEVEL);
  y = encrypt_vector(&s, &b, UMBRA_TOP_LEVEL);
  return 0;
}

static int close_all(void **state) {
  (void)state;
  umbra_ciphertext_destroy(x);
  umbra_ciphertext_destroy(y);
  vector_destroy(&a);
  vector_destroy(&b);
  scheme_close(&s);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(known_composites),
      cmocka_unit_test(composites_by_error),
      cmocka_unit_test(plans_that_cannot_be),
      cmocka_unit_test(encrypted),
      cmocka_unit_test(against_the_functions),
      cmocka_unit_test(levels_and_places),
      cmocka_unit_test(needs),
      cmocka_unit_test(ranges_inside),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
