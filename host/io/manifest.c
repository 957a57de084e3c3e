/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests: a list of files, and Ed25519's signature of the header, of what is said of the whole, and of the list. */
#include <inttypes.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/structs.h"
#include "bundle.h"
#include "format.h"
#include "signing.h"
#include "storage.h"

enum { VERSION = 1, SIGNED_HEADER = offsetof(umbra_header, checksum) };

/* What a manifest says of the whole. */
typedef struct whole_record {
  uint64_t date, bytes; /* of the list */
  uint32_t files, version;
  uint8_t signer[UMBRA_SIGNER_BYTES];
} whole_record;
_Static_assert(sizeof(whole_record) == 56, "no padding");

/* Of each file, before its name. */
typedef struct file_record {
  uint64_t bytes;
  uint32_t kind, name; /* kind 0: no file of Umbra's; bytes of the name */
  uint8_t digest[UMBRA_FILE_DIGEST_BYTES];
} file_record;
_Static_assert(sizeof(file_record) == 48, "no padding");

typedef struct manifest {
  whole_record whole;
  uint8_t owner[UMBRA_FILE_OWNER_BYTES];
  const umbra_signing_key *key; /* of one that is to be written */
  uint8_t *message;             /* header, record, list: what is signed */
} manifest;

static uint8_t *list_of(const manifest *m) { return m->message + SIGNED_HEADER + sizeof m->whole; }

static size_t message_bytes(const manifest *m) { return SIGNED_HEADER + sizeof m->whole + (size_t)m->whole.bytes; }

/* With room for the list. */
static umbra_status make_message(manifest *m) { return umbra_alloc(&m->message, message_bytes(m), 1, "a manifest"); }

static void complete_message(const manifest *m, const umbra_header *header) {
  memcpy(m->message, header, SIGNED_HEADER);
  memcpy(m->message + SIGNED_HEADER, &m->whole, sizeof m->whole);
}

/* ---- files of manifests ---- */

static umbra_status save(umbra_writer *writer, const void *object) {
  static const uint8_t no_parameters[UMBRA_CONTAINER_DIGEST_BYTES];
  const manifest *m = object;
  uint8_t signature[crypto_sign_BYTES] = {0};
  umbra_writer_identify(writer, no_parameters, m->owner, 0);
  if (!writer->counting) {
    complete_message(m, &writer->header);
    crypto_sign_detached(signature, NULL, m->message, message_bytes(m), m->key->secret);
  }
  UMBRA_TRY(umbra_write_record(writer, UMBRA_SECTION_MANIFEST, &m->whole, sizeof m->whole));
  UMBRA_TRY(umbra_write_record(writer, UMBRA_SECTION_LIST, list_of(m), (size_t)m->whole.bytes));
  return umbra_write_record(writer, UMBRA_SECTION_SIGNATURE, signature, sizeof signature);
}

/* The record at *at, and its name; *at becomes that of the next one. Of a list that was checked, or is. */
static int next_file(file_record *file, char name[UMBRA_BUNDLE_NAME], uint64_t *at, const manifest *m) {
  if (m->whole.bytes - *at < sizeof *file) return 0;
  memcpy(file, list_of(m) + *at, sizeof *file);
  *at += sizeof *file;
  if (file->name >= UMBRA_BUNDLE_NAME || m->whole.bytes - *at < file->name) return 0;
  memcpy(name, list_of(m) + *at, file->name);
  name[file->name] = '\0';
  *at += file->name;
  return 1;
}

static umbra_status check_list(const umbra_reader *reader, const manifest *m) {
  char last[UMBRA_BUNDLE_NAME] = "", name[UMBRA_BUNDLE_NAME];
  file_record file;
  uint64_t at = 0, total = 0;
  for (uint32_t i = 0; i < m->whole.files; i++) {
    if (!next_file(&file, name, &at, m))
      return umbra_reader_malformed(reader, "the manifest's list ends within file %" PRIu32 " of %" PRIu32, i,
                                    m->whole.files);
    if (strlen(name) != file.name || !umbra_bundle_is_name(name))
      return umbra_reader_malformed(reader, "file %" PRIu32 " of the manifest has no name that a file in a folder has",
                                    i);
    if (strcmp(last, name) >= 0)
      return umbra_reader_malformed(reader, "the names of the manifest are not sorted, or '%s' comes twice", name);
    if (__builtin_add_overflow(total, file.bytes, &total))
      return umbra_reader_malformed(reader, "the lengths of the manifest add up to more than 2^64 bytes");
    memcpy(last, name, sizeof last);
  }
  if (at == m->whole.bytes) return UMBRA_OK;
  return umbra_reader_malformed(reader, "%" PRIu64 " bytes behind the last file of the manifest", m->whole.bytes - at);
}

static umbra_status check_signature(const umbra_reader *reader, const manifest *m,
                                    const uint8_t signature[crypto_sign_BYTES]) {
  complete_message(m, &reader->header);
  if (crypto_sign_verify_detached(signature, m->message, message_bytes(m), m->whole.signer) == 0) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_UNTRUSTED, "'%s' is not as it was signed: the signature is wrong", reader->source.name);
}

static umbra_status load(umbra_reader *reader, const void *argument, void **object) {
  (void)argument;
  manifest *made;
  uint8_t signature[crypto_sign_BYTES];
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a manifest"));
  *object = made;
  whole_record *whole = &made->whole;
  memcpy(made->owner, reader->header.owner, sizeof made->owner);
  UMBRA_TRY(umbra_read_record(reader, UMBRA_SECTION_MANIFEST, whole, sizeof *whole));
  if (whole->version != VERSION)
    return umbra_reader_malformed(reader, "a manifest of version %" PRIu32 "; this library reads version %d",
                                  whole->version, VERSION);
  if (!whole->files) return umbra_reader_malformed(reader, "a manifest of no files");
  UMBRA_TRY(umbra_read_begin(reader, UMBRA_SECTION_LIST, whole->bytes));
  UMBRA_TRY(make_message(made));
  UMBRA_TRY(umbra_read_bytes(reader, list_of(made), (size_t)whole->bytes));
  UMBRA_TRY(umbra_read_end(reader));
  UMBRA_TRY(umbra_read_record(reader, UMBRA_SECTION_SIGNATURE, signature, sizeof signature));
  UMBRA_TRY(check_signature(reader, made, signature));
  return check_list(reader, made);
}

static void destroy(void *object) {
  umbra_free(((manifest *)object)->message);
  umbra_free(object);
}

static const umbra_format format = {.kind = UMBRA_KIND_MANIFEST, .save = save, .load = load, .destroy = destroy};

/* ---- signing ---- */

static umbra_status measure_all(uint64_t *all, const umbra_bundle *bundle) {
  uint64_t bytes;
  *all = 0;
  for (size_t i = 0; i < bundle->count; i++) {
    if (!umbra_bundle_is_name(bundle->name[i]))
      return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a file in '%s' has a name with control characters",
                        bundle->path);
    UMBRA_TRY(umbra_bundle_length(&bytes, bundle, i));
    *all += bytes;
  }
  return UMBRA_OK;
}

static umbra_status add_owner(manifest *m, const umbra_bundle_file *file, const char *name) {
  if (file->kind < 32 && UMBRA_KINDS_SECRET >> file->kind & 1u)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "'%s' is a %s, which is not to be given away: keep it elsewhere",
                      name, umbra_kind_name(file->kind));
  /* A signer's identifier is its own. */
  if (file->kind == UMBRA_KIND_SIGNER || sodium_is_zero(file->owner, sizeof file->owner)) return UMBRA_OK;
  if (!sodium_is_zero(m->owner, sizeof m->owner) && memcmp(m->owner, file->owner, sizeof m->owner) != 0)
    return umbra_fail(UMBRA_ERROR_MISMATCH, "'%s' is of another owner than the files before it", name);
  memcpy(m->owner, file->owner, sizeof m->owner);
  return UMBRA_OK;
}

static umbra_status fill_list(manifest *m, const umbra_bundle *bundle, uint64_t all, umbra_watch *watch) {
  uint64_t done = 0;
  uint8_t *at = list_of(m);
  for (size_t i = 0; i < bundle->count; i++) {
    const char *name = bundle->name[i];
    umbra_bundle_file found;
    UMBRA_TRY(umbra_bundle_measure(&found, bundle, i, &done, all, watch));
    UMBRA_TRY(add_owner(m, &found, name));
    file_record record = {found.bytes, found.kind, (uint32_t)strlen(name), {0}};
    memcpy(record.digest, found.digest, sizeof record.digest);
    memcpy(at, &record, sizeof record);
    memcpy(at + sizeof record, name, record.name);
    at += sizeof record + record.name;
  }
  return UMBRA_OK;
}

static umbra_status sign(manifest *m, const umbra_bundle *bundle, umbra_watch *watch) {
  uint64_t all;
  if (!bundle->count || bundle->count > UINT32_MAX)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "there are %zu files in '%s' to sign", bundle->count, bundle->path);
  UMBRA_TRY(measure_all(&all, bundle));
  m->whole.files = (uint32_t)bundle->count;
  for (size_t i = 0; i < bundle->count; i++) m->whole.bytes += sizeof(file_record) + strlen(bundle->name[i]);
  UMBRA_TRY(make_message(m));
  UMBRA_TRY(fill_list(m, bundle, all, watch));
  return umbra_format_save(&format, m, bundle->manifest, NULL);
}

umbra_status umbra_manifest_sign(const char *path, const umbra_signing_key *key, uint64_t date,
                                 const umbra_progress *progress) {
  umbra_bundle bundle;
  if (!path || !key) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s is NULL", path ? "key" : "path");
  manifest m = {.whole = {.date = date, .version = VERSION}, .key = key};
  memcpy(m.whole.signer, key->public, sizeof m.whole.signer);
  UMBRA_TRY(umbra_bundle_open(&bundle, path));
  umbra_watch watch = umbra_watch_of(progress);
  const umbra_status status = umbra_watch_close(&watch, sign(&m, &bundle, &watch));
  umbra_free(m.message);
  umbra_bundle_close(&bundle);
  return status;
}

/* ---- verifying ---- */

/* Of a manifest whose list was checked. */
static umbra_manifest_info info_of(const manifest *m) {
  umbra_manifest_info info = {UMBRA_MANIFEST_INFO_INIT, .date = m->whole.date, .files = m->whole.files};
  char name[UMBRA_BUNDLE_NAME];
  file_record file;
  memcpy(info.owner, m->owner, sizeof info.owner);
  memcpy(info.signer, m->whole.signer, sizeof info.signer);
  for (uint64_t at = 0; next_file(&file, name, &at, m);) info.bytes += file.bytes;
  return info;
}

static umbra_status untrusted(const umbra_bundle *bundle, const char *name, const char *what) {
  return umbra_fail(UMBRA_ERROR_UNTRUSTED, "'%s' of '%s' %s", name, bundle->path, what);
}

/* The same names, before any file is read. */
static umbra_status check_names(const manifest *m, const umbra_bundle *bundle) {
  char name[UMBRA_BUNDLE_NAME];
  file_record file;
  uint64_t at = 0;
  size_t i = 0;
  while (next_file(&file, name, &at, m)) {
    const int order = i < bundle->count ? strcmp(bundle->name[i], name) : 1;
    if (order < 0) return untrusted(bundle, bundle->name[i], "is not in the manifest: it was added or renamed");
    if (order > 0) return untrusted(bundle, name, "is in the manifest but not there: it was removed or renamed");
    i++;
  }
  return i == bundle->count ? UMBRA_OK
                            : untrusted(bundle, bundle->name[i], "is not in the manifest: it was added or renamed");
}

static umbra_status check_files(const manifest *m, const umbra_bundle *bundle, uint64_t all, umbra_watch *watch) {
  char name[UMBRA_BUNDLE_NAME];
  file_record file;
  umbra_bundle_file found;
  uint64_t at = 0, bytes, done = 0;
  for (size_t i = 0; next_file(&file, name, &at, m); i++) {
    UMBRA_TRY(umbra_bundle_length(&bytes, bundle, i));
    if (bytes != file.bytes) return untrusted(bundle, name, "has another length than was signed");
    UMBRA_TRY(umbra_bundle_measure(&found, bundle, i, &done, all, watch));
    if (memcmp(found.digest, file.digest, sizeof found.digest) != 0 || found.bytes != file.bytes)
      return untrusted(bundle, name, "was altered: its digest is not the one that was signed");
    if (found.kind != file.kind) return untrusted(bundle, name, "is of another kind than the manifest says");
  }
  return UMBRA_OK;
}

static umbra_status load_signed(manifest **m, const umbra_bundle *bundle, const umbra_signer *signer) {
  int found;
  void *made = NULL;
  UMBRA_TRY(umbra_storage_look(&found, bundle->manifest));
  if (!found)
    return umbra_fail(UMBRA_ERROR_UNTRUSTED, "'%s' is not signed: there is no '%s'", bundle->path, bundle->manifest);
  UMBRA_TRY(umbra_format_load(&format, &made, &(umbra_wanted){0}, bundle->manifest, NULL));
  *m = made;
  if (memcmp((*m)->whole.signer, signer->key, sizeof signer->key) == 0) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_UNTRUSTED, "'%s' was signed by somebody else than the signer that is expected",
                    bundle->manifest);
}

static umbra_status verify(umbra_manifest_info *info, const umbra_bundle *bundle, const umbra_signer *signer,
                           umbra_watch *watch) {
  manifest *m = NULL;
  umbra_status status = load_signed(&m, bundle, signer);
  if (status == UMBRA_OK) status = check_names(m, bundle);
  if (status == UMBRA_OK) *info = info_of(m);
  if (status == UMBRA_OK) status = check_files(m, bundle, info->bytes, watch);
  if (m) destroy(m);
  return status;
}

umbra_status umbra_manifest_verify(umbra_manifest_info *info, const char *path, const umbra_signer *signer,
                                   const umbra_progress *progress) {
  umbra_bundle bundle;
  umbra_signer own = {UMBRA_SIGNER_INIT};
  umbra_manifest_info found = {UMBRA_MANIFEST_INFO_INIT};
  if (!path || !signer) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s is NULL", path ? "signer" : "path");
  UMBRA_TRY(UMBRA_TAKE(umbra_signer, &own, signer));
  if (info) UMBRA_TRY(UMBRA_TAKE(umbra_manifest_info, &found, info));
  UMBRA_TRY(umbra_bundle_open(&bundle, path));
  umbra_watch watch = umbra_watch_of(progress);
  const umbra_status status = umbra_watch_close(&watch, verify(&found, &bundle, &own, &watch));
  umbra_bundle_close(&bundle);
  if (status != UMBRA_OK || !info) return status;
  return UMBRA_GIVE(umbra_manifest_info, info, &found);
}

umbra_status umbra_manifest_inspect(umbra_manifest_info *info, const char *path, umbra_manifest_tell tell, void *user) {
  void *made = NULL;
  umbra_manifest_info found = {UMBRA_MANIFEST_INFO_INIT};
  if (!info) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "info is NULL");
  UMBRA_TRY(UMBRA_TAKE(umbra_manifest_info, &found, info));
  UMBRA_TRY(umbra_format_load(&format, &made, &(umbra_wanted){0}, path, NULL));
  const manifest *m = made;
  char name[UMBRA_BUNDLE_NAME];
  file_record file;
  for (uint64_t at = 0; tell && next_file(&file, name, &at, m);) {
    const char *kind = file.kind ? umbra_kind_name(file.kind) : NULL;
    tell(user, name, file.bytes, file.digest, kind ? kind : "");
  }
  found = info_of(m);
  destroy(made);
  return UMBRA_GIVE(umbra_manifest_info, info, &found);
}
