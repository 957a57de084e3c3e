/* SPDX-License-Identifier: Apache-2.0 */
#include "writer.h"

#include <inttypes.h>
#include <string.h>

#include "../base/error.h"
#include "storage.h"

/* ---- sinks ---- */

/* What is written reaches the disk on the way, so that the end does not take long, which nothing can stop. */
static umbra_status store_in_file(umbra_sink *sink, const void *bytes, size_t count) {
  const size_t most = (size_t)16 << 20;
  UMBRA_TRY(umbra_storage_write(sink->file, bytes, count));
  sink->written += count;
  if (sink->written - sink->pushed < most) return UMBRA_OK;
  const uint64_t first = sink->pushed;
  sink->pushed = sink->written;
  return umbra_storage_push(sink->file, first, sink->pushed);
}

static umbra_status store_in_memory(umbra_sink *sink, const void *bytes, size_t count) {
  memcpy(sink->memory, bytes, count);
  sink->memory += count;
  return UMBRA_OK;
}

static umbra_status hand_to_callback(umbra_sink *sink, const void *bytes, size_t count) {
  const int result = sink->write(sink->user, bytes, count);
  if (!result) return UMBRA_OK;
  return umbra_fail(result < 0 ? UMBRA_ERROR_IO : UMBRA_ERROR_CANCELLED, "the callback that writes returned %d",
                    result);
}

umbra_sink umbra_sink_to_file(int file) { return (umbra_sink){.store = store_in_file, .file = file}; }
umbra_sink umbra_sink_to_memory(void *memory) { return (umbra_sink){.store = store_in_memory, .memory = memory}; }
umbra_sink umbra_sink_to_callback(umbra_write_fn write, void *user) {
  return (umbra_sink){.store = hand_to_callback, .write = write, .user = user};
}

static umbra_status store(umbra_writer *writer, const void *bytes, size_t count) {
  UMBRA_TRY(writer->sink.store(&writer->sink, bytes, count));
  writer->written += count;
  return umbra_watch_step(writer->watch, writer->written, writer->header.bytes);
}

/* ---- sections ---- */

void umbra_writer_count(umbra_writer *writer, umbra_kind kind) {
  *writer = (umbra_writer){.counting = 1};
  memcpy(writer->header.magic, umbra_container_magic, sizeof writer->header.magic);
  writer->header.version = UMBRA_CONTAINER_VERSION;
  writer->header.kind = kind;
  writer->header.bytes = sizeof writer->header;
}

void umbra_writer_set_version(umbra_writer *writer, uint32_t version) { writer->header.version = version; }

void umbra_writer_identify(umbra_writer *writer, const uint8_t *digest, const uint8_t *owner, uint32_t flags) {
  memcpy(writer->header.digest, digest, sizeof writer->header.digest);
  if (owner) memcpy(writer->header.owner, owner, sizeof writer->header.owner);
  writer->header.flags = flags;
}

umbra_status umbra_writer_start(umbra_writer *writer, const umbra_sink *sink, umbra_watch *watch) {
  writer->counting = 0;
  writer->sink = *sink;
  writer->watch = watch;
  umbra_header_checksum(writer->header.checksum, &writer->header);
  crypto_generichash_init(&writer->digest, NULL, 0, UMBRA_CONTAINER_DIGEST_BYTES);
  crypto_generichash_update(&writer->digest, writer->header.checksum, sizeof writer->header.checksum);
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
  umbra_sum_begin(&writer->sum, &writer->header, &head);
  return store(writer, &head, sizeof head);
}

umbra_status umbra_write_summed(umbra_writer *writer, const void *bytes, size_t count) {
  if (writer->counting) return UMBRA_OK;
  if (count > writer->section_left)
    return umbra_fail(UMBRA_ERROR_INTERNAL, "write beyond the end of section %" PRIu32, writer->section);
  writer->section_left -= count;
  return store(writer, bytes, count);
}

umbra_status umbra_write_bytes(umbra_writer *writer, const void *bytes, size_t count) {
  UMBRA_TRY(umbra_write_summed(writer, bytes, count));
  if (!writer->counting) umbra_sum_add(&writer->sum, bytes, count);
  return UMBRA_OK;
}

static umbra_status end_section(umbra_writer *writer, const uint8_t checksum[UMBRA_CHECKSUM_BYTES]) {
  if (writer->section_left)
    return umbra_fail(UMBRA_ERROR_INTERNAL, "section %" PRIu32 " was not written to its end", writer->section);
  crypto_generichash_update(&writer->digest, checksum, UMBRA_CHECKSUM_BYTES);
  writer->section++;
  return store(writer, checksum, UMBRA_CHECKSUM_BYTES);
}

umbra_status umbra_write_end(umbra_writer *writer) {
  uint8_t checksum[UMBRA_CHECKSUM_BYTES];
  if (writer->counting) return UMBRA_OK;
  umbra_sum_end(&writer->sum, checksum);
  return end_section(writer, checksum);
}

umbra_status umbra_write_end_summed(umbra_writer *writer, const umbra_piece_sum *sum) {
  uint8_t checksum[UMBRA_CHECKSUM_BYTES];
  if (writer->counting) return UMBRA_OK;
  umbra_join_pieces(checksum, &writer->header, &writer->sum.head, sum);
  return end_section(writer, checksum);
}

umbra_status umbra_write_record(umbra_writer *writer, umbra_section type, const void *record, size_t bytes) {
  UMBRA_TRY(umbra_write_begin(writer, type, bytes));
  UMBRA_TRY(umbra_write_bytes(writer, record, bytes));
  return umbra_write_end(writer);
}
