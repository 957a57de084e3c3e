/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Planning: a model becomes a program on matrices and, if there are convolutions, another one on images, one after the
 * other; the cheapest way of both that is exact enough is the plan.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../base/bounds.h"
#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../base/structs.h"
#include "../ckks/disclosure.h"
#include "../linalg/layout.h"
#include "../model/batch.h"
#include "../model/observe.h"
#include "compile.h"
#include "compiler.h"
#include "plan.h"

typedef struct planner {
  const umbra_model *model;
  umbra_model *polynomial; /* with polynomials for its activations; NULL: it has none */
  const umbra_ndarray *samples;
  umbra_inference_options options;
  umbra_inference_plan *plan; /* NULL until it is chosen */
  umbra_observation observed; /* of the model as it is planned, which has no activations */
  umbra_approximation_report near;
  umbra_disclosure_options disclosure; /* whole, if there are any */
  umbra_watch *watch;
} planner;

enum { COARSE_STEP = 4 }; /* of the exponents of figures, which nothing else follows from */

static void close_planner(planner *p) {
  umbra_observation_clear(&p->observed);
  umbra_model_destroy(p->polynomial);
}

static umbra_status check_options(const umbra_model *model, const umbra_inference_options *o) {
  if (!o->records || o->records >> 31)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "records is %zu: it must be above 0 and below 2^31", o->records);
  if (o->output >= model->output_count)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "output %zu; the model has %zu", o->output, model->output_count);
  if (!(o->margin > 1) || !isfinite(o->margin) || !(o->error > 0))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "margin is %g and error is %g: they must be above 1 and above 0",
                      o->margin, o->error);
  if (o->coarse != 0 && o->coarse != 1)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "coarse is %d: it must be 0 or 1", o->coarse);
  if (!umbra_target_name(o->target))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "target is %d, which is none", (int)o->target);
  if (o->weights == UMBRA_WEIGHTS_PLAIN || o->weights == UMBRA_WEIGHTS_ENCRYPTED) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "weights is %d, which is no kind of them", (int)o->weights);
}

/* Piece i of `count` of the part of the work that is under way. */
static umbra_status work_on(planner *p, uint64_t i, uint64_t count, umbra_status (*work)(planner *)) {
  const umbra_watch_part part = umbra_watch_enter(p->watch, i, count);
  const umbra_status status = work(p);
  umbra_watch_leave(p->watch, part);
  return status;
}

/* ---- activations ---- */

static int has_activations(const umbra_model *model) {
  for (size_t i = 0; i < model->node_count; i++)
    if (model->nodes[i].kind == UMBRA_NODE_ACTIVATION) return 1;
  return 0;
}

/* Of what was observed the plan is made. */
static umbra_status coarsen(planner *p) {
  return p->options.coarse ? umbra_ranges_coarsen(p->observed.ranges) : UMBRA_OK;
}

static umbra_status observe_exact(planner *p) {
  const umbra_progress relay = umbra_watch_relay(p->watch);
  UMBRA_TRY(umbra_observe(&p->observed, p->model, p->samples, 1, &relay));
  return coarsen(p);
}

static umbra_status replace_activations(planner *p) {
  umbra_observation exact = p->observed;
  umbra_approximation *approximation = NULL;
  const umbra_progress relay = umbra_watch_relay(p->watch);
  p->observed = (umbra_observation){0};
  umbra_status status = umbra_observed_approximate(p->model, &p->polynomial, &approximation, &p->observed, &exact,
                                                   p->samples, p->options.approximation, &relay);
  umbra_observation_clear(&exact);
  UMBRA_TRY(status);
  status = umbra_approximation_get_report(approximation, &p->near);
  umbra_approximation_destroy(approximation);
  p->model = p->polynomial;
  return status == UMBRA_OK ? coarsen(p) : status;
}

/* Each network runs once: the exact one, and the one whose activations are polynomials. */
static umbra_status observe(planner *p) {
  p->near.records = p->near.labels_equal = p->samples->shape[0];
  UMBRA_TRY(work_on(p, 0, 2, observe_exact));
  return has_activations(p->model) ? work_on(p, 1, 2, replace_activations) : UMBRA_OK;
}

/* Elements of the planned output that are before its own among those of all outputs. */
static size_t before_output(const planner *p) {
  size_t elements = 0;
  for (size_t i = 0; i < p->options.output; i++) elements += p->model->nodes[p->model->outputs[i].node].count;
  return elements;
}

/* What the polynomial network gives for a sample, before closing steps. */
static const double *expected_of(const planner *p, size_t sample) {
  const umbra_exact *outputs = &p->observed.outputs;
  return outputs->outputs + sample * outputs->each + before_output(p);
}

/* ---- ways ---- */

/*
 * Errors are rounding errors times the secret, which is larger in some slots than in others, or times its square, where
 * three parts are rounded. Among 2^16 slots are some with this many standard deviations.
 */
static double deviations_of(const umbra_params *params) {
  return umbra_params_keyed_level(params) == umbra_params_depth(params) ? 12 : 36;
}

/* From the differences between what the way is expected to give and what it should. */
static void set_error(umbra_way *way, const planner *p, const double *values, const size_t shape[2]) {
  double largest = 0, sum = 0;
  for (size_t i = 0; i < shape[0] * shape[1]; i++) {
    const double difference = fabs(values[i] - expected_of(p, i / shape[1])[i % shape[1]]);
    largest = umbra_larger(largest, difference);
    sum += difference * difference;
  }
  const double mean = sum / (double)(shape[0] * shape[1]);
  const double error = umbra_larger(largest, deviations_of(way->params) * sqrt(mean)), wanted = p->options.error;
  way->report.error =
      p->options.coarse && error <= wanted ? fmin(umbra_public_size(error, COARSE_STEP), wanted) : error;
}

/* On samples: as many as lie in one ciphertext, but not too few and not too many. */
static umbra_status find_error(planner *p, const umbra_inference_plan *plan, umbra_way *way) {
  enum { LEAST = 16, MOST = 1024, IMAGES = 1 };
  const uint32_t wanted =
      way->image.channels ? IMAGES : umbra_max_u32((uint32_t)umbra_layout_records(&way->layout), LEAST);
  umbra_ndarray some = *p->samples;
  if (some.shape[0] > umbra_min_u32(wanted, MOST)) some.shape[0] = umbra_min_u32(wanted, MOST);
  const size_t shape[] = {some.shape[0], plan->frame.result_count};
  const umbra_progress relay = umbra_watch_relay(p->watch);
  double *values;
  UMBRA_TRY(umbra_alloc(&values, shape[0], shape[1] * sizeof *values, "results"));
  const umbra_status status = umbra_way_simulate(values, way, plan->program, &plan->frame, &some, NULL, &relay);
  if (status == UMBRA_OK) set_error(way, p, values, shape);
  umbra_free(values);
  return status;
}

static void move_to_front(umbra_way *ways, size_t i) {
  const umbra_way chosen = ways[i];
  memmove(ways + 1, ways, i * sizeof *ways);
  ways[0] = chosen;
}

/* So many of the samples, or more, as others see it. */
static size_t some_of(size_t count, size_t samples) {
  return (size_t)fmin(umbra_public_size((double)count, COARSE_STEP), (double)samples);
}

static void tell_coarsely(umbra_inference_report *report) {
  report->approximation_error = umbra_public_size(report->approximation_error, COARSE_STEP);
  report->labels_equal = report->samples - some_of(report->samples - report->labels_equal, report->samples);
  report->near_ties = some_of(report->near_ties, report->samples);
}

static void tell(const planner *p, const umbra_inference_plan *plan) {
  umbra_inference_report *report = &plan->ways->report;
  report->largest = umbra_extremes_size(p->observed.ranges->nodes[plan->frame.output.node]);
  report->samples = p->near.records;
  report->labels_equal = p->near.labels_equal;
  report->near_ties = p->near.near_ties;
  report->approximation_error = p->near.largest_error;
  if (p->options.coarse) tell_coarsely(report);
}

/* *may: whether enough is left of its results when others see them, if they will; else the last error says why not. */
static umbra_status check_disclosure(int *may, const planner *p, const umbra_inference_plan *plan,
                                     const umbra_way *way) {
  umbra_disclosure told = {UMBRA_DISCLOSURE_INIT};
  *may = 1;
  if (!p->options.disclosure) return UMBRA_OK;
  const umbra_status status = umbra_way_disclosure(way, &told, fabs(plan->frame.result_scale), &p->disclosure);
  *may = status == UMBRA_OK;
  return status == UMBRA_ERROR_RANGE ? UMBRA_OK : status;
}

/* The first one that is exact enough becomes the plan: mostly the first of all, so that its simulation is the work. */
static umbra_status choose(planner *p, const umbra_inference_plan *plan) {
  enum { WHY = 512 };
  char why[WHY] = ""; /* the most exact one cannot be shown */
  double least = INFINITY;
  for (size_t i = 0; i < plan->way_count; i++) {
    umbra_way *way = &plan->ways[i];
    int may;
    UMBRA_TRY(umbra_watch_check(p->watch));
    UMBRA_TRY(find_error(p, plan, way));
    UMBRA_TRY(check_disclosure(&may, p, plan, way));
    if (!may && way->report.error < least) snprintf(why, sizeof why, "%s", umbra_last_error());
    least = fmin(least, way->report.error);
    if (!may || !(way->report.error <= p->options.error)) continue;
    move_to_front(plan->ways, i);
    tell(p, plan);
    return UMBRA_OK;
  }
  if (*why)
    return umbra_fail(UMBRA_ERROR_RANGE,
                      "no way to compute the network leaves results that others may see. Of the most "
                      "exact one: %s",
                      why);
  return umbra_fail(UMBRA_ERROR_RANGE, "no way to compute the network has an error of %g: the least is %g",
                    p->options.error, least);
}

/* ---- on matrices, and on images ---- */

enum { CHOICE = 2, PIECES = 3 }; /* both drafts, then the choice between their ways */

static umbra_status fill_draft(planner *p, umbra_inference_plan *plan, int images) {
  UMBRA_TRY(umbra_frame_make(&plan->frame, p->model, p->options.output));
  UMBRA_TRY(umbra_compile(&plan->program, &plan->frame, p->model, p->observed.ranges, p->options.margin, images));
  return umbra_ways_find(&plan->ways, &plan->way_count, plan->program, &p->options, p->watch);
}

/* *draft: NULL if it fails. */
static umbra_status make_draft(planner *p, umbra_inference_plan **draft, int images) {
  UMBRA_TRY(umbra_inference_plan_make(draft));
  const umbra_watch_part part = umbra_watch_enter(p->watch, (uint64_t)images, PIECES);
  const umbra_status status = fill_draft(p, *draft, images);
  umbra_watch_leave(p->watch, part);
  if (status == UMBRA_OK) return status;
  umbra_inference_plan_destroy(*draft);
  *draft = NULL;
  return status;
}

static int takes_images(const planner *p) {
  umbra_node_image *images;
  if (p->options.weights == UMBRA_WEIGHTS_ENCRYPTED) return 0;
  if (umbra_images_find(&images, p->model, p->model->outputs[p->options.output].node) != UMBRA_OK) return 0;
  umbra_free(images);
  return 1;
}

/* The cheaper one first. */
static void sort_drafts(umbra_inference_plan *drafts[2]) {
  umbra_inference_plan *first = drafts[0];
  if (first && (!drafts[1] || first->ways->report.seconds <= drafts[1]->ways->report.seconds)) return;
  drafts[0] = drafts[1];
  drafts[1] = first;
}

/* drafts: zero. If both fail, that of images is told, where there are any. */
static umbra_status make_drafts(planner *p, umbra_inference_plan *drafts[2]) {
  enum { WHY = 512 };
  char why[WHY];
  const umbra_status status = make_draft(p, &drafts[0], 0);
  if (status != UMBRA_OK && !umbra_way_is_left_out(status)) return status;
  snprintf(why, sizeof why, "%s", status == UMBRA_OK ? "" : umbra_last_error());
  const int images = takes_images(p);
  const umbra_status of_images = images ? make_draft(p, &drafts[1], 1) : status;
  sort_drafts(drafts);
  if (drafts[0] && (of_images == UMBRA_OK || umbra_way_is_left_out(of_images))) return UMBRA_OK;
  return images ? of_images : umbra_fail(status, "%s", why);
}

/* The first draft with a way that is exact enough. */
static umbra_status choose_among(planner *p, umbra_inference_plan *drafts[2]) {
  umbra_status status = UMBRA_OK;
  for (int i = 0; i < 2 && status == UMBRA_OK && !p->plan && drafts[i]; i++) {
    status = choose(p, drafts[i]);
    if (status == UMBRA_OK) p->plan = umbra_inference_plan_share(drafts[i]);
    else if (status == UMBRA_ERROR_RANGE && i == 0 && drafts[1]) status = UMBRA_OK;
  }
  return status;
}

static umbra_status choose_plan(planner *p) {
  umbra_inference_plan *drafts[2] = {NULL, NULL};
  umbra_status status = make_drafts(p, drafts);
  const umbra_watch_part part = umbra_watch_enter(p->watch, CHOICE, PIECES);
  if (status == UMBRA_OK) status = choose_among(p, drafts);
  umbra_watch_leave(p->watch, part);
  umbra_inference_plan_destroy(drafts[0]);
  umbra_inference_plan_destroy(drafts[1]);
  return status;
}

static umbra_status make_plan(planner *p) {
  static umbra_status (*const stages[])(planner *) = {observe, choose_plan};
  enum { STAGES = sizeof stages / sizeof *stages };
  UMBRA_TRY(umbra_batch_check_records(p->model, p->samples));
  for (uint64_t i = 0; i < STAGES; i++) UMBRA_TRY(work_on(p, i, STAGES, stages[i]));
  return UMBRA_OK;
}

umbra_status umbra_inference_plan_create(umbra_inference_plan **plan, const umbra_model *model,
                                         const umbra_ndarray *samples, const umbra_inference_options *options,
                                         const umbra_progress *progress) {
  if (!plan || !model || !samples)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a plan of a network needs an output, a model and samples");
  umbra_watch watch = umbra_watch_of(progress);
  planner p = {.model = model,
               .samples = samples,
               .options = {UMBRA_INFERENCE_OPTIONS_INIT},
               .near = {UMBRA_APPROXIMATION_REPORT_INIT},
               .watch = &watch};
  UMBRA_TRY(UMBRA_TAKE(umbra_inference_options, &p.options, options));
  UMBRA_TRY(check_options(model, &p.options));
  if (p.options.disclosure) UMBRA_TRY(umbra_disclosure_options_take(&p.disclosure, p.options.disclosure));
  umbra_status status = umbra_watch_close(&watch, make_plan(&p));
  if (status == UMBRA_OK) status = umbra_inference_plan_find_digests(p.plan);
  close_planner(&p);
  if (status == UMBRA_OK) UMBRA_PUT(inference_plan, plan, p.plan);
  else umbra_inference_plan_destroy(p.plan);
  return status;
}
