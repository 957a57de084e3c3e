/* SPDX-License-Identifier: Apache-2.0 */
#include "scheme_rig.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../host/base/error.h"
#include "../host/params/params.h"

enum { CALLS_TOGETHER = 10 /* on a GPU */ };

/* Everything that is registered, for the life of the process. */
typedef struct job {
  struct job *next;
  const bench_operation *operation;
  const bench_setting *setting;
} job;

static job *jobs;
static bench_scheme current;
static const bench_operation *warm; /* the operation that has run before under the present setting */

/* ---- the rig ---- */

static void clear_results(bench_scheme *s) {
  for (int i = 0; i < BENCH_MANY; i++) {
    umbra_ciphertext_destroy(s->out[i]);
    s->out[i] = NULL;
  }
  umbra_plaintext_destroy(s->plain);
  umbra_secret_key_destroy(s->new_secret);
  umbra_public_key_destroy(s->new_public_key);
  umbra_eval_keys_destroy(s->new_keys);
  s->plain = NULL;
  s->new_secret = NULL;
  s->new_public_key = NULL;
  s->new_keys = NULL;
}

static void rig_close(bench_scheme *s) {
  clear_results(s);
  umbra_circuit_destroy(s->circuit);
  bench_boot_close(s);
  for (int k = 0; k < BENCH_KEY_SETS; k++) {
    umbra_evaluator_destroy(s->evaluators[k]);
    umbra_eval_keys_destroy(s->keys[k]);
  }
  umbra_ciphertext_destroy(s->a);
  umbra_ciphertext_destroy(s->b);
  umbra_plaintext_destroy(s->plain_y);
  umbra_public_key_destroy(s->public_key);
  umbra_secret_key_destroy(s->secret);
  umbra_context_destroy(s->context);
  umbra_params_destroy(s->params);
  free(s->x);
  free(s->file);
  *s = (bench_scheme){0};
  warm = NULL;
}

void bench_scheme_close(void) {
  rig_close(&current);
  while (jobs) {
    job *next = jobs->next;
    free(jobs);
    jobs = next;
  }
}

static umbra_status make_values(bench_scheme *s) {
  s->slots = umbra_params_slots(s->params);
  s->x = calloc(3 * s->slots, sizeof *s->x);
  if (!s->x) return bench_no_memory();
  s->y = s->x + s->slots;
  s->values = s->y + s->slots;
  for (size_t j = 0; j < s->slots; j++) {
    s->x[j] = bench_point(j, 0.61803398874989485);
    s->y[j] = bench_point(j, 0.41421356237309505);
  }
  return UMBRA_OK;
}

static umbra_status make_objects(bench_scheme *s) {
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT,        .params = s->params,
                                   .device = s->setting->backend,  .secrets_on_device = s->setting->secrets_on_device,
                                   .threads = s->setting->threads, .memory_limit = s->setting->memory};
  UMBRA_TRY(make_values(s));
  UMBRA_TRY(umbra_context_create(&s->context, &desc));
  UMBRA_TRY(umbra_secret_key_generate(&s->secret, s->context));
  UMBRA_TRY(umbra_public_key_generate(&s->public_key, s->secret));
  UMBRA_TRY(umbra_encode(&s->plain_y, s->context, s->y, s->slots, NULL));
  UMBRA_TRY(umbra_encode_encrypt(&s->a, s->public_key, s->x, s->slots));
  return umbra_encrypt(&s->b, s->public_key, s->plain_y);
}

static umbra_status rig_open(bench_scheme *s, const bench_setting *setting) {
  if (s->setting == setting) return UMBRA_OK;
  rig_close(s);
  s->setting = setting;
  s->params = bench_params(setting);
  const umbra_status status = make_objects(s);
  if (status != UMBRA_OK) rig_close(s);
  return status;
}

int32_t bench_steps(size_t i) { return (int32_t)i + 1; }

static umbra_status collect_needs(umbra_key_needs *needs, bench_keys which) {
  if (which != BENCH_ROTATE) return umbra_key_needs_relinearization(needs, UMBRA_TOP_LEVEL);
  UMBRA_TRY(umbra_key_needs_conjugation(needs, UMBRA_TOP_LEVEL));
  for (size_t i = 0; i < BENCH_MANY; i++) UMBRA_TRY(umbra_key_needs_rotation(needs, bench_steps(i), UMBRA_TOP_LEVEL));
  return UMBRA_OK;
}

static umbra_status make_keys(bench_scheme *s, bench_keys which) {
  if (which == BENCH_NO_KEYS) return UMBRA_OK;
  umbra_key_needs *needs = NULL;
  UMBRA_TRY(umbra_key_needs_create(&needs, s->params));
  umbra_status status = collect_needs(needs, which);
  if (status == UMBRA_OK) status = umbra_eval_keys_generate(&s->keys[which], s->secret, needs, NULL);
  umbra_key_needs_destroy(needs);
  return status;
}

static umbra_status choose_evaluator(bench_scheme *s, bench_keys which) {
  if (!s->evaluators[which]) {
    UMBRA_TRY(make_keys(s, which));
    UMBRA_TRY(umbra_evaluator_create(&s->evaluators[which], s->context, s->keys[which]));
  }
  s->evaluator = s->evaluators[which];
  return UMBRA_OK;
}

/* ---- checks ---- */

bench_slot bench_expect_x(const bench_scheme *s, size_t i, size_t j) { return (void)i, (bench_slot){s->x[j], 0}; }
bench_slot bench_expect_y(const bench_scheme *s, size_t i, size_t j) { return (void)i, (bench_slot){s->y[j], 0}; }

bench_slot bench_expect_product(const bench_scheme *s, size_t i, size_t j) {
  return (void)i, (bench_slot){s->x[j] * s->y[j], 0};
}

bench_slot bench_expect_rotated(const bench_scheme *s, size_t i, size_t j) {
  return (bench_slot){s->x[(j + (size_t)bench_steps(i)) % s->slots], 0};
}

umbra_status bench_encrypt_plain(bench_scheme *s) { return umbra_encrypt(&s->out[0], s->public_key, s->plain); }

umbra_status bench_encrypt_values(bench_scheme *s) {
  return umbra_encode_encrypt(&s->out[0], s->public_key, s->values, s->slots);
}

static umbra_status inspect(umbra_noise_report *report, const bench_scheme *s, const bench_operation *op, size_t i) {
  bench_slot *expected = malloc(s->slots * sizeof *expected);
  if (!expected) return bench_no_memory();
  for (size_t j = 0; j < s->slots; j++) expected[j] = op->expect(s, i, j);
  const umbra_status status = umbra_inspect_noise(report, s->out[i], s->secret, &expected[0].re, s->slots);
  free(expected);
  return status;
}

static void check_results(bench_state *state, bench_scheme *s, const bench_operation *op) {
  umbra_status status = op->finish ? op->finish(s) : UMBRA_OK;
  for (size_t i = 0; i < op->results && status == UMBRA_OK; i++) {
    umbra_noise_report report = {UMBRA_NOISE_REPORT_INIT};
    status = inspect(&report, s, op, i);
    if (status == UMBRA_OK && !(report.max_error <= report.error_bound)) {
      bench_fail(state, "the decrypted result is wrong");
      return;
    }
    bench_counter(state, "error_bits", -log2(report.max_error));
  }
  if (status != UMBRA_OK) bench_fail(state, umbra_last_error());
}

/* ---- one benchmark ---- */

/* Products of a residue with a constant, for each coefficient, that extend the digits of the highest level. */
static uint32_t extension(const umbra_chain *chain, umbra_window top) {
  const umbra_digit_range digits = umbra_digits_of(chain, top);
  uint32_t products = 0;
  for (uint32_t j = digits.first; j < digits.first + digits.count; j++) {
    const uint32_t own = umbra_digit_window(chain, j, top).count;
    products += own * (top.count - own + umbra_switch_auxes(chain, top));
  }
  return products;
}

/* Primes of the highest level that the one below lacks. */
static uint32_t dropped(umbra_window top, umbra_window below) {
  uint32_t count = 0;
  for (uint32_t i = top.first; i < umbra_window_end(top); i++) count += i < below.first || i >= umbra_window_end(below);
  return count;
}

static void count(bench_state *state, const bench_scheme *s) {
  const umbra_chain *chain = &s->params->chain;
  const uint32_t level = umbra_params_depth(s->params);
  const umbra_window top = chain->window[level], below = chain->window[level ? level - 1 : 0];
  bench_counter(state, "n", (double)(1u << umbra_params_log_n(s->params)));
  bench_counter(state, "limbs", umbra_params_limbs(s->params, level));
  bench_counter(state, "log_q", umbra_params_log_q(s->params, level));
  bench_counter(state, "log_qp", umbra_params_log_qp(s->params));
  bench_counter(state, "dnum", umbra_params_dnum(s->params));
  bench_counter(state, "level", level);
  bench_counter(state, "slots", (double)s->slots);
  bench_counter(state, "aux", umbra_switch_auxes(chain, top));
  bench_counter(state, "below", below.count);
  bench_counter(state, "dropped", dropped(top, below));
  bench_counter(state, "extension", extension(chain, top));
}

/*
 * The first calls under a setting are not measured: one makes plans and takes memory for its results, the next takes
 * more, since new results replace the old ones only when they are ready.
 */
static umbra_status prepare(bench_scheme *s, const bench_operation *op, const bench_setting *setting) {
  UMBRA_TRY(rig_open(s, setting));
  UMBRA_TRY(choose_evaluator(s, op->keys));
  if (warm != op) {
    umbra_circuit_destroy(s->circuit);
    s->circuit = NULL;
  }
  for (int call = 0; warm != op && call < 2; call++) UMBRA_TRY(op->run(s));
  warm = op;
  return UMBRA_OK;
}

typedef struct calls {
  bench_scheme *scheme;
  const bench_operation *operation;
} calls;

static umbra_status run_calls(void *rig, uint32_t count) {
  const calls *c = rig;
  for (uint32_t i = 0; i < count; i++) UMBRA_TRY(c->operation->run(c->scheme));
  return umbra_evaluator_wait(c->scheme->evaluator);
}

static umbra_status time_calls(bench_state *state, bench_scheme *s, const bench_operation *op) {
  const bench_timed timed = {s->setting, run_calls, CALLS_TOGETHER};
  return bench_time_calls(state, &timed, &(calls){s, op});
}

static void run(bench_state *state, void *argument) {
  const job *j = argument;
  bench_scheme *s = &current;
  umbra_status status = prepare(s, j->operation, j->setting);
  if (status == UMBRA_OK) status = umbra_evaluator_wait(s->evaluator);
  if (status == UMBRA_OK) status = time_calls(state, s, j->operation);
  if (status == UMBRA_OK) check_results(state, s, j->operation);
  else bench_fail(state, umbra_last_error());
  if (s->setting) count(state, s);
  if (j->operation->only & BENCH_REFRESHES) bench_boot_count(state, s, j->operation);
  clear_results(s);
}

static int refreshes(const bench_setting *setting) {
  umbra_params *params = bench_params(setting);
  const uint32_t level = umbra_params_bootstrapped_level(params);
  umbra_params_destroy(params);
  return level > 0;
}

void bench_operation_register(const bench_operation *operation, const bench_setting *setting) {
  char name[160];
  if ((operation->only & BENCH_RECORDED) && !umbra_kernels_get(setting->backend)->record.begin) return;
  if ((operation->only & BENCH_REFRESHES) && !refreshes(setting)) return;
  job *made = malloc(sizeof *made);
  if (!made) return;
  *made = (job){.next = jobs, .operation = operation, .setting = setting};
  jobs = made;
  snprintf(name, sizeof name, "%s/params:%s/backend:%s/threads:%u", operation->name, setting->params, setting->backend,
           setting->threads);
  bench_register(name, run, made);
}
