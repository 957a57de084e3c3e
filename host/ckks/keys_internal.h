/* SPDX-License-Identifier: Apache-2.0 */
/* What keys hold. */
#ifndef UMBRA_CKKS_KEYS_INTERNAL_H
#define UMBRA_CKKS_KEYS_INTERNAL_H

#include <umbra/keys.h>

#include "../base/random.h"
#include "../io/life.h"
#include "../ring/key_switch.h"
#include "context_internal.h"
#include "key_shape.h"

struct umbra_secret_key {
  umbra_counted counted;
  umbra_context *context;
  const umbra_context *home; /* where secrets are computed with: the context's */
  uint8_t owner[UMBRA_OWNER_BYTES];
  umbra_life life; /* which all keys made from it have, too */
  int8_t *ternary; /* n coefficients, in sodium_malloc memory */
  int locked;      /* whether the system has locked it */
};

/* b = -a s + e modulo the top window and one auxiliary prime; a is expanded from the seed. */
struct umbra_public_key {
  umbra_counted counted;
  umbra_context *context;
  uint8_t owner[UMBRA_OWNER_BYTES];
  umbra_life life;
  uint8_t seed[UMBRA_SEED_BYTES];
  umbra_poly poly; /* (b, a), evaluation domain */
};

/*
 * kind: values are part of the file format. RELINEARIZE: s^2 to s. TO_SPARSE: s to an ephemeral sparse secret, at the
 * lowest modulus only. TO_DENSE: that secret to s, for a polynomial that is as small as a digit.
 */
typedef struct umbra_eval_key {
  umbra_key_kind kind;
  uint32_t rotation;              /* in [1, n/2); 0 unless kind is UMBRA_KEY_ROTATE */
  uint32_t level;                 /* serves levels 0..level; UMBRA_KEY_TO_SPARSE: 0 */
  uint8_t seed[UMBRA_SEED_BYTES]; /* a of digit j is polynomial j of its expansion */
  umbra_switching_key key;
} umbra_eval_key;

struct umbra_eval_keys {
  umbra_counted counted;
  umbra_context *context;
  uint8_t owner[UMBRA_OWNER_BYTES];
  umbra_life life;
  uint32_t version; /* of the file that they are saved as: that which they came from, or the newest */
  size_t count;
  umbra_eval_key *key;
};

/* Allocated objects with their memory; its contents undefined, other fields zero. */
umbra_status umbra_secret_key_make(umbra_secret_key **key, const umbra_context *context);
umbra_status umbra_public_key_make(umbra_public_key **key, const umbra_context *context);
umbra_status umbra_eval_keys_make(umbra_eval_keys **keys, const umbra_context *context, size_t count);

/* The primes on which digit j of a key has the secret that it switches from. */
umbra_window umbra_key_digit_window(const umbra_chain *chain, const umbra_eval_key *entry, uint32_t j);

umbra_key_shape umbra_eval_key_shape(const umbra_chain *chain, const umbra_eval_key *entry);

/* Memory of one evaluation key of a shape; entry->key, kind and level are filled. */
umbra_status umbra_eval_key_make_shaped(umbra_eval_key *entry, const umbra_context *context, umbra_key_kind kind,
                                        uint32_t level, const umbra_key_shape *shape);

/* The same of the shape that keys for levels 0..level are made with. */
umbra_status umbra_eval_key_make(umbra_eval_key *entry, const umbra_context *context, umbra_key_kind kind,
                                 uint32_t level);

/* The key of that kind (and rotation in [1, n/2)), or NULL; keys may be NULL. */
const umbra_eval_key *umbra_eval_keys_find(const umbra_eval_keys *keys, umbra_key_kind kind, uint32_t rotation);

/* Expand the uniform halves from the seed: polynomial 1, and polynomials 2j + 1 of an evaluation key. */
void umbra_public_key_expand(const umbra_public_key *key, umbra_stream *stream);
void umbra_eval_key_expand(const umbra_eval_key *entry, const umbra_context *context, umbra_stream *stream);

#endif
