/* SPDX-License-Identifier: Apache-2.0 */
#include "transform_encoder.h"

#include "../../base/error.h"
#include "../../base/memory.h"
#include "../../ckks/dry.h"
#include "../../ckks/encoder.h"
#include "../../ring/ops.h"

/* Where there are none, bounds are enough. */
static int has_values(const umbra_diagonal_encoder *e) { return umbra_context_has_values(e->transform->context); }

/* ---- one diagonal ---- */

static const double *read_diagonal(const umbra_diagonal_encoder *e, size_t index) {
  const umbra_diagonals *d = e->diagonals;
  if (!d->fill) return d->value + 2 * index * d->period;
  d->fill(e->filled, index, d->source);
  return e->filled;
}

/* The first of each 2^log_gap equal words of a limb. */
static umbra_status shorten_limb(const umbra_diagonal_encoder *e, uint32_t *to, const uint32_t *from,
                                 uint32_t log_gap) {
  const umbra_ring *ring = e->transform->context->ring;
  uint32_t n = umbra_ring_n(ring), *words = e->words;
  umbra_ring_download(ring, e->stream, words, from, n * sizeof *words);
  UMBRA_TRY(umbra_ring_wait(ring, e->stream));
  for (uint32_t i = 0; words && i < n >> log_gap; i++) words[i] = words[(size_t)i << log_gap];
  umbra_ring_upload(ring, e->stream, to, words, (n >> log_gap) * sizeof *words);
  return UMBRA_OK;
}

static umbra_status shorten(const umbra_diagonal_encoder *e, const umbra_poly *plain, uint32_t index) {
  uint32_t n = umbra_ring_n(e->transform->context->ring), limbs = plain->window.count + plain->aux;
  uint32_t words = n >> plain->log_gap, *to = plain->data + (size_t)index * limbs * words;
  for (uint32_t i = 0; i < limbs; i++)
    UMBRA_TRY(shorten_limb(e, to + (size_t)i * words, e->whole.data + (size_t)i * n, plain->log_gap));
  return UMBRA_OK;
}

static int is_empty(const umbra_diagonal_encoder *e, uint32_t cell) {
  return e->transform->plan->diagonal[cell] == UMBRA_NO_DIAGONAL;
}

static umbra_values values_of(const umbra_diagonal_encoder *e, uint32_t cell) {
  const umbra_transform *t = e->transform;
  const uint32_t period = e->diagonals->period, index = t->plan->diagonal[cell];
  const int none = is_empty(e, cell);
  return (umbra_values){.value = none || !has_values(e) ? NULL : read_diagonal(e, index),
                        .bound = none ? 0 : e->diagonals->entry,
                        .bounded = 1,
                        .count = none ? 0 : period,
                        .stride = 2,
                        .turn = (uint32_t)-t->plan->giant[cell / t->plan->babies] & (period - 1),
                        .level = t->plan->level,
                        .slots = period,
                        .log_scale = t->log_scale,
                        .known = 1};
}

umbra_status umbra_diagonal_coefficients(const umbra_diagonal_encoder *e, int64_t *coefficients, uint32_t *shift,
                                         uint32_t cell) {
  const umbra_values values = values_of(e, cell);
  double magnitude;
  return umbra_encode_coefficients(coefficients, shift, &magnitude, e->transform->context, e->stream, &values);
}

umbra_status umbra_diagonal_whole(const umbra_diagonal_encoder *e, double *parts, int *empty, uint32_t cell) {
  *empty = is_empty(e, cell);
  if (*empty) return UMBRA_OK;
  const umbra_values values = values_of(e, cell);
  return umbra_encode_whole(parts, e->transform->context, e->stream, &values);
}

umbra_status umbra_diagonal_encode(const umbra_diagonal_encoder *e, const umbra_poly *to, uint32_t index,
                                   uint32_t cell) {
  umbra_ring *ring = e->transform->context->ring;
  const umbra_poly *whole = to->log_gap ? &e->whole : to;
  const umbra_view view = umbra_poly_subview(whole, ring, to->log_gap ? 0 : index, 1, to->window, to->aux);
  uint32_t shift;
  if (is_empty(e, cell)) {
    umbra_ring_zero(ring, e->stream, &view);
  } else {
    UMBRA_TRY(umbra_diagonal_coefficients(e, e->coefficients, &shift, cell));
    umbra_ring_from_i64(ring, e->stream, &view, e->coefficients, shift);
  }
  return to->log_gap ? shorten(e, to, index) : UMBRA_OK;
}

/* ---- what they go through ---- */

static size_t coefficient_bytes(const umbra_ring *ring) { return umbra_ring_n(ring) * sizeof(int64_t); }

static umbra_status open_whole(umbra_diagonal_encoder *e) {
  const umbra_transform *t = e->transform;
  umbra_ring *ring = t->context->ring;
  const umbra_window window = umbra_ring_chain(ring)->window[t->plan->level];
  UMBRA_TRY(umbra_poly_create(&e->whole, ring, 1, window, umbra_transform_auxes(t), "an encoded diagonal"));
  if (!has_values(e)) return UMBRA_OK;
  return umbra_alloc(&e->words, umbra_ring_n(ring), sizeof *e->words, "an encoded diagonal");
}

umbra_status umbra_diagonal_encoder_open(umbra_diagonal_encoder *e, const umbra_transform *transform,
                                         const umbra_diagonals *diagonals, umbra_stream *stream, uint32_t log_gap) {
  umbra_ring *ring = transform->context->ring;
  void *coefficients;
  *e = (umbra_diagonal_encoder){.transform = transform, .diagonals = diagonals, .stream = stream};
  UMBRA_TRY(umbra_ring_take(ring, &coefficients, coefficient_bytes(ring), "encoded coefficients"));
  e->coefficients = coefficients;
  if (has_values(e) && diagonals->fill)
    UMBRA_TRY(umbra_alloc(&e->filled, diagonals->period, 2 * sizeof *e->filled, "a diagonal"));
  return log_gap ? open_whole(e) : UMBRA_OK;
}

void umbra_diagonal_encoder_close(umbra_diagonal_encoder *e) {
  umbra_ring *ring = e->transform->context->ring;
  umbra_poly_destroy(&e->whole, ring);
  umbra_free(e->words);
  umbra_free(e->filled);
  if (e->coefficients) umbra_ring_give(ring, e->coefficients, coefficient_bytes(ring));
}
