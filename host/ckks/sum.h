/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sums of products, relinearised and rescaled once. Summands meet at one level and one scale, which is that of the whole
 * before its division; constants are rounded to exactly the scale that their product lacks.
 */
#ifndef UMBRA_CKKS_SUM_H
#define UMBRA_CKKS_SUM_H

#include "scaled.h"

/* A product of ciphertexts, whose scales multiply to that of the sum. */
typedef struct umbra_factors {
  const umbra_scaled *a, *b;
} umbra_factors;

/* A ciphertext of any scale times a real number. */
typedef struct umbra_multiple {
  const umbra_scaled *x;
  double factor;
} umbra_multiple;

/*
 * products, or twice them, + multiples + constant. Levels of all operands contain that of the sum. `products` or
 * `multiples` is not 0.
 */
typedef struct umbra_summands {
  const umbra_factors *product;
  size_t products;
  int twice;
  const umbra_multiple *multiple;
  size_t multiples;
  double constant;
} umbra_summands;

/* log2 of what the division after a product at that level divides by: level >= 1. */
umbra_log2 umbra_sum_log_step(const umbra_chain *chain, uint32_t level);

/*
 * *made, one level below `level`, at the scale log_scale - umbra_sum_log_step. The key is that of relinearisation, which
 * only products need. RANGE if a constant does not fit the level.
 */
umbra_status umbra_sum_make(umbra_scaled *made, umbra_evaluator *evaluator, const umbra_summands *summands,
                            uint32_t level, umbra_log2 log_scale, const umbra_eval_key *key);

/* ---- by hand ---- */

/* Memory for a sum of 2 polynomials, or of 3 if there are products of ciphertexts; contents undefined. */
umbra_status umbra_sum_open(umbra_scaled *sum, const umbra_context *context, uint32_t polys, uint32_t level,
                            umbra_log2 log_scale);

/*
 * dst, one level below, = the sum, divided. Of 3 polynomials dst has as many, or 2: then they are relinearised, which
 * is what the key is for, in the same division. Sums side by side have 2 or 3 each.
 */
umbra_status umbra_sum_close(umbra_evaluator *evaluator, const umbra_view *dst, const umbra_scaled *sum,
                             const umbra_eval_key *key, umbra_estimate *estimate);

/* What is known of a ciphertext of so many parts that the division of a sum with that estimate leaves. */
umbra_estimate umbra_sum_estimate(const umbra_chain *chain, const umbra_scaled *sum, umbra_estimate estimate,
                                  uint32_t parts, int relinearized);

#endif
