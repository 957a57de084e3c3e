/* SPDX-License-Identifier: Apache-2.0 */
#include "loss.h"

#include "../base/error.h"
#include "../ckks/verbs.h"

/* At the level that the degree leaves: factors that vanish may have left a lower degree. */
umbra_status umbra_train_slope(umbra_evaluator *evaluator, umbra_ciphertext **x, const umbra_train_plan *plan,
                               double factor) {
  const uint32_t degree = plan->degree, level = umbra_ciphertext_level(*x) - umbra_chebyshev_depth(degree);
  double scaled[UMBRA_SIGMOID_MAX_DEGREE + 1];
  for (uint32_t k = 0; k <= degree; k++) scaled[k] = factor * plan->coefficient[k];
  umbra_ciphertext_declare_by_plan(*x, umbra_bound_within((*x)->estimate.bound, 1));
  UMBRA_TRY(umbra_chebyshev_eval(evaluator, x, *x, scaled, degree));
  return umbra_ciphertext_level(*x) == level ? UMBRA_OK : umbra_level_drop(evaluator, x, *x, level);
}
