/* SPDX-License-Identifier: Apache-2.0 */
/* CSV, strictly: every line has as many fields as the first, every field is a decimal number. */
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "storage.h"
#include "table_file.h"

static const uint64_t max_bytes = (uint64_t)1 << 32;

/* Decimal points are points, whatever the program's locale is. */
static umbra_status in_c_locale(umbra_status (*work)(void *), void *argument) {
  locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (!c) return umbra_fail(UMBRA_ERROR_OUT_OF_MEMORY, "cannot allocate a locale");
  locale_t before = uselocale(c);
  umbra_status status = work(argument);
  uselocale(before);
  freelocale(c);
  return status;
}

/* ---- lines and fields ---- */

typedef struct span {
  const char *begin, *end;
} span;

static int is_blank(char c) { return c == ' ' || c == '\t'; }

static span trimmed(span s) {
  while (s.begin < s.end && is_blank(*s.begin)) s.begin++;
  while (s.begin < s.end && is_blank(s.end[-1])) s.end--;
  return s;
}

typedef struct lines {
  const char *path;
  span rest;     /* of the text */
  span line;     /* the current one, without its end */
  size_t number; /* of the current one, from 1 */
} lines;

/* The next line that is no comment; 0 after the last. */
static int next_line(lines *l) {
  while (l->rest.begin < l->rest.end) {
    const char *end = memchr(l->rest.begin, '\n', (size_t)(l->rest.end - l->rest.begin));
    l->line = (span){l->rest.begin, end ? end : l->rest.end};
    l->rest.begin = end ? end + 1 : l->rest.end;
    l->number++;
    if (l->line.begin < l->line.end && l->line.end[-1] == '\r') l->line.end--;
    if (l->line.begin == l->line.end || *l->line.begin != '#') return 1;
  }
  return 0;
}

/* Takes a field off a line; 0 after the last one, which leaves rest->begin NULL. Commas in quotes are text. */
static int next_field(span *field, span *rest) {
  if (!rest->begin) return 0;
  int quoted = 0;
  const char *at = rest->begin;
  for (; at < rest->end && (quoted || *at != ','); at++) quoted ^= *at == '"';
  *field = trimmed((span){rest->begin, at});
  rest->begin = at < rest->end ? at + 1 : NULL;
  return 1;
}

static size_t count_fields(span line) {
  span field;
  size_t count = 0;
  while (next_field(&field, &line)) count++;
  return count;
}

/* ---- numbers ---- */

static int is_word(span field, const char *word) {
  size_t length = strlen(word);
  return (size_t)(field.end - field.begin) == length && strncasecmp(field.begin, word, length) == 0;
}

static int is_not_finite(span field) {
  if (field.begin < field.end && (*field.begin == '+' || *field.begin == '-')) field.begin++;
  return is_word(field, "nan") || is_word(field, "inf") || is_word(field, "infinity");
}

/* A decimal number; infinite ones and NaN count, so that the caller can say what is wrong with them. */
static int parse(double *value, span field) {
  if (is_not_finite(field)) {
    *value = NAN;
    return 1;
  }
  for (const char *at = field.begin; at < field.end; at++)
    if (!*at || !strchr("0123456789+-.eE", *at)) return 0;
  if (field.begin == field.end) return 0;
  char *end;
  *value = strtod(field.begin, &end);
  return end == field.end;
}

static umbra_status not_a_number(const lines *l, size_t column, span field) {
  if (field.begin == field.end)
    return umbra_fail(UMBRA_ERROR_FORMAT, "line %zu, column %zu: a value is missing (in %s)", l->number, column,
                      l->path);
  char shown[33];
  size_t length = 0;
  for (; length < sizeof shown - 1 && field.begin < field.end; field.begin++)
    shown[length++] = *field.begin >= ' ' && *field.begin <= '~' ? *field.begin : '?';
  shown[length] = '\0';
  return umbra_fail(UMBRA_ERROR_FORMAT,
                    "line %zu, column %zu: '%s%s' is not a number; fields are separated by commas (in %s)", l->number,
                    column, shown, field.begin < field.end ? "..." : "", l->path);
}

static umbra_status fill_line(double *values, const lines *l) {
  span field, rest = l->line;
  for (size_t column = 1; next_field(&field, &rest); column++, values++) {
    if (!parse(values, field)) return not_a_number(l, column, field);
    if (!isfinite(*values))
      return umbra_fail(UMBRA_ERROR_RANGE, "line %zu, column %zu: the value is not finite (in %s)", l->number, column,
                        l->path);
  }
  return UMBRA_OK;
}

static int is_header(span line) {
  span field;
  double value;
  while (next_field(&field, &line))
    if (parse(&value, field)) return 0;
  return 1;
}

/* ---- the header's names ---- */

static span unquoted(span field) {
  if (field.end - field.begin < 2 || *field.begin != '"' || field.end[-1] != '"') return field;
  return (span){field.begin + 1, field.end - 1};
}

/* Writes a field with its zero, and returns what comes after: never more than the field and its comma. */
static char *put_name(char *at, span field) {
  span name = unquoted(field);
  int quoted = name.begin != field.begin;
  for (const char *from = name.begin; from < name.end; from++) {
    if (quoted && *from == '"' && from + 1 < name.end && from[1] == '"') from++; /* a quote in quotes is doubled */
    if (*from) *at++ = *from;
  }
  *at = '\0';
  return at + 1;
}

static umbra_status read_names(char **names, span header) {
  span field;
  char *at;
  UMBRA_TRY(umbra_alloc(&at, (size_t)(header.end - header.begin) + 1, 1, "the header of a table"));
  *names = at;
  while (next_field(&field, &header)) at = put_name(at, field);
  return UMBRA_OK;
}

/* ---- reading ---- */

/* Counts rows, and columns unless a header did; only when all lines agree is memory taken for their product. */
static umbra_status measure(size_t *rows, size_t *columns, lines l) {
  for (*rows = 0; next_line(&l); ++*rows) {
    size_t fields = count_fields(l.line);
    if (*columns == 0) *columns = fields;
    if (fields != *columns)
      return umbra_fail(UMBRA_ERROR_FORMAT, "line %zu has %zu fields; the lines before have %zu (in %s)", l.number,
                        fields, *columns, l.path);
  }
  if (*rows == 0) return umbra_fail(UMBRA_ERROR_FORMAT, "there is no line of numbers (in %s)", l.path);
  return UMBRA_OK;
}

static umbra_status fill(umbra_table *table, lines l) {
  for (size_t row = 0; next_line(&l); row++) UMBRA_TRY(fill_line(table->values + row * table->columns, &l));
  return UMBRA_OK;
}

static umbra_status read_origin(umbra_table_origin *origin, span header, size_t rows, lines l) {
  if (header.begin) UMBRA_TRY(read_names(&origin->names, header));
  UMBRA_TRY(umbra_alloc(&origin->lines, rows, sizeof *origin->lines, "the lines of a table"));
  for (size_t row = 0; next_line(&l); row++) origin->lines[row] = l.number;
  return UMBRA_OK;
}

typedef struct reading {
  umbra_table *table;
  umbra_table_origin *origin; /* or NULL */
  lines lines;
} reading;

static umbra_status read_text(void *argument) {
  reading *r = argument;
  size_t rows, columns = 0;
  lines after_header = r->lines;
  span header = {0};
  if (next_line(&after_header) && is_header(after_header.line)) {
    r->lines = after_header;
    header = after_header.line;
    columns = count_fields(header);
  }
  UMBRA_TRY(measure(&rows, &columns, r->lines));
  umbra_table made;
  umbra_table_origin origin = {0};
  UMBRA_TRY(umbra_table_make(&made, rows, columns));
  umbra_status status = fill(&made, r->lines);
  if (status == UMBRA_OK && r->origin) status = read_origin(&origin, header, rows, r->lines);
  if (status != UMBRA_OK) {
    umbra_table_clear(&made);
    umbra_table_origin_clear(&origin);
    return status;
  }
  *r->table = made;
  if (r->origin) *r->origin = origin;
  return UMBRA_OK;
}

/* Without a byte order mark, and without the blank lines at the end. */
static span contents(const char *text, size_t bytes) {
  span s = {text, text + bytes};
  if (bytes >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) s.begin += 3;
  while (s.begin < s.end && (is_blank(s.end[-1]) || s.end[-1] == '\r' || s.end[-1] == '\n')) s.end--;
  return s;
}

umbra_status umbra_csv_read(umbra_table *table, umbra_table_origin *origin, int file, uint64_t bytes,
                            const char *path) {
  if (bytes > max_bytes)
    return umbra_fail(UMBRA_ERROR_FORMAT,
                      "'%s' has %" PRIu64 " bytes, more than a .csv file may have: %" PRIu64 "; use .npy", path, bytes,
                      max_bytes);
  char *text;
  UMBRA_TRY(umbra_alloc(&text, bytes + 1, 1, "the text of a table")); /* the zero at the end stops strtod */
  umbra_status status = umbra_storage_read(file, text, bytes, path);
  if (status == UMBRA_OK)
    status = in_c_locale(read_text, &(reading){table, origin, {.path = path, .rest = contents(text, bytes)}});
  umbra_free(text);
  return status;
}

/* ---- writing ---- */

typedef struct csv_output {
  int file;
  const umbra_table *table;
  size_t used;
  char text[8192];
} csv_output;

static umbra_status flush(csv_output *out) {
  size_t used = out->used;
  out->used = 0;
  return umbra_storage_write(out->file, out->text, used);
}

static umbra_status write_text(void *argument) {
  enum { LONGEST_FIELD = 32 };
  csv_output *out = argument;
  const umbra_table *table = out->table;
  for (size_t i = 0; i < table->rows * table->columns; i++) {
    if (out->used > sizeof out->text - LONGEST_FIELD) UMBRA_TRY(flush(out));
    out->used += (size_t)snprintf(out->text + out->used, LONGEST_FIELD, "%.17g%c", table->values[i],
                                  (i + 1) % table->columns ? ',' : '\n');
  }
  return flush(out);
}

umbra_status umbra_csv_write(int file, const umbra_table *table) {
  csv_output out = {.file = file, .table = table};
  return in_c_locale(write_text, &out);
}
