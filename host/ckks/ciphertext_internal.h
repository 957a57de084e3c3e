/* SPDX-License-Identifier: Apache-2.0 */
/* What ciphertexts and plaintexts hold. */
#ifndef UMBRA_CKKS_CIPHERTEXT_INTERNAL_H
#define UMBRA_CKKS_CIPHERTEXT_INTERNAL_H

#include <umbra/ciphertext.h>

#include "context_internal.h"

/* What is known of a value without a key; see noise.h. */
typedef struct umbra_estimate {
  double magnitude; /* bound on |slot| */
  double error;     /* standard deviation of a slot's error, as an upper estimate */
} umbra_estimate;

struct umbra_plaintext {
  umbra_context *context;
  uint32_t level, slots;
  umbra_estimate estimate;
  umbra_poly poly; /* evaluation domain, over the level's window */
};

struct umbra_ciphertext {
  umbra_context *context;
  uint8_t owner[UMBRA_OWNER_BYTES];
  uint32_t level, slots;
  umbra_estimate estimate;
  int seeded; /* polynomial 1 is the expansion of the seed */
  uint8_t seed[UMBRA_SEED_BYTES];
  umbra_poly poly; /* (c0, c1), evaluation domain, over the level's window */
};

/* Allocated objects with their polynomial's memory; contents of the polynomial undefined, other fields zero. */
umbra_status umbra_ciphertext_make(umbra_ciphertext **ciphertext, const umbra_context *context, uint32_t level);
umbra_status umbra_plaintext_make(umbra_plaintext **plaintext, const umbra_context *context, uint32_t level);

/* Expands polynomial 1 from the seed. */
void umbra_ciphertext_expand(const umbra_ciphertext *ciphertext, umbra_stream *stream);

#endif
