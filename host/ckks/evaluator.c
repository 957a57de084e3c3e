/* SPDX-License-Identifier: Apache-2.0 */
/* Evaluators, the checks that all calls share, and what takes neither a level nor a key. */
#include <umbra/evaluator.h>

#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../ring/ops.h"
#include "../ring/unit.h"
#include "dry.h"
#include "evaluator_internal.h"
#include "noise.h"
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

/* ---- shared checks and results ---- */

static umbra_status check_input(const umbra_evaluator *evaluator, const umbra_ciphertext *input, const uint8_t *owner) {
  UMBRA_TRY(umbra_check_context(evaluator->context, input->context, "a ciphertext"));
  if (evaluator->keys) UMBRA_TRY(umbra_check_owner(input->owner, evaluator->keys->owner, "a ciphertext"));
  return umbra_check_owner(input->owner, owner, "a ciphertext");
}

umbra_status umbra_check_operands(const umbra_evaluator *evaluator, umbra_ciphertext *const *out,
                                  const umbra_ciphertext *a, const umbra_ciphertext *b) {
  if (!evaluator || !out || !a)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the evaluator, the output and the ciphertexts may not be NULL");
  umbra_watch_begin(umbra_stream_watch(evaluator->stream));
  UMBRA_TRY(umbra_ring_check(evaluator->context->ring, evaluator->stream));
  UMBRA_TRY(check_input(evaluator, a, a->owner));
  return b ? check_input(evaluator, b, a->owner) : UMBRA_OK;
}

umbra_status umbra_check_with_plain(const umbra_evaluator *evaluator, umbra_ciphertext *const *out,
                                    const umbra_ciphertext *a, const umbra_plaintext *b) {
  if (!b) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the plaintext may not be NULL");
  UMBRA_TRY(umbra_check_operands(evaluator, out, a, NULL));
  return umbra_check_context(evaluator->context, b->context, "the plaintext");
}

umbra_status umbra_check_own(const umbra_evaluator *evaluator, const umbra_context *context, const char *what) {
  UMBRA_TRY(umbra_check_context(evaluator->context, context, what));
  if (evaluator->context == context) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_MISMATCH, "%s was made for another context than the evaluator's", what);
}

umbra_status umbra_check_product_level(uint32_t level) {
  if (level) return UMBRA_OK;
  return umbra_fail(
      UMBRA_ERROR_NO_LEVEL,
      "no level left: a product takes one level and an operand is at level 0; use parameters with more depth");
}

umbra_status umbra_result_make(umbra_ciphertext **made, const umbra_evaluator *evaluator, const umbra_ciphertext *a,
                               uint32_t level, uint32_t slots) {
  UMBRA_TRY(umbra_ciphertext_make(made, evaluator->context, level));
  memcpy((*made)->owner, a->owner, sizeof(*made)->owner);
  (*made)->slots = slots;
  return UMBRA_OK;
}

umbra_status umbra_check_whole(const umbra_evaluator *evaluator, umbra_status status) {
  return status == UMBRA_OK ? umbra_watch_check(umbra_stream_watch(evaluator->stream)) : status;
}

umbra_status umbra_result_hand_out(umbra_ciphertext **out, umbra_ciphertext *made, umbra_status status) {
  if (status == UMBRA_OK) {
    umbra_dry_note_level(made->context, made->level);
    UMBRA_PUT(ciphertext, out, made);
  } else {
    umbra_ciphertext_destroy(made);
  }
  return status;
}

umbra_status umbra_result_finish(const umbra_evaluator *evaluator, umbra_ciphertext **out, umbra_ciphertext *made,
                                 umbra_status status) {
  return umbra_result_hand_out(out, made, umbra_check_whole(evaluator, status));
}

umbra_status umbra_check_outputs(umbra_ciphertext *const *outs, size_t count) {
  if (!outs) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the outputs are NULL");
  for (size_t i = 0; i < count; i++)
    for (size_t k = 0; k < i; k++)
      if (outs[i] && outs[i] == outs[k])
        return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "outputs %zu and %zu are the same ciphertext", k, i);
  return UMBRA_OK;
}

umbra_status umbra_results_finish(const umbra_evaluator *evaluator, umbra_ciphertext **outs, umbra_ciphertext **made,
                                  size_t count, umbra_status status) {
  status = umbra_check_whole(evaluator, status);
  for (size_t i = 0; i < count; i++) (void)umbra_result_hand_out(&outs[i], made[i], status);
  umbra_free(made);
  return status;
}

/* ---- sums ---- */

typedef void (*combine)(const umbra_ring *, umbra_stream *, const umbra_view *, const umbra_view *, const umbra_view *);

static umbra_status combine_at_level(umbra_evaluator *evaluator, umbra_ciphertext *made, const umbra_ciphertext *a,
                                     const umbra_ciphertext *b, combine op) {
  umbra_ring *ring = evaluator->context->ring;
  umbra_operand x, y;
  UMBRA_TRY(umbra_operand_open(&x, evaluator, &a->poly, a->estimate, a->level, made->level));
  umbra_status status = umbra_operand_open(&y, evaluator, &b->poly, b->estimate, b->level, made->level);
  if (status == UMBRA_OK) {
    umbra_view dst = umbra_poly_view(&made->poly, ring);
    op(ring, evaluator->stream, &dst, &x.view, &y.view);
    made->estimate = umbra_noise_add(x.estimate, y.estimate);
    umbra_operand_close(&y, evaluator);
  }
  umbra_operand_close(&x, evaluator);
  return status;
}

static umbra_status sum(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *a,
                        const umbra_ciphertext *b, combine op) {
  if (!b) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the second ciphertext may not be NULL");
  UMBRA_TRY(umbra_check_operands(evaluator, out, a, b));
  umbra_ciphertext *made = NULL;
  UMBRA_TRY(
      umbra_result_make(&made, evaluator, a, umbra_min_u32(a->level, b->level), umbra_max_u32(a->slots, b->slots)));
  return umbra_result_finish(evaluator, out, made, combine_at_level(evaluator, made, a, b, op));
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

static umbra_status combine_plain(umbra_evaluator *evaluator, umbra_ciphertext *made, const umbra_ciphertext *a,
                                  const umbra_plaintext *b, combine op) {
  umbra_ring *ring = evaluator->context->ring;
  UMBRA_TRY(copy_at_level(evaluator, made, a));
  umbra_operand y;
  UMBRA_TRY(umbra_operand_open(&y, evaluator, &b->poly, b->estimate, b->level, made->level));
  umbra_view both = umbra_poly_view(&made->poly, ring), c0 = umbra_view_poly(&both, 0);
  op(ring, evaluator->stream, &c0, &c0, &y.view);
  made->estimate = umbra_noise_add(made->estimate, y.estimate);
  umbra_operand_close(&y, evaluator);
  return UMBRA_OK;
}

static umbra_status sum_plain(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *a,
                              const umbra_plaintext *b, combine op) {
  UMBRA_TRY(umbra_check_with_plain(evaluator, out, a, b));
  umbra_ciphertext *made = NULL;
  UMBRA_TRY(
      umbra_result_make(&made, evaluator, a, umbra_min_u32(a->level, b->level), umbra_max_u32(a->slots, b->slots)));
  return umbra_result_finish(evaluator, out, made, combine_plain(evaluator, made, a, b, op));
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
  UMBRA_TRY(umbra_check_operands(evaluator, out, a, NULL));
  if (level > a->level)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "cannot raise a ciphertext from level %u to level %u", a->level,
                      level);
  umbra_ciphertext *made = NULL;
  UMBRA_TRY(umbra_result_make(&made, evaluator, a, level, a->slots));
  return umbra_result_finish(evaluator, out, made, copy_at_level(evaluator, made, a));
}

/* All but the words and where they are. */
static void set_facts(umbra_ciphertext *copy, const umbra_ciphertext *of) {
  umbra_context *context = copy->context;
  umbra_poly poly = copy->poly;
  *copy = *of;
  copy->context = context;
  copy->poly = poly;
}

/* What a thread records, its copies are part of. Others need not be waited for: what comes later is done later. */
static umbra_status copy_words(const umbra_poly *to, const umbra_poly *from, umbra_ring *ring) {
  umbra_view dst = umbra_poly_view(to, ring), src = umbra_poly_view(from, ring);
  umbra_stream *recording = umbra_ring_recording(ring), *stream = recording;
  if (!recording) UMBRA_TRY(umbra_ring_stream_open(&stream, ring));
  umbra_ring_copy(ring, stream, &dst, &src);
  umbra_status status = umbra_ring_check(ring, stream);
  if (!recording) umbra_ring_stream_close(stream, ring);
  return status;
}

umbra_status umbra_ciphertext_copy(umbra_ciphertext **copy, const umbra_ciphertext *ciphertext) {
  if (!copy || !ciphertext)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_ciphertext_copy needs an output and a ciphertext");
  const umbra_context *context = ciphertext->context;
  umbra_ciphertext *made = NULL;
  UMBRA_TRY(umbra_ciphertext_make(&made, context, ciphertext->level));
  set_facts(made, ciphertext);
  return umbra_result_hand_out(copy, made, copy_words(&made->poly, &ciphertext->poly, context->ring));
}

umbra_status umbra_ciphertext_move(umbra_ciphertext **out, const umbra_context *context,
                                   const umbra_ciphertext *ciphertext) {
  if (!out || !context || !ciphertext)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "umbra_ciphertext_move needs an output, a context and a ciphertext");
  if (context == ciphertext->context) return umbra_ciphertext_copy(out, ciphertext);
  UMBRA_TRY(umbra_check_no_mixing(context, ciphertext->context));
  UMBRA_TRY(umbra_check_params(context, ciphertext->context, "the ciphertext"));
  umbra_ciphertext *made = NULL;
  UMBRA_TRY(umbra_ciphertext_make(&made, context, ciphertext->level));
  set_facts(made, ciphertext);
  umbra_ring *from = ciphertext->context->ring;
  return umbra_result_hand_out(out, made, umbra_poly_copy_across(&made->poly, context->ring, &ciphertext->poly, from));
}

umbra_status umbra_negate(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *a) {
  UMBRA_TRACE(evaluator, "negate", a);
  UMBRA_TRY(umbra_check_operands(evaluator, out, a, NULL));
  umbra_ring *ring = evaluator->context->ring;
  umbra_ciphertext *made = NULL;
  UMBRA_TRY(umbra_result_make(&made, evaluator, a, a->level, a->slots));
  umbra_view dst = umbra_poly_view(&made->poly, ring), src = umbra_poly_view(&a->poly, ring);
  umbra_ring_negate(ring, evaluator->stream, &dst, &src);
  made->estimate = a->estimate;
  return umbra_result_finish(evaluator, out, made, UMBRA_OK);
}

/* ---- constants ---- */

/* RANGE unless a constant of that size, times the scale, is below half of the level's modulus. */
static umbra_status check_constant(const umbra_context *context, uint32_t level, umbra_log2 log_scale, double size) {
  const umbra_chain *chain = umbra_context_chain(context);
  umbra_window window = chain->window[level];
  int size_bits;
  frexp(size, &size_bits);
  double available =
      umbra_log2_bits(umbra_chain_log_product(chain, window.first, window.count)) - 1 - umbra_log2_bits(log_scale);
  if (size_bits <= available) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_RANGE, "the constant %g is too large for level %u: at most about 2^%.0f", size, level,
                    available);
}

umbra_status umbra_constant_round_at(umbra_constant *constant, const umbra_context *context, uint32_t level,
                                     umbra_log2 log_scale, double re, double im) {
  if (!isfinite(re) || !isfinite(im)) return umbra_fail(UMBRA_ERROR_RANGE, "a constant is not a finite number");
  double scale = umbra_log2_to_double(log_scale);
  double size = fmax(fabs(re), fabs(im));
  UMBRA_TRY(check_constant(context, level, log_scale, size));
  int size_bits, scale_bits;
  frexp(size, &size_bits);
  frexp(scale, &scale_bits);
  const int word_bits = 62;
  int shift = size_bits + scale_bits > word_bits ? size_bits + scale_bits - word_bits : 0;
  double factor = ldexp(scale, -shift);
  *constant = (umbra_constant){.re = llrint(re * factor), .im = llrint(im * factor), .shift = (uint32_t)shift};
  constant->magnitude = umbra_modulus(re, im);
  constant->rounding = 1 / factor + constant->magnitude * 0x1p-52;
  return UMBRA_OK;
}

umbra_status umbra_constant_round(umbra_constant *constant, const umbra_context *context, uint32_t level, double re,
                                  double im) {
  return umbra_constant_round_at(constant, context, level, umbra_context_chain(context)->log_scale[level], re, im);
}

umbra_estimate umbra_constant_estimate(const umbra_constant *constant) {
  return (umbra_estimate){constant->magnitude, constant->rounding / UMBRA_ERROR_DEVIATIONS};
}

umbra_status umbra_constant_poly(umbra_poly *poly, umbra_evaluator *evaluator, const umbra_constant *constant,
                                 uint32_t level) {
  umbra_ring *ring = evaluator->context->ring;
  umbra_window window = umbra_ring_chain(ring)->window[level];
  umbra_view unit;
  UMBRA_TRY(umbra_imaginary_unit_of(&unit, ring, window));
  UMBRA_TRY(umbra_poly_create(poly, ring, 1, window, 0, "a constant"));
  umbra_view view = umbra_poly_view(poly, ring);
  umbra_ring_mul_integer(ring, evaluator->stream, &view, &unit, constant->im, constant->shift);
  umbra_ring_add_integer(ring, evaluator->stream, &view, &view, constant->re, constant->shift);
  return UMBRA_OK;
}

static umbra_status mul_i(umbra_evaluator *evaluator, const umbra_view *dst, const umbra_view *src, uint32_t level) {
  umbra_ring *ring = evaluator->context->ring;
  umbra_view unit;
  UMBRA_TRY(umbra_imaginary_unit_of(&unit, ring, umbra_ring_chain(ring)->window[level]));
  umbra_ring_mul(ring, evaluator->stream, dst, src, &unit);
  return UMBRA_OK;
}

static int is_imaginary_unit(const umbra_constant *constant) {
  return !constant->re && constant->im == 1 && !constant->shift;
}

umbra_status umbra_constant_mul(umbra_evaluator *evaluator, const umbra_view *dst, const umbra_view *src,
                                const umbra_constant *constant, uint32_t level) {
  umbra_ring *ring = evaluator->context->ring;
  if (!constant->im) {
    umbra_ring_mul_integer(ring, evaluator->stream, dst, src, constant->re, constant->shift);
    return UMBRA_OK;
  }
  if (is_imaginary_unit(constant)) return mul_i(evaluator, dst, src, level);
  umbra_poly factor;
  UMBRA_TRY(umbra_constant_poly(&factor, evaluator, constant, level));
  umbra_view factor_view = umbra_poly_view(&factor, ring);
  umbra_ring_mul(ring, evaluator->stream, dst, src, &factor_view);
  umbra_poly_destroy(&factor, ring);
  return UMBRA_OK;
}

umbra_status umbra_constant_add(umbra_evaluator *evaluator, const umbra_view *c0, const umbra_constant *constant,
                                uint32_t level) {
  umbra_ring *ring = evaluator->context->ring;
  if (!constant->im) {
    umbra_ring_add_integer(ring, evaluator->stream, c0, c0, constant->re, constant->shift);
    return UMBRA_OK;
  }
  umbra_poly poly;
  UMBRA_TRY(umbra_constant_poly(&poly, evaluator, constant, level));
  umbra_view view = umbra_poly_view(&poly, ring);
  umbra_ring_add(ring, evaluator->stream, c0, c0, &view);
  umbra_poly_destroy(&poly, ring);
  return UMBRA_OK;
}

umbra_status umbra_add_constant(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *a,
                                double re, double im) {
  UMBRA_TRACE(evaluator, "add_constant", a);
  UMBRA_TRY(umbra_check_operands(evaluator, out, a, NULL));
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
  UMBRA_TRY(umbra_check_operands(evaluator, out, a, NULL));
  umbra_ring *ring = evaluator->context->ring;
  UMBRA_TRY(
      check_constant(evaluator->context, a->level, umbra_ring_chain(ring)->log_scale[a->level], fabs((double)factor)));
  umbra_ciphertext *made = NULL;
  UMBRA_TRY(umbra_result_make(&made, evaluator, a, a->level, a->slots));
  umbra_view dst = umbra_poly_view(&made->poly, ring), src = umbra_poly_view(&a->poly, ring);
  umbra_ring_mul_integer(ring, evaluator->stream, &dst, &src, factor, 0);
  made->estimate = umbra_noise_scale(a->estimate, fabs((double)factor));
  return umbra_result_finish(evaluator, out, made, UMBRA_OK);
}

umbra_status umbra_mul_i(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *a) {
  UMBRA_TRACE(evaluator, "mul_i", a);
  UMBRA_TRY(umbra_check_operands(evaluator, out, a, NULL));
  umbra_ring *ring = evaluator->context->ring;
  umbra_ciphertext *made = NULL;
  UMBRA_TRY(umbra_result_make(&made, evaluator, a, a->level, a->slots));
  umbra_view dst = umbra_poly_view(&made->poly, ring), src = umbra_poly_view(&a->poly, ring);
  made->estimate = a->estimate;
  return umbra_result_finish(evaluator, out, made,
                             umbra_constant_mul(evaluator, &dst, &src, &umbra_imaginary_unit, a->level));
}
