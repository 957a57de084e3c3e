/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loss of each iteration, encrypted, where a plan counts it: the last part of a state is one ciphertext at level 0 whose
 * slot i has that of iteration i, and a zero before. So audits and resumed trainings know nothing special of it.
 */
#ifndef UMBRA_TRAIN_COUNTER_H
#define UMBRA_TRAIN_COUNTER_H

#include "kind.h"

/* UNSUPPORTED unless there is a slot for each iteration, and squares of the largest errors fit the lowest level; those
   of records with weights are the plan's promise. */
umbra_status umbra_counter_check(const umbra_train_plan *plan);

uint32_t umbra_counter_slots(const umbra_train_plan *plan);

/* Of its matrix in a file; 0: there is none. */
uint64_t umbra_counter_bytes(const umbra_train_plan *plan);

/*
 * *after = the counter with that of iteration i. squares: in all slots the sum of the squared errors of its batch, at level
 * 1, which is changed.
 */
umbra_status umbra_counter_add(umbra_evaluator *evaluator, umbra_ciphertext **after, const umbra_train_plan *plan,
                               const umbra_ciphertext *before, uint32_t i, umbra_ciphertext *squares);

#endif
