/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys. All are immutable and shareable between threads, and carry the digest of their parameters and the identifier of
 * their owner (16 random bytes, made with the secret key), which every operation on two objects compares.
 */
#ifndef UMBRA_KEYS_H
#define UMBRA_KEYS_H

#include <umbra/context.h>
#include <umbra/progress.h>

UMBRA_BEGIN_DECLS

typedef struct umbra_secret_key umbra_secret_key; /* in locked, zeroised memory; never leaves the owner */
typedef struct umbra_public_key umbra_public_key; /* encrypts */
typedef struct umbra_eval_keys umbra_eval_keys;   /* what a server needs to compute */

enum { UMBRA_OWNER_BYTES = 16 };

/* A uniform ternary secret. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_secret_key_generate(umbra_secret_key **key, const umbra_context *context);

/* An encryption of zero modulo Q times one auxiliary prime; its uniform half is a seed. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_public_key_generate(umbra_public_key **key, const umbra_secret_key *secret);

/* A rotation, and the highest level at which it is used. */
typedef struct umbra_rotation_need {
  int32_t steps;
  uint32_t level;
} umbra_rotation_need;

/* Which evaluation keys to make. By default: relinearisation only, for all levels. */
typedef struct umbra_eval_keys_request {
  size_t struct_size;
  int relinearize; /* for products of ciphertexts */
  int conjugate;   /* for umbra_conjugate */
  /* These are for plans to fill in, such as umbra_bootstrap_plan_request; levels may be inside a refresh. */
  int ephemeral; /* the two keys that a refresh has for its sparse secret, which exists only while they are made */
  uint32_t relinearize_level;       /* UMBRA_TOP_LEVEL: all ordinary ones */
  uint32_t conjugate_level;         /* UMBRA_TOP_LEVEL: rotation_level */
  const umbra_rotation_need *needs; /* rotations beside those below, each with its level */
  size_t need_count;
  /* And these for whoever names rotations. */
  const int32_t *rotations; /* steps modulo n/2, any sign; 0 and repetitions are allowed and cost nothing */
  size_t rotation_count;
  umbra_progress progress;
  uint32_t rotation_level; /* rotation and conjugation keys serve levels up to it; UMBRA_TOP_LEVEL: all ordinary ones */
} umbra_eval_keys_request;
#define UMBRA_EVAL_KEYS_REQUEST_INIT                                                                   \
  .struct_size = sizeof(umbra_eval_keys_request), .relinearize = 1, .rotation_level = UMBRA_TOP_LEVEL, \
  .relinearize_level = UMBRA_TOP_LEVEL, .conjugate_level = UMBRA_TOP_LEVEL
UMBRA_API void umbra_eval_keys_request_init(umbra_eval_keys_request *request, size_t size);
#define umbra_eval_keys_request_init(request) umbra_eval_keys_request_init((request), sizeof *(request))

/*
 * Hybrid key-switching keys (Han, Ki, eprint 2019/688), seeded and levelled. Time and memory: one
 * umbra_params_key_bytes for each key. Errors: INVALID_ARGUMENT, OUT_OF_MEMORY, CANCELLED.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_eval_keys_generate(umbra_eval_keys **keys, const umbra_secret_key *secret,
                                                               const umbra_eval_keys_request *request);

/*
 * Moves all keys of *more into keys, of the same context and owner; of two for the same purpose the one for higher levels
 * stays. *more is destroyed and becomes NULL. So keys can be made, sent and loaded in parts, one by one if need be (the two
 * ephemeral ones come together). keys may not be in use meanwhile, by another thread or a circuit; *more may not be kept
 * by anything else. Errors: INVALID_ARGUMENT, MISMATCH, OUT_OF_MEMORY; then nothing has moved.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_eval_keys_add(umbra_eval_keys *keys, umbra_eval_keys **more);

/*
 * Nonzero if there is a key for that rotation of all n/2 slots, at some level (multiples of n/2 need none). A vector of
 * fewer slots can use any key that is the same modulo its slots, and a key serves only the levels it was made for.
 */
UMBRA_API int umbra_eval_keys_can_rotate(const umbra_eval_keys *keys, int32_t steps);
UMBRA_API int umbra_eval_keys_can_relinearize(const umbra_eval_keys *keys);
UMBRA_API int umbra_eval_keys_can_conjugate(const umbra_eval_keys *keys);
UMBRA_API size_t umbra_eval_keys_count(const umbra_eval_keys *keys);

/* The same key or keys, counted once more; see umbra/umbra.h. A secret key is wiped when its last handle is destroyed. */
UMBRA_API umbra_secret_key *umbra_secret_key_share(const umbra_secret_key *key);
UMBRA_API umbra_public_key *umbra_public_key_share(const umbra_public_key *key);
UMBRA_API umbra_eval_keys *umbra_eval_keys_share(const umbra_eval_keys *keys);
UMBRA_API void umbra_secret_key_destroy(umbra_secret_key *key);
UMBRA_API void umbra_public_key_destroy(umbra_public_key *key);
UMBRA_API void umbra_eval_keys_destroy(umbra_eval_keys *keys);

UMBRA_API uint64_t umbra_public_key_bytes(const umbra_public_key *key); /* of its residues */

UMBRA_API void umbra_secret_key_owner(const umbra_secret_key *key, uint8_t owner[UMBRA_OWNER_BYTES]);
UMBRA_API void umbra_public_key_owner(const umbra_public_key *key, uint8_t owner[UMBRA_OWNER_BYTES]);
UMBRA_API void umbra_eval_keys_owner(const umbra_eval_keys *keys, uint8_t owner[UMBRA_OWNER_BYTES]);

UMBRA_END_DECLS

#endif
