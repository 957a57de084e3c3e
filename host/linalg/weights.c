/* SPDX-License-Identifier: Apache-2.0 */
#include "weights.h"

#include "../base/bounds.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../base/structs.h"
#include "../ckks/checks.h"
#include "../ckks/dry.h"
#include "../ckks/encoder.h"
#include "../ckks/trace.h"

/* ---- what is given ---- */

/* A row lies where a column of one record each would. */
umbra_status umbra_layout_as_columns(umbra_matrix_layout *columns, const umbra_matrix_layout *layout) {
  const umbra_matrix_order order = layout->order;
  *columns = *layout;
  if (order == UMBRA_MATRIX_BY_COLUMNS || order == UMBRA_MATRIX_SHIFTED || order == UMBRA_MATRIX_INTERLEAVED)
    return UMBRA_OK;
  if (order != UMBRA_MATRIX_BY_ROWS)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "weights are for matrices by columns, in shifted copies, interleaved, or by rows if there is but "
                      "one: this order is %d",
                      (int)order);
  columns->order = UMBRA_MATRIX_BY_COLUMNS;
  columns->stride = 1;
  columns->ones = 0;
  columns->group = 1;
  return UMBRA_OK;
}

static umbra_status take_bias(umbra_layer *layer, const umbra_array *given, int optional) {
  const umbra_array *values = &layer->values, *bias = &layer->bias;
  UMBRA_TRY(umbra_array_take(&layer->bias, given, optional, "the bias"));
  layer->biased = 1;
  if (bias->rows != values->rows || bias->columns != 1)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a bias of %zu x %zu for weights of %zu x %zu: it must be %zu x 1",
                      bias->rows, bias->columns, values->rows, values->columns, values->rows);
  if (!bias->data == !values->data) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "weights and bias: one has data and the other has not");
}

static umbra_status take_layer(umbra_layer *layer, const umbra_weights_desc *desc, const umbra_context *context) {
  const int optional = !umbra_context_has_values(context);
  if (!umbra_is_bound(desc->bound) || !umbra_is_bound(desc->magnitude))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "bound is %g and magnitude is %g: both must be finite and not negative", desc->bound,
                      desc->magnitude);
  UMBRA_TRY(umbra_array_take(&layer->values, desc->values, optional, "the weights"));
  if (desc->bias) UMBRA_TRY(take_bias(layer, desc->bias, optional));
  layer->largest = layer->largest_bias = desc->bound;
  layer->magnitude = desc->magnitude;
  if (!layer->values.data) return UMBRA_OK;
  UMBRA_TRY(umbra_array_largest(&layer->largest, &layer->values, "the weights"));
  return layer->biased ? umbra_array_largest(&layer->largest_bias, &layer->bias, "the bias") : UMBRA_OK;
}

/* Complete, and by columns. The matrices' rows are not known, by which a stride of columns would be chosen. */
static umbra_status take_layout(umbra_matrix_layout *layout, const umbra_matrix_layout *given, size_t columns,
                                size_t most_slots) {
  *layout = (umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_BY_COLUMNS, .group = 1};
  layout->stride = layout->slots = (uint32_t)most_slots;
  if (!given) return UMBRA_OK;
  UMBRA_TRY(UMBRA_TAKE(umbra_matrix_layout, layout, given));
  if ((layout->order == UMBRA_MATRIX_BY_COLUMNS || layout->order == UMBRA_MATRIX_INTERLEAVED) && !layout->stride)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "a layout %s with a stride of 0: weights need that of the matrices, as umbra_matrix_layout_of "
                      "tells it",
                      umbra_layout_name(layout));
  UMBRA_TRY(umbra_layout_choose(layout, 1, columns, most_slots));
  return umbra_layout_as_columns(layout, layout);
}

/* ---- making them ---- */

static double weight_of(size_t row, size_t column, const void *source) {
  return umbra_array_at(&((const umbra_layer *)source)->values, row, column);
}

static double constant_of(size_t row, const void *source) {
  return umbra_array_at(&((const umbra_layer *)source)->bias, row, 0);
}

/* A ciphertext a column, whether its slots have a record each or several the same one. */
static int combines(const umbra_matrix_layout *layout) {
  if (layout->order == UMBRA_MATRIX_INTERLEAVED) return layout->group == 1;
  return layout->order == UMBRA_MATRIX_BY_COLUMNS && layout->stride == layout->slots;
}

uint32_t umbra_weights_period(const umbra_weights *weights) {
  return weights->combines && weights->layout.order == UMBRA_MATRIX_INTERLEAVED ? weights->layout.stride : 0;
}

static umbra_status fill(umbra_weights *made, const umbra_layer *layer, umbra_watch *watch) {
  const uint32_t period = umbra_weights_period(made);
  umbra_combinations_desc desc = {.rows = made->rows,
                                  .columns = made->columns,
                                  .level = made->level,
                                  .period = period,
                                  .weight = weight_of,
                                  .constant = layer->biased && !period ? constant_of : NULL,
                                  .source = layer,
                                  .largest = layer->largest,
                                  .largest_constant = layer->largest_bias,
                                  .magnitude = layer->magnitude};
  if (period && layer->magnitude > 0 && layer->biased) /* which is added later */
    desc.magnitude += umbra_public_magnitude(layer->largest_bias);
  if (!made->combines)
    return umbra_column_maps_create(&made->maps, made->context, layer, &made->layout, made->level, watch);
  if (period) UMBRA_TRY(umbra_column_biases_create(&made->maps, made->context, layer, &made->layout, made->level));
  return umbra_combinations_create(&made->combinations, made->context, &desc, watch);
}

static void destroy(void *object) {
  umbra_weights *weights = object;
  umbra_combinations_destroy(weights->combinations);
  umbra_slot_maps_destroy(&weights->maps);
  umbra_context_destroy(weights->context);
  umbra_free(weights);
}

static umbra_status make(umbra_weights **out, const umbra_context *context, const umbra_weights_desc *desc,
                         umbra_watch *watch) {
  umbra_layer layer = {.largest = 0};
  umbra_matrix_layout layout;
  uint32_t level;
  umbra_weights *made;
  UMBRA_TRY(umbra_check_level(&level, context, desc->level));
  if (!level) return umbra_fail(UMBRA_ERROR_NO_LEVEL, "a product takes a level, and its matrix would be at level 0");
  UMBRA_TRY(take_layer(&layer, desc, context));
  UMBRA_TRY(
      take_layout(&layout, desc->layout, layer.values.columns, umbra_params_slots(umbra_context_params(context))));
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "weights"));
  *made = (umbra_weights){.counted = UMBRA_COUNTED(destroy),
                          .context = umbra_context_share(context),
                          .rows = layer.values.rows,
                          .columns = layer.values.columns,
                          .level = level,
                          .combines = combines(&layout),
                          .layout = layout};
  umbra_status status = fill(made, &layer, watch);
  if (status == UMBRA_OK) *out = made;
  else umbra_weights_destroy(made);
  return status;
}

umbra_status umbra_weights_create(umbra_weights **weights, const umbra_context *context, const umbra_weights_desc *desc,
                                  const umbra_progress *progress) {
  UMBRA_TRACE_IN(context, "weights_create", 0);
  if (!weights || !context || !desc)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_weights_create needs an output, a context and a desc");
  umbra_weights_desc wanted = {UMBRA_WEIGHTS_DESC_INIT};
  umbra_weights *made = NULL;
  UMBRA_TRY(UMBRA_TAKE(umbra_weights_desc, &wanted, desc));
  umbra_watch watch = umbra_watch_of(progress);
  UMBRA_TRY(umbra_watch_check(&watch));
  umbra_status status = umbra_watch_close(&watch, make(&made, context, &wanted, &watch));
  if (status == UMBRA_OK) UMBRA_PUT(weights, weights, made);
  else umbra_weights_destroy(made);
  return status;
}

/* ---- what they are ---- */

umbra_weights *umbra_weights_share(const umbra_weights *weights) { return umbra_share(weights); }
void umbra_weights_destroy(umbra_weights *weights) { umbra_release(weights); }

size_t umbra_weights_rows(const umbra_weights *weights) { return weights->rows; }
size_t umbra_weights_columns(const umbra_weights *weights) { return weights->columns; }
uint32_t umbra_weights_level(const umbra_weights *weights) { return weights->level; }

uint64_t umbra_weights_bytes(const umbra_weights *weights) {
  const uint64_t combinations = weights->combines ? umbra_combinations_bytes(weights->combinations) : 0;
  return combinations + umbra_slot_maps_bytes(&weights->maps);
}
