/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "../base/outputs.h"
#include "../io/seal.h"
#include "file.h"

typedef struct sealed_key {
  const umbra_secret_key *key;
  umbra_opener opener;
} sealed_key;

static umbra_status save(umbra_writer *writer, const void *object) {
  const sealed_key *s = object;
  const umbra_secret_key *key = s->key;
  umbra_writer_identify(writer, umbra_context_params(key->context)->digest, key->owner, umbra_opener_flags(&s->opener));
  UMBRA_TRY(umbra_life_write(writer, &key->life));
  return umbra_seal_write(writer, UMBRA_SECTION_SECRET, key->ternary, umbra_ring_n(key->context->ring), &s->opener,
                          &key->life);
}

typedef struct lock {
  const umbra_context *context;
  umbra_opener opener;
} lock;

/* Takes the same time for every secret. */
static umbra_status check_ternary(const umbra_reader *reader, const int8_t *values, uint32_t n) {
  uint32_t outside = 0;
  for (uint32_t i = 0; i < n; i++) outside |= (uint32_t)(values[i] * values[i]) & ~1u;
  if (outside) return umbra_reader_malformed(reader, "a coefficient of the secret key is none of -1, 0, 1");
  return UMBRA_OK;
}

static umbra_status load(umbra_reader *reader, const void *argument, void **object) {
  const lock *l = argument;
  uint32_t n = umbra_ring_n(l->context->ring);
  umbra_life life;
  UMBRA_TRY(umbra_opener_check(&l->opener, reader));
  UMBRA_TRY(umbra_life_read(reader, &life));
  if (reader->left < n) return umbra_reader_malformed(reader, "too short for a secret key of %u coefficients", n);
  umbra_secret_key *made = NULL;
  UMBRA_TRY(umbra_secret_key_make(&made, l->context));
  *object = made;
  made->life = life;
  memcpy(made->owner, reader->header.owner, sizeof made->owner);
  UMBRA_TRY(umbra_seal_read(reader, UMBRA_SECTION_SECRET, made->ternary, n, &l->opener, &life));
  return check_ternary(reader, made->ternary, n);
}

static void destroy(void *object) { umbra_secret_key_destroy(object); }

static const umbra_format format = {.kind = UMBRA_KIND_SECRET_KEY,
                                    .apart = UMBRA_KINDS_GIVEN_AWAY,
                                    .secret = 1,
                                    .save = save,
                                    .load = load,
                                    .destroy = destroy};

/* ---- with a passphrase or a key store ---- */

static umbra_status save_file(const umbra_secret_key *key, const char *path, const char *passphrase,
                              const umbra_key_store *store) {
  umbra_key_store own;
  sealed_key sealed = {.key = key};
  if (!key) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "key is NULL");
  UMBRA_TRY(umbra_opener_take(&sealed.opener, &own, passphrase, store));
  return umbra_format_save(&format, &sealed, path, NULL);
}

static umbra_status write_buffer(const umbra_secret_key *key, void *buffer, size_t *size, const char *passphrase,
                                 const umbra_key_store *store) {
  umbra_key_store own;
  sealed_key sealed = {.key = key};
  if (!key) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "key is NULL");
  UMBRA_TRY(umbra_opener_take(&sealed.opener, &own, passphrase, store));
  return umbra_format_write(&format, &sealed, buffer, size, NULL);
}

static umbra_status check_load(umbra_secret_key **key, const umbra_context *context) {
  if (key && context) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s is NULL", key ? "context" : "key");
}

static umbra_status load_file(umbra_secret_key **key, const umbra_context *context, const char *path,
                              const char *passphrase, const umbra_key_store *store) {
  void *made = NULL;
  umbra_key_store own;
  lock l = {.context = context};
  UMBRA_TRY(check_load(key, context));
  UMBRA_TRY(umbra_opener_take(&l.opener, &own, passphrase, store));
  UMBRA_TRY(umbra_format_load(&format, &made, &(umbra_wanted){&l, umbra_context_params(context)->digest}, path, NULL));
  UMBRA_PUT(secret_key, key, made);
  return UMBRA_OK;
}

static umbra_status read_buffer(umbra_secret_key **key, const umbra_context *context, const void *buffer, size_t size,
                                const char *passphrase, const umbra_key_store *store) {
  void *made = NULL;
  umbra_key_store own;
  lock l = {.context = context};
  UMBRA_TRY(check_load(key, context));
  UMBRA_TRY(umbra_opener_take(&l.opener, &own, passphrase, store));
  UMBRA_TRY(umbra_format_read(&format, &made, &(umbra_wanted){&l, umbra_context_params(context)->digest}, buffer, size,
                              NULL));
  UMBRA_PUT(secret_key, key, made);
  return UMBRA_OK;
}

/* ---- public calls ---- */

umbra_status umbra_secret_key_save(const umbra_secret_key *key, const char *path, const char *passphrase) {
  UMBRA_TRACE_OF(key, "secret_key_save", 0);
  return save_file(key, path, passphrase, NULL);
}

umbra_status umbra_secret_key_write(const umbra_secret_key *key, void *buffer, size_t *size, const char *passphrase) {
  UMBRA_TRACE_OF(key, "secret_key_write", 0);
  return write_buffer(key, buffer, size, passphrase, NULL);
}

umbra_status umbra_secret_key_load(umbra_secret_key **key, const umbra_context *context, const char *path,
                                   const char *passphrase) {
  UMBRA_TRACE_IN(context, "secret_key_load", 0);
  return load_file(key, context, path, passphrase, NULL);
}

umbra_status umbra_secret_key_read(umbra_secret_key **key, const umbra_context *context, const void *buffer,
                                   size_t size, const char *passphrase) {
  UMBRA_TRACE_IN(context, "secret_key_read", 0);
  return read_buffer(key, context, buffer, size, passphrase, NULL);
}

static umbra_status check_store(const umbra_key_store *store) {
  return store ? UMBRA_OK : umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "store is NULL");
}

umbra_status umbra_secret_key_save_stored(const umbra_secret_key *key, const char *path, const umbra_key_store *store) {
  UMBRA_TRACE_OF(key, "secret_key_save_stored", 0);
  UMBRA_TRY(check_store(store));
  return save_file(key, path, NULL, store);
}

umbra_status umbra_secret_key_write_stored(const umbra_secret_key *key, void *buffer, size_t *size,
                                           const umbra_key_store *store) {
  UMBRA_TRACE_OF(key, "secret_key_write_stored", 0);
  UMBRA_TRY(check_store(store));
  return write_buffer(key, buffer, size, NULL, store);
}

umbra_status umbra_secret_key_load_stored(umbra_secret_key **key, const umbra_context *context, const char *path,
                                          const umbra_key_store *store) {
  UMBRA_TRACE_IN(context, "secret_key_load_stored", 0);
  UMBRA_TRY(check_store(store));
  return load_file(key, context, path, NULL, store);
}

umbra_status umbra_secret_key_read_stored(umbra_secret_key **key, const umbra_context *context, const void *buffer,
                                          size_t size, const umbra_key_store *store) {
  UMBRA_TRACE_IN(context, "secret_key_read_stored", 0);
  UMBRA_TRY(check_store(store));
  return read_buffer(key, context, buffer, size, NULL, store);
}
