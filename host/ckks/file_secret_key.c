/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "../base/outputs.h"
#include "../io/seal.h"
#include "file.h"

typedef struct sealed_key {
  const umbra_secret_key *key;
  const char *passphrase; /* or NULL */
} sealed_key;

static umbra_status save(umbra_writer *writer, const void *object) {
  const sealed_key *s = object;
  const umbra_context *context = s->key->context;
  uint32_t n = umbra_ring_n(context->ring);
  umbra_writer_identify(writer, umbra_context_params(context)->digest, s->key->owner,
                        s->passphrase ? UMBRA_CONTAINER_SEALED : 0);
  return s->passphrase ? umbra_seal_write(writer, UMBRA_SECTION_SECRET, s->key->ternary, n, s->passphrase)
                       : umbra_write_record(writer, UMBRA_SECTION_SECRET, s->key->ternary, n);
}

typedef struct lock {
  const umbra_context *context;
  const char *passphrase; /* or NULL */
} lock;

/* A plain file where a sealed one is expected may have been put there by somebody else. */
static umbra_status check_passphrase(const umbra_reader *reader, const char *passphrase) {
  int sealed = (reader->header.flags & UMBRA_CONTAINER_SEALED) != 0;
  if (sealed == (passphrase != NULL)) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_PASSPHRASE,
                    sealed ? "the secret key in %s is sealed: it needs its passphrase"
                           : "a passphrase was given, but the secret key in %s is not sealed",
                    reader->source.name);
}

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
  UMBRA_TRY(check_passphrase(reader, l->passphrase));
  if (reader->left < n) return umbra_reader_malformed(reader, "too short for a secret key of %u coefficients", n);
  umbra_secret_key *made = NULL;
  UMBRA_TRY(umbra_secret_key_make(&made, l->context));
  *object = made;
  memcpy(made->owner, reader->header.owner, sizeof made->owner);
  UMBRA_TRY(l->passphrase ? umbra_seal_read(reader, UMBRA_SECTION_SECRET, made->ternary, n, l->passphrase)
                          : umbra_read_record(reader, UMBRA_SECTION_SECRET, made->ternary, n));
  return check_ternary(reader, made->ternary, n);
}

static void destroy(void *object) { umbra_secret_key_destroy(object); }

static const umbra_format format = {.kind = UMBRA_KIND_SECRET_KEY,
                                    .apart = UMBRA_FILE_GIVEN_AWAY,
                                    .secret = 1,
                                    .save = save,
                                    .load = load,
                                    .destroy = destroy};

/* ---- public calls ---- */

static umbra_status check_save(const umbra_secret_key *key, const char *passphrase) {
  if (!key) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "key is NULL");
  if (passphrase && !*passphrase)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the passphrase is empty; NULL means none");
  return UMBRA_OK;
}

umbra_status umbra_secret_key_save(const umbra_secret_key *key, const char *path, const char *passphrase) {
  UMBRA_TRACE_OF(key, "secret_key_save", 0);
  UMBRA_TRY(check_save(key, passphrase));
  return umbra_format_save(&format, &(sealed_key){key, passphrase}, path, NULL);
}

umbra_status umbra_secret_key_write(const umbra_secret_key *key, void *buffer, size_t *size, const char *passphrase) {
  UMBRA_TRACE_OF(key, "secret_key_write", 0);
  UMBRA_TRY(check_save(key, passphrase));
  return umbra_format_write(&format, &(sealed_key){key, passphrase}, buffer, size, NULL);
}

static umbra_status check_load(umbra_secret_key **key, const umbra_context *context) {
  if (key && context) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s is NULL", key ? "context" : "key");
}

umbra_status umbra_secret_key_load(umbra_secret_key **key, const umbra_context *context, const char *path,
                                   const char *passphrase) {
  UMBRA_TRACE_IN(context, "secret_key_load", 0);
  void *made = NULL;
  UMBRA_TRY(check_load(key, context));
  const umbra_wanted wanted = {&(lock){context, passphrase}, umbra_context_params(context)->digest};
  UMBRA_TRY(umbra_format_load(&format, &made, &wanted, path, NULL));
  UMBRA_PUT(secret_key, key, made);
  return UMBRA_OK;
}

umbra_status umbra_secret_key_read(umbra_secret_key **key, const umbra_context *context, const void *buffer,
                                   size_t size, const char *passphrase) {
  UMBRA_TRACE_IN(context, "secret_key_read", 0);
  void *made = NULL;
  UMBRA_TRY(check_load(key, context));
  const umbra_wanted wanted = {&(lock){context, passphrase}, umbra_context_params(context)->digest};
  UMBRA_TRY(umbra_format_read(&format, &made, &wanted, buffer, size, NULL));
  UMBRA_PUT(secret_key, key, made);
  return UMBRA_OK;
}
