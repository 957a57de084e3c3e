/* SPDX-License-Identifier: Apache-2.0 */
#include "keyed_rig.h"

#include <stdio.h>
#include <stdlib.h>

#include "../host/base/error.h"

/* Everything that is registered, for the life of the process. */
typedef struct job {
  struct job *next;
  const bench_keyed *keyed;
  const void *shape;
  const bench_setting *setting;
} job;

static job *jobs;

uint32_t bench_level(uint32_t level, const umbra_params *params) {
  const uint32_t depth = umbra_params_depth(params);
  return level < depth ? level : depth;
}

double *bench_points(size_t count, double step) {
  double *points = malloc(count * sizeof *points);
  for (size_t j = 0; points && j < count; j++) points[j] = bench_point(j, step);
  return points;
}

/* ---- keys ---- */

static umbra_status measure_dry(bench_keyed_rig *r, const bench_keyed *keyed, const umbra_context *dry,
                                umbra_key_needs *needs) {
  umbra_evaluator *evaluator = NULL;
  UMBRA_TRY(umbra_evaluator_create(&evaluator, dry, NULL));
  umbra_status status = keyed->run_dry(r, evaluator, dry);
  if (status == UMBRA_OK) status = umbra_context_cost(dry, &r->cost);
  if (status == UMBRA_OK) status = umbra_context_needs(dry, needs);
  umbra_evaluator_destroy(evaluator);
  return status;
}

static umbra_status make_keys(bench_keyed_rig *r, const bench_keyed *keyed) {
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = r->params, .device = "dry"};
  umbra_context *dry = NULL;
  umbra_key_needs *needs = NULL;
  r->cost = (umbra_cost){UMBRA_COST_INIT};
  UMBRA_TRY(umbra_key_needs_create(&needs, r->params));
  umbra_status status = umbra_context_create(&dry, &desc);
  if (status == UMBRA_OK) status = measure_dry(r, keyed, dry, needs);
  if (status == UMBRA_OK) status = umbra_eval_keys_generate(&r->keys, r->secret, needs, NULL);
  umbra_key_needs_destroy(needs);
  umbra_context_destroy(dry);
  return status;
}

/* ---- the rig ---- */

static void rig_close(bench_keyed_rig *r) {
  umbra_evaluator_destroy(r->evaluator);
  umbra_eval_keys_destroy(r->keys);
  umbra_public_key_destroy(r->public_key);
  umbra_secret_key_destroy(r->secret);
  umbra_context_destroy(r->context);
  umbra_params_destroy(r->params);
}

static umbra_status rig_open(bench_keyed_rig *r, const bench_keyed *keyed) {
  const bench_setting *s = r->setting;
  r->params = bench_params(s);
  UMBRA_TRY(keyed->describe(r));
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = r->params,
                                   .device = s->backend,    .secrets_on_device = s->secrets_on_device,
                                   .threads = s->threads,   .memory_limit = s->memory};
  UMBRA_TRY(umbra_context_create(&r->context, &desc));
  UMBRA_TRY(umbra_secret_key_generate(&r->secret, r->context));
  UMBRA_TRY(umbra_public_key_generate(&r->public_key, r->secret));
  UMBRA_TRY(make_keys(r, keyed));
  UMBRA_TRY(umbra_evaluator_create(&r->evaluator, r->context, r->keys));
  return keyed->make_inputs(r);
}

/* ---- one benchmark ---- */

typedef struct calls {
  bench_keyed_rig *rig;
  const bench_keyed *keyed;
} calls;

static umbra_status run_calls(void *rig, uint32_t count) {
  const calls *c = rig;
  for (uint32_t i = 0; i < count; i++) UMBRA_TRY(c->keyed->call(c->rig));
  return umbra_evaluator_wait(c->rig->evaluator);
}

static umbra_status time_calls(bench_state *state, bench_keyed_rig *r, const bench_keyed *keyed) {
  const bench_timed timed = {r->setting, run_calls, 1};
  calls made = {r, keyed};
  UMBRA_TRY(run_calls(&made, 1)); /* takes memory */
  UMBRA_TRY(bench_time_calls(state, &timed, &made));
  return keyed->check(state, r);
}

static void run(bench_state *state, void *argument) {
  const job *j = argument;
  bench_keyed_rig *r = calloc(1, j->keyed->size);
  if (!r) {
    bench_fail(state, "out of memory");
    return;
  }
  r->shape = j->shape;
  r->setting = j->setting;
  umbra_status status = rig_open(r, j->keyed);
  if (status == UMBRA_OK) status = time_calls(state, r, j->keyed);
  if (status != UMBRA_OK) bench_fail(state, umbra_last_error());
  j->keyed->clear(r);
  rig_close(r);
  free(r);
}

void bench_keyed_count(bench_state *state, const bench_keyed_rig *r, uint32_t level) {
  bench_counter(state, "n", (double)(1u << umbra_params_log_n(r->params)));
  bench_counter(state, "level", level);
  bench_counter(state, "keys", (double)r->cost.keys);
  bench_counter(state, "key_bytes", (double)r->cost.key_bytes);
  bench_counter(state, "key_switches", (double)r->cost.key_switches);
  bench_counter(state, "working_bytes", (double)r->cost.working_bytes);
}

static void add(const char *name, const bench_keyed *keyed, const void *shape, const bench_setting *setting) {
  char full[BENCH_NAME + 80];
  job *made = malloc(sizeof *made);
  if (!made) return;
  *made = (job){.next = jobs, .keyed = keyed, .shape = shape, .setting = setting};
  jobs = made;
  snprintf(full, sizeof full, "%s/params:%s/backend:%s/threads:%u", name, setting->params, setting->backend,
           setting->threads);
  bench_register(full, run, made);
}

void bench_keyed_register(const bench_keyed *keyed, const void *shapes, size_t count, const bench_setting *setting) {
  umbra_params *params = bench_params(setting);
  for (size_t i = 0; params && i < count; i++) {
    const void *shape = (const char *)shapes + i * keyed->shape_size;
    char name[BENCH_NAME];
    if (keyed->name(name, shape, params)) add(name, keyed, shape, setting);
  }
  umbra_params_destroy(params);
}

void bench_keyed_close(void) {
  while (jobs) {
    job *next = jobs->next;
    free(jobs);
    jobs = next;
  }
}
