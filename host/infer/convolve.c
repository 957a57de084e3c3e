/* SPDX-License-Identifier: Apache-2.0 */
/* Affine nodes of images as steps: each is a sum of convolutions and of images as they are. */
#include "../base/arrays.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "compiler.h"

/* ---- terms ---- */

/* A term of a window more, whose weights, still 0, are *weights. */
static umbra_status add_window(umbra_step *step, double **weights, const umbra_compiler *c, uint32_t value,
                               const umbra_model_window *window) {
  UMBRA_TRY(umbra_step_add_term(step, value));
  umbra_term *term = &step->terms[step->term_count - 1];
  UMBRA_TRY(umbra_copy_bytes(&term->window, window, 1, sizeof *window));
  const size_t count = umbra_program_weights(c->program, step, term);
  if (count > UMBRA_PROGRAM_MAX_WEIGHTS)
    return umbra_fail(UMBRA_ERROR_RANGE, "a convolution of %zu weights: a network has at most 2^24 of them", count);
  UMBRA_TRY(umbra_alloc(&term->weights, count, sizeof *term->weights, "weights"));
  *weights = term->weights;
  return UMBRA_OK;
}

/* units: 1, or as many as there are channels. */
static umbra_status add_bias(umbra_step *step, const double *bias, size_t units) {
  if (!bias) return UMBRA_OK;
  if (!step->bias) UMBRA_TRY(umbra_alloc(&step->bias, step->image.channels, sizeof *step->bias, "a bias"));
  for (uint32_t o = 0; o < step->image.channels; o++) step->bias[o] += bias[units == 1 ? 0 : o];
  return UMBRA_OK;
}

static umbra_model_window pixel_window(uint32_t channels, uint32_t groups) {
  umbra_model_window window = {UMBRA_MODEL_WINDOW_INIT, .channels = channels};
  window.groups = groups;
  return window;
}

static umbra_status add_convolution(umbra_step *step, const umbra_compiler *c, const umbra_node *n) {
  double *weights;
  UMBRA_TRY(add_window(step, &weights, c, c->value_of[n->inputs[0]], &n->window));
  const size_t count = umbra_program_weights(c->program, step, &step->terms[step->term_count - 1]);
  for (size_t i = 0; i < count; i++) weights[i] = n->weights[i];
  return add_bias(step, n->shift, step->image.channels);
}

static umbra_status add_pool(umbra_step *step, const umbra_compiler *c, const umbra_node *n) {
  umbra_model_window window = n->window;
  const size_t pixels = window.kernel[0] * window.kernel[1];
  double *weights;
  window.channels = window.groups = step->image.channels;
  UMBRA_TRY(add_window(step, &weights, c, c->value_of[n->inputs[0]], &window));
  for (size_t i = 0; i < window.channels * pixels; i++) weights[i] = 1 / (double)pixels;
  return UMBRA_OK;
}

static umbra_status add_scaled(umbra_step *step, const umbra_compiler *c, const umbra_node *n) {
  const uint32_t channels = step->image.channels;
  const umbra_model_window window = pixel_window(channels, channels);
  double *weights;
  UMBRA_TRY(add_window(step, &weights, c, c->value_of[n->inputs[0]], &window));
  for (uint32_t i = 0; i < channels; i++) weights[i] = n->weights ? n->weights[n->units == 1 ? 0 : i] : 1;
  return add_bias(step, n->shift, n->units);
}

static umbra_status add_selected(umbra_step *step, const umbra_compiler *c, const umbra_node *n) {
  const umbra_image from = c->images[n->inputs[0]].image;
  umbra_model_window window;
  uint32_t *channel;
  double *weights;
  UMBRA_TRY(umbra_alloc(&channel, step->image.channels, sizeof *channel, "channels"));
  umbra_select_window(&window, channel, n, from, step->image);
  const umbra_status status = add_window(step, &weights, c, c->value_of[n->inputs[0]], &window);
  for (uint32_t o = 0; status == UMBRA_OK && o < step->image.channels; o++)
    if (channel[o] != UINT32_MAX) weights[(size_t)o * from.channels + channel[o]] = 1;
  umbra_free(channel);
  return status;
}

static umbra_status add_joined(umbra_step *step, const umbra_compiler *c, const umbra_node *n) {
  const umbra_model_window window = pixel_window(step->image.channels, 1);
  double *weights;
  uint32_t first = 0;
  for (size_t k = 0; k < n->input_count; k++) {
    const uint32_t channels = c->images[n->inputs[k]].image.channels;
    UMBRA_TRY(add_window(step, &weights, c, c->value_of[n->inputs[k]], &window));
    for (uint32_t i = 0; i < channels; i++) weights[(size_t)(first + i) * channels + i] = 1;
    first += channels;
  }
  return UMBRA_OK;
}

static umbra_status add_node(umbra_step *step, const umbra_compiler *c, const umbra_node *n) {
  switch (n->kind) {
    case UMBRA_NODE_CONV2D: return add_convolution(step, c, n);
    case UMBRA_NODE_AVERAGE_POOL: return add_pool(step, c, n);
    case UMBRA_NODE_SCALE_SHIFT: return add_scaled(step, c, n);
    case UMBRA_NODE_SELECT: return add_selected(step, c, n);
    default: return add_joined(step, c, n);
  }
}

/* Windows come first: the bias is the first one's. */
static umbra_status add_sum(umbra_step *step, const umbra_compiler *c, const umbra_node *n) {
  for (size_t k = 0; k < n->input_count; k++)
    if (c->images[n->inputs[k]].merged) UMBRA_TRY(add_node(step, c, &c->model->nodes[n->inputs[k]]));
  for (size_t k = 0; k < n->input_count; k++)
    if (!c->images[n->inputs[k]].merged) UMBRA_TRY(umbra_step_add_term(step, c->value_of[n->inputs[k]]));
  return UMBRA_OK;
}

/* ---- steps ---- */

umbra_status umbra_convolve(umbra_compiler *c, uint32_t node) {
  const umbra_node *n = &c->model->nodes[node];
  if (c->images[node].merged) return UMBRA_OK;
  c->value_of[node] = c->value_of[n->inputs[0]];
  if (n->kind == UMBRA_NODE_RESHAPE) return UMBRA_OK;
  umbra_step step = {
      .kind = UMBRA_STEP_CONVOLUTION, .node = node, .count = n->count, .image = c->images[node].image, .scale = 1};
  const umbra_status status = n->kind == UMBRA_NODE_ADD ? add_sum(&step, c, n) : add_node(&step, c, n);
  if (status == UMBRA_OK) return umbra_program_put(c->program, &c->value_of[node], &step);
  umbra_step_clear(&step);
  return status;
}

umbra_status umbra_convolve_copy(umbra_step *step, umbra_compiler *c, uint32_t value, uint32_t node) {
  const umbra_image image = umbra_program_image(c->program, value);
  const umbra_model_window window = pixel_window(image.channels, image.channels);
  double *weights;
  *step = (umbra_step){.kind = UMBRA_STEP_CONVOLUTION, .node = node, .image = image, .scale = 1};
  step->count = umbra_image_count(image);
  const umbra_status status = add_window(step, &weights, c, value, &window);
  for (uint32_t i = 0; status == UMBRA_OK && i < image.channels; i++) weights[i] = 1;
  if (status != UMBRA_OK) umbra_step_clear(step);
  return status;
}
