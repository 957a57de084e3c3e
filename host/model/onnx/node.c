/* SPDX-License-Identifier: Apache-2.0 */
/* What the handlers of operators share: inputs, outputs, and nodes of the model. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../../base/error.h"
#include "../../base/memory.h"
#include "attributes.h"
#include "import.h"

enum { TEXT = 512 };

/* ---- inputs ---- */

const umbra_onnx_value *umbra_onnx_input(const umbra_onnx_node *n, size_t i) {
  static const umbra_onnx_value absent = {0};
  return i < n->count ? n->inputs[i] : &absent;
}

int umbra_onnx_is_constant(const umbra_onnx_node *n, size_t i) {
  return umbra_onnx_input(n, i)->kind == UMBRA_ONNX_CONSTANT;
}

int umbra_onnx_all_constant(const umbra_onnx_node *n) {
  for (size_t i = 0; i < n->count; i++)
    if (n->inputs[i]->kind == UMBRA_ONNX_FLOWING) return 0;
  return 1;
}

umbra_status umbra_onnx_need_constant(const umbra_onnx_node *n, size_t i, const char *what) {
  const umbra_onnx_value *v = umbra_onnx_input(n, i);
  if (v->kind == UMBRA_ONNX_ABSENT) return umbra_fail(UMBRA_ERROR_FORMAT, "%s is missing", what);
  if (v->kind == UMBRA_ONNX_FLOWING)
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "%s depends on the records, and has to be constant", what);
  return UMBRA_OK;
}

umbra_status umbra_onnx_need_number(const umbra_onnx_node *n, size_t i, const char *what) {
  UMBRA_TRY(umbra_onnx_need_constant(n, i, what));
  return umbra_onnx_input(n, i)->batch
             ? umbra_fail(UMBRA_ERROR_UNSUPPORTED, "%s depends on the size of the batch, which may be any", what)
             : UMBRA_OK;
}

umbra_status umbra_onnx_need_flowing(const umbra_onnx_node *n, size_t i) {
  const umbra_onnx_value *v = umbra_onnx_input(n, i);
  if (v->kind == UMBRA_ONNX_ABSENT) return umbra_fail(UMBRA_ERROR_FORMAT, "input %zu is missing", i + 1);
  if (v->kind == UMBRA_ONNX_CONSTANT)
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "input %zu is constant, which this cannot be computed for", i + 1);
  if (v->step_count)
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "it follows a %s, which only the owner can compute, as the last step",
                      v->steps[v->step_count - 1] == UMBRA_CLOSING_ARGMAX ? "label or argmax" : "softmax or the like");
  return UMBRA_OK;
}

static int64_t to_integer(double x) {
  return x >= 0x1p62 ? INT64_MAX / 2 : x <= -0x1p62 ? -(INT64_MAX / 2) : (int64_t)x;
}

static umbra_status integers_of(const umbra_onnx_node *n, int64_t **values, size_t *count, const umbra_onnx_value *v) {
  UMBRA_TRY(umbra_onnx_spend(&n->import->budget, v->count));
  UMBRA_TRY(umbra_alloc(values, v->count, sizeof **values, "integers"));
  *count = v->count;
  for (size_t i = 0; i < v->count; i++) {
    if (!(v->batch && v->batch[i]) && floor(v->data[i]) == v->data[i]) {
      (*values)[i] = to_integer(v->data[i]);
      continue;
    }
    umbra_free(*values);
    *values = NULL;
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "a number that has to be an integer is none, or the batch's size");
  }
  return UMBRA_OK;
}

umbra_status umbra_onnx_integers(const umbra_onnx_node *n, int64_t **values, size_t *count, const char *attribute,
                                 size_t i) {
  const UmbraOnnx__Attribute *a = attribute ? umbra_onnx_attribute(n->proto, attribute) : NULL;
  *values = NULL;
  *count = 0;
  if (!a && umbra_onnx_input(n, i)->kind == UMBRA_ONNX_ABSENT) return UMBRA_OK;
  if (!a) {
    UMBRA_TRY(umbra_onnx_need_constant(n, i, attribute ? attribute : "an input"));
    return integers_of(n, values, count, umbra_onnx_input(n, i));
  }
  UMBRA_TRY(umbra_alloc(values, a->n_ints, sizeof **values, "integers"));
  *count = a->n_ints;
  for (size_t k = 0; k < a->n_ints; k++) (*values)[k] = to_integer((double)a->ints[k]);
  return UMBRA_OK;
}

umbra_status umbra_onnx_axis_of(int64_t *axis, size_t rank) {
  if (*axis < 0) *axis += (int64_t)rank;
  return *axis >= 0 && *axis < (int64_t)rank
             ? UMBRA_OK
             : umbra_fail(UMBRA_ERROR_FORMAT, "there is no axis %lld of %zu", (long long)*axis, rank);
}

/* ---- outputs ---- */

umbra_status umbra_onnx_give(umbra_onnx_node *n, size_t k, umbra_status status, umbra_onnx_value *made) {
  if (status == UMBRA_OK && k < n->proto->n_output && *n->proto->output[k])
    return umbra_onnx_names_add(&n->import->names, n->proto->output[k], made);
  umbra_onnx_clear(made);
  return status;
}

static umbra_status title(umbra_onnx_node *n, uint32_t node) {
  return umbra_model_title(n->import->model, node, n->title);
}

umbra_status umbra_onnx_give_node(umbra_onnx_node *n, umbra_status status, const uint32_t *node, const size_t *dims,
                                  size_t rank) {
  UMBRA_TRY(status);
  umbra_onnx_value made = {.kind = UMBRA_ONNX_FLOWING, .node = *node};
  size_t all[UMBRA_ONNX_RANK] = {1};
  if (rank >= UMBRA_ONNX_RANK) return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "a value has %zu dimensions", rank + 1);
  if (rank) memcpy(all + 1, dims, rank * sizeof *dims);
  UMBRA_TRY(umbra_onnx_set_dims(&made, all, rank + 1));
  made.node_count = n->import->model->nodes[*node].count;
  UMBRA_TRY(title(n, *node));
  return umbra_onnx_give(n, 0, UMBRA_OK, &made);
}

umbra_status umbra_onnx_give_like(umbra_onnx_node *n, umbra_status status, const uint32_t *node,
                                  const umbra_onnx_value *value) {
  UMBRA_TRY(status);
  UMBRA_TRY(title(n, *node));
  umbra_onnx_value made = {0};
  status = umbra_onnx_copy(&made, value, &n->import->budget);
  made.node = *node;
  return umbra_onnx_give(n, 0, status, &made);
}

/* ---- the model ---- */

static int is_settled(const umbra_node *node, const umbra_onnx_value *value) {
  return node->kind == UMBRA_NODE_SELECT && node->inputs[0] == value->node && node->count == value->count &&
         memcmp(node->source, value->source, value->count * sizeof *value->source) == 0;
}

/* One of the last nodes: both factors of x * f(x) are to be functions of one node. */
static int was_settled(const umbra_model *model, uint32_t *node, const umbra_onnx_value *value) {
  enum { NEAR = 32 };
  const size_t count = model->node_count;
  for (size_t i = count; i-- > 0 && count - i <= NEAR;) {
    if (!is_settled(&model->nodes[i], value)) continue;
    *node = (uint32_t)i;
    return 1;
  }
  return 0;
}

umbra_status umbra_onnx_settle(umbra_onnx_node *n, uint32_t *node, const umbra_onnx_value *value) {
  umbra_model *model = n->import->model;
  *node = value->node;
  if (!value->source || was_settled(model, node, value)) return UMBRA_OK;
  UMBRA_TRY(umbra_model_select(model, node, value->node, value->source, value->count));
  return title(n, *node);
}

umbra_status umbra_onnx_settled(umbra_onnx_node *n, umbra_onnx_value *made, const umbra_onnx_value *x) {
  *made = *x;
  if (!x->source) return UMBRA_OK;
  made->source = NULL;
  made->node_count = x->count;
  return umbra_onnx_settle(n, &made->node, x);
}

/* ---- errors ---- */

umbra_status umbra_onnx_blame(umbra_status status, const char *what) {
  if (status == UMBRA_OK || status == UMBRA_ERROR_OUT_OF_MEMORY) return status;
  char text[TEXT];
  snprintf(text, sizeof text, "%s", umbra_last_error());
  if (status == UMBRA_ERROR_INVALID_ARGUMENT || status == UMBRA_ERROR_RANGE) status = UMBRA_ERROR_FORMAT;
  return umbra_fail(status, "%s: %s", what, text);
}
