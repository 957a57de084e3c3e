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

/* The second pass. digest: of the container; NULL: nobody asks. */
static umbra_status write_counted(umbra_writer *writer, const umbra_format *format, const void *object,
                                  const umbra_sink *sink, uint8_t *digest, umbra_watch *watch) {
  umbra_status status = umbra_writer_start(writer, sink, watch);
  if (status == UMBRA_OK) status = format->save(writer, object);
  if (status == UMBRA_OK && digest) crypto_generichash_final(&writer->digest, digest, UMBRA_CONTAINER_DIGEST_BYTES);
  sodium_memzero(writer, sizeof *writer);
  return status;
}

typedef struct saving {
  const umbra_format *format;
  const void *object;
  uint8_t *digest;
  umbra_watch *watch;
  umbra_writer writer;
} saving;

static umbra_status write_file(int file, void *argument) {
  saving *s = argument;
  const umbra_sink sink = umbra_sink_to_file(file);
  return write_counted(&s->writer, s->format, s->object, &sink, s->digest, s->watch);
}

static int is_secret(const umbra_format *format, const void *object) {
  return format->secret || (format->is_secret && format->is_secret(object));
}

static umbra_status check_folder(const umbra_format *format, const void *object, const char *path) {
  if (!format->apart || (format->is_secret && !format->is_secret(object))) return UMBRA_OK;
  int found;
  char name[UMBRA_STORAGE_NAME_BYTES];
  UMBRA_TRY(umbra_storage_find(&found, name, path, format->apart));
  if (!found) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                    "'%s' would lie beside '%s'; secrets and what is given away need separate folders", path, name);
}

umbra_status umbra_format_save(const umbra_format *format, const void *object, const char *path, umbra_watch *watch) {
  return umbra_format_save_digest(format, object, path, NULL, watch);
}

umbra_status umbra_format_save_digest(const umbra_format *format, const void *object, const char *path, uint8_t *digest,
                                      umbra_watch *watch) {
  if (!object || !path) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s is NULL", object ? "path" : "object");
  UMBRA_TRY(check_folder(format, object, path));
  saving s = {.format = format, .object = object, .digest = digest, .watch = watch};
  UMBRA_TRY(count(&s.writer, format, object));
  return umbra_storage_replace(path, is_secret(format, object), write_file, &s);
}

umbra_status umbra_format_try(const umbra_format *format, const char *path) {
  UMBRA_TRY(umbra_storage_try(path));
  return check_folder(format, NULL, path);
}

umbra_status umbra_format_write(const umbra_format *format, const void *object, void *buffer, size_t *size,
                                umbra_watch *watch) {
  if (!object || !size) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s is NULL", object ? "size" : "object");
  umbra_writer writer;
  UMBRA_TRY(count(&writer, format, object));
  size_t room = *size, needed = (size_t)writer.header.bytes;
  *size = needed;
  if (!buffer) return UMBRA_OK;
  if (room < needed)
    return umbra_fail(UMBRA_ERROR_RANGE, "the buffer has %zu bytes; this object (%s) needs %zu", room,
                      umbra_kind_name(format->kind), needed);
  const umbra_sink sink = umbra_sink_to_memory(buffer);
  return write_counted(&writer, format, object, &sink, NULL, watch);
}

umbra_status umbra_format_send(const umbra_format *format, const void *object, umbra_write_fn write, void *user,
                               umbra_watch *watch) {
  if (!object || !write) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s is NULL", object ? "write" : "object");
  umbra_writer writer;
  UMBRA_TRY(count(&writer, format, object));
  const umbra_sink sink = umbra_sink_to_callback(write, user);
  return write_counted(&writer, format, object, &sink, NULL, watch);
}

static int drop(void *user, const void *bytes, size_t count) {
  (void)user;
  (void)bytes;
  (void)count;
  return 0;
}

umbra_status umbra_format_digest(const umbra_format *format, const void *object, uint8_t *digest, umbra_watch *watch) {
  umbra_writer writer;
  UMBRA_TRY(count(&writer, format, object));
  const umbra_sink nowhere = umbra_sink_to_callback(drop, NULL);
  return write_counted(&writer, format, object, &nowhere, digest, watch);
}

/* ---- loading ---- */

static umbra_status prepare(void *const *object, const void *source, const char *name) {
  if (!object || !source) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s is NULL", object ? name : "object");
  return sodium_init() < 0 ? umbra_fail(UMBRA_ERROR_INTERNAL, "libsodium could not be initialised") : UMBRA_OK;
}

/* Takes over the open reader. */
static umbra_status load(umbra_reader *reader, const umbra_format *format, void **object, const umbra_wanted *wanted,
                         umbra_watch *watch) {
  void *made = NULL;
  reader->watch = watch;
  umbra_status status = umbra_reader_expect(reader, format->kind, wanted->digest);
  if (status == UMBRA_OK) status = format->load(reader, wanted->argument, &made);
  if (status == UMBRA_OK) status = umbra_read_finish(reader);
  umbra_reader_close(reader);
  if (status == UMBRA_OK) *object = made;
  else if (made) format->destroy(made);
  return status;
}

umbra_status umbra_format_load(const umbra_format *format, void **object, const umbra_wanted *wanted, const char *path,
                               umbra_watch *watch) {
  umbra_reader reader;
  UMBRA_TRY(prepare(object, path, "path"));
  UMBRA_TRY(umbra_reader_open_file(&reader, path));
  return load(&reader, format, object, wanted, watch);
}

umbra_status umbra_format_read(const umbra_format *format, void **object, const umbra_wanted *wanted,
                               const void *buffer, size_t size, umbra_watch *watch) {
  umbra_reader reader;
  UMBRA_TRY(prepare(object, buffer, "buffer"));
  UMBRA_TRY(umbra_reader_open_memory(&reader, buffer, size));
  return load(&reader, format, object, wanted, watch);
}

umbra_status umbra_format_receive(const umbra_format *format, void **object, const umbra_wanted *wanted,
                                  umbra_read_fn read, void *user, uint64_t most, umbra_watch *watch) {
  umbra_reader reader;
  UMBRA_TRY(prepare(object, read ? "" : NULL, "read"));
  UMBRA_TRY(umbra_reader_open_callback(&reader, read, user, most));
  return load(&reader, format, object, wanted, watch);
}
