/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Element (r, c) of W is in the map from input c / in to output r / out. A ciphertext is a ring of places, each of which has
 * a column for all records, in runs of `out` places: place u of run t has column u + turn t, modulo `in`. A rotation by k
 * places brings to place p what p + k has, and what is then in places that are r modulo `out` is folded: see
 * circuits/transform. Of such places and k < turn, one and only one brings column c: in place u of run t it is r + k +
 * turn t modulo `in` = turn * runs, also where p + k is in the next run, since turn divides `out`.
 *
 * Columns without copies are the case of turn = out. If the output then has more places than the input has columns, that
 * is one run, and k < in.
 *
 * Interleaved, place u of a run has column u of an input, and of an output: a rotation by k in (-out, out) brings it
 * column u + k, if there is one, from the same run. All runs are alike, so diagonals have the period of a run.
 */
#include "column_maps.h"

#include <math.h>

#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "../ckks/encoder.h"

/* 0 beyond W; where there is no data the bound stands for all. */
static double weight_at(const umbra_layer *layer, size_t row, size_t column) {
  if (row >= layer->values.rows || column >= layer->values.columns) return 0;
  return layer->values.data ? umbra_array_at(&layer->values, row, column) : layer->largest;
}

static double bias_at(const umbra_layer *layer, size_t row) {
  if (row >= layer->values.rows) return 0;
  return layer->bias.data ? umbra_array_at(&layer->bias, row, 0) : layer->largest_bias;
}

/* ---- shapes ---- */

/* Places have `stride` slots: `in` columns in a ciphertext, and `out` in one of the results. */
typedef struct shape {
  uint32_t stride, in, out;
  uint32_t ring, turn;    /* places of a ciphertext, and columns from one run of `out` of them to the next */
  size_t inputs, outputs; /* ciphertexts */
  uint32_t interleaved;   /* slots of a ciphertext, if it is, and `in`, `out` and ring are places of a run; else 0 */
} shape;

static shape shape_of_columns(const umbra_layer *layer, const umbra_matrix_layout *layout, uint32_t most_slots) {
  shape m = {.stride = layout->stride, .in = layout->slots / layout->stride, .out = 1};
  while (m.out < layer->values.rows && m.out < most_slots / m.stride) m.out *= 2;
  m.ring = umbra_max_u32(m.in, m.out);
  m.turn = m.out;
  return m;
}

static shape shape_of_runs(const umbra_matrix_layout *layout) {
  shape m = {.stride = 1, .in = layout->group, .out = layout->stride, .ring = layout->stride, .turn = layout->stride};
  if (layout->slots > layout->stride) m.interleaved = layout->slots; /* one run is a ring of columns */
  return m;
}

static shape shape_of(const umbra_layer *layer, const umbra_matrix_layout *layout, uint32_t most_slots) {
  shape m = {.stride = 1, .out = layout->stride, .ring = layout->slots, .turn = layout->group};
  if (layout->order == UMBRA_MATRIX_BY_COLUMNS) m = shape_of_columns(layer, layout, most_slots);
  else if (layout->order == UMBRA_MATRIX_INTERLEAVED) m = shape_of_runs(layout);
  else m.in = (uint32_t)umbra_layout_shifted_columns(layout);
  m.inputs = umbra_quotient_above(layer->values.columns, m.in);
  m.outputs = umbra_quotient_above(layer->values.rows, m.out);
  return m;
}

static uint32_t rotations_of(const shape *m) { return m->interleaved ? 2 * m->out - 1 : umbra_min_u32(m->in, m->turn); }

/* Slots that rotation k turns by. */
static int32_t rotation_of(const shape *m, uint32_t k) {
  return m->interleaved ? (int32_t)k - (int32_t)(m->out - 1) : (int32_t)(k * m->stride);
}

/* Of a ciphertext. */
static uint32_t slots_of(const shape *m) { return m->interleaved ? m->interleaved : m->ring * m->stride; }

static uint32_t column_at(const shape *m, uint32_t place) {
  return (place % m->out + place / m->out * m->turn) % m->in;
}

/* Bound on the sums of a row's |weight|. */
static double norm_of(const umbra_layer *layer) {
  double largest = 0;
  for (size_t i = 0; i < layer->values.rows; i++) {
    double sum = 0;
    for (size_t j = 0; j < layer->values.columns; j++) sum += fabs(weight_at(layer, i, j));
    largest = fmax(largest, sum);
  }
  return umbra_public_magnitude(largest);
}

/* ---- maps ---- */

/* The maps of an input, from which diagonals are filled. */
typedef struct map_source {
  const shape *shape;
  const umbra_layer *layer;
  size_t input;
  umbra_diagonals diagonals;
} map_source;

/* What place p of the ring takes in an output by rotation k. */
static double weight_on(const map_source *s, size_t output, uint32_t k, uint32_t p) {
  const shape *m = s->shape;
  if (m->interleaved) {
    const uint32_t from = p + (uint32_t)rotation_of(m, k); /* wraps below 0 */
    return from < m->in ? weight_at(s->layer, output * m->out + p, s->input * m->in + from) : 0;
  }
  return weight_at(s->layer, output * m->out + p % m->out, s->input * m->in + column_at(m, (p + k) % m->ring));
}

/* All records of a column alike. */
static void fill_diagonal(double *pairs, size_t diagonal, const void *source) {
  const map_source *s = source;
  const uint32_t stride = s->shape->stride;
  const uint32_t k = (uint32_t)(s->diagonals.rotation[diagonal] - rotation_of(s->shape, 0)) / stride;
  for (uint32_t p = 0; p < s->shape->ring; p++) {
    const double weight = weight_on(s, s->diagonals.map[diagonal], k, p);
    for (uint32_t i = 0; i < stride; i++, pairs += 2) {
      pairs[0] = weight;
      pairs[1] = 0;
    }
  }
}

static int is_used(const map_source *s, size_t output, uint32_t k) {
  uint32_t p = 0;
  while (p < s->shape->ring && weight_on(s, output, k, p) == 0) p++;
  return p < s->shape->ring;
}

static void name_diagonal(umbra_diagonals *d, size_t number, int32_t rotation, size_t output) {
  if (!d) return;
  d->rotation[number] = rotation;
  d->map[number] = (uint32_t)output;
}

/* Those that are not all zeros, and of each map one at least: counts them, and names them unless d is NULL. */
static size_t visit_diagonals(const map_source *s, umbra_diagonals *d) {
  size_t count = 0;
  for (size_t output = 0; output < s->shape->outputs; output++) {
    const size_t before = count;
    for (uint32_t k = 0; k < rotations_of(s->shape); k++)
      if (is_used(s, output, k)) name_diagonal(d, count++, rotation_of(s->shape, k), output);
    if (count == before) name_diagonal(d, count++, 0, output);
  }
  return count;
}

static umbra_status set_bounds(map_source *s) {
  double row = 0;
  for (size_t output = 0; output < s->shape->outputs; output++)
    for (uint32_t p = 0; p < s->shape->ring; p++) {
      double sum = 0;
      for (uint32_t k = 0; k < rotations_of(s->shape); k++) {
        const double size = fabs(weight_on(s, output, k, p));
        s->diagonals.entry = fmax(s->diagonals.entry, size);
        sum += size;
      }
      row = fmax(row, sum);
    }
  s->diagonals.row = umbra_public_magnitude(row);
  if (isfinite(row)) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_RANGE, "the weights of a row are too large to be added up");
}

static umbra_status make_diagonals(map_source *s) {
  umbra_diagonals *d = &s->diagonals;
  const uint32_t period = s->shape->ring * s->shape->stride, slots = slots_of(s->shape);
  const size_t count = visit_diagonals(s, NULL);
  if (count > UINT16_MAX)
    return umbra_fail(UMBRA_ERROR_RANGE, "weights of %zu diagonals: a linear map has at most %d", count, UINT16_MAX);
  UMBRA_TRY(umbra_diagonals_create(d, slots, period, count, 0));
  UMBRA_TRY(umbra_alloc(&d->map, count, sizeof *d->map, "the diagonals of weights"));
  (void)visit_diagonals(s, d);
  d->maps = (uint32_t)s->shape->outputs;
  d->fill = fill_diagonal;
  d->source = s;
  return set_bounds(s);
}

static umbra_status make_map(umbra_slot_maps *maps, const shape *m, const umbra_context *context,
                             const umbra_layer *layer, size_t input, umbra_watch *watch) {
  map_source source = {.shape = m, .layer = layer, .input = input};
  umbra_transform_encoding encoding = umbra_slot_maps_encoding(maps, context, &source.diagonals);
  encoding.watch = watch;
  umbra_status status = make_diagonals(&source);
  if (status == UMBRA_OK) status = umbra_transform_encode(&maps->transform[input], context, &encoding);
  umbra_diagonals_destroy(&source.diagonals);
  return status;
}

/* ---- biases ---- */

static umbra_status make_bias(umbra_plaintext **bias, const shape *m, const umbra_context *context,
                              const umbra_layer *layer, size_t output, const umbra_encode_options *options, int both) {
  double *pairs;
  UMBRA_TRY(umbra_alloc(&pairs, 2 * (size_t)options->slots, sizeof *pairs, "biases"));
  for (uint32_t i = 0; i < options->slots; i++) {
    pairs[2 * i] = bias_at(layer, output * m->out + (m->interleaved ? i % m->out : i / m->stride));
    pairs[2 * i + 1] = both ? pairs[2 * i] : 0;
  }
  umbra_status status = umbra_encode_complex(bias, context, pairs, options->slots, options);
  umbra_free(pairs);
  return status;
}

static umbra_status make_biases(umbra_slot_maps *maps, const shape *m, const umbra_context *context,
                                const umbra_layer *layer, int both) {
  umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT, .slots = maps->slots};
  options.level = maps->level - 1;
  UMBRA_TRY(umbra_alloc(&maps->bias, maps->outputs, sizeof *maps->bias, "biases"));
  for (size_t i = 0; i < maps->outputs; i++) UMBRA_TRY(make_bias(&maps->bias[i], m, context, layer, i, &options, both));
  return UMBRA_OK;
}

/* ---- all of it ---- */

static umbra_status fill(umbra_slot_maps *maps, const shape *m, const umbra_context *context, const umbra_layer *layer,
                         umbra_watch *watch) {
  UMBRA_TRY(umbra_alloc(&maps->transform, maps->inputs, sizeof *maps->transform, "weights"));
  for (size_t i = 0; i < maps->inputs; i++) {
    const umbra_watch_part part = umbra_watch_enter(watch, i, maps->inputs);
    const umbra_status status = make_map(maps, m, context, layer, i, watch);
    umbra_watch_leave(watch, part);
    UMBRA_TRY(status);
  }
  return UMBRA_OK;
}

static umbra_slot_maps maps_of(const shape *m, const umbra_layer *layer, uint32_t level) {
  return (umbra_slot_maps){.level = level,
                           .ring = slots_of(m),
                           .slots = m->interleaved ? m->interleaved : m->out * m->stride,
                           .inputs = m->inputs,
                           .outputs = m->outputs,
                           .norm = norm_of(layer),
                           .magnitude = layer->magnitude};
}

umbra_status umbra_column_maps_create(umbra_slot_maps *maps, const umbra_context *context, const umbra_layer *layer,
                                      const umbra_matrix_layout *layout, uint32_t level, umbra_watch *watch) {
  const shape m = shape_of(layer, layout, umbra_params_slots(umbra_context_params(context)));
  umbra_slot_maps made = maps_of(&m, layer, level);
  umbra_status status = fill(&made, &m, context, layer, watch);
  if (status == UMBRA_OK && layer->biased) status = make_biases(&made, &m, context, layer, layout->pairs);
  if (status != UMBRA_OK) umbra_slot_maps_destroy(&made);
  *maps = made;
  return status;
}

umbra_status umbra_column_biases_create(umbra_slot_maps *maps, const umbra_context *context, const umbra_layer *layer,
                                        const umbra_matrix_layout *layout, uint32_t level) {
  const shape m = shape_of(layer, layout, umbra_params_slots(umbra_context_params(context)));
  umbra_slot_maps made = maps_of(&m, layer, level);
  made.inputs = 0;
  const umbra_status status = layer->biased ? make_biases(&made, &m, context, layer, layout->pairs) : UMBRA_OK;
  if (status != UMBRA_OK) umbra_slot_maps_destroy(&made);
  *maps = made;
  return status;
}
