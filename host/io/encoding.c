/* SPDX-License-Identifier: Apache-2.0 */
#include "encoding.h"

#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/text.h"

/* ---- UTF-8 ---- */

static uint8_t *put_utf8(uint8_t *to, uint32_t c) {
  if (c < 0x80) {
    *to++ = (uint8_t)c;
    return to;
  }
  const int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
  *to++ = (uint8_t)((0xffu << (7 - more) & 0xff) | c >> 6 * more);
  for (int i = more; i-- > 0;) *to++ = (uint8_t)(0x80 | (c >> 6 * i & 0x3f));
  return to;
}

/* The line of byte `at`, from 1; lines end in LF, CR LF or CR. */
static size_t line_of(const umbra_bytes *bytes, size_t at) {
  size_t line = 1;
  for (size_t i = 0; i < at; i++) line += bytes->at[i] == '\n' || (bytes->at[i] == '\r' && bytes->at[i + 1] != '\n');
  return line;
}

/* The first line that is no UTF-8, 0: all are. */
static size_t find_damage(const umbra_bytes *bytes) {
  for (size_t i = 0, length; i < bytes->size; i += length) {
    length = umbra_utf8_length(bytes->at + i, bytes->size - i);
    if (!length) return line_of(bytes, i);
  }
  return 0;
}

/* ---- conversions, into memory that is known to be enough ---- */

/* Windows-1252 from 0x80 on; 0: as in Latin-1. */
static const uint16_t windows[32] = {0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
                                     0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017d, 0,
                                     0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
                                     0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178};

static uint8_t *from_latin1(uint8_t *to, const umbra_bytes *from) {
  for (size_t i = 0; i < from->size; i++) {
    const uint8_t c = from->at[i];
    to = put_utf8(to, c >= 0x80 && c < 0xa0 && windows[c - 0x80] ? windows[c - 0x80] : c);
  }
  return to;
}

static uint32_t unit(const uint8_t *at, int big) {
  return big ? (uint32_t)at[0] << 8 | at[1] : (uint32_t)at[1] << 8 | at[0];
}

/* NULL: half of a pair is missing. */
static uint8_t *from_utf16(uint8_t *to, const umbra_bytes *from, int big) {
  for (size_t i = 0; i + 1 < from->size; i += 2) {
    uint32_t c = unit(from->at + i, big);
    if (c >> 11 == 0xd800 >> 11) {
      const uint32_t low = i + 3 < from->size ? unit(from->at + i + 2, big) : 0;
      if (c >> 10 != 0xd800 >> 10 || low >> 10 != 0xdc00 >> 10) return NULL;
      c = 0x10000 + ((c & 0x3ff) << 10 | (low & 0x3ff));
      i += 2;
    }
    to = put_utf8(to, c);
  }
  return to;
}

/* ---- which it is ---- */

typedef enum encoding { UTF_8, LATIN_1, UTF_16_LITTLE, UTF_16_BIG, UTF_32 } encoding;

static const struct {
  const char *bytes;
  size_t size;
  encoding encoding;
} marks[] = {{"\xef\xbb\xbf", 3, UTF_8},
             {"\xff\xfe\0\0", 4, UTF_32},
             {"\0\0\xfe\xff", 4, UTF_32},
             {"\xff\xfe", 2, UTF_16_LITTLE},
             {"\xfe\xff", 2, UTF_16_BIG}};

/* Without a mark: text that is mostly ASCII has a zero in every other byte, and none in the others. */
static encoding guess(const umbra_bytes *bytes) {
  enum { LOOK = 4096 };
  size_t zeros[2] = {0, 0}, size = bytes->size < LOOK ? bytes->size : LOOK;
  for (size_t i = 0; i < size; i++) zeros[i % 2] += !bytes->at[i];
  if (bytes->size % 2 == 0 && zeros[1] > size / 4 && !zeros[0]) return UTF_16_LITTLE;
  if (bytes->size % 2 == 0 && zeros[0] > size / 4 && !zeros[1]) return UTF_16_BIG;
  return UTF_8;
}

/* Never Latin-1, which only bytes that are no UTF-8 tell. */
static encoding encoding_of(size_t *mark, const umbra_bytes *bytes) {
  for (size_t m = 0; m < sizeof marks / sizeof *marks; m++) {
    *mark = marks[m].size;
    if (bytes->size >= *mark && memcmp(bytes->at, marks[m].bytes, *mark) == 0) return marks[m].encoding;
  }
  *mark = 0;
  return guess(bytes);
}

static umbra_status convert(umbra_bytes *made, const umbra_bytes *from, encoding e, const char *path) {
  if (e == UTF_32)
    return umbra_fail(UMBRA_ERROR_FORMAT, "'%s' is in UTF-32, which is not read; save it as UTF-8", path);
  if (e != LATIN_1 && from->size % 2)
    return umbra_fail(UMBRA_ERROR_FORMAT, "'%s' is in UTF-16, and ends within a character", path);
  /* A byte of Latin-1 or Windows-1252 takes up to 3, and two of UTF-16, too. */
  made->size = 3 * ((e == LATIN_1 ? from->size : from->size / 2) + 1);
  UMBRA_TRY(umbra_alloc(&made->at, made->size, 1, "the text of a table"));
  const uint8_t *end = e == LATIN_1 ? from_latin1(made->at, from) : from_utf16(made->at, from, e == UTF_16_BIG);
  if (!end) {
    umbra_bytes_clear(made);
    return umbra_fail(UMBRA_ERROR_FORMAT, "'%s' is in UTF-16, and half of a pair of units is missing", path);
  }
  made->size = (size_t)(end - made->at);
  return UMBRA_OK;
}

static int is_ending(uint8_t c) { return c == 0x1a || c == '\r' || c == '\n'; }

umbra_status umbra_text_to_utf8(umbra_bytes *bytes, size_t *latin1_line, const char *path) {
  size_t mark;
  const encoding e = encoding_of(&mark, bytes);
  const umbra_bytes text = {bytes->at + mark, bytes->size - mark};
  *latin1_line = e == UTF_8 ? find_damage(&text) : 0;
  if (*latin1_line && mark)
    return umbra_fail(UMBRA_ERROR_FORMAT,
                      "line %zu is not UTF-8, as the byte order mark says that the file is; save it as UTF-8 (in %s)",
                      *latin1_line, path);
  if (e == UTF_8 && !*latin1_line) {
    bytes->size -= mark;
    memmove(bytes->at, bytes->at + mark, bytes->size);
  } else {
    umbra_bytes made = {0};
    UMBRA_TRY(convert(&made, &text, *latin1_line ? LATIN_1 : e, path));
    umbra_bytes_clear(bytes);
    *bytes = made;
  }
  while (bytes->size && is_ending(bytes->at[bytes->size - 1])) bytes->size--;
  bytes->at[bytes->size] = 0;
  return UMBRA_OK;
}
