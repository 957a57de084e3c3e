/* SPDX-License-Identifier: Apache-2.0 */
#include "life.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/structs.h"
#include "format.h"
#include "storage.h"

static const uint64_t last_time = 253402300799; /* 9999-12-31 23:59:59 */

static int is_life(const umbra_life *life) {
  return life->created <= last_time && life->expires <= last_time && (!life->expires || life->expires > life->created);
}

/* ---- callers' ---- */

static umbra_status check_life(const umbra_life *life) {
  if (is_life(life)) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                    "a key made at %" PRIu64 " that expires at %" PRIu64
                    ": expected are seconds since 1970, up to %" PRIu64 ", and an expiry, if any, after the making",
                    life->created, life->expires, last_time);
}

umbra_status umbra_life_take(umbra_life *life, const umbra_key_life *given) {
  umbra_key_life own = {UMBRA_KEY_LIFE_INIT};
  if (given) UMBRA_TRY(UMBRA_TAKE(umbra_key_life, &own, given));
  if (own.retired) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a key is not retired when it is made");
  const umbra_life taken = {own.created, own.expires};
  UMBRA_TRY(check_life(&taken));
  *life = taken;
  return UMBRA_OK;
}

umbra_status umbra_life_give(umbra_key_life *given, const umbra_life *life) {
  const umbra_key_life own = {UMBRA_KEY_LIFE_INIT, .created = life->created, .expires = life->expires};
  if (!given) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "life is NULL");
  return UMBRA_GIVE(umbra_key_life, given, &own);
}

enum { DATE = 32 };
static const char *date_of(char text[DATE], uint64_t seconds) {
  const time_t time = (time_t)seconds;
  struct tm date;
  gmtime_r(&time, &date);
  strftime(text, DATE, "%Y-%m-%d %H:%M:%S UTC", &date);
  return text;
}

static umbra_status out_of_use(const char *how, uint64_t since) {
  char date[DATE];
  return umbra_fail(
      UMBRA_ERROR_EXPIRED,
      "the key %s (%s) and is out of use: new keys must take its place; what was encrypted before can still "
      "be decrypted",
      how, date_of(date, since));
}

umbra_status umbra_key_life_check(const umbra_key_life *life, uint64_t now) {
  umbra_key_life own = {UMBRA_KEY_LIFE_INIT};
  if (!life) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "life is NULL");
  UMBRA_TRY(UMBRA_TAKE(umbra_key_life, &own, life));
  UMBRA_TRY(check_life(&(umbra_life){own.created, own.expires}));
  if (own.retired > last_time || now > last_time)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "times are seconds since 1970, up to %" PRIu64, last_time);
  if (own.retired && now >= own.retired) return out_of_use("was retired", own.retired);
  return own.expires && now >= own.expires ? out_of_use("has expired", own.expires) : UMBRA_OK;
}

/* ---- sections ---- */

umbra_status umbra_life_write(umbra_writer *writer, const umbra_life *life) {
  if (!life->created && !life->expires) return UMBRA_OK;
  return umbra_write_record(writer, UMBRA_SECTION_LIFE, life, sizeof *life);
}

/* By how many sections there are. */
static int is_there(const umbra_header *header) {
  const uint32_t sealed = (header->flags & (UMBRA_CONTAINER_SEALED | UMBRA_CONTAINER_STORED)) != 0;
  switch (header->kind) {
    case UMBRA_KIND_SECRET_KEY:
    case UMBRA_KIND_SIGNING_KEY: return header->sections > 1 + sealed;
    case UMBRA_KIND_SIGNER: return header->sections > 1;
    case UMBRA_KIND_PUBLIC_KEY: return header->sections > 2;
    case UMBRA_KIND_EVAL_KEYS: return header->sections % 2;
    default: return 0;
  }
}

umbra_status umbra_life_read(umbra_reader *reader, umbra_life *life) {
  umbra_life read = {0};
  if (is_there(&reader->header)) {
    UMBRA_TRY(umbra_read_record(reader, UMBRA_SECTION_LIFE, &read, sizeof read));
    if (!is_life(&read) || (!read.created && !read.expires))
      return umbra_reader_malformed(reader, "a key made at %" PRIu64 " that expires at %" PRIu64, read.created,
                                    read.expires);
  }
  *life = read;
  return UMBRA_OK;
}

/* ---- retirement: a container beside the key's ---- */

typedef struct retirement {
  uint64_t since;
  uint8_t digest[UMBRA_CONTAINER_DIGEST_BYTES], owner[UMBRA_CONTAINER_OWNER_BYTES]; /* the key's */
} retirement;

static umbra_status save(umbra_writer *writer, const void *object) {
  const retirement *r = object;
  umbra_writer_identify(writer, r->digest, r->owner, 0);
  return umbra_write_record(writer, UMBRA_SECTION_RETIRED, &r->since, sizeof r->since);
}

static umbra_status load(umbra_reader *reader, const void *argument, void **object) {
  (void)argument;
  retirement *made;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "the retirement of a key"));
  *object = made;
  memcpy(made->digest, reader->header.digest, sizeof made->digest);
  memcpy(made->owner, reader->header.owner, sizeof made->owner);
  UMBRA_TRY(umbra_read_record(reader, UMBRA_SECTION_RETIRED, &made->since, sizeof made->since));
  if (!made->since || made->since > last_time)
    return umbra_reader_malformed(reader, "a key that is retired since %" PRIu64, made->since);
  return UMBRA_OK;
}

static const umbra_format format = {.kind = UMBRA_KIND_RETIREMENT, .save = save, .load = load, .destroy = umbra_free};

/* Beside the file itself: a link to it is the same key. */
static umbra_status name_retirement(char name[PATH_MAX], const char *path) {
  char file[PATH_MAX];
  if (!realpath(path, file)) return umbra_fail(UMBRA_ERROR_IO, "cannot open '%s': %s", path, strerror(errno));
  const int length = snprintf(name, PATH_MAX, "%s.retired", file);
  if (length >= 0 && length < PATH_MAX) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_IO, "the path is longer than %d bytes", PATH_MAX);
}

static umbra_status check_kind(const umbra_reader *reader) {
  switch (reader->header.kind) {
    case UMBRA_KIND_SECRET_KEY:
    case UMBRA_KIND_PUBLIC_KEY:
    case UMBRA_KIND_EVAL_KEYS:
    case UMBRA_KIND_SIGNING_KEY:
    case UMBRA_KIND_SIGNER: return UMBRA_OK;
    default:
      return umbra_reader_malformed(reader, "this is a file of kind '%s', and no key",
                                    umbra_kind_name(reader->header.kind));
  }
}

/* The life, and the rest of what a retirement of this key has. */
static umbra_status read_key(umbra_life *life, retirement *key, const char *path) {
  umbra_reader reader;
  if (sodium_init() < 0) return umbra_fail(UMBRA_ERROR_INTERNAL, "libsodium could not be initialised");
  UMBRA_TRY(umbra_reader_open_file(&reader, path));
  umbra_status status = check_kind(&reader);
  if (status == UMBRA_OK) status = umbra_life_read(&reader, life);
  memcpy(key->digest, reader.header.digest, sizeof key->digest);
  memcpy(key->owner, reader.header.owner, sizeof key->owner);
  umbra_reader_close(&reader);
  return status;
}

/* key->since becomes 0 if there is no retirement. */
static umbra_status read_retirement(retirement *key, const char *name) {
  int found;
  void *made = NULL;
  key->since = 0;
  UMBRA_TRY(umbra_storage_look(&found, name));
  if (!found) return UMBRA_OK;
  UMBRA_TRY(umbra_format_load(&format, &made, &(umbra_wanted){0}, name, NULL));
  const retirement read = *(const retirement *)made;
  umbra_free(made);
  if (memcmp(read.owner, key->owner, sizeof read.owner) != 0 ||
      memcmp(read.digest, key->digest, sizeof read.digest) != 0)
    return umbra_fail(UMBRA_ERROR_MISMATCH, "'%s' retires another key than the one beside it", name);
  key->since = read.since;
  return UMBRA_OK;
}

umbra_status umbra_key_life_of_file(umbra_key_life *life, const char *path) {
  umbra_life read;
  retirement key;
  char name[PATH_MAX];
  if (!life || !path) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s is NULL", life ? "path" : "life");
  UMBRA_TRY(read_key(&read, &key, path));
  UMBRA_TRY(name_retirement(name, path));
  UMBRA_TRY(read_retirement(&key, name));
  const umbra_key_life own = {UMBRA_KEY_LIFE_INIT, .created = read.created, .expires = read.expires,
                              .retired = key.since};
  return UMBRA_GIVE(umbra_key_life, life, &own);
}

umbra_status umbra_key_retire(const char *path, uint64_t now) {
  umbra_life life;
  retirement key;
  char name[PATH_MAX];
  if (!path) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "path is NULL");
  if (!now || now > last_time)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%" PRIu64 " is not in seconds since 1970, from 1 to %" PRIu64, now,
                      last_time);
  UMBRA_TRY(read_key(&life, &key, path));
  UMBRA_TRY(name_retirement(name, path));
  UMBRA_TRY(read_retirement(&key, name));
  if (key.since) return umbra_fail(UMBRA_ERROR_EXISTS, "'%s' is retired already", path);
  key.since = now;
  return umbra_format_save(&format, &key, name, NULL);
}
