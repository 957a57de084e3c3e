/* SPDX-License-Identifier: Apache-2.0 */
/* Records of a table as a schema says, and what is told about them. */
#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "schema.h"

void umbra_sheet_clear(umbra_sheet *sheet) {
  umbra_table_clear(&sheet->features);
  umbra_free(sheet->labels);
  umbra_free(sheet->filled);
  *sheet = (umbra_sheet){0};
}

typedef struct application {
  const umbra_schema *schema;
  const umbra_grid *grid;
  const umbra_schema_wish *wish;
  umbra_schema_places places;
  uint8_t *kept; /* of each row */
  size_t rows;   /* of those */
  int own;
} application;

/* ---- which records ---- */

static int is_missing(const application *a, size_t row, size_t c) {
  return isnan(a->grid->values[row * a->grid->columns + c]);
}

static umbra_missing_rule rule_of(const application *a) {
  return a->wish->options->missing == UMBRA_MISSING_DROP ? UMBRA_MISSING_DROP : a->schema->missing;
}

static int is_kept(const application *a, size_t row) {
  if (a->wish->label && is_missing(a, row, (size_t)a->places.label)) return 0;
  for (size_t i = 0; rule_of(a) == UMBRA_MISSING_DROP && i < a->schema->columns; i++)
    if (is_missing(a, row, a->places.column[i])) return 0;
  return 1;
}

static umbra_status choose_rows(application *a) {
  UMBRA_TRY(umbra_alloc(&a->kept, a->grid->rows, 1, "a table"));
  for (size_t row = 0; row < a->grid->rows; row++) {
    a->kept[row] = (uint8_t)is_kept(a, row);
    a->rows += a->kept[row];
  }
  if (!a->rows)
    return umbra_fail(UMBRA_ERROR_RANGE,
                      "every record has a missing value: --without leaves out columns with many (in %s)",
                      a->grid->path);
  if (a->rows < a->grid->rows)
    umbra_table_tell(a->wish->options, "%zu of %zu records are left out, because values of theirs are missing",
                     a->grid->rows - a->rows, a->grid->rows);
  return UMBRA_OK;
}

/* ---- what is wrong with a column ---- */

static umbra_status refused(const application *a, umbra_status status, size_t row, size_t c, const char *what) {
  char place[UMBRA_PLACE_BYTES], shown[UMBRA_SHOWN_BYTES];
  const umbra_grid_column *column = &a->grid->column[c];
  const umbra_span word = column->words ? column->texts.entry[0].text : (umbra_span){"", 0};
  return umbra_fail(status, "%s: %s%s%s%s (in %s)", umbra_grid_place(place, a->grid, row, c), word.length ? "'" : "",
                    word.length ? umbra_span_shown(shown, word) : "", word.length ? "' " : "", what, a->grid->path);
}

static umbra_status check_column(const application *a, const umbra_schema_column *of, size_t c) {
  const umbra_grid_column *column = &a->grid->column[c];
  if (of->kind == UMBRA_COLUMN_NUMBERS && column->words)
    return refused(a, UMBRA_ERROR_FORMAT, column->first_word, c, "is not a number");
  if (column->first_infinite < a->grid->rows)
    return umbra_fail(UMBRA_ERROR_RANGE, "column %zu: a value is not finite (in %s)", c + 1, a->grid->path);
  if (column->missing && rule_of(a) == UMBRA_MISSING_REFUSE)
    return umbra_fail(
        UMBRA_ERROR_FORMAT,
        "column %zu: %zu values are missing, and none of the training's records lacked one; --missing drop "
        "leaves such records out (in %s)",
        c + 1, column->missing, a->grid->path);
  return UMBRA_OK;
}

/* ---- features ---- */

/* Writes feature after feature of the rows that are kept. */
typedef struct target {
  double *values;  /* of the first row's feature */
  uint8_t *filled; /* likewise; NULL: nobody asks */
  size_t stride;
} target;

/* The value, or what stands for it. */
static void put(target *to, const umbra_schema_column *of, double value) {
  *to->values = isnan(value) ? of->fill : value;
  if (to->filled) *to->filled = (uint8_t)(isnan(value) != 0);
  to->values += to->stride;
  if (to->filled) to->filled += to->stride;
}

static umbra_status put_numbers(const application *a, const umbra_schema_column *of, size_t c, target to) {
  for (size_t row = 0; row < a->grid->rows; row++)
    if (a->kept[row]) put(&to, of, a->grid->values[row * a->grid->columns + c]);
  return UMBRA_OK;
}

/* Yes and no may also be written as 1 and 0. */
static double truth_of(const umbra_grid_column *column, double value) {
  if (!column->words) return value == 0 || value == 1 ? value : -1;
  return umbra_cell_truth(column->texts.entry[(size_t)value].text);
}

static umbra_status put_truth(const application *a, const umbra_schema_column *of, size_t c, target to) {
  const umbra_grid_column *column = &a->grid->column[c];
  if (column->words && column->numbers)
    return refused(a, UMBRA_ERROR_FORMAT, column->first_word, c, "stands among numbers");
  for (size_t row = 0; row < a->grid->rows; row++) {
    if (!a->kept[row]) continue;
    const double value = a->grid->values[row * a->grid->columns + c];
    const double truth = isnan(value) ? NAN : truth_of(column, value);
    if (truth < 0) return refused(a, UMBRA_ERROR_MISMATCH, row, c, "stands where yes or no is expected");
    put(&to, of, truth);
  }
  return UMBRA_OK;
}

/* The category of a text, or how many there are: the place of `other`. */
static size_t category_of(const umbra_schema_column *of, umbra_span text) {
  size_t begin = 0, end = of->categories;
  while (begin < end) {
    const size_t middle = begin + (end - begin) / 2;
    const int order = umbra_span_compare(text, (umbra_span){of->category[middle], strlen(of->category[middle])});
    if (!order) return middle;
    if (order < 0) end = middle;
    else begin = middle + 1;
  }
  return of->categories;
}

static umbra_status find_categories(size_t **category, const umbra_schema_column *of, const umbra_texts *texts) {
  UMBRA_TRY(umbra_alloc(category, texts->count, sizeof **category, "categories"));
  for (size_t i = 0; i < texts->count; i++) (*category)[i] = category_of(of, texts->entry[i].text);
  return UMBRA_OK;
}

static umbra_status put_categories(const application *a, const umbra_schema_column *of, size_t c, target to) {
  const umbra_grid_column *column = &a->grid->column[c];
  size_t *category, unseen = 0;
  if (column->numbers) return refused(a, UMBRA_ERROR_MISMATCH, 0, c, "numbers stand where texts are expected");
  UMBRA_TRY(find_categories(&category, of, &column->texts));
  for (size_t row = 0; row < a->grid->rows; row++) {
    if (!a->kept[row]) continue;
    const double value = a->grid->values[row * a->grid->columns + c];
    const size_t at = isnan(value) ? of->categories : category[(size_t)value];
    const int known = at < of->categories;
    unseen += !known && !isnan(value);
    if (known || (of->other && !(isnan(value) && of->marks_missing))) to.values[at] = 1;
    to.values += to.stride;
  }
  umbra_free(category);
  if (unseen && !a->own)
    umbra_table_tell(a->wish->options, "column %zu: %zu texts are none of the training's categories, and count as %s",
                     c + 1, unseen, of->other ? "other" : "none of them");
  return UMBRA_OK;
}

static void mark_missing(const application *a, size_t c, target to) {
  for (size_t row = 0; row < a->grid->rows; row++) {
    if (!a->kept[row]) continue;
    *to.values = is_missing(a, row, c);
    to.values += to.stride;
  }
}

static umbra_status put_column(const application *a, const umbra_schema_column *of, size_t c, target to) {
  static umbra_status (*const putters[])(const application *, const umbra_schema_column *, size_t, target) = {
      [UMBRA_COLUMN_NUMBERS] = put_numbers,
      [UMBRA_COLUMN_TRUTH] = put_truth,
      [UMBRA_COLUMN_CATEGORIES] = put_categories};
  UMBRA_TRY(check_column(a, of, c));
  UMBRA_TRY(putters[of->kind](a, of, c, to));
  to.values += umbra_schema_column_features(of) - 1;
  if (of->marks_missing) mark_missing(a, c, to);
  return UMBRA_OK;
}

static void tell_filled(const application *a) {
  size_t filled = 0;
  if (rule_of(a) <= UMBRA_MISSING_DROP) return;
  for (size_t i = 0; i < a->schema->columns; i++) filled += a->grid->column[a->places.column[i]].missing;
  if (filled)
    umbra_table_tell(a->wish->options,
                     "%zu missing values are filled by the %s of their columns, and missing texts are a "
                     "category",
                     filled, rule_of(a) == UMBRA_MISSING_MEAN ? "mean" : "median");
}

/* Whether values, not texts alone, are filled. */
static int fills_values(const application *a) {
  if (rule_of(a) <= UMBRA_MISSING_DROP) return 0;
  for (size_t i = 0; i < a->schema->columns; i++)
    if (a->schema->column[i].kind != UMBRA_COLUMN_CATEGORIES && a->grid->column[a->places.column[i]].missing) return 1;
  return 0;
}

static umbra_status put_columns(const application *a, umbra_sheet *sheet) {
  umbra_table *features = &sheet->features;
  const size_t columns = umbra_schema_features(a->schema);
  size_t at = 0, count;
  if (__builtin_mul_overflow(a->rows, columns, &count))
    return umbra_fail(UMBRA_ERROR_OUT_OF_MEMORY, "%zu x %zu values are too many", a->rows, columns);
  UMBRA_TRY(umbra_alloc(&features->values, count, sizeof *features->values, "a table"));
  if (fills_values(a)) UMBRA_TRY(umbra_alloc(&sheet->filled, count, 1, "a table"));
  sheet->median = rule_of(a) != UMBRA_MISSING_MEAN;
  features->rows = a->rows;
  features->columns = columns;
  for (size_t i = 0; i < a->schema->columns; i++) {
    const umbra_schema_column *of = &a->schema->column[i];
    const target to = {features->values + at, sheet->filled ? sheet->filled + at : NULL, columns};
    UMBRA_TRY(put_column(a, of, a->places.column[i], to));
    at += umbra_schema_column_features(of);
  }
  return UMBRA_OK;
}

/* ---- all of it ---- */

static umbra_status check_rule(const application *a) {
  const umbra_missing_rule wanted = a->wish->options->missing;
  if (wanted == UMBRA_MISSING_REFUSE || wanted == UMBRA_MISSING_DROP || wanted == a->schema->missing) return UMBRA_OK;
  return umbra_fail(
      UMBRA_ERROR_MISMATCH,
      "--missing: the training had another rule for missing values, and goes on with it; only drop can be given");
}

static umbra_status apply(application *a, umbra_sheet *sheet) {
  UMBRA_TRY(check_rule(a));
  const umbra_match_mode mode = a->own           ? UMBRA_MATCH_OWN
                                : a->wish->label ? UMBRA_MATCH_WITH_LABEL
                                                 : UMBRA_MATCH_FEATURES;
  UMBRA_TRY(umbra_schema_match(a->schema, &a->places, a->grid, a->wish->options, mode));
  if (a->wish->label && a->places.label == UMBRA_NO_COLUMN)
    return umbra_fail(UMBRA_ERROR_MISMATCH, "the table has no column '%s', which is the label (in %s)",
                      a->schema->label ? a->schema->label : "of the label", a->grid->path);
  UMBRA_TRY(choose_rows(a));
  UMBRA_TRY(put_columns(a, sheet));
  tell_filled(a);
  if (!a->wish->label) return UMBRA_OK;
  UMBRA_TRY(umbra_alloc(&sheet->labels, a->rows, sizeof *sheet->labels, "labels"));
  return umbra_schema_labels(a->schema, sheet->labels, a->grid, (size_t)a->places.label, a->kept);
}

umbra_status umbra_schema_apply(const umbra_schema *schema, umbra_sheet *sheet, const umbra_grid *grid,
                                const umbra_schema_wish *wish, int own) {
  application a = {.schema = schema, .grid = grid, .wish = wish, .own = own};
  umbra_sheet made = {0};
  umbra_status status = apply(&a, &made);
  umbra_free(a.places.column);
  umbra_free(a.kept);
  if (status == UMBRA_OK) *sheet = made;
  else umbra_sheet_clear(&made);
  return status;
}
