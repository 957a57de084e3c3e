/* SPDX-License-Identifier: Apache-2.0 */
/* Models: making and destroying them, adding nodes, and the limits of both. */
#include "graph.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../base/arrays.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "node.h"

/* ---- names ---- */

static const char *const kind_names[UMBRA_NODE_KINDS] = {
    "input",      "dense",   "conv2d",       "average_pool", "global_pool", "activation", "polynomial",
    "add",        "concat",  "reshape",      "scale_shift",  "select",      "product",    "matmul",
    "layer_norm", "softmax", "refresh_with", "chebyshev",    "sign_relu"};

const char *umbra_node_kind_name(umbra_node_kind kind) {
  return (unsigned)kind < UMBRA_NODE_KINDS ? kind_names[kind] : "unknown";
}

const char *umbra_node_text(char text[UMBRA_NODE_TEXT], const umbra_model *model, uint32_t node) {
  const umbra_node *n = &model->nodes[node];
  if (n->title) snprintf(text, UMBRA_NODE_TEXT, "%s", n->title);
  else snprintf(text, UMBRA_NODE_TEXT, "node %u (%s)", node, umbra_node_kind_name(n->kind));
  return text;
}

umbra_status umbra_model_title(umbra_model *model, uint32_t node, const char *title) {
  umbra_free(model->nodes[node].title);
  model->nodes[node].title = NULL;
  return umbra_copy_bytes(&model->nodes[node].title, title, strlen(title) + 1, 1);
}

/* ---- life ---- */

void umbra_node_clear(umbra_node *node) {
  umbra_free(node->title);
  umbra_free(node->inputs);
  umbra_free(node->weights);
  umbra_free(node->shift);
  umbra_free(node->source);
  umbra_sign_plan_destroy(node->sign);
}

void umbra_model_destroy(umbra_model *model) {
  if (!model) return;
  for (size_t i = 0; i < model->node_count; i++) umbra_node_clear(&model->nodes[i]);
  for (size_t i = 0; i < model->output_count; i++) {
    umbra_free(model->outputs[i].name);
    umbra_free(model->outputs[i].labels);
  }
  umbra_free(model->nodes);
  umbra_free(model->outputs);
  umbra_free(model);
}

umbra_status umbra_model_create(umbra_model **model, const size_t *shape, size_t rank) {
  if (!model || !shape) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s is NULL", model ? "shape" : "model");
  umbra_model *made;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a model"));
  umbra_node input = {.kind = UMBRA_NODE_INPUT};
  uint32_t node;
  umbra_status status = umbra_node_set_shape(&input, shape, rank);
  if (status == UMBRA_OK) status = umbra_model_put(made, &node, &input);
  if (status == UMBRA_OK) UMBRA_PUT(model, model, made);
  else umbra_model_destroy(made);
  return status;
}

/* ---- nodes ---- */

umbra_status umbra_node_set_shape(umbra_node *node, const size_t *shape, size_t rank) {
  if (rank < 1 || rank > UMBRA_MODEL_RANK)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a value of %zu dimensions; 1 to %d are possible", rank,
                      UMBRA_MODEL_RANK);
  node->rank = rank;
  node->count = 1;
  for (size_t d = 0; d < rank; d++) {
    if (shape[d] == 0) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "dimension %zu of a value is 0", d + 1);
    if (shape[d] > UMBRA_MODEL_MAX_VALUE / node->count)
      return umbra_fail(UMBRA_ERROR_RANGE, "a value has more than %d elements", UMBRA_MODEL_MAX_VALUE);
    node->shape[d] = shape[d];
    node->count *= shape[d];
  }
  return UMBRA_OK;
}

umbra_status umbra_node_set_inputs(umbra_node *node, const umbra_model *model, const uint32_t *inputs, size_t count) {
  if (!model || !inputs) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s is NULL", model ? "inputs" : "model");
  if (count < 1 || count > UMBRA_MODEL_MAX_NODES)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a node cannot have %zu inputs", count);
  for (size_t i = 0; i < count; i++)
    if (inputs[i] >= model->node_count)
      return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "input %u is no node: there are %zu", inputs[i],
                        model->node_count);
  node->input_count = count;
  return umbra_copy_bytes(&node->inputs, inputs, count, sizeof *inputs);
}

umbra_status umbra_node_set_numbers(double **numbers, const double *given, size_t count, const char *name) {
  for (size_t i = 0; i < count; i++)
    if (!isfinite(given[i])) return umbra_fail(UMBRA_ERROR_RANGE, "%s[%zu] is not finite", name, i);
  return umbra_copy_bytes(numbers, given, count, sizeof *given);
}

umbra_status umbra_model_put(umbra_model *model, uint32_t *node, umbra_node *made) {
  umbra_status status = UMBRA_OK;
  if (model->node_count >= UMBRA_MODEL_MAX_NODES)
    status = umbra_fail(UMBRA_ERROR_RANGE, "a model has more than %d nodes", UMBRA_MODEL_MAX_NODES);
  else if (model->elements + made->count > UMBRA_MODEL_MAX_TOTAL)
    status = umbra_fail(UMBRA_ERROR_RANGE, "the values of a model have more than %d elements", UMBRA_MODEL_MAX_TOTAL);
  else if (made->work > UMBRA_MODEL_MAX_WORK - model->work)
    status = umbra_fail(UMBRA_ERROR_RANGE, "a model takes more than 2^36 products for a record");
  else status = umbra_make_room(&model->nodes, &model->node_room, model->node_count, sizeof *model->nodes, "a model");
  if (status != UMBRA_OK) {
    umbra_node_clear(made);
    return status;
  }
  model->elements += made->count;
  model->work += made->work;
  *node = (uint32_t)model->node_count;
  model->nodes[model->node_count++] = *made;
  return UMBRA_OK;
}

umbra_status umbra_model_put_if(umbra_status status, umbra_model *model, uint32_t *node, umbra_node *made) {
  if (status == UMBRA_OK && node) return umbra_model_put(model, node, made);
  umbra_node_clear(made);
  return status == UMBRA_OK ? umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "node is NULL") : status;
}

void umbra_model_mark_needed(uint8_t *marks, const umbra_model *model, uint32_t node) {
  marks[0] = marks[node] = 1;
  for (size_t i = (size_t)node + 1; i-- > 0;)
    for (size_t k = 0; marks[i] && k < model->nodes[i].input_count; k++) marks[model->nodes[i].inputs[k]] = 1;
}

size_t umbra_node_row(const umbra_model *model, const umbra_node *node) {
  const umbra_model_window *w = &node->window;
  if (node->kind == UMBRA_NODE_DENSE) return model->nodes[node->inputs[0]].count;
  if (node->kind != UMBRA_NODE_CONV2D) return 1;
  return model->nodes[node->inputs[0]].shape[0] / w->groups * w->kernel[0] * w->kernel[1];
}

/* ---- outputs ---- */

static umbra_status check_output(const umbra_model *model, const char *name, uint32_t node, const umbra_closing *steps,
                                 size_t count) {
  if (!model || !name) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s is NULL", model ? "name" : "model");
  if (node >= model->node_count)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "output '%s': %u is no node", name, node);
  if (count > UMBRA_MODEL_CLOSINGS || (count && !steps))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "output '%s': at most %d closing steps", name,
                      UMBRA_MODEL_CLOSINGS);
  for (size_t i = 0; i < count; i++)
    if ((unsigned)steps[i] > UMBRA_CLOSING_ARGMAX || (steps[i] == UMBRA_CLOSING_ARGMAX && i + 1 < count))
      return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "output '%s': closing step %zu is unknown, or follows argmax",
                        name, i + 1);
  if (model->output_count >= UMBRA_MODEL_MAX_OUTPUTS)
    return umbra_fail(UMBRA_ERROR_RANGE, "a model has no more than %d outputs", UMBRA_MODEL_MAX_OUTPUTS);
  for (size_t i = 0; i < model->output_count; i++)
    if (strcmp(model->outputs[i].name, name) == 0)
      return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "there are two outputs '%s'", name);
  return UMBRA_OK;
}

void umbra_output_shape(umbra_output *output, const size_t *shape, size_t rank) {
  output->rank = rank;
  for (size_t d = 0; d < rank; d++) output->shape[d] = shape[d];
}

static umbra_status fill_output(umbra_output *made, const umbra_node *n, const char *name, const double *labels) {
  UMBRA_TRY(umbra_copy_bytes(&made->name, name, strlen(name) + 1, 1));
  if (labels) UMBRA_TRY(umbra_node_set_numbers(&made->labels, labels, n->count, "labels"));
  umbra_output_shape(made, n->shape, n->rank);
  if (made->step_count && made->steps[made->step_count - 1] == UMBRA_CLOSING_ARGMAX) made->rank = 0;
  return UMBRA_OK;
}

umbra_status umbra_model_output(umbra_model *model, const char *name, uint32_t node, const umbra_closing *steps,
                                size_t count, const double *labels) {
  UMBRA_TRY(check_output(model, name, node, steps, count));
  umbra_output made = {.node = node, .step_count = count}, *outputs = NULL;
  for (size_t i = 0; i < count; i++) made.steps[i] = steps[i];
  umbra_status status = fill_output(&made, &model->nodes[node], name, labels);
  if (status == UMBRA_OK) status = umbra_alloc(&outputs, model->output_count + 1, sizeof *outputs, "a model");
  if (status != UMBRA_OK) {
    umbra_free(made.name);
    umbra_free(made.labels);
    return status;
  }
  if (model->outputs) memcpy(outputs, model->outputs, model->output_count * sizeof *outputs);
  umbra_free(model->outputs);
  model->outputs = outputs;
  outputs[model->output_count++] = made;
  return UMBRA_OK;
}

/* ---- looking ---- */

size_t umbra_model_nodes(const umbra_model *model) { return model->node_count; }

umbra_node_kind umbra_model_kind(const umbra_model *model, size_t node) {
  return node < model->node_count ? model->nodes[node].kind : UMBRA_NODE_KINDS;
}

size_t umbra_model_outputs(const umbra_model *model) { return model->output_count; }

const char *umbra_model_output_name(const umbra_model *model, size_t output) {
  return output < model->output_count ? model->outputs[output].name : NULL;
}
