/* SPDX-License-Identifier: Apache-2.0 */
/* Signing keys and their public halves: in memory, and in files. Only the seed is saved, from which the rest follows. */
#include "signing.h"

#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../base/structs.h"
#include "format.h"
#include "seal.h"

enum { SEED_BYTES = crypto_sign_SEEDBYTES };

/* ---- in memory ---- */

static void destroy(void *object) {
  umbra_signing_key *key = object;
  sodium_free(key->secret);
  umbra_free(key);
}

/* Its keys are undefined. */
static umbra_status make(umbra_signing_key **out, const umbra_life *life) {
  umbra_signing_key *made;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a signing key"));
  made->counted = UMBRA_COUNTED(destroy);
  made->life = *life;
  made->secret = umbra_alloc_must_fail() ? NULL : sodium_malloc(crypto_sign_SECRETKEYBYTES);
  if (!made->secret) {
    umbra_signing_key_destroy(made);
    return umbra_fail(UMBRA_ERROR_OUT_OF_MEMORY, "cannot allocate guarded memory for a signing key");
  }
  *out = made;
  return UMBRA_OK;
}

umbra_status umbra_signing_key_generate(umbra_signing_key **key, const umbra_key_life *life) {
  umbra_life own;
  umbra_signing_key *made = NULL;
  if (!key) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "key is NULL");
  if (sodium_init() < 0) return umbra_fail(UMBRA_ERROR_INTERNAL, "libsodium could not be initialised");
  UMBRA_TRY(umbra_life_take(&own, life));
  UMBRA_TRY(make(&made, &own));
  crypto_sign_keypair(made->public, made->secret);
  UMBRA_PUT(signing_key, key, made);
  return UMBRA_OK;
}

umbra_signing_key *umbra_signing_key_share(const umbra_signing_key *key) { return umbra_share(key); }
void umbra_signing_key_destroy(umbra_signing_key *key) { umbra_release(key); }

umbra_status umbra_signing_key_signer(const umbra_signing_key *key, umbra_signer *signer) {
  if (!key || !signer) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s is NULL", key ? "signer" : "key");
  umbra_signer own = {UMBRA_SIGNER_INIT, .created = key->life.created, .expires = key->life.expires};
  memcpy(own.key, key->public, sizeof own.key);
  return UMBRA_GIVE(umbra_signer, signer, &own);
}

/* ---- files ---- */

/* The identifier of both halves. */
static void identify(umbra_writer *writer, const uint8_t public[UMBRA_SIGNER_BYTES], uint32_t flags) {
  static const uint8_t no_parameters[UMBRA_CONTAINER_DIGEST_BYTES];
  uint8_t owner[UMBRA_CONTAINER_OWNER_BYTES];
  crypto_generichash(owner, sizeof owner, public, UMBRA_SIGNER_BYTES, NULL, 0);
  umbra_writer_identify(writer, no_parameters, owner, flags);
}

static umbra_status check_owner(const umbra_reader *reader, const uint8_t public[UMBRA_SIGNER_BYTES]) {
  uint8_t owner[UMBRA_CONTAINER_OWNER_BYTES];
  crypto_generichash(owner, sizeof owner, public, UMBRA_SIGNER_BYTES, NULL, 0);
  if (memcmp(owner, reader->header.owner, sizeof owner) == 0) return UMBRA_OK;
  return umbra_reader_malformed(reader, "the identifier is not that of the key");
}

typedef struct sealed_key {
  const umbra_signing_key *key;
  umbra_opener opener;
} sealed_key;

static umbra_status save_key(umbra_writer *writer, const void *object) {
  const sealed_key *s = object;
  identify(writer, s->key->public, umbra_opener_flags(&s->opener));
  UMBRA_TRY(umbra_life_write(writer, &s->key->life));
  return umbra_seal_write(writer, UMBRA_SECTION_SECRET, s->key->secret, SEED_BYTES, &s->opener, &s->key->life);
}

static umbra_status load_key(umbra_reader *reader, const void *argument, void **object) {
  const umbra_opener *opener = argument;
  umbra_life life;
  umbra_signing_key *made = NULL;
  uint8_t seed[SEED_BYTES];
  UMBRA_TRY(umbra_opener_check(opener, reader));
  UMBRA_TRY(umbra_life_read(reader, &life));
  UMBRA_TRY(make(&made, &life));
  *object = made;
  const umbra_status status = umbra_seal_read(reader, UMBRA_SECTION_SECRET, seed, sizeof seed, opener, &life);
  if (status == UMBRA_OK) crypto_sign_seed_keypair(made->public, made->secret, seed);
  sodium_memzero(seed, sizeof seed);
  return status == UMBRA_OK ? check_owner(reader, made->public) : status;
}

static void destroy_key(void *object) { umbra_signing_key_destroy(object); }

static const umbra_format key_format = {.kind = UMBRA_KIND_SIGNING_KEY,
                                        .apart = UMBRA_KINDS_GIVEN_AWAY,
                                        .secret = 1,
                                        .save = save_key,
                                        .load = load_key,
                                        .destroy = destroy_key};

umbra_status umbra_signing_key_save(const umbra_signing_key *key, const char *path, const char *passphrase,
                                    const umbra_key_store *store) {
  umbra_key_store own;
  sealed_key sealed = {.key = key};
  if (!key) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "key is NULL");
  UMBRA_TRY(umbra_opener_take(&sealed.opener, &own, passphrase, store));
  return umbra_format_save(&key_format, &sealed, path, NULL);
}

umbra_status umbra_signing_key_load(umbra_signing_key **key, const char *path, const char *passphrase,
                                    const umbra_key_store *store) {
  void *made = NULL;
  umbra_key_store own;
  umbra_opener opener;
  if (!key) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "key is NULL");
  UMBRA_TRY(umbra_opener_take(&opener, &own, passphrase, store));
  UMBRA_TRY(umbra_format_load(&key_format, &made, &(umbra_wanted){.argument = &opener}, path, NULL));
  UMBRA_PUT(signing_key, key, made);
  return UMBRA_OK;
}

/* ---- the public half ---- */

static umbra_status save_signer(umbra_writer *writer, const void *object) {
  const umbra_signer *signer = object;
  identify(writer, signer->key, 0);
  UMBRA_TRY(umbra_life_write(writer, &(umbra_life){signer->created, signer->expires}));
  return umbra_write_record(writer, UMBRA_SECTION_SIGNER, signer->key, sizeof signer->key);
}

static umbra_status load_signer(umbra_reader *reader, const void *argument, void **object) {
  (void)argument;
  umbra_life life;
  umbra_signer *made;
  UMBRA_TRY(umbra_life_read(reader, &life));
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a signer"));
  *object = made;
  *made = (umbra_signer){UMBRA_SIGNER_INIT, .created = life.created, .expires = life.expires};
  UMBRA_TRY(umbra_read_record(reader, UMBRA_SECTION_SIGNER, made->key, sizeof made->key));
  return check_owner(reader, made->key);
}

static const umbra_format signer_format = {.kind = UMBRA_KIND_SIGNER,
                                           .apart = UMBRA_KINDS_SECRET,
                                           .save = save_signer,
                                           .load = load_signer,
                                           .destroy = umbra_free};

umbra_status umbra_signer_save(const umbra_signer *signer, const char *path) {
  umbra_life life;
  umbra_signer own = {UMBRA_SIGNER_INIT};
  if (!signer) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "signer is NULL");
  UMBRA_TRY(UMBRA_TAKE(umbra_signer, &own, signer));
  UMBRA_TRY(
      umbra_life_take(&life, &(umbra_key_life){UMBRA_KEY_LIFE_INIT, .created = own.created, .expires = own.expires}));
  return umbra_format_save(&signer_format, &own, path, NULL);
}

umbra_status umbra_signer_load(umbra_signer *signer, const char *path) {
  void *made = NULL;
  umbra_signer own = {UMBRA_SIGNER_INIT};
  if (!signer) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "signer is NULL");
  UMBRA_TRY(UMBRA_TAKE(umbra_signer, &own, signer));
  UMBRA_TRY(umbra_format_load(&signer_format, &made, &(umbra_wanted){0}, path, NULL));
  own = *(const umbra_signer *)made;
  umbra_free(made);
  return UMBRA_GIVE(umbra_signer, signer, &own);
}
