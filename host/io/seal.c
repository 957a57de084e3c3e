/* SPDX-License-Identifier: Apache-2.0 */
#include "seal.h"

#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"

#define KEY_BYTES crypto_secretstream_xchacha20poly1305_KEYBYTES
#define TAG_BYTES crypto_secretstream_xchacha20poly1305_ABYTES

/*
 * Work of Argon2id. Files may ask for anything between the bounds, so that a later version can write other limits, and
 * a hostile file costs a second and 256 MiB at most.
 */
enum { MAX_OPERATIONS = 4, MIN_MEMORY = 64 << 20, MAX_MEMORY = 256 << 20, OPERATIONS = 3, MEMORY = 256 << 20 };

typedef struct lock_record {
  uint32_t operations, memory; /* passes; bytes */
  uint8_t salt[crypto_pwhash_SALTBYTES];
  uint8_t nonce[crypto_secretstream_xchacha20poly1305_HEADERBYTES];
} lock_record;
_Static_assert(sizeof(lock_record) == 48, "no padding");

static umbra_status derive(uint8_t key[KEY_BYTES], const lock_record *lock, const char *passphrase) {
  if (umbra_alloc_must_fail() || crypto_pwhash(key, KEY_BYTES, passphrase, strlen(passphrase), lock->salt,
                                               lock->operations, lock->memory, crypto_pwhash_ALG_ARGON2ID13) != 0)
    return umbra_fail(UMBRA_ERROR_OUT_OF_MEMORY, "cannot allocate %u bytes for the passphrase's key", lock->memory);
  return UMBRA_OK;
}

/* What cannot be exchanged without the passphrase: all of the header but its checksum, which depends on it. */
static const uint8_t *identity(const umbra_header *header) { return (const uint8_t *)header; }
enum { IDENTITY_BYTES = offsetof(umbra_header, checksum) };

static umbra_status write_sealed(umbra_writer *writer, umbra_section type, const void *bytes, size_t count,
                                 const char *passphrase, uint8_t *sealed) {
  lock_record lock = {.operations = OPERATIONS, .memory = MEMORY};
  uint8_t key[KEY_BYTES];
  crypto_secretstream_xchacha20poly1305_state state;
  randombytes_buf(lock.salt, sizeof lock.salt);
  UMBRA_TRY(derive(key, &lock, passphrase));
  crypto_secretstream_xchacha20poly1305_init_push(&state, lock.nonce, key);
  crypto_secretstream_xchacha20poly1305_push(&state, sealed, NULL, bytes, count, identity(&writer->header),
                                             IDENTITY_BYTES, crypto_secretstream_xchacha20poly1305_TAG_FINAL);
  sodium_memzero(key, sizeof key);
  sodium_memzero(&state, sizeof state);
  UMBRA_TRY(umbra_write_record(writer, UMBRA_SECTION_LOCK, &lock, sizeof lock));
  return umbra_write_record(writer, type, sealed, count + TAG_BYTES);
}

umbra_status umbra_seal_write(umbra_writer *writer, umbra_section type, const void *bytes, size_t count,
                              const char *passphrase) {
  if (writer->counting) {
    UMBRA_TRY(umbra_write_begin(writer, UMBRA_SECTION_LOCK, sizeof(lock_record)));
    return umbra_write_begin(writer, type, count + TAG_BYTES);
  }
  uint8_t *sealed;
  UMBRA_TRY(umbra_alloc(&sealed, count + TAG_BYTES, 1, "sealed bytes"));
  umbra_status status = write_sealed(writer, type, bytes, count, passphrase, sealed);
  umbra_free(sealed);
  return status;
}

static int open_sealed(void *bytes, const uint8_t *sealed, size_t count, const lock_record *lock,
                       const uint8_t key[KEY_BYTES], const umbra_header *header) {
  crypto_secretstream_xchacha20poly1305_state state;
  uint8_t tag = 0;
  int failed = crypto_secretstream_xchacha20poly1305_init_pull(&state, lock->nonce, key) != 0 ||
               crypto_secretstream_xchacha20poly1305_pull(&state, bytes, NULL, &tag, sealed, count + TAG_BYTES,
                                                          identity(header), IDENTITY_BYTES) != 0 ||
               tag != crypto_secretstream_xchacha20poly1305_TAG_FINAL;
  sodium_memzero(&state, sizeof state);
  return !failed;
}

static umbra_status read_sealed(umbra_reader *reader, void *bytes, size_t count, const char *passphrase,
                                const lock_record *lock, uint8_t *sealed) {
  UMBRA_TRY(umbra_read_bytes(reader, sealed, count + TAG_BYTES));
  UMBRA_TRY(umbra_read_end(reader));
  uint8_t key[KEY_BYTES];
  UMBRA_TRY(derive(key, lock, passphrase));
  int opened = open_sealed(bytes, sealed, count, lock, key, &reader->header);
  sodium_memzero(key, sizeof key);
  if (!opened)
    return umbra_fail(UMBRA_ERROR_PASSPHRASE, "wrong passphrase, or not the file that was sealed (%s)",
                      reader->source.name);
  return UMBRA_OK;
}

umbra_status umbra_seal_read(umbra_reader *reader, umbra_section type, void *bytes, size_t count,
                             const char *passphrase) {
  lock_record lock;
  UMBRA_TRY(umbra_read_record(reader, UMBRA_SECTION_LOCK, &lock, sizeof lock));
  if (lock.operations < 1 || lock.operations > MAX_OPERATIONS || lock.memory < MIN_MEMORY || lock.memory > MAX_MEMORY)
    return umbra_reader_malformed(reader, "passphrase settings out of bounds: %u passes over %u bytes", lock.operations,
                                  lock.memory);
  UMBRA_TRY(umbra_read_begin(reader, type, count + TAG_BYTES));
  uint8_t *sealed;
  UMBRA_TRY(umbra_alloc(&sealed, count + TAG_BYTES, 1, "sealed bytes"));
  umbra_status status = read_sealed(reader, bytes, count, passphrase, &lock, sealed);
  umbra_free(sealed);
  return status;
}
