/* SPDX-License-Identifier: Apache-2.0 */
#include "network.h"

#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../base/watch.h"
#include "../ckks/trace.h"

double umbra_step_magnitude(const umbra_program *program, const umbra_step *step) {
  return step == &program->steps[program->step_count - 1] ? 8 : 1;
}

static umbra_status make_term(umbra_weights **made, const umbra_inference *n, const umbra_step *step,
                              const umbra_term *term, uint32_t level) {
  const uint32_t most = umbra_params_slots(umbra_context_params(n->context));
  const umbra_matrix_layout layout = umbra_value_layout(&n->layout, n->program, term->value, most);
  const umbra_array bias = {UMBRA_ARRAY_INIT, .data = step->bias, .rows = step->count, .columns = 1};
  const umbra_array values = {UMBRA_ARRAY_INIT, .data = term->weights, .rows = step->count,
                              .columns = umbra_program_count(n->program, term->value)};
  umbra_weights_desc desc = {UMBRA_WEIGHTS_DESC_INIT, .values = &values, .layout = &layout};
  desc.level = level;
  if (step->bias && term == step->terms) desc.bias = &bias;
  if (step->term_count == 1) desc.magnitude = umbra_step_magnitude(n->program, step); /* of several the sum has it */
  return umbra_weights_create(made, n->context, &desc, NULL);
}

static umbra_status make_layer(umbra_layer_weights *layer, const umbra_inference *n, const umbra_step *step,
                               uint32_t level) {
  if (step->kind != UMBRA_STEP_LINEAR) return UMBRA_OK;
  UMBRA_TRY(umbra_alloc(&layer->term, step->term_count, sizeof(umbra_weights *), "a layer"));
  for (size_t t = 0; t < step->term_count; t++) UMBRA_TRY(make_term(&layer->term[t], n, step, &step->terms[t], level));
  return UMBRA_OK;
}

static umbra_status make_layers(umbra_inference *n, umbra_watch *watch) {
  const umbra_program *p = n->program;
  const uint32_t top = umbra_params_depth(umbra_context_params(n->context)), depth = umbra_program_depth(p);
  if (depth > top)
    return umbra_fail(UMBRA_ERROR_NO_LEVEL, "the network takes %u levels, and the parameters have %u", depth, top);
  UMBRA_TRY(umbra_alloc(&n->layers, p->step_count, sizeof *n->layers, "a network"));
  for (size_t i = 0; i < p->step_count; i++) {
    UMBRA_TRY(umbra_watch_step(watch, i, p->step_count));
    UMBRA_TRY(make_layer(&n->layers[i], n, &p->steps[i], top - p->steps[i].below + 1));
  }
  return UMBRA_OK;
}

static void destroy(void *object) {
  umbra_inference *n = object;
  for (size_t i = 0; n->layers && i < n->program->step_count; i++) {
    for (size_t t = 0; n->layers[i].term && t < n->program->steps[i].term_count; t++)
      umbra_weights_destroy(n->layers[i].term[t]);
    umbra_free(n->layers[i].term);
  }
  umbra_free(n->layers);
  umbra_program_destroy(n->program);
  umbra_context_destroy(n->context);
  umbra_free(n);
}

umbra_status umbra_network_make(umbra_inference **network, const umbra_context *context, const umbra_program *program,
                                const umbra_matrix_layout *layout, umbra_watch *watch) {
  UMBRA_TRACE_IN(context, "inference_create", 0);
  umbra_inference *made;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a network"));
  *made = (umbra_inference){.counted = UMBRA_COUNTED(destroy),
                            .context = umbra_context_share(context),
                            .program = umbra_program_share(program),
                            .layout = *layout};
  const umbra_status status = make_layers(made, watch);
  if (status == UMBRA_OK) *network = made;
  else umbra_inference_destroy(made);
  return status;
}

umbra_inference *umbra_inference_share(const umbra_inference *network) { return umbra_share(network); }
void umbra_inference_destroy(umbra_inference *network) { umbra_release(network); }

uint64_t umbra_inference_bytes(const umbra_inference *network) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < network->program->step_count; i++)
    for (size_t t = 0; network->layers[i].term && t < network->program->steps[i].term_count; t++)
      bytes += umbra_weights_bytes(network->layers[i].term[t]);
  return bytes;
}

/* As umbra_matrix_apply leaves it: see umbra/product.h. */
umbra_matrix_layout umbra_value_layout(const umbra_matrix_layout *input, const umbra_program *program, uint32_t value,
                                       uint32_t most_slots) {
  umbra_matrix_layout layout = *input;
  while (value && program->steps[value - 1].kind != UMBRA_STEP_LINEAR) value = program->steps[value - 1].terms[0].value;
  if (!value || layout.stride == layout.slots) return layout;
  const umbra_step *step = &program->steps[value - 1];
  const umbra_matrix_layout before = umbra_value_layout(input, program, step->terms[0].value, most_slots);
  if (before.stride == before.slots) return before;
  const uint64_t columns = umbra_power_above(step->count), most = most_slots / layout.stride;
  layout.slots = layout.stride * (uint32_t)(columns < most ? columns : most);
  return layout;
}
