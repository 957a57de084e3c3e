/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The figures of a plan: its iterations, run on a dry device. Alike ones are run twice, as the first of them makes
 * constants that the others have; and so are alike blocks of a batch.
 */
#include "plan_dry.h"

#include "../base/error.h"
#include "../base/memory.h"
#include "../ckks/cost.h"
#include "../ckks/dry.h"
#include "dataset.h"
#include "step.h"

typedef struct dry_run {
  const umbra_train_plan *plan;
  umbra_context *context;
  umbra_stepper *stepper;
  umbra_train_state first;      /* the data set's weights, which a trainer keeps */
  uint32_t i;                   /* the iteration */
  umbra_train_state low, state; /* before its refresh, if it has one, and then */
  umbra_train_state sums, after;
  umbra_train_block block;
} dry_run;

static void clear_states(dry_run *r) {
  umbra_train_state_clear(&r->state);
  umbra_train_state_clear(&r->low);
}

static void close_run(dry_run *r) {
  clear_states(r);
  umbra_stepper_destroy(r->stepper);
  umbra_train_state_clear(&r->first);
  umbra_context_destroy(r->context);
}

/* As a trainer is made: with its data set's first weights, and the state. */
static umbra_status start(dry_run *r) {
  UMBRA_TRY(umbra_dataset_dry_weights(&r->first, r->plan, r->context, r->plan->data_level));
  UMBRA_TRY(umbra_stepper_create(&r->stepper, r->plan, r->context, NULL, NULL, NULL));
  return umbra_step_start(r->stepper, &r->state, &r->first);
}

/* A run whose stepper is still to be made. */
static umbra_status open_run(dry_run *r, const umbra_train_plan *plan) {
  *r = (dry_run){.plan = plan};
  return umbra_dry_open(&r->context, plan->params, plan->options.target);
}

/* Such a run that keeps every block, under a limit that is never reached, and takes memory as the plan's target does. */
static umbra_status open_keeping_run(dry_run *r, const umbra_train_plan *plan) {
  *r = (dry_run){.plan = plan};
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = plan->params, .device = "dry",
                                   .threads = UMBRA_PLANNED_THREADS, .memory_limit = UINT64_MAX};
  UMBRA_TRY(umbra_context_create(&r->context, &desc));
  if (plan->options.target == UMBRA_TARGET_CPU) umbra_dry_take_as_cpu(r->context);
  return UMBRA_OK;
}

/* ---- pieces ---- */

typedef umbra_status piece(dry_run *r);

/* Of pieces one after the other. */
typedef struct tally {
  umbra_cost cost;
  double seconds; /* by the table of the plan's target */
} tally;

/* *sum += a piece, so many times. */
static umbra_status measure(dry_run *r, tally *sum, piece *run, uint64_t times) {
  umbra_cost cost = {UMBRA_COST_INIT};
  double seconds;
  umbra_dry_measures_begin(r->context);
  UMBRA_TRY(run(r));
  UMBRA_TRY(umbra_context_cost(r->context, &cost));
  UMBRA_TRY(umbra_context_reference_seconds(r->context, &seconds, r->plan->options.target));
  umbra_cost_add(&sum->cost, &cost, times);
  sum->seconds += (double)times * seconds;
  return UMBRA_OK;
}

static umbra_status add_block(dry_run *r) {
  const umbra_stepper *s = r->stepper;
  return s->ops->add(s->run, &r->sums, &r->state, r->i, &r->block);
}

static umbra_status close_step(dry_run *r) {
  return umbra_step_close(r->stepper, &r->after, &r->state, r->i, &r->sums);
}

static umbra_status refresh(dry_run *r) { return umbra_step_refresh(r->stepper, &r->state, &r->low); }

static umbra_status start_at(const dry_run *r, umbra_train_state *state, uint32_t level) {
  umbra_train_state weights;
  UMBRA_TRY(umbra_dataset_dry_weights(&weights, r->plan, r->context, level));
  umbra_status status = umbra_step_start(r->stepper, state, &weights);
  umbra_train_state_clear(&weights);
  return status;
}

/* ---- one iteration ---- */

static umbra_status add_blocks(dry_run *r, tally *sum, uint64_t block, uint64_t times) {
  if (!times) return UMBRA_OK;
  UMBRA_TRY(umbra_dataset_dry_block(&r->block, r->plan, r->context, umbra_plan_block(r->plan, block).rows));
  umbra_status status = measure(r, sum, add_block, times);
  umbra_train_block_clear(&r->block);
  return status;
}

/* The blocks between the first and the last are alike. */
static umbra_status add_batch(dry_run *r, tally *sum) {
  uint64_t first, count;
  umbra_plan_batch_blocks(&first, &count, r->plan, r->plan->iteration[r->i].step.batch);
  UMBRA_TRY(add_blocks(r, sum, first, 1));
  UMBRA_TRY(add_blocks(r, sum, first + 1, count > 2 ? count - 2 : 0));
  return add_blocks(r, sum, first + count - 1, count > 1);
}

/* Of iteration r->i, from r->state. */
static umbra_status iterate(dry_run *r, tally *sum, uint32_t *level_after) {
  umbra_status status = umbra_train_state_make(&r->sums, r->stepper->ops->sums(r->plan));
  if (status == UMBRA_OK) status = add_batch(r, sum);
  if (status == UMBRA_OK) status = measure(r, sum, close_step, 1);
  if (status == UMBRA_OK) *level_after = umbra_ciphertext_level(r->after.part[0]);
  umbra_train_state_clear(&r->sums);
  umbra_train_state_clear(&r->after);
  return status;
}

/* ---- trials ---- */

static umbra_status try_iteration(dry_run *r, umbra_plan_trial *found) {
  tally sum = {.cost = {UMBRA_COST_INIT}};
  uint32_t level_after = 0;
  UMBRA_TRY(start(r));
  UMBRA_TRY(iterate(r, &sum, &level_after));
  *found = (umbra_plan_trial){r->plan->data_level - level_after, sum.seconds};
  return UMBRA_OK;
}

umbra_status umbra_plan_try(umbra_plan_trial *found, const umbra_train_plan *plan) {
  dry_run r;
  umbra_status status = open_run(&r, plan);
  if (status == UMBRA_OK) status = try_iteration(&r, found);
  close_run(&r);
  return status;
}

static umbra_status try_refresh(dry_run *r, double *seconds) {
  tally sum = {.cost = {UMBRA_COST_INIT}};
  UMBRA_TRY(start(r));
  umbra_train_state_clear(&r->state);
  UMBRA_TRY(start_at(r, &r->low, 0));
  UMBRA_TRY(measure(r, &sum, refresh, 1));
  *seconds = sum.seconds;
  return UMBRA_OK;
}

umbra_status umbra_plan_try_refresh(double *seconds, const umbra_train_plan *plan) {
  dry_run r;
  umbra_status status = open_run(&r, plan);
  if (status == UMBRA_OK) status = try_refresh(&r, seconds);
  close_run(&r);
  return status;
}

/* ---- all iterations ---- */

/* Those that do the same. */
typedef struct iteration_type {
  uint32_t first; /* of them */
  uint64_t count;
} iteration_type;

static int is_alike(const umbra_plan_iteration *a, const umbra_plan_iteration *b) {
  return a->level == b->level && a->refresh == b->refresh && a->step.rows == b->step.rows;
}

/* Returns how many types there are; in the order in which they begin. */
static uint32_t sort_iterations(iteration_type *type, const umbra_train_plan *plan) {
  uint32_t types = 0;
  for (uint32_t i = 0; i < plan->options.iterations; i++) {
    uint32_t t = 0;
    while (t < types && !is_alike(&plan->iteration[type[t].first], &plan->iteration[i])) t++;
    if (t == types) type[types++] = (iteration_type){.first = i};
    type[t].count++;
  }
  return types;
}

/* A type is a level, with or without a refresh before it, and a batch, of which the last may be smaller. */
static size_t most_types(const umbra_train_plan *plan) { return 4 * ((size_t)plan->data_level + 1); }

static void keep_larger(umbra_cost *largest, const umbra_cost *cost) {
  if (cost->kernel_bytes > largest->kernel_bytes) *largest = *cost;
}

/* From that level; the result is r->state. So many times. */
static umbra_status refresh_from(dry_run *r, umbra_plan_costs *costs, uint32_t level, uint64_t times) {
  tally sum = {.cost = {UMBRA_COST_INIT}};
  UMBRA_TRY(start_at(r, &r->low, level));
  UMBRA_TRY(measure(r, &sum, refresh, 1));
  keep_larger(&costs->refresh, &sum.cost);
  umbra_cost_add(&costs->whole, &sum.cost, times);
  return UMBRA_OK;
}

static umbra_status run_prepared(dry_run *r, umbra_plan_costs *costs, uint64_t times) {
  const umbra_plan_iteration *it = &r->plan->iteration[r->i];
  tally sum = {.cost = {UMBRA_COST_INIT}};
  uint32_t level_after;
  UMBRA_TRY(it->refresh ? refresh_from(r, costs, it[-1].level_after, times) : start_at(r, &r->state, it->level));
  UMBRA_TRY(iterate(r, &sum, &level_after));
  keep_larger(&costs->iteration, &sum.cost);
  umbra_cost_add(&costs->whole, &sum.cost, times);
  return UMBRA_OK;
}

static umbra_status run_iteration(dry_run *r, umbra_plan_costs *costs, uint32_t i, uint64_t times) {
  r->i = i;
  umbra_status status = run_prepared(r, costs, times);
  clear_states(r);
  return status;
}

static umbra_status run_types(dry_run *r, umbra_plan_costs *costs, const iteration_type *type, uint32_t types) {
  for (uint32_t t = 0; t < types; t++) {
    UMBRA_TRY(run_iteration(r, costs, type[t].first, 1));
    if (type[t].count > 1) UMBRA_TRY(run_iteration(r, costs, type[t].first, type[t].count - 1));
  }
  return UMBRA_OK;
}

static umbra_status run_iterations(dry_run *r, umbra_plan_costs *costs) {
  iteration_type *type;
  UMBRA_TRY(umbra_alloc(&type, most_types(r->plan), sizeof *type, "a training plan"));
  umbra_status status = run_types(r, costs, type, sort_iterations(type, r->plan));
  umbra_free(type);
  return status;
}

static umbra_status bootstrap_result(dry_run *r, umbra_plan_costs *costs) {
  const umbra_train_options *o = &r->plan->options;
  if (!o->bootstrap_result) return UMBRA_OK;
  return refresh_from(r, costs, r->plan->iteration[o->iterations - 1].level_after, 1);
}

static umbra_status run_all(dry_run *r, umbra_plan_costs *costs, umbra_key_needs *needs) {
  tally sum = {.cost = {UMBRA_COST_INIT}};
  UMBRA_TRY(measure(r, &sum, start, 1));
  umbra_cost_add(&costs->whole, &sum.cost, 1);
  clear_states(r);
  UMBRA_TRY(run_iterations(r, costs));
  UMBRA_TRY(bootstrap_result(r, costs));
  UMBRA_TRY(umbra_context_needs(r->context, needs));
  umbra_cost_tell_keys(&costs->iteration, needs);
  umbra_cost_tell_keys(&costs->refresh, needs);
  umbra_cost_tell_keys(&costs->whole, needs);
  return UMBRA_OK;
}

static const umbra_plan_costs no_costs = {{UMBRA_COST_INIT}, {UMBRA_COST_INIT}, {UMBRA_COST_INIT}};

umbra_status umbra_plan_run_dry(umbra_plan_costs *costs, umbra_key_needs *needs, const umbra_train_plan *plan,
                                const char *machine) {
  dry_run r;
  *costs = no_costs;
  umbra_status status = open_run(&r, plan);
  if (status == UMBRA_OK && machine) status = umbra_context_cost_machine(r.context, machine);
  if (status == UMBRA_OK) status = run_all(&r, costs, needs);
  close_run(&r);
  return status;
}

umbra_status umbra_plan_held(uint64_t *bytes, const umbra_train_plan *plan) {
  dry_run r;
  umbra_plan_costs costs = no_costs;
  umbra_key_needs *needs = NULL;
  UMBRA_TRY(umbra_key_needs_create(&needs, plan->params));
  umbra_status status = open_keeping_run(&r, plan);
  if (status == UMBRA_OK) status = run_all(&r, &costs, needs);
  if (status == UMBRA_OK) *bytes = costs.whole.device_bytes;
  close_run(&r);
  umbra_key_needs_destroy(needs);
  return status;
}
