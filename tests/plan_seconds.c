/* SPDX-License-Identifier: Apache-2.0 */
/* labels: slow */
/*
 * Seconds that a dry run states against those that the same computation takes, of one thread, by the table that is
 * measured first. Both are times of the processor, so that what else the machine does counts little; on a quiet machine
 * they are those of the clock, too. Prints every plan; more than a quarter off is a failure.
 */
#include <time.h>

#include "boot.h"
#include "host/base/order.h"
#include "host/ckks/context_internal.h"
#include "host/plan/measure.h"

enum {
  RUNS = 5,
  HOISTED = 8,
  PLANS = 20,
};

static const int32_t steps[HOISTED] = {1, 2, 3, 5, 8, 13, 21, 34};
static const double least_seconds = 5e-3, most_off = 0.25;

/* ---- the two sides ---- */

/* Of one thread; secret NULL: dry. */
typedef struct side {
  umbra_context *context;
  umbra_secret_key *secret;
  umbra_public_key *public;
  umbra_eval_keys *keys;
  umbra_evaluator *evaluator;
  umbra_bootstrapper *bootstrapper;
  umbra_ciphertext *x, *y, *out[HOISTED];
  umbra_plaintext *plain;
} side;

typedef void circuit(side *s);

static umbra_ciphertext *input(const side *s, uint32_t level, uint32_t slots) {
  umbra_ciphertext *made = NULL;
  umbra_plaintext *plaintext = NULL;
  umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT};
  if (!s->secret) {
    assert_ok(umbra_dry_ciphertext(&made, s->context, level, slots, 1));
    return made;
  }
  options.level = level;
  options.slots = slots;
  assert_ok(umbra_encode(&plaintext, s->context, (const double[]){0.5, -0.25}, 2, &options));
  assert_ok(umbra_encrypt(&made, s->public, plaintext));
  umbra_plaintext_destroy(plaintext);
  return made;
}

/* Keys are those of the needs; plan: of refreshes, or NULL. */
static void side_open(side *s, const umbra_params *params, const char *device, const umbra_bootstrap_plan *plan,
                      uint32_t level, uint32_t slots) {
  *s = (side){0};
  umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .device = device, .threads = 1};
  assert_ok(umbra_context_create(&s->context, &desc));
  if (strcmp(device, "dry") != 0) {
    umbra_key_needs *needs = plan ? refresh_needs(plan, params) : needs_of(params, steps, HOISTED);
    assert_ok(umbra_secret_key_generate(&s->secret, s->context));
    assert_ok(umbra_public_key_generate(&s->public, s->secret));
    s->keys = keys_for(s->secret, needs);
  }
  assert_ok(umbra_evaluator_create(&s->evaluator, s->context, s->keys));
  if (plan) assert_ok(umbra_bootstrapper_create(&s->bootstrapper, s->context, plan, NULL));
  s->x = input(s, level, slots);
  s->y = input(s, level, slots);
  assert_ok(umbra_encode(&s->plain, s->context, (const double[]){0.5, 0.25}, 2, NULL));
}

static void side_close(side *s) {
  umbra_ciphertext_destroy(s->x);
  umbra_ciphertext_destroy(s->y);
  for (int i = 0; i < HOISTED; i++) umbra_ciphertext_destroy(s->out[i]);
  umbra_plaintext_destroy(s->plain);
  umbra_bootstrapper_destroy(s->bootstrapper);
  umbra_evaluator_destroy(s->evaluator);
  umbra_eval_keys_destroy(s->keys);
  umbra_public_key_destroy(s->public);
  umbra_secret_key_destroy(s->secret);
  umbra_context_destroy(s->context);
}

/* ---- circuits ---- */

/* Down through the levels. */
static void products(side *s) {
  assert_ok(umbra_mul(s->evaluator, &s->out[0], s->x, s->y));
  while (umbra_ciphertext_level(s->out[0]) > 0) assert_ok(umbra_square(s->evaluator, &s->out[0], s->out[0]));
}

static void rotations(side *s) {
  for (int i = 0; i < HOISTED; i++) assert_ok(umbra_rotate(s->evaluator, &s->out[i], s->x, steps[i]));
}

static void hoisted_sum(side *s) {
  assert_ok(umbra_rotate_many(s->evaluator, s->out, s->x, steps, HOISTED));
  for (int i = 1; i < HOISTED; i++) assert_ok(umbra_add(s->evaluator, &s->out[0], s->out[0], s->out[i]));
}

static void polynomial(side *s) {
  static const double coefficients[] = {0.1, 0.2, 0.1, -0.3, 0.05, 0.06, 0.07, 0.08};
  for (int i = 0; i < 4; i++) assert_ok(umbra_chebyshev_eval(s->evaluator, &s->out[i], s->x, coefficients, 7));
}

static void mixed(side *s) {
  const umbra_ciphertext *a[] = {s->x, s->y, s->x, s->y}, *b[] = {s->y, s->y, s->x, s->x};
  for (int i = 0; i < 4; i++) {
    assert_ok(umbra_mul_plain(s->evaluator, &s->out[i], s->x, s->plain));
    assert_ok(umbra_dot(s->evaluator, &s->out[i], a, b, 4));
    assert_ok(umbra_mul_constant(s->evaluator, &s->out[i], s->out[i], 0.5, 0.25));
    assert_ok(umbra_rotate(s->evaluator, &s->out[i], s->out[i], 1));
  }
}

static void refresh(side *s) { assert_ok(umbra_bootstrap(s->evaluator, &s->out[0], s->x, s->bootstrapper)); }

/* ---- seconds ---- */

static double processor_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* The median; the first run, which makes what is kept, does not count. */
static double taken_by(side *s, circuit *run) {
  double seconds[RUNS];
  run(s);
  for (int i = 0; i < RUNS; i++) {
    const double start = processor_seconds();
    run(s);
    seconds[i] = processor_seconds() - start;
  }
  qsort(seconds, RUNS, sizeof *seconds, umbra_ascending);
  return seconds[RUNS / 2];
}

static double stated_for(side *s, circuit *run, const umbra_cost_table *table) {
  run(s);
  assert_ok(umbra_context_cost_begin(s->context));
  run(s);
  return umbra_cost_seconds(table, umbra_ring_device(s->context->ring), umbra_context_chain(s->context)->log_n);
}

typedef struct checked {
  umbra_cost_table table;
  size_t plans, off;
} checked;

static void check(checked *c, const char *name, side *dry, side *real, circuit *run) {
  const double stated = stated_for(dry, run, &c->table), taken = taken_by(real, run);
  const double off = stated / taken - 1;
  print_message("%-32s stated %9.2f ms, taken %9.2f ms: %+6.1f %%%s\n", name, 1e3 * stated, 1e3 * taken, 1e2 * off,
                taken < least_seconds ? " (too short to count)" : "");
  if (taken < least_seconds) return;
  c->plans++;
  c->off += fabs(off) > most_off;
}

/* Now, since the speed of shared machines changes within a minute. */
static void measure(checked *c) {
  assert_ok(umbra_cost_measure(&c->table, umbra_kernels_get(NULL), &(umbra_device_options){.threads = 1}));
}

static void check_circuits(checked *c, const char *preset) {
  static const struct {
    const char *name;
    circuit *run;
  } circuits[] = {{"products", products},
                  {"rotations", rotations},
                  {"hoisted sum", hoisted_sum},
                  {"polynomial", polynomial},
                  {"mixed", mixed}};
  umbra_params *params = NULL;
  char name[80];
  side dry, real;
  assert_ok(umbra_params_from_preset(&params, preset));
  side_open(&dry, params, "dry", NULL, UMBRA_TOP_LEVEL, 0);
  side_open(&real, params, "cpu", NULL, UMBRA_TOP_LEVEL, 0);
  measure(c);
  for (size_t i = 0; i < sizeof circuits / sizeof *circuits; i++) {
    snprintf(name, sizeof name, "%s, %s", preset, circuits[i].name);
    check(c, name, &dry, &real, circuits[i].run);
  }
  side_close(&dry);
  side_close(&real);
  umbra_params_destroy(params);
}

/* Takes the params over. */
static void check_refresh(checked *c, const char *name, umbra_params *params, const umbra_bootstrap_options *options) {
  umbra_bootstrap_plan *plan = NULL;
  umbra_bootstrap_report report = {UMBRA_BOOTSTRAP_REPORT_INIT};
  side dry, real;
  assert_ok(umbra_bootstrap_plan_create(&plan, params, options));
  assert_ok(umbra_bootstrap_plan_report(plan, &report));
  side_open(&dry, params, "dry", plan, report.input_level, report.slots);
  side_open(&real, params, "cpu", plan, report.input_level, report.slots);
  measure(c);
  check(c, name, &dry, &real, refresh);
  side_close(&dry);
  side_close(&real);
  umbra_bootstrap_plan_destroy(plan);
  umbra_params_destroy(params);
}

static void test_seconds(void **state) {
  (void)state;
  checked c = {0};
  umbra_bootstrap_options slim = {UMBRA_BOOTSTRAP_OPTIONS_INIT}, few = {UMBRA_BOOTSTRAP_OPTIONS_INIT};
  slim.order = UMBRA_BOOTSTRAP_STC_FIRST;
  few.slots = 64;
  check_circuits(&c, "n14-d7-s40");
  check_circuits(&c, "n15-d14-s40");
  check_circuits(&c, "n16-d24-s50");
  check_refresh(&c, "refresh, 2^12", boot_twin_40(12), NULL);
  check_refresh(&c, "refresh, 2^13", boot_twin_40(13), NULL);
  check_refresh(&c, "refresh of 64 slots, 2^14", boot_twin_40(14), &few);
  check_refresh(&c, "refresh, slots first, 2^13", boot_twin_40(13), &slim);
  check_refresh(&c, "precise refresh, 2^13", boot_twin_precise(13), NULL);
  print_message("%zu plans, %zu more than %.0f %% off\n", c.plans, c.off, 1e2 * most_off);
  assert_int_equal(c.plans, PLANS);
  assert_int_equal(c.off, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_seconds)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
