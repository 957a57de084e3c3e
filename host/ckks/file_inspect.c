/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "file.h"

static umbra_status check_sections(umbra_reader *reader) {
  while (reader->section < reader->header.sections) UMBRA_TRY(umbra_read_skip(reader));
  return umbra_read_finish(reader);
}

umbra_status umbra_file_inspect(umbra_file_info *info, const char *path) {
  if (!info || !path || info->struct_size != sizeof *info)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "umbra_file_inspect needs a path and an info with UMBRA_FILE_INFO_INIT");
  umbra_reader reader;
  UMBRA_TRY(umbra_reader_open_file(&reader, path));
  umbra_status status = check_sections(&reader);
  if (status == UMBRA_OK) {
    info->kind = umbra_kind_name(reader.header.kind);
    info->version = reader.header.version;
    info->bytes = reader.header.bytes;
    memcpy(info->params_digest, reader.header.digest, sizeof info->params_digest);
    memcpy(info->owner, reader.header.owner, sizeof info->owner);
  }
  umbra_reader_close(&reader);
  return status;
}
