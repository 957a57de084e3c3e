/* SPDX-License-Identifier: Apache-2.0 */
/* labels: full */
/* labels: slow UMBRA_TEST_TRIALS=1000 */
/*
 * How often opening a result shows that a declaration on the way was broken: measured for values of 1.05, 1.2 and 2 times
 * their range. The table is that of docs/ranges.md.
 *
 * A trial is a ciphertext of 64 records. All are uniform in [-1, 1], the range declared; in one of them the value is as
 * large as the case says, with either sign. Then comes a computation, of whose result the range is declared, too: it is
 * true if the inputs' is. Records of one trial are opened together.
 */
#include "boot.h"

enum { LOG_N = 11, RECORDS = 64, DEGREE = 15, BEYOND = 3 };

static const double beyond[BEYOND] = {1.05, 1.2, 2};
static boot b;
static umbra_bootstrapper *bootstrapper; /* of RECORDS slots */
static double sigmoid[DEGREE + 1], sigmoid_error;
static uint64_t random_state = 7;

static double logistic(double x, void *user) {
  (void)user;
  return 1 / (1 + exp(-x));
}

static void declare(umbra_ciphertext *x, double magnitude, int real) {
  umbra_declaration d = {UMBRA_DECLARATION_INIT, .magnitude = magnitude, .real = real};
  assert_ok(umbra_ciphertext_declare(x, &d));
}

/* ---- computations: *x becomes the result, with its range declared ---- */

static void nothing(umbra_ciphertext **x) { declare(*x, 1, 1); }

static void square(umbra_ciphertext **x) {
  assert_ok(umbra_square(b.s.evaluator, x, *x));
  declare(*x, 1, 1);
}

/* Of the record and its neighbour. */
static void mean(umbra_ciphertext **x) {
  umbra_ciphertext *next = NULL;
  assert_ok(umbra_rotate(b.s.evaluator, &next, *x, 1));
  assert_ok(umbra_add(b.s.evaluator, x, *x, next));
  assert_ok(umbra_mul_constant(b.s.evaluator, x, *x, 0.5, 0));
  declare(*x, 1, 1);
  umbra_ciphertext_destroy(next);
}

/* A score: of logits in [-8, 8], which is what [-1, 1] stands for. */
static void score(umbra_ciphertext **x) {
  assert_ok(umbra_chebyshev_eval(b.s.evaluator, x, *x, sigmoid, DEGREE));
  declare(*x, 1 + sigmoid_error, 1);
}

/* Nothing is declared after it: what it promises itself counts. */
static void refresh(umbra_ciphertext **x) { assert_ok(umbra_bootstrap(b.s.evaluator, x, *x, bootstrapper)); }

static void refresh_declared(umbra_ciphertext **x) {
  refresh(x);
  declare(*x, 1, 1);
}

static void refresh_score(umbra_ciphertext **x) {
  refresh(x);
  declare(*x, 1, 1);
  score(x);
}

/* ---- trials ---- */

typedef struct computation {
  const char *name;
  void (*run)(umbra_ciphertext **x);
  double rate[BEYOND]; /* of trials in which it is found, or less */
} computation;

/*
 * A mean of f times the range and u, uniform in [-1, 1], is beyond the range if |u| > 2 - f, with the sign of f: with
 * probability (f - 1) / 2, and there are two such means. Nothing else is left to chance but noise.
 */
#define ONE_OF_TWO(p) (1 - (1 - (p)) * (1 - (p)))

static const computation computations[] = {
    {"the value itself", nothing, {1, 1, 1}},
    {"its square", square, {1, 1, 1}},
    {"its mean with another", mean, {ONE_OF_TWO(0.025), ONE_OF_TWO(0.1), ONE_OF_TWO(0.5)}},
    {"a score of degree 15", score, {0, 1, 1}},
    {"refreshed", refresh, {0, 0, 1}},
    {"refreshed, declared", refresh_declared, {1, 1, 1}},
    {"refreshed, then a score", refresh_score, {0, 1, 1}},
};
enum { COMPUTATIONS = sizeof computations / sizeof *computations };

static umbra_ciphertext *records(double factor) {
  vector v = vector_random(&random_state, RECORDS, 0);
  const uint32_t at = below(&random_state, RECORDS);
  if (factor > 1) v.value[at] = next_word(&random_state) & 1 ? factor : -factor;
  umbra_ciphertext *x = encrypt_vector(&b.s, &v, umbra_params_depth(b.s.params));
  declare(x, 1, 1);
  vector_destroy(&v);
  return x;
}

/* Fewer are found with probability below 2^-20: the terms of the binomial distribution, added up from none. */
static uint32_t least_of(uint32_t trials, double rate) {
  double term = pow(1 - rate, trials), below_it = 0;
  uint32_t found = 0;
  if (rate == 1) return trials;
  for (; below_it + term < 0x1p-20; found++) {
    below_it += term;
    term *= (trials - found) * rate / ((found + 1) * (1 - rate));
  }
  return found;
}

/* By what is seen in the slots; what is that far off may be no longer real, too. */
static int is_found(const computation *c, double factor) {
  umbra_outcome outcome = {UMBRA_OUTCOME_INIT};
  umbra_ciphertext *x = records(factor);
  c->run(&x);
  assert_ok(umbra_decrypt_outcome(&outcome, NULL, 0, x, b.s.secret, NULL));
  umbra_ciphertext_destroy(x);
  const int found = (outcome.doubts & UMBRA_DOUBT_VALUE) != 0;
  assert_true(outcome.doubts == 0 || (found && !(outcome.doubts & ~(uint32_t)(UMBRA_DOUBT_VALUE | UMBRA_DOUBT_REAL))));
  return found;
}

static uint32_t found_of(const computation *c, double factor, uint32_t trials) {
  uint32_t found = 0;
  for (uint32_t i = 0; i < trials; i++) found += (uint32_t)is_found(c, factor);
  return found;
}

static void set_up(void) {
  static const int32_t one[] = {1};
  umbra_bootstrap_options options = {UMBRA_BOOTSTRAP_OPTIONS_INIT};
  umbra_fit_desc fit = {UMBRA_FIT_DESC_INIT};
  umbra_fit_report report = {UMBRA_FIT_REPORT_INIT};
  fit.f = logistic;
  fit.lo = -8;
  fit.hi = 8;
  options.slots = RECORDS;
  boot_open(&b, boot_twin(LOG_N, 40, 6, (umbra_bootstrap_shape){UMBRA_BOOTSTRAP_SHAPE_INIT}), NULL, &options);
  bootstrapper = b.bootstrapper;
  umbra_key_needs *needs = needs_of(b.s.params, one, 1);
  assert_ok(umbra_bootstrap_plan_needs(b.plan, needs));
  umbra_eval_keys_destroy(b.s.keys);
  b.s.keys = keys_for(b.s.secret, needs);
  assert_ok(umbra_evaluator_use_keys(b.s.evaluator, b.s.keys));
  fit.degree = DEGREE;
  assert_ok(umbra_chebyshev_fit(sigmoid, &report, &fit));
  sigmoid_error = report.max_error;
}

static void broken_ranges_are_found_at_these_rates(void **state) {
  (void)state;
  const uint32_t trials = count_from_environment("UMBRA_TEST_TRIALS", 20);
  set_up();
  print_message("%u trials       within  %5.2f  %5.2f  %5.2f\n", trials, beyond[0], beyond[1], beyond[2]);
  for (int i = 0; i < COMPUTATIONS; i++) {
    const computation *c = &computations[i];
    uint32_t found[BEYOND];
    assert_int_equal(found_of(c, 1, trials), 0);
    for (int k = 0; k < BEYOND; k++) {
      found[k] = found_of(c, beyond[k], trials);
      if (found[k] < least_of(trials, c->rate[k]))
        fail_msg("%s, %g times: %u of %u are found", c->name, beyond[k], found[k], trials);
    }
    print_message("%-24s %4d%% %5u%% %5u%% %5u%%\n", c->name, 0, 100 * found[0] / trials, 100 * found[1] / trials,
                  100 * found[2] / trials);
  }
  boot_close(&b);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(broken_ranges_are_found_at_these_rates)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
