/* SPDX-License-Identifier: Apache-2.0 */
#include "loss.h"

#include "../base/error.h"
#include "../circuits/polynomial/polynomial.h"
#include "../ckks/verbs.h"
#include "advance.h"

/* They come out at the level that the degree leaves: factors that vanish may have left a lower degree. */
umbra_status umbra_train_slopes(umbra_evaluator *evaluator, umbra_ciphertext **x, size_t count,
                                const umbra_train_plan *plan, double factor) {
  const uint32_t degree = plan->degree, level = umbra_ciphertext_level(*x) - umbra_chebyshev_depth(degree);
  double scaled[UMBRA_SIGMOID_MAX_DEGREE + 1];
  for (uint32_t k = 0; k <= degree; k++) scaled[k] = factor * plan->coefficient[k];
  for (size_t i = 0; i < count; i++)
    umbra_ciphertext_declare_by_plan(x[i], umbra_bound_within(x[i]->estimate.bound, 1));
  UMBRA_TRY(umbra_chebyshev_eval_each(evaluator, x, (const umbra_ciphertext *const *)x, count, scaled, degree));
  for (size_t i = 0; i < count; i++) UMBRA_TRY(umbra_train_lower(evaluator, &x[i], level));
  return UMBRA_OK;
}

umbra_status umbra_train_slope(umbra_evaluator *evaluator, umbra_ciphertext **x, const umbra_train_plan *plan,
                               double factor) {
  return umbra_train_slopes(evaluator, x, 1, plan, factor);
}
