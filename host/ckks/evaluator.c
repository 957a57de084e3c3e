/* SPDX-License-Identifier: Apache-2.0 */
/* Evaluators, and what takes neither a level nor a key. */
#include <umbra/evaluator.h>

#include <math.h>

#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../ring/ops.h"
#include "calls.h"
#include "checks.h"
#include "constant.h"
#include "keys_internal.h"
#include "noise.h"
#include "operand.h"
#include "trace.h"

/* Whoever watched may be gone. */
static void destroy(void *object) {
  umbra_evaluator *evaluator = object;
  umbra_evaluator_watch(evaluator, NULL);
  umbra_spans_close(evaluator);
  if (evaluator->stream) (void)umbra_stream_close(evaluator->stream, evaluator->context, UMBRA_OK);
  umbra_release(evaluator->refresher.with);
  umbra_eval_keys_destroy(evaluator->keys);
  umbra_context_destroy(evaluator->context);
  umbra_free(evaluator);
}

umbra_status umbra_evaluator_create(umbra_evaluator **out, const umbra_context *context, const umbra_eval_keys *keys) {
  if (!out || !context)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_evaluator_create needs an output and a context");
  if (keys) UMBRA_TRY(umbra_check_context(context, keys->context, "the evaluation keys"));
  umbra_evaluator *made = NULL;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "an evaluator"));
  *made = (umbra_evaluator){.counted = UMBRA_COUNTED(destroy),
                            .context = umbra_context_share(context),
                            .keys = umbra_eval_keys_share(keys),
                            .number = umbra_trace_number(),
                            .watch = umbra_watch_of(NULL)};
  umbra_status status = umbra_ring_stream_open(&made->stream, context->ring);
  if (status == UMBRA_OK) {
    umbra_stream_set_watch(made->stream, &made->watch);
    UMBRA_PUT(evaluator, out, made);
  } else {
    umbra_evaluator_destroy(made);
  }
  return status;
}

void umbra_evaluator_destroy(umbra_evaluator *evaluator) { umbra_release(evaluator); }

void umbra_evaluator_watch(umbra_evaluator *evaluator, const umbra_progress *progress) {
  evaluator->watch.progress = progress ? *progress : (umbra_progress){0};
  evaluator->watch.reported = 0; /* to this one */
}

void umbra_evaluator_cancel(umbra_evaluator *evaluator) { atomic_store(&evaluator->watch.cancel, 1); }

umbra_status umbra_evaluator_use_keys(umbra_evaluator *evaluator, const umbra_eval_keys *keys) {
  if (!evaluator) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_evaluator_use_keys needs an evaluator");
  if (umbra_ring_recording(evaluator->context->ring))
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "keys cannot be exchanged while a circuit is recorded");
  if (keys) UMBRA_TRY(umbra_check_context(evaluator->context, keys->context, "the evaluation keys"));
  umbra_eval_keys *before = evaluator->keys;
  evaluator->keys = umbra_eval_keys_share(keys);
  umbra_eval_keys_destroy(before);
  return UMBRA_OK;
}

umbra_status umbra_evaluator_wait(umbra_evaluator *evaluator) {
  if (!evaluator) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_evaluator_wait needs an evaluator");
  umbra_ring *ring = evaluator->context->ring;
  umbra_status status = umbra_ring_wait(ring, evaluator->stream);
  if (evaluator->spans.count && !umbra_ring_recording(ring)) umbra_spans_tell(evaluator);
  return status;
}

/* ---- sums ---- */

typedef void (*combine)(const umbra_ring *, umbra_stream *, const umbra_view *, const umbra_view *, const umbra_view *);

/* dst = x +- y, of the larger of their numbers of parts: what one of them lacks is zero. */
static void combine_parts(const umbra_evaluator *evaluator, const umbra_view *dst, const umbra_view *x,
                          const umbra_view *y, combine op) {
  const umbra_ring *ring = evaluator->context->ring;
  const uint32_t both = umbra_min_u32(x->polys, y->polys), more = dst->polys - both;
  const umbra_view sum = umbra_view_polys(dst, 0, both), a = umbra_view_polys(x, 0, both),
                   b = umbra_view_polys(y, 0, both);
  op(ring, evaluator->stream, &sum, &a, &b);
  if (!more) return;
  const umbra_view rest = umbra_view_polys(dst, both, more),
                   alone = umbra_view_polys(x->polys > both ? x : y, both, more);
  (y->polys > both && op == umbra_ring_sub ? umbra_ring_negate : umbra_ring_copy)(ring, evaluator->stream, &rest,
                                                                                  &alone);
}

/* made = a +- b, of that estimate and level, at made's level. A plaintext has one part. */
static umbra_status combine_at_level(umbra_evaluator *evaluator, umbra_ciphertext *made, const umbra_ciphertext *a,
                                     const umbra_poly *b, umbra_estimate estimate, uint32_t level, combine op) {
  umbra_ring *ring = evaluator->context->ring;
  umbra_operand x, y;
  UMBRA_TRY(umbra_operand_open(&x, evaluator, &a->poly, a->estimate, a->level, made->level));
  umbra_status status = umbra_operand_open(&y, evaluator, b, estimate, level, made->level);
  if (status == UMBRA_OK) {
    umbra_view dst = umbra_poly_view(&made->poly, ring);
    combine_parts(evaluator, &dst, &x.view, &y.view, op);
    made->estimate = umbra_noise_add(x.estimate, y.estimate);
    umbra_operand_close(&y, evaluator);
  }
  umbra_operand_close(&x, evaluator);
  return status;
}

static umbra_status sum(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *a,
                        const umbra_ciphertext *b, combine op) {
  if (!b) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the second ciphertext may not be NULL");
  UMBRA_TRY(umbra_check_operands_of_parts(evaluator, out, a, b));
  umbra_ciphertext *made = NULL;
  UMBRA_TRY(umbra_result_make_parts(&made, evaluator, a, umbra_min_u32(a->level, b->level),
                                    umbra_max_u32(a->slots, b->slots), umbra_max_u32(a->poly.polys, b->poly.polys)));
  return umbra_result_finish(evaluator, out, made,
                             combine_at_level(evaluator, made, a, &b->poly, b->estimate, b->level, op));
}

umbra_status umbra_add(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *a,
                       const umbra_ciphertext *b) {
  UMBRA_TRACE(evaluator, "add", a);
  return sum(evaluator, out, a, b, umbra_ring_add);
}

umbra_status umbra_sub(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *a,
                       const umbra_ciphertext *b) {
  UMBRA_TRACE(evaluator, "sub", a);
  return sum(evaluator, out, a, b, umbra_ring_sub);
}

/* made = a at made's level. */
static umbra_status copy_at_level(umbra_evaluator *evaluator, umbra_ciphertext *made, const umbra_ciphertext *a) {
  umbra_ring *ring = evaluator->context->ring;
  umbra_view dst = umbra_poly_view(&made->poly, ring);
  made->estimate = a->estimate;
  if (made->level < a->level) return umbra_lower(evaluator, &dst, &a->poly, a->level, made->level, &made->estimate);
  umbra_view src = umbra_poly_view(&a->poly, ring);
  umbra_ring_copy(ring, evaluator->stream, &dst, &src);
  return UMBRA_OK;
}

static umbra_status sum_plain(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *a,
                              const umbra_plaintext *b, combine op) {
  UMBRA_TRY(umbra_check_with_plain(evaluator, out, a, b));
  umbra_ciphertext *made = NULL;
  UMBRA_TRY(
      umbra_result_make(&made, evaluator, a, umbra_min_u32(a->level, b->level), umbra_max_u32(a->slots, b->slots)));
  return umbra_result_finish(evaluator, out, made,
                             combine_at_level(evaluator, made, a, &b->poly, b->estimate, b->level, op));
}

umbra_status umbra_add_plain(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *a,
                             const umbra_plaintext *b) {
  UMBRA_TRACE(evaluator, "add_plain", a);
  return sum_plain(evaluator, out, a, b, umbra_ring_add);
}

umbra_status umbra_sub_plain(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *a,
                             const umbra_plaintext *b) {
  UMBRA_TRACE(evaluator, "sub_plain", a);
  return sum_plain(evaluator, out, a, b, umbra_ring_sub);
}

umbra_status umbra_level_drop(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *a,
                              uint32_t level) {
  UMBRA_TRACE(evaluator, "level_drop", a);
  UMBRA_TRY(umbra_check_operands_of_parts(evaluator, out, a, NULL));
  if (level > a->level)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "cannot raise a ciphertext from level %u to level %u", a->level,
                      level);
  umbra_ciphertext *made = NULL;
  UMBRA_TRY(umbra_result_make(&made, evaluator, a, level, a->slots));
  return umbra_result_finish(evaluator, out, made, copy_at_level(evaluator, made, a));
}

umbra_status umbra_negate(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *a) {
  UMBRA_TRACE(evaluator, "negate", a);
  UMBRA_TRY(umbra_check_operands_of_parts(evaluator, out, a, NULL));
  umbra_ring *ring = evaluator->context->ring;
  umbra_ciphertext *made = NULL;
  UMBRA_TRY(umbra_result_make(&made, evaluator, a, a->level, a->slots));
  umbra_view dst = umbra_poly_view(&made->poly, ring), src = umbra_poly_view(&a->poly, ring);
  umbra_ring_negate(ring, evaluator->stream, &dst, &src);
  made->estimate = a->estimate;
  return umbra_result_finish(evaluator, out, made, UMBRA_OK);
}

/* ---- constants ---- */

umbra_status umbra_add_constant(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *a,
                                double re, double im) {
  UMBRA_TRACE(evaluator, "add_constant", a);
  UMBRA_TRY(umbra_check_operands_of_parts(evaluator, out, a, NULL));
  umbra_constant constant;
  UMBRA_TRY(umbra_constant_round(&constant, evaluator->context, a->level, re, im));
  umbra_ciphertext *made = NULL;
  UMBRA_TRY(umbra_result_make(&made, evaluator, a, a->level, a->slots));
  umbra_status status = copy_at_level(evaluator, made, a);
  if (status == UMBRA_OK) {
    umbra_view both = umbra_poly_view(&made->poly, evaluator->context->ring), c0 = umbra_view_poly(&both, 0);
    made->estimate = umbra_noise_add(made->estimate, umbra_constant_estimate(&constant));
    status = umbra_constant_add(evaluator, &c0, &constant, made->level);
  }
  return umbra_result_finish(evaluator, out, made, status);
}

umbra_status umbra_mul_integer(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *a,
                               int64_t factor) {
  UMBRA_TRACE(evaluator, "mul_integer", a);
  UMBRA_TRY(umbra_check_operands_of_parts(evaluator, out, a, NULL));
  umbra_ring *ring = evaluator->context->ring;
  UMBRA_TRY(umbra_constant_check(evaluator->context, a->level, umbra_ring_chain(ring)->log_scale[a->level],
                                 fabs((double)factor)));
  umbra_ciphertext *made = NULL;
  UMBRA_TRY(umbra_result_make(&made, evaluator, a, a->level, a->slots));
  umbra_view dst = umbra_poly_view(&made->poly, ring), src = umbra_poly_view(&a->poly, ring);
  umbra_ring_mul_integer(ring, evaluator->stream, &dst, &src, factor, 0);
  made->estimate = umbra_noise_scale(a->estimate, fabs((double)factor));
  return umbra_result_finish(evaluator, out, made, UMBRA_OK);
}

umbra_status umbra_mul_i(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *a) {
  UMBRA_TRACE(evaluator, "mul_i", a);
  UMBRA_TRY(umbra_check_operands_of_parts(evaluator, out, a, NULL));
  umbra_ring *ring = evaluator->context->ring;
  umbra_ciphertext *made = NULL;
  UMBRA_TRY(umbra_result_make(&made, evaluator, a, a->level, a->slots));
  umbra_view dst = umbra_poly_view(&made->poly, ring), src = umbra_poly_view(&a->poly, ring);
  made->estimate = a->estimate;
  return umbra_result_finish(evaluator, out, made,
                             umbra_constant_mul(evaluator, &dst, &src, &umbra_imaginary_unit, a->level));
}
