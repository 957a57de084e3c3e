/* SPDX-License-Identifier: Apache-2.0 */
/* The polynomial of a plan that stands for the sigmoid, of encrypted scores. */
#ifndef UMBRA_TRAIN_LOSS_H
#define UMBRA_TRAIN_LOSS_H

#include "plan.h"

/*
 * *x, scores over the plan's range, becomes factor s(scores), `umbra_chebyshev_depth` of the plan's degree below: in place.
 */
umbra_status umbra_train_slope(umbra_evaluator *evaluator, umbra_ciphertext **x, const umbra_train_plan *plan,
                               double factor);

/* The same of `count` > 0 scores of one level. */
umbra_status umbra_train_slopes(umbra_evaluator *evaluator, umbra_ciphertext **x, size_t count,
                                const umbra_train_plan *plan, double factor);

#endif
