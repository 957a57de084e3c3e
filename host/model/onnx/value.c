/* SPDX-License-Identifier: Apache-2.0 */
#include "value.h"

#include <string.h>

#include "../../base/arrays.h"
#include "../../base/error.h"
#include "../../base/memory.h"
#include "../graph.h"

void umbra_onnx_clear(umbra_onnx_value *value) {
  umbra_free(value->data);
  umbra_free(value->batch);
  umbra_free(value->source);
  umbra_free(value->labels);
  *value = (umbra_onnx_value){0};
}

umbra_status umbra_onnx_spend(umbra_onnx_budget *budget, size_t count) {
  if (count > budget->left)
    return umbra_fail(UMBRA_ERROR_RANGE, "the file makes more numbers than a model of its size needs");
  budget->left -= count;
  return UMBRA_OK;
}

umbra_status umbra_onnx_set_dims(umbra_onnx_value *value, const size_t *dims, size_t rank) {
  if (rank > UMBRA_ONNX_RANK)
    return umbra_fail(UMBRA_ERROR_FORMAT, "a tensor of %zu dimensions; at most %d are possible", rank, UMBRA_ONNX_RANK);
  value->rank = rank;
  value->count = 1;
  for (size_t d = 0; d < rank; d++) {
    value->dims[d] = dims[d];
    if (__builtin_mul_overflow(value->count, dims[d], &value->count) || value->count > (SIZE_MAX >> 8))
      return umbra_fail(UMBRA_ERROR_FORMAT, "a tensor has more elements than there can be");
  }
  return UMBRA_OK;
}

umbra_status umbra_onnx_make_constant(umbra_onnx_value *value, umbra_onnx_budget *budget, const size_t *dims,
                                      size_t rank) {
  value->kind = UMBRA_ONNX_CONSTANT;
  UMBRA_TRY(umbra_onnx_set_dims(value, dims, rank));
  UMBRA_TRY(umbra_onnx_spend(budget, value->count));
  return umbra_alloc(&value->data, value->count, sizeof *value->data, "a tensor");
}

umbra_status umbra_onnx_copy(umbra_onnx_value *copy, const umbra_onnx_value *value, umbra_onnx_budget *budget) {
  if (value->data || value->source) UMBRA_TRY(umbra_onnx_spend(budget, value->count));
  if (value->labels) UMBRA_TRY(umbra_onnx_spend(budget, value->node_count));
  *copy = *value;
  copy->data = copy->labels = NULL;
  copy->batch = NULL;
  copy->source = NULL;
  UMBRA_TRY(umbra_copy_bytes(&copy->data, value->data, value->count, sizeof *value->data));
  UMBRA_TRY(umbra_copy_bytes(&copy->batch, value->batch, value->count, 1));
  UMBRA_TRY(umbra_copy_bytes(&copy->source, value->source, value->count, sizeof *value->source));
  return umbra_copy_bytes(&copy->labels, value->labels, value->node_count, sizeof *value->labels);
}

umbra_status umbra_onnx_reshaped(umbra_onnx_value *made, const umbra_onnx_value *value, umbra_onnx_budget *budget,
                                 const size_t *dims, size_t rank) {
  UMBRA_TRY(umbra_onnx_copy(made, value, budget));
  UMBRA_TRY(umbra_onnx_set_dims(made, dims, rank));
  return made->count == value->count
             ? UMBRA_OK
             : umbra_fail(UMBRA_ERROR_FORMAT, "%zu elements cannot become %zu", value->count, made->count);
}

/* ---- moving ---- */

umbra_onnx_axis umbra_onnx_whole_axis(const umbra_onnx_value *value, size_t d) {
  return (umbra_onnx_axis){value->dims[d], d, 0, 1, NULL};
}

/* Where element `index` of a moved value was; below 0: nowhere. */
static int64_t origin(size_t index, const umbra_onnx_value *value, const umbra_onnx_axis *axes, size_t rank,
                      const size_t *strides) {
  int64_t at = 0;
  for (size_t d = rank; d-- > 0;) {
    int64_t i = (int64_t)(index % axes[d].length);
    index /= axes[d].length;
    if (axes[d].of >= value->rank) continue;
    int64_t from = axes[d].list ? axes[d].list[i] : axes[d].start + axes[d].step * i;
    if (from < 0 || (uint64_t)from >= value->dims[axes[d].of]) return -1;
    at += from * (int64_t)strides[axes[d].of];
  }
  return at;
}

static umbra_status make_moved(umbra_onnx_value *made, const umbra_onnx_value *value) {
  if (value->data) UMBRA_TRY(umbra_alloc(&made->data, made->count, sizeof *made->data, "a tensor"));
  if (value->batch) UMBRA_TRY(umbra_alloc(&made->batch, made->count, 1, "a tensor"));
  if (value->kind == UMBRA_ONNX_FLOWING)
    UMBRA_TRY(umbra_alloc(&made->source, made->count, sizeof *made->source, "a value"));
  return UMBRA_OK;
}

static void move_element(umbra_onnx_value *made, size_t i, const umbra_onnx_value *value, int64_t from) {
  if (made->data) made->data[i] = from < 0 ? 0 : value->data[from];
  if (made->batch) made->batch[i] = from < 0 ? 0 : value->batch[from];
  if (made->source) made->source[i] = from < 0 ? -1 : value->source ? value->source[from] : (int32_t)from;
}

/* A source that changes nothing is none. */
static void forget_identity(umbra_onnx_value *made) {
  if (!made->source || made->count != made->node_count) return;
  for (size_t i = 0; i < made->count; i++)
    if (made->source[i] != (int32_t)i) return;
  umbra_free(made->source);
  made->source = NULL;
}

/* Without multiples of the batch's size there are but numbers. */
static void forget_batch(umbra_onnx_value *made) {
  for (size_t i = 0; made->batch && i < made->count; i++)
    if (made->batch[i]) return;
  umbra_free(made->batch);
  made->batch = NULL;
}

umbra_status umbra_onnx_move(umbra_onnx_value *made, const umbra_onnx_value *value, umbra_onnx_budget *budget,
                             const umbra_onnx_axis *axes, size_t rank) {
  size_t dims[UMBRA_ONNX_RANK], strides[UMBRA_ONNX_RANK], stride = 1;
  for (size_t d = value->rank; d-- > 0; stride *= value->dims[d]) strides[d] = stride;
  for (size_t d = 0; d < rank && d < UMBRA_ONNX_RANK; d++) dims[d] = axes[d].length;
  made->kind = value->kind;
  made->integer = value->integer;
  made->texts = value->texts;
  made->node = value->node;
  made->node_count = value->node_count;
  UMBRA_TRY(umbra_onnx_set_dims(made, dims, rank));
  if (!made->count && value->kind == UMBRA_ONNX_FLOWING)
    return umbra_fail(UMBRA_ERROR_FORMAT, "nothing is left of its input");
  UMBRA_TRY(umbra_onnx_spend(budget, made->count));
  UMBRA_TRY(make_moved(made, value));
  for (size_t i = 0; i < made->count; i++) move_element(made, i, value, origin(i, value, axes, rank, strides));
  forget_identity(made);
  forget_batch(made);
  return UMBRA_OK;
}

int umbra_onnx_is_permutation(const umbra_onnx_value *value) {
  if (!value->source) return 1;
  if (value->count != value->node_count) return 0;
  uint8_t *seen;
  if (umbra_alloc(&seen, value->node_count, 1, "a value") != UMBRA_OK) return 0;
  int each = 1;
  for (size_t i = 0; each && i < value->count; i++) {
    each = value->source[i] >= 0 && !seen[value->source[i]];
    if (each) seen[value->source[i]] = 1;
  }
  umbra_free(seen);
  return each;
}
