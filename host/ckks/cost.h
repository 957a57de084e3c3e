/* SPDX-License-Identifier: Apache-2.0 */
/* Costs of computations one after the other, from those of each. */
#ifndef UMBRA_CKKS_COST_H
#define UMBRA_CKKS_COST_H

#include <umbra/cost.h>

/* *sum, then `part` so many times. Keys come last, by the next: of *sum, and in its bytes, there are none before. */
void umbra_cost_add(umbra_cost *sum, const umbra_cost *part, uint64_t times);

/* The keys of a computation whose cost is complete otherwise. */
void umbra_cost_tell_keys(umbra_cost *cost, const umbra_key_needs *needs);

#endif
