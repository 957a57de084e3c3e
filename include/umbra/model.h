/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks as graphs: built call by call or imported from ONNX, and computed in the clear, in doubles.
 *
 * A value belongs to one record; the batch is none of its dimensions, so any number of records goes through a model. Its
 * elements are in row order. Images are (channels, rows, columns). The input is node 0; each call adds a node behind those
 * it reads, with its number in *node. All numbers that a call is given are copied.
 *
 * Limits, so that no file makes a process huge or slow: 2^16 nodes, 2^22 elements in a value, 2^25 in all values, 2^36
 * products for a record, 2^10 outputs.
 */
#ifndef UMBRA_MODEL_H
#define UMBRA_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include <umbra/comparison.h>
#include <umbra/fit.h>
#include <umbra/ndarray.h>
#include <umbra/progress.h>
#include <umbra/status.h>

UMBRA_BEGIN_DECLS

/* Dimensions of a value beside the batch. */
enum { UMBRA_MODEL_RANK = 7 };

typedef struct umbra_model umbra_model;

/* What a node does. Reserved kinds are refused by name (UNSUPPORTED). */
typedef enum umbra_node_kind {
  UMBRA_NODE_INPUT = 0,
  UMBRA_NODE_DENSE = 1,
  UMBRA_NODE_CONV2D = 2,
  UMBRA_NODE_AVERAGE_POOL = 3,
  UMBRA_NODE_GLOBAL_POOL = 4, /* the mean of each channel */
  UMBRA_NODE_ACTIVATION = 5,
  UMBRA_NODE_POLYNOMIAL = 6,
  UMBRA_NODE_ADD = 7,    /* the sum of values of one size */
  UMBRA_NODE_CONCAT = 8, /* one value after the other: of images their channels */
  UMBRA_NODE_RESHAPE = 9,
  UMBRA_NODE_SCALE_SHIFT = 10,
  UMBRA_NODE_SELECT = 11,
  UMBRA_NODE_PRODUCT = 12,      /* reserved: products of two values, element by element */
  UMBRA_NODE_MATMUL = 13,       /* reserved: matmul(a, b) of two values */
  UMBRA_NODE_LAYER_NORM = 14,   /* reserved */
  UMBRA_NODE_SOFTMAX = 15,      /* reserved: a softmax that is not the last step */
  UMBRA_NODE_REFRESH_WITH = 16, /* reserved: a refresh that applies a function */
  UMBRA_NODE_CHEBYSHEV = 17,    /* a polynomial on an interval */
  UMBRA_NODE_SIGN_RELU = 18,    /* max(x, 0) by a composite sign */
  UMBRA_NODE_KINDS = 19
} umbra_node_kind;

/* "conv2d", "layer_norm" and so on; "unknown" for what is none. */
UMBRA_API const char *umbra_node_kind_name(umbra_node_kind kind);

/* What the owner does with an output after decryption, along its elements. */
typedef enum umbra_closing {
  UMBRA_CLOSING_SOFTMAX = 0,
  UMBRA_CLOSING_LOGISTIC = 1,      /* the sigmoid of each element */
  UMBRA_CLOSING_NORMALIZE_L1 = 2,  /* divided by the sum of absolute values; zeros stay */
  UMBRA_CLOSING_NORMALIZE_L2 = 3,  /* by the root of the sum of squares */
  UMBRA_CLOSING_NORMALIZE_MAX = 4, /* by the largest absolute value */
  UMBRA_CLOSING_ARGMAX = 5         /* the first largest element's index, or its label: the last step */
} umbra_closing;
enum { UMBRA_MODEL_CLOSINGS = 4 };

/* Windows of convolutions and pools over (channels, rows, columns): pairs are rows first. */
typedef struct umbra_model_window {
  size_t struct_size;
  size_t channels; /* convolution: of the result */
  size_t groups;   /* convolution: of channels that see each other */
  size_t kernel[2], stride[2];
  size_t dilation[2]; /* convolution */
  size_t before[2];   /* zeros above and on the left */
  size_t after[2];    /* zeros below and on the right */
  int count_zeros;    /* pool: whether zeros around the image count in the mean */
} umbra_model_window;
#define UMBRA_MODEL_WINDOW_INIT \
  .struct_size = sizeof(umbra_model_window), .groups = 1, .kernel = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}
UMBRA_API void umbra_model_window_init(umbra_model_window *window, size_t size);
#define umbra_model_window_init(window) umbra_model_window_init((window), sizeof *(window))

/* ---- building ---- */

/*
 * A model with nothing but its input, of 1 to UMBRA_MODEL_RANK dimensions. Errors here and below: INVALID_ARGUMENT (shapes,
 * and inputs that are no nodes), RANGE (over a limit, or a number that is not finite), OUT_OF_MEMORY.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_model_create(umbra_model **model, const size_t *shape, size_t rank);
UMBRA_API void umbra_model_destroy(umbra_model *model);

/* weights: outputs x (elements of the input), row by row. bias: outputs values, or NULL. Result: (outputs). */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_model_dense(umbra_model *model, uint32_t *node, uint32_t input,
                                                        size_t outputs, const double *weights, const double *bias);

/*
 * A convolution, as networks call the correlation: result[o][i][j] = bias[o] + the sum over c, u, v of
 * weights[o][c][u][v] * input[channel c of o's group][i * stride + u * dilation - before][...]. weights: channels x
 * (channels of the input / groups) x kernel.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_model_conv2d(umbra_model *model, uint32_t *node, uint32_t input,
                                                         const double *weights, const double *bias,
                                                         const umbra_model_window *window);

UMBRA_MUST_USE UMBRA_API umbra_status umbra_model_average_pool(umbra_model *model, uint32_t *node, uint32_t input,
                                                               const umbra_model_window *window);

/* Any function with a name but those that are not defined everywhere. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_model_activation(umbra_model *model, uint32_t *node, uint32_t input,
                                                             umbra_function function);

/* The sum of coefficients[k] x^k; {0, 0, 1} is the square. count: 2 to UMBRA_MAX_DEGREE + 1. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_model_polynomial(umbra_model *model, uint32_t *node, uint32_t input,
                                                             const double *coefficients, size_t count);

/*
 * The sum of coefficients[k] T_k(t), t = (2 x - lo - hi) / (hi - lo), as umbra_chebyshev_fit finds it. count: as above;
 * interval: lo and hi. Nothing is promised of values outside of it, so a run that meets one fails.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_model_chebyshev(umbra_model *model, uint32_t *node, uint32_t input,
                                                            const double *coefficients, size_t count,
                                                            const double interval[2]);

/* x (1 + s(x / range)) / 2, s being the plan's sign, whose own range is 1. The interval is [-range, range]. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_model_sign_relu(umbra_model *model, uint32_t *node, uint32_t input,
                                                            const umbra_sign_plan *plan, double range);

/* x * scale + shift; scale or shift may be NULL. count: 1, the first dimension (per channel), or all elements. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_model_scale_shift(umbra_model *model, uint32_t *node, uint32_t input,
                                                              const double *scale, const double *shift, size_t count);

/* The same elements under another shape; {n} flattens. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_model_reshape(umbra_model *model, uint32_t *node, uint32_t input,
                                                          const size_t *shape, size_t rank);

/*
 * Element i of the result is element source[i] of the input, or 0 where that is negative: what slices, pads and
 * transposes. Result: one dimension of count elements; umbra_model_reshape gives it another shape.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_model_select(umbra_model *model, uint32_t *node, uint32_t input,
                                                         const int32_t *source, size_t count);

/*
 * GLOBAL_POOL of one input, ADD and CONCAT of any number. Errors: also UNSUPPORTED (reserved kinds), INVALID_ARGUMENT
 * (kinds that have calls of their own).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_model_apply(umbra_model *model, uint32_t *node, umbra_node_kind kind,
                                                        const uint32_t *inputs, size_t count);

/*
 * Makes a node an output, under a name that no other has, with up to UMBRA_MODEL_CLOSINGS steps of which only the last
 * may be ARGMAX. labels: what ARGMAX gives instead of the index, one for each element; or NULL.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_model_output(umbra_model *model, const char *name, uint32_t node,
                                                         const umbra_closing *steps, size_t count,
                                                         const double *labels);

/* ---- import ---- */

/*
 * Reads an ONNX file: opsets 9 to 22, ai.onnx.ml 1 to 5; weights in the file, or in files of its folder and below it.
 * What can be computed beforehand is; normalisations, scalings and transposes vanish into weights where they can. One
 * input, whose first dimension is the batch, whatever the file says of its size. The tail (softmax, argmax, labels) is
 * the owner's closing step; labels that are texts become their index.
 * Errors: IO; FORMAT (malformed, or more than its limits); UNSUPPORTED, with the node's name, its type, and what could
 * take its place; INVALID_ARGUMENT (NULL), OUT_OF_MEMORY.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_model_import(umbra_model **model, const char *path);

/* ---- export ---- */

/*
 * Writes an ONNX file, whole or not at all: opset 13, in doubles, with one input "x" of (batch, elements) and the model's
 * outputs by their names, each after its softmax or sigmoid, if it has one. It can have dense layers, scales and shifts,
 * sums, squares, and the activations relu, sigmoid, tanh, erf and softplus, on values of one dimension. notes: what goes into the
 * file's metadata: a key and a text in turns, in UTF-8, and NULL at the end; or NULL. Errors: UNSUPPORTED (anything else,
 * with its name), INVALID_ARGUMENT (NULL; no output; an output called "x" or "/..."), RANGE (2 GiB), IO, OUT_OF_MEMORY.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_model_export(const umbra_model *model, const char *path,
                                                         const char *const *notes);

/* ---- looking ---- */

UMBRA_API size_t umbra_model_nodes(const umbra_model *model);
UMBRA_API umbra_node_kind umbra_model_kind(const umbra_model *model, size_t node);
UMBRA_API size_t umbra_model_outputs(const umbra_model *model);
/* NULL if there are not so many. It belongs to the model. */
UMBRA_API const char *umbra_model_output_name(const umbra_model *model, size_t output);

/* ---- computing in the clear ---- */

/*
 * An output for records: an array of (records, input's shape), or (records, elements). The result has the records first;
 * of ARGMAX one number each. Errors: INVALID_ARGUMENT (no such output), MISMATCH (shape), RANGE (a result that is not
 * finite, or a value outside a polynomial's interval: the text says of which record and node), CANCELLED.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_model_run(const umbra_model *model, umbra_ndarray *results,
                                                      const umbra_ndarray *records, size_t output,
                                                      const umbra_progress *progress);

UMBRA_END_DECLS

#endif
