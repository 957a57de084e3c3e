/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that only a passphrase, or an outside key store, opens: Argon2id makes the key, or the store wraps a random one, and
 * XChaCha20-Poly1305 (libsodium's secretstream) seals.
 */
#ifndef UMBRA_IO_SEAL_H
#define UMBRA_IO_SEAL_H

#include <umbra/key_store.h>

#include "life.h"
#include "reader.h"
#include "writer.h"

/* Who opens: one of the two, or nobody is needed. */
typedef struct umbra_opener {
  const char *passphrase;       /* or NULL */
  const umbra_key_store *store; /* of the library's size, or NULL */
} umbra_opener;

/* From a caller's arguments, which may be NULL. *own holds the caller's store. Errors: INVALID_ARGUMENT. */
umbra_status umbra_opener_take(umbra_opener *opener, umbra_key_store *own, const char *passphrase,
                               const umbra_key_store *store);

/* The flags of a header: of what is sealed so. */
uint32_t umbra_opener_flags(const umbra_opener *opener);

/*
 * PASSPHRASE unless it is what a container is sealed with, by its header: a plain file where a sealed one is expected may
 * have been put there by somebody else.
 */
umbra_status umbra_opener_check(const umbra_opener *opener, const umbra_reader *reader);

/*
 * Section LOCK or STORE, and `type`; that one alone, in the clear, if nobody is needed. The header's identity and the key's
 * life, if there is one, are authenticated with the bytes.
 */
umbra_status umbra_seal_write(umbra_writer *writer, umbra_section type, const void *bytes, size_t count,
                              const umbra_opener *opener, const umbra_life *life);

/*
 * The reverse; the life is what the container has said. Errors: FORMAT, OUT_OF_MEMORY, CANCELLED (the store's); PASSPHRASE
 * also if the bytes are not sealed as the opener says. Then the bytes are undefined.
 */
umbra_status umbra_seal_read(umbra_reader *reader, umbra_section type, void *bytes, size_t count,
                             const umbra_opener *opener, const umbra_life *life);

#endif
