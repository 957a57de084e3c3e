/* SPDX-License-Identifier: Apache-2.0 */
/*
 * First the steps as the model has them. An argument of a polynomial is held as its interval wants it: that is settled
 * when the polynomial is met. Then all other values get their scales, and weights and coefficients follow.
 */
#include "compile.h"

#include <math.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "affine.h"
#include "function.h"

typedef struct compiler {
  const umbra_model *model;
  const umbra_model_ranges *ranges;
  umbra_frame *frame;
  umbra_program *program;
  double margin;
  uint32_t *value_of; /* of nodes that are no affine ones */
  uint8_t *settled;   /* of each value: how it is held */
} compiler;

/* What a node is made from: marks[i], zero before, of node i. */
static void mark_needed(uint8_t *marks, const umbra_model *model, uint32_t node) {
  marks[0] = marks[node] = 1;
  for (size_t i = (size_t)node + 1; i-- > 0;)
    for (size_t k = 0; marks[i] && k < model->nodes[i].input_count; k++) marks[model->nodes[i].inputs[k]] = 1;
}

/* ---- steps ---- */

/* *value: the one of that node, for which a step is made if it is affine. */
static umbra_status value_of(compiler *c, uint32_t *value, uint32_t node) {
  umbra_step step;
  *value = c->value_of[node];
  if (!umbra_node_is_affine(c->model->nodes[node].kind)) return UMBRA_OK;
  UMBRA_TRY(umbra_affine_step(&step, c->model, c->value_of, node));
  if (!umbra_affine_is_identity(&step, umbra_program_count(c->program, step.terms[0].value)))
    return umbra_program_put(c->program, value, &step);
  *value = step.terms[0].value;
  umbra_step_clear(&step);
  return UMBRA_OK;
}

/* A value of the same elements, to be held in another way. */
static umbra_status copy_value(compiler *c, uint32_t *value, uint32_t node) {
  const size_t count = c->model->nodes[node].count;
  umbra_step step = {.kind = UMBRA_STEP_LINEAR, .node = node, .count = count, .scale = 1};
  if (count > UMBRA_PROGRAM_MAX_WEIGHTS / count)
    return umbra_fail(UMBRA_ERROR_RANGE, "a value of %zu elements that is read twice", count);
  umbra_status status = umbra_step_add_term(&step, *value);
  if (status == UMBRA_OK)
    status = umbra_alloc(&step.terms[0].weights, count * count, sizeof *step.terms[0].weights, "weights");
  if (status != UMBRA_OK) {
    umbra_step_clear(&step);
    return status;
  }
  for (size_t i = 0; i < count; i++) step.terms[0].weights[i * count + i] = 1;
  return umbra_program_put(c->program, value, &step);
}

static int can_settle(const compiler *c, uint32_t value) {
  return !c->settled[value] && (!value || umbra_step_scales(&c->program->steps[value - 1]));
}

static void settle(compiler *c, uint32_t value, const umbra_argument *as) {
  c->settled[value] = 1;
  if (!value) {
    umbra_frame_set_scale(c->frame, as->scale, as->shift);
    return;
  }
  c->program->steps[value - 1].scale = as->scale;
  c->program->steps[value - 1].shift = as->shift;
}

static umbra_status add_function(compiler *c, uint32_t node) {
  const uint32_t argument = c->model->nodes[node].inputs[0];
  double most = c->margin * umbra_extremes_size(c->ranges->nodes[argument]);
  uint32_t value;
  umbra_argument as;
  umbra_step step;
  if (most == 0) most = 1;
  UMBRA_TRY(umbra_function_step(&step, &as, c->model, node, most));
  umbra_status status = value_of(c, &value, argument);
  if (status == UMBRA_OK && !can_settle(c, value)) status = copy_value(c, &value, argument);
  if (status == UMBRA_OK) status = umbra_step_add_term(&step, value);
  if (status != UMBRA_OK) {
    umbra_step_clear(&step);
    return status;
  }
  settle(c, value, &as);
  return umbra_program_put(c->program, &c->value_of[node], &step);
}

static umbra_status add_steps(compiler *c) {
  const uint32_t last = c->frame->output.node;
  uint32_t value;
  uint8_t *needed;
  UMBRA_TRY(umbra_alloc(&needed, c->model->node_count, 1, "a network"));
  mark_needed(needed, c->model, last);
  umbra_status status = UMBRA_OK;
  for (uint32_t i = 1; i <= last && status == UMBRA_OK; i++)
    if (needed[i] && !umbra_node_is_affine(c->model->nodes[i].kind)) status = add_function(c, i);
  umbra_free(needed);
  if (status == UMBRA_OK) status = value_of(c, &value, last);
  if (status != UMBRA_OK || c->program->step_count) return status;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the output is the input: there is nothing to compute");
}

/* ---- scales ---- */

/* Weights and bias of values as they are become those of values as they are held. */
static umbra_status rescale_linear(const compiler *c, umbra_step *step) {
  const umbra_step *steps = c->program->steps;
  if (!step->bias) UMBRA_TRY(umbra_alloc(&step->bias, step->count, sizeof *step->bias, "a bias"));
  for (size_t t = 0; t < step->term_count; t++) {
    const umbra_term *term = &step->terms[t];
    const size_t columns = umbra_program_count(c->program, term->value);
    for (size_t i = 0; i < step->count; i++)
      for (size_t j = 0; j < columns; j++) {
        double *w = &term->weights[i * columns + j];
        const umbra_step *from = term->value ? &steps[term->value - 1] : NULL;
        step->bias[i] += *w * (from ? from->shift : c->frame->shift);
        *w *= (from ? from->scale : c->frame->scale[j]) / step->scale;
      }
  }
  for (size_t i = 0; i < step->count; i++) step->bias[i] = (step->bias[i] - step->shift) / step->scale;
  return UMBRA_OK;
}

static umbra_status set_scales(compiler *c) {
  if (!c->settled[0]) umbra_frame_set_ranges(c->frame, c->ranges->features, c->margin);
  for (size_t i = 0; i < c->program->step_count; i++) {
    umbra_step *step = &c->program->steps[i];
    const double largest = c->margin * umbra_extremes_size(c->ranges->nodes[step->node]);
    if (!c->settled[i + 1] && umbra_step_scales(step)) step->scale = largest > 0 ? largest : 1;
    if (step->kind == UMBRA_STEP_CHEBYSHEV) umbra_function_rescale(step, step->scale, step->shift);
    if (step->kind == UMBRA_STEP_LINEAR) UMBRA_TRY(rescale_linear(c, step));
  }
  const umbra_step *last = &c->program->steps[c->program->step_count - 1];
  c->frame->result_scale = last->scale;
  c->frame->result_shift = last->shift;
  return UMBRA_OK;
}

umbra_status umbra_compile(umbra_program **program, umbra_frame *frame, const umbra_model *model,
                           const umbra_model_ranges *ranges, double margin) {
  compiler c = {.model = model, .ranges = ranges, .frame = frame, .margin = margin};
  umbra_status status = umbra_program_create(&c.program, frame->count);
  if (status == UMBRA_OK) status = umbra_alloc(&c.value_of, model->node_count, sizeof *c.value_of, "a network");
  if (status == UMBRA_OK) status = umbra_alloc(&c.settled, UMBRA_PROGRAM_MAX_STEPS + 1, 1, "a network");
  if (status == UMBRA_OK) status = add_steps(&c);
  if (status == UMBRA_OK) status = set_scales(&c);
  umbra_free(c.value_of);
  umbra_free(c.settled);
  if (status == UMBRA_OK) *program = c.program;
  else umbra_program_destroy(c.program);
  return status;
}
