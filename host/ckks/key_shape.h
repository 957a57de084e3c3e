/* SPDX-License-Identifier: Apache-2.0 */
/* What evaluation keys look like: follows from the chain alone. */
#ifndef UMBRA_CKKS_KEY_SHAPE_H
#define UMBRA_CKKS_KEY_SHAPE_H

#include <umbra/keys.h>

#include "../params/chain.h"

/* What a key of a kind looks like: its polynomials, and the primes that the secret it switches from is multiplied by. */
typedef struct umbra_key_shape {
  umbra_window window;
  uint32_t aux;
  umbra_digit_range digits;
  uint32_t gadget_first, gadget_count; /* positions of those primes: a division by them ends the switch */
} umbra_key_shape;

umbra_key_shape umbra_key_shape_of(const umbra_chain *chain, umbra_key_kind kind, uint32_t level);

/* Memory of a key. */
uint64_t umbra_key_bytes(const umbra_chain *chain, umbra_key_kind kind, uint32_t level);

/* The highest level for which there are keys of a kind. */
uint32_t umbra_key_top_level(const umbra_chain *chain, umbra_key_kind kind);

#endif
