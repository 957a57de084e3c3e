/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a model to an ONNX file. Values inside are called /k, where k is the model's node, and what a node consists of
 * /k/weights and so on, so that nothing meets the name of an output.
 */
#include <stdio.h>
#include <string.h>
#include <umbra/version.h>

#include <onnx.pb-c.h>

#include "../../base/error.h"
#include "../../base/memory.h"
#include "../../io/storage.h"
#include "../graph.h"
#include "handlers.h"

enum { IR_VERSION = 7, OPSET = 13, DOUBLE = 11, ATTRIBUTE_INT = 2, MOST_INPUTS = 3, NAME_BYTES = 40 };
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "raw data of ONNX is little-endian");
#define MOST_BYTES (UINT64_C(1) << 31) /* protobuf's own limit */

static const char input_name[] = "x", batch_name[] = "batch";

typedef struct written_node {
  UmbraOnnx__Node proto;
  char names[MOST_INPUTS + 1][NAME_BYTES]; /* of the inputs, and last of the output */
  char *inputs[MOST_INPUTS], *output;
  UmbraOnnx__Attribute attribute, *attributes;
} written_node;

typedef struct written_tensor {
  UmbraOnnx__Tensor proto;
  char name[NAME_BYTES];
  int64_t dims[2];
} written_tensor;

/* An input or output of (batch, elements). */
typedef struct written_value {
  UmbraOnnx__ValueInfo proto;
  UmbraOnnx__Type type;
  UmbraOnnx__TensorType tensor;
  UmbraOnnx__Shape shape;
  UmbraOnnx__Dimension dims[2], *list[2];
} written_value;

/* All arrays are as long as they can become, so that what points into them stays. */
typedef struct writing {
  const umbra_model *model;
  written_node *nodes;
  written_tensor *tensors;
  written_value *values; /* the input, then the outputs */
  UmbraOnnx__Entry *notes;
  UmbraOnnx__Node **node_list;
  UmbraOnnx__Tensor **tensor_list;
  UmbraOnnx__ValueInfo **value_list;
  UmbraOnnx__Entry **note_list;
  size_t node_count, tensor_count, note_count;
} writing;

/* ---- names, nodes and tensors ---- */

static void name_value(char name[NAME_BYTES], uint32_t node) {
  if (node) snprintf(name, NAME_BYTES, "/%u", node);
  else snprintf(name, NAME_BYTES, "%s", input_name);
}

/* A node of that operator; what it gives is called as names[MOST_INPUTS] will say, or as `output`. */
static written_node *put_node(writing *w, const char *kind, const char *output) {
  written_node *n = &w->nodes[w->node_count];
  umbra_onnx__node__init(&n->proto);
  n->proto.op_type = (char *)(uintptr_t)kind;
  n->output = output ? (char *)(uintptr_t)output : n->names[MOST_INPUTS];
  n->proto.output = &n->output;
  n->proto.n_output = 1;
  n->proto.input = n->inputs;
  w->node_list[w->node_count++] = &n->proto;
  return n;
}

static char *put_input(written_node *n) {
  char *name = n->names[n->proto.n_input];
  n->inputs[n->proto.n_input++] = name;
  return name;
}

static void put_value(written_node *n, uint32_t node) { name_value(put_input(n), node); }

/* Another input, which is constant: numbers of the model's own node. */
static void put_tensor(writing *w, written_node *n, uint32_t node, const char *what, const double *numbers,
                       const size_t *dims, size_t rank) {
  written_tensor *t = &w->tensors[w->tensor_count];
  size_t count = 1;
  umbra_onnx__tensor__init(&t->proto);
  for (size_t d = 0; d < rank; d++) {
    t->dims[d] = (int64_t)dims[d];
    count *= dims[d];
  }
  snprintf(t->name, sizeof t->name, "/%u/%s", node, what);
  snprintf(put_input(n), NAME_BYTES, "%s", t->name);
  t->proto.name = t->name;
  t->proto.dims = t->dims;
  t->proto.n_dims = rank;
  t->proto.data_type = DOUBLE;
  t->proto.raw_data = (ProtobufCBinaryData){count * sizeof *numbers, (uint8_t *)(uintptr_t)numbers};
  w->tensor_list[w->tensor_count++] = &t->proto;
}

static void put_int(written_node *n, const char *name, int64_t number) {
  umbra_onnx__attribute__init(&n->attribute);
  n->attribute.name = (char *)(uintptr_t)name;
  n->attribute.type = ATTRIBUTE_INT;
  n->attribute.i = number;
  n->attributes = &n->attribute;
  n->proto.attribute = &n->attributes;
  n->proto.n_attribute = 1;
}

/* ---- the nodes of a model ---- */

static void put_dense(writing *w, uint32_t i, const umbra_node *node) {
  written_node *n = put_node(w, "Gemm", NULL);
  const size_t inputs = w->model->nodes[node->inputs[0]].count;
  put_value(n, node->inputs[0]);
  put_tensor(w, n, i, "weights", node->weights, (const size_t[]){node->units, inputs}, 2);
  if (node->shift) put_tensor(w, n, i, "bias", node->shift, &node->units, 1);
  put_int(n, "transB", 1);
  name_value(n->names[MOST_INPUTS], i);
}

static void put_scale_shift(writing *w, uint32_t i, const umbra_node *node) {
  written_node *scaled = put_node(w, "Mul", NULL);
  char *output = scaled->names[MOST_INPUTS];
  put_value(scaled, node->inputs[0]);
  put_tensor(w, scaled, i, "scale", node->weights, &node->units, 1);
  name_value(output, i);
  if (!node->shift) return;
  snprintf(output, NAME_BYTES, "/%u/scaled", i);
  written_node *shifted = put_node(w, "Add", NULL);
  snprintf(put_input(shifted), NAME_BYTES, "%s", output);
  put_tensor(w, shifted, i, "shift", node->shift, &node->units, 1);
  name_value(shifted->names[MOST_INPUTS], i);
}

/* One input after the other is added to the sum so far. */
static void put_sum(writing *w, uint32_t i, const umbra_node *node) {
  written_node *n = put_node(w, node->input_count > 1 ? "Add" : "Identity", NULL);
  put_value(n, node->inputs[0]);
  if (node->input_count > 1) put_value(n, node->inputs[1]);
  for (size_t k = 2; k < node->input_count; k++) {
    const char *so_far = n->names[MOST_INPUTS];
    snprintf(n->names[MOST_INPUTS], NAME_BYTES, "/%u/sum%zu", i, k);
    n = put_node(w, "Add", NULL);
    snprintf(put_input(n), NAME_BYTES, "%s", so_far);
    put_value(n, node->inputs[k]);
  }
  name_value(n->names[MOST_INPUTS], i);
}

static umbra_status unsupported(const writing *w, uint32_t i, const char *why) {
  char text[UMBRA_NODE_TEXT];
  return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "%s cannot be exported: %s", umbra_node_text(text, w->model, i), why);
}

static umbra_status put_activation(writing *w, uint32_t i, const umbra_node *node) {
  const char *kind = umbra_onnx_operator_of(node->function);
  if (!kind) return unsupported(w, i, "ONNX has no operator for its function");
  written_node *n = put_node(w, kind, NULL);
  put_value(n, node->inputs[0]);
  name_value(n->names[MOST_INPUTS], i);
  return UMBRA_OK;
}

/* x^2, and no other. */
static umbra_status put_square(writing *w, uint32_t i, const umbra_node *node) {
  const double *c = node->weights;
  if (node->units != 3 || c[0] != 0 || c[1] != 0 || c[2] != 1)
    return unsupported(w, i, "of polynomials only x^2 can be");
  written_node *n = put_node(w, "Mul", NULL);
  put_value(n, node->inputs[0]);
  put_value(n, node->inputs[0]);
  name_value(n->names[MOST_INPUTS], i);
  return UMBRA_OK;
}

static umbra_status put_model_node(writing *w, uint32_t i) {
  const umbra_node *node = &w->model->nodes[i];
  if (node->rank != 1) return unsupported(w, i, "its values have more than one dimension");
  switch (node->kind) {
    case UMBRA_NODE_INPUT: return UMBRA_OK;
    case UMBRA_NODE_DENSE: put_dense(w, i, node); return UMBRA_OK;
    case UMBRA_NODE_SCALE_SHIFT: put_scale_shift(w, i, node); return UMBRA_OK;
    case UMBRA_NODE_ADD: put_sum(w, i, node); return UMBRA_OK;
    case UMBRA_NODE_ACTIVATION: return put_activation(w, i, node);
    case UMBRA_NODE_POLYNOMIAL: return put_square(w, i, node);
    default: return unsupported(w, i, "only dense layers, scales, sums, squares and activations can be");
  }
}

/* ---- outputs ---- */

static void describe_value(writing *w, size_t k, const char *name, size_t elements) {
  written_value *v = &w->values[k];
  umbra_onnx__value_info__init(&v->proto);
  umbra_onnx__type__init(&v->type);
  umbra_onnx__tensor_type__init(&v->tensor);
  umbra_onnx__shape__init(&v->shape);
  for (int d = 0; d < 2; d++) {
    umbra_onnx__dimension__init(&v->dims[d]);
    v->list[d] = &v->dims[d];
  }
  v->dims[0].dim_param = (char *)(uintptr_t)batch_name;
  v->dims[1].dim_value = (int64_t)elements;
  v->shape.dim = v->list;
  v->shape.n_dim = 2;
  v->tensor.elem_type = DOUBLE;
  v->tensor.shape = &v->shape;
  v->type.tensor_type = &v->tensor;
  v->proto.name = (char *)(uintptr_t)name;
  v->proto.type = &v->type;
  w->value_list[k] = &v->proto;
}

static umbra_status check_name(const umbra_output *output) {
  if (*output->name != '/' && *output->name && strcmp(output->name, input_name) != 0) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                    "output '%.64s': the names \"%s\" and /... are of the file's own values", output->name, input_name);
}

/* What makes the output of the node's value. */
static umbra_status operator_of(const char **kind, const umbra_output *output) {
  *kind = "Identity";
  if (!output->step_count) return UMBRA_OK;
  *kind = output->steps[0] == UMBRA_CLOSING_SOFTMAX ? "Softmax" : "Sigmoid";
  if (output->step_count == 1 &&
      (output->steps[0] == UMBRA_CLOSING_SOFTMAX || output->steps[0] == UMBRA_CLOSING_LOGISTIC))
    return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_UNSUPPORTED,
                    "output '%.64s' cannot be exported: of closing steps only one softmax or one sigmoid can be",
                    output->name);
}

static umbra_status put_output(writing *w, size_t k) {
  const umbra_output *output = &w->model->outputs[k];
  const char *kind;
  UMBRA_TRY(check_name(output));
  UMBRA_TRY(operator_of(&kind, output));
  put_value(put_node(w, kind, output->name), output->node);
  describe_value(w, k + 1, output->name, w->model->nodes[output->node].count);
  return UMBRA_OK;
}

/* ---- the file ---- */

static size_t count_notes(const char *const *notes) {
  size_t count = 0;
  while (notes && notes[2 * count]) count++;
  return count;
}

static void put_notes(writing *w, const char *const *notes) {
  for (size_t k = 0; k < w->note_count; k++) {
    umbra_onnx__entry__init(&w->notes[k]);
    w->notes[k].key = (char *)(uintptr_t)notes[2 * k];
    w->notes[k].value = (char *)(uintptr_t)notes[2 * k + 1];
    w->note_list[k] = &w->notes[k];
  }
}

/* Nodes of the file: of a sum one less than it has inputs, but one at least; two at most of the others; of an output one. */
static size_t most_nodes(const umbra_model *model) {
  size_t count = model->output_count;
  for (size_t i = 0; i < model->node_count; i++) count += 2 + model->nodes[i].input_count;
  return count;
}

static umbra_status make_room(writing *w, const char *const *notes) {
  const size_t nodes = most_nodes(w->model), tensors = 2 * w->model->node_count, values = 1 + w->model->output_count;
  static const char what[] = "an ONNX file";
  w->note_count = count_notes(notes);
  UMBRA_TRY(umbra_alloc(&w->nodes, nodes, sizeof *w->nodes, what));
  UMBRA_TRY(umbra_alloc(&w->node_list, nodes, sizeof(UmbraOnnx__Node *), what));
  UMBRA_TRY(umbra_alloc(&w->tensors, tensors, sizeof *w->tensors, what));
  UMBRA_TRY(umbra_alloc(&w->tensor_list, tensors, sizeof(UmbraOnnx__Tensor *), what));
  UMBRA_TRY(umbra_alloc(&w->values, values, sizeof *w->values, what));
  UMBRA_TRY(umbra_alloc(&w->value_list, values, sizeof(UmbraOnnx__ValueInfo *), what));
  UMBRA_TRY(umbra_alloc(&w->notes, w->note_count + 1, sizeof *w->notes, what));
  return umbra_alloc(&w->note_list, w->note_count + 1, sizeof(UmbraOnnx__Entry *), what);
}

static void clear(writing *w) {
  umbra_free(w->nodes);
  umbra_free(w->node_list);
  umbra_free(w->tensors);
  umbra_free(w->tensor_list);
  umbra_free(w->values);
  umbra_free(w->value_list);
  umbra_free(w->notes);
  umbra_free(w->note_list);
}

static umbra_status put_model(writing *w, const char *const *notes) {
  const umbra_model *model = w->model;
  UMBRA_TRY(make_room(w, notes));
  for (uint32_t i = 0; i < model->node_count; i++) UMBRA_TRY(put_model_node(w, i));
  describe_value(w, 0, input_name, model->nodes[0].count);
  for (size_t k = 0; k < model->output_count; k++) UMBRA_TRY(put_output(w, k));
  put_notes(w, notes);
  return UMBRA_OK;
}

typedef struct packed {
  uint8_t *bytes;
  size_t size;
} packed;

static umbra_status write_packed(int file, void *argument) {
  const packed *p = argument;
  return umbra_storage_write(file, p->bytes, p->size);
}

static umbra_status write_file(const UmbraOnnx__Model *file, const char *path) {
  packed p = {.size = umbra_onnx__model__get_packed_size(file)};
  if (p.size >= MOST_BYTES) return umbra_fail(UMBRA_ERROR_RANGE, "an ONNX file has less than 2 GiB");
  UMBRA_TRY(umbra_alloc(&p.bytes, p.size, 1, "an ONNX file"));
  umbra_onnx__model__pack(file, p.bytes);
  umbra_status status = umbra_storage_replace(path, 0, write_packed, &p);
  umbra_free(p.bytes);
  return status;
}

static umbra_status write_model(writing *w, const char *path) {
  UmbraOnnx__Model file = UMBRA_ONNX__MODEL__INIT;
  UmbraOnnx__Graph graph = UMBRA_ONNX__GRAPH__INIT;
  UmbraOnnx__OperatorSet set = UMBRA_ONNX__OPERATOR_SET__INIT, *sets = &set;
  set.version = OPSET;
  graph.name = "umbra";
  graph.node = w->node_list;
  graph.n_node = w->node_count;
  graph.initializer = w->tensor_list;
  graph.n_initializer = w->tensor_count;
  graph.input = w->value_list;
  graph.n_input = 1;
  graph.output = w->value_list + 1;
  graph.n_output = w->model->output_count;
  file.ir_version = IR_VERSION;
  file.producer_name = "umbra";
  file.producer_version = (char *)(uintptr_t)umbra_version();
  file.graph = &graph;
  file.opset_import = &sets;
  file.n_opset_import = 1;
  file.metadata_props = w->note_list;
  file.n_metadata_props = w->note_count;
  return write_file(&file, path);
}

umbra_status umbra_model_export(const umbra_model *model, const char *path, const char *const *notes) {
  if (!model || !path) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s is NULL", model ? "path" : "model");
  if (!model->output_count) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a model without an output is no file");
  writing w = {.model = model};
  umbra_status status = put_model(&w, notes);
  if (status == UMBRA_OK) status = write_model(&w, path);
  clear(&w);
  return status;
}
