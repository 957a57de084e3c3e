/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of an evaluator, as they are needed. */
#ifndef UMBRA_CKKS_FIND_KEY_H
#define UMBRA_CKKS_FIND_KEY_H

#include "../ring/key_switch.h"
#include "evaluator_internal.h"
#include "keys_internal.h"

/* A key whose rotation is the same for vectors of `slots` values; *key is NULL if none is needed. */
umbra_status umbra_find_rotation(const umbra_eval_key **key, const umbra_evaluator *evaluator, int32_t steps,
                                 uint32_t slots, uint32_t level);
/* A key of rotation or conjugation, as key switches take it. */
umbra_rotation umbra_key_rotation(const umbra_eval_key *key, const umbra_ring *ring);
/* Those of rotations that are no turn around, as key switches take them. Errors: also INTERNAL. */
umbra_status umbra_find_turns(umbra_rotation *rotation, const umbra_evaluator *evaluator, const int32_t *steps,
                              size_t count, uint32_t slots, uint32_t level);
/* The keys of the evaluator for products and for conjugation at that level; MISSING_KEY if there is none. */
umbra_status umbra_find_relinearization(const umbra_eval_key **key, const umbra_evaluator *evaluator, uint32_t level);
umbra_status umbra_find_conjugation(const umbra_eval_key **key, const umbra_evaluator *evaluator, uint32_t level);
/* One of those to the ephemeral secret and back. */
umbra_status umbra_find_ephemeral(const umbra_eval_key **key, const umbra_evaluator *evaluator, umbra_key_kind kind);

/* MISSING_KEY unless all of them would be found. */
umbra_status umbra_find_all(const umbra_evaluator *evaluator, const umbra_key_needs *needs);

#endif
