/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UMBRA_NN_COMPARISON_H
#define UMBRA_NN_COMPARISON_H

#include <umbra/comparison.h>

/* Each x becomes umbra_sign_plan_value of it: many at a time. */
void umbra_sign_plan_values(const umbra_sign_plan *plan, double *values, size_t count);

#endif
