/* SPDX-License-Identifier: Apache-2.0 */
#include "file.h"

#include "../base/bounds.h"
#include "../ring/residence.h"
#include "../ring/residues_file.h"
#include "range.h"
#include "stand_ins.h"

static const uint8_t *digest_of(const umbra_context *context) { return umbra_context_params(context)->digest; }

void umbra_file_identify(umbra_writer *writer, const umbra_context *context, const uint8_t *owner) {
  umbra_writer_identify(writer, digest_of(context), owner, 0);
}

umbra_status umbra_file_write_poly(umbra_writer *writer, const umbra_context *context, const umbra_poly *poly,
                                   uint32_t step) {
  umbra_stream *stream;
  UMBRA_TRY(umbra_check_real(context));
  UMBRA_TRY(umbra_ring_stream_open(&stream, context->ring));
  umbra_status status = umbra_poly_pin(poly, context->ring, stream);
  if (status == UMBRA_OK) {
    status = umbra_residues_write(writer, context->ring, stream, poly, step);
    umbra_poly_unpin(poly, context->ring);
  }
  return umbra_stream_close(stream, context, status);
}

umbra_status umbra_file_check_value(const umbra_reader *reader, const umbra_context *context,
                                    const umbra_value_record *value) {
  uint32_t levels = umbra_context_chain(context)->levels, most = umbra_ring_n(context->ring) / 2;
  if (value->level >= levels)
    return umbra_reader_malformed(reader, "level %u does not exist: the parameters' highest is %u", value->level,
                                  levels - 1);
  if (value->slots == 0 || value->slots > most || value->slots & (value->slots - 1))
    return umbra_reader_malformed(reader, "%u slots: their number is a power of two up to %u", value->slots, most);
  if (!umbra_is_bound(value->magnitude) || !umbra_is_bound(value->error))
    return umbra_reader_malformed(reader,
                                  "the estimates of magnitude and error, %g and %g, must be finite and not "
                                  "negative",
                                  value->magnitude, value->error);
  if (value->seeded > 1 || value->reserved)
    return umbra_reader_malformed(reader, "%u and %u are no value for 'seeded' and a reserved field", value->seeded,
                                  value->reserved);
  return UMBRA_OK;
}

umbra_status umbra_file_check_held(const umbra_reader *reader, const umbra_context *context,
                                   const umbra_value_record *value) {
  const umbra_bound bound = {value->magnitude, value->error};
  if (umbra_level_can_hold(umbra_context_chain(context), value->level, bound)) return UMBRA_OK;
  return umbra_reader_malformed(reader, "a magnitude of %g with an error of %g is more than level %u can hold",
                                value->magnitude, value->error, value->level);
}

umbra_status umbra_file_save(const umbra_format *format, const void *object, const char *path,
                             const umbra_progress *progress) {
  umbra_watch watch = umbra_watch_of(progress);
  return umbra_watch_close(&watch, umbra_format_save(format, object, path, &watch));
}

umbra_status umbra_file_write(const umbra_format *format, const void *object, void *buffer, size_t *size,
                              const umbra_progress *progress) {
  umbra_watch watch = umbra_watch_of(progress);
  return umbra_watch_close(&watch, umbra_format_write(format, object, buffer, size, &watch));
}

umbra_status umbra_file_send(const umbra_format *format, const void *object, umbra_write_fn write, void *user,
                             const umbra_progress *progress) {
  umbra_watch watch = umbra_watch_of(progress);
  return umbra_watch_close(&watch, umbra_format_send(format, object, write, user, &watch));
}

static umbra_status want(umbra_wanted *wanted, const umbra_context *context) {
  if (!context) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "context is NULL");
  *wanted = (umbra_wanted){context, digest_of(context)};
  return UMBRA_OK;
}

umbra_status umbra_file_load(const umbra_format *format, void **object, const umbra_context *context, const char *path,
                             const umbra_progress *progress) {
  umbra_watch watch = umbra_watch_of(progress);
  umbra_wanted wanted;
  UMBRA_TRY(want(&wanted, context));
  return umbra_watch_close(&watch, umbra_format_load(format, object, &wanted, path, &watch));
}

umbra_status umbra_file_read(const umbra_format *format, void **object, const umbra_context *context,
                             const void *buffer, size_t size, const umbra_progress *progress) {
  umbra_watch watch = umbra_watch_of(progress);
  umbra_wanted wanted;
  UMBRA_TRY(want(&wanted, context));
  return umbra_watch_close(&watch, umbra_format_read(format, object, &wanted, buffer, size, &watch));
}

umbra_status umbra_file_receive(const umbra_format *format, void **object, const umbra_context *context,
                                umbra_read_fn read, void *user, uint64_t most, const umbra_progress *progress) {
  umbra_watch watch = umbra_watch_of(progress);
  umbra_wanted wanted;
  UMBRA_TRY(want(&wanted, context));
  return umbra_watch_close(&watch, umbra_format_receive(format, object, &wanted, read, user, most, &watch));
}
