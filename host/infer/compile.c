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
#include "compiler.h"
#include "function.h"

typedef umbra_compiler compiler;

/* ---- steps ---- */

/* Whether a node's value is an image, which activations or other such nodes read. */
static int is_convolved(const compiler *c, uint32_t node) { return c->images && c->images[node].wanted; }

/* *value: the one of that node, for which a step is made if it is affine. */
static umbra_status value_of(compiler *c, uint32_t *value, uint32_t node) {
  umbra_step step;
  *value = c->value_of[node];
  if (!umbra_node_is_affine(c->model->nodes[node].kind) || is_convolved(c, node)) return UMBRA_OK;
  UMBRA_TRY(umbra_affine_step(&step, c->model, c->value_of, node));
  if (!umbra_affine_is_identity(&step, umbra_program_count(c->program, step.terms[0].value)))
    return umbra_program_put(c->program, value, &step);
  *value = step.terms[0].value;
  umbra_step_clear(&step);
  return UMBRA_OK;
}

static umbra_status make_copy(umbra_step *step, uint32_t value, uint32_t node, size_t count) {
  *step = (umbra_step){.kind = UMBRA_STEP_LINEAR, .node = node, .count = count, .scale = 1};
  if (count > UMBRA_PROGRAM_MAX_WEIGHTS / count)
    return umbra_fail(UMBRA_ERROR_RANGE, "a value of %zu elements that is read twice", count);
  umbra_status status = umbra_step_add_term(step, value);
  if (status == UMBRA_OK)
    status = umbra_alloc(&step->terms[0].weights, count * count, sizeof *step->terms[0].weights, "weights");
  if (status != UMBRA_OK) umbra_step_clear(step);
  for (size_t i = 0; status == UMBRA_OK && i < count; i++) step->terms[0].weights[i * count + i] = 1;
  return status;
}

/* A value of the same elements, to be held in another way. */
static umbra_status copy_value(compiler *c, uint32_t *value, uint32_t node) {
  umbra_step step;
  if (umbra_program_image(c->program, *value).channels) UMBRA_TRY(umbra_convolve_copy(&step, c, *value, node));
  else UMBRA_TRY(make_copy(&step, *value, node, c->model->nodes[node].count));
  return umbra_program_put(c->program, value, &step);
}

/* Zeros around an image have no shift, so only what convolutions made, with their bias, and no other one reads, may have one. */
static int can_shift(const compiler *c, uint32_t value, uint32_t node) {
  if (!umbra_program_image(c->program, value).channels) return 1;
  if (!value || c->program->steps[value - 1].node != node || c->images[node].readers != 1) return 0;
  return c->program->steps[value - 1].terms[0].window != NULL;
}

/* What an image is between its pixels, where its argument is 0. */
static double value_between(const umbra_step *step) {
  double value = 0;
  for (uint32_t k = 0; step->image.channels && step->coefficients && k <= step->degree; k += 2)
    value += k % 4 ? -step->coefficients[k] : step->coefficients[k];
  return fabs(value);
}

static int can_settle(const compiler *c, uint32_t value, uint32_t node, const umbra_argument *as) {
  if (c->settled[value] || (as->shift != 0 && !can_shift(c, value, node))) return 0;
  if (!value) return 1;
  const umbra_step *step = &c->program->steps[value - 1];
  return umbra_step_scales(step) && value_between(step) <= fabs(as->scale);
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
  UMBRA_TRY(value_of(c, &value, argument));
  const umbra_image image = umbra_program_image(c->program, value);
  UMBRA_TRY(umbra_function_step(&step, &as, c->model, node, most, !image.channels));
  step.image = image;
  umbra_status status = can_settle(c, value, argument, &as) ? UMBRA_OK : copy_value(c, &value, argument);
  if (status == UMBRA_OK) status = umbra_step_add_term(&step, value);
  if (status != UMBRA_OK) {
    umbra_step_clear(&step);
    return status;
  }
  settle(c, value, &as);
  return umbra_program_put(c->program, &c->value_of[node], &step);
}

static umbra_status add_node(compiler *c, uint32_t node) {
  if (!umbra_node_is_affine(c->model->nodes[node].kind)) return add_function(c, node);
  return is_convolved(c, node) ? umbra_convolve(c, node) : UMBRA_OK;
}

static umbra_status add_steps(compiler *c) {
  const uint32_t last = c->frame->output.node;
  uint32_t value;
  uint8_t *needed;
  UMBRA_TRY(umbra_alloc(&needed, c->model->node_count, 1, "a network"));
  umbra_model_mark_needed(needed, c->model, last);
  umbra_status status = UMBRA_OK;
  for (uint32_t i = 1; i <= last && status == UMBRA_OK; i++)
    if (needed[i]) status = add_node(c, i);
  umbra_free(needed);
  if (status == UMBRA_OK) status = value_of(c, &value, last);
  if (status != UMBRA_OK || c->program->step_count) return status;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the output is the input: there is nothing to compute");
}

/* ---- scales ---- */

/* How a value is held. */
static double scale_of(const compiler *c, uint32_t value, size_t element) {
  return value ? c->program->steps[value - 1].scale : c->frame->scale[element];
}

static double shift_of(const compiler *c, uint32_t value) {
  return value ? c->program->steps[value - 1].shift : c->frame->shift;
}

/* Weights of values as they are become those of values as they are held. bias: of what they make. */
static void rescale_term(const compiler *c, const umbra_step *step, const umbra_term *term, double *bias) {
  const size_t columns = umbra_program_count(c->program, term->value);
  const double shift = shift_of(c, term->value);
  for (size_t i = 0; i < step->count; i++)
    for (size_t j = 0; j < columns; j++) {
      double *w = &term->weights[i * columns + j];
      bias[i] += *w * shift;
      *w *= scale_of(c, term->value, j) / step->scale;
    }
}

/* Images that are read are not shifted. Scales that are equal but for rounding need no product. */
static void rescale_image(const compiler *c, const umbra_step *step, umbra_term *term) {
  const size_t count = umbra_program_weights(c->program, step, term);
  const double factor = scale_of(c, term->value, 0) / step->scale;
  for (size_t i = 0; i < count; i++) term->weights[i] *= factor;
  if (!term->window) term->factor = fabs(factor - 1) < 0x1p-40 ? 1 : factor;
}

static umbra_status rescale_linear(const compiler *c, umbra_step *step) {
  const size_t biases = umbra_step_biases(step);
  const int image = step->kind == UMBRA_STEP_CONVOLUTION;
  if (!step->bias && (!image || step->shift != 0))
    UMBRA_TRY(umbra_alloc(&step->bias, biases, sizeof *step->bias, "a bias"));
  for (size_t t = 0; t < step->term_count; t++) {
    if (image) rescale_image(c, step, &step->terms[t]);
    else rescale_term(c, step, &step->terms[t], step->bias);
  }
  for (size_t i = 0; step->bias && i < biases; i++) step->bias[i] = (step->bias[i] - step->shift) / step->scale;
  return UMBRA_OK;
}

/* A larger scale than it needs, if a settled sum holds it in that. */
static double scale_in_sums(const compiler *c, uint32_t value, double least) {
  const umbra_program *p = c->program;
  for (size_t i = value; i < p->step_count; i++)
    for (size_t t = 0; p->steps[i].kind == UMBRA_STEP_CONVOLUTION && t < p->steps[i].term_count; t++) {
      const umbra_term *term = &p->steps[i].terms[t];
      if (term->value == value && !term->window && c->settled[i + 1] && p->steps[i].scale >= least)
        return p->steps[i].scale;
    }
  return least;
}

static void choose_scale(const compiler *c, uint32_t value) {
  umbra_step *step = &c->program->steps[value - 1];
  const double largest = c->margin * umbra_extremes_size(c->ranges->nodes[step->node]);
  const double least = fmax(largest, value_between(step));
  if (!c->settled[value] && umbra_step_scales(step)) step->scale = scale_in_sums(c, value, least > 0 ? least : 1);
}

static void set_input(const compiler *c) {
  umbra_frame *frame = c->frame;
  if (c->settled[0]) {
    umbra_frame_narrow_ranges(frame, c->ranges->features, c->margin);
    return;
  }
  umbra_frame_set_ranges(frame, c->ranges->features, c->margin);
  if (c->images) umbra_frame_share_scale(frame);
}

static umbra_status set_scales(compiler *c) {
  set_input(c);
  for (uint32_t i = 0; i < c->program->step_count; i++) {
    umbra_step *step = &c->program->steps[i];
    choose_scale(c, i + 1);
    if (step->kind == UMBRA_STEP_CHEBYSHEV) umbra_function_rescale(step, step->scale, step->shift);
    if (step->kind == UMBRA_STEP_LINEAR || step->kind == UMBRA_STEP_CONVOLUTION) UMBRA_TRY(rescale_linear(c, step));
  }
  umbra_program_find_depths(c->program);
  const umbra_step *last = &c->program->steps[c->program->step_count - 1];
  c->frame->result_scale = last->scale;
  c->frame->result_shift = last->shift;
  return UMBRA_OK;
}

/* ---- the call ---- */

static umbra_status compile(compiler *c, int images) {
  UMBRA_TRY(umbra_program_create(&c->program, c->frame->count));
  UMBRA_TRY(umbra_alloc(&c->value_of, c->model->node_count, sizeof *c->value_of, "a network"));
  UMBRA_TRY(umbra_alloc(&c->settled, UMBRA_PROGRAM_MAX_STEPS + 1, 1, "a network"));
  if (images) {
    UMBRA_TRY(umbra_images_find(&c->images, c->model, c->frame->output.node));
    c->program->image = c->images[0].image;
  }
  UMBRA_TRY(add_steps(c));
  return set_scales(c);
}

umbra_status umbra_compile(umbra_program **program, umbra_frame *frame, const umbra_model *model,
                           const umbra_model_ranges *ranges, double margin, int images) {
  compiler c = {.model = model, .ranges = ranges, .frame = frame, .margin = margin};
  const umbra_status status = compile(&c, images);
  umbra_free(c.value_of);
  umbra_free(c.settled);
  umbra_free(c.images);
  if (status == UMBRA_OK) *program = c.program;
  else umbra_program_destroy(c.program);
  return status;
}
