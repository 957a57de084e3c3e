/* SPDX-License-Identifier: Apache-2.0 */
#include "scaled.h"

#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "../ring/ops.h"
#include "constant.h"
#include "find_key.h"
#include "noise.h"
#include "operand.h"
#include "sum.h"

umbra_status umbra_scaled_make_many(umbra_scaled *made, const umbra_context *context, uint32_t count, uint32_t level,
                                    umbra_log2 log_scale) {
  umbra_scaled scaled = {.level = level, .log_scale = log_scale};
  umbra_window window = umbra_context_chain(context)->window[level];
  umbra_status status =
      umbra_poly_create(&scaled.poly, context->ring, 2 * count, window, 0, "a ciphertext inside a circuit");
  if (status == UMBRA_OK) *made = scaled;
  return status;
}

umbra_status umbra_scaled_make(umbra_scaled *made, const umbra_context *context, uint32_t level, umbra_log2 log_scale) {
  return umbra_scaled_make_many(made, context, 1, level, log_scale);
}

/* One as many as x, at that level and scale. */
static umbra_status make_as_many(umbra_scaled *made, const umbra_context *context, const umbra_scaled *x,
                                 uint32_t level, umbra_log2 log_scale) {
  return umbra_scaled_make_many(made, context, umbra_scaled_count(x), level, log_scale);
}

int umbra_scaled_pays(const umbra_context *context, uint32_t count, uint32_t level) {
  return umbra_ring_launch_limbs(context->ring) && count <= UMBRA_SCALED_MOST &&
         count * umbra_context_chain(context)->window[level].count <= UMBRA_MAX_PRIMES;
}

umbra_view umbra_scaled_view_of(const umbra_scaled *x, const umbra_context *context, uint32_t i) {
  return umbra_poly_subview(&x->poly, context->ring, 2 * i, 2, x->poly.window, 0);
}

void umbra_scaled_destroy(umbra_scaled *scaled, const umbra_context *context) {
  if (scaled->poly.data) umbra_poly_destroy(&scaled->poly, context->ring);
}

int umbra_level_contains(const umbra_chain *chain, uint32_t level, uint32_t lower) {
  umbra_window outer = chain->window[level], inner = chain->window[lower];
  return outer.first <= inner.first && umbra_window_end(inner) <= umbra_window_end(outer);
}

umbra_view umbra_scaled_view(const umbra_scaled *scaled, const umbra_context *context, uint32_t level) {
  return umbra_poly_subview(&scaled->poly, context->ring, 0, scaled->poly.polys,
                            umbra_context_chain(context)->window[level], 0);
}

umbra_view umbra_scaled_every(const umbra_scaled *x, const umbra_context *context, uint32_t part) {
  umbra_view view = umbra_poly_subview(&x->poly, context->ring, part, umbra_scaled_count(x), x->poly.window, 0);
  view.stride *= 2;
  return view;
}

/* ---- to and from ciphertexts ---- */

umbra_scaled umbra_scaled_of(const umbra_ciphertext *ciphertext) {
  const umbra_chain *chain = umbra_context_chain(ciphertext->context);
  return (umbra_scaled){.poly = ciphertext->poly,
                        .level = ciphertext->level,
                        .log_scale = chain->log_scale[ciphertext->level],
                        .estimate = ciphertext->estimate};
}

umbra_status umbra_scaled_finish(umbra_ciphertext **out, umbra_scaled *scaled, const umbra_context *context,
                                 const umbra_ciphertext *like) {
  const umbra_chain *chain = umbra_context_chain(context);
  if (scaled->level >= chain->levels || scaled->log_scale != chain->log_scale[scaled->level])
    return umbra_fail(UMBRA_ERROR_INTERNAL, "a circuit ends at level %u, but not at its scale", scaled->level);
  umbra_ciphertext *made = NULL;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a ciphertext"));
  *made = (umbra_ciphertext){.context = umbra_context_share(context),
                             .level = scaled->level,
                             .slots = like->slots,
                             .estimate = scaled->estimate,
                             .poly = scaled->poly};
  memcpy(made->owner, like->owner, sizeof made->owner);
  *scaled = (umbra_scaled){0};
  *out = made;
  return UMBRA_OK;
}

void umbra_scaled_relabel(umbra_scaled *x, umbra_log2 log_scale) { x->log_scale = log_scale; }

void umbra_scaled_declare(umbra_scaled *x, umbra_estimate estimate) { x->estimate = estimate; }

/* ---- levels ---- */

static umbra_status lower_into(umbra_scaled *made, umbra_evaluator *evaluator, const umbra_scaled *x) {
  umbra_ring *ring = evaluator->context->ring;
  umbra_view dst = umbra_poly_view(&made->poly, ring);
  made->estimate = x->estimate;
  if (x->log_scale == made->log_scale && umbra_level_contains(umbra_ring_chain(ring), x->level, made->level)) {
    umbra_view src = umbra_scaled_view(x, evaluator->context, made->level);
    umbra_ring_copy(ring, evaluator->stream, &dst, &src);
    return UMBRA_OK;
  }
  return umbra_lower_between(evaluator, &dst, &x->poly, (umbra_place){x->level, x->log_scale},
                             (umbra_place){made->level, made->log_scale}, &made->estimate);
}

umbra_status umbra_scaled_lower(umbra_scaled *made, umbra_evaluator *evaluator, const umbra_scaled *x, uint32_t level,
                                umbra_log2 log_scale) {
  umbra_scaled lowered;
  UMBRA_TRY(make_as_many(&lowered, evaluator->context, x, level, log_scale));
  umbra_status status = lower_into(&lowered, evaluator, x);
  if (status == UMBRA_OK) *made = lowered;
  else umbra_scaled_destroy(&lowered, evaluator->context);
  return status;
}

/* ---- sums ---- */

typedef void (*combination)(const umbra_ring *, umbra_stream *, const umbra_view *, const umbra_view *,
                            const umbra_view *);

static umbra_status combine(umbra_evaluator *evaluator, umbra_scaled *a, const umbra_scaled *b, combination op) {
  const umbra_ring *ring = evaluator->context->ring;
  if (a->level != b->level || a->log_scale != b->log_scale)
    return umbra_fail(UMBRA_ERROR_INTERNAL, "summands at levels %u and %u do not meet", a->level, b->level);
  umbra_view dst = umbra_poly_view(&a->poly, ring), other = umbra_poly_view(&b->poly, ring);
  op(ring, evaluator->stream, &dst, &dst, &other);
  a->estimate = umbra_noise_add(a->estimate, b->estimate);
  return UMBRA_OK;
}

umbra_status umbra_scaled_add(umbra_evaluator *evaluator, umbra_scaled *a, const umbra_scaled *b) {
  return combine(evaluator, a, b, umbra_ring_add);
}

umbra_status umbra_scaled_sub(umbra_evaluator *evaluator, umbra_scaled *a, const umbra_scaled *b) {
  return combine(evaluator, a, b, umbra_ring_sub);
}

umbra_status umbra_scaled_add_constant(umbra_evaluator *evaluator, umbra_scaled *a, double re, double im) {
  umbra_constant constant;
  UMBRA_TRY(umbra_constant_round_at(&constant, evaluator->context, a->level, a->log_scale, re, im));
  const umbra_view c0 = umbra_scaled_every(a, evaluator->context, 0);
  UMBRA_TRY(umbra_constant_add(evaluator, &c0, &constant, a->level));
  a->estimate = umbra_noise_add(a->estimate, umbra_constant_estimate(&constant));
  return UMBRA_OK;
}

/* ---- products ---- */

void umbra_scaled_mul_integer(umbra_evaluator *evaluator, umbra_scaled *a, int64_t factor) {
  umbra_view view = umbra_poly_view(&a->poly, evaluator->context->ring);
  umbra_ring_mul_integer(evaluator->context->ring, evaluator->stream, &view, &view, factor, 0);
  a->estimate = umbra_noise_scale(a->estimate, fabs((double)factor));
}

umbra_status umbra_scaled_mul_i(umbra_evaluator *evaluator, umbra_scaled *a) {
  umbra_view view = umbra_poly_view(&a->poly, evaluator->context->ring);
  return umbra_constant_mul(evaluator, &view, &view, &umbra_imaginary_unit, a->level);
}

/* sum = x times a constant; then made = the sum, divided. */
static umbra_status mul_constant_into(umbra_scaled *made, umbra_evaluator *evaluator, umbra_scaled *sum,
                                      const umbra_scaled *x, double re, double im) {
  umbra_ring *ring = evaluator->context->ring;
  umbra_view dst = umbra_poly_view(&made->poly, ring), product = umbra_poly_view(&sum->poly, ring);
  umbra_view factor = umbra_scaled_view(x, evaluator->context, sum->level);
  umbra_constant constant;
  UMBRA_TRY(umbra_constant_round_at(&constant, evaluator->context, sum->level, sum->log_scale - x->log_scale, re, im));
  UMBRA_TRY(umbra_constant_mul(evaluator, &product, &factor, &constant, sum->level));
  sum->estimate = umbra_noise_mul(x->estimate, umbra_constant_estimate(&constant));
  return umbra_sum_close(evaluator, &dst, sum, NULL, &made->estimate);
}

umbra_status umbra_scaled_mul_constant(umbra_scaled *made, umbra_evaluator *evaluator, const umbra_scaled *x, double re,
                                       double im, uint32_t level, umbra_log2 log_scale) {
  const umbra_context *context = evaluator->context;
  umbra_log2 log_step = umbra_sum_log_step(umbra_context_chain(context), level);
  umbra_scaled result, sum;
  UMBRA_TRY(make_as_many(&result, context, x, level - 1, log_scale));
  umbra_status status = umbra_sum_open(&sum, context, x->poly.polys, level, log_scale + log_step);
  if (status == UMBRA_OK) {
    status = mul_constant_into(&result, evaluator, &sum, x, re, im);
    umbra_scaled_destroy(&sum, context);
  }
  if (status == UMBRA_OK) *made = result;
  else umbra_scaled_destroy(&result, context);
  return status;
}

umbra_status umbra_scaled_mul(umbra_scaled *made, umbra_evaluator *evaluator, const umbra_scaled *a,
                              const umbra_scaled *b, const umbra_eval_key *relinearization) {
  const umbra_factors product = {a, b};
  const umbra_summands summands = {.product = &product, .products = 1};
  return umbra_sum_make(made, evaluator, &summands, umbra_min_u32(a->level, b->level), a->log_scale + b->log_scale,
                        relinearization);
}

umbra_status umbra_scaled_permute(umbra_scaled *made, umbra_evaluator *evaluator, const umbra_scaled *x,
                                  const umbra_eval_key *key) {
  umbra_ring *ring = evaluator->context->ring;
  const umbra_chain *chain = umbra_ring_chain(ring);
  umbra_scaled result;
  UMBRA_TRY(make_as_many(&result, evaluator->context, x, x->level, x->log_scale));
  const umbra_view dst = umbra_poly_view(&result.poly, ring), c1 = umbra_scaled_every(x, evaluator->context, 1),
                   c0 = umbra_poly_subview(&x->poly, ring, 0, 1, x->poly.window, 0);
  umbra_rotation each[UMBRA_SCALED_MOST];
  for (uint32_t i = 0; i < umbra_scaled_count(x); i++) each[i] = umbra_key_rotation(key, ring);
  const umbra_switch_each_of of = {.x = &c1, .init = &c0, .window = x->poly.window, .rotation = each};
  umbra_status status = umbra_switch_each(ring, evaluator->stream, &dst, x->poly.window, &of);
  result.estimate = umbra_noise_switch_at(x->estimate, chain, x->level, x->log_scale);
  result.estimate = umbra_noise_round_at(result.estimate, chain, x->log_scale);
  if (status == UMBRA_OK) *made = result;
  else umbra_scaled_destroy(&result, evaluator->context);
  return status;
}

/* made = the sum of the rotations of x. */
static umbra_status sum_rotations(umbra_evaluator *evaluator, umbra_scaled *made, const umbra_scaled *x,
                                  const umbra_rotation *rotation, size_t count) {
  umbra_ring *ring = evaluator->context->ring;
  const umbra_chain *chain = umbra_ring_chain(ring);
  const umbra_view dst = umbra_poly_view(&made->poly, ring), both = umbra_poly_view(&x->poly, ring),
                   c0 = umbra_view_poly(&both, 0), c1 = umbra_view_poly(&both, 1);
  const umbra_switch_of of = {.x = &c1, .window = x->poly.window, .init = &c0};
  umbra_estimate sum = {0};
  for (size_t i = 0; i < count; i++)
    sum = umbra_noise_add(sum, umbra_noise_switch_at(x->estimate, chain, x->level, x->log_scale));
  made->estimate = umbra_noise_round_at(sum, chain, x->log_scale);
  return umbra_switch_sum(ring, evaluator->stream, &dst, rotation, count, &of);
}

umbra_status umbra_scaled_sum_rotated(umbra_scaled *made, umbra_evaluator *evaluator, const umbra_scaled *x,
                                      int32_t steps, uint32_t log_radix, uint32_t slots) {
  umbra_rotation rotation[1 << UMBRA_MOST_LOG_RADIX];
  int32_t multiple[1 << UMBRA_MOST_LOG_RADIX];
  const uint32_t count = (1u << log_radix) - 1;
  umbra_scaled sum;
  for (uint32_t i = 0; i < count; i++) multiple[i] = (int32_t)(i + 1) * steps;
  UMBRA_TRY(umbra_find_turns(rotation, evaluator, multiple, count, slots, x->level));
  UMBRA_TRY(umbra_scaled_make(&sum, evaluator->context, x->level, x->log_scale));
  umbra_status status = sum_rotations(evaluator, &sum, x, rotation, count);
  if (status == UMBRA_OK) status = umbra_scaled_add(evaluator, &sum, x);
  if (status == UMBRA_OK) *made = sum;
  else umbra_scaled_destroy(&sum, evaluator->context);
  return status;
}

umbra_status umbra_scaled_add_rotated(umbra_evaluator *evaluator, umbra_scaled *x, uint32_t steps, uint32_t slots) {
  const umbra_eval_key *key;
  umbra_scaled rotated;
  UMBRA_TRY(umbra_find_rotation(&key, evaluator, (int32_t)steps, slots, x->level));
  UMBRA_TRY(umbra_scaled_permute(&rotated, evaluator, x, key));
  umbra_status status = umbra_scaled_add(evaluator, x, &rotated);
  umbra_scaled_destroy(&rotated, evaluator->context);
  return status;
}

/* ---- complex parts ---- */

/* im = i (conjugate - x), to where that is to be. */
static umbra_status imaginary_part(umbra_evaluator *evaluator, const umbra_view *im, const umbra_scaled *x,
                                   const umbra_scaled *conjugate) {
  const umbra_ring *ring = evaluator->context->ring;
  const umbra_view a = umbra_poly_view(&conjugate->poly, ring), b = umbra_poly_view(&x->poly, ring);
  umbra_ring_sub(ring, evaluator->stream, im, &a, &b);
  return umbra_constant_mul(evaluator, im, im, &umbra_imaginary_unit, x->level);
}

static umbra_status make_imaginary_part(umbra_evaluator *evaluator, umbra_scaled *im, const umbra_scaled *x,
                                        const umbra_scaled *conjugate) {
  umbra_scaled made;
  UMBRA_TRY(umbra_scaled_make(&made, evaluator->context, x->level, x->log_scale));
  const umbra_view dst = umbra_poly_view(&made.poly, evaluator->context->ring);
  made.estimate = umbra_noise_add(x->estimate, conjugate->estimate);
  umbra_status status = imaginary_part(evaluator, &dst, x, conjugate);
  if (status == UMBRA_OK) *im = made;
  else umbra_scaled_destroy(&made, evaluator->context);
  return status;
}

umbra_status umbra_scaled_split(umbra_scaled *re, umbra_scaled *im, umbra_evaluator *evaluator, const umbra_scaled *x,
                                const umbra_eval_key *conjugation) {
  umbra_scaled conjugate;
  UMBRA_TRY(umbra_scaled_permute(&conjugate, evaluator, x, conjugation));
  umbra_status status = im ? make_imaginary_part(evaluator, im, x, &conjugate) : UMBRA_OK;
  if (status == UMBRA_OK) status = umbra_scaled_add(evaluator, &conjugate, x);
  if (status == UMBRA_OK) *re = conjugate;
  else umbra_scaled_destroy(&conjugate, evaluator->context);
  return status;
}

static umbra_status split_into(umbra_evaluator *evaluator, umbra_scaled *parts, const umbra_scaled *x,
                               const umbra_scaled *conjugate) {
  const umbra_ring *ring = evaluator->context->ring;
  const umbra_view re = umbra_scaled_view_of(parts, evaluator->context, 0),
                   im = umbra_scaled_view_of(parts, evaluator->context, 1), a = umbra_poly_view(&x->poly, ring),
                   b = umbra_poly_view(&conjugate->poly, ring);
  umbra_ring_add(ring, evaluator->stream, &re, &b, &a);
  parts->estimate = umbra_noise_add(conjugate->estimate, x->estimate);
  return imaginary_part(evaluator, &im, x, conjugate);
}

umbra_status umbra_scaled_split_beside(umbra_scaled *parts, umbra_evaluator *evaluator, const umbra_scaled *x,
                                       const umbra_eval_key *conjugation) {
  umbra_scaled conjugate, made;
  UMBRA_TRY(umbra_scaled_permute(&conjugate, evaluator, x, conjugation));
  umbra_status status = umbra_scaled_make_many(&made, evaluator->context, 2, x->level, x->log_scale);
  if (status == UMBRA_OK) {
    status = split_into(evaluator, &made, x, &conjugate);
    if (status == UMBRA_OK) *parts = made;
    else umbra_scaled_destroy(&made, evaluator->context);
  }
  umbra_scaled_destroy(&conjugate, evaluator->context);
  return status;
}

umbra_status umbra_scaled_join_beside(umbra_scaled *made, umbra_evaluator *evaluator, const umbra_scaled *parts) {
  const umbra_ring *ring = evaluator->context->ring;
  umbra_scaled sum;
  UMBRA_TRY(umbra_scaled_make(&sum, evaluator->context, parts->level, parts->log_scale));
  const umbra_view dst = umbra_poly_view(&sum.poly, ring), re = umbra_scaled_view_of(parts, evaluator->context, 0),
                   im = umbra_scaled_view_of(parts, evaluator->context, 1);
  umbra_status status = umbra_constant_mul(evaluator, &dst, &im, &umbra_imaginary_unit, parts->level);
  umbra_ring_add(ring, evaluator->stream, &dst, &re, &dst);
  sum.estimate = umbra_noise_add(parts->estimate, parts->estimate);
  if (status == UMBRA_OK) *made = sum;
  else umbra_scaled_destroy(&sum, evaluator->context);
  return status;
}

umbra_status umbra_scaled_join(umbra_evaluator *evaluator, umbra_scaled *re, umbra_scaled *im) {
  UMBRA_TRY(umbra_scaled_mul_i(evaluator, im));
  return umbra_scaled_add(evaluator, re, im);
}
