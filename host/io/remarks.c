/* SPDX-License-Identifier: Apache-2.0 */
#include "remarks.h"

#include <sodium.h>
#include <string.h>
#include <strings.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "encoding.h"
#include "grid.h"
#include "storage.h"

/* ---- writing ---- */

umbra_status umbra_remark_write(int file, const char *mark, const char *text) {
  UMBRA_TRY(umbra_storage_write(file, mark, strlen(mark)));
  UMBRA_TRY(umbra_storage_write(file, text, strlen(text)));
  return umbra_storage_write(file, "\n", 1);
}

umbra_status umbra_remark_write_bytes(int file, const char *mark, const uint8_t *bytes, size_t count) {
  char digits[129];
  return umbra_remark_write(file, mark, sodium_bin2hex(digits, sizeof digits, bytes, count));
}

/* ---- reading ---- */

const char *umbra_remark_text(const char *line, const char *mark) {
  const size_t length = strlen(mark);
  return strncmp(line, mark, length) == 0 ? line + length : NULL;
}

umbra_status umbra_remark_bytes(uint8_t *bytes, size_t count, const char *text) {
  size_t got;
  const char *end;
  if (sodium_hex2bin(bytes, count, text, strlen(text), NULL, &got, &end) == 0 && got == count && !*end) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_FORMAT, "'%.80s' is no digest of %zu bytes", text, count);
}

static umbra_status take_lines(char *text, umbra_remark_taker *take, void *user) {
  static const char blanks[] = " \t\r\n";
  for (text += strspn(text, blanks); *text == '#'; text += strspn(text, blanks)) {
    const char *line = text;
    text += strcspn(text, "\r\n");
    if (*text) *text++ = '\0';
    UMBRA_TRY(take(user, line));
  }
  return UMBRA_OK;
}

umbra_status umbra_remarks_read(const char *path, umbra_remark_taker *take, void *user) {
  static const uint64_t most = (uint64_t)1 << 28;
  umbra_bytes bytes = {0};
  size_t latin1_line;
  if (!umbra_path_is_text(path)) return UMBRA_OK;
  UMBRA_TRY(umbra_input_read(&bytes, path, most));
  umbra_status status = umbra_text_to_utf8(&bytes, &latin1_line, path);
  if (status == UMBRA_OK && latin1_line)
    status = umbra_fail(UMBRA_ERROR_FORMAT, "line %zu is no UTF-8, in which Umbra writes tables", latin1_line);
  if (status == UMBRA_OK) status = take_lines((char *)bytes.at, take, user);
  if (status != UMBRA_OK) status = umbra_fail(status, "%s (in %s)", umbra_last_error(), path);
  umbra_bytes_clear(&bytes);
  return status;
}

int umbra_path_keeps_remarks(const char *path) {
  const size_t length = strlen(path);
  return length >= 4 && strcasecmp(path + length - 4, ".csv") == 0;
}
