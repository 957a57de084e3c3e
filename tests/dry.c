/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Computations on a dry device against the same ones with values: statuses, levels, bounds, keys, key switches, kernel
 * calls and memory. The real side has exactly the keys that the dry one asked for, and once one fewer.
 */
#include <umbra/convolution.h>

#include "boot.h"
#include "counting.h"
#include "host/base/memory.h"
#include "host/circuits/bootstrap/bootstrap_plan.h"
#include "host/linalg/matrix.h"
#include "host/nn/feature_map.h"
#include "host/nn/logistic.h"

enum { REGISTERS = 4, STEPS = 12, CIRCUITS = 30, MOST_LOGGED = 64, LOG_N = 11, DEPTH = 6 };

/* ---- the two sides ---- */

/* What can be seen of an operation: its status, and its result if there is one. */
typedef struct seen {
  umbra_status status;
  uint32_t level, slots;
  double magnitude, error;
} seen;

typedef struct side {
  umbra_context *context;
  umbra_secret_key *secret; /* NULL: dry */
  umbra_public_key *public;
  umbra_eval_keys *keys;
  umbra_evaluator *evaluator;
  umbra_bootstrapper *bootstrapper;
  umbra_ciphertext *x[REGISTERS];
  seen log[MOST_LOGGED];
  size_t logged;
} side;

/* A computation on the registers, which begin at that level, with so many slots. */
typedef struct work {
  umbra_params *params;
  const umbra_bootstrap_plan *plan; /* or NULL */
  void (*run)(side *s, uint64_t seed);
  uint64_t seed;
  uint32_t level, slots;
} work;

static void side_open(side *s, const work *w, const char *device) {
  *s = (side){0};
  umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = w->params, .device = device};
  assert_ok(umbra_context_create(&s->context, &desc));
  assert_ok(umbra_evaluator_create(&s->evaluator, s->context, NULL));
  if (w->plan) assert_ok(umbra_bootstrapper_create(&s->bootstrapper, s->context, w->plan, NULL));
  if (strcmp(device, "dry") == 0) return;
  assert_ok(umbra_secret_key_generate(&s->secret, s->context));
  assert_ok(umbra_public_key_generate(&s->public, s->secret));
}

static void side_close(side *s) {
  for (int r = 0; r < REGISTERS; r++) umbra_ciphertext_destroy(s->x[r]);
  umbra_bootstrapper_destroy(s->bootstrapper);
  scheme_close(&(scheme){
      .context = s->context, .secret = s->secret, .public = s->public, .keys = s->keys, .evaluator = s->evaluator});
}

static umbra_plaintext *plain_of(const side *s, uint32_t level, uint32_t slots) {
  umbra_plaintext *plaintext = NULL;
  umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT, .slots = slots};
  options.level = level;
  assert_ok(umbra_encode(&plaintext, s->context, (const double[]){0.5}, 1, &options));
  return plaintext;
}

static umbra_ciphertext *input(const side *s, uint32_t level, uint32_t slots) {
  umbra_ciphertext *made = NULL;
  if (!s->secret) {
    assert_ok(umbra_dry_ciphertext(&made, s->context, level, slots, 1));
    return made;
  }
  umbra_plaintext *plaintext = plain_of(s, level, slots);
  assert_ok(umbra_encrypt(&made, s->public, plaintext));
  umbra_plaintext_destroy(plaintext);
  return made;
}

static void side_prepare(side *s, const work *w) {
  for (int r = 0; r < REGISTERS; r++) {
    umbra_ciphertext_destroy(s->x[r]);
    s->x[r] = input(s, w->level, w->slots);
  }
  s->logged = 0;
}

static void see(side *s, umbra_status status, const umbra_ciphertext *result) {
  assert_true(s->logged < MOST_LOGGED);
  seen *entry = &s->log[s->logged++];
  *entry = (seen){.status = status};
  if (status != UMBRA_OK) return;
  entry->level = umbra_ciphertext_level(result);
  entry->slots = umbra_ciphertext_slots(result);
  entry->magnitude = umbra_ciphertext_magnitude(result);
  entry->error = umbra_ciphertext_error_bound(result);
}

static void assert_same_log(const side *dry, const side *real) {
  assert_int_equal(dry->logged, real->logged);
  for (size_t i = 0; i < dry->logged; i++) {
    const seen *a = &dry->log[i], *b = &real->log[i];
    if (a->status != b->status || a->level != b->level || a->slots != b->slots || a->magnitude != b->magnitude ||
        a->error != b->error)
      fail_msg("operation %zu: status %d and %d, level %u and %u, slots %u and %u, %g and %g, %g and %g", i, a->status,
               b->status, a->level, b->level, a->slots, b->slots, a->magnitude, b->magnitude, a->error, b->error);
  }
}

static int lacked_a_key(const side *s) {
  for (size_t i = 0; i < s->logged; i++)
    if (s->log[i].status == UMBRA_ERROR_MISSING_KEY) return 1;
  return 0;
}

/* ---- holding them against each other ---- */

/* Twice: what is made at first use is in the first account only. Returns the needs. */
static umbra_key_needs *run_dry(side *dry, const work *w, umbra_cost *cost) {
  umbra_key_needs *needs = NULL;
  assert_ok(umbra_key_needs_create(&needs, w->params));
  for (int run = 0; run < 2; run++) {
    side_prepare(dry, w);
    assert_ok(umbra_context_cost_begin(dry->context));
    w->run(dry, w->seed);
    assert_ok(umbra_context_cost(dry->context, cost));
    if (run == 0) assert_ok(umbra_context_needs(dry->context, needs));
    assert_int_equal(cost->keys, umbra_key_needs_count(needs));
    assert_int_equal(cost->key_bytes, umbra_key_needs_bytes(needs));
  }
  return needs;
}

/* Takes the needs over. */
static void run_real(side *real, const work *w, umbra_key_needs *needs) {
  umbra_eval_keys_destroy(real->keys);
  real->keys = NULL;
  assert_ok(umbra_evaluator_use_keys(real->evaluator, NULL));
  real->keys = keys_for(real->secret, needs);
  assert_ok(umbra_evaluator_use_keys(real->evaluator, real->keys));
  side_prepare(real, w);
  w->run(real, w->seed);
}

static void assert_same_calls(const side *dry) {
  uint64_t all = 0;
  umbra_kernel_cost kernel = {UMBRA_KERNEL_COST_INIT};
  for (size_t i = 0; umbra_context_kernel_cost(dry->context, &kernel, i) == UMBRA_OK; i++) {
    if (kernel.calls != calls_counted(kernel.name))
      fail_msg("%s: %llu calls dry, %llu real", kernel.name, (unsigned long long)kernel.calls,
               (unsigned long long)calls_counted(kernel.name));
    assert_true(kernel.bytes >= 4 * kernel.limbs && (kernel.calls || !kernel.bytes)); /* views may be empty */
    all += kernel.calls;
  }
  assert_true(all > 0);
}

static void assert_close(uint64_t dry, uint64_t real) {
  if (fabs((double)dry - (double)real) > 0.05 * (double)real)
    fail_msg("peak memory: %llu bytes dry, %llu real", (unsigned long long)dry, (unsigned long long)real);
}

/* The same on both sides, the real one counted, after all that is made at first use has been made. */
static void compare(const side *dry, side *real, const work *w, const umbra_cost *cost) {
  umbra_ring_accounts accounts;
  side_prepare(real, w);
  umbra_ring_accounts_begin(real->context->ring);
  counting_begin(real->context);
  w->run(real, w->seed);
  counting_end();
  umbra_ring_accounts_read(&accounts, real->context->ring);
  assert_same_log(dry, real);
  assert_same_calls(dry);
  assert_int_equal(cost->key_switches, accounts.key_switches);
  assert_int_equal(cost->ephemeral_switches, accounts.ephemeral_switches);
  assert_int_equal(cost->products, calls_counted("tensor"));
  assert_close(cost->peak_bytes, counted.most_taken - umbra_public_key_bytes(real->public));
  assert_int_equal(cost->peak_bytes, cost->key_bytes + cost->constant_bytes + cost->working_bytes);
}

static void assert_lowest(const side *dry, const umbra_cost *cost) {
  uint32_t lowest = UMBRA_TOP_LEVEL;
  for (size_t i = 0; i < dry->logged; i++)
    if (dry->log[i].status == UMBRA_OK && dry->log[i].level < lowest) lowest = dry->log[i].level;
  assert_true(cost->lowest_level <= lowest);
}

/* All of that; less: the number of the need to go without. */
static umbra_cost hold(const work *w, uint64_t less) {
  side dry, real;
  umbra_cost cost = {UMBRA_COST_INIT};
  side_open(&dry, w, "dry");
  side_open(&real, w, "cpu");
  umbra_key_needs *needs = run_dry(&dry, w, &cost);
  assert_lowest(&dry, &cost);
  const size_t count = umbra_key_needs_count(needs);
  if (count) {
    run_real(&real, w, needs_without(needs, w->params, less % count));
    assert_true(lacked_a_key(&real));
  }
  run_real(&real, w, needs);
  assert_false(lacked_a_key(&real));
  compare(&dry, &real, w, &cost);
  side_close(&dry);
  side_close(&real);
  return cost;
}

/* ---- all operations ---- */

typedef umbra_status operation(side *s, umbra_ciphertext **out, uint64_t *random);

static const umbra_ciphertext *any(const side *s, uint64_t *random) { return s->x[below(random, REGISTERS)]; }

#define TWO_OPERANDS(name)                                                           \
  static umbra_status do_##name(side *s, umbra_ciphertext **out, uint64_t *random) { \
    const umbra_ciphertext *a = any(s, random), *b = any(s, random);                 \
    return umbra_##name(s->evaluator, out, a, b);                                    \
  }
#define ONE_OPERAND(name)                                                            \
  static umbra_status do_##name(side *s, umbra_ciphertext **out, uint64_t *random) { \
    return umbra_##name(s->evaluator, out, any(s, random));                          \
  }
#define WITH_CONSTANTS(name, ...)                                                    \
  static umbra_status do_##name(side *s, umbra_ciphertext **out, uint64_t *random) { \
    return umbra_##name(s->evaluator, out, any(s, random), __VA_ARGS__);             \
  }
/* With a plaintext of some level, a higher one, too. */
#define WITH_PLAIN(name)                                                                   \
  static umbra_status do_##name(side *s, umbra_ciphertext **out, uint64_t *random) {       \
    const umbra_ciphertext *a = any(s, random);                                            \
    umbra_plaintext *b = plain_of(s, below(random, DEPTH + 1), umbra_ciphertext_slots(a)); \
    umbra_status status = umbra_##name(s->evaluator, out, a, b);                           \
    umbra_plaintext_destroy(b);                                                            \
    return status;                                                                         \
  }

TWO_OPERANDS(add)
TWO_OPERANDS(sub)
TWO_OPERANDS(mul)
ONE_OPERAND(negate)
ONE_OPERAND(square)
ONE_OPERAND(mul_i)
ONE_OPERAND(conjugate)
WITH_CONSTANTS(mul_integer, -3)
WITH_CONSTANTS(add_constant, 0.5, -0.25)
WITH_CONSTANTS(mul_constant, 0.5, 0.75)
WITH_PLAIN(add_plain)
WITH_PLAIN(sub_plain)
WITH_PLAIN(mul_plain)

static umbra_status do_rotate(side *s, umbra_ciphertext **out, uint64_t *random) {
  const umbra_ciphertext *a = any(s, random);
  return umbra_rotate(s->evaluator, out, a, (int32_t)below(random, 5) - 2);
}

static umbra_status do_rotate_many(side *s, umbra_ciphertext **out, uint64_t *random) {
  const int32_t steps[] = {1, 0, -3, 4, 7};
  umbra_ciphertext *outs[5] = {0};
  umbra_status status = umbra_rotate_many(s->evaluator, outs, any(s, random), steps, 5);
  if (status == UMBRA_OK) assert_ok(umbra_ciphertext_copy(out, outs[below(random, 5)]));
  for (int i = 0; i < 5; i++) umbra_ciphertext_destroy(outs[i]);
  return status;
}

static umbra_status do_level_drop(side *s, umbra_ciphertext **out, uint64_t *random) {
  const umbra_ciphertext *a = any(s, random);
  const uint32_t level = umbra_ciphertext_level(a);
  return umbra_level_drop(s->evaluator, out, a, level - (level && below(random, 2)));
}

static umbra_status do_dot(side *s, umbra_ciphertext **out, uint64_t *random) {
  const umbra_ciphertext *a[] = {any(s, random), any(s, random)}, *b[] = {any(s, random), any(s, random)};
  return umbra_dot(s->evaluator, out, a, b, 2);
}

static umbra_status do_mul_add(side *s, umbra_ciphertext **out, uint64_t *random) {
  const umbra_ciphertext *a = any(s, random), *b = any(s, random), *c = any(s, random);
  return umbra_mul_add(s->evaluator, out, a, b, c);
}

static umbra_status do_dot_constants(side *s, umbra_ciphertext **out, uint64_t *random) {
  const umbra_ciphertext *a[] = {any(s, random), any(s, random)};
  return umbra_dot_constants(s->evaluator, out, a, (const double[]){0.5, 0, 0, -1}, 2);
}

static umbra_status do_dot_plain(side *s, umbra_ciphertext **out, uint64_t *random) {
  const umbra_ciphertext *a[] = {any(s, random), any(s, random)};
  umbra_plaintext *p = plain_of(s, UMBRA_TOP_LEVEL, 0), *q = plain_of(s, UMBRA_TOP_LEVEL, 0);
  umbra_status status = umbra_dot_plain(s->evaluator, out, a, (const umbra_plaintext *[]){p, q}, 2);
  umbra_plaintext_destroy(p);
  umbra_plaintext_destroy(q);
  return status;
}

static umbra_status do_polynomial(side *s, umbra_ciphertext **out, uint64_t *random) {
  const double coefficients[] = {0.5, 0.25, 0, -0.125, 0, 0.0625};
  const umbra_ciphertext *a = any(s, random);
  return umbra_chebyshev_eval(s->evaluator, out, a, coefficients, below(random, 2) ? 5 : 3);
}

static operation *const operations[] = {
    do_add,       do_sub,          do_mul,          do_negate,    do_square,    do_mul_i,      do_conjugate,
    do_add_plain, do_mul_constant, do_add_constant, do_sub_plain, do_mul_plain, do_rotate,     do_mul_integer,
    do_dot,       do_rotate_many,  do_level_drop,   do_mul_add,   do_dot_plain, do_polynomial, do_dot_constants};
enum { OPERATIONS = sizeof operations / sizeof *operations };

static void each_operation(side *s, uint64_t seed) {
  for (int i = 0; i < OPERATIONS; i++) {
    umbra_ciphertext *out = NULL;
    umbra_status status = operations[i](s, &out, &seed);
    see(s, status, out);
    umbra_ciphertext_destroy(out);
  }
}

/* With too few levels at its end, now and then: then the same calls fail alike. */
static void random_circuit(side *s, uint64_t seed) {
  for (int i = 0; i < STEPS; i++) {
    umbra_ciphertext **out = &s->x[below(&seed, REGISTERS)];
    operation *step = operations[below(&seed, OPERATIONS)];
    umbra_status status = step(s, out, &seed);
    see(s, status, *out);
  }
}

static void test_operations(void **state) {
  (void)state;
  umbra_params *params = test_params(LOG_N, 40, DEPTH);
  const uint32_t slots[] = {0, 64, 1};
  for (size_t i = 0; i < sizeof slots / sizeof *slots; i++) {
    const work w = {params, NULL, each_operation, i, UMBRA_TOP_LEVEL, slots[i]};
    const umbra_cost cost = hold(&w, i);
    assert_true(cost.key_switches > OPERATIONS / 4 && cost.lowest_level < DEPTH && cost.uploaded_bytes);
  }
  umbra_params_destroy(params);
}

static void test_random_circuits(void **state) {
  (void)state;
  umbra_params *params = test_params(LOG_N, 40, DEPTH);
  uint64_t seed = 1;
  for (int i = 0; i < CIRCUITS; i++) {
    const work w = {params, NULL, random_circuit, next_word(&seed), 3 + below(&seed, DEPTH - 2), 0};
    (void)hold(&w, next_word(&seed));
  }
  umbra_params_destroy(params);
}

/* ---- levels without keys ---- */

/* That register, once the call is over. */
static void see_register(side *s, umbra_status status, int number) { see(s, status, s->x[number]); }

/* Registers 0 and 1 become products of three parts, and 0 is brought to two where there are keys. */
static void keyless_circuit(side *s, uint64_t seed) {
  umbra_ciphertext **x = s->x;
  umbra_evaluator *e = s->evaluator;
  const umbra_ciphertext *const *all = (const umbra_ciphertext *const *)x;
  const uint32_t keyed = umbra_params_keyed_level(umbra_context_params(e->context));
  umbra_plaintext *plain = plain_of(s, UMBRA_TOP_LEVEL, 0);
  (void)seed;
  see_register(s, umbra_mul(e, &x[0], x[0], x[1]), 0);
  see_register(s, umbra_dot(e, &x[1], all + 2, all + 2, 2), 1);
  see_register(s, umbra_add(e, &x[0], x[0], x[1]), 0);
  see_register(s, umbra_sub(e, &x[0], x[2], x[0]), 0);
  see_register(s, umbra_sub_plain(e, &x[0], x[0], plain), 0);
  see_register(s, umbra_dot_constants(e, &x[0], all, (const double[]){0.5, 0, 0, -1}, 2), 0);
  see_register(s, umbra_mul_plain(e, &x[1], x[1], plain), 1);
  see_register(s, umbra_level_drop(e, &x[0], x[0], keyed), 0);
  see_register(s, umbra_relinearize(e, &x[0], x[0]), 0);
  see_register(s, umbra_rotate(e, &x[0], x[0], 1), 0);
  see_register(s, umbra_mul(e, &x[0], x[0], x[3]), 0);
  umbra_plaintext_destroy(plain);
}

static void test_keyless(void **state) {
  (void)state;
  umbra_params *params = keyless_params(LOG_N, 40, DEPTH, 3);
  const work w = {params, NULL, keyless_circuit, 0, UMBRA_TOP_LEVEL, 0};
  for (uint64_t less = 0; less < 2; less++) {
    const umbra_cost cost = hold(&w, less);
    assert_int_equal(cost.keys, 2);
    assert_int_equal(cost.key_switches, 3);
    assert_int_equal(cost.lowest_level, 2);
    assert_int_equal(cost.key_bytes, 2 * umbra_params_key_bytes(params, 3));
  }
  umbra_params_destroy(params);
}

/* ---- refreshes ---- */

static void refresh(side *s, uint64_t seed) {
  (void)seed;
  umbra_status status = umbra_bootstrap(s->evaluator, &s->x[0], s->x[1], s->bootstrapper);
  see(s, status, s->x[0]);
}

static void refresh_pair(side *s, uint64_t seed) {
  (void)seed;
  umbra_status status = umbra_bootstrap_pair(s->evaluator, &s->x[0], &s->x[1], s->x[2], s->x[3], s->bootstrapper);
  see(s, status, s->x[0]);
  see(s, status, s->x[1]);
}

/* From a level where products need a refresh, which the evaluator does. */
static void refresh_on_demand(side *s, uint64_t seed) {
  (void)seed;
  assert_ok(umbra_evaluator_bootstrap_with(s->evaluator, s->bootstrapper));
  for (int i = 0; i < 2; i++) {
    umbra_status status = umbra_mul(s->evaluator, &s->x[0], s->x[0], s->x[1]);
    see(s, status, s->x[0]);
  }
  assert_ok(umbra_evaluator_bootstrap_with(s->evaluator, NULL));
}

typedef struct variant {
  umbra_bootstrap_options options;
  void (*run)(side *s, uint64_t seed);
  int precise, as_planned; /* as_planned: one refresh, which is what the plan counts */
} variant;

static const variant variants[] = {
    {{UMBRA_BOOTSTRAP_OPTIONS_INIT}, refresh, 0, 1},
    {{UMBRA_BOOTSTRAP_OPTIONS_INIT}, refresh_pair, 0, 0},
    {{UMBRA_BOOTSTRAP_OPTIONS_INIT, .slots = 16}, refresh, 1, 1},
    {{UMBRA_BOOTSTRAP_OPTIONS_INIT, .order = UMBRA_BOOTSTRAP_STC_FIRST}, refresh_on_demand, 0, 0},
    {{UMBRA_BOOTSTRAP_OPTIONS_INIT, .order = UMBRA_BOOTSTRAP_STC_FIRST}, refresh, 0, 1},
    {{UMBRA_BOOTSTRAP_OPTIONS_INIT, .min_key = 1}, refresh, 0, 1},
    {{UMBRA_BOOTSTRAP_OPTIONS_INIT, .slots = 64, .min_key = 1}, refresh, 0, 1},
    {{UMBRA_BOOTSTRAP_OPTIONS_INIT, .slots = 2, .order = UMBRA_BOOTSTRAP_STC_FIRST}, refresh, 0, 1},
    {{.struct_size = sizeof(umbra_bootstrap_options), .slots = 128, .bound = 1, .rounds = 2}, refresh, 1, 1},
};

/*
 * The figures of the plan against those of the run, in which keys are looked for one by one; memory, with the registers
 * that a plan does not have.
 */
static void assert_as_planned(const umbra_cost *cost, const umbra_bootstrap_report *report,
                              const umbra_params *params) {
  const umbra_window window = params->chain.window[report->input_level];
  const uint64_t others = (REGISTERS - 1) * 2 * window.count * (sizeof(uint32_t) << LOG_N);
  assert_int_equal(cost->key_switches + cost->ephemeral_switches, report->key_switches);
  assert_int_equal(cost->keys, report->keys);
  assert_int_equal(cost->key_bytes, report->key_bytes);
  assert_int_equal(cost->lowest_level, report->output_level);
  assert_int_equal(cost->peak_bytes, report->key_bytes + report->plain_bytes + report->workspace_bytes + others);
}

static void hold_variant(const variant *v, uint64_t number) {
  umbra_params *params = v->precise ? boot_twin_precise(LOG_N) : boot_twin_40(LOG_N);
  umbra_bootstrap_plan *plan = NULL;
  umbra_bootstrap_report report = {UMBRA_BOOTSTRAP_REPORT_INIT};
  assert_ok(umbra_bootstrap_plan_create(&plan, params, &v->options));
  assert_ok(umbra_bootstrap_plan_report(plan, &report));
  const work w = {params, plan, v->run, number, report.input_level, report.slots};
  umbra_key_needs_destroy(plan->needs); /* or both sides would ask for what the plan says */
  plan->needs = NULL;
  assert_ok(umbra_key_needs_create(&plan->needs, params));
  const umbra_cost cost = hold(&w, 5 * number);
  assert_true(cost.constant_bytes >= report.plain_bytes);
  if (v->as_planned) assert_as_planned(&cost, &report, params);
  umbra_bootstrap_plan_destroy(plan);
  umbra_params_destroy(params);
}

static void test_refreshes(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) hold_variant(&variants[i], i);
}

/* Makes a bootstrapper; returns how many blocks of the host's memory that took. */
static long allocations_of(umbra_bootstrapper **made, const umbra_context *context, const umbra_bootstrap_plan *plan) {
  const long most = 1000000;
  long left = 0;
  umbra_alloc_fail_after(most);
  assert_ok(umbra_bootstrapper_create(made, context, plan, NULL));
  while (!umbra_alloc_must_fail()) left++;
  return most - left;
}

/*
 * Encodings are counted as they are, and made of nothing but their bounds: no other context computes values, and there is
 * no memory for them, of which a factor of a matrix takes two blocks.
 */
static void hold_bootstrapper(const variant *v) {
  umbra_params *params = v->precise ? boot_twin_precise(LOG_N) : boot_twin_40(LOG_N);
  umbra_bootstrap_plan *plan = NULL;
  umbra_bootstrapper *made = NULL;
  const work w = {.params = params};
  side dry, real;
  side_open(&dry, &w, "dry");
  side_open(&real, &w, "cpu");
  assert_ok(umbra_bootstrap_plan_create(&plan, params, &v->options));
  assert_ok(umbra_context_cost_begin(dry.context));
  const long without = allocations_of(&made, dry.context, plan);
  const uint64_t bytes = umbra_bootstrapper_bytes(made);
  umbra_bootstrapper_destroy(made);
  made = NULL;
  counting_begin(real.context);
  const long with = allocations_of(&made, real.context, plan);
  counting_end();
  assert_same_calls(&dry);
  assert_true(with - without >= 2 * ((long)plan->cts.factors + plan->stc.factors));
  assert_null(dry.context->home);
  assert_int_equal(umbra_bootstrapper_bytes(made), bytes);
  umbra_bootstrapper_destroy(made);
  umbra_bootstrap_plan_destroy(plan);
  side_close(&dry);
  side_close(&real);
  umbra_params_destroy(params);
}

static void test_bootstrappers(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) hold_bootstrapper(&variants[i]);
}

/* ---- linear maps ---- */

enum { MOST_ROWS = 40, MOST_OUTPUTS = 5 };

/* A random matrix, dense or sparse, encoded and applied. */
static void linear_map(side *s, uint64_t seed) {
  double values[2 * MOST_ROWS * MOST_ROWS] = {0};
  umbra_transform_desc desc = {UMBRA_TRANSFORM_DESC_INIT, .values = values};
  umbra_transform *transform = NULL;
  umbra_ciphertext *outs[MOST_OUTPUTS] = {0};
  desc.rows = 1 + below(&seed, MOST_ROWS);
  desc.columns = 2 + below(&seed, 15);
  desc.slots = below(&seed, 2) ? 16 : 0;
  desc.min_key = below(&seed, 3) == 0;
  desc.pairs = (int)below(&seed, 2);
  desc.encode = below(&seed, 2) ? UMBRA_TRANSFORM_AT_USE : UMBRA_TRANSFORM_ENCODED;
  const uint32_t density = below(&seed, 2) ? 1 : 9;
  for (size_t i = 0; i < 2 * desc.rows * desc.columns; i += density) values[i] = uniform(&seed);
  assert_ok(umbra_transform_create(&transform, s->context, &desc, NULL));
  umbra_status status = umbra_transform_apply(s->evaluator, outs, s->x[0], transform);
  for (size_t i = 0; i < umbra_transform_outputs(transform); i++) see(s, status, outs[i]);
  umbra_transform_destroy(transform);
  for (int i = 0; i < MOST_OUTPUTS; i++) umbra_ciphertext_destroy(outs[i]);
}

static void test_linear_maps(void **state) {
  (void)state;
  umbra_params *params = test_params(LOG_N, 40, DEPTH);
  for (uint64_t seed = 0; seed < 20; seed++) {
    const work w = {params, NULL, linear_map, seed, UMBRA_TOP_LEVEL, 2};
    hold(&w, seed);
  }
  umbra_params_destroy(params);
}

/* ---- convolutions ---- */

/* The map is put together of a ciphertext: a key to encrypt it with is what a dry device lacks. */
static void convolve(side *s, uint64_t seed) {
  umbra_feature_layout layout = {UMBRA_FEATURE_LAYOUT_INIT, .channels = 3, .height = 7, .width = 6};
  umbra_convolution_desc desc = {
      UMBRA_CONVOLUTION_DESC_INIT,    .input = &layout, .channels = 4, .kernel_y = 3, .kernel_x = 2,
      .stride_y = 1 + below(&seed, 2)};
  double weights[4 * 3 * 3 * 2], bias[4] = {1, 2, 3, 4};
  umbra_convolution *convolution = NULL;
  umbra_feature_map *map = NULL, *out = NULL;
  for (size_t i = 0; i < sizeof weights / sizeof *weights; i++) weights[i] = uniform(&seed);
  desc.weights = weights;
  desc.bias = bias;
  desc.encode = below(&seed, 2) ? UMBRA_TRANSFORM_AT_USE : UMBRA_TRANSFORM_ENCODED;
  assert_ok(umbra_convolution_create(&convolution, s->context, &desc, NULL));
  assert_ok(umbra_feature_layout_choose(&layout, umbra_params_slots(umbra_context_params(s->context))));
  assert_ok(umbra_feature_map_make(&map, s->context, &layout));
  assert_ok(umbra_ciphertext_copy(&map->part[0], s->x[0]));
  umbra_status status = umbra_convolution_apply(s->evaluator, &out, map, convolution);
  see(s, status, out ? out->part[0] : NULL);
  umbra_feature_map_destroy(map);
  umbra_feature_map_destroy(out);
  umbra_convolution_destroy(convolution);
}

static void test_convolutions(void **state) {
  (void)state;
  umbra_params *params = test_params(LOG_N, 40, DEPTH);
  for (uint64_t seed = 0; seed < 6; seed++) {
    const work w = {params, NULL, convolve, seed, UMBRA_TOP_LEVEL, 256};
    hold(&w, seed);
  }
  umbra_params_destroy(params);
}

/* Equal values on a diagonal are judged alike, at the limit of a level, too. */
static void test_linear_maps_at_the_limit(void **state) {
  (void)state;
  umbra_params *params = test_params(LOG_N, 40, DEPTH);
  const work w = {.params = params};
  side dry, real;
  int refused = 0;
  side_open(&dry, &w, "dry");
  side_open(&real, &w, "cpu");
  for (int bits = 20; bits < 80; bits++) {
    const double value = ldexp(1.5, bits);
    const umbra_transform_desc desc = {UMBRA_TRANSFORM_DESC_INIT, .values = &value, .rows = 1, .columns = 1};
    umbra_transform_desc low = desc;
    umbra_transform *made = NULL;
    low.level = 1;
    umbra_status without = umbra_transform_create(&made, dry.context, &low, NULL);
    umbra_status with = umbra_transform_create(&made, real.context, &low, NULL);
    assert_int_equal(without, with);
    refused += with == UMBRA_ERROR_RANGE;
    umbra_transform_destroy(made);
  }
  assert_in_range(refused, 10, 50);
  side_close(&dry);
  side_close(&real);
  umbra_params_destroy(params);
}

/* ---- scoring ---- */

enum { FEATURES = 5 };

/* The model and the records are put together of ciphertexts: a key to encrypt them with is what a dry device lacks. */
static void score(side *s, uint64_t seed) {
  (void)seed;
  const double sigmoid[] = {0.5, 0.4, 0, -0.1};
  const umbra_matrix_layout layout = umbra_layout_of_records(umbra_context_params(s->context), FEATURES);
  umbra_logistic *model = NULL;
  umbra_matrix *records = NULL, *scores = NULL;
  umbra_ciphertext *weights = NULL;
  assert_ok(umbra_ciphertext_copy(&weights, s->x[0]));
  assert_ok(umbra_logistic_make(&model, weights, FEATURES, 8, 3, sigmoid));
  assert_ok(umbra_matrix_make(&records, s->context, 2 * umbra_layout_rows_per_part(&layout), FEATURES, &layout));
  for (size_t i = 0; i < records->parts; i++) assert_ok(umbra_ciphertext_copy(&records->part[i], s->x[1 + i]));
  umbra_status status = umbra_logistic_score(s->evaluator, &scores, model, records, NULL);
  for (size_t i = 0; i < records->parts; i++) see(s, status, scores ? scores->part[i] : NULL);
  umbra_matrix_destroy(scores);
  umbra_matrix_destroy(records);
  umbra_logistic_destroy(model);
}

static void test_scoring(void **state) {
  (void)state;
  umbra_params *params = test_params(LOG_N, 40, DEPTH);
  const work w = {params, NULL, score, 0, UMBRA_TOP_LEVEL, 0};
  for (uint64_t less = 0; less < 4; less++) {
    const umbra_cost cost = hold(&w, less);
    assert_int_equal(cost.keys, 4); /* relinearisation, and rotations by 1, 2 and 4 */
  }
  umbra_params_destroy(params);
}

/* ---- products of encrypted matrices ---- */

static const struct {
  umbra_matrix_order a, b;
  uint32_t stride, slots;
  size_t keys;
} multiplied[] = {
    {UMBRA_MATRIX_TILES_LEFT, UMBRA_MATRIX_TILES_RIGHT, 4, 32, 5},
    {UMBRA_MATRIX_TILES, UMBRA_MATRIX_TILES, 2, 8, 5},
    {UMBRA_MATRIX_BY_COLUMNS, UMBRA_MATRIX_DIAGONALS, 4, 8, 2},
};
enum { MULTIPLIED = sizeof multiplied / sizeof *multiplied };

/* A square matrix of `first` and the registers after it. */
static umbra_matrix *matrix_of(const side *s, size_t rows, const umbra_matrix_layout *layout, int first) {
  umbra_matrix *matrix = NULL;
  assert_ok(umbra_matrix_make(&matrix, s->context, rows, rows, layout));
  for (size_t i = 0; i < matrix->parts; i++)
    assert_ok(umbra_ciphertext_copy(&matrix->part[i], s->x[(size_t)first + i]));
  return matrix;
}

static void multiply_matrices(side *s, uint64_t which) {
  const uint32_t stride = multiplied[which].stride, slots = multiplied[which].slots;
  umbra_matrix_layout layout = {UMBRA_MATRIX_LAYOUT_INIT, .order = multiplied[which].a, .stride = stride,
                                .slots = slots, .group = 1};
  umbra_matrix *a = matrix_of(s, 2, &layout, 0), *b = NULL, *product = NULL;
  layout.order = multiplied[which].b;
  b = matrix_of(s, 2, &layout, 1);
  const umbra_status status = umbra_matrix_multiply(s->evaluator, &product, a, b, NULL);
  see(s, status, product ? product->part[0] : NULL);
  umbra_matrix_destroy(a);
  umbra_matrix_destroy(b);
  umbra_matrix_destroy(product);
}

static void test_products_of_matrices(void **state) {
  (void)state;
  umbra_params *params = test_params(LOG_N, 40, DEPTH);
  for (size_t i = 0; i < MULTIPLIED; i++) {
    const work w = {params, NULL, multiply_matrices, i, UMBRA_TOP_LEVEL, multiplied[i].slots};
    for (uint64_t less = 0; less < multiplied[i].keys; less++) {
      const umbra_cost cost = hold(&w, less);
      assert_int_equal(cost.keys, multiplied[i].keys);
    }
  }
  umbra_params_destroy(params);
}

/* ---- products with plain matrices ---- */

enum { INPUTS = 4, OUTPUTS = 3 };

/* The registers as a matrix by columns: each is a column, or half of them two columns, or one is all four. */
static umbra_matrix *columns_of(const side *s, uint32_t together) {
  const umbra_matrix_layout layout = {UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_BY_COLUMNS,
                                      .stride = umbra_ciphertext_slots(s->x[0]) / together,
                                      .slots = umbra_ciphertext_slots(s->x[0]), .group = 1};
  umbra_matrix *matrix = NULL;
  assert_ok(umbra_matrix_make(&matrix, s->context, 5, INPUTS, &layout));
  assert_int_equal(matrix->parts, INPUTS / together);
  for (size_t i = 0; i < matrix->parts; i++) assert_ok(umbra_ciphertext_copy(&matrix->part[i], s->x[i]));
  return matrix;
}

/* On the dry device without values. */
static void multiply_by_weights(side *s, uint64_t together) {
  double numbers[INPUTS * OUTPUTS];
  for (int i = 0; i < INPUTS * OUTPUTS; i++) numbers[i] = 0.75;
  const umbra_array values = {UMBRA_ARRAY_INIT, .data = s->secret ? numbers : NULL, .rows = OUTPUTS, .columns = INPUTS},
                    bias = {UMBRA_ARRAY_INIT, .data = values.data, .rows = OUTPUTS, .columns = 1};
  umbra_matrix *matrix = columns_of(s, (uint32_t)together);
  umbra_weights *weights = NULL;
  umbra_weights_desc desc = {UMBRA_WEIGHTS_DESC_INIT, .values = &values, .bias = &bias, .layout = &matrix->layout};
  umbra_matrix *product = NULL;
  desc.bound = 0.75;
  desc.level = umbra_matrix_level(matrix) - 1; /* which takes a step down before */
  assert_ok(umbra_weights_create(&weights, s->context, &desc, NULL));
  umbra_status status = umbra_matrix_apply(s->evaluator, &product, matrix, weights);
  for (size_t i = 0; i < (product ? product->parts : 1); i++) see(s, status, product ? product->part[i] : NULL);
  umbra_matrix_destroy(product);
  umbra_matrix_destroy(matrix);
  umbra_weights_destroy(weights);
}

static void test_weights(void **state) {
  (void)state;
  umbra_params *params = test_params(LOG_N, 40, DEPTH);
  const uint64_t keys[] = {0, 1, 3};
  for (uint32_t i = 0; i < 3; i++) {
    const work w = {params, NULL, multiply_by_weights, 1u << i, UMBRA_TOP_LEVEL, 0};
    for (uint64_t less = 0; less < (keys[i] ? keys[i] : 1); less++) {
      const umbra_cost cost = hold(&w, less);
      assert_int_equal(cost.keys, keys[i]);
    }
  }
  umbra_params_destroy(params);
}

/* ---- encodings at the limit of a level ---- */

static umbra_status encode_at(const umbra_context *context, const double *values, size_t count, uint32_t level) {
  umbra_plaintext *plaintext = NULL;
  umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT};
  options.level = level;
  umbra_status status = umbra_encode(&plaintext, context, values, count, &options);
  umbra_plaintext_destroy(plaintext);
  return status;
}

enum { SLOTS = 1 << (LOG_N - 1), ENCODINGS = 200 };

/* About as large as fits the level, whatever they are: of single large values and of equal ones, 2^LOG_N apart. */
static void fill_at_limit(double *values, const umbra_params *params, uint32_t level, uint64_t *random) {
  const double most = exp2(umbra_params_log_q(params, level) - 1) / umbra_params_scale(params, level);
  const uint32_t large = 1 + below(random, SLOTS), equal = below(random, 3) == 0;
  const double size = ldexp(most, (int)below(random, LOG_N + 4) - 2);
  memset(values, 0, SLOTS * sizeof *values);
  for (uint32_t j = 0; j < large; j++) values[below(random, SLOTS)] = equal ? size : size * uniform(random);
}

/* Those that a real device refuses are refused, and no others. */
static void test_encodings(void **state) {
  (void)state;
  umbra_params *params = test_params(LOG_N, 40, DEPTH);
  const work w = {.params = params};
  double values[SLOTS];
  side dry, real;
  uint64_t random = 7;
  size_t refused = 0;
  side_open(&dry, &w, "dry");
  side_open(&real, &w, "cpu");
  for (int i = 0; i < ENCODINGS; i++) {
    const uint32_t level = below(&random, DEPTH + 1);
    fill_at_limit(values, params, level, &random);
    umbra_status status = encode_at(dry.context, values, SLOTS, level);
    assert_int_equal(status, encode_at(real.context, values, SLOTS, level));
    assert_true(status == UMBRA_OK || status == UMBRA_ERROR_RANGE);
    refused += status != UMBRA_OK;
  }
  assert_in_range(refused, ENCODINGS / 4, 3 * ENCODINGS / 4);
  values[3] = NAN;
  assert_fails(encode_at(dry.context, values, SLOTS, 0), UMBRA_ERROR_RANGE, "value 3 is not a finite number");
  values[3] = INFINITY;
  assert_fails(encode_at(dry.context, values, SLOTS, 0), UMBRA_ERROR_RANGE, "value 3 is not a finite number");
  side_close(&dry);
  side_close(&real);
  umbra_params_destroy(params);
}

/* ---- what is refused ---- */

#define NO_VALUES "a dry device has no values"

#define WRITE(b, type, object, ...)                                              \
  do {                                                                           \
    assert_ok(umbra_##type##_write(object, NULL, &(b)->size, __VA_ARGS__));      \
    (b)->data = malloc((b)->size);                                               \
    assert_non_null((b)->data);                                                  \
    assert_ok(umbra_##type##_write(object, (b)->data, &(b)->size, __VA_ARGS__)); \
  } while (0)

#define assert_not_read(type, b, context, ...)                                                                  \
  do {                                                                                                          \
    umbra_##type *read = NULL;                                                                                  \
    assert_fails(umbra_##type##_read(&read, context, (b).data, (b).size, __VA_ARGS__), UMBRA_ERROR_UNSUPPORTED, \
                 NO_VALUES);                                                                                    \
    assert_null(read);                                                                                          \
    free((b).data);                                                                                             \
  } while (0)

static void check_loading(side *dry, side *real) {
  bytes secret, public, keys, plain, cipher;
  umbra_plaintext *plaintext = plain_of(real, 1, 0);
  WRITE(&secret, secret_key, real->secret, NULL);
  WRITE(&public, public_key, real->public, NULL);
  WRITE(&keys, eval_keys, real->keys, NULL);
  WRITE(&plain, plaintext, plaintext, NULL);
  WRITE(&cipher, ciphertext, real->x[0], NULL);
  assert_not_read(secret_key, secret, dry->context, NULL);
  assert_not_read(public_key, public, dry->context, NULL);
  assert_not_read(eval_keys, keys, dry->context, NULL);
  assert_not_read(plaintext, plain, dry->context, NULL);
  assert_not_read(ciphertext, cipher, dry->context, NULL);
  umbra_plaintext_destroy(plaintext);
}

static void check_giving(side *dry) {
  double value;
  size_t size = 0;
  umbra_secret_key *secret = NULL;
  umbra_plaintext *plaintext = plain_of(dry, 1, 0);
  assert_fails(umbra_secret_key_generate(&secret, dry->context), UMBRA_ERROR_UNSUPPORTED, NO_VALUES);
  assert_fails(umbra_decode(&value, 1, plaintext), UMBRA_ERROR_UNSUPPORTED, NO_VALUES);
  assert_fails(umbra_plaintext_write(plaintext, NULL, &size, NULL), UMBRA_ERROR_UNSUPPORTED, NO_VALUES);
  assert_fails(umbra_ciphertext_write(dry->x[0], NULL, &size, NULL), UMBRA_ERROR_UNSUPPORTED, NO_VALUES);
  assert_fails(umbra_ciphertext_save(dry->x[0], "dry.ct", NULL), UMBRA_ERROR_UNSUPPORTED, NO_VALUES);
  assert_int_equal(size, 0);
  umbra_plaintext_destroy(plaintext);
}

static void check_mixing(side *dry, side *real, const umbra_context *other) {
  double value;
  umbra_ciphertext *out = NULL;
  umbra_plaintext *plaintext = plain_of(dry, 1, 0), *opened = NULL;
  umbra_evaluator *evaluator = NULL;
  const umbra_status mismatch = UMBRA_ERROR_MISMATCH;
  assert_fails(umbra_encrypt(&out, real->public, plaintext), mismatch, NO_VALUES);
  assert_fails(umbra_encrypt_symmetric(&out, real->secret, plaintext), mismatch, NO_VALUES);
  assert_fails(umbra_decrypt(&opened, dry->x[0], real->secret), mismatch, NO_VALUES);
  assert_fails(umbra_decrypt_decode(&value, 1, dry->x[0], real->secret), mismatch, NO_VALUES);
  assert_fails(umbra_add(real->evaluator, &out, real->x[0], dry->x[0]), mismatch, NO_VALUES);
  assert_fails(umbra_add(dry->evaluator, &out, dry->x[0], real->x[0]), mismatch, NO_VALUES);
  assert_fails(umbra_add_plain(real->evaluator, &out, real->x[0], plaintext), mismatch, NO_VALUES);
  assert_fails(umbra_evaluator_create(&evaluator, dry->context, real->keys), mismatch, NO_VALUES);
  assert_fails(umbra_evaluator_use_keys(dry->evaluator, real->keys), mismatch, NO_VALUES);
  assert_fails(umbra_ciphertext_move(&out, dry->context, real->x[0]), mismatch, NO_VALUES);
  assert_fails(umbra_ciphertext_move(&out, real->context, dry->x[0]), mismatch, NO_VALUES);
  assert_fails(umbra_ciphertext_move(&out, other, dry->x[0]), mismatch, NO_VALUES);
  assert_null(out);
  umbra_plaintext_destroy(plaintext);
}

/* A device with values has no accounts, and no inputs without. */
static void check_real(side *real) {
  umbra_ciphertext *out = NULL;
  umbra_cost cost = {UMBRA_COST_INIT};
  umbra_kernel_cost kernel = {UMBRA_KERNEL_COST_INIT};
  umbra_key_needs *needs = NULL;
  const umbra_status unsupported = UMBRA_ERROR_UNSUPPORTED;
  assert_ok(umbra_key_needs_create(&needs, umbra_context_params(real->context)));
  assert_fails(umbra_dry_ciphertext(&out, real->context, 1, 0, 1), unsupported, "\"dry\"");
  assert_fails(umbra_context_cost(real->context, &cost), unsupported, "\"dry\"");
  assert_fails(umbra_context_kernel_cost(real->context, &kernel, 0), unsupported, "\"dry\"");
  assert_fails(umbra_context_cost_begin(real->context), unsupported, "\"dry\"");
  assert_fails(umbra_context_needs(real->context, needs), unsupported, "\"dry\"");
  umbra_key_needs_destroy(needs);
}

static void check_arguments(side *dry) {
  umbra_ciphertext *out = NULL;
  umbra_kernel_cost kernel = {UMBRA_KERNEL_COST_INIT};
  const umbra_status invalid = UMBRA_ERROR_INVALID_ARGUMENT;
  assert_fails(umbra_dry_ciphertext(NULL, dry->context, 1, 0, 1), invalid, "output");
  assert_fails(umbra_dry_ciphertext(&out, NULL, 1, 0, 1), invalid, "context");
  assert_fails(umbra_dry_ciphertext(&out, dry->context, DEPTH + 1, 0, 1), invalid, "level");
  assert_fails(umbra_dry_ciphertext(&out, dry->context, 1, 3, 1), invalid, "slots");
  assert_fails(umbra_dry_ciphertext(&out, dry->context, 1, 0, NAN), invalid, "bound");
  assert_fails(umbra_dry_ciphertext(&out, dry->context, 1, 0, -1), invalid, "bound");
  assert_fails(umbra_context_cost(NULL, NULL), invalid, "context");
  assert_fails(umbra_context_cost(dry->context, NULL), invalid, "cost");
  assert_fails(umbra_context_needs(dry->context, NULL), invalid, "needs");
  assert_fails(umbra_context_kernel_cost(dry->context, &kernel, UMBRA_DRY_KERNELS), invalid, "number");
}

static void test_guards(void **state) {
  (void)state;
  umbra_params *params = test_params(LOG_N, 40, DEPTH);
  const work w = {.params = params, .level = 2};
  side dry, real, other;
  side_open(&dry, &w, "dry");
  side_open(&other, &w, "dry");
  side_open(&real, &w, "cpu");
  real.keys = keys_for(real.secret, needs_of(params, NULL, 0));
  side_prepare(&dry, &w);
  side_prepare(&real, &w);
  check_loading(&dry, &real);
  check_giving(&dry);
  check_mixing(&dry, &real, other.context);
  check_real(&real);
  check_arguments(&dry);
  side_close(&dry);
  side_close(&other);
  side_close(&real);
  umbra_params_destroy(params);
}

/* ---- opening ---- */

static umbra_status open_device(umbra_context **context, const umbra_params *params, const char *device) {
  return umbra_context_create(context,
                              &(umbra_context_desc){UMBRA_CONTEXT_DESC_INIT, .params = params, .device = device});
}

static void assert_not_dry(umbra_context *context) {
  if (!context) return;
  assert_string_not_equal(umbra_context_backend(context), "dry");
  umbra_context_destroy(context);
}

/* Only its literal name opens it. */
static void test_opening(void **state) {
  (void)state;
  static const char *const names[] = {NULL, "cpu", "auto", "dry:0", "Dry", "dry ", "dr"};
  umbra_params *params = test_params(LOG_N, 40, DEPTH);
  umbra_context *context = NULL;
  umbra_device_info info = {UMBRA_DEVICE_INFO_INIT};
  const char *before = getenv("UMBRA_BACKEND");
  char *kept = before ? strdup(before) : NULL;
  assert_int_equal(setenv("UMBRA_BACKEND", "dry", 1), 0);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    context = NULL;
    (void)open_device(&context, params, names[i]);
    assert_not_dry(context);
  }
  context = NULL;
  assert_fails(open_device(&context, params, NULL), UMBRA_ERROR_UNSUPPORTED, "unknown");
  assert_int_equal(kept ? setenv("UMBRA_BACKEND", kept, 1) : unsetenv("UMBRA_BACKEND"), 0);
  free(kept);
  for (const char *const *name = umbra_kernels_names(); *name; name++) assert_string_not_equal(*name, "dry");
  for (size_t i = 0; i < umbra_device_count(); i++) {
    assert_ok(umbra_device_get(&info, i));
    assert_string_not_equal(info.name, "dry");
  }
  assert_ok(open_device(&context, params, "dry"));
  assert_string_equal(umbra_context_backend(context), "dry");
  umbra_context_destroy(context);
  umbra_params_destroy(params);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_operations),
      cmocka_unit_test(test_random_circuits),
      cmocka_unit_test(test_refreshes),
      cmocka_unit_test(test_bootstrappers),
      cmocka_unit_test(test_linear_maps),
      cmocka_unit_test(test_convolutions),
      cmocka_unit_test(test_linear_maps_at_the_limit),
      cmocka_unit_test(test_scoring),
      cmocka_unit_test(test_products_of_matrices),
      cmocka_unit_test(test_weights),
      cmocka_unit_test(test_encodings),
      cmocka_unit_test(test_guards),
      cmocka_unit_test(test_opening),
      cmocka_unit_test(test_keyless),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
