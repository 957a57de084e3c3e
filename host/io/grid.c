/* SPDX-License-Identifier: Apache-2.0 */
#include "grid.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/arrays.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "../base/text.h"

umbra_status umbra_grid_make(umbra_grid *grid, size_t rows, size_t columns) {
  size_t count;
  if (__builtin_mul_overflow(rows, columns, &count))
    return umbra_fail(UMBRA_ERROR_OUT_OF_MEMORY, "%zu x %zu values are too many", rows, columns);
  UMBRA_TRY(umbra_alloc(&grid->column, columns, sizeof *grid->column, "the columns of a table"));
  UMBRA_TRY(umbra_alloc(&grid->values, count, sizeof *grid->values, "a table"));
  grid->rows = rows;
  grid->columns = columns;
  for (size_t c = 0; c < columns; c++)
    grid->column[c].first_missing = grid->column[c].first_word = grid->column[c].first_infinite = rows;
  return UMBRA_OK;
}

void umbra_grid_clear(umbra_grid *grid) {
  for (size_t c = 0; grid->column && c < grid->columns; c++) umbra_texts_clear(&grid->column[c].texts);
  umbra_free(grid->column);
  umbra_wipe_and_free(grid->values, grid->rows * grid->columns * sizeof *grid->values);
  umbra_free(grid->lines);
  umbra_bytes_clear(&grid->memory);
  umbra_free(grid->names);
  *grid = (umbra_grid){0};
}

/* ---- saying where and what ---- */

const char *umbra_grid_place(char text[UMBRA_PLACE_BYTES], const umbra_grid *grid, size_t row, size_t column) {
  char name[UMBRA_SHOWN_BYTES];
  const umbra_span called = grid->column[column].name;
  const int used = snprintf(text, UMBRA_PLACE_BYTES, "%s %zu, column %zu", grid->lines ? "line" : "row",
                            grid->lines ? grid->lines[row] : row + 1, column + 1);
  if (called.length) snprintf(text + used, (size_t)(UMBRA_PLACE_BYTES - used), " (%s)", umbra_span_shown(name, called));
  return text;
}

int umbra_grid_begins_with_word(const umbra_grid_column *column) {
  return column->words == 1 && column->first_word == 0 && column->numbers;
}

void umbra_table_tell(const umbra_table_options *options, const char *format, ...) {
  char text[512], escaped[1024];
  if (!options->note) return;
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  umbra_text_escape(escaped, sizeof escaped, text);
  options->note(options->user, escaped);
}

/* ---- columns that are named in options ---- */

static size_t count_named(size_t *column, const umbra_grid *grid, umbra_span name) {
  size_t found = 0;
  for (size_t c = 0; c < grid->columns; c++) {
    const umbra_span own = grid->column[c].name;
    if (own.at && own.length == name.length && memcmp(own.at, name.at, name.length) == 0 && found++ == 0) *column = c;
  }
  return found;
}

/* A whole number at the beginning of a text; 0 if there is none. */
static int take_whole(long long *number, const char **at) {
  char *end;
  if ((**at < '0' || **at > '9') && **at != '-') return 0;
  errno = 0;
  *number = strtoll(*at, &end, 10);
  if (end == *at || errno) return 0;
  *at = end;
  return 1;
}

static int is_column(size_t *column, const umbra_grid *grid, long long number) {
  const unsigned long long from_end = 0 - (unsigned long long)number;
  if (number > 0 ? (unsigned long long)number > grid->columns : number == 0 || from_end > grid->columns) return 0;
  *column = number > 0 ? (size_t)number - 1 : grid->columns - (size_t)from_end;
  return 1;
}

/* Numbers are names before they are places, unless all names are numbers: then they are places, as without a header. */
static int is_place(size_t *column, const umbra_grid *grid, const char *text) {
  long long number;
  return grid->numbered && take_whole(&number, &text) && !*text && is_column(column, grid, number);
}

umbra_status umbra_grid_find(size_t *column, const umbra_grid *grid, const char *text) {
  const char *at = text;
  long long number;
  if (is_place(column, grid, text)) return UMBRA_OK;
  const size_t found = count_named(column, grid, (umbra_span){text, strlen(text)});
  if (found == 1) return UMBRA_OK;
  if (found > 1)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%zu columns are called '%s': give the label's number", found,
                      text);
  if (!take_whole(&number, &at) || *at)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "no column is called '%s'%s; the label is a name, a number from 1 to %zu, or -1 for the last",
                      text, grid->named ? "" : ": the table has no header", grid->columns);
  if (!is_column(column, grid, number))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "there is no column %s for the label; columns are 1 to %zu, or -1 to -%zu from the end", text,
                      grid->columns, grid->columns);
  return UMBRA_OK;
}

/* ---- lists of columns ---- */

typedef struct selection {
  size_t *column, count, room;
  uint8_t *taken; /* of each column of the grid */
  const umbra_grid *grid;
  const char *option;
} selection;

static umbra_status select_column(selection *s, size_t column) {
  if (s->taken[column]++)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s: column %zu is named twice", s->option, column + 1);
  UMBRA_TRY(umbra_make_room(&s->column, &s->room, s->count, sizeof *s->column, "a list of columns"));
  s->column[s->count++] = column;
  return UMBRA_OK;
}

static umbra_status no_such_column(const selection *s, umbra_span item) {
  char shown[UMBRA_SHOWN_BYTES];
  return umbra_fail(
      UMBRA_ERROR_INVALID_ARGUMENT,
      "%s: there is no column '%s'; columns are names%s and the numbers 1 to %zu, in quotes if there is a "
      "comma in a name",
      s->option, umbra_span_shown(shown, item), s->grid->named ? "" : " (the table has no header)", s->grid->columns);
}

/* A name, or a number, or a range of numbers. */
static umbra_status select_item(selection *s, umbra_span item) {
  char text[64];
  const char *at = text;
  long long number, last_number;
  size_t first = 0, last;
  snprintf(text, sizeof text, "%.*s", (int)(item.length < sizeof text ? item.length : 0), item.at);
  if (is_place(&first, s->grid, text)) return select_column(s, first);
  const size_t named = count_named(&first, s->grid, item);
  if (named == 1) return select_column(s, first);
  if (named > 1)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s: %zu columns are called '%.*s'; give the number", s->option,
                      named, (int)item.length, item.at);
  if (item.length >= sizeof text) return no_such_column(s, item);
  if (!take_whole(&number, &at) || !is_column(&first, s->grid, number)) return no_such_column(s, item);
  last = first;
  if (*at == '-') {
    at++;
    if (!take_whole(&last_number, &at) || !is_column(&last, s->grid, last_number) || last < first)
      return no_such_column(s, item);
  }
  if (*at) return no_such_column(s, item);
  for (; first <= last; first++) UMBRA_TRY(select_column(s, first));
  return UMBRA_OK;
}

/* Takes what comes before the next comma that is not in quotes. */
static umbra_span take_item(const char **list) {
  const int quoted = **list == '"';
  const char *from = *list + quoted, *to = from;
  while (*to && *to != (quoted ? '"' : ',')) to++;
  *list = to + (quoted && *to);
  if (**list == ',') ++*list;
  return umbra_span_trimmed((umbra_span){from, (size_t)(to - from)});
}

umbra_status umbra_grid_select(size_t **columns, size_t *count, const umbra_grid *grid, const char *list,
                               const char *option) {
  selection s = {.grid = grid, .option = option};
  umbra_status status = umbra_alloc(&s.taken, grid->columns, 1, "a list of columns");
  while (list && *list && status == UMBRA_OK) status = select_item(&s, take_item(&list));
  umbra_free(s.taken);
  if (status != UMBRA_OK) {
    umbra_free(s.column);
    return status;
  }
  *columns = s.column;
  *count = s.count;
  return UMBRA_OK;
}
