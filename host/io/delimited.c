/* SPDX-License-Identifier: Apache-2.0 */
#include "delimited.h"

#include <string.h>

#include "../base/arrays.h"
#include "../base/error.h"
#include "../base/memory.h"

void umbra_delimited_clear(umbra_delimited *text) {
  umbra_free(text->field);
  text->field = NULL;
  text->count = text->room = 0;
}

/* ---- characters ---- */

static int is_line_end(char c) { return c == '\n' || c == '\r'; }
static int is_blank(const umbra_delimited *t, char c) { return c == ' ' || (c == '\t' && t->separator != '\t'); }
static int at_line_end(const umbra_delimited *t) { return t->at == t->end || is_line_end(*t->at); }

static void skip_blanks(umbra_delimited *t) {
  while (t->at < t->end && is_blank(t, *t->at)) t->at++;
}

/* CR LF is one. */
static void skip_line_end(umbra_delimited *t) {
  if (t->at == t->end) return;
  t->at += *t->at == '\r' && t->at + 1 < t->end && t->at[1] == '\n' ? 2 : 1;
  t->next_line++;
}

/* What a spreadsheet writes where a formula failed, or for a missing value: no comment, though it begins with '#'. */
static int at_error_value(const umbra_delimited *t) {
  umbra_span cell = {t->at, 0};
  while (t->at + cell.length < t->end && !is_line_end(t->at[cell.length]) && t->at[cell.length] != t->separator)
    cell.length++;
  cell = umbra_span_trimmed(cell);
  return umbra_cell_is_error_value(cell) || umbra_cell_is_missing(cell);
}

static int skip_comment(umbra_delimited *t) {
  if (t->at == t->end || *t->at != '#' || at_error_value(t)) return 0;
  while (!at_line_end(t)) t->at++;
  skip_line_end(t);
  t->comments++;
  return 1;
}

/* ---- fields ---- */

static umbra_status add_field(umbra_delimited *t, umbra_field field) {
  if (t->count == UMBRA_COLUMNS_MOST)
    return umbra_fail(UMBRA_ERROR_RANGE, "line %zu has more than the %d fields that can be read; use .npy (in %s)",
                      t->line, UMBRA_COLUMNS_MOST, t->path);
  UMBRA_TRY(umbra_make_room(&t->field, &t->room, t->count, sizeof field, "the fields of a record"));
  t->field[t->count++] = field;
  return UMBRA_OK;
}

/* From the character after the first quote to the one after the last. */
static umbra_status take_quoted(umbra_delimited *t, umbra_field *field) {
  *field = (umbra_field){.text = {t->at, 0}, .quoted = 1};
  for (; t->at < t->end; t->at++) {
    if (*t->at == '"') {
      if (t->at + 1 == t->end || t->at[1] != '"') {
        field->text.length = (size_t)(t->at++ - field->text.at);
        return UMBRA_OK;
      }
      field->doubled = 1;
      t->at++;
    } else if (*t->at == '\n' || (*t->at == '\r' && (t->at + 1 == t->end || t->at[1] != '\n'))) {
      t->next_line++;
    }
  }
  return umbra_fail(UMBRA_ERROR_FORMAT, "line %zu, column %zu: a quote begins here and does not end (in %s)", t->line,
                    t->count + 1, t->path);
}

static int at_field_end(const umbra_delimited *t) {
  return at_line_end(t) || *t->at == t->separator || (t->separator == ' ' && *t->at == '\t');
}

static void take_bare(umbra_delimited *t, umbra_field *field) {
  *field = (umbra_field){.text = {t->at, 0}};
  while (!at_field_end(t)) t->at++;
  field->text.length = (size_t)(t->at - field->text.at);
}

static umbra_status take_field(umbra_delimited *t) {
  umbra_field field;
  skip_blanks(t);
  if (t->at == t->end || *t->at != '"') {
    take_bare(t, &field);
  } else {
    t->at++;
    UMBRA_TRY(take_quoted(t, &field));
    const char *after = t->at;
    skip_blanks(t);
    if (!at_field_end(t) && !(t->separator == ' ' && t->at > after))
      return umbra_fail(UMBRA_ERROR_FORMAT,
                        "line %zu, column %zu: something follows the end of a quoted text; quotes within quotes are "
                        "doubled (in %s)",
                        t->line, t->count + 1, t->path);
  }
  field.text = umbra_span_trimmed(field.text);
  return add_field(t, field);
}

/* Up to the end of the record's last line. */
static umbra_status take_record(umbra_delimited *t) {
  t->count = 0;
  t->line = t->next_line;
  for (;;) {
    UMBRA_TRY(take_field(t));
    if (t->separator == ' ') skip_blanks(t);
    if (at_line_end(t)) break;
    if (t->separator != ' ') t->at++;
  }
  skip_line_end(t);
  return UMBRA_OK;
}

static int is_empty(const umbra_delimited *t) {
  for (size_t i = 0; i < t->count; i++)
    if (t->field[i].text.length || t->field[i].quoted) return 0;
  return 1;
}

umbra_status umbra_delimited_next(umbra_delimited *text, int *more) {
  for (*more = 0; text->at < text->end && !*more;) {
    if (skip_comment(text)) continue;
    UMBRA_TRY(take_record(text));
    *more = !is_empty(text);
    text->empties += !*more && text->count > 1;
  }
  return UMBRA_OK;
}

umbra_span umbra_field_plain(const umbra_field *field) {
  umbra_span plain = {field->text.at, 0};
  if (!field->doubled) return field->text;
  char *to = (char *)field->text.at;
  for (size_t i = 0; i < field->text.length; i++) {
    to[plain.length++] = field->text.at[i];
    if (field->text.at[i] == '"' && i + 1 < field->text.length && field->text.at[i + 1] == '"') i++;
  }
  return plain;
}

/* ---- which separator it is ---- */

enum { SAMPLE = 100 };

/* What the first records are by one separator. */
typedef struct sample {
  size_t fields[SAMPLE], records; /* of each record */
  size_t numbers, values;         /* cells */
} sample;

static void count_cells(sample *s, const umbra_delimited *t) {
  double value;
  for (size_t i = 0; i < t->count; i++) {
    const umbra_span cell = t->field[i].text;
    if (!cell.length) continue;
    s->values++;
    s->numbers +=
        umbra_cell_number(&value, cell, '.') || umbra_cell_number(&value, cell, ',') || umbra_cell_is_missing(cell);
  }
}

/* A record that cannot be read ends it: the reading itself will say what is wrong. */
static umbra_status take_sample(sample *s, umbra_delimited t) {
  int more = 1;
  umbra_status status = UMBRA_OK;
  *s = (sample){0};
  while (s->records < SAMPLE) {
    status = umbra_delimited_next(&t, &more);
    if (status != UMBRA_OK || !more) break;
    s->fields[s->records++] = t.count;
    count_cells(s, &t);
  }
  umbra_delimited_clear(&t);
  return status == UMBRA_ERROR_OUT_OF_MEMORY ? status : UMBRA_OK;
}

/* Records of the most frequent number of fields, if that is more than one. */
static size_t count_alike(const sample *s) {
  size_t best = 0;
  for (size_t i = 0; i < s->records; i++) {
    size_t alike = 0;
    for (size_t k = 0; k < s->records; k++) alike += s->fields[k] == s->fields[i];
    if (s->fields[i] > 1 && alike > best) best = alike;
  }
  return best;
}

/* Above 0 if at least half of the records agree: more for those that do, and for cells that are numbers. */
static double judge(const sample *s, char separator) {
  const size_t alike = count_alike(s);
  const double often = separator == ' ' ? 0.8 : 1; /* blanks are in texts, too */
  if (2 * alike < s->records || !s->values) return 0;
  return often * (double)alike / (double)s->records * (0.5 + (double)s->numbers / (double)s->values);
}

umbra_status umbra_delimited_detect(char *separator, const umbra_delimited *text) {
  static const char candidates[] = {',', ';', '\t', '|', ' '};
  double best = 0;
  *separator = ',';
  for (size_t i = 0; i < sizeof candidates; i++) {
    sample s;
    umbra_delimited by = *text;
    by.separator = candidates[i];
    by.field = NULL;
    by.room = 0;
    UMBRA_TRY(take_sample(&s, by));
    const double score = judge(&s, candidates[i]);
    if (score <= best) continue;
    best = score;
    *separator = candidates[i];
  }
  return UMBRA_OK;
}
