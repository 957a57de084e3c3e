/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes under a passphrase: Argon2id makes the key, XChaCha20-Poly1305 (libsodium's secretstream) seals. */
#ifndef UMBRA_IO_SEAL_H
#define UMBRA_IO_SEAL_H

#include "reader.h"
#include "writer.h"

/* Sections LOCK and `type`. The header's identity is authenticated with the bytes. */
umbra_status umbra_seal_write(umbra_writer *writer, umbra_section type, const void *bytes, size_t count,
                              const char *passphrase);

/* The reverse. Errors: FORMAT, PASSPHRASE, OUT_OF_MEMORY; then the bytes are undefined. */
umbra_status umbra_seal_read(umbra_reader *reader, umbra_section type, void *bytes, size_t count,
                             const char *passphrase);

#endif
