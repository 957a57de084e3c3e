/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "../base/error.h"
#include "../base/structs.h"
#include "file.h"

static umbra_status check_sections(umbra_reader *reader) {
  while (reader->section < reader->header.sections) UMBRA_TRY(umbra_read_skip(reader));
  return umbra_read_finish(reader);
}

umbra_status umbra_file_inspect(umbra_file_info *info, const char *path) {
  if (!info || !path) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_file_inspect needs an info and a path");
  umbra_file_info found = {UMBRA_FILE_INFO_INIT};
  UMBRA_TRY(UMBRA_TAKE(umbra_file_info, &found, info));
  umbra_reader reader;
  UMBRA_TRY(umbra_reader_open_file(&reader, path));
  umbra_status status = check_sections(&reader);
  found.kind = umbra_kind_name(reader.header.kind);
  found.version = reader.header.version;
  found.bytes = reader.header.bytes;
  memcpy(found.params_digest, reader.header.digest, sizeof found.params_digest);
  memcpy(found.owner, reader.header.owner, sizeof found.owner);
  umbra_reader_close(&reader);
  return status == UMBRA_OK ? UMBRA_GIVE(umbra_file_info, info, &found) : status;
}
