/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Softmax: plans against exact values on random logits, and encrypted: a ciphertext for each class, or all classes in one,
 * by the mean and by a bound, with the keys that a dry run asks for.
 */
#include "../scheme.h"

enum { DEPTH = 16, SLOTS = 64, MOST_CLASSES = 16 };

static umbra_softmax_plan *plan_of(size_t classes, double lo, double hi, umbra_softmax_shift shift, double slack,
                                   uint32_t stride) {
  umbra_softmax_plan *plan = NULL;
  umbra_softmax_options options = {UMBRA_SOFTMAX_OPTIONS_INIT, .stride = stride};
  options.lo = lo;
  options.hi = hi;
  options.shift = shift;
  options.slack = slack;
  assert_ok(umbra_softmax_plan_create(&plan, classes, &options));
  return plan;
}

static umbra_softmax_report report_of(const umbra_softmax_plan *plan) {
  umbra_softmax_report report = {UMBRA_SOFTMAX_REPORT_INIT};
  assert_ok(umbra_softmax_plan_report(plan, &report));
  return report;
}

static void exact(double *probabilities, const double *logits, size_t classes) {
  double sum = 0;
  for (size_t i = 0; i < classes; i++) sum += exp(logits[i]);
  for (size_t i = 0; i < classes; i++) probabilities[i] = exp(logits[i]) / sum;
}

/* ---- plans ---- */

/* Of all shapes: uniform, near the ends, one against the others. With a bound the largest is within the slack of it. */
static void random_logits(double *logits, size_t classes, double lo, double hi, double slack, uint64_t *random) {
  uint32_t shape = below(random, 3);
  for (size_t i = 0; i < classes; i++) {
    double t = (uniform(random) + 1) / 2;
    if (shape == 1) t = below(random, 2) ? t * t * t : 1 - t * t * t;
    if (shape == 2 && i) t *= 0.3;
    logits[i] = lo + (hi - lo) * t;
  }
  if (slack > 0) logits[below(random, (uint32_t)classes)] = hi - slack * (uniform(random) + 1) / 2;
}

static void plans(void **state) {
  (void)state;
  static const struct {
    size_t classes;
    double lo, hi;
    umbra_softmax_shift shift;
    double slack;
    uint32_t depth;
  } cases[] = {
      {10, -2, 2, UMBRA_SOFTMAX_MEAN, 0, 9},     {10, -4, 4, UMBRA_SOFTMAX_MEAN, 0, 12},
      {10, -8, 8, UMBRA_SOFTMAX_MEAN, 0, 18},    {10, -16, 16, UMBRA_SOFTMAX_MEAN, 0, 24},
      {10, 5, 9, UMBRA_SOFTMAX_MEAN, 0, 9},      {2, -8, 8, UMBRA_SOFTMAX_MEAN, 0, 13},
      {300, -4, 4, UMBRA_SOFTMAX_MEAN, 0, 12},   {10, -4, 4, UMBRA_SOFTMAX_BOUND, 0, 14},
      {10, -32, 32, UMBRA_SOFTMAX_BOUND, 1, 11}, {10, -8, 8, UMBRA_SOFTMAX_BOUND, 2, 11},
  };
  uint64_t random = 5;
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    const size_t classes = cases[c].classes;
    umbra_softmax_plan *plan = plan_of(classes, cases[c].lo, cases[c].hi, cases[c].shift, cases[c].slack, 0);
    umbra_softmax_report r = report_of(plan);
    double logits[300], found[300], expected[300], largest = 0;
    assert_true(r.error <= 0x1p-6);
    if (r.depth != cases[c].depth) fail_msg("case %zu: %u levels, %u halvings", c, r.depth, r.halvings);
    for (int trial = 0; trial < 300; trial++) {
      random_logits(logits, classes, cases[c].lo, cases[c].hi, cases[c].slack, &random);
      assert_ok(umbra_softmax_plan_value(plan, found, logits));
      exact(expected, logits, classes);
      for (size_t i = 0; i < classes; i++) largest = fmax(largest, fabs(found[i] - expected[i]));
    }
    if (!(largest <= 0x1p-6)) fail_msg("case %zu: error %g, said %g", c, largest, r.error);
    umbra_softmax_plan_destroy(plan);
  }
}

static void refuse(size_t classes, const umbra_softmax_options *options, umbra_status status, const char *words) {
  umbra_softmax_plan *plan = NULL;
  assert_fails(umbra_softmax_plan_create(&plan, classes, options), status, words);
  assert_null(plan);
}

static void plans_that_cannot_be(void **state) {
  (void)state;
  const umbra_status bad = UMBRA_ERROR_INVALID_ARGUMENT;
  umbra_softmax_options o = {UMBRA_SOFTMAX_OPTIONS_INIT};
#define REFUSED(words, ...) refuse(3, &(umbra_softmax_options){.struct_size = sizeof o, __VA_ARGS__}, bad, words)
  REFUSED("lo < hi", .lo = 1, .hi = 1, .error = 0.1);
  REFUSED("lo < hi", .lo = NAN, .hi = 1, .error = 0.1);
  REFUSED("at most 64", .lo = -40, .hi = 40, .error = 0.1);
  REFUSED("error is 0", .hi = 1);
  REFUSED("slack is 2", .hi = 1, .slack = 2, .error = 0.1);
  REFUSED("shift is 7", .hi = 1, .error = 0.1, .shift = (umbra_softmax_shift)7);
#undef REFUSED
  refuse(1, &o, bad, "1 classes");
  refuse(5000, &o, bad, "5000 classes");
  assert_fails(umbra_softmax_plan_create(NULL, 3, &o), bad, "an output");
  umbra_softmax_plan *plan = plan_of(2, -1, 1, UMBRA_SOFTMAX_MEAN, 0, 0);
  double out[2], in[2] = {0, 1.5};
  assert_fails(umbra_softmax_plan_value(plan, out, in), UMBRA_ERROR_RANGE, "logit 1 is 1.5");
  umbra_softmax_plan_destroy(plan);
}

/* ---- encrypted ---- */

static scheme s;

/* Records of logits and what the plan makes of them in the clear. */
typedef struct job {
  const umbra_softmax_plan *plan;
  size_t classes, records, stride;
  double logits[SLOTS][MOST_CLASSES], expected[SLOTS][MOST_CLASSES];
} job;

static void job_make(job *j, const umbra_softmax_plan *plan, size_t classes, size_t records, size_t stride, double lo,
                     double hi, double slack) {
  uint64_t random = 6;
  *j = (job){.plan = plan, .classes = classes, .records = records, .stride = stride};
  for (size_t r = 0; r < records; r++) {
    random_logits(j->logits[r], classes, lo, hi, slack, &random);
    assert_ok(umbra_softmax_plan_value(plan, j->expected[r], j->logits[r]));
  }
}

/* Ciphertext i of the logits, or of what is expected. */
static vector vector_of(const job *j, double (*rows)[MOST_CLASSES], size_t i) {
  size_t room = 1;
  while (room < j->classes) room *= 2;
  vector v = vector_make((uint32_t)(j->stride ? room * j->stride : j->records));
  for (size_t r = 0; r < j->records; r++)
    if (!j->stride) v.value[r] = rows[r][i];
    else
      for (size_t c = 0; c < j->classes; c++) v.value[c * j->stride + r] = rows[r][c];
  return v;
}

static void check(const umbra_ciphertext *out, const job *j, size_t i, uint32_t depth) {
  vector expected = vector_of(j, (double(*)[MOST_CLASSES])j->expected, i);
  double error = worst_error(&s, out, &expected);
  if (!(error <= 0x1p-18)) fail_msg("class %zu of %zu: error %g", i, j->classes, error);
  assert_true(error <= umbra_ciphertext_error_bound(out));
  assert_true(umbra_ciphertext_level(out) >= DEPTH - depth);
  vector_destroy(&expected);
}

/* In place if that is asked for. */
static void run(const job *j, int in_place) {
  umbra_ciphertext *in[MOST_CLASSES] = {NULL}, *made[MOST_CLASSES] = {NULL}, **out = in_place ? in : made;
  const size_t count = j->stride ? 1 : j->classes;
  const umbra_softmax_report r = report_of(j->plan);
  for (size_t i = 0; i < count; i++) {
    vector logits = vector_of(j, (double(*)[MOST_CLASSES])j->logits, i);
    in[i] = encrypt_vector(&s, &logits, UMBRA_TOP_LEVEL);
    vector_destroy(&logits);
  }
  assert_ok(umbra_softmax(s.evaluator, out, (const umbra_ciphertext *const *)in, j->plan));
  for (size_t i = 0; i < count; i++) check(out[i], j, i, r.depth);
  for (size_t i = 0; i < count; i++) {
    umbra_ciphertext_destroy(in[i]);
    umbra_ciphertext_destroy(made[i]);
  }
}

static void a_ciphertext_for_each_class(void **state) {
  (void)state;
  static job j;
  umbra_softmax_plan *mean = plan_of(3, -2, 2, UMBRA_SOFTMAX_MEAN, 0, 0);
  job_make(&j, mean, 3, SLOTS, 0, -2, 2, 0);
  run(&j, 0);
  run(&j, 1);
  umbra_softmax_plan *bound = plan_of(4, -3, 7, UMBRA_SOFTMAX_BOUND, 1.5, 0);
  job_make(&j, bound, 4, SLOTS, 0, -3, 7, 1.5);
  run(&j, 0);
  umbra_softmax_plan_destroy(mean);
  umbra_softmax_plan_destroy(bound);
}

/* With halvings: two classes far apart. */
static void squares(void **state) {
  (void)state;
  static job j;
  umbra_softmax_plan *plan = plan_of(3, -8, 8, UMBRA_SOFTMAX_MEAN, 0, 0);
  assert_true(report_of(plan).halvings > 0 && report_of(plan).depth <= DEPTH);
  job_make(&j, plan, 3, SLOTS, 0, -8, 8, 0);
  run(&j, 0);
  umbra_softmax_plan_destroy(plan);
}

static void all_classes_in_one(void **state) {
  (void)state;
  static const struct {
    size_t classes;
    umbra_softmax_shift shift;
    double slack;
  } cases[] = {{4, UMBRA_SOFTMAX_MEAN, 0},
               {10, UMBRA_SOFTMAX_MEAN, 0},
               {10, UMBRA_SOFTMAX_BOUND, 1},
               {8, UMBRA_SOFTMAX_BOUND, 2}};
  static job j;
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    umbra_softmax_plan *plan = plan_of(cases[c].classes, 1, 4, cases[c].shift, cases[c].slack, 16);
    job_make(&j, plan, cases[c].classes, 16, 16, 1, 4, cases[c].slack);
    run(&j, (int)c % 2);
    umbra_softmax_plan_destroy(plan);
  }
}

/* Wrong inputs change nothing. */
static void calls_that_cannot_be(void **state) {
  (void)state;
  umbra_softmax_plan *plan = plan_of(4, -2, 2, UMBRA_SOFTMAX_MEAN, 0, 16), *apart = plan_of(2, -2, 2, 0, 0, 0);
  vector v = vector_make(32);
  umbra_ciphertext *in[2] = {encrypt_vector(&s, &v, UMBRA_TOP_LEVEL), encrypt_vector(&s, &v, 3)}, *out[2] = {NULL};
  const umbra_ciphertext *const *given = (const umbra_ciphertext *const *)in;
  const umbra_status bad = UMBRA_ERROR_INVALID_ARGUMENT;
  assert_fails(umbra_softmax(s.evaluator, out, given, plan), bad, "have 32 slots");
  assert_fails(umbra_softmax(s.evaluator, out, given, apart), UMBRA_ERROR_NO_LEVEL, "at level 3");
  assert_fails(umbra_softmax(s.evaluator, out, given, NULL), bad, "a plan");
  assert_fails(umbra_softmax(s.evaluator, NULL, given, apart), bad, "outputs");
  umbra_ciphertext *twice[2] = {in[0], in[0]};
  assert_ok(umbra_ciphertext_copy(&in[1], in[0]));
  assert_fails(umbra_softmax(s.evaluator, twice, given, apart), bad, "same ciphertext");
  assert_true(!out[0] && !out[1]);
  umbra_ciphertext_destroy(in[0]);
  umbra_ciphertext_destroy(in[1]);
  vector_destroy(&v);
  umbra_softmax_plan_destroy(plan);
  umbra_softmax_plan_destroy(apart);
}

/* What a dry run says: relinearisation and the rotations of the sums, no other key. */
static void needs(void **state) {
  (void)state;
  umbra_softmax_plan *plan = plan_of(10, -2, 2, UMBRA_SOFTMAX_MEAN, 0, 16);
  umbra_context *dry = NULL;
  umbra_evaluator *evaluator = NULL;
  umbra_ciphertext *in = NULL;
  umbra_key_needs *found = NULL;
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = s.params, .device = "dry"};
  assert_ok(umbra_context_create(&dry, &desc));
  assert_ok(umbra_evaluator_create(&evaluator, dry, NULL));
  assert_ok(umbra_dry_ciphertext(&in, dry, UMBRA_TOP_LEVEL, 256, 2));
  assert_ok(umbra_softmax(evaluator, &in, (const umbra_ciphertext *const *)&in, plan));
  assert_int_equal(umbra_ciphertext_level(in), DEPTH - report_of(plan).depth);
  assert_ok(umbra_key_needs_create(&found, s.params));
  assert_ok(umbra_context_needs(dry, found));
  assert_int_equal(umbra_key_needs_count(found), 1 + 4);
  umbra_key_needs_destroy(found);
  umbra_ciphertext_destroy(in);
  umbra_evaluator_destroy(evaluator);
  umbra_context_destroy(dry);
  umbra_softmax_plan_destroy(plan);
}

/* The plan knows the ranges inside: logits within its own raise no doubt, and others do. */
static void ranges_inside(void **state) {
  (void)state;
  static const double lows[] = {-1, -2, -2};
  static const double highs[] = {1, 2, 1};
  static const umbra_softmax_shift shifts[] = {UMBRA_SOFTMAX_MEAN, UMBRA_SOFTMAX_BOUND, UMBRA_SOFTMAX_MEAN};
  uint64_t random = 9;
  umbra_range range = {UMBRA_RANGE_INIT};
  vector v = vector_make(32);
  for (uint32_t j = 0; j < 32; j++) v.value[j] = uniform(&random);
  umbra_ciphertext *in[2] = {encrypt_vector(&s, &v, UMBRA_TOP_LEVEL), NULL}, *out[2] = {NULL};
  assert_ok(umbra_negate(s.evaluator, &in[1], in[0]));
  for (int i = 0; i < 3; i++) {
    umbra_softmax_plan *plan = plan_of(2, lows[i], highs[i], shifts[i], 0, 0);
    const umbra_ciphertext *const *given = (const umbra_ciphertext *const *)in;
    umbra_ciphertext *const kept = in[1];
    umbra_evaluator_set_strict(s.evaluator, 1);
    assert_ok(umbra_softmax(s.evaluator, out, given, plan));
    assert_ok(umbra_ciphertext_range(out[0], &range));
    assert_int_equal(range.doubts, 0);
    in[1] = NULL;
    assert_ok(umbra_mul_integer(s.evaluator, &in[1], kept, 3));
    assert_fails(umbra_softmax(s.evaluator, out, given, plan), UMBRA_ERROR_RANGE, "the bound of its input is 3");
    umbra_evaluator_set_strict(s.evaluator, 0);
    assert_ok(umbra_softmax(s.evaluator, out, given, plan));
    assert_ok(umbra_ciphertext_range(out[0], &range));
    assert_int_equal(range.doubts, UMBRA_DOUBT_INTERVAL);
    umbra_ciphertext_destroy(in[1]);
    in[1] = kept;
    umbra_softmax_plan_destroy(plan);
  }
  for (int i = 0; i < 2; i++) {
    umbra_ciphertext_destroy(in[i]);
    umbra_ciphertext_destroy(out[i]);
  }
  vector_destroy(&v);
}

static int open_all(void **state) {
  (void)state;
  static const int32_t steps[] = {16, 32, 64, 128};
  scheme_open(&s, test_params(11, 45, DEPTH), NULL, steps, 4);
  return 0;
}

static int close_all(void **state) {
  (void)state;
  scheme_close(&s);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(plans),   cmocka_unit_test(plans_that_cannot_be), cmocka_unit_test(a_ciphertext_for_each_class),
      cmocka_unit_test(squares), cmocka_unit_test(all_classes_in_one),   cmocka_unit_test(calls_that_cannot_be),
      cmocka_unit_test(needs),   cmocka_unit_test(ranges_inside),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
