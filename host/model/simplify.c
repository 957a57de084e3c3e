/* SPDX-License-Identifier: Apache-2.0 */
#include "simplify.h"

#include "../base/error.h"
#include "../base/memory.h"

/* Marks what outputs need; the input stays. */
static void mark(uint32_t *numbers, const umbra_model *model) {
  numbers[0] = 1;
  for (size_t i = 0; i < model->output_count; i++) numbers[model->outputs[i].node] = 1;
  for (size_t i = model->node_count; i-- > 0;)
    for (size_t k = 0; numbers[i] && k < model->nodes[i].input_count; k++) numbers[model->nodes[i].inputs[k]] = 1;
}

umbra_status umbra_model_sweep(umbra_model *model) {
  uint32_t *numbers, kept = 0;
  UMBRA_TRY(umbra_alloc(&numbers, model->node_count, sizeof *numbers, "a model"));
  mark(numbers, model);
  model->elements = 0;
  model->work = 0;
  for (size_t i = 0; i < model->node_count; i++) {
    umbra_node *n = &model->nodes[i];
    if (!numbers[i]) {
      umbra_node_clear(n);
      continue;
    }
    for (size_t k = 0; k < n->input_count; k++) n->inputs[k] = numbers[n->inputs[k]];
    model->elements += n->count;
    model->work += n->work;
    model->nodes[kept] = *n;
    numbers[i] = kept++;
  }
  model->node_count = kept;
  for (size_t i = 0; i < model->output_count; i++) model->outputs[i].node = numbers[model->outputs[i].node];
  umbra_free(numbers);
  return UMBRA_OK;
}

umbra_status umbra_model_simplify(umbra_model *model) {
  UMBRA_TRY(umbra_model_sweep(model));
  UMBRA_TRY(umbra_model_recognise(model));
  UMBRA_TRY(umbra_model_sweep(model));
  UMBRA_TRY(umbra_model_fold(model));
  return umbra_model_sweep(model);
}
