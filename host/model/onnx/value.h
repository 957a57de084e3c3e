/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the names of an ONNX graph stand for while it is imported: numbers that are known, or elements that flow through
 * the model. Elements move (transposes, slices, pads) without a node: a value remembers where in its node each is.
 */
#ifndef UMBRA_MODEL_ONNX_VALUE_H
#define UMBRA_MODEL_ONNX_VALUE_H

#include <umbra/model.h>

enum { UMBRA_ONNX_RANK = 8 };

typedef enum umbra_onnx_kind { UMBRA_ONNX_ABSENT, UMBRA_ONNX_CONSTANT, UMBRA_ONNX_FLOWING } umbra_onnx_kind;

typedef struct umbra_onnx_value {
  umbra_onnx_kind kind;
  size_t rank, dims[UMBRA_ONNX_RANK], count; /* FLOWING: dims[0] is 1 and stands for the batch */
  /* CONSTANT */
  double *data;
  uint8_t *batch; /* elements that are to be multiplied by the size of the batch; or NULL */
  int integer;    /* whether division rounds */
  int texts;      /* data numbers texts */
  /* FLOWING */
  uint32_t node;
  size_t node_count; /* its elements */
  int32_t *source;   /* of each element, in the node's; below 0: a zero; NULL: the node's in order */
  umbra_closing steps[UMBRA_MODEL_CLOSINGS];
  size_t step_count;
  double *labels; /* node_count of them, or NULL */
} umbra_onnx_value;

void umbra_onnx_clear(umbra_onnx_value *value);

/*
 * A limit on what may be made of a file: elements of values, beside those that it holds itself. Each byte that is read adds
 * a few.
 */
enum { UMBRA_ONNX_BUDGET_FACTOR = 4 };
typedef struct umbra_onnx_budget {
  size_t left;
} umbra_onnx_budget;

/* Takes so many elements. Errors: RANGE. */
umbra_status umbra_onnx_spend(umbra_onnx_budget *budget, size_t count);

/* The product of dims into value->count. Errors: FORMAT (too many dimensions or elements). */
umbra_status umbra_onnx_set_dims(umbra_onnx_value *value, const size_t *dims, size_t rank);

/* A constant of these dims, all zeros. value: empty. */
umbra_status umbra_onnx_make_constant(umbra_onnx_value *value, umbra_onnx_budget *budget, const size_t *dims,
                                      size_t rank);

/* A copy that shares nothing. */
umbra_status umbra_onnx_copy(umbra_onnx_value *copy, const umbra_onnx_value *value, umbra_onnx_budget *budget);

/* The same elements under other dims, of the same product. */
umbra_status umbra_onnx_reshaped(umbra_onnx_value *made, const umbra_onnx_value *value, umbra_onnx_budget *budget,
                                 const size_t *dims, size_t rank);

/*
 * One dimension of a moved value: its index i is index start + step * i of dimension `of`, or list[i] of it; what that
 * has not (below 0, or beyond) is a zero. of: UMBRA_ONNX_RANK for a dimension that only repeats.
 */
typedef struct umbra_onnx_axis {
  size_t length, of;
  int64_t start, step;
  const int64_t *list; /* or NULL */
} umbra_onnx_axis;

/* All of dimension d. */
umbra_onnx_axis umbra_onnx_whole_axis(const umbra_onnx_value *value, size_t d);

/*
 * made: another value, empty. Of what flows something has to be left (FORMAT). Each dimension of `value` is named by one
 * axis at most; index 0 of one that is not.
 */
umbra_status umbra_onnx_move(umbra_onnx_value *made, const umbra_onnx_value *value, umbra_onnx_budget *budget,
                             const umbra_onnx_axis *axes, size_t rank);

/* Whether each element of the node is there exactly once. */
int umbra_onnx_is_permutation(const umbra_onnx_value *value);

#endif
