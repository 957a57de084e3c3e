/* SPDX-License-Identifier: Apache-2.0 */
/* From feature maps to dense layers: positions of pixels become columns of a matrix of one row. */
#include <umbra/feature_ops.h>
#include <umbra/matrix_ops.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/structs.h"
#include "../ckks/dry.h"
#include "../linalg/array.h"
#include "feature_map.h"

umbra_matrix_layout umbra_feature_row_layout(const umbra_feature_layout *l) {
  return (umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_BY_COLUMNS, .stride = 1,
                               .slots = l->slots, .group = 1};
}

umbra_status umbra_feature_map_as_row(const umbra_feature_map *map, umbra_matrix **row) {
  if (!row || !map)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_feature_map_as_row needs an output and a feature map");
  const umbra_matrix_layout layout = umbra_feature_row_layout(&map->layout);
  return umbra_matrix_from_ciphertexts(row, (const umbra_ciphertext *const *)map->part, map->parts, 1,
                                       umbra_feature_positions(&map->layout), &layout);
}

/* ---- weights ---- */

/* One row: each pixel's weight at its position, and 0 elsewhere. */
static void spread_row(double *spread, const umbra_array *values, size_t row, const umbra_feature_layout *l) {
  size_t pixel = 0;
  for (uint32_t c = 0; c < l->channels; c++)
    for (uint32_t y = 0; y < l->height; y++)
      for (uint32_t x = 0; x < l->width; x++, pixel++)
        spread[umbra_feature_channel(l, c) + umbra_feature_pixel(l, y, x)] = umbra_array_at(values, row, pixel);
}

/* *spread: values[rows][positions], zero before; NULL if there are no values. */
static umbra_status spread_values(double **spread, const umbra_array *values, const umbra_feature_layout *l) {
  const uint64_t positions = umbra_feature_positions(l);
  if (values->rows > UMBRA_MOST_POSITIONS / positions)
    return umbra_fail(UMBRA_ERROR_RANGE, "%zu outputs of a feature map of %llu positions: at most 2^31 weights",
                      values->rows, (unsigned long long)positions);
  if (!values->data) return UMBRA_OK;
  UMBRA_TRY(umbra_alloc(spread, values->rows * positions, sizeof **spread, "the weights of a feature map"));
  for (size_t i = 0; i < values->rows; i++) spread_row(*spread + i * positions, values, i, l);
  return UMBRA_OK;
}

static umbra_status take_values(umbra_array *values, const umbra_array *given, const umbra_context *context,
                                const umbra_feature_layout *l) {
  const uint64_t pixels = (uint64_t)l->channels * l->height * l->width;
  UMBRA_TRY(umbra_array_take(values, given, !umbra_context_has_values(context), "the weights"));
  if (values->columns == pixels) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                    "weights with %zu columns for feature maps of %u channels of %u x %u, which are %llu pixels",
                    values->columns, l->channels, l->height, l->width, (unsigned long long)pixels);
}

static umbra_status create(umbra_weights **weights, const umbra_context *context, umbra_weights_desc *desc,
                           const umbra_feature_layout *l, const umbra_progress *progress) {
  const umbra_matrix_layout layout = umbra_feature_row_layout(l);
  umbra_array values;
  double *spread = NULL;
  UMBRA_TRY(take_values(&values, desc->values, context, l));
  UMBRA_TRY(spread_values(&spread, &values, l));
  const umbra_array at_positions = {UMBRA_ARRAY_INIT, .data = spread, .rows = values.rows,
                                    .columns = umbra_feature_positions(l), .bound = values.bound};
  desc->values = &at_positions;
  desc->layout = &layout;
  umbra_status status = umbra_weights_create(weights, context, desc, progress);
  umbra_free(spread);
  return status;
}

umbra_status umbra_feature_weights_create(umbra_weights **weights, const umbra_context *context,
                                          const umbra_weights_desc *desc, const umbra_feature_layout *layout,
                                          const umbra_progress *progress) {
  umbra_weights_desc own = {UMBRA_WEIGHTS_DESC_INIT};
  umbra_feature_layout places = {UMBRA_FEATURE_LAYOUT_INIT};
  if (!weights || !context || !desc || !layout)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "umbra_feature_weights_create needs an output, a context, a desc and a layout");
  UMBRA_TRY(UMBRA_TAKE(umbra_weights_desc, &own, desc));
  UMBRA_TRY(UMBRA_TAKE(umbra_feature_layout, &places, layout));
  UMBRA_TRY(umbra_feature_layout_choose(&places, umbra_params_slots(umbra_context_params(context))));
  return create(weights, context, &own, &places, progress);
}
