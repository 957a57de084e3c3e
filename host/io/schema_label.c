/* SPDX-License-Identifier: Apache-2.0 */
/* The label: which classes it has, and of two of them which is 1. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "schema.h"

enum { CLASS_BYTES = 64, MOST_CLASSES = 3 };

/* A class as its first record has it. */
typedef struct seen_class {
  size_t row, word; /* word: its number among the texts */
  double number;    /* if it is none */
} seen_class;

typedef struct label_column {
  const umbra_grid *grid;
  const umbra_grid_column *column;
  size_t c;
} label_column;

static label_column label_of(const umbra_grid *grid, size_t c) { return (label_column){grid, &grid->column[c], c}; }

static double cell(const label_column *l, size_t row) { return l->grid->values[row * l->grid->columns + l->c]; }

/* A class as it is spelled; numbers with as many digits as they need. */
static umbra_span spelled(char text[CLASS_BYTES], const label_column *l, double value) {
  if (l->column->words) return l->column->texts.entry[(size_t)value].text;
  for (int digits = 6; digits <= 17; digits++) {
    snprintf(text, CLASS_BYTES, "%.*g", digits, value);
    if (strtod(text, NULL) == value) break;
  }
  return (umbra_span){text, strlen(text)};
}

static const char *shown(char text[UMBRA_SHOWN_BYTES], const label_column *l, double value) {
  char number[CLASS_BYTES];
  return umbra_span_shown(text, spelled(number, l, value));
}

/* ---- what there is ---- */

/* Either all are words or all are numbers: only then do cells say what they are. */
static umbra_status check_cells(const label_column *l) {
  char place[UMBRA_PLACE_BYTES], text[UMBRA_SHOWN_BYTES];
  if (l->column->words && l->column->numbers)
    return umbra_fail(UMBRA_ERROR_FORMAT, "%s: the label '%s' is not a number, and others are%s (in %s)",
                      umbra_grid_place(place, l->grid, l->column->first_word, l->c),
                      umbra_span_shown(text, l->column->texts.entry[0].text),
                      umbra_grid_begins_with_word(l->column) ? "; --header 2 says that the header has two lines"
                                                             : "; --text makes all of them texts",
                      l->grid->path);
  if (l->column->first_infinite == l->grid->rows) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_RANGE, "%s: the label is not finite (in %s)",
                    umbra_grid_place(place, l->grid, l->column->first_infinite, l->c), l->grid->path);
}

static umbra_status check_column(const label_column *l, const umbra_schema_wish *wish) {
  char place[UMBRA_PLACE_BYTES];
  UMBRA_TRY(check_cells(l));
  if (l->column->missing == l->grid->rows)
    return umbra_fail(UMBRA_ERROR_RANGE, "all labels are missing (in %s)", l->grid->path);
  if (!l->column->missing || wish->options->missing != UMBRA_MISSING_REFUSE) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_FORMAT,
                    "%s: a value is missing: the label; --missing drop leaves such records out (in %s)",
                    umbra_grid_place(place, l->grid, l->column->first_missing, l->c), l->grid->path);
}

/* The first classes in the order of their records; more than MOST_CLASSES are not looked for. */
static size_t find_classes(double found[MOST_CLASSES], size_t row_of[MOST_CLASSES], const label_column *l) {
  size_t count = 0;
  for (size_t row = 0; row < l->grid->rows && count < MOST_CLASSES; row++) {
    const double value = cell(l, row);
    size_t k = 0;
    if (isnan(value)) continue;
    while (k < count && found[k] != value) k++;
    if (k < count) continue;
    row_of[count] = row;
    found[count++] = value;
  }
  return count;
}

/* ---- which is which ---- */

static int is_usual(double value) { return value == 0 || value == 1 || value == -1; }

/* 0 and -1 are the same class where they do not occur together. */
static umbra_status check_usual(const label_column *l) {
  size_t other = l->grid->rows; /* the first that is not 1 */
  char here[UMBRA_PLACE_BYTES], there[UMBRA_PLACE_BYTES];
  if (l->column->words) return UMBRA_OK;
  for (size_t row = 0; row < l->grid->rows; row++) {
    const double value = cell(l, row);
    if (!is_usual(value) && !isnan(value)) return UMBRA_OK;
    if (isnan(value) || value == 1) continue;
    if (other == l->grid->rows) other = row;
    if (value != cell(l, other))
      return umbra_fail(UMBRA_ERROR_RANGE, "%s: the label is %d, but in %s it is %d; labels are 0 and 1, or -1 and 1",
                        umbra_grid_place(here, l->grid, row, l->c), (int)value,
                        umbra_grid_place(there, l->grid, other, l->c), (int)cell(l, other));
  }
  return UMBRA_OK;
}

/* As + or a minus stands before something: 1 and -1; else 0. */
static int sign_of(umbra_span text) {
  static const char *const minus[] = {"-", "--", "\xe2\x88\x92", "\xe2\x80\x93"};
  if (umbra_span_is(text, "+") || umbra_span_is(text, "++")) return 1;
  for (size_t i = 0; i < sizeof minus / sizeof *minus; i++)
    if (umbra_span_is(text, minus[i])) return -1;
  return 0;
}

/* The larger number, yes before no, + before -, or the later in the alphabet is the positive one. */
static int is_positive(const label_column *l, double value, double than) {
  if (!l->column->words) return value > than;
  const umbra_span a = l->column->texts.entry[(size_t)value].text, b = l->column->texts.entry[(size_t)than].text;
  if (sign_of(a) && sign_of(b) && sign_of(a) != sign_of(b)) return sign_of(a) > 0;
  const int truth = umbra_cell_truth(a), other = umbra_cell_truth(b);
  return truth >= 0 && other >= 0 && truth != other ? truth > other : umbra_span_compare(a, b) > 0;
}

static int is_called(const label_column *l, double value, const char *name) {
  char text[CLASS_BYTES], *end;
  if (umbra_span_is(spelled(text, l, value), name)) return 1;
  const double number = strtod(name, &end);
  return !l->column->words && end != name && !*end && number == value;
}

static umbra_status keep_class(umbra_schema *schema, int which, const label_column *l, double value) {
  char text[CLASS_BYTES];
  return umbra_span_copy(&schema->class_name[which], spelled(text, l, value));
}

/* One class against all others. */
static umbra_status take_positive(umbra_schema *schema, const label_column *l, const double *found, size_t count,
                                  const char *name) {
  for (size_t row = 0; row < l->grid->rows; row++) {
    const double value = cell(l, row);
    if (isnan(value) || !is_called(l, value, name)) continue;
    UMBRA_TRY(keep_class(schema, 1, l, value));
    return count == 2 ? keep_class(schema, 0, l, found[found[0] == value]) : UMBRA_OK;
  }
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "--positive: no record has the label '%s' (in %s)", name,
                    l->grid->path);
}

static umbra_status take_two(umbra_schema *schema, const label_column *l, const double found[2],
                             const umbra_table_options *options) {
  const int second = is_positive(l, found[1], found[0]);
  UMBRA_TRY(keep_class(schema, 0, l, found[!second]));
  UMBRA_TRY(keep_class(schema, 1, l, found[second]));
  if (l->column->words || !is_usual(found[0]) || !is_usual(found[1]))
    umbra_table_tell(options,
                     "the label's class '%.64s' is the positive one, and '%.64s' the other; --positive says otherwise",
                     schema->class_name[1], schema->class_name[0]);
  return UMBRA_OK;
}

/* ---- several classes, and values ---- */

static umbra_status check_values(const label_column *l) {
  char place[UMBRA_PLACE_BYTES], text[UMBRA_SHOWN_BYTES];
  if (!l->column->words) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_FORMAT, "%s: the label '%s' is not a number, and labels are to be values (in %s)",
                    umbra_grid_place(place, l->grid, l->column->first_word, l->c),
                    umbra_span_shown(text, l->column->texts.entry[0].text), l->grid->path);
}

static int compare_values(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* value: room for all rows; returns how many different ones there are, which rise. */
static size_t find_values(double *value, const label_column *l) {
  size_t count = 0, kept = 0;
  for (size_t row = 0; row < l->grid->rows; row++)
    if (!isnan(cell(l, row))) value[count++] = cell(l, row);
  qsort(value, count, sizeof *value, compare_values);
  for (size_t i = 0; i < count; i++)
    if (!kept || value[i] != value[kept - 1]) value[kept++] = value[i];
  return kept;
}

static int compare_names(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static umbra_status keep_classes(umbra_schema *schema, const label_column *l, const double *value, size_t count) {
  char text[CLASS_BYTES], one[UMBRA_SHOWN_BYTES];
  if (count < 2)
    return umbra_fail(UMBRA_ERROR_RANGE, "all labels are %s; there must be records of several classes (in %s)",
                      count ? shown(one, l, value[0]) : "missing", l->grid->path);
  if (count > UMBRA_CLASSES_MOST)
    return umbra_fail(UMBRA_ERROR_RANGE,
                      "there are %zu different labels, and classes are up to %d; --labels values takes them as numbers "
                      "(in %s)",
                      count, UMBRA_CLASSES_MOST, l->grid->path);
  UMBRA_TRY(umbra_alloc(&schema->class, count, sizeof *schema->class, "classes"));
  for (size_t k = 0; k < count; k++)
    UMBRA_TRY(umbra_span_copy(&schema->class[schema->classes++], spelled(text, l, value[k])));
  if (l->column->words) qsort(schema->class, count, sizeof *schema->class, compare_names);
  return UMBRA_OK;
}

static umbra_status take_classes(umbra_schema *schema, const label_column *l) {
  double *value;
  UMBRA_TRY(umbra_alloc(&value, l->grid->rows, sizeof *value, "labels"));
  umbra_status status = keep_classes(schema, l, value, find_values(value, l));
  umbra_free(value);
  return status;
}

/* ---- what a label is ---- */

umbra_status umbra_schema_find_classes(umbra_schema *schema, const umbra_grid *grid, const umbra_schema_wish *wish) {
  const label_column l = label_of(grid, schema->label_number - 1);
  char place[UMBRA_PLACE_BYTES], text[3][UMBRA_SHOWN_BYTES];
  double found[MOST_CLASSES] = {0};
  size_t row_of[MOST_CLASSES] = {0};
  UMBRA_TRY(check_column(&l, wish));
  schema->labels = wish->labels;
  if (wish->labels == UMBRA_LABELS_VALUES) return check_values(&l);
  if (wish->labels == UMBRA_LABELS_CLASSES) return take_classes(schema, &l);
  UMBRA_TRY(check_usual(&l));
  const size_t count = find_classes(found, row_of, &l);
  if (wish->positive) return take_positive(schema, &l, found, count, wish->positive);
  if (count == 2) return take_two(schema, &l, found, wish->options);
  if (count == 1)
    return umbra_fail(UMBRA_ERROR_RANGE, "all %zu labels are %s; there must be records of both classes (in %s)",
                      grid->rows - l.column->missing, shown(text[0], &l, found[0]), grid->path);
  return umbra_fail(UMBRA_ERROR_RANGE,
                    "%s: the label is %s, a third class beside %s and %s; --labels classes keeps all of them, "
                    "--positive CLASS makes it one class against all others, and --label names another column (in %s)",
                    umbra_grid_place(place, grid, row_of[2], l.c), shown(text[0], &l, found[2]),
                    shown(text[1], &l, found[0]), shown(text[2], &l, found[1]), grid->path);
}

/* ---- labels of records ---- */

/* -1 or 1, 0: neither. 0 stands for -1, and the other way round. */
static int class_of(const umbra_schema *schema, const label_column *l, double value) {
  const char *negative = schema->class_name[0];
  if (is_called(l, value, schema->class_name[1])) return 1;
  if (!negative || is_called(l, value, negative)) return -1;
  const int usual =
      (strcmp(negative, "0") == 0 || strcmp(negative, "-1") == 0) && strcmp(schema->class_name[1], "1") == 0;
  return usual && !l->column->words && (value == 0 || value == -1) ? -1 : 0;
}

static umbra_status unknown_class(const umbra_schema *schema, const label_column *l, size_t row) {
  char place[UMBRA_PLACE_BYTES], text[UMBRA_SHOWN_BYTES];
  return umbra_fail(UMBRA_ERROR_MISMATCH, "%s: the label is '%s', and the classes are '%.64s' and '%.64s' (in %s)",
                    umbra_grid_place(place, l->grid, row, l->c), shown(text, l, cell(l, row)), schema->class_name[0],
                    schema->class_name[1], l->grid->path);
}

/* The class's number among several, `classes` if it is none. guess: that of the record before. */
static size_t number_of(const umbra_schema *schema, const label_column *l, double value, size_t guess) {
  size_t k = 0;
  if (guess < schema->classes && is_called(l, value, schema->class[guess])) return guess;
  while (k < schema->classes && !is_called(l, value, schema->class[k])) k++;
  return k;
}

static umbra_status label_classes(const umbra_schema *schema, double *labels, const label_column *l,
                                  const uint8_t *kept) {
  char place[UMBRA_PLACE_BYTES], text[UMBRA_SHOWN_BYTES];
  size_t count = 0, class = 0;
  for (size_t row = 0; row < l->grid->rows; row++) {
    if (!kept[row]) continue;
    class = number_of(schema, l, cell(l, row), class);
    if (class == schema->classes)
      return umbra_fail(UMBRA_ERROR_MISMATCH, "%s: the label '%s' is none of the %zu classes of the training (in %s)",
                        umbra_grid_place(place, l->grid, row, l->c), shown(text, l, cell(l, row)), schema->classes,
                        l->grid->path);
    labels[count++] = schema->classes == 2 ? (class ? 1 : -1) : (double)class;
  }
  return UMBRA_OK;
}

static umbra_status label_values(double *labels, const label_column *l, const uint8_t *kept) {
  size_t count = 0;
  UMBRA_TRY(check_values(l));
  for (size_t row = 0; row < l->grid->rows; row++)
    if (kept[row]) labels[count++] = cell(l, row);
  return UMBRA_OK;
}

static umbra_status label_two(const umbra_schema *schema, double *labels, const label_column *column,
                              const uint8_t *kept) {
  const label_column l = *column;
  const umbra_grid *grid = l.grid;
  char text[UMBRA_SHOWN_BYTES];
  size_t of[2] = {0, 0}, count = 0, last = 0;
  UMBRA_TRY(check_usual(&l));
  for (size_t row = 0; row < grid->rows; row++) {
    if (!kept[row]) continue;
    const int class = class_of(schema, &l, cell(&l, row));
    if (!class) return unknown_class(schema, &l, row);
    of[class > 0]++;
    labels[count++] = class;
    last = row;
  }
  if (of[0] && of[1]) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_RANGE, "all %zu labels are %s; there must be records of both classes (in %s)", count,
                    schema->class_name[0] || of[1] ? shown(text, &l, cell(&l, last)) : "others", grid->path);
}

umbra_status umbra_schema_labels(const umbra_schema *schema, double *labels, const umbra_grid *grid, size_t column,
                                 const uint8_t *kept) {
  const label_column l = label_of(grid, column);
  UMBRA_TRY(check_cells(&l));
  switch (schema->labels) {
    case UMBRA_LABELS_CLASSES: return label_classes(schema, labels, &l, kept);
    case UMBRA_LABELS_VALUES: return label_values(labels, &l, kept);
    default: return label_two(schema, labels, &l, kept);
  }
}
