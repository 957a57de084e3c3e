/* SPDX-License-Identifier: Apache-2.0 */
/* Checks and small pieces that all evaluator calls share. */
#ifndef UMBRA_CKKS_EVALUATOR_INTERNAL_H
#define UMBRA_CKKS_EVALUATOR_INTERNAL_H

#include "../base/integers.h"
#include "objects.h"
#include "operand.h"

/* Evaluator usable, output and inputs given, all of one parameter set and one owner. b may be NULL. */
umbra_status umbra_check_operands(const umbra_evaluator *evaluator, umbra_ciphertext *const *out,
                                  const umbra_ciphertext *a, const umbra_ciphertext *b);
umbra_status umbra_check_with_plain(const umbra_evaluator *evaluator, umbra_ciphertext *const *out,
                                    const umbra_ciphertext *a, const umbra_plaintext *b);

/* For what keeps encodings, whose memory is the context's own: MISMATCH unless it is of the evaluator's very context. */
umbra_status umbra_check_own(const umbra_evaluator *evaluator, const umbra_context *context, const char *what);

/* NO_LEVEL if a product would start at level 0. */
umbra_status umbra_check_product_level(uint32_t level);

/* ---- keys: see find_key.c ---- */

/* A key whose rotation is the same for vectors of `slots` values; *key is NULL if none is needed. */
umbra_status umbra_find_rotation(const umbra_eval_key **key, const umbra_evaluator *evaluator, int32_t steps,
                                 uint32_t slots, uint32_t level);
/* The keys of the evaluator for products and for conjugation at that level; MISSING_KEY if there is none. */
umbra_status umbra_find_relinearization(const umbra_eval_key **key, const umbra_evaluator *evaluator, uint32_t level);
umbra_status umbra_find_conjugation(const umbra_eval_key **key, const umbra_evaluator *evaluator, uint32_t level);
/* One of those to the ephemeral secret and back. */
umbra_status umbra_find_ephemeral(const umbra_eval_key **key, const umbra_evaluator *evaluator, umbra_key_kind kind);

/* MISSING_KEY unless all of them would be found. */
umbra_status umbra_find_all(const umbra_evaluator *evaluator, const umbra_key_needs *needs);

/* ---- results ---- */

/* A ciphertext at that level with a's owner. */
umbra_status umbra_result_make(umbra_ciphertext **made, const umbra_evaluator *evaluator, const umbra_ciphertext *a,
                               uint32_t level, uint32_t slots);

/* OK, or CANCELLED if something on the way to a result was left out: asked before anything is published. */
umbra_status umbra_check_whole(const umbra_evaluator *evaluator, umbra_status status);

/* Hands a result out if the status is OK, destroys it otherwise. Returns the status. */
umbra_status umbra_result_hand_out(umbra_ciphertext **out, umbra_ciphertext *made, umbra_status status);

/* The same, if it is whole. */
umbra_status umbra_result_finish(const umbra_evaluator *evaluator, umbra_ciphertext **out, umbra_ciphertext *made,
                                 umbra_status status);

/* The same for `count` results, and frees `made`. */
umbra_status umbra_results_finish(const umbra_evaluator *evaluator, umbra_ciphertext **outs, umbra_ciphertext **made,
                                  size_t count, umbra_status status);

/* INVALID_ARGUMENT if outs is NULL, or a ciphertext is given for two outputs. */
umbra_status umbra_check_outputs(umbra_ciphertext *const *outs, size_t count);

/* A constant at some level's scale: the polynomial (re + im X^(n/2)) * 2^shift. */
typedef struct umbra_constant {
  int64_t re, im;
  uint32_t shift;
  double magnitude; /* |re + i im| */
  double rounding;  /* bound on the error of the rounded constant */
} umbra_constant;

static const umbra_constant umbra_imaginary_unit = {.im = 1, .magnitude = 1}; /* exact */

/* re + i im at the level's scale. RANGE if not finite or too large for the level. */
umbra_status umbra_constant_round(umbra_constant *constant, const umbra_context *context, uint32_t level, double re,
                                  double im);

/* The same at any scale. */
umbra_status umbra_constant_round_at(umbra_constant *constant, const umbra_context *context, uint32_t level,
                                     umbra_log2 log_scale, double re, double im);

/* dst = src times a constant, exactly, both over that level's window; dst may be src. */
umbra_status umbra_constant_mul(umbra_evaluator *evaluator, const umbra_view *dst, const umbra_view *src,
                                const umbra_constant *constant, uint32_t level);

/* c0 += the constant. */
umbra_status umbra_constant_add(umbra_evaluator *evaluator, const umbra_view *c0, const umbra_constant *constant,
                                uint32_t level);

/* What a multiplication by a constant, or its addition, does to an estimate is what that of this exact value does. */
umbra_estimate umbra_constant_estimate(const umbra_constant *constant);

/* The constant as a polynomial in the evaluation domain, over a level's window. */
umbra_status umbra_constant_poly(umbra_poly *poly, umbra_evaluator *evaluator, const umbra_constant *constant,
                                 uint32_t level);

#endif
