/* SPDX-License-Identifier: Apache-2.0 */
/* Delimited text as a grid: what its separators, header and decimal marks are, and then its cells. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "delimited.h"
#include "encoding.h"
#include "grid.h"
#include "schema.h"
#include "table_file.h"

enum { LOOK = 100 };

typedef struct reading {
  const umbra_table_options *options;
  const umbra_schema *schema; /* or NULL */
  umbra_delimited text;       /* from the first record after the header on */
  umbra_delimited header;     /* stands on the first record, whose fields are the names; count 0: there is none */
  size_t columns;
  size_t row_names; /* 1: the first column has no name in the header */
  size_t repeats;   /* of the header, among the records */
  int has_words;    /* the header: no record can be the same, and numbers may be names of columns */
  char mark;
} reading;

/* ---- what comes first ---- */

/* A line "sep=;", as a spreadsheet writes it; an option goes before. */
static char take_directive(umbra_delimited *t) {
  if (t->end - t->at < 5 || memcmp(t->at, "sep=", 4) != 0) return 0;
  const char separator = t->at[4], *rest = t->at + 5;
  if (rest < t->end && *rest != '\n' && *rest != '\r') return 0;
  while (rest < t->end && (*rest == '\n' || *rest == '\r')) rest++;
  t->at = rest;
  t->next_line++;
  return separator;
}

static void skip_lines(umbra_delimited *t, uint32_t lines) {
  for (; lines-- > 0 && t->at < t->end; t->next_line++) {
    while (t->at < t->end && *t->at != '\n' && *t->at != '\r') t->at++;
    if (t->at + 1 < t->end && *t->at == '\r' && t->at[1] == '\n') t->at++;
    if (t->at < t->end) t->at++;
  }
}

static int is_separator(char c) { return c && strchr(",;\t| ", c); }

static umbra_status choose_separator(reading *r) {
  const char given = take_directive(&r->text);
  skip_lines(&r->text, r->options->skip);
  r->text.separator = r->options->separator ? r->options->separator : given;
  if (!r->text.separator) return umbra_delimited_detect(&r->text.separator, &r->text);
  return is_separator(r->text.separator)
             ? UMBRA_OK
             : umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                          "--separator: '%c' is none of comma, semicolon, tab, | and blanks", r->text.separator);
}

/* ---- whether there is a header ---- */

static int is_number(double *value, umbra_span cell) {
  return (umbra_cell_number(value, cell, '.') || umbra_cell_number(value, cell, ',')) && isfinite(*value);
}

/* What the records after the first one say about a column. */
typedef struct column_look {
  size_t numbers, values, fractions, quoted; /* quoted: of the numbers */
} column_look;

static void look_at_record(column_look *look, size_t columns, const umbra_delimited *t) {
  for (size_t c = 0; c < columns && c < t->count; c++) {
    double value;
    if (umbra_cell_is_missing(t->field[c].text)) continue;
    look[c].values++;
    if (!is_number(&value, t->field[c].text)) continue;
    look[c].numbers++;
    look[c].fractions += value != rint(value);
    look[c].quoted += (size_t)t->field[c].quoted;
  }
}

/* Texts over numbers, of which none looks like a damaged number. */
static int has_names_over_numbers(const umbra_delimited *first, const column_look *look) {
  int names = 0;
  for (size_t c = 0; c < first->count; c++) {
    double value;
    const umbra_span cell = first->field[c].text;
    if (is_number(&value, cell) || umbra_cell_is_missing(cell)) continue;
    if (umbra_cell_diagnosis(cell, 1)) return 0;
    names |= 2 * look[c].numbers > look[c].values;
  }
  return names;
}

/* Everything in quotes, over numbers without. */
static int is_quoted_over_numbers(const umbra_delimited *first, const column_look *look) {
  int numbers = 0, quoted = 1;
  for (size_t c = 0; c < first->count; c++) {
    quoted &= first->field[c].quoted && !look[c].quoted;
    numbers |= look[c].numbers > 0;
  }
  return quoted && numbers;
}

/* How likely it is that a record of whole numbers has the names of columns. */
typedef enum name_guess { NO_NAMES, PERHAPS_NAMES, NAMES } name_guess;

/*
 * Numbers that rise by one from column to column are names that were never given, if there are many, or a column below
 * has fractions; others may be names if all columns but one, which may be the label, have fractions.
 */
static name_guess guess_names(const umbra_delimited *first, const column_look *look) {
  enum { MANY = 5 };
  double begin = 0, value;
  size_t fractions = 0;
  int rises = 1;
  for (size_t c = 0; c < first->count; c++) {
    if (!is_number(&value, first->field[c].text) || value != rint(value)) return NO_NAMES;
    if (c == 0) begin = value;
    rises &= value == begin + (double)c;
    fractions += look[c].values && 2 * look[c].fractions > look[c].values;
  }
  if (first->count < 2) return NO_NAMES;
  if (rises) return fractions || (begin == 0 && first->count >= MANY) ? NAMES : PERHAPS_NAMES;
  return first->count > 2 && fractions + 1 >= first->count ? PERHAPS_NAMES : NO_NAMES;
}

static size_t count_numbers(const umbra_delimited *t) {
  size_t count = 0;
  double value;
  for (size_t c = 0; c < t->count; c++) count += is_number(&value, t->field[c].text);
  return count;
}

static int has_words(const umbra_delimited *t) {
  double value;
  for (size_t c = 0; c < t->count; c++)
    if (!is_number(&value, t->field[c].text) && !umbra_cell_is_missing(t->field[c].text)) return 1;
  return 0;
}

/* Numbers in quotes are names that somebody gave. */
static int is_quoted(const umbra_delimited *t) {
  for (size_t c = 0; c < t->count; c++)
    if (t->field[c].quoted && t->field[c].text.length) return 1;
  return 0;
}

static int judge_header(reading *r, const column_look *look) {
  const umbra_delimited *first = &r->header;
  const size_t numbers = count_numbers(first);
  if (!numbers || is_quoted_over_numbers(first, look)) return 1;
  const name_guess guess = r->options->header == UMBRA_HEADER_OF_WORDS ? NO_NAMES : guess_names(first, look);
  if (guess == PERHAPS_NAMES)
    umbra_table_tell(r->options,
                     "line %zu is taken for a record, although it may be a header; --header 1 says that it is",
                     first->line);
  if (guess != NAMES && !has_names_over_numbers(first, look)) return 0;
  umbra_table_tell(r->options,
                   "line %zu is taken for the header, although it has numbers; --header 0 says that there is none",
                   first->line);
  return 1;
}

/* By the records after the first, which *rest goes through. Records of other lengths are left to the reading itself. */
static umbra_status find_header(int *found, reading *r, umbra_delimited rest) {
  column_look *look = NULL;
  int more = 1;
  UMBRA_TRY(umbra_alloc(&look, r->header.count, sizeof *look, "the columns of a table"));
  umbra_status status = UMBRA_OK;
  for (size_t i = 0; i < LOOK && more && status == UMBRA_OK; i++) {
    status = umbra_delimited_next(&rest, &more);
    if (status == UMBRA_OK && more) look_at_record(look, r->header.count, &rest);
  }
  umbra_delimited_clear(&rest);
  if (status != UMBRA_ERROR_OUT_OF_MEMORY) {
    status = UMBRA_OK;
    *found = judge_header(r, look);
  }
  umbra_free(look);
  return status;
}

/* A header with one name less than the first two records have values: names of rows come first, and have no name. */
static umbra_status find_row_names(reading *r) {
  umbra_delimited rest = r->text;
  if (r->options->header == UMBRA_HEADER_OF_WORDS) return UMBRA_OK;
  int more = 1, longer = 1;
  umbra_status status = UMBRA_OK;
  rest.field = NULL;
  rest.room = 0;
  for (int i = 0; i < 2 && more && longer && status == UMBRA_OK; i++) {
    status = umbra_delimited_next(&rest, &more);
    longer = status == UMBRA_OK && more && rest.count == r->columns + 1 && rest.field[r->columns].text.length;
  }
  umbra_delimited_clear(&rest);
  r->row_names = status == UMBRA_OK && longer;
  r->columns += r->row_names;
  return status == UMBRA_ERROR_OUT_OF_MEMORY ? status : UMBRA_OK;
}

static umbra_status skip_records(reading *r, int32_t records) {
  int more = 1;
  while (records-- > 0 && more) UMBRA_TRY(umbra_delimited_next(&r->text, &more));
  return UMBRA_OK;
}

/* r->text goes on after the header. */
static umbra_status take_header(reading *r) {
  int more, found = r->options->header > 0;
  r->header = r->text;
  UMBRA_TRY(umbra_delimited_next(&r->header, &more));
  if (!more) return umbra_fail(UMBRA_ERROR_FORMAT, "there is no line of numbers (in %s)", r->text.path);
  umbra_delimited after = r->header;
  after.field = NULL;
  after.count = after.room = 0;
  r->columns = r->header.count;
  if (r->options->header == 0 || r->options->header == UMBRA_HEADER_OF_WORDS) UMBRA_TRY(find_header(&found, r, after));
  if (!found) r->header.count = 0;
  if (!found) return UMBRA_OK;
  r->has_words = has_words(&r->header);
  r->text = after;
  UMBRA_TRY(skip_records(r, r->options->header - 1));
  return find_row_names(r);
}

/* ---- records ---- */

static int repeats_header(const reading *r) {
  if (!r->has_words || r->text.count < r->header.count) return 0;
  for (size_t c = 0; c < r->header.count; c++) {
    const umbra_span a = r->text.field[c].text, b = r->header.field[c].text;
    if (a.length != b.length || memcmp(a.at, b.at, a.length) != 0) return 0;
  }
  return 1;
}

/* Separators at the end of a line make empty fields, which are no columns. */
static int has_columns(const reading *r) {
  size_t count = r->text.count;
  while (count > r->columns && !r->text.field[count - 1].text.length) count--;
  return count == r->columns;
}

static umbra_status next_row(reading *r, size_t rows, int *more) {
  UMBRA_TRY(umbra_delimited_next(&r->text, more));
  for (; *more && repeats_header(r); r->repeats++) UMBRA_TRY(umbra_delimited_next(&r->text, more));
  if (!*more || has_columns(r)) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_FORMAT, "line %zu has %zu fields; the lines before have %zu%s (in %s)", r->text.line,
                    r->text.count, r->columns,
                    rows < 2 ? "; --skip 1 leaves out a line before the table, --separator says what separates" : "",
                    r->text.path);
}

/* What a pass over all records finds out before memory is taken for their product. */
typedef struct survey {
  size_t rows, points, commas, ambiguous; /* cells with such decimal marks; ambiguous: or a separator of thousands */
  umbra_span cell;                        /* the first with a comma */
  size_t line;
  size_t width; /* up to the last column that has a value in any record */
  struct tally {
    size_t numbers, words;
  } * column; /* cells of each */
} survey;

static void look_at_marks(survey *s, const umbra_delimited *t) {
  double value;
  for (size_t c = 0; c < t->count; c++) {
    const umbra_span cell = t->field[c].text;
    if (!s->points && cell.length && memchr(cell.at, '.', cell.length))
      s->points += umbra_cell_number(&value, cell, '.');
    if (!cell.length || !memchr(cell.at, ',', cell.length) || !umbra_cell_number(&value, cell, ',')) continue;
    if (!s->commas++) {
      s->cell = cell;
      s->line = t->line;
    }
    s->ambiguous += umbra_cell_has_thousands(cell) && *cell.at != '0';
  }
}

static void look_at_cells(survey *s, const reading *r) {
  for (size_t c = 0; c < r->columns; c++) {
    const umbra_span cell = r->text.field[c].text;
    if (umbra_cell_looks_numeric(cell)) s->column[c].numbers++;
    else if (!umbra_cell_is_missing(cell)) s->column[c].words++;
  }
}

static void look_at_width(survey *s, const umbra_delimited *t) {
  size_t width = t->count;
  while (width > s->width && !t->field[width - 1].text.length) width--;
  s->width = width;
}

/* Columns at the end with neither names nor values come of separators at the ends of lines. */
static void drop_empty_columns(reading *r, const survey *s) {
  while (r->columns > s->width) {
    if (r->header.count && r->header.field[r->header.count - 1].text.length) return;
    if (r->header.count) r->header.count--;
    r->columns--;
  }
}

static umbra_status take_survey(survey *s, reading *r) {
  const umbra_delimited begin = r->text;
  int more = 1;
  *s = (survey){0};
  UMBRA_TRY(umbra_alloc(&s->column, r->columns, sizeof *s->column, "the columns of a table"));
  r->text.field = NULL;
  r->text.count = r->text.room = 0;
  umbra_status status = UMBRA_OK;
  while (status == UMBRA_OK && more) {
    status = next_row(r, s->rows, &more);
    if (status != UMBRA_OK || !more) break;
    look_at_marks(s, &r->text);
    look_at_width(s, &r->text);
    look_at_cells(s, r);
    s->rows++;
  }
  const size_t comments = r->text.comments - begin.comments, empties = r->text.empties - begin.empties;
  umbra_delimited_clear(&r->text);
  r->text = begin;
  UMBRA_TRY(status);
  if (!s->rows) return umbra_fail(UMBRA_ERROR_FORMAT, "there is no line of numbers (in %s)", r->text.path);
  drop_empty_columns(r, s);
  if (comments) umbra_table_tell(r->options, "lines among the records that begin with # are left out: %zu", comments);
  if (empties) umbra_table_tell(r->options, "records without any value are left out: %zu", empties);
  if (r->repeats) umbra_table_tell(r->options, "lines that repeat the header are left out: %zu", r->repeats);
  return UMBRA_OK;
}

/* Commas are decimal marks where no number has a point, and one of them cannot separate thousands. */
static umbra_status choose_mark(reading *r, const survey *s) {
  char shown[UMBRA_SHOWN_BYTES];
  r->mark = r->options->decimal ? r->options->decimal : '.';
  if (r->mark != '.' && r->mark != ',')
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "--decimal: '%c' is neither '.' nor ','", r->mark);
  if (r->options->decimal || !s->commas || s->points) return UMBRA_OK;
  if (s->ambiguous == s->commas)
    return umbra_fail(
        UMBRA_ERROR_FORMAT,
        "line %zu: '%s' may have a decimal comma or a separator of thousands: --decimal ',' says the one, "
        "and for the other remove the separators (in %s)",
        s->line, umbra_span_shown(shown, s->cell), r->text.path);
  r->mark = ',';
  umbra_table_tell(r->options, "numbers have decimal commas, as in line %zu: %s", s->line,
                   umbra_span_shown(shown, s->cell));
  return UMBRA_OK;
}

/* ---- cells ---- */

static umbra_status put_word(umbra_grid_column *column, double *value, size_t row, umbra_span cell) {
  size_t number;
  if (!column->words++) column->first_word = row;
  UMBRA_TRY(umbra_texts_add(&column->texts, &number, cell, row));
  *value = (double)number;
  return UMBRA_OK;
}

static umbra_status put_cell(umbra_grid *grid, char mark, size_t row, size_t c, const umbra_field *field) {
  umbra_grid_column *column = &grid->column[c];
  const umbra_span cell = umbra_field_plain(field);
  double *value = &grid->values[row * grid->columns + c];
  char place[UMBRA_PLACE_BYTES], shown[UMBRA_SHOWN_BYTES];
  if (!column->as_text && umbra_cell_number(value, cell, mark)) {
    column->numbers++;
    if (!isfinite(*value) && column->first_infinite == grid->rows) column->first_infinite = row;
    return UMBRA_OK;
  }
  if (umbra_cell_is_missing(cell) && !(column->has_dashes && umbra_cell_is_dash(cell))) {
    if (!column->missing++) column->first_missing = row;
    *value = NAN;
    return UMBRA_OK;
  }
  if (!memchr(cell.at, 0, cell.length)) return put_word(column, value, row, cell);
  return umbra_fail(UMBRA_ERROR_FORMAT, "%s: '%s' is no text, since a byte of it is zero (in %s)",
                    umbra_grid_place(place, grid, row, c), umbra_span_shown(shown, cell), grid->path);
}

static umbra_status put_rows(umbra_grid *grid, reading *r) {
  int more;
  for (size_t row = 0; row < grid->rows; row++) {
    UMBRA_TRY(next_row(r, row, &more));
    if (!more) return umbra_fail(UMBRA_ERROR_INTERNAL, "a text has fewer records than before (in %s)", r->text.path);
    grid->lines[row] = r->text.line;
    for (size_t c = 0; c < grid->columns; c++) UMBRA_TRY(put_cell(grid, r->mark, row, c, &r->text.field[c]));
  }
  return UMBRA_OK;
}

/* In memory of their own: the header stays as it is, so that it is known when it comes again. */
static umbra_status put_names(umbra_grid *grid, const reading *r) {
  size_t bytes = 1;
  for (size_t c = 0; c < r->header.count; c++) bytes += r->header.field[c].text.length;
  UMBRA_TRY(umbra_alloc(&grid->names, bytes, 1, "the header of a table"));
  grid->named = r->header.count > 0;
  grid->numbered = r->header.count > 0 && !r->has_words && !is_quoted(&r->header);
  if (r->row_names) grid->column[0].name = (umbra_span){grid->names, 0};
  char *at = grid->names;
  for (size_t c = 0; c < r->header.count; c++) {
    umbra_field name = r->header.field[c];
    name.text = umbra_span_without_zeros(at, name.text);
    at += name.text.length;
    grid->column[c + r->row_names].name = umbra_field_plain(&name);
  }
  return UMBRA_OK;
}

/* Which columns' numbers are texts, as somebody says. A dash is one, too, in these and in columns of words alone. */
static umbra_status choose_texts(umbra_grid *grid, const reading *r, const survey *s) {
  size_t *column = NULL, count = 0;
  if (r->schema) UMBRA_TRY(umbra_schema_mark_texts(r->schema, grid));
  UMBRA_TRY(umbra_grid_select(&column, &count, grid, r->options->text, "--text"));
  for (size_t i = 0; i < count; i++) grid->column[column[i]].as_text = UMBRA_TEXT_SAID;
  umbra_free(column);
  for (size_t c = 0; c < grid->columns; c++)
    grid->column[c].has_dashes = grid->column[c].as_text || (s->column[c].words && !s->column[c].numbers);
  return UMBRA_OK;
}

static umbra_status fill(umbra_grid *grid, reading *r, const survey *s) {
  UMBRA_TRY(umbra_grid_make(grid, s->rows, r->columns));
  UMBRA_TRY(umbra_alloc(&grid->lines, s->rows, sizeof *grid->lines, "the lines of a table"));
  UMBRA_TRY(put_names(grid, r));
  UMBRA_TRY(choose_texts(grid, r, s));
  return put_rows(grid, r);
}

typedef struct text_job {
  umbra_grid *grid; /* its memory is the text */
  const umbra_table_options *options;
  const umbra_schema *schema;
} text_job;

static umbra_status read_text(void *argument) {
  const text_job *job = argument;
  const char *begin = (const char *)job->grid->memory.at;
  survey s = {0};
  reading r = {.options = job->options,
               .schema = job->schema,
               .text = {.at = begin, .end = begin + job->grid->memory.size, .path = job->grid->path, .next_line = 1}};
  umbra_status status = choose_separator(&r);
  if (status == UMBRA_OK) status = take_header(&r);
  if (status == UMBRA_OK) status = take_survey(&s, &r);
  if (status == UMBRA_OK) status = choose_mark(&r, &s);
  if (status == UMBRA_OK) status = fill(job->grid, &r, &s);
  umbra_free(s.column);
  umbra_delimited_clear(&r.header);
  umbra_delimited_clear(&r.text);
  return status;
}

umbra_status umbra_grid_from_text(umbra_grid *grid, umbra_bytes *bytes, const char *path,
                                  const umbra_table_options *options, const umbra_schema *schema) {
  size_t latin1_line;
  umbra_status status = umbra_text_to_utf8(bytes, &latin1_line, path);
  umbra_grid made = {.path = path, .memory = *bytes};
  text_job job = {&made, options, schema};
  *bytes = (umbra_bytes){0};
  if (status == UMBRA_OK && latin1_line)
    umbra_table_tell(options, "line %zu is not UTF-8: the table's characters are taken for Latin-1", latin1_line);
  if (status == UMBRA_OK) status = umbra_in_c_locale(read_text, &job);
  if (status == UMBRA_OK) *grid = made;
  else umbra_grid_clear(&made);
  return status;
}
