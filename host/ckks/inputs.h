/* SPDX-License-Identifier: Apache-2.0 */
/* Inputs of an operation that takes levels: those that lack them are refreshed first, if the evaluator is to do that. */
#ifndef UMBRA_CKKS_INPUTS_H
#define UMBRA_CKKS_INPUTS_H

#include "ciphertext_internal.h"
#include "evaluator_internal.h"

typedef struct umbra_inputs {
  const umbra_ciphertext *const *a, *const *b; /* what to compute with */
  const umbra_ciphertext **used;               /* NULL: what was given */
  umbra_ciphertext **fresh;                    /* NULL where none had to be made */
  size_t count;
} umbra_inputs;

/*
 * a, b: arrays of `count` ciphertexts, read as long as inputs is open; b may be NULL. Ciphertexts that are NULL or belong
 * elsewhere are left to the operation, which complains of them.
 */
umbra_status umbra_inputs_open(umbra_inputs *inputs, umbra_evaluator *evaluator, const umbra_ciphertext *const *a,
                               const umbra_ciphertext *const *b, size_t count, uint32_t levels);

/*
 * The same for an operation that begins at a level, with at least one input: those that have it are taken as they are.
 * NO_LEVEL if others cannot be refreshed.
 */
umbra_status umbra_inputs_open_at(umbra_inputs *inputs, umbra_evaluator *evaluator, const umbra_ciphertext *const *a,
                                  size_t count, uint32_t level);
void umbra_inputs_close(umbra_inputs *inputs);

#endif
