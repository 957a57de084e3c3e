/* SPDX-License-Identifier: Apache-2.0 */
/* The graph behind umbra/model.h: nodes in an order in which each follows those that it reads. */
#ifndef UMBRA_MODEL_GRAPH_H
#define UMBRA_MODEL_GRAPH_H

#include <umbra/model.h>

enum {
  UMBRA_MODEL_MAX_NODES = 1 << 16,
  UMBRA_MODEL_MAX_VALUE = 1 << 22,
  UMBRA_MODEL_MAX_TOTAL = 1 << 25,
  UMBRA_MODEL_MAX_OUTPUTS = 1 << 10
};
#define UMBRA_MODEL_MAX_WORK (UINT64_C(1) << 36)

typedef struct umbra_node {
  umbra_node_kind kind;
  char *title; /* what messages call it; NULL: its kind and number */
  uint32_t *inputs;
  size_t input_count;
  size_t rank, shape[UMBRA_MODEL_RANK], count; /* count: elements of the result */
  /*
   * DENSE, CONV2D: weights, and shift: the bias. SCALE_SHIFT: both of `units` values, each for count / units elements in
   * a row. POLYNOMIAL, CHEBYSHEV: weights are its `units` coefficients. shift is NULL where it is 0.
   */
  double *weights, *shift;
  size_t units;
  umbra_model_window window; /* CONV2D, AVERAGE_POOL */
  umbra_function function;   /* ACTIVATION */
  umbra_sign_plan *sign;     /* SIGN_RELU: of x / hi */
  double lo, hi;             /* CHEBYSHEV, SIGN_RELU: the interval */
  int32_t *source;           /* SELECT */
  uint64_t work;             /* products of one record, about */
} umbra_node;

typedef struct umbra_output {
  char *name;
  uint32_t node;
  umbra_closing steps[UMBRA_MODEL_CLOSINGS];
  size_t step_count;
  double *labels;
  size_t rank, shape[UMBRA_MODEL_RANK]; /* of a result; rank 0 is one number */
} umbra_output;

struct umbra_model {
  umbra_node *nodes;
  size_t node_count, node_room;
  umbra_output *outputs;
  size_t output_count;
  size_t elements; /* of all values */
  uint64_t work;   /* of all nodes */
};

/* The result's shape as the file has it, of as many elements. */
void umbra_output_shape(umbra_output *output, const size_t *shape, size_t rank);

void umbra_node_clear(umbra_node *node);

/* Weights of one of its units: of a dense layer's element, of a convolution's channel; elsewhere 1. */
size_t umbra_node_row(const umbra_model *model, const umbra_node *node);

/* marks[i], zero before, becomes 1 of the node, of those that it is made from, and of the input. */
void umbra_model_mark_needed(uint8_t *marks, const umbra_model *model, uint32_t node);

/* How often a window fits along side d, 0 or 1, of so many pixels with its zeros; 0: not once. */
size_t umbra_window_positions(const umbra_model_window *window, int d, size_t length);

/* All of it, under an address of its own. */
umbra_status umbra_model_copy(umbra_model **copy, const umbra_model *model);

/* elements: of the value before its closing steps. If it fails, what was copied so far is in the copy. */
umbra_status umbra_output_copy(umbra_output *copy, const umbra_output *output, size_t elements);

/* A node that multiplies two values of one size, for umbra_model_simplify to make something else of. */
umbra_status umbra_model_product(umbra_model *model, uint32_t *node, uint32_t a, uint32_t b);

/* Names the node in messages. title: copied. */
umbra_status umbra_model_title(umbra_model *model, uint32_t node, const char *title);

/* A text such as "node '/Mul' (Mul)" or "node 7 (dense)". */
enum { UMBRA_NODE_TEXT = 160 };
const char *umbra_node_text(char text[UMBRA_NODE_TEXT], const umbra_model *model, uint32_t node);

#endif
