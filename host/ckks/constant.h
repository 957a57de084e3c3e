/* SPDX-License-Identifier: Apache-2.0 */
/* Constants, rounded at a scale. */
#ifndef UMBRA_CKKS_CONSTANT_H
#define UMBRA_CKKS_CONSTANT_H

#include "ciphertext_internal.h"
#include "evaluator_internal.h"

/* A constant at some level's scale: the polynomial (re + im X^(n/2)) * 2^shift. */
typedef struct umbra_constant {
  int64_t re, im;
  uint32_t shift;
  double magnitude; /* |re + i im| */
  double rounding;  /* bound on the error of the rounded constant */
} umbra_constant;

static const umbra_constant umbra_imaginary_unit = {.im = 1, .magnitude = 1}; /* exact */

/* RANGE unless a constant of that size, times the scale, is below half of the level's modulus. */
umbra_status umbra_constant_check(const umbra_context *context, uint32_t level, umbra_log2 log_scale, double size);

/* re + i im at the level's scale. RANGE if not finite or too large for the level. */
umbra_status umbra_constant_round(umbra_constant *constant, const umbra_context *context, uint32_t level, double re,
                                  double im);

/* The same at any scale. */
umbra_status umbra_constant_round_at(umbra_constant *constant, const umbra_context *context, uint32_t level,
                                     umbra_log2 log_scale, double re, double im);

/* dst = src times a constant, exactly, both over that level's window; dst may be src. */
umbra_status umbra_constant_mul(umbra_evaluator *evaluator, const umbra_view *dst, const umbra_view *src,
                                const umbra_constant *constant, uint32_t level);

/* dst += src times a constant. */
umbra_status umbra_constant_mul_add(umbra_evaluator *evaluator, const umbra_view *dst, const umbra_view *src,
                                    const umbra_constant *constant, uint32_t level);

/* c0 += the constant. */
umbra_status umbra_constant_add(umbra_evaluator *evaluator, const umbra_view *c0, const umbra_constant *constant,
                                uint32_t level);

/* What a multiplication by a constant, or its addition, does to an estimate is what that of this exact value does. */
umbra_estimate umbra_constant_estimate(const umbra_constant *constant);

#endif
