/* SPDX-License-Identifier: Apache-2.0 */
/* From an ONNX file to a model: opening, constants, the input, node after node, outputs. */
#include "import.h"

#include <stdio.h>
#include <string.h>

#include "../../base/error.h"
#include "../../base/outputs.h"
#include "../simplify.h"
#include "operators.h"
#include "tensor.h"

enum {
  LEAST_OPSET = 9,
  MOST_OPSET = 22,
  MOST_ML_OPSET = 5,
  MOST_NODES = UMBRA_MODEL_MAX_NODES,
  MOST_NAMES = 2 * MOST_NODES
};
enum { BUDGET_BASE = 1 << 24 };

/* ---- operator sets ---- */

static umbra_status set_opset(int64_t *opset, int64_t version, const char *domain, int64_t least, int64_t most) {
  if (*opset && *opset != version)
    return umbra_fail(UMBRA_ERROR_FORMAT, "it imports operators '%s' of two versions", domain);
  if (version < least || version > most)
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "operators '%s' of version %lld; %lld to %lld can be read", domain,
                      (long long)version, (long long)least, (long long)most);
  *opset = version;
  return UMBRA_OK;
}

/* Others may be imported as long as no node is of them. */
static umbra_status read_opsets(umbra_onnx_import *in) {
  const UmbraOnnx__Model *m = in->file.model;
  for (size_t i = 0; i < m->n_opset_import; i++) {
    const UmbraOnnx__OperatorSet *s = m->opset_import[i];
    if (!*s->domain || strcmp(s->domain, "ai.onnx") == 0)
      UMBRA_TRY(set_opset(&in->opset, s->version, "ai.onnx", LEAST_OPSET, MOST_OPSET));
    else if (strcmp(s->domain, "ai.onnx.ml") == 0)
      UMBRA_TRY(set_opset(&in->ml_opset, s->version, s->domain, 1, MOST_ML_OPSET));
  }
  return in->opset || in->ml_opset ? UMBRA_OK : umbra_fail(UMBRA_ERROR_FORMAT, "it imports no operators");
}

/* ---- names ---- */

static umbra_status open_names(umbra_onnx_import *in) {
  const UmbraOnnx__Graph *g = in->file.model->graph;
  size_t names = g->n_initializer + g->n_input;
  if (g->n_node > MOST_NODES) return umbra_fail(UMBRA_ERROR_FORMAT, "it has more than %d nodes", MOST_NODES);
  for (size_t i = 0; i < g->n_node; i++) names += g->node[i]->n_output;
  if (names > MOST_NAMES) return umbra_fail(UMBRA_ERROR_FORMAT, "it names more than %d values", MOST_NAMES);
  return umbra_onnx_names_open(&in->names, names);
}

static umbra_status add_initializer(umbra_onnx_import *in, const UmbraOnnx__Tensor *t) {
  umbra_onnx_value value = {0};
  umbra_status status = umbra_onnx_read_tensor(&value, in, t);
  if (status == UMBRA_OK) return umbra_onnx_names_add(&in->names, t->name, &value);
  umbra_onnx_clear(&value);
  char what[UMBRA_NODE_TEXT];
  snprintf(what, sizeof what, "tensor '%.64s'", t->name);
  return umbra_onnx_blame(status, what);
}

/* ---- input ---- */

/* The dims behind the batch, which all have to be known. */
static umbra_status read_shape(size_t *shape, size_t *rank, size_t *batch, const UmbraOnnx__ValueInfo *v) {
  const UmbraOnnx__TensorType *t = v->type ? v->type->tensor_type : NULL;
  int integer;
  if (!t || !t->shape || t->shape->n_dim < 2 || t->shape->n_dim > UMBRA_ONNX_RANK)
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED,
                      "input '%.64s' is no tensor of 2 to %d dimensions, of which the first is the batch", v->name,
                      UMBRA_ONNX_RANK);
  UMBRA_TRY(umbra_onnx_type_is_integer(&integer, t->elem_type));
  *rank = t->shape->n_dim - 1;
  *batch = t->shape->dim[0]->dim_value > 0 ? (size_t)t->shape->dim[0]->dim_value : 0;
  for (size_t d = 0; d < *rank; d++) {
    int64_t length = t->shape->dim[d + 1]->dim_value;
    if (length < 1)
      return umbra_fail(
          UMBRA_ERROR_UNSUPPORTED,
          "dimension %zu of input '%.64s' is open; only the first may be: export it with the others fixed", d + 2,
          v->name);
    shape[d] = (size_t)length;
  }
  return UMBRA_OK;
}

static umbra_status add_input(umbra_onnx_import *in, const UmbraOnnx__ValueInfo *v) {
  size_t dims[UMBRA_ONNX_RANK] = {1}, rank = 0;
  if (in->model)
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "it has more than one input ('%.64s'); join them into one", v->name);
  UMBRA_TRY(read_shape(dims + 1, &rank, &in->batch, v));
  UMBRA_TRY(umbra_model_create(&in->model, dims + 1, rank));
  umbra_onnx_value value = {.kind = UMBRA_ONNX_FLOWING, .node_count = in->model->nodes[0].count};
  UMBRA_TRY(umbra_onnx_set_dims(&value, dims, rank + 1));
  return umbra_onnx_names_add(&in->names, v->name, &value);
}

/* Weights may be listed as inputs, too. */
static umbra_status add_inputs(umbra_onnx_import *in) {
  const UmbraOnnx__Graph *g = in->file.model->graph;
  for (size_t i = 0; i < g->n_input; i++)
    if (!umbra_onnx_names_find(&in->names, g->input[i]->name)) UMBRA_TRY(add_input(in, g->input[i]));
  return in->model ? UMBRA_OK : umbra_fail(UMBRA_ERROR_UNSUPPORTED, "it has no input");
}

/* ---- outputs ---- */

static umbra_status add_output(umbra_onnx_import *in, const char *name) {
  const umbra_onnx_value *v = umbra_onnx_names_find(&in->names, name);
  umbra_onnx_node n = {.import = in};
  uint32_t node;
  if (!v) return umbra_fail(UMBRA_ERROR_FORMAT, "output '%.64s' is made by no node", name);
  if (v->kind != UMBRA_ONNX_FLOWING || v->rank < 1)
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "output '%.64s' does not depend on the records", name);
  snprintf(n.title, sizeof n.title, "output '%.64s'", name);
  UMBRA_TRY(umbra_onnx_settle(&n, &node, v));
  UMBRA_TRY(umbra_model_output(in->model, name, node, v->steps, v->step_count, v->labels));
  umbra_output_shape(&in->model->outputs[in->model->output_count - 1], v->dims + 1, v->rank - 1);
  return UMBRA_OK;
}

/* ---- all ---- */

static umbra_status import(umbra_onnx_import *in, const char *path) {
  UMBRA_TRY(umbra_onnx_folder_open(&in->folder, path));
  UMBRA_TRY(umbra_onnx_file_open(&in->file, path));
  const UmbraOnnx__Graph *g = in->file.model->graph;
  in->budget.left = BUDGET_BASE + UMBRA_ONNX_BUDGET_FACTOR * in->file.bytes;
  UMBRA_TRY(read_opsets(in));
  UMBRA_TRY(open_names(in));
  for (size_t i = 0; i < g->n_initializer; i++) UMBRA_TRY(add_initializer(in, g->initializer[i]));
  UMBRA_TRY(add_inputs(in));
  for (size_t i = 0; i < g->n_node; i++) UMBRA_TRY(umbra_onnx_import_node(in, g->node[i]));
  if (!g->n_output) return umbra_fail(UMBRA_ERROR_FORMAT, "it has no output");
  for (size_t i = 0; i < g->n_output; i++) UMBRA_TRY(add_output(in, g->output[i]->name));
  return umbra_model_simplify(in->model);
}

umbra_status umbra_model_import(umbra_model **model, const char *path) {
  if (!model || !path) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s is NULL", model ? "path" : "model");
  umbra_onnx_import in = {.folder = {.folder = -1}};
  umbra_status status = umbra_onnx_blame(import(&in, path), path);
  umbra_onnx_names_close(&in.names);
  umbra_onnx_file_close(&in.file);
  umbra_onnx_folder_close(&in.folder);
  if (status == UMBRA_OK) UMBRA_PUT(model, model, in.model);
  else umbra_model_destroy(in.model);
  return status;
}
