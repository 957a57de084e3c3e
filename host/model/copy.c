/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "../base/arrays.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "graph.h"

static umbra_status copy_node(umbra_node *made, const umbra_model *model, const umbra_node *n) {
  *made = *n;
  made->title = NULL;
  made->inputs = NULL;
  made->weights = made->shift = NULL;
  made->source = NULL;
  made->sign = umbra_sign_plan_share(n->sign);
  UMBRA_TRY(umbra_copy_bytes(&made->title, n->title, n->title ? strlen(n->title) + 1 : 0, 1));
  UMBRA_TRY(umbra_copy_bytes(&made->inputs, n->inputs, n->input_count, sizeof *n->inputs));
  UMBRA_TRY(umbra_copy_bytes(&made->weights, n->weights, n->weights ? n->units * umbra_node_row(model, n) : 0,
                             sizeof *n->weights));
  UMBRA_TRY(umbra_copy_bytes(&made->shift, n->shift, n->units, sizeof *n->shift));
  return umbra_copy_bytes(&made->source, n->source, n->count, sizeof *n->source);
}

umbra_status umbra_output_copy(umbra_output *copy, const umbra_output *output, size_t elements) {
  *copy = *output;
  copy->name = NULL;
  copy->labels = NULL;
  UMBRA_TRY(umbra_copy_bytes(&copy->name, output->name, strlen(output->name) + 1, 1));
  return umbra_copy_bytes(&copy->labels, output->labels, elements, sizeof *output->labels);
}

/* What is counted in `made` is what has to be destroyed with it. */
static umbra_status copy_all(umbra_model *made, const umbra_model *model) {
  UMBRA_TRY(umbra_alloc(&made->nodes, model->node_count, sizeof *made->nodes, "a model"));
  made->node_room = model->node_count;
  made->elements = model->elements;
  made->work = model->work;
  while (made->node_count < model->node_count) {
    size_t i = made->node_count++;
    UMBRA_TRY(copy_node(&made->nodes[i], model, &model->nodes[i]));
  }
  if (!model->output_count) return UMBRA_OK;
  UMBRA_TRY(umbra_alloc(&made->outputs, model->output_count, sizeof *made->outputs, "a model"));
  while (made->output_count < model->output_count) {
    size_t i = made->output_count++;
    const umbra_output *output = &model->outputs[i];
    UMBRA_TRY(umbra_output_copy(&made->outputs[i], output, model->nodes[output->node].count));
  }
  return UMBRA_OK;
}

umbra_status umbra_model_copy(umbra_model **copy, const umbra_model *model) {
  umbra_model *made;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a model"));
  umbra_status status = copy_all(made, model);
  if (status == UMBRA_OK) *copy = made;
  else umbra_model_destroy(made);
  return status;
}
