/* SPDX-License-Identifier: Apache-2.0 */
#include "reader.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../base/error.h"
#include "storage.h"

umbra_status umbra_reader_malformed(const umbra_reader *reader, const char *format, ...) {
  char text[256];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  return umbra_fail(UMBRA_ERROR_FORMAT, "%s (in %s)", text, reader->source.name);
}

/* ---- sources ---- */

static umbra_status fetch_from_file(const umbra_source *source, void *bytes, size_t count, uint64_t offset) {
  return umbra_storage_read_at(source->file, bytes, count, offset, source->name);
}

static umbra_status fetch_from_memory(const umbra_source *source, void *bytes, size_t count, uint64_t offset) {
  memcpy(bytes, source->memory + offset, count);
  return UMBRA_OK;
}

static umbra_status fetch_from_callback(const umbra_source *source, void *bytes, size_t count, uint64_t offset) {
  (void)offset;
  const int result = source->read(source->user, bytes, count);
  if (!result) return UMBRA_OK;
  return umbra_fail(result < 0 ? UMBRA_ERROR_IO : UMBRA_ERROR_CANCELLED, "the callback that reads returned %d", result);
}

/* The next bytes; the caller has checked that there are so many. */
static umbra_status fetch(umbra_reader *reader, void *bytes, size_t count) {
  UMBRA_TRY(reader->source.fetch(&reader->source, bytes, count, reader->header.bytes - reader->left));
  reader->left -= count;
  return umbra_read_count(reader, count);
}

/* Passes over them. */
static umbra_status leave_out(umbra_reader *reader, uint64_t count) {
  uint8_t bytes[8192];
  reader->left -= count;
  if (!reader->source.in_order) return UMBRA_OK;
  for (; count > sizeof bytes; count -= sizeof bytes)
    UMBRA_TRY(reader->source.fetch(&reader->source, bytes, sizeof bytes, 0));
  return reader->source.fetch(&reader->source, bytes, (size_t)count, 0);
}

/* ---- header ---- */

static umbra_status check_header(const umbra_reader *reader) {
  const umbra_header *header = &reader->header;
  if (memcmp(header->magic, umbra_container_magic, sizeof header->magic) != 0)
    return umbra_reader_malformed(reader, "not an Umbra file: it does not begin with Umbra's signature");
  if (header->version < UMBRA_CONTAINER_VERSION || header->version > UMBRA_CONTAINER_PIECES)
    return umbra_reader_malformed(reader, "format version %" PRIu32 "; this library reads versions %d to %d",
                                  header->version, UMBRA_CONTAINER_VERSION, UMBRA_CONTAINER_PIECES);
  uint8_t checksum[UMBRA_CHECKSUM_BYTES];
  umbra_header_checksum(checksum, header);
  if (memcmp(checksum, header->checksum, sizeof checksum) != 0)
    return umbra_reader_malformed(reader, "the header is damaged: its checksum is wrong");
  if (!umbra_kind_name(header->kind))
    return umbra_reader_malformed(reader, "unknown kind of object %" PRIu32, header->kind);
  if (umbra_kind_is_reserved(header->kind))
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "this is a file of kind '%s', which this version of Umbra cannot read",
                      umbra_kind_name(header->kind));
  if (!umbra_kind_has_version(header->kind, header->version))
    return umbra_reader_malformed(reader, "format version %" PRIu32 " is not defined for %s", header->version,
                                  umbra_kind_name(header->kind));
  if (header->flags & ~umbra_kind_flags(header->kind))
    return umbra_reader_malformed(reader, "flags %#" PRIx32 " are not defined for %s", header->flags,
                                  umbra_kind_name(header->kind));
  if (!umbra_kind_is_owned(header->kind) && !sodium_is_zero(header->owner, sizeof header->owner))
    return umbra_reader_malformed(reader, "%s have no owner, but the header names one", umbra_kind_name(header->kind));
  const uint64_t least = sizeof *header + (uint64_t)header->sections * UMBRA_SECTION_OVERHEAD;
  if (header->bytes < least)
    return umbra_reader_malformed(reader, "%" PRIu32 " sections do not fit into %" PRIu64 " bytes", header->sections,
                                  header->bytes);
  return UMBRA_OK;
}

static umbra_status read_header(umbra_reader *reader) {
  UMBRA_TRY(reader->source.fetch(&reader->source, &reader->header, sizeof reader->header, 0));
  reader->left = reader->header.bytes - sizeof reader->header;
  reader->done = sizeof reader->header;
  reader->wanted = reader->header.bytes;
  crypto_generichash_init(&reader->digest, NULL, 0, UMBRA_CONTAINER_DIGEST_BYTES);
  crypto_generichash_update(&reader->digest, reader->header.checksum, sizeof reader->header.checksum);
  return check_header(reader);
}

/* Of a source of that many bytes. */
static umbra_status read_header_of(umbra_reader *reader, uint64_t size) {
  if (size < sizeof reader->header)
    return umbra_reader_malformed(reader, "not an Umbra file: %" PRIu64 " bytes are less than a header", size);
  UMBRA_TRY(read_header(reader));
  const uint64_t claimed = reader->header.bytes;
  if (claimed == size) return UMBRA_OK;
  return umbra_reader_malformed(reader, "%s: the header says %" PRIu64 " bytes, but there are %" PRIu64,
                                claimed > size ? "truncated" : "bytes after the end", claimed, size);
}

umbra_status umbra_reader_open_file(umbra_reader *reader, const char *path) {
  uint64_t size;
  *reader = (umbra_reader){.source = {.name = path, .fetch = fetch_from_file}};
  UMBRA_TRY(umbra_storage_open(&reader->source.file, &size, path));
  umbra_status status = read_header_of(reader, size);
  if (status != UMBRA_OK) umbra_reader_close(reader);
  return status;
}

umbra_status umbra_reader_open_memory(umbra_reader *reader, const void *bytes, size_t count) {
  *reader = (umbra_reader){.source = {"the buffer", fetch_from_memory, .file = -1, .memory = bytes}};
  return read_header_of(reader, count);
}

umbra_status umbra_reader_open_callback(umbra_reader *reader, umbra_read_fn read, void *user, uint64_t most) {
  *reader = (umbra_reader){
      .source = {"what was received", fetch_from_callback, .in_order = 1, .file = -1, .read = read, .user = user}};
  UMBRA_TRY(read_header(reader));
  if (reader->header.bytes <= most) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_RANGE, "%s of %" PRIu64 " bytes; at most %" PRIu64 " are to be taken",
                    umbra_kind_name(reader->header.kind), reader->header.bytes, most);
}

umbra_status umbra_reader_open_beginning(umbra_reader *reader, const void *bytes, size_t count) {
  umbra_header claimed = {.bytes = count};
  if (count >= sizeof claimed) memcpy(&claimed, bytes, sizeof claimed);
  return umbra_reader_open_memory(reader, bytes, claimed.bytes);
}

void umbra_reader_close(umbra_reader *reader) {
  if (reader->source.file >= 0) close(reader->source.file);
  sodium_memzero(reader, sizeof *reader);
}

umbra_status umbra_reader_expect(const umbra_reader *reader, umbra_kind kind, const uint8_t *digest) {
  const umbra_header *header = &reader->header;
  if (header->kind != kind)
    return umbra_reader_malformed(reader, "this is a file of kind '%s', not '%s'", umbra_kind_name(header->kind),
                                  umbra_kind_name(kind));
  if (digest && memcmp(digest, header->digest, sizeof header->digest) != 0)
    return umbra_fail(UMBRA_ERROR_MISMATCH, "%s of other parameters than those here (in %s)", umbra_kind_name(kind),
                      reader->source.name);
  return UMBRA_OK;
}

/* ---- sections ---- */

static umbra_status read_head(umbra_reader *reader, umbra_section_head *head) {
  if (reader->section == reader->header.sections || reader->left < UMBRA_SECTION_OVERHEAD)
    return umbra_reader_malformed(reader, "the file ends after %" PRIu32 " sections; more belong to the object",
                                  reader->section);
  UMBRA_TRY(fetch(reader, head, sizeof *head));
  if (head->index != reader->section)
    return umbra_reader_malformed(reader, "section %" PRIu32 " is numbered %" PRIu32, reader->section, head->index);
  if (head->length > reader->left - UMBRA_CHECKSUM_BYTES)
    return umbra_reader_malformed(reader, "section %" PRIu32 " (%s) claims %" PRIu64 " bytes; %" PRIu64 " are left",
                                  head->index, umbra_section_name(head->type), head->length, reader->left);
  reader->section_left = head->length;
  umbra_sum_begin(&reader->sum, &reader->header, head);
  return UMBRA_OK;
}

static umbra_status check_type(const umbra_reader *reader, const umbra_section_head *head, umbra_section type) {
  if (head->type == (uint32_t)type) return UMBRA_OK;
  return umbra_reader_malformed(reader, "section %" PRIu32 " holds %s where %s must be", head->index,
                                umbra_section_name(head->type), umbra_section_name(type));
}

static umbra_status check_head(const umbra_reader *reader, const umbra_section_head *head, umbra_section type,
                               uint64_t length) {
  UMBRA_TRY(check_type(reader, head, type));
  if (head->length == length) return UMBRA_OK;
  return umbra_reader_malformed(reader, "section %" PRIu32 " (%s) has %" PRIu64 " bytes; it must have %" PRIu64,
                                head->index, umbra_section_name(type), head->length, length);
}

umbra_status umbra_read_begin(umbra_reader *reader, umbra_section type, uint64_t length) {
  umbra_section_head head = {0};
  UMBRA_TRY(read_head(reader, &head));
  return check_head(reader, &head, type, length);
}

umbra_status umbra_read_begin_either(umbra_reader *reader, int *older, umbra_section type, uint64_t length,
                                     umbra_section older_type, uint64_t older_length) {
  umbra_section_head head = {0};
  UMBRA_TRY(read_head(reader, &head));
  *older = head.type == (uint32_t)older_type && (older_type != type || head.length == older_length);
  return *older ? check_head(reader, &head, older_type, older_length) : check_head(reader, &head, type, length);
}

umbra_status umbra_read_bytes(umbra_reader *reader, void *bytes, size_t count) {
  if (count > reader->section_left)
    return umbra_fail(UMBRA_ERROR_INTERNAL, "read beyond the end of section %" PRIu32, reader->section);
  UMBRA_TRY(fetch(reader, bytes, count));
  reader->section_left -= count;
  umbra_sum_add(&reader->sum, bytes, count);
  return UMBRA_OK;
}

/* The last that there is of a section. */
static umbra_status fetch_checksum(umbra_reader *reader, uint8_t stored[UMBRA_CHECKSUM_BYTES]) {
  UMBRA_TRY(fetch(reader, stored, UMBRA_CHECKSUM_BYTES));
  crypto_generichash_update(&reader->digest, stored, UMBRA_CHECKSUM_BYTES);
  return UMBRA_OK;
}

static umbra_status compare(const umbra_reader *reader, uint32_t section, const uint8_t stored[UMBRA_CHECKSUM_BYTES],
                            const uint8_t computed[UMBRA_CHECKSUM_BYTES]) {
  if (memcmp(stored, computed, UMBRA_CHECKSUM_BYTES) == 0) return UMBRA_OK;
  return umbra_reader_malformed(reader, "section %" PRIu32 " is damaged: its checksum is wrong", section);
}

umbra_status umbra_read_end(umbra_reader *reader) {
  if (reader->section_left)
    return umbra_fail(UMBRA_ERROR_INTERNAL, "section %" PRIu32 " was not read to its end", reader->section);
  uint8_t stored[UMBRA_CHECKSUM_BYTES], computed[UMBRA_CHECKSUM_BYTES];
  UMBRA_TRY(fetch_checksum(reader, stored));
  umbra_sum_end(&reader->sum, computed);
  UMBRA_TRY(compare(reader, reader->section, stored, computed));
  reader->section++;
  return UMBRA_OK;
}

umbra_status umbra_read_record(umbra_reader *reader, umbra_section type, void *record, size_t bytes) {
  UMBRA_TRY(umbra_read_begin(reader, type, bytes));
  UMBRA_TRY(umbra_read_bytes(reader, record, bytes));
  return umbra_read_end(reader);
}

umbra_status umbra_read_skip(umbra_reader *reader) {
  umbra_section_head head = {0};
  UMBRA_TRY(read_head(reader, &head));
  uint8_t bytes[8192];
  while (reader->section_left) {
    size_t count = reader->section_left < sizeof bytes ? (size_t)reader->section_left : sizeof bytes;
    UMBRA_TRY(umbra_read_bytes(reader, bytes, count));
  }
  return umbra_read_end(reader);
}

/* ---- sections that are passed over ---- */

static umbra_status pass_payload(umbra_reader *reader, const umbra_section_head *head, umbra_extent *passed) {
  *passed = (umbra_extent){.head = *head, .at = reader->header.bytes - reader->left};
  UMBRA_TRY(leave_out(reader, head->length));
  reader->section_left = 0;
  reader->section++;
  return fetch_checksum(reader, passed->checksum);
}

umbra_status umbra_read_pass(umbra_reader *reader, umbra_section type, uint64_t length, umbra_extent *passed) {
  umbra_section_head head = {0};
  UMBRA_TRY(read_head(reader, &head));
  UMBRA_TRY(check_head(reader, &head, type, length));
  return pass_payload(reader, &head, passed);
}

umbra_status umbra_read_at(const umbra_reader *reader, void *bytes, size_t count, uint64_t offset) {
  return reader->source.fetch(&reader->source, bytes, count, offset);
}

umbra_status umbra_read_compare(const umbra_reader *reader, const umbra_extent *passed,
                                const uint8_t checksum[UMBRA_CHECKSUM_BYTES]) {
  return compare(reader, passed->head.index, passed->checksum, checksum);
}

void umbra_read_aside(umbra_reader *aside, const umbra_reader *reader, const umbra_extent *passed) {
  *aside = *reader;
  aside->left = reader->header.bytes - passed->at;
  aside->section = passed->head.index;
  aside->section_left = passed->head.length;
  umbra_sum_begin(&aside->sum, &aside->header, &passed->head);
}

umbra_status umbra_read_count(umbra_reader *reader, uint64_t bytes) {
  reader->done += bytes;
  return umbra_watch_step(reader->watch, reader->done, reader->wanted);
}

umbra_status umbra_read_digest(umbra_reader *reader, uint8_t digest[UMBRA_CONTAINER_DIGEST_BYTES]) {
  while (reader->section < reader->header.sections) {
    umbra_section_head head = {0};
    umbra_extent passed;
    UMBRA_TRY(read_head(reader, &head));
    UMBRA_TRY(pass_payload(reader, &head, &passed));
  }
  crypto_generichash_state whole = reader->digest;
  crypto_generichash_final(&whole, digest, UMBRA_CONTAINER_DIGEST_BYTES);
  return UMBRA_OK;
}

umbra_status umbra_read_finish(umbra_reader *reader) {
  if (reader->section != reader->header.sections)
    return umbra_reader_malformed(reader, "%" PRIu32 " sections; the object has %" PRIu32, reader->header.sections,
                                  reader->section);
  if (reader->left) return umbra_reader_malformed(reader, "%" PRIu64 " bytes after the last section", reader->left);
  return UMBRA_OK;
}
