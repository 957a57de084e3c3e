/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Element (r, c) of W is in the map from input c / in to output r / out. With p the column's place in the larger of both,
 * and k the rotation, counted in columns: if the output has no fewer, p = r modulo `out` and k = c - p modulo `in`; else
 * p = c - k is that place which is r modulo `out`, and what is there is folded: see circuits/transform. Each diagonal is
 * repeated for all records of a column.
 */
#include "column_maps.h"

#include <math.h>

#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "../circuits/transform/transform.h"
#include "../ckks/calls.h"
#include "../ckks/encoder.h"
#include "../ckks/inputs.h"
#include "../ckks/noise.h"
#include "../ckks/range.h"
#include "../ckks/trace.h"
#include "../ckks/verbs.h"

static size_t quotient_above(size_t a, size_t b) { return a / b + (a % b != 0); }

/* 0 beyond W; where there is no data the bound stands for all. */
static double weight_at(const umbra_layer *layer, size_t row, size_t column) {
  if (row >= layer->values.rows || column >= layer->values.columns) return 0;
  return layer->values.data ? umbra_array_at(&layer->values, row, column) : layer->largest;
}

static double bias_at(const umbra_layer *layer, size_t row) {
  if (row >= layer->values.rows) return 0;
  return layer->bias.data ? umbra_array_at(&layer->bias, row, 0) : layer->largest;
}

/* ---- shapes ---- */

static void choose_shape(umbra_column_maps *m, const umbra_layer *layer, const umbra_matrix_layout *layout,
                         uint32_t most_slots) {
  m->stride = layout->stride;
  m->in = layout->slots / layout->stride;
  m->out = 1;
  while (m->out < layer->values.rows && m->out < most_slots / m->stride) m->out *= 2;
  m->inputs = quotient_above(layer->values.columns, m->in);
  m->outputs = quotient_above(layer->values.rows, m->out);
}

/* Columns of the ring of slots in which an input is rotated; and rotations. */
static uint32_t ring_of(const umbra_column_maps *m) { return umbra_max_u32(m->in, m->out); }
static uint32_t rotations_of(const umbra_column_maps *m) { return umbra_min_u32(m->in, m->out); }

static void find_norm(umbra_column_maps *m, const umbra_layer *layer) {
  for (size_t i = 0; i < layer->values.rows; i++) {
    double sum = 0;
    for (size_t j = 0; j < layer->values.columns; j++) sum += fabs(weight_at(layer, i, j));
    m->norm = fmax(m->norm, sum);
  }
  m->norm = umbra_public_magnitude(m->norm);
}

/* ---- maps ---- */

/* The maps of an input, from which diagonals are filled. */
typedef struct map_source {
  const umbra_column_maps *maps;
  const umbra_layer *layer;
  size_t input;
  umbra_diagonals diagonals;
} map_source;

/* What column p of the ring takes in an output from the one that is k columns on. */
static double weight_on(const map_source *s, size_t output, uint32_t k, uint32_t p) {
  const umbra_column_maps *m = s->maps;
  return weight_at(s->layer, output * m->out + p % m->out, s->input * m->in + (p + k) % m->in);
}

/* All records of a column alike. */
static void fill_diagonal(double *pairs, size_t diagonal, const void *source) {
  const map_source *s = source;
  const uint32_t stride = s->maps->stride, ring = ring_of(s->maps);
  const uint32_t k = (uint32_t)s->diagonals.rotation[diagonal] / stride;
  for (uint32_t p = 0; p < ring; p++) {
    const double weight = weight_on(s, s->diagonals.map[diagonal], k, p);
    for (uint32_t i = 0; i < stride; i++, pairs += 2) {
      pairs[0] = weight;
      pairs[1] = 0;
    }
  }
}

static int is_used(const map_source *s, size_t output, uint32_t k) {
  uint32_t p = 0;
  while (p < ring_of(s->maps) && weight_on(s, output, k, p) == 0) p++;
  return p < ring_of(s->maps);
}

static void name_diagonal(umbra_diagonals *d, size_t number, uint32_t rotation, size_t output) {
  if (!d) return;
  d->rotation[number] = (int32_t)rotation;
  d->map[number] = (uint32_t)output;
}

/* Those that are not all zeros, and of each map one at least: counts them, and names them unless d is NULL. */
static size_t visit_diagonals(const map_source *s, umbra_diagonals *d) {
  size_t count = 0;
  for (size_t output = 0; output < s->maps->outputs; output++) {
    const size_t before = count;
    for (uint32_t k = 0; k < rotations_of(s->maps); k++)
      if (is_used(s, output, k)) name_diagonal(d, count++, k * s->maps->stride, output);
    if (count == before) name_diagonal(d, count++, 0, output);
  }
  return count;
}

static umbra_status set_bounds(map_source *s) {
  double row = 0;
  for (size_t output = 0; output < s->maps->outputs; output++)
    for (uint32_t p = 0; p < ring_of(s->maps); p++) {
      double sum = 0;
      for (uint32_t k = 0; k < rotations_of(s->maps); k++) {
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
  const uint32_t slots = ring_of(s->maps) * s->maps->stride;
  const size_t count = visit_diagonals(s, NULL);
  if (count > UINT16_MAX)
    return umbra_fail(UMBRA_ERROR_RANGE, "weights of %zu diagonals: a linear map has at most %d", count, UINT16_MAX);
  UMBRA_TRY(umbra_diagonals_create(d, slots, slots, count, 0));
  UMBRA_TRY(umbra_alloc(&d->map, count, sizeof *d->map, "the diagonals of weights"));
  (void)visit_diagonals(s, d);
  d->maps = (uint32_t)s->maps->outputs;
  d->fill = fill_diagonal;
  d->source = s;
  return set_bounds(s);
}

static umbra_status make_map(umbra_column_maps *m, const umbra_context *context, const umbra_layer *layer, size_t input,
                             umbra_watch *watch) {
  map_source source = {.maps = m, .layer = layer, .input = input};
  const umbra_transform_encoding encoding = {
      .diagonals = &source.diagonals,
      .level = m->level,
      .log_scale = umbra_transform_log_scale_at(umbra_context_chain(context), m->level),
      .watch = watch};
  umbra_status status = make_diagonals(&source);
  if (status == UMBRA_OK) status = umbra_transform_encode(&m->transform[input], context, &encoding);
  umbra_diagonals_destroy(&source.diagonals);
  return status;
}

/* ---- biases ---- */

static umbra_status make_bias(umbra_column_maps *m, const umbra_context *context, const umbra_layer *layer,
                              size_t output, int both) {
  const uint32_t slots = m->out * m->stride;
  double *pairs;
  umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT, .slots = slots};
  options.level = m->level - 1;
  UMBRA_TRY(umbra_alloc(&pairs, 2 * (size_t)slots, sizeof *pairs, "biases"));
  for (uint32_t i = 0; i < slots; i++) {
    pairs[2 * i] = bias_at(layer, output * m->out + i / m->stride);
    pairs[2 * i + 1] = both ? pairs[2 * i] : 0;
  }
  umbra_status status = umbra_encode_complex(&m->bias[output], context, pairs, slots, &options);
  umbra_free(pairs);
  return status;
}

/* ---- all of it ---- */

static umbra_status fill(umbra_column_maps *m, const umbra_context *context, const umbra_layer *layer, int both,
                         umbra_watch *watch) {
  umbra_status status = UMBRA_OK;
  find_norm(m, layer);
  UMBRA_TRY(umbra_alloc(&m->transform, m->inputs, sizeof *m->transform, "weights"));
  if (layer->biased) UMBRA_TRY(umbra_alloc(&m->bias, m->outputs, sizeof *m->bias, "biases"));
  for (size_t i = 0; i < m->inputs && status == UMBRA_OK; i++) {
    const umbra_watch_part part = umbra_watch_enter(watch, i, m->inputs);
    status = make_map(m, context, layer, i, watch);
    umbra_watch_leave(watch, part);
  }
  for (size_t i = 0; layer->biased && i < m->outputs && status == UMBRA_OK; i++)
    status = make_bias(m, context, layer, i, both);
  return status;
}

umbra_status umbra_column_maps_create(umbra_column_maps *maps, const umbra_context *context, const umbra_layer *layer,
                                      const umbra_matrix_layout *layout, uint32_t level, umbra_watch *watch) {
  umbra_column_maps made = {.level = level, .magnitude = layer->magnitude};
  choose_shape(&made, layer, layout, umbra_params_slots(umbra_context_params(context)));
  umbra_status status = fill(&made, context, layer, layout->pairs, watch);
  if (status != UMBRA_OK) umbra_column_maps_destroy(&made);
  *maps = made;
  return status;
}

void umbra_column_maps_destroy(umbra_column_maps *maps) {
  for (size_t i = 0; maps->transform && i < maps->inputs; i++) umbra_transform_destroy(maps->transform[i]);
  for (size_t i = 0; maps->bias && i < maps->outputs; i++) umbra_plaintext_destroy(maps->bias[i]);
  umbra_free(maps->transform);
  umbra_free(maps->bias);
  *maps = (umbra_column_maps){0};
}

uint64_t umbra_column_maps_bytes(const umbra_column_maps *maps) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < maps->inputs; i++) bytes += umbra_transform_bytes(maps->transform[i]);
  for (size_t i = 0; maps->bias && i < maps->outputs; i++) bytes += umbra_plaintext_bytes(maps->bias[i]);
  return bytes;
}

/* ---- applying them ---- */

typedef struct application {
  umbra_evaluator *evaluator;
  const umbra_column_maps *maps;
  umbra_scaled *sum, *share; /* of each output: of all inputs, and of one */
  umbra_estimate largest;    /* of the inputs */
} application;

static umbra_status map_one(const application *p, umbra_scaled *to, const umbra_ciphertext *a, size_t input) {
  const uint32_t level = p->maps->level;
  const umbra_log2 log_scale = umbra_context_chain(p->evaluator->context)->log_scale[level];
  const umbra_scaled whole = umbra_scaled_of(a);
  umbra_scaled lowered = {0};
  if (a->level > level) UMBRA_TRY(umbra_scaled_lower(&lowered, p->evaluator, &whole, level, log_scale));
  umbra_status status =
      umbra_transform_apply_scaled(p->evaluator, to, a->level > level ? &lowered : &whole, p->maps->transform[input]);
  umbra_scaled_destroy(&lowered, p->evaluator->context);
  return status;
}

static umbra_status sum_maps(const application *p, const umbra_ciphertext *const *a) {
  UMBRA_TRY(map_one(p, p->sum, a[0], 0));
  for (size_t input = 1; input < p->maps->inputs; input++) {
    UMBRA_TRY(map_one(p, p->share, a[input], input));
    for (size_t i = 0; i < p->maps->outputs; i++) {
      UMBRA_TRY(umbra_scaled_add(p->evaluator, &p->sum[i], &p->share[i]));
      umbra_scaled_destroy(&p->share[i], p->evaluator->context);
    }
  }
  return UMBRA_OK;
}

/* Parts of sums lie apart by what an output takes. No element is larger than a row's sum times the largest of x. */
static umbra_status fold(const application *p, umbra_scaled *x) {
  const umbra_column_maps *m = p->maps;
  const uint32_t slots = ring_of(m) * m->stride;
  for (uint32_t steps = m->out * m->stride; steps < slots; steps *= 2)
    UMBRA_TRY(umbra_scaled_add_rotated(p->evaluator, x, steps, slots));
  const umbra_estimate known = x->estimate, in = p->largest;
  umbra_scaled_declare(x,
                       (umbra_estimate){umbra_bound_within(known.bound, m->norm * in.bound.magnitude),
                                        umbra_bound_within(known.worst, m->norm * in.worst.magnitude), known.doubts});
  return UMBRA_OK;
}

/* Without it, what was declared of the whole holds but for the bias. */
static umbra_status add_bias(const application *p, umbra_ciphertext **x, const umbra_plaintext *bias) {
  const double declared = p->maps->magnitude;
  umbra_ciphertext_declare_within(*x, declared > 0 ? declared + bias->estimate.bound.magnitude : 0);
  return umbra_add_plain(p->evaluator, x, *x, bias);
}

static umbra_status finish(const application *p, umbra_ciphertext **made, size_t output, const umbra_ciphertext *like) {
  umbra_ciphertext *result = NULL;
  UMBRA_TRY(fold(p, &p->sum[output]));
  UMBRA_TRY(umbra_scaled_finish(&result, &p->sum[output], p->evaluator->context, like));
  umbra_ciphertext_repeat(result, p->maps->out * p->maps->stride);
  umbra_status status = p->maps->bias ? add_bias(p, &result, p->maps->bias[output]) : UMBRA_OK;
  umbra_ciphertext_declare_within(result, p->maps->magnitude);
  return umbra_result_finish(p->evaluator, made, result, status);
}

static umbra_status apply_to(application *p, umbra_ciphertext **made, const umbra_ciphertext *const *a) {
  const size_t outputs = p->maps->outputs;
  UMBRA_TRY(umbra_alloc(&p->sum, 2 * outputs, sizeof *p->sum, "products with weights"));
  p->share = p->sum + outputs;
  p->largest = umbra_noise_largest(a, p->maps->inputs);
  umbra_status status = sum_maps(p, a);
  for (size_t i = 0; i < outputs && status == UMBRA_OK; i++) status = finish(p, &made[i], i, a[0]);
  for (size_t i = 0; i < 2 * outputs; i++) umbra_scaled_destroy(&p->sum[i], p->evaluator->context);
  umbra_free(p->sum);
  return status;
}

umbra_status umbra_column_maps_apply(umbra_evaluator *evaluator, umbra_ciphertext **made,
                                     const umbra_ciphertext *const *a, const umbra_column_maps *maps) {
  UMBRA_TRACE(evaluator, "column_maps", a[0]);
  application p = {.evaluator = evaluator, .maps = maps};
  umbra_inputs inputs;
  UMBRA_TRY(umbra_inputs_open_at(&inputs, evaluator, a, maps->inputs, maps->level));
  umbra_status status = apply_to(&p, made, inputs.a);
  umbra_inputs_close(&inputs);
  return status;
}
