/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long keys serve. The files of secret, public, evaluation and signing keys say when they were made and when they
 * expire, if whoever made the key has said so. From its expiry on, or once it is retired, a key is not to encrypt, compute
 * or sign any more; what was encrypted under it before can be decrypted as long as the secret key is kept.
 *
 * The library reads no clock and refuses nothing by itself: `now` is the caller's, and an application that wants keys to
 * expire asks umbra_key_life_check before it uses them, as the program umbra does. This guards against accidents. Whoever
 * has a key's file can use it for ever.
 *
 * Times are seconds since 1970-01-01 00:00 UTC, before the year 10000.
 */
#ifndef UMBRA_KEY_LIFE_H
#define UMBRA_KEY_LIFE_H

#include <stddef.h>
#include <stdint.h>
#include <umbra/status.h>

UMBRA_BEGIN_DECLS

typedef struct umbra_key_life {
  size_t struct_size;
  uint64_t created; /* 0: not known */
  uint64_t expires; /* after created; from then on the key is out of use. 0: never */
  uint64_t retired; /* since then it is, by its owner's will. 0: it is not retired */
} umbra_key_life;
#define UMBRA_KEY_LIFE_INIT .struct_size = sizeof(umbra_key_life)
UMBRA_API void umbra_key_life_init(umbra_key_life *life, size_t size);
#define umbra_key_life_init(life) umbra_key_life_init((life), sizeof *(life))

/*
 * EXPIRED if a key of that life is out of use at `now`; the text says since when, and what would do. Errors also:
 * INVALID_ARGUMENT.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_key_life_check(const umbra_key_life *life, uint64_t now);

/*
 * Of the key in a file, from its beginning; no passphrase is asked for, so whoever can write the file decides, until it is
 * loaded: the life of a sealed key is sealed with it. retired: as the file PATH.retired says, if there is one, PATH being
 * what links lead to.
 * Errors: INVALID_ARGUMENT, IO, FORMAT (also a file of something else than a key); MISMATCH (PATH.retired is of another
 * key).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_key_life_of_file(umbra_key_life *life, const char *path);

/*
 * Retires the key in a file from `now` on: writes PATH.retired, which goes with the key. Copies elsewhere know nothing of
 * it. Errors: as above; EXISTS (it is retired).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_key_retire(const char *path, uint64_t now);

UMBRA_END_DECLS

#endif
