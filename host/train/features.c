/* SPDX-License-Identifier: Apache-2.0 */
#include "features.h"

#include "../base/error.h"
#include "../base/memory.h"

umbra_status umbra_features_make(umbra_features *features, size_t rows, size_t columns) {
  *features = (umbra_features){rows, columns, NULL};
  return umbra_alloc(&features->value, rows * columns, sizeof *features->value, "features");
}

void umbra_features_clear(umbra_features *features) {
  umbra_free(features->value);
  *features = (umbra_features){0};
}

/* A record's, at its place of each run: feature p comes to position p - turn. */
static void place_record(double *pairs, const umbra_features *f, const umbra_matrix_layout *l, size_t row,
                         uint32_t turn) {
  const size_t stride = l->stride, positions = l->slots / stride;
  double *first = pairs + 2 * (row % stride) + row / stride % 2;
  for (size_t p = 0; p <= f->columns; p++)
    first[2 * stride * ((p + positions - turn) % positions)] = p < f->columns ? f->value[row * f->columns + p] : 1;
}

umbra_status umbra_features_encode(umbra_plaintext **plain, const umbra_context *context, const umbra_features *f,
                                   const umbra_matrix_layout *layout, size_t part, uint32_t turn, uint32_t level) {
  const size_t held = 2 * (size_t)layout->stride, first = part * held;
  umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT};
  double *pairs;
  options.level = level;
  options.slots = layout->slots;
  UMBRA_TRY(umbra_alloc(&pairs, 2 * (size_t)layout->slots, sizeof *pairs, "features"));
  for (size_t row = first; f->value && row < f->rows && row < first + held; row++)
    place_record(pairs, f, layout, row, turn);
  const umbra_status status = umbra_encode_complex(plain, context, pairs, layout->slots, &options);
  umbra_free(pairs);
  return status;
}

umbra_status umbra_features_turn(umbra_plaintext **plain, uint32_t count, const umbra_context *context,
                                 const umbra_features *f, const umbra_matrix_layout *layout, size_t part,
                                 uint32_t level) {
  for (uint32_t t = 0; t < count; t++) UMBRA_TRY(umbra_features_encode(&plain[t], context, f, layout, part, t, level));
  return UMBRA_OK;
}
