/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ciphertexts inside a circuit: at a level of their own, which may exist only inside a refresh, and with a planned scale
 * that need not be the level's. Constants absorb the differences, so equal scales meet exactly. Operands that do not
 * meet are a bug of the circuit: INTERNAL.
 */
#ifndef UMBRA_CKKS_SCALED_H
#define UMBRA_CKKS_SCALED_H

#include "ciphertext_internal.h"
#include "evaluator_internal.h"
#include "keys_internal.h"

/*
 * Or several that are treated alike, side by side: where launches cost, operations do all of them at once. What is known of
 * them is known of each.
 */
typedef struct umbra_scaled {
  umbra_poly poly; /* 2 polynomials of each, evaluation domain, over the level's window; without data: none */
  uint32_t level;
  umbra_log2 log_scale;
  umbra_estimate estimate;
} umbra_scaled;

/* Memory for one; contents of the polynomials undefined, estimate zero. */
umbra_status umbra_scaled_make(umbra_scaled *made, const umbra_context *context, uint32_t level, umbra_log2 log_scale);
void umbra_scaled_destroy(umbra_scaled *scaled, const umbra_context *context); /* also of a zeroed one */

enum { UMBRA_SCALED_MOST = UMBRA_MAX_RUNS }; /* side by side */

/* The same for `count` ciphertexts side by side. */
umbra_status umbra_scaled_make_many(umbra_scaled *made, const umbra_context *context, uint32_t count, uint32_t level,
                                    umbra_log2 log_scale);

static inline uint32_t umbra_scaled_count(const umbra_scaled *x) { return x->poly.polys / 2; }

/* Whether so many at that level gain anything by being side by side, and have room in the kernels' arguments. */
int umbra_scaled_pays(const umbra_context *context, uint32_t count, uint32_t level);

/* The first (part 0) or second polynomial of each. */
umbra_view umbra_scaled_every(const umbra_scaled *x, const umbra_context *context, uint32_t part);

/* All polynomials of number i. */
umbra_view umbra_scaled_view_of(const umbra_scaled *x, const umbra_context *context, uint32_t i);

/* Whether a level's limbs are among those of another, so that going down to it is forgetting limbs. */
int umbra_level_contains(const umbra_chain *chain, uint32_t level, uint32_t lower);

/* All polynomials as they are at a lower level whose limbs it has: nothing is computed. */
umbra_view umbra_scaled_view(const umbra_scaled *scaled, const umbra_context *context, uint32_t level);

/* ---- to and from ciphertexts ---- */

/* The ciphertext's own polynomials, to be read as long as it lives; not to be destroyed. */
umbra_scaled umbra_scaled_of(const umbra_ciphertext *ciphertext);

/*
 * *made takes over the polynomials, and scaled is zeroed; it must be at an ordinary level and exactly its scale. Its
 * context is that in which it was computed; owner and slots are those of `like`.
 */
umbra_status umbra_scaled_finish(umbra_ciphertext **made, umbra_scaled *scaled, const umbra_context *context,
                                 const umbra_ciphertext *like);

/* ---- what a circuit knows better than the operations ---- */

/* The same integers at another scale: x becomes x times the old scale over the new one. Its estimate stays. */
void umbra_scaled_relabel(umbra_scaled *x, umbra_log2 log_scale);

/* Replaces what operations know of x. */
void umbra_scaled_declare(umbra_scaled *x, umbra_estimate estimate);

/* ---- operations; results of those that have a `made` are new, and may not be an operand ---- */

/* x at a level up to its own and that scale: a copy of limbs if that is all it takes, else one division. */
umbra_status umbra_scaled_lower(umbra_scaled *made, umbra_evaluator *evaluator, const umbra_scaled *x, uint32_t level,
                                umbra_log2 log_scale);

/* a += b and a -= b, of equal level and scale. */
umbra_status umbra_scaled_add(umbra_evaluator *evaluator, umbra_scaled *a, const umbra_scaled *b);
umbra_status umbra_scaled_sub(umbra_evaluator *evaluator, umbra_scaled *a, const umbra_scaled *b);

/* a *= factor, and a *= i: exact. */
void umbra_scaled_mul_integer(umbra_evaluator *evaluator, umbra_scaled *a, int64_t factor);
umbra_status umbra_scaled_mul_i(umbra_evaluator *evaluator, umbra_scaled *a);

/* a += re + i im, rounded at a's scale. RANGE if it does not fit the level. */
umbra_status umbra_scaled_add_constant(umbra_evaluator *evaluator, umbra_scaled *a, double re, double im);

/* x times re + i im, one level below `level`, which x reaches by forgetting limbs, at exactly that scale. */
umbra_status umbra_scaled_mul_constant(umbra_scaled *made, umbra_evaluator *evaluator, const umbra_scaled *x, double re,
                                       double im, uint32_t level, umbra_log2 log_scale);

/* a times b, one level below the lower of theirs, which the other reaches by forgetting limbs. */
umbra_status umbra_scaled_mul(umbra_scaled *made, umbra_evaluator *evaluator, const umbra_scaled *a,
                              const umbra_scaled *b, const umbra_eval_key *relinearization);

/* re = x + conjugate(x), im = (x - conjugate(x)) / i: twice the parts of x. im: NULL if it is not wanted. */
umbra_status umbra_scaled_split(umbra_scaled *re, umbra_scaled *im, umbra_evaluator *evaluator, const umbra_scaled *x,
                                const umbra_eval_key *conjugation);

/* Both parts side by side. */
umbra_status umbra_scaled_split_beside(umbra_scaled *parts, umbra_evaluator *evaluator, const umbra_scaled *x,
                                       const umbra_eval_key *conjugation);

/* The first + i the second of two. */
umbra_status umbra_scaled_join_beside(umbra_scaled *made, umbra_evaluator *evaluator, const umbra_scaled *parts);

/* re += i im, and im is i times what it was. */
umbra_status umbra_scaled_join(umbra_evaluator *evaluator, umbra_scaled *re, umbra_scaled *im);

/* x under the automorphism of that key: rotated, or the complex conjugate of all slots. */
umbra_status umbra_scaled_permute(umbra_scaled *made, umbra_evaluator *evaluator, const umbra_scaled *x,
                                  const umbra_eval_key *key);

enum { UMBRA_MOST_LOG_RADIX = 2 };

/*
 * made = x + x rotated left by 1, 2, ..., 2^log_radix - 1 times that many steps, as a vector of `slots`: from one decomposition,
 * with one division. Errors: also MISSING_KEY.
 */
umbra_status umbra_scaled_sum_rotated(umbra_scaled *made, umbra_evaluator *evaluator, const umbra_scaled *x,
                                      int32_t steps, uint32_t log_radix, uint32_t slots);

/* x += x rotated left by that many steps, as a vector of `slots`. Errors: also MISSING_KEY. */
umbra_status umbra_scaled_add_rotated(umbra_evaluator *evaluator, umbra_scaled *x, uint32_t steps, uint32_t slots);

#endif
