/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which evaluation keys a computation needs, or a set of keys serves.
 *
 * Needs add up: those of plans, of scoring, and those named by hand go into one object, from which keys are generated
 * (umbra_eval_keys_generate). Of two needs for the same purpose the one for higher levels stays, so it makes no difference
 * in which order they come. The object belongs to one thread at a time. A call that fails leaves it unchanged.
 *
 * Levels are those of the parameters; UMBRA_TOP_LEVEL is the highest outside of refreshes that has keys
 * (umbra_params_keyed_level), and plans may name those inside refreshes.
 */
#ifndef UMBRA_KEY_NEEDS_H
#define UMBRA_KEY_NEEDS_H

#include <umbra/params.h>

UMBRA_BEGIN_DECLS

typedef struct umbra_key_needs umbra_key_needs;

/* What a key is for. Later versions may have further kinds. */
typedef enum umbra_key_kind {
  UMBRA_KEY_RELINEARIZE = 0, /* products of ciphertexts */
  UMBRA_KEY_ROTATE = 1,
  UMBRA_KEY_CONJUGATE = 2,
  /*
   * The two that a refresh has for its sparse secret, which exists only while they are made: to it and back. They come
   * together: a need of either is a need of both.
   */
  UMBRA_KEY_TO_SPARSE = 3,
  UMBRA_KEY_TO_DENSE = 4
} umbra_key_kind;

/* One key: its purpose, and the highest level at which it is used. */
typedef struct umbra_key_need {
  size_t struct_size;
  umbra_key_kind kind;
  int32_t steps;  /* of a rotation of all n/2 slots, modulo n/2; 0 for the other kinds */
  uint32_t level; /* or UMBRA_TOP_LEVEL; those of the two ephemeral keys are fixed */
} umbra_key_need;
#define UMBRA_KEY_NEED_INIT .struct_size = sizeof(umbra_key_need), .level = UMBRA_TOP_LEVEL
UMBRA_API void umbra_key_need_init(umbra_key_need *need, size_t size);
#define umbra_key_need_init(need) umbra_key_need_init((need), sizeof *(need))

/* No needs yet. Errors: INVALID_ARGUMENT, OUT_OF_MEMORY. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_key_needs_create(umbra_key_needs **needs, const umbra_params *params);
UMBRA_API void umbra_key_needs_destroy(umbra_key_needs *needs);

/*
 * Add one need. steps: of any sign, modulo n/2; multiples of n/2 need no key and add nothing.
 * Errors: INVALID_ARGUMENT (no such level, or it is keyless; ephemeral keys for parameters that do not refresh),
 * OUT_OF_MEMORY.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_key_needs_relinearization(umbra_key_needs *needs, uint32_t level);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_key_needs_conjugation(umbra_key_needs *needs, uint32_t level);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_key_needs_rotation(umbra_key_needs *needs, int32_t steps, uint32_t level);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_key_needs_ephemeral(umbra_key_needs *needs);
/* Any of these. Errors also: INVALID_ARGUMENT (no such kind; steps of another kind than rotations). */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_key_needs_put(umbra_key_needs *needs, const umbra_key_need *need);

/* Adds all of `more`. Errors: INVALID_ARGUMENT, MISMATCH (other parameters), OUT_OF_MEMORY. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_key_needs_add(umbra_key_needs *needs, const umbra_key_needs *more);

/*
 * Takes away what `have` serves: the same purposes at the same levels or higher. What is left is missing there.
 * Errors: INVALID_ARGUMENT, MISMATCH (other parameters).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_key_needs_remove(umbra_key_needs *needs, const umbra_key_needs *have);

/*
 * Keys tell whoever gets them which rotations a computation has, and at which levels, and so about its architecture. This
 * adds needs until they tell less: relinearisation, conjugation and all rotations by k 2^j steps, of either sign, with odd k
 * below a power of two, all of them up to the highest level outside of refreshes that has keys. What is left to see is that
 * power of two: the smallest that the needs fit into. Keys inside of refreshes stay as they are: they follow from the
 * parameters and from the slots that are refreshed. It takes several times the keys. Errors: INVALID_ARGUMENT, RANGE (the
 * keys would take more than most_bytes in memory; the text says how many), OUT_OF_MEMORY.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_key_needs_pad(umbra_key_needs *needs, uint64_t most_bytes);

/*
 * OK if `have` serves all of `needs`; else MISSING_KEY, with a text that lists what is missing, shortened if it is long
 * (umbra_key_needs_remove gives all of it). Errors also: INVALID_ARGUMENT, MISMATCH (other parameters).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_key_needs_cover(const umbra_key_needs *have, const umbra_key_needs *needs);

/*
 * Adds what the keys in a file of evaluation keys serve. Only their purposes are read, not the keys: whether those are
 * whole is found out when they are loaded, or by umbra_file_inspect. Errors: INVALID_ARGUMENT, IO, FORMAT, MISMATCH
 * (other parameters), OUT_OF_MEMORY.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_key_needs_of_file(umbra_key_needs *needs, const char *path);
/* The same of evaluation keys in memory, as umbra_eval_keys_write leaves them. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_key_needs_of_buffer(umbra_key_needs *needs, const void *buffer,
                                                                size_t size);

/* Keys, each once: relinearisation, conjugation, ephemeral ones, rotations by their steps in [1, n/2). */
UMBRA_API size_t umbra_key_needs_count(const umbra_key_needs *needs);
/* Errors: INVALID_ARGUMENT (i is not below the count). */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_key_needs_get(const umbra_key_needs *needs, umbra_key_need *need, size_t i);

/* Of the keys in memory; a file has half of it. */
UMBRA_API uint64_t umbra_key_needs_bytes(const umbra_key_needs *needs);

UMBRA_END_DECLS

#endif
