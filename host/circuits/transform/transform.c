/* SPDX-License-Identifier: Apache-2.0 */
/* Encoding of the diagonals: that of a baby and a giant step is turned back by the giant step, which turns the sum. */
#include "transform.h"

#include <math.h>
#include <string.h>

#include "../../base/error.h"
#include "../../base/memory.h"
#include "../../ckks/dry.h"
#include "../../ckks/encoder.h"
#include "../../ckks/noise.h"
#include "../../ckks/sum.h"
#include "../../ring/divide.h"
#include "../../ring/ops.h"
#include "../../ring/residence.h"
#include "../../ring/whole.h"

/* One diagonal after the other goes through these. */
typedef struct diagonal_encoder {
  umbra_transform *transform;
  const umbra_diagonals *diagonals;
  umbra_stream *stream;
  double *values;        /* period pairs; NULL where bounds are enough */
  int64_t *coefficients; /* device memory */
  umbra_poly whole;      /* unless plaintexts are stored whole: a polynomial that is still to be shortened */
  uint32_t *words;       /* of a limb; NULL on a dry device */
} diagonal_encoder;

/* ---- one diagonal ---- */

/* The diagonal of a cell of the plan, turned back by its giant step. */
static void turn_back(const diagonal_encoder *e, uint32_t cell) {
  const umbra_transform_plan *plan = e->transform->plan;
  const size_t period = e->diagonals->period, turn = (uint32_t)plan->giant[cell / plan->babies] & (period - 1);
  const double *from = e->diagonals->value + 2 * period * plan->diagonal[cell];
  memcpy(e->values + 2 * turn, from, 2 * (period - turn) * sizeof *from);
  memcpy(e->values, from + 2 * (period - turn), 2 * turn * sizeof *from);
}

/* The first of each 2^log_gap equal words of a limb. */
static umbra_status shorten_limb(const diagonal_encoder *e, uint32_t *to, const uint32_t *from) {
  const umbra_ring *ring = e->transform->context->ring;
  uint32_t n = umbra_ring_n(ring), log_gap = e->transform->plain.log_gap, *words = e->words;
  umbra_ring_download(ring, e->stream, words, from, n * sizeof *words);
  UMBRA_TRY(umbra_ring_wait(ring, e->stream));
  for (uint32_t i = 0; words && i < n >> log_gap; i++) words[i] = words[(size_t)i << log_gap];
  umbra_ring_upload(ring, e->stream, to, words, (n >> log_gap) * sizeof *words);
  return UMBRA_OK;
}

static umbra_status shorten(const diagonal_encoder *e, uint32_t cell) {
  const umbra_poly *plain = &e->transform->plain;
  uint32_t n = umbra_ring_n(e->transform->context->ring), limbs = plain->window.count + plain->aux;
  uint32_t words = n >> plain->log_gap, *to = plain->data + (size_t)cell * limbs * words;
  for (uint32_t i = 0; i < limbs; i++)
    UMBRA_TRY(shorten_limb(e, to + (size_t)i * words, e->whole.data + (size_t)i * n));
  return UMBRA_OK;
}

static umbra_status encode_cell(const diagonal_encoder *e, uint32_t cell) {
  const umbra_transform *t = e->transform;
  umbra_ring *ring = t->context->ring;
  const int none = t->plan->diagonal[cell] == UMBRA_NO_DIAGONAL;
  uint32_t period = e->diagonals->period, shift;
  double magnitude;
  umbra_values values = {.value = none ? NULL : e->values,
                         .bound = none ? 0 : e->diagonals->entry,
                         .bounded = 1,
                         .count = none ? 0 : period,
                         .stride = 2,
                         .level = t->plan->level,
                         .slots = period,
                         .log_scale = t->log_scale};
  if (e->values && !none) turn_back(e, cell);
  UMBRA_TRY(umbra_encode_coefficients(e->coefficients, &shift, &magnitude, t->context, e->stream, &values));
  const umbra_poly *to = e->whole.data ? &e->whole : &t->plain;
  umbra_view view = umbra_poly_subview(to, ring, e->whole.data ? 0 : cell, 1, to->window, to->aux);
  umbra_ring_from_i64(ring, e->stream, &view, e->coefficients, shift);
  return e->whole.data ? shorten(e, cell) : UMBRA_OK;
}

/* ---- all of them ---- */

static umbra_status encode_cells(diagonal_encoder *e) {
  const umbra_transform *t = e->transform;
  umbra_ring *ring = t->context->ring;
  if (t->plain.log_gap) {
    UMBRA_TRY(umbra_poly_create(&e->whole, ring, 1, t->plain.window, t->plain.aux, "an encoded diagonal"));
    if (e->values) UMBRA_TRY(umbra_alloc(&e->words, umbra_ring_n(ring), sizeof *e->words, "an encoded diagonal"));
  }
  const uint32_t cells = t->plan->babies * t->plan->giants;
  for (uint32_t cell = 0; cell < cells; cell++) {
    UMBRA_TRY(encode_cell(e, cell));
    UMBRA_TRY(umbra_watch_step(umbra_stream_watch(e->stream), cell + 1, cells));
  }
  return UMBRA_OK;
}

static umbra_status encode_diagonals(umbra_transform *transform, const umbra_diagonals *diagonals, umbra_watch *watch) {
  umbra_ring *ring = transform->context->ring;
  size_t bytes = umbra_ring_n(ring) * sizeof(int64_t);
  diagonal_encoder e = {.transform = transform, .diagonals = diagonals};
  void *coefficients = NULL;
  UMBRA_TRY(umbra_ring_stream_open(&e.stream, ring));
  umbra_stream_set_watch(e.stream, watch);
  umbra_status status = umbra_ring_take(ring, &coefficients, bytes, "encoded coefficients");
  e.coefficients = coefficients;
  if (status == UMBRA_OK && umbra_context_has_values(transform->context))
    status = umbra_alloc(&e.values, 2 * (size_t)diagonals->period, sizeof *e.values, "a diagonal");
  if (status == UMBRA_OK) status = encode_cells(&e);
  status = umbra_stream_close(e.stream, transform->context, status);
  umbra_poly_destroy(&e.whole, ring);
  umbra_free(e.words);
  umbra_free(e.values);
  umbra_ring_give(ring, coefficients, bytes);
  return status;
}

/* Encodings are independent, and finer than those of the level by the ratio of the scales. */
static void estimate_factor(umbra_transform *transform, const umbra_diagonals *diagonals) {
  const umbra_chain *chain = umbra_context_chain(transform->context);
  uint32_t level = transform->plan->level;
  const double finer = umbra_log2_to_double(chain->log_scale[level] - transform->log_scale);
  umbra_estimate one = umbra_noise_scale(umbra_noise_encode(diagonals->row / finer, chain, level), finer);
  transform->factor = umbra_estimate_of(diagonals->row, one.bound.error * sqrt((double)diagonals->count));
}

/* What a plan is made from. */
static umbra_transform_shape shape_of(const umbra_transform_encoding *desc) {
  return (umbra_transform_shape){.slots = desc->diagonals->slots,
                                 .period = desc->diagonals->period,
                                 .count = desc->diagonals->count,
                                 .rotation = desc->diagonals->rotation,
                                 .map = desc->diagonals->map,
                                 .maps = desc->diagonals->maps,
                                 .level = desc->level,
                                 .min_key = desc->min_key,
                                 .baby_steps = desc->baby_steps};
}

static umbra_status fill(umbra_transform *transform, const umbra_transform_encoding *desc) {
  umbra_ring *ring = transform->context->ring;
  const umbra_chain *chain = umbra_ring_chain(ring);
  umbra_transform_shape shape = shape_of(desc);
  UMBRA_TRY(umbra_transform_plan_create(&transform->plan, chain, &shape));
  const umbra_transform_plan *plan = transform->plan;
  estimate_factor(transform, desc->diagonals);
  const umbra_window window = chain->window[plan->level];
  UMBRA_TRY(umbra_poly_create_short(&transform->plain, ring, plan->babies * plan->giants, window,
                                    plan->min_key ? 0 : umbra_switch_auxes(chain, window),
                                    umbra_ring_whole(ring) ? 0 : plan->log_gap, "encoded diagonals"));
  transform->plain.secret = 1; /* the matrix may be somebody's */
  UMBRA_TRY(encode_diagonals(transform, desc->diagonals, desc->watch));
  return umbra_poly_may_leave(&transform->plain, ring);
}

static void destroy(void *object) {
  umbra_transform *transform = object;
  umbra_poly_destroy(&transform->plain, transform->context->ring);
  umbra_transform_plan_destroy(transform->plan);
  umbra_context_destroy(transform->context);
  umbra_free(transform);
}

umbra_status umbra_transform_encode(umbra_transform **out, const umbra_context *context,
                                    const umbra_transform_encoding *desc) {
  umbra_transform *made;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a linear map"));
  *made = (umbra_transform){
      .counted = UMBRA_COUNTED(destroy), .context = umbra_context_share(context), .log_scale = desc->log_scale};
  umbra_status status = fill(made, desc);
  if (status == UMBRA_OK) *out = made;
  else umbra_transform_destroy(made);
  return status;
}

umbra_transform *umbra_transform_share(const umbra_transform *transform) { return umbra_share(transform); }
void umbra_transform_destroy(umbra_transform *transform) { umbra_release(transform); }

umbra_log2 umbra_transform_log_scale(const umbra_transform *transform, umbra_log2 log_scale) {
  const umbra_chain *chain = umbra_context_chain(transform->context);
  return log_scale + transform->log_scale - umbra_sum_log_step(chain, transform->plan->level);
}
