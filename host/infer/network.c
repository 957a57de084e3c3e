/* SPDX-License-Identifier: Apache-2.0 */
#include "network.h"

#include "../base/arrays.h"
#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "../base/watch.h"
#include "../ckks/trace.h"
#include "../nn/convolution.h"
#include "../nn/feature_map.h"

double umbra_step_magnitude(const umbra_program *program, const umbra_step *step) {
  return step == &program->steps[program->step_count - 1] ? 8 : 1;
}

/* ---- matrices ---- */

/* How a value lies: as umbra_matrix_apply leaves it, see umbra/product.h. */
static umbra_matrix_layout layout_of(const umbra_inference *n, uint32_t value) {
  const umbra_step *steps = n->program->steps;
  if (n->weights) return n->layout;
  if (n->places[value].channels) return umbra_feature_row_layout(&n->places[value]);
  while (value && steps[value - 1].kind != UMBRA_STEP_LINEAR) value = steps[value - 1].terms[0].value;
  umbra_matrix_layout layout = n->layout;
  if (value && layout.order == UMBRA_MATRIX_INTERLEAVED) layout.group = layout.stride;
  if (!value || layout.order == UMBRA_MATRIX_INTERLEAVED || layout.stride == layout.slots) return layout;
  const umbra_step *step = &steps[value - 1];
  const umbra_matrix_layout before = layout_of(n, step->terms[0].value);
  if (before.stride == before.slots) return before;
  const uint64_t columns = umbra_power_above(step->count);
  const uint64_t most = umbra_params_slots(umbra_context_params(n->context)) / layout.stride;
  layout.slots = layout.stride * (uint32_t)(columns < most ? columns : most);
  return layout;
}

static umbra_status make_term(umbra_weights **made, const umbra_inference *n, const umbra_step *step,
                              const umbra_term *term, uint32_t level) {
  const umbra_feature_layout *place = &n->places[term->value];
  const umbra_matrix_layout layout = layout_of(n, term->value);
  const umbra_array bias = {UMBRA_ARRAY_INIT, .data = step->bias, .rows = step->count, .columns = 1};
  const umbra_array values = {UMBRA_ARRAY_INIT, .data = term->weights, .rows = step->count,
                              .columns = umbra_program_count(n->program, term->value)};
  umbra_weights_desc desc = {UMBRA_WEIGHTS_DESC_INIT, .values = &values, .layout = &layout};
  desc.level = level;
  if (step->bias && term == step->terms) desc.bias = &bias;
  if (step->term_count == 1) desc.magnitude = umbra_step_magnitude(n->program, step); /* of several the sum has it */
  if (place->channels) return umbra_feature_weights_create(made, n->context, &desc, place, NULL);
  return umbra_weights_create(made, n->context, &desc, NULL);
}

/* A product of one column in a ciphertext lies otherwise than one of several. */
static umbra_status check_alike(const umbra_inference *n, const umbra_step *step) {
  const umbra_matrix_layout first = layout_of(n, step->terms[0].value);
  for (size_t t = 1; t < step->term_count; t++) {
    const umbra_matrix_layout layout = layout_of(n, step->terms[t].value);
    if ((layout.stride == layout.slots) != (first.stride == first.slots))
      return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "two matrices that node %u adds lie in other places", step->node);
  }
  return UMBRA_OK;
}

static umbra_status make_linear(umbra_layer_weights *layer, const umbra_inference *n, const umbra_step *step,
                                uint32_t level) {
  UMBRA_TRY(check_alike(n, step));
  UMBRA_TRY(umbra_alloc(&layer->term, step->term_count, sizeof(umbra_weights *), "a layer"));
  for (size_t t = 0; t < step->term_count; t++) UMBRA_TRY(make_term(&layer->term[t], n, step, &step->terms[t], level));
  return UMBRA_OK;
}

/* ---- images ---- */

static umbra_convolution_desc desc_of(const umbra_inference *n, const umbra_step *step, const umbra_term *term,
                                      uint32_t level) {
  const umbra_model_window *w = term->window;
  umbra_convolution_desc desc = {UMBRA_CONVOLUTION_DESC_INIT,
                                 .input = &n->places[term->value],
                                 .channels = (uint32_t)w->channels,
                                 .kernel_y = (uint32_t)w->kernel[0],
                                 .kernel_x = (uint32_t)w->kernel[1],
                                 .stride_y = (uint32_t)w->stride[0],
                                 .stride_x = (uint32_t)w->stride[1],
                                 .dilation_y = (uint32_t)w->dilation[0],
                                 .dilation_x = (uint32_t)w->dilation[1],
                                 .pad_top = (uint32_t)w->before[0],
                                 .pad_bottom = (uint32_t)w->after[0],
                                 .pad_left = (uint32_t)w->before[1],
                                 .pad_right = (uint32_t)w->after[1],
                                 .groups = (uint32_t)w->groups,
                                 .weights = term->weights,
                                 .bias = term == step->terms ? step->bias : NULL,
                                 .encode = n->encode};
  desc.level = level;
  return desc;
}

/* The place of what a term makes. */
static umbra_status make_window(umbra_convolution **made, umbra_feature_layout *place, umbra_inference *n,
                                const umbra_step *step, const umbra_term *term, uint32_t level) {
  *place = n->places[term->value];
  if (!term->window) return UMBRA_OK;
  const umbra_convolution_desc desc = desc_of(n, step, term, level);
  UMBRA_TRY(umbra_convolution_create(made, n->context, &desc, NULL));
  if (n->encode == UMBRA_TRANSFORM_AT_USE) UMBRA_TRY(umbra_convolution_encode_ahead(*made, &n->ahead, NULL));
  return umbra_convolution_output(*made, place);
}

static umbra_status make_windows(umbra_layer_weights *layer, umbra_inference *n, const umbra_step *step, uint32_t level,
                                 umbra_feature_layout *place) {
  UMBRA_TRY(umbra_alloc(&layer->window, step->term_count, sizeof(umbra_convolution *), "a layer"));
  for (size_t t = 0; t < step->term_count; t++) {
    umbra_feature_layout made = {UMBRA_FEATURE_LAYOUT_INIT};
    UMBRA_TRY(make_window(&layer->window[t], &made, n, step, &step->terms[t], level));
    if (t && !umbra_feature_layout_same(&made, place))
      return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "two images that node %u adds lie in other places", step->node);
    *place = made;
  }
  return UMBRA_OK;
}

/* ---- all of them ---- */

static umbra_status make_layer(umbra_inference *n, size_t i) {
  const umbra_step *step = &n->program->steps[i];
  const uint32_t level = n->levels[i].level;
  umbra_layer_weights *layer = &n->layers[i];
  switch (step->kind) {
    case UMBRA_STEP_LINEAR: return make_linear(layer, n, step, level);
    case UMBRA_STEP_CONVOLUTION: return make_windows(layer, n, step, level, &n->places[i + 1]);
    default: n->places[i + 1] = n->places[step->terms[0].value]; return UMBRA_OK;
  }
}

/* Those that linear steps have, one after the other. */
static void assign_encrypted(umbra_inference *n) {
  umbra_matrix *const *next = n->weights->matrix;
  for (size_t i = 0; i < n->program->step_count; i++) {
    if (n->program->steps[i].kind != UMBRA_STEP_LINEAR) continue;
    n->layers[i].encrypted = next;
    next += n->program->steps[i].term_count + 1;
  }
}

static umbra_status make_layers(umbra_inference *n, umbra_watch *watch) {
  const size_t count = n->program->step_count;
  UMBRA_TRY(umbra_alloc(&n->layers, count, sizeof *n->layers, "a network"));
  if (n->weights) {
    assign_encrypted(n);
    return UMBRA_OK;
  }
  for (size_t i = 0; i < count; i++) {
    UMBRA_TRY(umbra_watch_step(watch, i, count));
    UMBRA_TRY(make_layer(n, i));
  }
  return UMBRA_OK;
}

/* For the widest of the values that are refreshed. */
static umbra_status make_bootstrapper(umbra_inference *n, const umbra_way *way, const umbra_progress *progress) {
  umbra_bootstrap_options options = {UMBRA_BOOTSTRAP_OPTIONS_INIT, .order = way->refresh, .target = way->target};
  umbra_bootstrap_plan *plan = NULL;
  options.slots = 2;
  for (uint32_t i = 0; i < n->program->step_count; i++)
    if (n->levels[i].refreshed) options.slots = umbra_max_u32(options.slots, layout_of(n, i + 1).slots);
  UMBRA_TRY(umbra_bootstrap_plan_create(&plan, umbra_context_params(n->context), &options));
  const umbra_status status = umbra_bootstrapper_create(&n->bootstrapper, n->context, plan, progress);
  umbra_bootstrap_plan_destroy(plan);
  return status;
}

static umbra_status make_network(umbra_inference *n, const umbra_way *way, umbra_watch *watch) {
  const size_t count = n->program->step_count;
  n->columns = umbra_way_columns(way, n->program->input_count);
  UMBRA_TRY(umbra_copy_bytes(&n->levels, way->levels, count, sizeof *n->levels));
  UMBRA_TRY(umbra_alloc(&n->places, count + 1, sizeof *n->places, "a network"));
  n->places[0] = way->image;
  const int refreshes = umbra_way_refreshes(way, n->program) > 0;
  umbra_watch_part part = umbra_watch_enter(watch, 0, refreshes ? 2 : 1);
  umbra_status status = make_layers(n, watch);
  umbra_watch_leave(watch, part);
  if (status != UMBRA_OK || !refreshes) return status;
  part = umbra_watch_enter(watch, 1, 2);
  const umbra_progress relay = watch ? umbra_watch_relay(watch) : (umbra_progress){0};
  status = make_bootstrapper(n, way, &relay);
  umbra_watch_leave(watch, part);
  return status;
}

static void destroy_layer(umbra_layer_weights *layer, size_t terms) {
  for (size_t t = 0; layer->term && t < terms; t++) umbra_weights_destroy(layer->term[t]);
  for (size_t t = 0; layer->window && t < terms; t++) umbra_convolution_destroy(layer->window[t]);
  umbra_free(layer->term);
  umbra_free(layer->window);
}

static void destroy(void *object) {
  umbra_inference *n = object;
  for (size_t i = 0; n->layers && i < n->program->step_count; i++)
    destroy_layer(&n->layers[i], n->program->steps[i].term_count);
  umbra_free(n->layers);
  umbra_free(n->levels);
  umbra_free(n->places);
  umbra_inference_weights_destroy(n->weights);
  umbra_bootstrapper_destroy(n->bootstrapper);
  umbra_program_destroy(n->program);
  umbra_context_destroy(n->context);
  umbra_free(n);
}

umbra_status umbra_network_make_with(umbra_inference **network, const umbra_context *context,
                                     const umbra_program *program, const umbra_way *way,
                                     const umbra_inference_weights *weights, umbra_watch *watch) {
  UMBRA_TRACE_IN(context, "inference_create", 0);
  umbra_inference *made;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a network"));
  *made = (umbra_inference){.counted = UMBRA_COUNTED(destroy),
                            .context = umbra_context_share(context),
                            .program = umbra_program_share(program),
                            .weights = umbra_inference_weights_share(weights),
                            .layout = way->layout,
                            .encode = way->encode,
                            .ahead = way->ahead};
  const umbra_status status = make_network(made, way, watch);
  if (status == UMBRA_OK) *network = made;
  else umbra_inference_destroy(made);
  return status;
}

umbra_status umbra_network_make(umbra_inference **network, const umbra_context *context, const umbra_program *program,
                                const umbra_way *way, umbra_watch *watch) {
  const umbra_encryptor by = {.context = context};
  umbra_inference_weights *weights = NULL;
  if (way->weights == UMBRA_WEIGHTS_ENCRYPTED) UMBRA_TRY(umbra_encrypted_make(&weights, by, program, way, watch));
  const umbra_status status = umbra_network_make_with(network, context, program, way, weights, watch);
  umbra_inference_weights_destroy(weights);
  return status;
}

umbra_inference *umbra_inference_share(const umbra_inference *network) { return umbra_share(network); }
void umbra_inference_destroy(umbra_inference *network) { umbra_release(network); }

static uint64_t bytes_of(const umbra_layer_weights *layer, size_t terms) {
  uint64_t bytes = 0;
  for (size_t t = 0; t < terms; t++) {
    if (layer->term) bytes += umbra_weights_bytes(layer->term[t]);
    if (layer->window && layer->window[t]) bytes += umbra_convolution_bytes(layer->window[t]);
  }
  return bytes;
}

uint64_t umbra_inference_bytes(const umbra_inference *network) {
  uint64_t bytes = network->bootstrapper ? umbra_bootstrapper_bytes(network->bootstrapper) : 0;
  if (network->weights) bytes += umbra_inference_weights_bytes(network->weights);
  for (size_t i = 0; i < network->program->step_count; i++)
    bytes += bytes_of(&network->layers[i], network->program->steps[i].term_count);
  return bytes;
}
