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
  return umbra_fail(UMBRA_ERROR_FORMAT, "%s (in %s)", text, reader->name);
}

/* ---- source ---- */

/* The next bytes of the source; the caller has checked that they are there. */
static umbra_status fetch(umbra_reader *reader, void *bytes, size_t count) {
  reader->left -= count;
  if (reader->file >= 0) return umbra_storage_read(reader->file, bytes, count, reader->name);
  memcpy(bytes, reader->memory, count);
  reader->memory += count;
  return UMBRA_OK;
}

/* Passes over them. */
static umbra_status leave_out(umbra_reader *reader, uint64_t count) {
  reader->left -= count;
  if (reader->file >= 0) return umbra_storage_skip(reader->file, count, reader->name);
  reader->memory += count;
  return UMBRA_OK;
}

/* ---- header ---- */

static umbra_status check_header(const umbra_reader *reader, uint64_t size) {
  const umbra_header *header = &reader->header;
  if (memcmp(header->magic, umbra_container_magic, sizeof header->magic) != 0)
    return umbra_reader_malformed(reader, "not an Umbra file: it does not begin with Umbra's signature");
  if (header->version != UMBRA_CONTAINER_VERSION)
    return umbra_reader_malformed(reader, "format version %" PRIu32 "; this library reads version %d", header->version,
                                  UMBRA_CONTAINER_VERSION);
  uint8_t checksum[UMBRA_CHECKSUM_BYTES];
  umbra_header_checksum(checksum, header);
  if (memcmp(checksum, header->checksum, sizeof checksum) != 0)
    return umbra_reader_malformed(reader, "the header is damaged: its checksum is wrong");
  if (!umbra_kind_name(header->kind))
    return umbra_reader_malformed(reader, "unknown kind of object %" PRIu32, header->kind);
  if (umbra_kind_is_reserved(header->kind))
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "this is a file of kind '%s', which this version of Umbra cannot read",
                      umbra_kind_name(header->kind));
  if (header->flags & ~umbra_kind_flags(header->kind))
    return umbra_reader_malformed(reader, "flags %#" PRIx32 " are not defined for %s", header->flags,
                                  umbra_kind_name(header->kind));
  if (!umbra_kind_is_owned(header->kind) && !sodium_is_zero(header->owner, sizeof header->owner))
    return umbra_reader_malformed(reader, "%s have no owner, but the header names one", umbra_kind_name(header->kind));
  if (header->bytes != size)
    return umbra_reader_malformed(reader, "%s: the header says %" PRIu64 " bytes, but there are %" PRIu64,
                                  header->bytes > size ? "truncated" : "bytes after the end", header->bytes, size);
  if (header->sections > reader->left / UMBRA_SECTION_OVERHEAD)
    return umbra_reader_malformed(reader, "%" PRIu32 " sections do not fit into %" PRIu64 " bytes", header->sections,
                                  size);
  return UMBRA_OK;
}

static umbra_status read_header(umbra_reader *reader) {
  uint64_t size = reader->left;
  if (size < sizeof reader->header)
    return umbra_reader_malformed(reader, "not an Umbra file: %" PRIu64 " bytes are less than a header", size);
  UMBRA_TRY(fetch(reader, &reader->header, sizeof reader->header));
  return check_header(reader, size);
}

umbra_status umbra_reader_open_file(umbra_reader *reader, const char *path) {
  *reader = (umbra_reader){.name = path};
  UMBRA_TRY(umbra_storage_open(&reader->file, &reader->left, path));
  umbra_status status = read_header(reader);
  if (status != UMBRA_OK) umbra_reader_close(reader);
  return status;
}

umbra_status umbra_reader_open_memory(umbra_reader *reader, const void *bytes, size_t count) {
  *reader = (umbra_reader){.name = "the buffer", .file = -1, .memory = bytes, .left = count};
  return read_header(reader);
}

void umbra_reader_close(umbra_reader *reader) {
  if (reader->file >= 0) close(reader->file);
  sodium_memzero(reader, sizeof *reader);
}

umbra_status umbra_reader_expect(const umbra_reader *reader, umbra_kind kind, const uint8_t *digest) {
  const umbra_header *header = &reader->header;
  if (header->kind != kind)
    return umbra_reader_malformed(reader, "this is a file of kind '%s', not '%s'", umbra_kind_name(header->kind),
                                  umbra_kind_name(kind));
  if (digest && memcmp(digest, header->digest, sizeof header->digest) != 0)
    return umbra_fail(UMBRA_ERROR_MISMATCH, "%s of other parameters than those here (in %s)", umbra_kind_name(kind),
                      reader->name);
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
  crypto_generichash_init(&reader->hash, reader->header.checksum, UMBRA_CHECKSUM_BYTES, UMBRA_CHECKSUM_BYTES);
  crypto_generichash_update(&reader->hash, (const uint8_t *)head, sizeof *head);
  return UMBRA_OK;
}

static umbra_status check_type(const umbra_reader *reader, const umbra_section_head *head, umbra_section type) {
  if (head->type == (uint32_t)type) return UMBRA_OK;
  return umbra_reader_malformed(reader, "section %" PRIu32 " holds %s where %s must be", head->index,
                                umbra_section_name(head->type), umbra_section_name(type));
}

umbra_status umbra_read_begin(umbra_reader *reader, umbra_section type, uint64_t length) {
  umbra_section_head head = {0};
  UMBRA_TRY(read_head(reader, &head));
  UMBRA_TRY(check_type(reader, &head, type));
  if (head.length != length)
    return umbra_reader_malformed(reader, "section %" PRIu32 " (%s) has %" PRIu64 " bytes; it must have %" PRIu64,
                                  head.index, umbra_section_name(type), head.length, length);
  return UMBRA_OK;
}

umbra_status umbra_read_bytes(umbra_reader *reader, void *bytes, size_t count) {
  if (count > reader->section_left)
    return umbra_fail(UMBRA_ERROR_INTERNAL, "read beyond the end of section %" PRIu32, reader->section);
  UMBRA_TRY(fetch(reader, bytes, count));
  reader->section_left -= count;
  crypto_generichash_update(&reader->hash, bytes, count);
  return UMBRA_OK;
}

umbra_status umbra_read_end(umbra_reader *reader) {
  if (reader->section_left)
    return umbra_fail(UMBRA_ERROR_INTERNAL, "section %" PRIu32 " was not read to its end", reader->section);
  uint8_t stored[UMBRA_CHECKSUM_BYTES], computed[UMBRA_CHECKSUM_BYTES];
  UMBRA_TRY(fetch(reader, stored, sizeof stored));
  crypto_generichash_final(&reader->hash, computed, sizeof computed);
  if (memcmp(stored, computed, sizeof stored) != 0)
    return umbra_reader_malformed(reader, "section %" PRIu32 " is damaged: its checksum is wrong", reader->section);
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

umbra_status umbra_read_pass(umbra_reader *reader, umbra_section type) {
  umbra_section_head head = {0};
  UMBRA_TRY(read_head(reader, &head));
  UMBRA_TRY(check_type(reader, &head, type));
  UMBRA_TRY(leave_out(reader, head.length + UMBRA_CHECKSUM_BYTES));
  reader->section_left = 0;
  reader->section++;
  return UMBRA_OK;
}

umbra_status umbra_read_finish(umbra_reader *reader) {
  if (reader->section != reader->header.sections)
    return umbra_reader_malformed(reader, "%" PRIu32 " sections; the object has %" PRIu32, reader->header.sections,
                                  reader->section);
  if (reader->left) return umbra_reader_malformed(reader, "%" PRIu64 " bytes after the last section", reader->left);
  return UMBRA_OK;
}
