/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a graph, which the owner computes after decryption. */
#include "../../base/arrays.h"
#include "../../base/error.h"
#include "attributes.h"
#include "handlers.h"

/* A copy of the value in the order of its node, for steps that see all its elements. */
static umbra_status settled(umbra_onnx_node *n, umbra_onnx_value *made, const umbra_onnx_value *x) {
  umbra_onnx_value own;
  UMBRA_TRY(umbra_onnx_settled(n, &own, x));
  return umbra_onnx_copy(made, &own, &n->import->budget);
}

static umbra_status append(umbra_onnx_value *made, umbra_closing step) {
  if (made->step_count && made->steps[made->step_count - 1] == UMBRA_CLOSING_ARGMAX)
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "it follows a label or argmax");
  if (made->step_count == UMBRA_MODEL_CLOSINGS)
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "there are more than %d closing steps", UMBRA_MODEL_CLOSINGS);
  made->steps[made->step_count++] = step;
  return UMBRA_OK;
}

umbra_status umbra_onnx_give_closed(umbra_onnx_node *n, size_t k, const umbra_onnx_value *value, umbra_closing step) {
  umbra_onnx_value made = {0};
  umbra_status status = settled(n, &made, value);
  if (status == UMBRA_OK) status = append(&made, step);
  if (status == UMBRA_OK && step == UMBRA_CLOSING_ARGMAX) status = umbra_onnx_set_dims(&made, (const size_t[]){1}, 1);
  return umbra_onnx_give(n, k, status, &made);
}

/* A step over all elements of a record: the axis has them all. */
static umbra_status check_axis(umbra_onnx_node *n, int64_t axis, const char *step) {
  const umbra_onnx_value *x = umbra_onnx_input(n, 0);
  if (x->kind != UMBRA_ONNX_FLOWING) return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "its input does not depend on records");
  UMBRA_TRY(umbra_onnx_axis_of(&axis, x->rank));
  if (axis != 0 && x->dims[axis] == x->count) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_UNSUPPORTED,
                    "%s over a part of a record is reserved; only the last step can be one, "
                    "over all elements",
                    step);
}

umbra_status umbra_onnx_softmax(umbra_onnx_node *n) {
  const umbra_onnx_value *x = umbra_onnx_input(n, 0);
  int old = n->import->opset < 13; /* then it was over all dimensions from the axis on */
  int64_t axis = umbra_onnx_int(n->proto, "axis", old ? 1 : -1);
  if (!old || axis != 1 || x->kind != UMBRA_ONNX_FLOWING) UMBRA_TRY(check_axis(n, axis, "a softmax"));
  return umbra_onnx_give_closed(n, 0, x, UMBRA_CLOSING_SOFTMAX);
}

umbra_status umbra_onnx_argmax(umbra_onnx_node *n) {
  const umbra_onnx_value *x = umbra_onnx_input(n, 0);
  UMBRA_TRY(check_axis(n, umbra_onnx_int(n->proto, "axis", 0), "an argmax"));
  if (umbra_onnx_int(n->proto, "select_last_index", 0))
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "select_last_index; only the first largest element can be had");
  umbra_onnx_value made = {0};
  size_t dims[UMBRA_ONNX_RANK] = {1, 1, 1, 1, 1, 1, 1, 1};
  umbra_status status = settled(n, &made, x);
  if (status == UMBRA_OK) status = append(&made, UMBRA_CLOSING_ARGMAX);
  size_t rank = umbra_onnx_int(n->proto, "keepdims", 1) ? x->rank : x->rank - 1;
  if (status == UMBRA_OK) status = umbra_onnx_set_dims(&made, dims, rank);
  return umbra_onnx_give(n, 0, status, &made);
}

umbra_status umbra_onnx_label(umbra_onnx_node *n, const umbra_onnx_value *index, size_t rank) {
  static const size_t dims[UMBRA_ONNX_RANK] = {1, 1, 1, 1, 1, 1, 1, 1};
  const umbra_onnx_value *labels = umbra_onnx_input(n, 0);
  UMBRA_TRY(umbra_onnx_need_number(n, 0, "what it picks from"));
  if (!index->step_count || index->steps[index->step_count - 1] != UMBRA_CLOSING_ARGMAX || index->labels)
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "it picks elements by values that depend on the records");
  if (labels->count != index->node_count)
    return umbra_fail(UMBRA_ERROR_FORMAT, "it has %zu labels for %zu classes", labels->count, index->node_count);
  umbra_onnx_value made = {0};
  UMBRA_TRY(umbra_onnx_spend(&n->import->budget, labels->count));
  umbra_status status = umbra_onnx_copy(&made, index, &n->import->budget);
  if (status == UMBRA_OK) status = umbra_copy_bytes(&made.labels, labels->data, labels->count, sizeof *made.labels);
  if (status == UMBRA_OK) status = umbra_onnx_set_dims(&made, dims, rank);
  return umbra_onnx_give(n, 0, status, &made);
}

umbra_status umbra_onnx_feature_extractor(umbra_onnx_node *n) {
  if (umbra_onnx_input(n, 1)->kind != UMBRA_ONNX_FLOWING)
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "it picks by an index that does not depend on the records");
  return umbra_onnx_label(n, n->inputs[1], 1);
}

umbra_status umbra_onnx_normalizer(umbra_onnx_node *n) {
  static const char *const norms[] = {"MAX", "L1", "L2", NULL};
  static const umbra_closing steps[] = {UMBRA_CLOSING_NORMALIZE_MAX, UMBRA_CLOSING_NORMALIZE_L1,
                                        UMBRA_CLOSING_NORMALIZE_L2};
  int norm;
  UMBRA_TRY(umbra_onnx_choice(&norm, n->proto, "norm", norms));
  UMBRA_TRY(check_axis(n, -1, "a norm"));
  return umbra_onnx_give_closed(n, 0, n->inputs[0], steps[norm]);
}

/* Probabilities by the names of their classes are the probabilities in the classes' order. */
umbra_status umbra_onnx_zip_map(umbra_onnx_node *n) {
  const UmbraOnnx__Attribute *ints = umbra_onnx_attribute(n->proto, "classlabels_int64s");
  const UmbraOnnx__Attribute *texts = umbra_onnx_attribute(n->proto, "classlabels_strings");
  size_t classes = (ints ? ints->n_ints : 0) + (texts ? texts->n_strings : 0);
  UMBRA_TRY(check_axis(n, -1, "a map of classes"));
  if (classes != n->inputs[0]->count)
    return umbra_fail(UMBRA_ERROR_FORMAT, "it names %zu classes of %zu", classes, n->inputs[0]->count);
  return umbra_onnx_identity(n);
}
