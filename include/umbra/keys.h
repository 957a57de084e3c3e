/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys. All are immutable and shareable between threads, and carry the digest of their parameters and the identifier of
 * their owner (16 random bytes, made with the secret key), which every operation on two objects compares.
 */
#ifndef UMBRA_KEYS_H
#define UMBRA_KEYS_H

#include <umbra/context.h>
#include <umbra/key_life.h>
#include <umbra/key_needs.h>
#include <umbra/progress.h>

UMBRA_BEGIN_DECLS

typedef struct umbra_secret_key umbra_secret_key; /* in locked, zeroised memory; never leaves the owner */
typedef struct umbra_public_key umbra_public_key; /* encrypts */
typedef struct umbra_eval_keys umbra_eval_keys;   /* what a server needs to compute */

enum { UMBRA_OWNER_BYTES = 16 };

/*
 * A uniform ternary secret. The other one says when it was made and when it expires (umbra/key_life.h; NULL: nothing is
 * said), which its file, and all keys made from it, then carry. Errors of that one also: INVALID_ARGUMENT (a life whose
 * times are none, or that begins retired).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_secret_key_generate(umbra_secret_key **key, const umbra_context *context);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_secret_key_generate_for(umbra_secret_key **key,
                                                                    const umbra_context *context,
                                                                    const umbra_key_life *life);

/*
 * An encryption of zero modulo Q times one auxiliary prime; its uniform half is a seed. Errors also: INSECURE, if that
 * modulus is beyond what the parameters' security allows (umbra_params_has_public_key): only sets with keyless levels
 * can be so, and their owners encrypt with umbra_encrypt_symmetric.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_public_key_generate(umbra_public_key **key, const umbra_secret_key *secret);

/*
 * Hybrid key-switching keys (Han, Ki, eprint 2019/688), seeded and levelled: one for each need. Time and memory:
 * umbra_key_needs_bytes. progress may be NULL. Errors: INVALID_ARGUMENT, MISMATCH (needs of other parameters),
 * OUT_OF_MEMORY, CANCELLED.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_eval_keys_generate(umbra_eval_keys **keys, const umbra_secret_key *secret,
                                                               const umbra_key_needs *needs,
                                                               const umbra_progress *progress);

/*
 * The same keys, each written as soon as it is made: a file as umbra_eval_keys_save makes it, with the memory of one key.
 * Errors also: IO, and those of a path that is refused, as umbra_eval_keys_save; what was at the path stays.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_eval_keys_generate_save(const umbra_secret_key *secret,
                                                                    const umbra_key_needs *needs, const char *path,
                                                                    const umbra_progress *progress);

/*
 * Moves all keys of *more into keys, of the same context and owner; of two for the same purpose the one for higher levels
 * stays. *more is destroyed and becomes NULL. So keys can be made, sent and loaded in parts, one by one if need be (the two
 * ephemeral ones come together). Nothing else may keep either of them: no evaluator (umbra_evaluator_use_keys), no circuit
 * and no other handle. Errors: INVALID_ARGUMENT, MISMATCH, OUT_OF_MEMORY; then nothing has moved.
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
UMBRA_API uint64_t umbra_eval_keys_bytes(const umbra_eval_keys *keys); /* in memory */

/* Adds what the keys serve to needs. Errors: INVALID_ARGUMENT, MISMATCH (needs of other parameters), OUT_OF_MEMORY. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_eval_keys_needs(const umbra_eval_keys *keys, umbra_key_needs *needs);

/*
 * OK if the keys serve all needs; MISSING_KEY, with a list of what is missing, if they do not; see umbra_key_needs_cover.
 * keys: NULL serves nothing. Errors also: INVALID_ARGUMENT, MISMATCH (needs of other parameters), OUT_OF_MEMORY.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_eval_keys_cover(const umbra_eval_keys *keys, const umbra_key_needs *needs);

/* The same key or keys, counted once more; see umbra/umbra.h. A secret key is wiped when its last handle is destroyed. */
UMBRA_API umbra_secret_key *umbra_secret_key_share(const umbra_secret_key *key);
UMBRA_API umbra_public_key *umbra_public_key_share(const umbra_public_key *key);
UMBRA_API umbra_eval_keys *umbra_eval_keys_share(const umbra_eval_keys *keys);
UMBRA_API void umbra_secret_key_destroy(umbra_secret_key *key);
UMBRA_API void umbra_public_key_destroy(umbra_public_key *key);
UMBRA_API void umbra_eval_keys_destroy(umbra_eval_keys *keys);

/*
 * 0 if the system has refused to lock the key's memory, as it does beyond a limit (RLIMIT_MEMLOCK): then it may reach the
 * swap. It is left out of core dumps in any case, but the working copies of a call are not.
 */
UMBRA_API int umbra_secret_key_is_locked(const umbra_secret_key *key);

UMBRA_API uint64_t umbra_public_key_bytes(const umbra_public_key *key); /* of its residues */

UMBRA_API void umbra_secret_key_owner(const umbra_secret_key *key, uint8_t owner[UMBRA_OWNER_BYTES]);
UMBRA_API void umbra_public_key_owner(const umbra_public_key *key, uint8_t owner[UMBRA_OWNER_BYTES]);
UMBRA_API void umbra_eval_keys_owner(const umbra_eval_keys *keys, uint8_t owner[UMBRA_OWNER_BYTES]);

/* created and expires: those of the secret key that it was made from. Whether it is retired only files say. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_secret_key_life(const umbra_secret_key *key, umbra_key_life *life);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_public_key_life(const umbra_public_key *key, umbra_key_life *life);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_eval_keys_life(const umbra_eval_keys *keys, umbra_key_life *life);

UMBRA_END_DECLS

#endif
