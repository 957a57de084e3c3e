/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "../base/error.h"
#include "../base/structs.h"
#include "file.h"

_Static_assert((int)UMBRA_HEADER_BYTES == sizeof(umbra_header), "what callers are told to bring");

static umbra_status check_sections(umbra_reader *reader) {
  while (reader->section < reader->header.sections) UMBRA_TRY(umbra_read_skip(reader));
  return umbra_read_finish(reader);
}

/* Of a reader that is open, and is closed. */
static umbra_status inspect(umbra_file_info *info, umbra_reader *reader, int whole, umbra_watch *watch) {
  umbra_file_info found = {UMBRA_FILE_INFO_INIT};
  reader->watch = watch;
  umbra_status status = whole ? check_sections(reader) : UMBRA_OK;
  found.kind = umbra_kind_name(reader->header.kind);
  found.version = reader->header.version;
  found.bytes = reader->header.bytes;
  memcpy(found.params_digest, reader->header.digest, sizeof found.params_digest);
  memcpy(found.owner, reader->header.owner, sizeof found.owner);
  umbra_reader_close(reader);
  return status == UMBRA_OK ? UMBRA_GIVE(umbra_file_info, info, &found) : status;
}

/* Before anything is read. */
static umbra_status check_info(const umbra_file_info *info) {
  umbra_file_info given = {UMBRA_FILE_INFO_INIT};
  return UMBRA_TAKE(umbra_file_info, &given, info);
}

umbra_status umbra_file_inspect(umbra_file_info *info, const char *path, const umbra_progress *progress) {
  if (!info || !path) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_file_inspect needs an info and a path");
  umbra_reader reader;
  UMBRA_TRY(check_info(info));
  UMBRA_TRY(umbra_reader_open_file(&reader, path));
  umbra_watch watch = umbra_watch_of(progress);
  return umbra_watch_close(&watch, inspect(info, &reader, 1, &watch));
}

umbra_status umbra_buffer_inspect(umbra_file_info *info, const void *buffer, size_t size) {
  if (!info || !buffer)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_buffer_inspect needs an info and a buffer");
  umbra_reader reader;
  UMBRA_TRY(check_info(info));
  UMBRA_TRY(umbra_reader_open_beginning(&reader, buffer, size));
  return inspect(info, &reader, size >= reader.header.bytes, NULL);
}
