/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Computations on a dry device against the same ones with values: statuses, levels, bounds, keys, key switches, kernel
 * calls and memory. The real side has exactly the keys that the dry one asked for, and once one fewer.
 */
#ifndef UMBRA_TESTS_DRY_SIDES_H
#define UMBRA_TESTS_DRY_SIDES_H

#include "boot.h"
#include "counting.h"
#include "host/ckks/evaluator_internal.h"

enum { REGISTERS = 4, MOST_LOGGED = 64, LOG_N = 11, DEPTH = 6 };

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

static inline void side_open(side *s, const work *w, const char *device) {
  *s = (side){0};
  umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = w->params, .device = device};
  assert_ok(umbra_context_create(&s->context, &desc));
  assert_ok(umbra_evaluator_create(&s->evaluator, s->context, NULL));
  if (w->plan) assert_ok(umbra_bootstrapper_create(&s->bootstrapper, s->context, w->plan, NULL));
  if (strcmp(device, "dry") == 0) return;
  assert_ok(umbra_secret_key_generate(&s->secret, s->context));
  assert_ok(umbra_public_key_generate(&s->public, s->secret));
}

static inline void side_close(side *s) {
  for (int r = 0; r < REGISTERS; r++) umbra_ciphertext_destroy(s->x[r]);
  umbra_bootstrapper_destroy(s->bootstrapper);
  scheme_close(&(scheme){
      .context = s->context, .secret = s->secret, .public = s->public, .keys = s->keys, .evaluator = s->evaluator});
}

static inline umbra_plaintext *plain_of(const side *s, uint32_t level, uint32_t slots) {
  umbra_plaintext *plaintext = NULL;
  umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT, .slots = slots};
  options.level = level;
  assert_ok(umbra_encode(&plaintext, s->context, (const double[]){0.5}, 1, &options));
  return plaintext;
}

static inline umbra_ciphertext *input(const side *s, uint32_t level, uint32_t slots) {
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

static inline void side_prepare(side *s, const work *w) {
  for (int r = 0; r < REGISTERS; r++) {
    umbra_ciphertext_destroy(s->x[r]);
    s->x[r] = input(s, w->level, w->slots);
  }
  s->logged = 0;
}

static inline void see(side *s, umbra_status status, const umbra_ciphertext *result) {
  assert_true(s->logged < MOST_LOGGED);
  seen *entry = &s->log[s->logged++];
  *entry = (seen){.status = status};
  if (status != UMBRA_OK) return;
  entry->level = umbra_ciphertext_level(result);
  entry->slots = umbra_ciphertext_slots(result);
  entry->magnitude = umbra_ciphertext_magnitude(result);
  entry->error = umbra_ciphertext_error_bound(result);
}

static inline void assert_same_log(const side *dry, const side *real) {
  assert_int_equal(dry->logged, real->logged);
  for (size_t i = 0; i < dry->logged; i++) {
    const seen *a = &dry->log[i], *b = &real->log[i];
    if (a->status != b->status || a->level != b->level || a->slots != b->slots || a->magnitude != b->magnitude ||
        a->error != b->error)
      fail_msg("operation %zu: status %d and %d, level %u and %u, slots %u and %u, %g and %g, %g and %g", i, a->status,
               b->status, a->level, b->level, a->slots, b->slots, a->magnitude, b->magnitude, a->error, b->error);
  }
}

static inline int lacked_a_key(const side *s) {
  for (size_t i = 0; i < s->logged; i++)
    if (s->log[i].status == UMBRA_ERROR_MISSING_KEY) return 1;
  return 0;
}

/* ---- holding them against each other ---- */

/* Twice: what is made at first use is in the first account only. Returns the needs. */
static inline umbra_key_needs *run_dry(side *dry, const work *w, umbra_cost *cost) {
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
static inline void run_real(side *real, const work *w, umbra_key_needs *needs) {
  umbra_eval_keys_destroy(real->keys);
  real->keys = NULL;
  assert_ok(umbra_evaluator_use_keys(real->evaluator, NULL));
  real->keys = keys_for(real->secret, needs);
  assert_ok(umbra_evaluator_use_keys(real->evaluator, real->keys));
  side_prepare(real, w);
  w->run(real, w->seed);
}

static inline void assert_same_calls(const side *dry) {
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

static inline void assert_close(uint64_t dry, uint64_t real) {
  if (fabs((double)dry - (double)real) > 0.05 * (double)real)
    fail_msg("peak memory: %llu bytes dry, %llu real", (unsigned long long)dry, (unsigned long long)real);
}

/* The same on both sides, the real one counted, after all that is made at first use has been made. */
static inline void compare(const side *dry, side *real, const work *w, const umbra_cost *cost) {
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
  assert_int_equal(cost->products, calls_counted("tensor") + counted.products);
  assert_close(cost->peak_bytes, counted.most_taken - umbra_public_key_bytes(real->public));
  assert_int_equal(cost->peak_bytes, cost->key_bytes + cost->constant_bytes + cost->working_bytes);
}

static inline void assert_lowest(const side *dry, const umbra_cost *cost) {
  uint32_t lowest = UMBRA_TOP_LEVEL;
  for (size_t i = 0; i < dry->logged; i++)
    if (dry->log[i].status == UMBRA_OK && dry->log[i].level < lowest) lowest = dry->log[i].level;
  assert_true(cost->lowest_level <= lowest);
}

/* All of that; less: the number of the need to go without. */
static inline umbra_cost hold(const work *w, uint64_t less) {
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

#endif
