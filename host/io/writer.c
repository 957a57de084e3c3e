/* SPDX-License-Identifier: Apache-2.0 */
#include "writer.h"

#include <inttypes.h>
#include <string.h>

#include "../base/error.h"
#include "storage.h"

static umbra_status store(umbra_writer *writer, const void *bytes, size_t count) {
  if (writer->file >= 0) return umbra_storage_write(writer->file, bytes, count);
  memcpy(writer->memory, bytes, count);
  writer->memory += count;
  return UMBRA_OK;
}

void umbra_writer_count(umbra_writer *writer, umbra_kind kind) {
  *writer = (umbra_writer){.counting = 1, .file = -1};
  memcpy(writer->header.magic, umbra_container_magic, sizeof writer->header.magic);
  writer->header.version = UMBRA_CONTAINER_VERSION;
  writer->header.kind = kind;
  writer->header.bytes = sizeof writer->header;
}

void umbra_writer_identify(umbra_writer *writer, const uint8_t *digest, const uint8_t *owner, uint32_t flags) {
  memcpy(writer->header.digest, digest, sizeof writer->header.digest);
  if (owner) memcpy(writer->header.owner, owner, sizeof writer->header.owner);
  writer->header.flags = flags;
}

umbra_status umbra_writer_start(umbra_writer *writer, int file, void *memory) {
  writer->counting = 0;
  writer->file = file;
  writer->memory = memory;
  umbra_header_checksum(writer->header.checksum, &writer->header);
  return store(writer, &writer->header, sizeof writer->header);
}

umbra_status umbra_write_begin(umbra_writer *writer, umbra_section type, uint64_t length) {
  if (writer->counting) {
    writer->header.sections++;
    writer->header.bytes += UMBRA_SECTION_OVERHEAD + length;
    return UMBRA_OK;
  }
  umbra_section_head head = {type, writer->section, length};
  writer->section_left = length;
  crypto_generichash_init(&writer->hash, writer->header.checksum, UMBRA_CHECKSUM_BYTES, UMBRA_CHECKSUM_BYTES);
  crypto_generichash_update(&writer->hash, (const uint8_t *)&head, sizeof head);
  return store(writer, &head, sizeof head);
}

umbra_status umbra_write_bytes(umbra_writer *writer, const void *bytes, size_t count) {
  if (writer->counting) return UMBRA_OK;
  if (count > writer->section_left)
    return umbra_fail(UMBRA_ERROR_INTERNAL, "write beyond the end of section %" PRIu32, writer->section);
  writer->section_left -= count;
  crypto_generichash_update(&writer->hash, bytes, count);
  return store(writer, bytes, count);
}

umbra_status umbra_write_end(umbra_writer *writer) {
  if (writer->counting) return UMBRA_OK;
  if (writer->section_left)
    return umbra_fail(UMBRA_ERROR_INTERNAL, "section %" PRIu32 " was not written to its end", writer->section);
  uint8_t checksum[UMBRA_CHECKSUM_BYTES];
  crypto_generichash_final(&writer->hash, checksum, sizeof checksum);
  writer->section++;
  return store(writer, checksum, sizeof checksum);
}

umbra_status umbra_write_record(umbra_writer *writer, umbra_section type, const void *record, size_t bytes) {
  UMBRA_TRY(umbra_write_begin(writer, type, bytes));
  UMBRA_TRY(umbra_write_bytes(writer, record, bytes));
  return umbra_write_end(writer);
}
