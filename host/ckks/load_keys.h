/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evaluation keys from where a container was found to have them. In host memory all threads read pieces of all keys at
 * once, and with each piece sum it, see that its residues are residues, and expand what the seed gives beside it.
 */
#ifndef UMBRA_CKKS_LOAD_KEYS_H
#define UMBRA_CKKS_LOAD_KEYS_H

#include "../io/reader.h"
#include "key_needs.h"
#include "keys_internal.h"

typedef struct umbra_found_key {
  umbra_key_purpose purpose;
  umbra_key_shape shape;
  uint8_t seed[UMBRA_SEED_BYTES];
  umbra_extent residues;
} umbra_found_key;

/* Bytes for each thread, or a piece that is more, between two looks at whether to go on. */
enum { UMBRA_LOAD_STEP = 16 << 20 };

/* All keys of a set, which are not made yet. Errors: those of umbra_residues_read, OUT_OF_MEMORY, CANCELLED. */
umbra_status umbra_eval_keys_load_found(umbra_eval_keys *keys, umbra_reader *reader, const umbra_found_key *found);

/* One, whose section of residues is open. */
umbra_status umbra_eval_key_load_next(umbra_eval_key *key, const umbra_context *context, umbra_reader *reader,
                                      const umbra_found_key *found);

#endif
