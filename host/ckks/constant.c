/* SPDX-License-Identifier: Apache-2.0 */
#include "constant.h"

#include <math.h>

#include "../base/error.h"
#include "../ring/ops.h"
#include "../ring/unit.h"
#include "noise.h"

umbra_status umbra_constant_check(const umbra_context *context, uint32_t level, umbra_log2 log_scale, double size) {
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
  UMBRA_TRY(umbra_constant_check(context, level, log_scale, size));
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
  return umbra_estimate_of(constant->magnitude, constant->rounding / UMBRA_ERROR_DEVIATIONS);
}

/* The constant as a polynomial in the evaluation domain, over a level's window. */
static umbra_status make_poly(umbra_poly *poly, umbra_evaluator *evaluator, const umbra_constant *constant,
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

static int is_imaginary_unit(const umbra_constant *constant) {
  return !constant->re && constant->im == 1 && !constant->shift;
}

/* dst = src times a constant that is not real, or dst += that. */
static umbra_status multiply_complex(umbra_evaluator *evaluator, const umbra_view *dst, const umbra_view *src,
                                     const umbra_constant *constant, uint32_t level, int accumulate) {
  umbra_ring *ring = evaluator->context->ring;
  umbra_poly made = {0};
  umbra_view factor;
  if (is_imaginary_unit(constant)) {
    UMBRA_TRY(umbra_imaginary_unit_of(&factor, ring, umbra_ring_chain(ring)->window[level]));
  } else {
    UMBRA_TRY(make_poly(&made, evaluator, constant, level));
    factor = umbra_poly_view(&made, ring);
  }
  (accumulate ? umbra_ring_mul_add : umbra_ring_mul)(ring, evaluator->stream, dst, src, &factor);
  if (made.data) umbra_poly_destroy(&made, ring);
  return UMBRA_OK;
}

static umbra_status multiply(umbra_evaluator *evaluator, const umbra_view *dst, const umbra_view *src,
                             const umbra_constant *constant, uint32_t level, int accumulate) {
  if (constant->im) return multiply_complex(evaluator, dst, src, constant, level, accumulate);
  const umbra_ring *ring = evaluator->context->ring;
  (accumulate ? umbra_ring_add_multiple : umbra_ring_mul_integer)(ring, evaluator->stream, dst, src, constant->re,
                                                                  constant->shift);
  return UMBRA_OK;
}

umbra_status umbra_constant_mul(umbra_evaluator *evaluator, const umbra_view *dst, const umbra_view *src,
                                const umbra_constant *constant, uint32_t level) {
  return multiply(evaluator, dst, src, constant, level, 0);
}

umbra_status umbra_constant_mul_add(umbra_evaluator *evaluator, const umbra_view *dst, const umbra_view *src,
                                    const umbra_constant *constant, uint32_t level) {
  return multiply(evaluator, dst, src, constant, level, 1);
}

umbra_status umbra_constant_add(umbra_evaluator *evaluator, const umbra_view *c0, const umbra_constant *constant,
                                uint32_t level) {
  umbra_ring *ring = evaluator->context->ring;
  if (!constant->im) {
    umbra_ring_add_integer(ring, evaluator->stream, c0, c0, constant->re, constant->shift);
    return UMBRA_OK;
  }
  umbra_poly poly;
  UMBRA_TRY(make_poly(&poly, evaluator, constant, level));
  umbra_view view = umbra_poly_view(&poly, ring);
  umbra_ring_add(ring, evaluator->stream, c0, c0, &view);
  umbra_poly_destroy(&poly, ring);
  return UMBRA_OK;
}
