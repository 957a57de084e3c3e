/* SPDX-License-Identifier: Apache-2.0 */
#include "format.h"

#include "../base/error.h"
#include "storage.h"

/* ---- saving ---- */

static umbra_status count(umbra_writer *writer, const umbra_format *format, const void *object) {
  if (sodium_init() < 0) return umbra_fail(UMBRA_ERROR_INTERNAL, "libsodium could not be initialised");
  umbra_writer_count(writer, format->kind);
  return format->save(writer, object);
}

/* The second pass, to a file or to memory. */
static umbra_status write_counted(umbra_writer *writer, const umbra_format *format, const void *object, int file,
                                  void *memory) {
  umbra_status status = umbra_writer_start(writer, file, memory);
  if (status == UMBRA_OK) status = format->save(writer, object);
  sodium_memzero(writer, sizeof *writer);
  return status;
}

typedef struct saving {
  const umbra_format *format;
  const void *object;
  umbra_writer writer;
} saving;

static umbra_status write_file(int file, void *argument) {
  saving *s = argument;
  return write_counted(&s->writer, s->format, s->object, file, NULL);
}

static umbra_status check_folder(const umbra_format *format, const char *path) {
  if (!format->apart) return UMBRA_OK;
  int found;
  char name[UMBRA_STORAGE_NAME_BYTES];
  UMBRA_TRY(umbra_storage_find(&found, name, path, format->apart));
  if (!found) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                    "'%s' would lie beside '%s'; secret keys and what is given away need separate folders", path, name);
}

umbra_status umbra_format_save(const umbra_format *format, const void *object, const char *path) {
  if (!object || !path) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s is NULL", object ? "path" : "object");
  UMBRA_TRY(check_folder(format, path));
  saving s = {.format = format, .object = object};
  UMBRA_TRY(count(&s.writer, format, object));
  return umbra_storage_replace(path, format->secret, write_file, &s);
}

umbra_status umbra_format_try(const umbra_format *format, const char *path) {
  UMBRA_TRY(umbra_storage_try(path));
  return check_folder(format, path);
}

umbra_status umbra_format_write(const umbra_format *format, const void *object, void *buffer, size_t *size) {
  if (!object || !size) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s is NULL", object ? "size" : "object");
  umbra_writer writer;
  UMBRA_TRY(count(&writer, format, object));
  size_t room = *size, needed = (size_t)writer.header.bytes;
  *size = needed;
  if (!buffer) return UMBRA_OK;
  if (room < needed)
    return umbra_fail(UMBRA_ERROR_RANGE, "the buffer has %zu bytes; this object (%s) needs %zu", room,
                      umbra_kind_name(format->kind), needed);
  return write_counted(&writer, format, object, -1, buffer);
}

/* ---- loading ---- */

/* Takes over the open reader. */
static umbra_status load(umbra_reader *reader, const umbra_format *format, void **object, const void *argument,
                         const uint8_t *digest) {
  void *made = NULL;
  umbra_status status = umbra_reader_expect(reader, format->kind, digest);
  if (status == UMBRA_OK) status = format->load(reader, argument, &made);
  if (status == UMBRA_OK) status = umbra_read_finish(reader);
  umbra_reader_close(reader);
  if (status == UMBRA_OK) *object = made;
  else if (made) format->destroy(made);
  return status;
}

umbra_status umbra_format_load(const umbra_format *format, void **object, const void *argument, const uint8_t *digest,
                               const char *path) {
  if (!object || !path) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s is NULL", object ? "path" : "object");
  if (sodium_init() < 0) return umbra_fail(UMBRA_ERROR_INTERNAL, "libsodium could not be initialised");
  umbra_reader reader;
  UMBRA_TRY(umbra_reader_open_file(&reader, path));
  return load(&reader, format, object, argument, digest);
}

umbra_status umbra_format_read(const umbra_format *format, void **object, const void *argument, const uint8_t *digest,
                               const void *buffer, size_t size) {
  if (!object || !buffer) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s is NULL", object ? "buffer" : "object");
  umbra_reader reader;
  UMBRA_TRY(umbra_reader_open_memory(&reader, buffer, size));
  return load(&reader, format, object, argument, digest);
}
