/* SPDX-License-Identifier: Apache-2.0 */
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

size_t umbra_utf8_length(const uint8_t *at, size_t left) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const uint8_t first = at[0];
  const size_t length = first < 0x80 ? 1 : first >> 5 == 6 ? 2 : first >> 4 == 14 ? 3 : first >> 3 == 30 ? 4 : 0;
  if (length < 2) return length;
  uint32_t c = first & (0x7fu >> length);
  for (size_t i = 1; i < length; i++) {
    if (i >= left || at[i] >> 6 != 2) return 0;
    c = c << 6 | (at[i] & 0x3f);
  }
  return c >= least[length] && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff) ? length : 0;
}

/* The number of a character of so many bytes, which are UTF-8. */
static uint32_t character(const uint8_t *at, size_t length) {
  uint32_t c = length == 1 ? at[0] : at[0] & (0x7fu >> length);
  for (size_t i = 1; i < length; i++) c = c << 6 | (at[i] & 0x3f);
  return c;
}

/* Controls of both sets, separators of lines, and marks that embed, override or isolate a direction. */
static int is_active(uint32_t c) {
  return c < ' ' || (c >= 0x7f && c < 0xa0) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

/* text: room for 8 bytes. Returns the bytes of `at` that this stands for. */
static size_t show(char text[8], const uint8_t *at, size_t left) {
  const size_t length = umbra_utf8_length(at, left);
  const uint32_t c = length ? character(at, length) : *at;
  if (!length || (is_active(c) && c < 0x80)) snprintf(text, 8, "\\x%02x", (unsigned)c);
  else if (is_active(c)) snprintf(text, 8, "\\u%04x", (unsigned)c);
  else snprintf(text, 8, "%.*s", (int)length, (const char *)at);
  return length ? length : 1;
}

void umbra_text_escape(char *to, size_t size, const char *from) {
  size_t left = from ? strlen(from) : 0, used = 0;
  char text[8];
  if (!to || !size) return;
  for (const uint8_t *at = (const uint8_t *)from; left;) {
    const size_t taken = show(text, at, left), length = strlen(text);
    if (used + length >= size) break;
    memcpy(to + used, text, length);
    used += length;
    at += taken;
    left -= taken;
  }
  to[used] = '\0';
}
