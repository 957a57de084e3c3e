/* SPDX-License-Identifier: Apache-2.0 */
#include "transform.h"

#include <math.h>

#include "../../base/error.h"
#include "../../base/memory.h"
#include "../../ckks/noise.h"
#include "../../ckks/sum.h"
#include "../../ring/divide.h"
#include "../../ring/ops.h"
#include "../../ring/residence.h"
#include "../../ring/whole.h"
#include "transform_encoder.h"

/* ---- encoding ---- */

uint32_t umbra_transform_auxes(const umbra_transform *transform) {
  const umbra_chain *chain = umbra_context_chain(transform->context);
  return transform->plan->min_key ? 0 : umbra_switch_auxes(chain, chain->window[transform->plan->level]);
}

static umbra_status encode_cells(const umbra_transform *transform, const umbra_diagonal_encoder *encoder) {
  const uint32_t cells = transform->plan->babies * transform->plan->giants;
  for (uint32_t cell = 0; cell < cells; cell++) {
    UMBRA_TRY(umbra_diagonal_encode(encoder, &transform->plain, cell, cell));
    UMBRA_TRY(umbra_watch_step(umbra_stream_watch(encoder->stream), cell + 1, cells));
  }
  return UMBRA_OK;
}

static umbra_status encode_diagonals(umbra_transform *transform, const umbra_diagonals *diagonals, umbra_watch *watch) {
  umbra_stream *stream;
  umbra_diagonal_encoder encoder;
  UMBRA_TRY(umbra_ring_stream_open(&stream, transform->context->ring));
  umbra_stream_set_watch(stream, watch);
  umbra_status status = umbra_diagonal_encoder_open(&encoder, transform, diagonals, stream, transform->plain.log_gap);
  if (status == UMBRA_OK) status = encode_cells(transform, &encoder);
  status = umbra_stream_close(stream, transform->context, status);
  umbra_diagonal_encoder_close(&encoder);
  return status;
}

/* All of its plaintexts, without memory yet. */
static umbra_poly shape_of_plaintexts(const umbra_transform *transform) {
  const umbra_ring *ring = transform->context->ring;
  const umbra_transform_plan *plan = transform->plan;
  return (umbra_poly){.window = umbra_ring_chain(ring)->window[plan->level],
                      .aux = (uint16_t)umbra_transform_auxes(transform),
                      .polys = (uint16_t)(plan->babies * plan->giants),
                      .log_gap = (uint16_t)(umbra_ring_whole(ring) ? 0 : plan->log_gap)};
}

static umbra_status make_plaintexts(umbra_transform *transform, const umbra_diagonals *diagonals, umbra_watch *watch) {
  umbra_ring *ring = transform->context->ring;
  const umbra_poly like = shape_of_plaintexts(transform);
  UMBRA_TRY(umbra_poly_create_short(&transform->plain, ring, like.polys, like.window, like.aux, like.log_gap,
                                    "encoded diagonals"));
  transform->plain.secret = 1; /* the matrix may be somebody's */
  UMBRA_TRY(encode_diagonals(transform, diagonals, watch));
  return umbra_poly_may_leave(&transform->plain, ring);
}

uint64_t umbra_transform_encoded_bytes(const umbra_transform *transform) {
  const umbra_poly like = shape_of_plaintexts(transform);
  return umbra_poly_bytes(&like, transform->context->ring);
}

umbra_status umbra_transform_encode_ahead(umbra_transform *transform, umbra_watch *watch) {
  if (!umbra_transform_encodes_at_use(transform)) return UMBRA_OK;
  const umbra_status status = make_plaintexts(transform, &transform->diagonals, watch);
  if (status == UMBRA_OK) umbra_diagonals_destroy(&transform->diagonals);
  else umbra_poly_destroy(&transform->plain, transform->context->ring);
  return status;
}

/* ---- the whole ---- */

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
  umbra_transform_shape shape = shape_of(desc);
  UMBRA_TRY(umbra_transform_plan_create(&transform->plan, umbra_context_chain(transform->context), &shape));
  estimate_factor(transform, desc->diagonals);
  if (!desc->at_use) return make_plaintexts(transform, desc->diagonals, desc->watch);
  transform->diagonals = *desc->at_use;
  *desc->at_use = (umbra_diagonals){0};
  return UMBRA_OK;
}

static void destroy(void *object) {
  umbra_transform *transform = object;
  umbra_poly_destroy(&transform->plain, transform->context->ring);
  umbra_diagonals_destroy(&transform->diagonals);
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
