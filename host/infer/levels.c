/* SPDX-License-Identifier: Apache-2.0 */
/*
 * At which level each step runs. Where refreshes are needed, steps are weighed by about as many rotations and products as
 * they make; that is enough, since refreshes take most of the time.
 */
#include <math.h>

#include "../base/arrays.h"
#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "../ckks/dry.h"
#include "../linalg/layout.h"
#include "way.h"

enum { ROTATIONS = 24 }; /* of a linear step */

/* Seconds of operations on one ciphertext: of each level, at which they begin. */
typedef struct rates {
  uint32_t top;
  double *rotate, *multiply;
  double refresh;
  umbra_bootstrap_report report;
} rates;

/* ---- what operations take ---- */

typedef struct meter {
  umbra_context *context;
  umbra_evaluator *evaluator;
  umbra_ciphertext *x, *out;
  umbra_target target;
  umbra_bootstrap_plan *plan;
  umbra_bootstrapper *bootstrapper;
} meter;

static umbra_status open_meter(meter *m, const umbra_way *way, rates *r) {
  const umbra_bootstrap_options options = {UMBRA_BOOTSTRAP_OPTIONS_INIT, .order = way->refresh, .target = m->target};
  UMBRA_TRY(umbra_dry_open(&m->context, way->params, m->target));
  UMBRA_TRY(umbra_evaluator_create(&m->evaluator, m->context, NULL));
  UMBRA_TRY(umbra_bootstrap_plan_create(&m->plan, way->params, &options));
  UMBRA_TRY(umbra_bootstrap_plan_report(m->plan, &r->report));
  return umbra_bootstrapper_create(&m->bootstrapper, m->context, m->plan, NULL);
}

static void close_meter(meter *m) {
  umbra_ciphertext_destroy(m->x);
  umbra_ciphertext_destroy(m->out);
  umbra_bootstrapper_destroy(m->bootstrapper);
  umbra_bootstrap_plan_destroy(m->plan);
  umbra_evaluator_destroy(m->evaluator);
  umbra_context_destroy(m->context);
}

static umbra_status begin(meter *m, uint32_t level) {
  const uint32_t slots = umbra_params_slots(umbra_context_params(m->context));
  UMBRA_TRY(umbra_dry_ciphertext(&m->x, m->context, level, slots, 1));
  return umbra_context_cost_begin(m->context);
}

static umbra_status measure_level(meter *m, rates *r, uint32_t level) {
  UMBRA_TRY(begin(m, level));
  UMBRA_TRY(umbra_rotate(m->evaluator, &m->out, m->x, 1));
  UMBRA_TRY(umbra_context_reference_seconds(m->context, &r->rotate[level], m->target));
  if (!level) return UMBRA_OK;
  UMBRA_TRY(begin(m, level));
  UMBRA_TRY(umbra_mul(m->evaluator, &m->out, m->x, m->x));
  return umbra_context_reference_seconds(m->context, &r->multiply[level], m->target);
}

static umbra_status measure_all(meter *m, rates *r) {
  for (uint32_t level = 0; level <= r->top; level++) UMBRA_TRY(measure_level(m, r, level));
  UMBRA_TRY(begin(m, r->report.input_level));
  UMBRA_TRY(umbra_bootstrap(m->evaluator, &m->out, m->x, m->bootstrapper));
  return umbra_context_reference_seconds(m->context, &r->refresh, m->target);
}

static umbra_status measure(rates *r, const umbra_way *way) {
  meter m = {.target = way->target};
  umbra_status status = open_meter(&m, way, r);
  if (status == UMBRA_OK) status = measure_all(&m, r);
  close_meter(&m);
  return status;
}

/* ---- what steps take ---- */

static double products_of(uint32_t degree) { return 2 * sqrt(degree + 1.0); }

static double products_of_relu(const umbra_sign_plan *sign) {
  umbra_sign_report report = {UMBRA_SIGN_REPORT_INIT};
  double products = 1;
  if (umbra_sign_plan_report(sign, &report) != UMBRA_OK) return products;
  for (uint32_t i = 0; i < report.count; i++) products += products_of(report.degrees[i]);
  return products;
}

static double products_of_step(const umbra_step *step) {
  switch (step->kind) {
    case UMBRA_STEP_SQUARE: return 1;
    case UMBRA_STEP_CHEBYSHEV: return products_of(step->degree);
    default: return products_of_relu(step->sign);
  }
}

static size_t parts_of(const umbra_way *way, const umbra_step *step) {
  const umbra_matrix_layout *l = &way->layout;
  if (step->image.channels) return umbra_quotient_above(step->count, umbra_params_slots(way->params));
  const size_t together = umbra_layout_records(l);
  return umbra_quotient_above(way->report.records, together) * umbra_quotient_above(step->count, l->slots / together);
}

/* On one ciphertext. */
static double seconds_of(const umbra_step *step, const rates *r, uint32_t level) {
  const uint32_t depth = umbra_step_depth(step);
  double seconds = 0;
  if (!depth) return 0;
  if (step->kind == UMBRA_STEP_LINEAR || step->kind == UMBRA_STEP_CONVOLUTION) return ROTATIONS * r->rotate[level];
  for (uint32_t k = 0; k < depth; k++) seconds += products_of_step(step) / depth * r->multiply[level - k];
  return seconds;
}

/* ---- placement ---- */

typedef struct placing {
  const umbra_way *way;
  const umbra_program *program;
  rates rates;
  umbra_place_node *nodes; /* the input, then the steps */
  umbra_place_choice *choices;
  double *costs;
  uint32_t *inputs;
} placing;

static size_t all_terms(const umbra_program *program) {
  size_t terms = 0;
  for (size_t i = 0; i < program->step_count; i++) terms += program->steps[i].term_count;
  return terms;
}

static umbra_status open_placing(placing *p) {
  const size_t nodes = p->program->step_count + 1, levels = (size_t)p->rates.top + 1;
  UMBRA_TRY(umbra_alloc(&p->rates.rotate, 2 * levels, sizeof *p->rates.rotate, "levels of a network"));
  p->rates.multiply = p->rates.rotate + levels;
  UMBRA_TRY(umbra_alloc(&p->nodes, nodes, sizeof *p->nodes, "levels of a network"));
  UMBRA_TRY(umbra_alloc(&p->choices, nodes, sizeof *p->choices, "levels of a network"));
  UMBRA_TRY(umbra_alloc(&p->costs, nodes * levels, sizeof *p->costs, "levels of a network"));
  return umbra_alloc(&p->inputs, all_terms(p->program), sizeof *p->inputs, "levels of a network");
}

static void close_placing(placing *p) {
  umbra_free(p->rates.rotate);
  umbra_free(p->nodes);
  umbra_free(p->choices);
  umbra_free(p->costs);
  umbra_free(p->inputs);
}

/* inputs: room for those of the step. */
static void fill_node(placing *p, size_t i, uint32_t *inputs) {
  const umbra_step *step = &p->program->steps[i];
  const double parts = (double)parts_of(p->way, step);
  const uint32_t depth = umbra_step_depth(step);
  double *cost = p->costs + (i + 1) * ((size_t)p->rates.top + 1);
  for (uint32_t level = depth; level <= p->rates.top; level++) cost[level] = parts * seconds_of(step, &p->rates, level);
  for (size_t t = 0; t < step->term_count; t++) inputs[t] = step->terms[t].value;
  p->nodes[i + 1] = (umbra_place_node){.inputs = inputs,
                                       .input_count = step->term_count,
                                       .depth = depth,
                                       .cost = cost,
                                       .refresh = parts * p->rates.refresh};
}

static umbra_status place(placing *p) {
  uint32_t *inputs = p->inputs;
  double seconds;
  UMBRA_TRY(measure(&p->rates, p->way));
  p->nodes[0].refresh = HUGE_VAL;
  for (size_t i = 0; i < p->program->step_count; i++) {
    fill_node(p, i, inputs);
    inputs += p->program->steps[i].term_count;
  }
  const umbra_place_levels levels = {.top = p->rates.top,
                                     .input = p->rates.top,
                                     .refresh_from = p->rates.report.input_level,
                                     .refreshed = p->rates.report.output_level};
  return umbra_place_refreshes(p->choices, &seconds, p->nodes, p->program->step_count + 1, &levels);
}

/* ---- the call ---- */

static void descend(umbra_place_choice *levels, const umbra_program *program, uint32_t top) {
  for (size_t i = 0; i < program->step_count; i++) {
    const umbra_step *step = &program->steps[i];
    levels[i] = (umbra_place_choice){.level = top - step->below + umbra_step_depth(step)};
  }
}

/* Levels of steps are behind that of the input. */
static umbra_status find_with_refreshes(umbra_way *way, const umbra_program *program) {
  placing p = {.way = way, .program = program, .rates = {.top = umbra_params_depth(way->params)}};
  p.rates.report = (umbra_bootstrap_report){UMBRA_BOOTSTRAP_REPORT_INIT};
  umbra_status status = open_placing(&p);
  if (status == UMBRA_OK) status = place(&p);
  if (status == UMBRA_OK)
    status = umbra_copy_bytes(&way->levels, p.choices + 1, program->step_count, sizeof *p.choices);
  close_placing(&p);
  return status;
}

umbra_status umbra_way_find_levels(umbra_way *way, const umbra_program *program) {
  const uint32_t top = umbra_params_depth(way->params), depth = umbra_program_depth(program);
  if (depth > top && umbra_params_bootstrapped_level(way->params)) return find_with_refreshes(way, program);
  if (depth > top)
    return umbra_fail(UMBRA_ERROR_NO_LEVEL, "the network takes %u levels, and the parameters have %u", depth, top);
  UMBRA_TRY(umbra_alloc(&way->levels, program->step_count, sizeof *way->levels, "levels of a network"));
  descend(way->levels, program, top);
  return UMBRA_OK;
}

uint32_t umbra_way_refreshes(const umbra_way *way, const umbra_program *program) {
  uint32_t refreshes = 0;
  for (size_t i = 0; i < program->step_count; i++) refreshes += way->levels[i].refreshed != 0;
  return refreshes;
}
