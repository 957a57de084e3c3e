/* SPDX-License-Identifier: Apache-2.0 */
/* Linear maps from the slots of several ciphertexts to those of several others. */
#ifndef UMBRA_LINALG_SLOT_MAPS_H
#define UMBRA_LINALG_SLOT_MAPS_H

#include <umbra/transform.h>

#include "../base/watch.h"
#include "../circuits/transform/transform.h"

typedef struct umbra_slot_maps {
  uint32_t level;              /* of inputs; outputs are one below */
  uint32_t ring, slots;        /* of the maps, and of outputs: what maps give beyond that is folded into it */
  size_t inputs, outputs;      /* ciphertexts */
  umbra_transform **transform; /* of each input; NULL: nothing depends on it */
  uint32_t **target;           /* of each input, the outputs that its maps go to; NULL: to all, in order */
  umbra_plaintext **bias;      /* of each output; NULL: none */
  double norm;                 /* no output is larger than the largest input times this */
  double magnitude;            /* declared of outputs, or 0 */
} umbra_slot_maps;

void umbra_slot_maps_destroy(umbra_slot_maps *maps); /* also of zeroed ones */
uint64_t umbra_slot_maps_bytes(const umbra_slot_maps *maps);

/* The encoding of these diagonals for an input, which the caller may want to change. */
umbra_transform_encoding umbra_slot_maps_encoding(const umbra_slot_maps *maps, const umbra_context *context,
                                                  const umbra_diagonals *diagonals);

/*
 * made[i], i < outputs, NULL before, from a[j], j < inputs, of one owner; at least one map goes to each output. If it
 * fails some may have been made.
 */
umbra_status umbra_slot_maps_apply(umbra_evaluator *evaluator, umbra_ciphertext **made,
                                   const umbra_ciphertext *const *a, const umbra_slot_maps *maps);

/* What is left for *x, which has no bias yet: its bias, if there is one, and what was declared. */
umbra_status umbra_slot_maps_add_bias(umbra_evaluator *evaluator, umbra_ciphertext **x, const umbra_slot_maps *maps,
                                      size_t output);

#endif
