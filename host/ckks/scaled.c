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
#include "galois.h"
#include "noise.h"
#include "operand.h"
#include "sum.h"

umbra_status umbra_scaled_make(umbra_scaled *made, const umbra_context *context, uint32_t level, umbra_log2 log_scale) {
  umbra_scaled scaled = {.level = level, .log_scale = log_scale};
  umbra_window window = umbra_context_chain(context)->window[level];
  umbra_status status = umbra_poly_create(&scaled.poly, context->ring, 2, window, 0, "a ciphertext inside a circuit");
  if (status == UMBRA_OK) *made = scaled;
  return status;
}

void umbra_scaled_destroy(umbra_scaled *scaled, const umbra_context *context) {
  if (scaled->poly.data) umbra_poly_destroy(&scaled->poly, context->ring);
}

int umbra_level_contains(const umbra_chain *chain, uint32_t level, uint32_t lower) {
  umbra_window outer = chain->window[level], inner = chain->window[lower];
  return outer.first <= inner.first && umbra_window_end(inner) <= umbra_window_end(outer);
}

umbra_view umbra_scaled_view(const umbra_scaled *scaled, const umbra_context *context, uint32_t level) {
  return umbra_poly_subview(&scaled->poly, context->ring, 0, 2, umbra_context_chain(context)->window[level], 0);
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
  UMBRA_TRY(umbra_scaled_make(&lowered, evaluator->context, level, log_scale));
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
  umbra_view both = umbra_poly_view(&a->poly, evaluator->context->ring), c0 = umbra_view_poly(&both, 0);
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
  UMBRA_TRY(umbra_scaled_make(&result, context, level - 1, log_scale));
  umbra_status status = umbra_sum_open(&sum, context, 2, level, log_scale + log_step);
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
  UMBRA_TRY(umbra_scaled_make(&result, evaluator->context, x->level, x->log_scale));
  umbra_view dst = umbra_poly_view(&result.poly, ring), both = umbra_poly_view(&x->poly, ring);
  umbra_view c0 = umbra_view_poly(&both, 0), c1 = umbra_view_poly(&both, 1);
  umbra_window window = x->poly.window;
  umbra_switch_of of = {.x = &c1,
                        .window = window,
                        .key = &key->key,
                        .init = &c0,
                        .galois = umbra_key_galois(key->kind, key->rotation, umbra_ring_n(ring))};
  umbra_status status = umbra_switch(ring, evaluator->stream, &dst, window, &of);
  result.estimate = umbra_noise_switch_at(x->estimate, chain, x->level, x->log_scale);
  result.estimate = umbra_noise_round_at(result.estimate, chain, x->log_scale);
  if (status == UMBRA_OK) *made = result;
  else umbra_scaled_destroy(&result, evaluator->context);
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

/* im = i (conjugate - x). */
static umbra_status imaginary_part(umbra_evaluator *evaluator, umbra_scaled *im, const umbra_scaled *x,
                                   const umbra_scaled *conjugate) {
  const umbra_ring *ring = evaluator->context->ring;
  umbra_scaled made;
  UMBRA_TRY(umbra_scaled_make(&made, evaluator->context, x->level, x->log_scale));
  umbra_view dst = umbra_poly_view(&made.poly, ring), a = umbra_poly_view(&conjugate->poly, ring),
             b = umbra_poly_view(&x->poly, ring);
  umbra_ring_sub(ring, evaluator->stream, &dst, &a, &b);
  made.estimate = umbra_noise_add(x->estimate, conjugate->estimate);
  umbra_status status = umbra_scaled_mul_i(evaluator, &made);
  if (status == UMBRA_OK) *im = made;
  else umbra_scaled_destroy(&made, evaluator->context);
  return status;
}

umbra_status umbra_scaled_split(umbra_scaled *re, umbra_scaled *im, umbra_evaluator *evaluator, const umbra_scaled *x,
                                const umbra_eval_key *conjugation) {
  umbra_scaled conjugate;
  UMBRA_TRY(umbra_scaled_permute(&conjugate, evaluator, x, conjugation));
  umbra_status status = im ? imaginary_part(evaluator, im, x, &conjugate) : UMBRA_OK;
  if (status == UMBRA_OK) status = umbra_scaled_add(evaluator, &conjugate, x);
  if (status == UMBRA_OK) *re = conjugate;
  else umbra_scaled_destroy(&conjugate, evaluator->context);
  return status;
}

umbra_status umbra_scaled_join(umbra_evaluator *evaluator, umbra_scaled *re, umbra_scaled *im) {
  UMBRA_TRY(umbra_scaled_mul_i(evaluator, im));
  return umbra_scaled_add(evaluator, re, im);
}
