/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the optimizer does with a state, and its refreshes, for any kind. A state has two ciphertexts for each of the
 * weights: w and u of plan.h, multiples of a unit.
 */
#ifndef UMBRA_TRAIN_ADVANCE_H
#define UMBRA_TRAIN_ADVANCE_H

#include "kind.h"

/* Those of the weights in ciphertext `part`, in a state. */
static inline size_t umbra_train_w(size_t part) { return 2 * part; }
static inline size_t umbra_train_u(size_t part) { return 2 * part + 1; }

/* Behind them, where the plan counts the loss, its counter: see counter.h. */
static inline int umbra_train_counts(const umbra_train_plan *plan) { return plan->options.count_loss; }
static inline size_t umbra_train_counter(const umbra_train_plan *plan) { return 2 * plan->firsts; }
static inline size_t umbra_train_states(const umbra_train_plan *plan) {
  return 2 * plan->firsts + (umbra_train_counts(plan) != 0);
}

/* Where the gradient of iteration i is taken, and what it is to be multiplied by to be weights. */
const umbra_ciphertext *umbra_train_point(const umbra_train_plan *plan, const umbra_train_state *state, size_t part);
double umbra_train_point_unit(const umbra_train_plan *plan, uint32_t i);

/* The state before the first iteration, from the data set's first weights. */
umbra_status umbra_train_begin(umbra_train_state *state, const umbra_train_plan *plan, const umbra_train_state *first);

/* The state after iteration i, at the level of its steps. */
umbra_status umbra_train_advance(umbra_evaluator *evaluator, umbra_train_state *after, const umbra_train_plan *plan,
                                 const umbra_train_state *before, uint32_t i, const umbra_train_state *steps);

/* *x is brought down to that level, unless it is there or lower. */
umbra_status umbra_train_lower(umbra_evaluator *evaluator, umbra_ciphertext **x, uint32_t level);

/* The same state, in half the unit, at the level of data; the counter as it is. */
umbra_status umbra_train_refresh(umbra_evaluator *evaluator, umbra_train_state *fresh, const umbra_train_plan *plan,
                                 const umbra_train_state *state, const umbra_bootstrapper *bootstrapper);

/* What the unit of the weights is at the end. */
int64_t umbra_train_last_unit(const umbra_train_plan *plan);

#endif
