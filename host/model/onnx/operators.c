/* SPDX-License-Identifier: Apache-2.0 */
#include "operators.h"

#include <stdio.h>
#include <string.h>

#include "../../base/error.h"
#include "../../base/memory.h"
#include "attributes.h"
#include "handlers.h"

typedef struct known {
  const char *name;
  umbra_onnx_handler *handler;
  size_t least, most; /* inputs */
  const char *attributes;
  int texts; /* whether it may be given texts */
} known;

#define WINDOW "auto_pad:s kernel_shape:I strides:I pads:I dilations:I "
#define ANY SIZE_MAX

static const known standard[] = {
    {"Add", umbra_onnx_add, 2, 2, "", 0},
    {"ArgMax", umbra_onnx_argmax, 1, 1, "axis:i keepdims:i select_last_index:i", 0},
    {"AveragePool", umbra_onnx_average_pool, 1, 1, WINDOW "ceil_mode:i count_include_pad:i", 0},
    {"BatchNormalization", umbra_onnx_batch_normalization, 5, 5, "epsilon:f momentum:f training_mode:i", 0},
    {"Cast", umbra_onnx_cast, 1, 1, "to:i saturate:i", 1},
    {"Clip", umbra_onnx_clip, 1, 3, "min:f max:f", 0},
    {"Concat", umbra_onnx_concat, 1, ANY, "axis:i", 0},
    {"Constant", umbra_onnx_constant, 0, 0, "value:t value_float:f value_int:i value_floats:F value_ints:I", 0},
    {"ConstantOfShape", umbra_onnx_constant_of_shape, 1, 1, "value:t", 0},
    {"Conv", umbra_onnx_conv, 2, 3, WINDOW "group:i", 0},
    {"Div", umbra_onnx_div, 2, 2, "", 0},
    {"Dropout", umbra_onnx_dropout, 1, 3, "ratio:f seed:i", 0},
    {"Erf", umbra_onnx_activation, 1, 1, "", 0},
    {"Expand", umbra_onnx_expand, 2, 2, "", 0},
    {"Flatten", umbra_onnx_flatten, 1, 1, "axis:i", 0},
    {"Gather", umbra_onnx_gather, 2, 2, "axis:i", 1},
    {"Gelu", umbra_onnx_gelu, 1, 1, "approximate:s", 0},
    {"Gemm", umbra_onnx_gemm, 2, 3, "alpha:f beta:f transA:i transB:i", 0},
    {"GlobalAveragePool", umbra_onnx_global_pool, 1, 1, "", 0},
    {"Identity", umbra_onnx_identity, 1, 1, "", 1},
    {"MatMul", umbra_onnx_matmul, 2, 2, "", 0},
    {"Mul", umbra_onnx_mul, 2, 2, "", 0},
    {"Neg", umbra_onnx_neg, 1, 1, "", 0},
    {"Pad", umbra_onnx_pad, 1, 4, "mode:s pads:I value:f", 0},
    {"Pow", umbra_onnx_pow, 2, 2, "", 0},
    {"Range", umbra_onnx_range, 3, 3, "", 0},
    {"Reciprocal", umbra_onnx_reciprocal, 1, 1, "", 0},
    {"ReduceMean", umbra_onnx_reduce, 1, 2, "axes:I keepdims:i noop_with_empty_axes:i", 0},
    {"ReduceSum", umbra_onnx_reduce, 1, 2, "axes:I keepdims:i noop_with_empty_axes:i", 0},
    {"Relu", umbra_onnx_activation, 1, 1, "", 0},
    {"Reshape", umbra_onnx_reshape, 2, 2, "allowzero:i", 1},
    {"Shape", umbra_onnx_shape, 1, 1, "start:i end:i", 0},
    {"Sigmoid", umbra_onnx_activation, 1, 1, "", 0},
    {"Size", umbra_onnx_size, 1, 1, "", 0},
    {"Slice", umbra_onnx_slice, 1, 5, "starts:I ends:I axes:I", 0},
    {"Softmax", umbra_onnx_softmax, 1, 1, "axis:i", 0},
    {"Softplus", umbra_onnx_activation, 1, 1, "", 0},
    {"Split", umbra_onnx_split, 1, 2, "axis:i split:I num_outputs:i", 0},
    {"Sqrt", umbra_onnx_sqrt, 1, 1, "", 0},
    {"Squeeze", umbra_onnx_squeeze, 1, 2, "axes:I", 1},
    {"Sub", umbra_onnx_sub, 2, 2, "", 0},
    {"Sum", umbra_onnx_sum, 1, ANY, "", 0},
    {"Tanh", umbra_onnx_activation, 1, 1, "", 0},
    {"Transpose", umbra_onnx_transpose, 1, 1, "perm:I", 0},
    {"Unsqueeze", umbra_onnx_unsqueeze, 1, 2, "axes:I", 1},
    {NULL, NULL, 0, 0, NULL, 0},
};

static const known learning[] = {
    {"ArrayFeatureExtractor", umbra_onnx_feature_extractor, 2, 2, "", 1},
    {"LinearClassifier", umbra_onnx_linear_classifier, 1, 1,
     "classlabels_ints:I classlabels_strings:S coefficients:F intercepts:F multi_class:i post_transform:s", 0},
    {"LinearRegressor", umbra_onnx_linear_regressor, 1, 1, "coefficients:F intercepts:F post_transform:s targets:i", 0},
    {"Normalizer", umbra_onnx_normalizer, 1, 1, "norm:s", 0},
    {"Scaler", umbra_onnx_scaler, 1, 1, "offset:F scale:F", 0},
    {"ZipMap", umbra_onnx_zip_map, 1, 1, "classlabels_int64s:I classlabels_strings:S", 0},
    {NULL, NULL, 0, 0, NULL, 0},
};

/* What to train or export instead of operators that have no handler. */
static const struct {
  const char *name, *instead;
} refusals[] = {
    {"MaxPool", "use AveragePool instead"},
    {"LpPool", "use AveragePool instead"},
    {"GlobalMaxPool", "use GlobalAveragePool instead"},
    {"ReduceMax", "use ReduceMean instead"},
    {"Max", "use Relu instead"},
    {"Min", "use Relu instead"},
    {"ThresholdedRelu", "use Relu instead"},
    {"Softsign", "use Tanh instead"},
    {"LRN", "use BatchNormalization instead"},
    {"LpNormalization", "use BatchNormalization instead"},
    {"Mean", "use Add, and Mul by a constant, instead"},
    {"Einsum", "use MatMul with constant weights instead"},
    {"Attention", "matmul(a, b) and inner softmax are reserved; use layers with constant weights instead"},
    {"LeakyRelu", "use Relu, Gelu or x * Sigmoid(x) instead"},
    {"PRelu", "use Relu, Gelu or x * Sigmoid(x) instead"},
    {"Elu", "use Relu, Gelu or x * Sigmoid(x) instead"},
    {"Selu", "use Relu, Gelu or x * Sigmoid(x) instead"},
    {"Mish", "use x * Sigmoid(x) instead"},
    {"HardSwish", "use x * Sigmoid(x) instead"},
    {"HardSigmoid", "use Sigmoid instead"},
    {"LayerNormalization", "layer_norm is reserved; use BatchNormalization instead"},
    {"GroupNormalization", "layer_norm is reserved; use BatchNormalization instead"},
    {"InstanceNormalization", "layer_norm is reserved; use BatchNormalization instead"},
    {"LogSoftmax", "use Softmax as the last step instead"},
    {"Hardmax", "use ArgMax as the last step instead"},
    {"TopK", "use ArgMax as the last step instead"},
    {"TreeEnsembleClassifier", "use a linear model or a network instead"},
    {"TreeEnsembleRegressor", "use a linear model or a network instead"},
    {"SVMClassifier", "use a linear model or a network instead"},
    {"SVMRegressor", "use a linear model or a network instead"},
};

/* ---- one node ---- */

static umbra_status find_table(const known **table, const umbra_onnx_import *import, const char *domain) {
  *table = standard;
  if (!*domain || strcmp(domain, "ai.onnx") == 0) return UMBRA_OK;
  *table = learning;
  if (strcmp(domain, "ai.onnx.ml") == 0 && import->ml_opset) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "its domain '%.64s' is not known, or not imported", domain);
}

static umbra_status find(const known **found, const umbra_onnx_import *import, const UmbraOnnx__Node *proto) {
  UMBRA_TRY(find_table(found, import, proto->domain));
  for (; (*found)->name; ++*found)
    if (strcmp((*found)->name, proto->op_type) == 0) return UMBRA_OK;
  for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
    if (strcmp(refusals[i].name, proto->op_type) == 0)
      return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "it cannot be computed on encrypted values; %s", refusals[i].instead);
  return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "operators of this type cannot be computed");
}

static umbra_status find_input(umbra_onnx_node *n, size_t i, const known *op) {
  static const umbra_onnx_value absent = {0};
  const char *name = n->proto->input[i];
  n->inputs[i] = *name ? umbra_onnx_names_find(&n->import->names, name) : &absent;
  if (!n->inputs[i])
    return umbra_fail(UMBRA_ERROR_FORMAT,
                      "its input '%.64s' is made by no node before it: the graph has a cycle, or is not in order",
                      name);
  if (n->inputs[i]->texts && !op->texts) return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "it computes with texts");
  return UMBRA_OK;
}

static umbra_status run(umbra_onnx_node *n) {
  const known *op;
  UMBRA_TRY(find(&op, n->import, n->proto));
  UMBRA_TRY(umbra_onnx_check_attributes(n->proto, op->attributes));
  if (n->count < op->least || n->count > op->most) return umbra_fail(UMBRA_ERROR_FORMAT, "it has %zu inputs", n->count);
  for (size_t i = 0; i < n->count; i++) UMBRA_TRY(find_input(n, i, op));
  return op->handler(n);
}

static void set_title(umbra_onnx_node *n) {
  const char *name = n->proto->name;
  if (*name) snprintf(n->title, sizeof n->title, "node '%.64s' (%.64s)", name, n->proto->op_type);
  else
    snprintf(n->title, sizeof n->title, "the node that makes '%.48s' (%.64s)",
             n->proto->n_output ? n->proto->output[0] : "", n->proto->op_type);
}

umbra_status umbra_onnx_import_node(umbra_onnx_import *import, const UmbraOnnx__Node *proto) {
  umbra_onnx_node n = {.import = import, .proto = proto, .count = proto->n_input};
  set_title(&n);
  UMBRA_TRY(umbra_alloc(&n.inputs, n.count, sizeof *n.inputs, "a node"));
  umbra_status status = run(&n);
  umbra_free(n.inputs);
  return umbra_onnx_blame(status, n.title);
}
