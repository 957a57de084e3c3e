/* SPDX-License-Identifier: Apache-2.0 */
/* What ciphertexts and plaintexts hold. */
#ifndef UMBRA_CKKS_CIPHERTEXT_INTERNAL_H
#define UMBRA_CKKS_CIPHERTEXT_INTERNAL_H

#include <umbra/range.h>

#include "context_internal.h"

/* A bound on |slot|, and the standard deviation of its error, as an upper estimate. */
typedef struct umbra_bound {
  double magnitude, error;
} umbra_bound;

/* The same, if no |slot| is larger than that. */
static inline umbra_bound umbra_bound_within(umbra_bound bound, double most) {
  return (umbra_bound){bound.magnitude < most ? bound.magnitude : most, bound.error};
}

/* What is known of a value without a key: see noise.h, and umbra/range.h for what the two bounds are. */
typedef struct umbra_estimate {
  umbra_bound bound; /* if all that was declared on the way to it holds: what is used */
  umbra_bound worst; /* if nothing was declared */
  uint32_t doubts;   /* UMBRA_DOUBT_REFRESH and _INTERVAL: of what it was computed from */
} umbra_estimate;

/* What was declared of this very value, beside its bound; zero for results of operations. */
typedef struct umbra_declared {
  umbra_declarer by;
  int real;
  uint32_t used;  /* slots; 0: all of them */
  int fits;       /* whoever encrypted it saw that it fits its level, whatever the bound says */
  double failure; /* probability that a calibration states with the bound; 0: there was none */
} umbra_declared;

/* Of a fresh encryption: what does not fit cannot be encoded. */
static inline umbra_declared umbra_declared_by_owner(void) {
  return (umbra_declared){.by = UMBRA_DECLARED_BY_OWNER, .fits = 1};
}

struct umbra_plaintext {
  umbra_context *context;
  uint32_t level, slots;
  umbra_estimate estimate;
  int opened;      /* decrypted: for the owner alone */
  umbra_poly poly; /* evaluation domain, over the level's window */
};

struct umbra_ciphertext {
  umbra_context *context;
  uint8_t owner[UMBRA_OWNER_BYTES];
  uint32_t level, slots;
  umbra_estimate estimate;
  umbra_declared declared;
  int seeded; /* polynomial 1 is the expansion of the seed */
  uint8_t seed[UMBRA_SEED_BYTES];
  umbra_poly poly; /* (c0, c1), or (c0, c1, c2) for c0 + c1 s + c2 s^2; evaluation domain, over the level's window */
};

/* Allocated objects with their polynomial's memory; contents of the polynomial undefined, other fields zero. */
umbra_status umbra_ciphertext_make(umbra_ciphertext **ciphertext, const umbra_context *context, uint32_t level);
umbra_status umbra_ciphertext_make_parts(umbra_ciphertext **ciphertext, const umbra_context *context, uint32_t level,
                                         uint32_t parts);
umbra_status umbra_plaintext_make(umbra_plaintext **plaintext, const umbra_context *context, uint32_t level);

/* Expands polynomial 1 from the seed. */
void umbra_ciphertext_expand(const umbra_ciphertext *ciphertext, umbra_stream *stream);

#endif
