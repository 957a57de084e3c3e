/* SPDX-License-Identifier: Apache-2.0 */
/* The handlers of all operators that are known, by the file that they are in, and what these share. */
#ifndef UMBRA_MODEL_ONNX_HANDLERS_H
#define UMBRA_MODEL_ONNX_HANDLERS_H

#include "import.h"

/* constants.c: numbers that are known while the file is read */
umbra_onnx_handler umbra_onnx_constant, umbra_onnx_shape, umbra_onnx_size, umbra_onnx_constant_of_shape,
    umbra_onnx_range, umbra_onnx_sqrt, umbra_onnx_reciprocal;

/* moves.c: elements that move */
umbra_onnx_handler umbra_onnx_reshape, umbra_onnx_flatten, umbra_onnx_squeeze, umbra_onnx_unsqueeze,
    umbra_onnx_transpose, umbra_onnx_slice, umbra_onnx_gather, umbra_onnx_pad, umbra_onnx_split, umbra_onnx_expand,
    umbra_onnx_concat, umbra_onnx_identity, umbra_onnx_dropout, umbra_onnx_cast;

/* elements.c: element by element */
umbra_onnx_handler umbra_onnx_add, umbra_onnx_sub, umbra_onnx_mul, umbra_onnx_div, umbra_onnx_neg, umbra_onnx_sum,
    umbra_onnx_pow, umbra_onnx_batch_normalization, umbra_onnx_activation, umbra_onnx_gelu, umbra_onnx_clip;

/* The operator of an activation of that name; NULL: it has none. */
const char *umbra_onnx_operator_of(umbra_function function);

/* layers.c */
umbra_onnx_handler umbra_onnx_gemm, umbra_onnx_matmul, umbra_onnx_conv, umbra_onnx_average_pool, umbra_onnx_global_pool,
    umbra_onnx_reduce;

/* learn.c: ai.onnx.ml */
umbra_onnx_handler umbra_onnx_scaler, umbra_onnx_linear_regressor, umbra_onnx_linear_classifier;

/* tail.c: the owner's steps */
umbra_onnx_handler umbra_onnx_softmax, umbra_onnx_argmax, umbra_onnx_normalizer, umbra_onnx_zip_map,
    umbra_onnx_feature_extractor;

/* Output 0 becomes the result of an operator of constants, element by element with broadcasting. */
umbra_status umbra_onnx_fold(umbra_onnx_node *n);

/* Constants of -x and 1 / x of each element. made: empty. */
umbra_status umbra_onnx_negated(umbra_onnx_node *n, umbra_onnx_value *made, const umbra_onnx_value *value);
umbra_status umbra_onnx_inverted(umbra_onnx_node *n, umbra_onnx_value *made, const umbra_onnx_value *value);

/* x * scale + shift, constants or NULL, which broadcast to x, as output 0. */
umbra_status umbra_onnx_affine(umbra_onnx_node *n, const umbra_onnx_value *x, const umbra_onnx_value *scale,
                               const umbra_onnx_value *shift);

/*
 * A dense layer as a node: (weights at [output * stride_o + i * stride_i] for element i of x) * alpha, and the bias or
 * NULL.
 */
typedef struct umbra_onnx_matrix {
  const double *weights;
  size_t outputs, stride_o, stride_i;
  double alpha;
  const double *bias;
} umbra_onnx_matrix;
umbra_status umbra_onnx_dense(umbra_onnx_node *n, uint32_t *node, const umbra_onnx_value *x,
                              const umbra_onnx_matrix *matrix);

/* Output k is the value with one more step of the owner. */
umbra_status umbra_onnx_give_closed(umbra_onnx_node *n, size_t k, const umbra_onnx_value *value, umbra_closing step);

/* Gather of input 0, which are constant labels, by an argmax: output 0, of so many dims. */
umbra_status umbra_onnx_label(umbra_onnx_node *n, const umbra_onnx_value *index, size_t rank);

#endif
