/* SPDX-License-Identifier: Apache-2.0 */
/* Matrices, convolutions, pools and means. */
#include <string.h>

#include "../../base/error.h"
#include "../../base/integers.h"
#include "../../base/memory.h"
#include "attributes.h"
#include "handlers.h"

/* ---- dense ---- */

umbra_status umbra_onnx_dense(umbra_onnx_node *n, uint32_t *node, const umbra_onnx_value *x,
                              const umbra_onnx_matrix *m) {
  umbra_model *model = n->import->model;
  uint32_t input = x->node;
  size_t columns = x->node_count, count;
  const int32_t *source = x->source;
  if (source && columns > 2 * x->count) { /* weights of all that is left out would be too many */
    UMBRA_TRY(umbra_onnx_settle(n, &input, x));
    columns = x->count;
    source = NULL;
  }
  double *weights;
  if (__builtin_mul_overflow(m->outputs, columns, &count))
    return umbra_fail(UMBRA_ERROR_FORMAT, "its weights are too many");
  UMBRA_TRY(umbra_onnx_spend(&n->import->budget, count));
  UMBRA_TRY(umbra_alloc(&weights, count, sizeof *weights, "weights"));
  for (size_t i = 0; i < x->count; i++) {
    if (source && source[i] < 0) continue;
    double *column = weights + (source ? (size_t)source[i] : i);
    for (size_t o = 0; o < m->outputs; o++)
      column[o * columns] += m->alpha * m->weights[o * m->stride_o + i * m->stride_i];
  }
  umbra_status status = umbra_model_dense(model, node, input, m->outputs, weights, m->bias);
  umbra_free(weights);
  return status;
}

/* Both inputs of a product, of which the second is to be constant. */
static umbra_status check_product(umbra_onnx_node *n) {
  if (!umbra_onnx_is_constant(n, 0) && !umbra_onnx_is_constant(n, 1) && umbra_onnx_input(n, 1)->kind)
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "matmul(a, b) of two values that depend on the records is reserved");
  UMBRA_TRY(umbra_onnx_need_flowing(n, 0));
  return umbra_onnx_need_number(n, 1, "the weights");
}

/* Whether a value is a row of `width` elements, whatever else of its dims is 1. */
static umbra_status check_row(const umbra_onnx_value *x, size_t width) {
  if (x->rank >= 2 && x->dims[x->rank - 1] == width && x->count == width) return UMBRA_OK;
  if (x->rank > 2 && x->dims[x->rank - 1] == width)
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED,
                      "it multiplies %zu rows of each record by one matrix; flatten them, or use a convolution",
                      x->count / width);
  return umbra_fail(UMBRA_ERROR_FORMAT, "a matrix of %zu columns does not go with %zu elements", width, x->count);
}

umbra_status umbra_onnx_matmul(umbra_onnx_node *n) {
  UMBRA_TRY(check_product(n));
  const umbra_onnx_value *x = n->inputs[0], *w = n->inputs[1];
  size_t rows = w->rank == 1 ? w->count : w->rank == 2 ? w->dims[0] : 0, outputs = w->rank == 2 ? w->dims[1] : 1;
  if (w->rank < 1 || w->rank > 2 || !outputs)
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "its weights have %zu dimensions, and have to be a matrix", w->rank);
  UMBRA_TRY(check_row(x, rows));
  uint32_t node = 0;
  size_t dims[UMBRA_ONNX_RANK];
  memcpy(dims, x->dims, sizeof dims);
  dims[x->rank - 1] = outputs;
  umbra_status status = umbra_onnx_dense(n, &node, x, &(umbra_onnx_matrix){w->data, outputs, 1, outputs, 1, NULL});
  return umbra_onnx_give_node(n, status, &node, dims + 1, x->rank - 2 + (w->rank == 2));
}

/* beta * C, which may be one number, or a row. */
static umbra_status read_bias(double **bias, umbra_onnx_node *n, size_t outputs) {
  const umbra_onnx_value *c = umbra_onnx_input(n, 2);
  *bias = NULL;
  if (c->kind == UMBRA_ONNX_ABSENT) return UMBRA_OK;
  UMBRA_TRY(umbra_onnx_need_number(n, 2, "the bias"));
  if (c->count != 1 && (c->count != outputs || c->dims[c->rank - 1] != outputs))
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "its bias has %zu elements for %zu outputs", c->count, outputs);
  UMBRA_TRY(umbra_alloc(bias, outputs, sizeof **bias, "a bias"));
  double beta = umbra_onnx_float(n->proto, "beta", 1);
  for (size_t o = 0; o < outputs; o++) (*bias)[o] = beta * c->data[c->count == 1 ? 0 : o];
  return UMBRA_OK;
}

umbra_status umbra_onnx_gemm(umbra_onnx_node *n) {
  UMBRA_TRY(check_product(n));
  const umbra_onnx_value *x = n->inputs[0], *w = n->inputs[1];
  int turned = umbra_onnx_int(n->proto, "transB", 0) != 0;
  if (umbra_onnx_int(n->proto, "transA", 0))
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "transA mixes the records of a batch");
  if (w->rank != 2 || x->rank != 2 || !w->count) return umbra_fail(UMBRA_ERROR_FORMAT, "it multiplies no matrices");
  UMBRA_TRY(check_row(x, w->dims[turned]));
  size_t outputs = w->dims[!turned];
  umbra_onnx_matrix m = {
      w->data, outputs, turned ? w->dims[1] : 1, turned ? 1 : outputs, umbra_onnx_float(n->proto, "alpha", 1), NULL};
  double *bias;
  uint32_t node = 0;
  UMBRA_TRY(read_bias(&bias, n, outputs));
  m.bias = bias;
  umbra_status status = umbra_onnx_dense(n, &node, x, &m);
  umbra_free(bias);
  return umbra_onnx_give_node(n, status, &node, &outputs, 1);
}

/* ---- windows ---- */

/* Sets pairs of an attribute from `values` of one or two dimensions; the rows of one dimension are 1. */
static umbra_status set_pair(size_t pair[2], umbra_onnx_node *n, const char *name, size_t dims) {
  const UmbraOnnx__Attribute *a = umbra_onnx_attribute(n->proto, name);
  if (!a) return UMBRA_OK;
  if (a->n_ints != dims)
    return umbra_fail(UMBRA_ERROR_FORMAT, "%s has %zu numbers for %zu dimensions", name, a->n_ints, dims);
  for (size_t d = 0; d < dims; d++) {
    if (a->ints[d] < 1 || a->ints[d] > UMBRA_MODEL_MAX_VALUE)
      return umbra_fail(UMBRA_ERROR_FORMAT, "%s has a number %lld", name, (long long)a->ints[d]);
    pair[2 - dims + d] = (size_t)a->ints[d];
  }
  return UMBRA_OK;
}

static umbra_status set_pads(umbra_model_window *w, umbra_onnx_node *n, size_t dims) {
  const UmbraOnnx__Attribute *a = umbra_onnx_attribute(n->proto, "pads");
  if (!a) return UMBRA_OK;
  if (a->n_ints != 2 * dims) return umbra_fail(UMBRA_ERROR_FORMAT, "%zu pads for %zu dimensions", a->n_ints, dims);
  for (size_t i = 0; i < 2 * dims; i++) {
    if (a->ints[i] < 0 || a->ints[i] > UMBRA_MODEL_MAX_VALUE)
      return umbra_fail(UMBRA_ERROR_FORMAT, "a pad is %lld", (long long)a->ints[i]);
    *(i < dims ? &w->before[2 - dims + i] : &w->after[2 - 2 * dims + i]) = (size_t)a->ints[i];
  }
  return UMBRA_OK;
}

/* SAME: as many zeros as make the result ceil(length / stride) long, the odd one after (UPPER) or before (LOWER). */
static void set_same(umbra_model_window *w, const size_t length[2], int lower) {
  for (int d = 0; d < 2; d++) {
    size_t steps = umbra_quotient_above(length[d], w->stride[d]);
    size_t reach = (steps - 1) * w->stride[d] + (w->kernel[d] - 1) * w->dilation[d] + 1;
    size_t zeros = reach > length[d] ? reach - length[d] : 0;
    w->before[d] = (zeros + (size_t)lower) / 2;
    w->after[d] = zeros - w->before[d];
  }
}

/* What an operator says of its window over images of that many rows and columns; dims: 1 without rows. */
static umbra_status read_window(umbra_model_window *w, umbra_onnx_node *n, const size_t length[2], size_t dims) {
  static const char *const pads[] = {"NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER", NULL};
  int pad;
  UMBRA_TRY(umbra_onnx_choice(&pad, n->proto, "auto_pad", pads));
  UMBRA_TRY(set_pair(w->kernel, n, "kernel_shape", dims));
  UMBRA_TRY(set_pair(w->stride, n, "strides", dims));
  UMBRA_TRY(set_pair(w->dilation, n, "dilations", dims));
  if (pad == 0) return set_pads(w, n, dims);
  if (pad >= 2) set_same(w, length, pad == 3);
  return UMBRA_OK;
}

/* (channels, rows, columns) of a value; of one with channels and columns only, one row. */
static umbra_status image_dims(size_t image[3], size_t *dims, const umbra_onnx_value *x) {
  if (x->rank != 3 && x->rank != 4)
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "its input has %zu dimensions; images have 4, or 3 without rows",
                      x->rank);
  *dims = x->rank - 2;
  image[0] = x->dims[1];
  image[1] = x->rank == 4 ? x->dims[2] : 1;
  image[2] = x->dims[x->rank - 1];
  return UMBRA_OK;
}

/*
 * If x is its node's image with zeros around it and nothing else, *image becomes the node's, and pads how many there are:
 * then they belong to the window.
 */
static int take_zeros(size_t before[2], size_t after[2], size_t image[3], const umbra_onnx_value *x,
                      const umbra_node *node) {
  if (!x->source || node->rank != 3 || node->shape[0] != image[0]) return 0;
  size_t rows = node->shape[1], columns = node->shape[2], first = 0;
  while (first < x->count && x->source[first] < 0) first++;
  before[0] = first / image[2] % image[1];
  before[1] = first % image[2];
  if (before[0] + rows > image[1] || before[1] + columns > image[2]) return 0;
  for (size_t i = 0; i < x->count; i++) {
    size_t row = i / image[2] % image[1], column = i % image[2], c = i / image[2] / image[1];
    int inside = row >= before[0] && row < before[0] + rows && column >= before[1] && column < before[1] + columns;
    size_t wanted = (c * rows + row - before[0]) * columns + column - before[1];
    if (x->source[i] != (inside ? (int32_t)wanted : -1)) return 0;
  }
  after[0] = image[1] - before[0] - rows;
  after[1] = image[2] - before[1] - columns;
  image[1] = rows;
  image[2] = columns;
  return 1;
}

/* A node with the value's elements as an image. */
static umbra_status settle_image(umbra_onnx_node *n, uint32_t *node, const size_t image[3], const umbra_onnx_value *x) {
  umbra_model *model = n->import->model;
  UMBRA_TRY(umbra_onnx_settle(n, node, x));
  const umbra_node *made = &model->nodes[*node];
  if (made->rank == 3 && memcmp(made->shape, image, 3 * sizeof *image) == 0) return UMBRA_OK;
  return umbra_model_reshape(model, node, *node, image, 3);
}

/* A node with the image under the window, whose zeros take in those of the value. */
static umbra_status place_image(umbra_onnx_node *n, uint32_t *node, umbra_model_window *w, size_t image[3],
                                const umbra_onnx_value *x) {
  size_t before[2], after[2];
  *node = x->node;
  if (x->source) UMBRA_TRY(umbra_onnx_spend(&n->import->budget, x->count));
  if (!take_zeros(before, after, image, x, &n->import->model->nodes[x->node])) return settle_image(n, node, image, x);
  for (int d = 0; d < 2; d++) {
    w->before[d] += before[d];
    w->after[d] += after[d];
  }
  return UMBRA_OK;
}

static umbra_status give_image(umbra_onnx_node *n, umbra_status status, const uint32_t *node, size_t dims) {
  UMBRA_TRY(status);
  size_t shape[3];
  memcpy(shape, n->import->model->nodes[*node].shape, sizeof shape);
  if (dims == 1) shape[1] = shape[2];
  return umbra_onnx_give_node(n, UMBRA_OK, node, shape, dims + 1);
}

static umbra_status check_conv(umbra_model_window *w, umbra_onnx_node *n, const size_t image[3], size_t dims) {
  const umbra_onnx_value *k = n->inputs[1], *bias = umbra_onnx_input(n, 2);
  int64_t groups = umbra_onnx_int(n->proto, "group", 1);
  if (k->rank != dims + 2 || !k->count || groups < 1 || (size_t)groups > image[0] || image[0] % (size_t)groups ||
      k->dims[1] != image[0] / (size_t)groups)
    return umbra_fail(UMBRA_ERROR_FORMAT, "its kernel does not go with %zu channels in %lld groups", image[0],
                      (long long)groups);
  w->channels = k->dims[0];
  w->groups = (size_t)groups;
  size_t rows = dims == 2 ? k->dims[2] : 1, columns = k->dims[dims + 1];
  if (umbra_onnx_attribute(n->proto, "kernel_shape") && (w->kernel[0] != rows || w->kernel[1] != columns))
    return umbra_fail(UMBRA_ERROR_FORMAT, "kernel_shape is not that of its kernel");
  w->kernel[0] = rows;
  w->kernel[1] = columns;
  if (bias->kind == UMBRA_ONNX_ABSENT) return UMBRA_OK;
  UMBRA_TRY(umbra_onnx_need_number(n, 2, "the bias"));
  return bias->count == w->channels
             ? UMBRA_OK
             : umbra_fail(UMBRA_ERROR_FORMAT, "it has %zu biases for %zu channels", bias->count, w->channels);
}

umbra_status umbra_onnx_conv(umbra_onnx_node *n) {
  UMBRA_TRY(check_product(n));
  umbra_model_window w = {UMBRA_MODEL_WINDOW_INIT};
  size_t image[3], dims;
  uint32_t node = 0;
  const umbra_onnx_value *x = n->inputs[0], *k = n->inputs[1];
  UMBRA_TRY(image_dims(image, &dims, x));
  if (k->rank == dims + 2) memcpy(w.kernel + 2 - dims, k->dims + 2, dims * sizeof *w.kernel);
  for (int d = 0; d < 2; d++)
    if (w.kernel[d] < 1 || w.kernel[d] > UMBRA_MODEL_MAX_VALUE)
      return umbra_fail(UMBRA_ERROR_FORMAT, "its kernel has a dimension %zu", w.kernel[d]);
  UMBRA_TRY(read_window(&w, n, image + 1, dims));
  UMBRA_TRY(check_conv(&w, n, image, dims));
  UMBRA_TRY(place_image(n, &node, &w, image, x));
  UMBRA_TRY(umbra_onnx_spend(&n->import->budget, k->count));
  umbra_status status = umbra_model_conv2d(n->import->model, &node, node, k->data, umbra_onnx_input(n, 2)->data, &w);
  return give_image(n, status, &node, dims);
}

/* ceil_mode: one more step where something of the image is left; zeros beyond those of `pads` never count. */
static umbra_status round_up(umbra_model_window *w, const size_t length[2]) {
  for (int d = 0; d < 2; d++) {
    size_t padded = length[d] + w->before[d] + w->after[d];
    if (padded < w->kernel[d]) continue;
    size_t left = (padded - w->kernel[d]) % w->stride[d], next = padded - left - w->kernel[d] + w->stride[d];
    if (!left || next >= length[d] + w->before[d]) continue;
    if (w->count_zeros && (w->before[0] || w->before[1] || w->after[0] || w->after[1]))
      return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "ceil_mode with zeros that count; set count_include_pad to 0");
    w->count_zeros = 0;
    w->after[d] += w->stride[d] - left;
  }
  return UMBRA_OK;
}

umbra_status umbra_onnx_average_pool(umbra_onnx_node *n) {
  UMBRA_TRY(umbra_onnx_need_flowing(n, 0));
  umbra_model_window w = {UMBRA_MODEL_WINDOW_INIT};
  size_t image[3], dims;
  uint32_t node = 0;
  UMBRA_TRY(image_dims(image, &dims, n->inputs[0]));
  if (!umbra_onnx_attribute(n->proto, "kernel_shape")) return umbra_fail(UMBRA_ERROR_FORMAT, "it has no kernel_shape");
  UMBRA_TRY(read_window(&w, n, image + 1, dims));
  w.count_zeros = umbra_onnx_int(n->proto, "count_include_pad", 0) != 0;
  if (umbra_onnx_int(n->proto, "ceil_mode", 0)) UMBRA_TRY(round_up(&w, image + 1));
  /* Zeros of a Pad before it are elements like others: they are not taken in. */
  UMBRA_TRY(settle_image(n, &node, image, n->inputs[0]));
  return give_image(n, umbra_model_average_pool(n->import->model, &node, node, &w), &node, dims);
}

/* ---- means ---- */

/* The means of the elements that differ in the dimensions of the set only; sums: as many times that. */
static umbra_status reduce(umbra_onnx_node *n, unsigned set, int keep, int sums) {
  const umbra_onnx_value *x = n->inputs[0];
  umbra_onnx_axis axes[UMBRA_ONNX_RANK];
  umbra_onnx_value moved = {0};
  size_t rank = 0, dims[UMBRA_ONNX_RANK], kept = 0, shape[2] = {1, 1};
  for (size_t d = 0; d < x->rank; d++) {
    if (!(set >> d & 1)) axes[rank++] = umbra_onnx_whole_axis(x, d);
    if (d && (keep || !(set >> d & 1))) dims[kept++] = set >> d & 1 ? 1 : x->dims[d];
    shape[set >> d & 1] *= x->dims[d];
  }
  for (size_t d = 0; d < x->rank; d++)
    if (set >> d & 1) axes[rank++] = umbra_onnx_whole_axis(x, d);
  uint32_t node = 0;
  umbra_model *model = n->import->model;
  umbra_status status = umbra_onnx_move(&moved, x, &n->import->budget, axes, rank);
  if (status == UMBRA_OK) status = umbra_onnx_settle(n, &node, &moved);
  umbra_onnx_clear(&moved);
  UMBRA_TRY(status);
  if (model->nodes[node].shape[0] != shape[0]) UMBRA_TRY(umbra_model_reshape(model, &node, node, shape, 2));
  UMBRA_TRY(umbra_model_apply(model, &node, UMBRA_NODE_GLOBAL_POOL, &node, 1));
  const double times = (double)shape[1];
  if (sums) UMBRA_TRY(umbra_model_scale_shift(model, &node, node, &times, NULL, 1));
  return umbra_onnx_give_node(n, UMBRA_OK, &node, dims, kept);
}

umbra_status umbra_onnx_reduce(umbra_onnx_node *n) {
  int64_t *axes;
  size_t count;
  UMBRA_TRY(umbra_onnx_need_flowing(n, 0));
  UMBRA_TRY(umbra_onnx_integers(n, &axes, &count, "axes", 1));
  unsigned set = 0;
  umbra_status status = UMBRA_OK;
  for (size_t i = 0; status == UMBRA_OK && i < count; i++) {
    status = umbra_onnx_axis_of(&axes[i], n->inputs[0]->rank);
    if (status == UMBRA_OK) set |= 1u << axes[i];
  }
  umbra_free(axes);
  UMBRA_TRY(status);
  if (!set && umbra_onnx_int(n->proto, "noop_with_empty_axes", 0)) return umbra_onnx_identity(n);
  if (!set || set & 1)
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "it mixes the records of a batch; its axes have to be behind the first");
  return reduce(n, set, umbra_onnx_int(n->proto, "keepdims", 1) != 0, strcmp(n->proto->op_type, "ReduceSum") == 0);
}

umbra_status umbra_onnx_global_pool(umbra_onnx_node *n) {
  UMBRA_TRY(umbra_onnx_need_flowing(n, 0));
  if (n->inputs[0]->rank < 3) return umbra_fail(UMBRA_ERROR_FORMAT, "its input has nothing behind its channels");
  return reduce(n, (1u << n->inputs[0]->rank) - 4, 1, 0);
}
