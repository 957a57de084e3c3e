/* SPDX-License-Identifier: Apache-2.0 */
#include "text.h"

#include <stdarg.h>
#include <stdio.h>

#include "error.h"

void umbra_text_put(umbra_text *out, const char *format, ...) {
  const size_t room = out->length < out->size ? out->size - out->length : 0;
  va_list args;
  va_start(args, format);
  out->length += (size_t)vsnprintf(room ? out->text + out->length : NULL, room, format, args);
  va_end(args);
}

umbra_status umbra_text_hand_out(char *text, size_t *size, umbra_text_writer *write, const void *source) {
  umbra_text out = {NULL, 0, 0};
  write(&out, source);
  const size_t given = *size;
  *size = out.length + 1;
  if (!text) return UMBRA_OK;
  if (given < *size)
    return umbra_fail(UMBRA_ERROR_RANGE, "the text has %zu bytes, and the description takes %zu", given, *size);
  out = (umbra_text){text, given, 0};
  write(&out, source);
  return UMBRA_OK;
}

/* ---- texts for people ---- */

/* The character of two or three bytes that begins here, as its number; 0: it is another one. */
static unsigned wide_character(const unsigned char *at, size_t *bytes) {
  *bytes = at[0] == 0xc2 ? 2 : 3;
  if (at[0] == 0xc2 && at[1] >> 6 == 2) return at[1];
  if (at[0] != 0xe2 || at[1] >> 6 != 2 || at[2] >> 6 != 2) return 0;
  return 0x2000u | (at[1] & 0x3fu) << 6 | (at[2] & 0x3fu);
}

/* C1 controls, separators of lines, and marks that embed, override or isolate a direction. */
static int is_active(unsigned character) {
  return (character >= 0x80 && character < 0xa0) || (character >= 0x2028 && character <= 0x202e) ||
         (character >= 0x2066 && character <= 0x2069);
}

void umbra_text_escape(char *to, size_t size, const char *from) {
  umbra_text out = {to, size, 0};
  const unsigned char *at = (const unsigned char *)from;
  for (size_t bytes = 1; *at && out.length + 1 < size; at += bytes) {
    const unsigned character = wide_character(at, &bytes);
    if (*at < ' ' || *at == 127) umbra_text_put(&out, "\\x%02x", *at);
    else if (is_active(character)) umbra_text_put(&out, "\\u%04x", character);
    else to[out.length++] = (char)*at;
    if (!is_active(character)) bytes = 1;
  }
  if (size && out.length < size) to[out.length] = '\0';
}
