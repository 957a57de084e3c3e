/* SPDX-License-Identifier: Apache-2.0 */
#include "seal.h"

#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/structs.h"

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

typedef struct store_record {
  uint32_t bytes, reserved; /* of wrapped */
  uint8_t nonce[crypto_secretstream_xchacha20poly1305_HEADERBYTES];
  uint8_t wrapped[UMBRA_WRAPPED_BYTES]; /* then zeros */
} store_record;
_Static_assert(sizeof(store_record) == 544, "no padding");
_Static_assert(KEY_BYTES == UMBRA_WRAPPING_BYTES, "what a store wraps");

/* ---- who opens ---- */

static umbra_status take_store(umbra_key_store *own, const umbra_key_store *store) {
  *own = (umbra_key_store){UMBRA_KEY_STORE_INIT};
  UMBRA_TRY(UMBRA_TAKE(umbra_key_store, own, store));
  if (own->wrap && own->unwrap) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a key store wraps and unwraps: one of the two is NULL");
}

umbra_status umbra_opener_take(umbra_opener *opener, umbra_key_store *own, const char *passphrase,
                               const umbra_key_store *store) {
  if (passphrase && store)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a passphrase or a key store opens a key, not both");
  if (passphrase && !*passphrase)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the passphrase is empty; NULL means none");
  if (store) UMBRA_TRY(take_store(own, store));
  *opener = (umbra_opener){passphrase, store ? own : NULL};
  return UMBRA_OK;
}

uint32_t umbra_opener_flags(const umbra_opener *opener) {
  if (opener->store) return UMBRA_CONTAINER_STORED;
  return opener->passphrase ? UMBRA_CONTAINER_SEALED : 0;
}

umbra_status umbra_opener_check(const umbra_opener *opener, const umbra_reader *reader) {
  const uint32_t flags = reader->header.flags & (UMBRA_CONTAINER_SEALED | UMBRA_CONTAINER_STORED);
  const char *kind = umbra_kind_name(reader->header.kind), *file = reader->source.name;
  if (flags == umbra_opener_flags(opener)) return UMBRA_OK;
  switch (flags) {
    case 0:
      return umbra_fail(UMBRA_ERROR_PASSPHRASE, "%s was given, but the %s in %s is not sealed",
                        opener->store ? "a key store" : "a passphrase", kind, file);
    case UMBRA_CONTAINER_SEALED:
      return umbra_fail(UMBRA_ERROR_PASSPHRASE, "the %s in %s is sealed: it needs its passphrase", kind, file);
    case UMBRA_CONTAINER_STORED:
      return umbra_fail(UMBRA_ERROR_PASSPHRASE, "the %s in %s is sealed by a key store: it needs that store", kind,
                        file);
    default: return umbra_reader_malformed(reader, "sealed in two ways");
  }
}

/* ---- the key of the seal ---- */

static umbra_status derive(uint8_t key[KEY_BYTES], const lock_record *lock, const char *passphrase) {
  if (umbra_alloc_must_fail() || crypto_pwhash(key, KEY_BYTES, passphrase, strlen(passphrase), lock->salt,
                                               lock->operations, lock->memory, crypto_pwhash_ALG_ARGON2ID13) != 0)
    return umbra_fail(UMBRA_ERROR_OUT_OF_MEMORY, "cannot allocate %u bytes for the passphrase's key", lock->memory);
  return UMBRA_OK;
}

/* What a callback of the store has returned. */
static umbra_status check_answer(int result, const char *verb) {
  if (!result) return UMBRA_OK;
  return umbra_fail(result < 0 ? UMBRA_ERROR_PASSPHRASE : UMBRA_ERROR_CANCELLED,
                    "the key store did not %s the key: it returned %d", verb, result);
}

static umbra_status wrap(uint8_t key[KEY_BYTES], store_record *record, const umbra_key_store *store) {
  uint32_t bytes = 0;
  randombytes_buf(key, KEY_BYTES);
  UMBRA_TRY(check_answer(store->wrap(store->user, record->wrapped, &bytes, key), "wrap"));
  if (!bytes || bytes > UMBRA_WRAPPED_BYTES)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the key store wrapped the key into %u bytes; 1 to %d are expected",
                      bytes, UMBRA_WRAPPED_BYTES);
  memset(record->wrapped + bytes, 0, sizeof record->wrapped - bytes);
  record->bytes = bytes;
  return UMBRA_OK;
}

/* ---- sealing ---- */

/* What cannot be exchanged without the key: all of the header but its checksum, which depends on it, and the life. */
typedef struct identity {
  uint8_t bytes[offsetof(umbra_header, checksum) + sizeof(umbra_life)];
  size_t count;
} identity;

static identity identity_of(const umbra_header *header, const umbra_life *life) {
  identity made = {.count = offsetof(umbra_header, checksum)};
  memcpy(made.bytes, header, made.count);
  if (!life->created && !life->expires) return made; /* as before keys had one */
  memcpy(made.bytes + made.count, life, sizeof *life);
  made.count += sizeof *life;
  return made;
}

static void seal(uint8_t *sealed, uint8_t nonce[crypto_secretstream_xchacha20poly1305_HEADERBYTES], const void *bytes,
                 size_t count, const uint8_t key[KEY_BYTES], const identity *who) {
  crypto_secretstream_xchacha20poly1305_state state;
  crypto_secretstream_xchacha20poly1305_init_push(&state, nonce, key);
  crypto_secretstream_xchacha20poly1305_push(&state, sealed, NULL, bytes, count, who->bytes, who->count,
                                             crypto_secretstream_xchacha20poly1305_TAG_FINAL);
  sodium_memzero(&state, sizeof state);
}

static umbra_status write_locked(umbra_writer *writer, uint8_t *sealed, const void *bytes, size_t count,
                                 const char *passphrase, const identity *who) {
  lock_record lock = {.operations = OPERATIONS, .memory = MEMORY};
  uint8_t key[KEY_BYTES];
  randombytes_buf(lock.salt, sizeof lock.salt);
  UMBRA_TRY(derive(key, &lock, passphrase));
  seal(sealed, lock.nonce, bytes, count, key, who);
  sodium_memzero(key, sizeof key);
  return umbra_write_record(writer, UMBRA_SECTION_LOCK, &lock, sizeof lock);
}

static umbra_status write_stored(umbra_writer *writer, uint8_t *sealed, const void *bytes, size_t count,
                                 const umbra_key_store *store, const identity *who) {
  store_record record = {0};
  uint8_t key[KEY_BYTES];
  umbra_status status = wrap(key, &record, store);
  if (status == UMBRA_OK) seal(sealed, record.nonce, bytes, count, key, who);
  sodium_memzero(key, sizeof key);
  return status == UMBRA_OK ? umbra_write_record(writer, UMBRA_SECTION_STORE, &record, sizeof record) : status;
}

static umbra_status count_sealed(umbra_writer *writer, umbra_section type, size_t count, const umbra_opener *opener) {
  UMBRA_TRY(opener->store ? umbra_write_begin(writer, UMBRA_SECTION_STORE, sizeof(store_record))
                          : umbra_write_begin(writer, UMBRA_SECTION_LOCK, sizeof(lock_record)));
  return umbra_write_begin(writer, type, count + TAG_BYTES);
}

umbra_status umbra_seal_write(umbra_writer *writer, umbra_section type, const void *bytes, size_t count,
                              const umbra_opener *opener, const umbra_life *life) {
  if (!umbra_opener_flags(opener)) return umbra_write_record(writer, type, bytes, count);
  if (writer->counting) return count_sealed(writer, type, count, opener);
  const identity who = identity_of(&writer->header, life);
  uint8_t *sealed;
  UMBRA_TRY(umbra_alloc(&sealed, count + TAG_BYTES, 1, "sealed bytes"));
  umbra_status status = opener->store ? write_stored(writer, sealed, bytes, count, opener->store, &who)
                                      : write_locked(writer, sealed, bytes, count, opener->passphrase, &who);
  if (status == UMBRA_OK) status = umbra_write_record(writer, type, sealed, count + TAG_BYTES);
  umbra_free(sealed);
  return status;
}

/* ---- opening ---- */

static int open_sealed(void *bytes, const uint8_t *sealed, size_t count, const uint8_t *nonce,
                       const uint8_t key[KEY_BYTES], const identity *who) {
  crypto_secretstream_xchacha20poly1305_state state;
  uint8_t tag = 0;
  int failed = crypto_secretstream_xchacha20poly1305_init_pull(&state, nonce, key) != 0 ||
               crypto_secretstream_xchacha20poly1305_pull(&state, bytes, NULL, &tag, sealed, count + TAG_BYTES,
                                                          who->bytes, who->count) != 0 ||
               tag != crypto_secretstream_xchacha20poly1305_TAG_FINAL;
  sodium_memzero(&state, sizeof state);
  return !failed;
}

/* What comes before the sealed bytes. */
typedef struct lock {
  lock_record passphrase;
  store_record store; /* one of the two */
} lock;

static umbra_status read_lock(umbra_reader *reader, lock *l, int stored) {
  if (stored) {
    store_record *store = &l->store;
    UMBRA_TRY(umbra_read_record(reader, UMBRA_SECTION_STORE, store, sizeof *store));
    if (!store->bytes || store->bytes > UMBRA_WRAPPED_BYTES || store->reserved ||
        !sodium_is_zero(store->wrapped + store->bytes, UMBRA_WRAPPED_BYTES - store->bytes))
      return umbra_reader_malformed(reader, "a wrapped key of %u bytes, and what is behind it", store->bytes);
    return UMBRA_OK;
  }
  const lock_record *made = &l->passphrase;
  UMBRA_TRY(umbra_read_record(reader, UMBRA_SECTION_LOCK, &l->passphrase, sizeof l->passphrase));
  if (made->operations < 1 || made->operations > MAX_OPERATIONS || made->memory < MIN_MEMORY ||
      made->memory > MAX_MEMORY)
    return umbra_reader_malformed(reader, "passphrase settings out of bounds: %u passes over %u bytes",
                                  made->operations, made->memory);
  return UMBRA_OK;
}

static umbra_status find_key(uint8_t key[KEY_BYTES], const lock *l, const umbra_opener *opener) {
  const umbra_key_store *store = opener->store;
  return store ? check_answer(store->unwrap(store->user, key, l->store.wrapped, l->store.bytes), "unwrap")
               : derive(key, &l->passphrase, opener->passphrase);
}

static umbra_status read_sealed(umbra_reader *reader, void *bytes, size_t count, const umbra_opener *opener,
                                const lock *l, const identity *who, uint8_t *sealed) {
  uint8_t key[KEY_BYTES];
  UMBRA_TRY(umbra_read_bytes(reader, sealed, count + TAG_BYTES));
  UMBRA_TRY(umbra_read_end(reader));
  umbra_status status = find_key(key, l, opener);
  const uint8_t *nonce = opener->store ? l->store.nonce : l->passphrase.nonce;
  if (status == UMBRA_OK && !open_sealed(bytes, sealed, count, nonce, key, who))
    status = umbra_fail(UMBRA_ERROR_PASSPHRASE, "wrong %s, or not the file that was sealed (%s)",
                        opener->store ? "key store" : "passphrase", reader->source.name);
  sodium_memzero(key, sizeof key);
  return status;
}

umbra_status umbra_seal_read(umbra_reader *reader, umbra_section type, void *bytes, size_t count,
                             const umbra_opener *opener, const umbra_life *life) {
  lock l;
  UMBRA_TRY(umbra_opener_check(opener, reader));
  if (!umbra_opener_flags(opener)) return umbra_read_record(reader, type, bytes, count);
  UMBRA_TRY(read_lock(reader, &l, opener->store != NULL));
  UMBRA_TRY(umbra_read_begin(reader, type, count + TAG_BYTES));
  const identity who = identity_of(&reader->header, life);
  uint8_t *sealed;
  UMBRA_TRY(umbra_alloc(&sealed, count + TAG_BYTES, 1, "sealed bytes"));
  umbra_status status = read_sealed(reader, bytes, count, opener, &l, &who, sealed);
  umbra_free(sealed);
  return status;
}
