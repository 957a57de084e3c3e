/* SPDX-License-Identifier: Apache-2.0 */
/* Plans: a model becomes a program, whose cheapest way that is exact enough is the plan. */
#include "plan.h"

#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../base/structs.h"
#include "../ckks/context_internal.h"
#include "../params/params.h"
#include "compile.h"
#include "network.h"
#include "records.h"

/* ---- life ---- */

static void destroy(void *object) {
  umbra_inference_plan *plan = object;
  for (size_t i = 0; i < plan->way_count; i++) umbra_way_clear(&plan->ways[i]);
  umbra_free(plan->ways);
  umbra_program_destroy(plan->program);
  umbra_frame_clear(&plan->frame);
  umbra_free(plan);
}

umbra_status umbra_inference_plan_make(umbra_inference_plan **plan) {
  UMBRA_TRY(umbra_alloc(plan, 1, sizeof **plan, "a plan of a network"));
  (*plan)->counted = UMBRA_COUNTED(destroy);
  return UMBRA_OK;
}

umbra_inference_plan *umbra_inference_plan_share(const umbra_inference_plan *plan) { return umbra_share(plan); }
void umbra_inference_plan_destroy(umbra_inference_plan *plan) { umbra_release(plan); }

/* ---- planning ---- */

typedef struct planner {
  const umbra_model *model;
  const umbra_ndarray *samples;
  umbra_inference_options options;
  umbra_inference_plan *plan;
  umbra_extents extents;
  umbra_watch *watch;
} planner;

static umbra_status check_options(const umbra_model *model, const umbra_inference_options *o) {
  if (!o->records || o->records >> 31)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "records is %zu: it must be above 0 and below 2^31", o->records);
  if (o->output >= model->output_count)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "output %zu; the model has %zu", o->output, model->output_count);
  if (!(o->margin > 1) || !isfinite(o->margin) || !(o->error > 0))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "margin is %g and error is %g: they must be above 1 and above 0",
                      o->margin, o->error);
  if (umbra_target_name(o->target)) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "target is %d, which is none", (int)o->target);
}

static umbra_status observe(planner *p) {
  const uint32_t node = p->model->outputs[p->options.output].node;
  uint8_t *needed;
  UMBRA_TRY(umbra_alloc(&needed, p->model->node_count, 1, "a model"));
  umbra_mark_needed(needed, p->model, node);
  const umbra_progress relay = umbra_watch_relay(p->watch);
  const umbra_status status =
      umbra_extents_find(&p->extents, p->model, needed, node, p->samples->values, p->samples->shape[0], &relay);
  umbra_free(needed);
  return status;
}

/*
 * Errors are rounding errors times the secret, which is larger in some slots than in others, or times its square, where
 * three parts are rounded. Among 2^16 slots are some with this many standard deviations.
 */
static double deviations_of(const umbra_params *params) {
  return umbra_params_keyed_level(params) == umbra_params_depth(params) ? 12 : 24;
}

/* From the differences between what the way is expected to give and what it should. */
static void set_error(umbra_way *way, const double *values, const double *expected, size_t count) {
  double largest = 0, sum = 0;
  for (size_t i = 0; i < count; i++) {
    const double difference = fabs(values[i] - expected[i]);
    largest = fmax(largest, difference);
    sum += difference * difference;
  }
  way->report.error = fmax(largest, deviations_of(way->params) * sqrt(sum / (double)count));
}

/* On samples: as many as lie in one ciphertext, but not too few and not too many. */
static umbra_status find_error(planner *p, umbra_way *way) {
  enum { LEAST = 16, MOST = 1024 };
  const umbra_inference_plan *plan = p->plan;
  umbra_ndarray some = *p->samples;
  some.shape[0] =
      umbra_min_u32(some.shape[0] < MOST ? (uint32_t)some.shape[0] : MOST, umbra_max_u32(way->layout.stride, LEAST));
  const size_t count = some.shape[0] * plan->frame.result_count;
  double *values;
  UMBRA_TRY(umbra_alloc(&values, count, sizeof *values, "results"));
  const umbra_status status =
      umbra_way_simulate(values, way, plan->program, &plan->frame, &some, NULL, &(umbra_progress){0});
  if (status == UMBRA_OK) set_error(way, values, p->extents.results, count);
  way->report.largest = umbra_extent_largest(&p->extents.node[plan->frame.output.node]);
  umbra_free(values);
  return status;
}

static void move_to_front(umbra_way *ways, size_t i) {
  const umbra_way chosen = ways[i];
  memmove(ways + 1, ways, i * sizeof *ways);
  ways[0] = chosen;
}

/* The first one that is exact enough becomes the plan. */
static umbra_status choose(planner *p) {
  umbra_inference_plan *plan = p->plan;
  double least = INFINITY;
  for (size_t i = 0; i < plan->way_count; i++) {
    UMBRA_TRY(umbra_watch_check(p->watch));
    UMBRA_TRY(find_error(p, &plan->ways[i]));
    least = fmin(least, plan->ways[i].report.error);
    if (plan->ways[i].report.error > p->options.error) continue;
    move_to_front(plan->ways, i);
    return UMBRA_OK;
  }
  return umbra_fail(UMBRA_ERROR_RANGE, "no way to compute the network has an error of %g: the least is %g",
                    p->options.error, least);
}

static umbra_status make_plan(planner *p) {
  umbra_inference_plan *plan = p->plan;
  UMBRA_TRY(umbra_frame_make(&plan->frame, p->model, p->options.output));
  UMBRA_TRY(umbra_records_check(&plan->frame, p->samples, "the samples"));
  UMBRA_TRY(observe(p));
  UMBRA_TRY(umbra_compile(&plan->program, &plan->frame, p->model, &p->extents, p->options.margin));
  UMBRA_TRY(umbra_ways_find(&plan->ways, &plan->way_count, plan->program, &p->options, p->watch));
  return choose(p);
}

umbra_status umbra_inference_plan_create(umbra_inference_plan **plan, const umbra_model *model,
                                         const umbra_ndarray *samples, const umbra_inference_options *options,
                                         const umbra_progress *progress) {
  if (!plan || !model || !samples)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a plan of a network needs an output, a model and samples");
  umbra_watch watch = umbra_watch_of(progress);
  planner p = {.model = model, .samples = samples, .options = {UMBRA_INFERENCE_OPTIONS_INIT}, .watch = &watch};
  UMBRA_TRY(UMBRA_TAKE(umbra_inference_options, &p.options, options));
  UMBRA_TRY(check_options(model, &p.options));
  UMBRA_TRY(umbra_inference_plan_make(&p.plan));
  const umbra_status status = umbra_watch_close(&watch, make_plan(&p));
  umbra_extents_clear(&p.extents);
  if (status == UMBRA_OK) UMBRA_PUT(inference_plan, plan, p.plan);
  else umbra_inference_plan_destroy(p.plan);
  return status;
}

/* ---- what it is ---- */

umbra_status umbra_inference_plan_check(const umbra_inference_plan *plan, const umbra_context *context,
                                        const char *what) {
  if (memcmp(umbra_context_params(context)->digest, plan->ways->params->digest, UMBRA_DIGEST_BYTES) == 0)
    return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_MISMATCH, "the plan was made for other parameters than those of %s", what);
}

umbra_status umbra_inference_plan_check_weights(const umbra_inference_plan *plan) {
  if (plan->program) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "this plan is a client's, which has no weights");
}

const umbra_params *umbra_inference_plan_params(const umbra_inference_plan *plan) { return plan->ways->params; }

umbra_status umbra_inference_plan_add_needs(const umbra_inference_plan *plan, umbra_key_needs *needs) {
  if (!plan || !needs) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "needs of a plan need a plan and an output");
  return umbra_key_needs_add(needs, plan->ways->needs);
}

umbra_status umbra_inference_plan_report(const umbra_inference_plan *plan, umbra_inference_report *report) {
  if (!plan || !report) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a report needs a plan and an output");
  return UMBRA_GIVE(umbra_inference_report, report, &plan->ways->report);
}

umbra_status umbra_inference_plan_cost(const umbra_inference_plan *plan, umbra_cost *cost, const char *machine) {
  umbra_cost found;
  if (!plan || !cost) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a cost needs a plan and an output");
  UMBRA_TRY(umbra_inference_plan_check_weights(plan));
  umbra_way way = {.params = umbra_params_share(plan->ways->params), .layout = plan->ways->layout};
  way.report.records = plan->ways->report.records;
  umbra_status status = umbra_way_measure(&way, &found, plan->program, UMBRA_TARGET_CPU, machine);
  umbra_way_clear(&way);
  return status == UMBRA_OK ? UMBRA_GIVE(umbra_cost, cost, &found) : status;
}

static umbra_status copy_way(umbra_way *copy, const umbra_way *way) {
  *copy = (umbra_way){.params = umbra_params_share(way->params), .layout = way->layout, .report = way->report};
  UMBRA_TRY(umbra_key_needs_create(&copy->needs, way->params));
  return umbra_key_needs_add(copy->needs, way->needs);
}

umbra_status umbra_inference_plan_client(const umbra_inference_plan *plan, umbra_inference_plan **client) {
  umbra_inference_plan *made = NULL;
  if (!plan || !client) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a client's plan needs a plan and an output");
  UMBRA_TRY(umbra_inference_plan_make(&made));
  umbra_status status = umbra_alloc(&made->ways, 1, sizeof *made->ways, "a plan of a network");
  if (status == UMBRA_OK) {
    made->way_count = 1;
    status = copy_way(made->ways, plan->ways);
  }
  if (status == UMBRA_OK) status = umbra_frame_copy(&made->frame, &plan->frame);
  if (status == UMBRA_OK) UMBRA_PUT(inference_plan, client, made);
  else umbra_inference_plan_destroy(made);
  return status;
}

/* ---- networks ---- */

umbra_status umbra_inference_create(umbra_inference **network, const umbra_context *context,
                                    const umbra_inference_plan *plan, const umbra_progress *progress) {
  umbra_inference *made = NULL;
  if (!network || !context || !plan)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a network needs an output, a context and a plan");
  UMBRA_TRY(umbra_inference_plan_check(plan, context, "the context"));
  UMBRA_TRY(umbra_inference_plan_check_weights(plan));
  umbra_watch watch = umbra_watch_of(progress);
  const umbra_status status =
      umbra_watch_close(&watch, umbra_network_make(&made, context, plan->program, &plan->ways->layout, &watch));
  if (status == UMBRA_OK) UMBRA_PUT(inference, network, made);
  else umbra_inference_destroy(made);
  return status;
}
