/* SPDX-License-Identifier: Apache-2.0 */
/* The calls that add nodes to a model, and what each asks of its input. */
#include <math.h>
#include <string.h>

#include "../base/arrays.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "../base/structs.h"
#include "node.h"

/* Of `each` products for each element of the result, before anything of that size is read. */
static umbra_status set_work(umbra_node *made, size_t each) {
  if (__builtin_mul_overflow(made->count, each, &made->work) || made->work > UMBRA_MODEL_MAX_WORK)
    return umbra_fail(UMBRA_ERROR_RANGE, "a layer takes more than 2^36 products for a record");
  return UMBRA_OK;
}

/* ---- dense ---- */

umbra_status umbra_model_dense(umbra_model *model, uint32_t *node, uint32_t input, size_t outputs,
                               const double *weights, const double *bias) {
  if (!weights) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "weights is NULL");
  umbra_node made = {.kind = UMBRA_NODE_DENSE};
  umbra_status status = umbra_node_set_inputs(&made, model, &input, 1);
  if (status == UMBRA_OK) status = umbra_node_set_shape(&made, &outputs, 1);
  if (status == UMBRA_OK) status = set_work(&made, model->nodes[input].count);
  if (status == UMBRA_OK)
    status = umbra_node_set_numbers(&made.weights, weights, outputs * model->nodes[input].count, "weights");
  if (status == UMBRA_OK && bias) status = umbra_node_set_numbers(&made.shift, bias, outputs, "bias");
  made.units = outputs;
  return umbra_model_put_if(status, model, node, &made);
}

/* ---- windows ---- */

enum { MOST = UMBRA_MODEL_MAX_VALUE };

static umbra_status check_window(const umbra_model_window *w) {
  for (int d = 0; d < 2; d++) {
    if (w->kernel[d] < 1 || w->stride[d] < 1 || w->dilation[d] < 1)
      return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "kernel, stride and dilation of a window are at least 1");
    if (w->kernel[d] > MOST || w->stride[d] > MOST || w->dilation[d] > MOST || w->before[d] > MOST ||
        w->after[d] > MOST)
      return umbra_fail(UMBRA_ERROR_RANGE, "a window is larger than %d", MOST);
  }
  return UMBRA_OK;
}

size_t umbra_window_positions(const umbra_model_window *w, int d, size_t length) {
  size_t reach = (w->kernel[d] - 1) * w->dilation[d] + 1, padded = length + w->before[d] + w->after[d];
  return padded < reach ? 0 : (padded - reach) / w->stride[d] + 1;
}

static umbra_status set_image_shape(umbra_node *made, const umbra_node *in, size_t channels) {
  if (in->rank != 3)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a window wants (channels, rows, columns), not %zu dimensions",
                      in->rank);
  UMBRA_TRY(check_window(&made->window));
  size_t shape[3] = {channels, umbra_window_positions(&made->window, 0, in->shape[1]),
                     umbra_window_positions(&made->window, 1, in->shape[2])};
  if (!shape[1] || !shape[2])
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the window of %zu x %zu is larger than the image of %zu x %zu",
                      made->window.kernel[0], made->window.kernel[1], in->shape[1], in->shape[2]);
  return umbra_node_set_shape(made, shape, 3);
}

static umbra_status set_conv(umbra_node *made, const umbra_node *in, const double *weights, const double *bias) {
  const umbra_model_window *w = &made->window;
  UMBRA_TRY(set_image_shape(made, in, w->channels));
  if (w->groups < 1 || in->shape[0] % w->groups || w->channels % w->groups)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%zu groups do not divide %zu and %zu channels", w->groups,
                      in->shape[0], w->channels);
  if (w->kernel[0] > MOST / w->kernel[1])
    return umbra_fail(UMBRA_ERROR_RANGE, "a kernel has more than %d elements", MOST);
  size_t each = in->shape[0] / w->groups * w->kernel[0] * w->kernel[1];
  made->units = w->channels;
  UMBRA_TRY(set_work(made, each));
  UMBRA_TRY(umbra_node_set_numbers(&made->weights, weights, w->channels * each, "weights"));
  return bias ? umbra_node_set_numbers(&made->shift, bias, w->channels, "bias") : UMBRA_OK;
}

umbra_status umbra_model_conv2d(umbra_model *model, uint32_t *node, uint32_t input, const double *weights,
                                const double *bias, const umbra_model_window *window) {
  if (!weights) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "weights is NULL");
  umbra_node made = {.kind = UMBRA_NODE_CONV2D, .window = {UMBRA_MODEL_WINDOW_INIT}};
  UMBRA_TRY(UMBRA_TAKE(umbra_model_window, &made.window, window));
  umbra_status status = umbra_node_set_inputs(&made, model, &input, 1);
  if (status == UMBRA_OK) status = set_conv(&made, &model->nodes[input], weights, bias);
  return umbra_model_put_if(status, model, node, &made);
}

static umbra_status check_pool(const umbra_model_window *w) {
  for (int d = 0; d < 2; d++)
    if (w->before[d] >= w->kernel[d] || w->after[d] >= w->kernel[d] + w->stride[d])
      return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a pool of %zu cannot have %zu and %zu zeros around the image",
                        w->kernel[d], w->before[d], w->after[d]);
  if (w->dilation[0] != 1 || w->dilation[1] != 1 || w->groups != 1)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "pools have neither dilation nor groups");
  return UMBRA_OK;
}

umbra_status umbra_model_average_pool(umbra_model *model, uint32_t *node, uint32_t input,
                                      const umbra_model_window *window) {
  umbra_node made = {.kind = UMBRA_NODE_AVERAGE_POOL, .window = {UMBRA_MODEL_WINDOW_INIT}};
  UMBRA_TRY(UMBRA_TAKE(umbra_model_window, &made.window, window));
  UMBRA_TRY(check_window(&made.window));
  UMBRA_TRY(check_pool(&made.window));
  umbra_status status = umbra_node_set_inputs(&made, model, &input, 1);
  if (status == UMBRA_OK) status = set_image_shape(&made, &model->nodes[input], model->nodes[input].shape[0]);
  if (status == UMBRA_OK) status = set_work(&made, made.window.kernel[0] * made.window.kernel[1]);
  return umbra_model_put_if(status, model, node, &made);
}

/* ---- element by element ---- */

static umbra_status like_input(umbra_node *made, const umbra_model *model, uint32_t input) {
  UMBRA_TRY(umbra_node_set_inputs(made, model, &input, 1));
  return umbra_node_set_shape(made, model->nodes[input].shape, model->nodes[input].rank);
}

umbra_status umbra_model_activation(umbra_model *model, uint32_t *node, uint32_t input, umbra_function function) {
  if (!isfinite(umbra_function_value(function, 0)) || !isfinite(umbra_function_value(function, -1)))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "function %d is no activation: it is not defined everywhere",
                      (int)function);
  umbra_node made = {.kind = UMBRA_NODE_ACTIVATION, .function = function};
  return umbra_model_put_if(like_input(&made, model, input), model, node, &made);
}

/* What is known of `made`, with these coefficients. */
static umbra_status put_polynomial(umbra_model *model, uint32_t *node, uint32_t input, umbra_node made,
                                   const double *coefficients) {
  if (!coefficients || made.units < 2 || made.units > UMBRA_MAX_DEGREE + 1)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a polynomial has 2 to %d coefficients", UMBRA_MAX_DEGREE + 1);
  umbra_status status = like_input(&made, model, input);
  if (status == UMBRA_OK) status = umbra_node_set_numbers(&made.weights, coefficients, made.units, "coefficients");
  return umbra_model_put_if(status, model, node, &made);
}

umbra_status umbra_model_polynomial(umbra_model *model, uint32_t *node, uint32_t input, const double *coefficients,
                                    size_t count) {
  return put_polynomial(model, node, input, (umbra_node){.kind = UMBRA_NODE_POLYNOMIAL, .units = count}, coefficients);
}

umbra_status umbra_model_chebyshev(umbra_model *model, uint32_t *node, uint32_t input, const double *coefficients,
                                   size_t count, const double interval[2]) {
  if (!interval || !(interval[0] < interval[1]) || !isfinite(interval[1] - interval[0]))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "an interval has two finite ends, the lower one first");
  umbra_node made = {.kind = UMBRA_NODE_CHEBYSHEV, .units = count, .lo = interval[0], .hi = interval[1]};
  return put_polynomial(model, node, input, made, coefficients);
}

umbra_status umbra_model_sign_relu(umbra_model *model, uint32_t *node, uint32_t input, const umbra_sign_plan *plan,
                                   double range) {
  umbra_sign_report sign = {UMBRA_SIGN_REPORT_INIT};
  UMBRA_TRY(umbra_sign_plan_report(plan, &sign));
  if (sign.range != 1) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the sign's range is %g, not 1", sign.range);
  if (!(range > 0) || !isfinite(2 * range))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "range is %g; it must be above 0 and finite", range);
  umbra_node made = {.kind = UMBRA_NODE_SIGN_RELU, .lo = -range, .hi = range};
  umbra_status status = like_input(&made, model, input);
  made.sign = umbra_sign_plan_share(plan);
  return umbra_model_put_if(status, model, node, &made);
}

static umbra_status set_scale(umbra_node *made, const double *scale, const double *shift, size_t count) {
  if (count != 1 && count != made->shape[0] && count != made->count)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%zu scales; 1, %zu or %zu are possible", count, made->shape[0],
                      made->count);
  made->units = count;
  if (scale) UMBRA_TRY(umbra_node_set_numbers(&made->weights, scale, count, "scale"));
  else UMBRA_TRY(umbra_alloc(&made->weights, count, sizeof *made->weights, "a model"));
  for (size_t i = 0; !scale && i < count; i++) made->weights[i] = 1;
  return shift ? umbra_node_set_numbers(&made->shift, shift, count, "shift") : UMBRA_OK;
}

umbra_status umbra_model_scale_shift(umbra_model *model, uint32_t *node, uint32_t input, const double *scale,
                                     const double *shift, size_t count) {
  umbra_node made = {.kind = UMBRA_NODE_SCALE_SHIFT};
  umbra_status status = like_input(&made, model, input);
  if (status == UMBRA_OK) status = set_scale(&made, scale, shift, count);
  return umbra_model_put_if(status, model, node, &made);
}

/* ---- elements that move ---- */

umbra_status umbra_model_reshape(umbra_model *model, uint32_t *node, uint32_t input, const size_t *shape, size_t rank) {
  if (!shape) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "shape is NULL");
  umbra_node made = {.kind = UMBRA_NODE_RESHAPE};
  umbra_status status = umbra_node_set_inputs(&made, model, &input, 1);
  if (status == UMBRA_OK) status = umbra_node_set_shape(&made, shape, rank);
  if (status == UMBRA_OK && made.count != model->nodes[input].count)
    status = umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%zu elements cannot become %zu", model->nodes[input].count,
                        made.count);
  return umbra_model_put_if(status, model, node, &made);
}

static umbra_status set_source(umbra_node *made, const int32_t *source, size_t count, size_t there) {
  UMBRA_TRY(umbra_node_set_shape(made, &count, 1));
  for (size_t i = 0; i < count; i++)
    if (source[i] >= 0 && (size_t)source[i] >= there)
      return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "source[%zu] is %d, and the input has %zu elements", i, source[i],
                        there);
  return umbra_copy_bytes(&made->source, source, count, sizeof *source);
}

umbra_status umbra_model_select(umbra_model *model, uint32_t *node, uint32_t input, const int32_t *source,
                                size_t count) {
  if (!source) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "source is NULL");
  umbra_node made = {.kind = UMBRA_NODE_SELECT};
  umbra_status status = umbra_node_set_inputs(&made, model, &input, 1);
  if (status == UMBRA_OK) status = set_source(&made, source, count, model->nodes[input].count);
  return umbra_model_put_if(status, model, node, &made);
}

/* ---- several values ---- */

static umbra_status set_sum(umbra_node *made, const umbra_model *model) {
  const umbra_node *first = &model->nodes[made->inputs[0]];
  for (size_t i = 1; i < made->input_count; i++)
    if (model->nodes[made->inputs[i]].count != first->count)
      return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "values of %zu and %zu elements cannot meet", first->count,
                        model->nodes[made->inputs[i]].count);
  return umbra_node_set_shape(made, first->shape, first->rank);
}

/* Values that differ in their first dimension only keep the others. */
static umbra_status set_concat(umbra_node *made, const umbra_model *model) {
  const umbra_node *first = &model->nodes[made->inputs[0]];
  size_t shape[UMBRA_MODEL_RANK], total = 0, all = 0;
  int alike = 1;
  for (size_t i = 0; i < made->input_count; i++) {
    const umbra_node *in = &model->nodes[made->inputs[i]];
    alike &=
        in->rank == first->rank && memcmp(in->shape + 1, first->shape + 1, (first->rank - 1) * sizeof *in->shape) == 0;
    total += in->shape[0];
    all += in->count;
  }
  if (!alike) return umbra_node_set_shape(made, &all, 1);
  memcpy(shape, first->shape, sizeof shape);
  shape[0] = total;
  return umbra_node_set_shape(made, shape, first->rank);
}

static umbra_status set_means(umbra_node *made, const umbra_model *model) {
  if (made->input_count != 1)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a global pool has one input, not %zu", made->input_count);
  return umbra_node_set_shape(made, model->nodes[made->inputs[0]].shape, 1);
}

umbra_status umbra_model_apply(umbra_model *model, uint32_t *node, umbra_node_kind kind, const uint32_t *inputs,
                               size_t count) {
  if (kind >= UMBRA_NODE_PRODUCT && kind <= UMBRA_NODE_REFRESH_WITH)
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "nodes of kind %s are reserved: they cannot be computed yet",
                      umbra_node_kind_name(kind));
  umbra_status (*const set)(umbra_node *, const umbra_model *) = kind == UMBRA_NODE_ADD           ? set_sum
                                                                 : kind == UMBRA_NODE_CONCAT      ? set_concat
                                                                 : kind == UMBRA_NODE_GLOBAL_POOL ? set_means
                                                                                                  : NULL;
  if (!set)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "nodes of kind %s have a call of their own, or are none",
                      umbra_node_kind_name(kind));
  umbra_node made = {.kind = kind};
  umbra_status status = umbra_node_set_inputs(&made, model, inputs, count);
  if (status == UMBRA_OK) status = set(&made, model);
  return umbra_model_put_if(status, model, node, &made);
}

umbra_status umbra_model_product(umbra_model *model, uint32_t *node, uint32_t a, uint32_t b) {
  umbra_node made = {.kind = UMBRA_NODE_PRODUCT};
  umbra_status status = umbra_node_set_inputs(&made, model, (const uint32_t[]){a, b}, 2);
  if (status == UMBRA_OK) status = set_sum(&made, model);
  return umbra_model_put_if(status, model, node, &made);
}
