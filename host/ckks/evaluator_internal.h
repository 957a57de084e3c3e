/* SPDX-License-Identifier: Apache-2.0 */
/* Checks and small pieces that all evaluator calls share. */
#ifndef UMBRA_CKKS_EVALUATOR_INTERNAL_H
#define UMBRA_CKKS_EVALUATOR_INTERNAL_H

#include "objects.h"
#include "operand.h"

/* Evaluator usable, output and inputs given, all of one parameter set and one owner. b may be NULL. */
umbra_status umbra_check_operands(const umbra_evaluator *evaluator, umbra_ciphertext *const *out,
                                  const umbra_ciphertext *a, const umbra_ciphertext *b);
umbra_status umbra_check_with_plain(const umbra_evaluator *evaluator, umbra_ciphertext *const *out,
                                    const umbra_ciphertext *a, const umbra_plaintext *b);

/* NO_LEVEL if a product would start at level 0. */
umbra_status umbra_check_product_level(uint32_t level);

/* MISSING_KEY if the key serves only lower levels. */
umbra_status umbra_check_key_level(const umbra_eval_key *key, uint32_t level);

/* A ciphertext at that level with a's owner. */
umbra_status umbra_result_make(umbra_ciphertext **made, const umbra_evaluator *evaluator, const umbra_ciphertext *a,
                               uint32_t level, uint32_t slots);

/* Commits a result if the status is OK, destroys it otherwise. Returns the status. */
umbra_status umbra_result_finish(umbra_ciphertext **out, umbra_ciphertext *made, umbra_status status);

static inline uint32_t umbra_min_u32(uint32_t a, uint32_t b) { return a < b ? a : b; }
static inline uint32_t umbra_max_u32(uint32_t a, uint32_t b) { return a > b ? a : b; }

/* A constant at some level's scale: the polynomial (re + im X^(n/2)) * 2^shift. */
typedef struct umbra_constant {
  int64_t re, im;
  uint32_t shift;
  double magnitude; /* |re + i im| */
  double rounding;  /* bound on the error of the rounded constant */
} umbra_constant;

/* re + i im at the level's scale. RANGE if not finite or too large for the level. */
umbra_status umbra_constant_round(umbra_constant *constant, const umbra_context *context, uint32_t level, double re,
                                  double im);

/* The constant as a polynomial in the evaluation domain, over a level's window. */
umbra_status umbra_constant_poly(umbra_poly *poly, umbra_evaluator *evaluator, const umbra_constant *constant,
                                 uint32_t level);

#endif
