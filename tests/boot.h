/* SPDX-License-Identifier: Apache-2.0 */
/* For the tests of refreshes: a set that refreshes with the keys of some plans, inputs, and errors of parts of slots. */
#ifndef UMBRA_TESTS_BOOT_H
#define UMBRA_TESTS_BOOT_H

#include "scheme.h"

typedef struct boot {
  scheme s;
  umbra_bootstrap_plan *plan;
  umbra_bootstrapper *bootstrapper;
  umbra_bootstrap_report report;
} boot;

/* The twin of a preset in a small ring: the same shape, of other depth. */
static inline umbra_params *boot_twin(uint32_t log_n, uint32_t scale_bits, uint32_t depth,
                                      umbra_bootstrap_shape shape) {
  umbra_params *params = NULL;
  umbra_params_need need = {.struct_size = sizeof need,
                            .depth = depth,
                            .scale_bits = scale_bits,
                            .security = 128,
                            .log_n = log_n,
                            .flags = UMBRA_INSECURE_FOR_TESTS,
                            .bootstrap = &shape};
  assert_ok(umbra_params_from_need(&params, &need));
  return params;
}

static inline umbra_params *boot_twin_40(uint32_t log_n) {
  return boot_twin(log_n, 40, 4, (umbra_bootstrap_shape){UMBRA_BOOTSTRAP_SHAPE_INIT});
}

/* That of the precise preset. */
static inline umbra_params *boot_twin_precise(uint32_t log_n) {
  umbra_bootstrap_shape shape = {UMBRA_BOOTSTRAP_SHAPE_INIT};
  shape.arcsine_degree = 3;
  shape.ratio_bits = 7;
  return boot_twin(log_n, 50, 3, shape);
}

/* The keys of a refresh. */
static inline umbra_key_needs *refresh_needs(const umbra_bootstrap_plan *plan, const umbra_params *params) {
  umbra_key_needs *needs = NULL;
  assert_ok(umbra_key_needs_create(&needs, params));
  assert_ok(umbra_bootstrap_plan_needs(plan, needs));
  return needs;
}

static inline void boot_plan(boot *b, const umbra_params *params, const umbra_bootstrap_options *options) {
  *b = (boot){.report = {UMBRA_BOOTSTRAP_REPORT_INIT}};
  assert_ok(umbra_bootstrap_plan_create(&b->plan, params, options));
  assert_ok(umbra_bootstrap_plan_report(b->plan, &b->report));
}

/* Takes the params over. */
static inline void boot_open_sim(boot *b, umbra_params *params, int exact, uint64_t seed,
                                 const umbra_bootstrap_options *options) {
  boot_plan(b, params, options);
  scheme_open_sim(&b->s, params, exact, seed);
  assert_ok(umbra_bootstrapper_create(&b->bootstrapper, b->s.context, b->plan, NULL));
}

/* Takes the params over. */
static inline void boot_open(boot *b, umbra_params *params, const char *device,
                             const umbra_bootstrap_options *options) {
  boot_plan(b, params, options);
  scheme *s = &b->s;
  s->params = params;
  umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .device = device};
  assert_ok(umbra_context_create(&s->context, &desc));
  assert_ok(umbra_secret_key_generate(&s->secret, s->context));
  assert_ok(umbra_public_key_generate(&s->public, s->secret));
  s->keys = keys_for(s->secret, refresh_needs(b->plan, params));
  assert_ok(umbra_evaluator_create(&s->evaluator, s->context, s->keys));
  assert_ok(umbra_bootstrapper_create(&b->bootstrapper, s->context, b->plan, NULL));
}

static inline void boot_close(boot *b) {
  umbra_bootstrapper_destroy(b->bootstrapper);
  umbra_bootstrap_plan_destroy(b->plan);
  scheme_close(&b->s);
}

/* Errors of both parts of all slots. */
typedef struct part_errors {
  double mean, rms, worst;
} part_errors;

static inline part_errors part_errors_of(const scheme *s, const umbra_ciphertext *ciphertext, const vector *expected) {
  part_errors e = {0};
  uint32_t slots = umbra_ciphertext_slots(ciphertext);
  double *pairs = opened_slots(s, ciphertext);
  for (uint32_t j = 0; j < 2 * slots; j++) {
    number want = at(expected, j / 2);
    double error = fabs(pairs[j] - (double)(j % 2 ? cimagl(want) : creall(want)));
    e.mean += error / (2 * slots);
    e.rms += error * error / (2 * slots);
    e.worst = fmax(e.worst, error);
  }
  e.rms = sqrt(e.rms);
  free(pairs);
  return e;
}

static inline double bits(double error) { return -log2(error); }

#endif
