/* SPDX-License-Identifier: Apache-2.0 */
/* What the columns of a table are. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "schema.h"

/* A category has at least one record in a hundred, and two; the most frequent of them have features of their own. */
enum { RARE_SHARE = 100, LEAST_RECORDS = 2, MOST_CATEGORIES = 64 };

typedef struct inference {
  const umbra_grid *grid;
  const umbra_schema_wish *wish;
  umbra_schema *schema;
  size_t *selected; /* the grid's columns, in order */
  size_t count;
  int every; /* none is left out by itself */
} inference;

/* ---- which columns ---- */

static umbra_status leave_out(inference *f, const size_t *column, size_t count) {
  uint8_t *out;
  size_t kept = 0;
  UMBRA_TRY(umbra_alloc(&out, f->grid->columns, 1, "a list of columns"));
  for (size_t k = 0; k < count; k++) out[column[k]] = 1;
  for (size_t i = 0; i < f->count; i++)
    if (!out[f->selected[i]]) f->selected[kept++] = f->selected[i];
  f->count = kept;
  umbra_free(out);
  return UMBRA_OK;
}

static umbra_status select_columns(inference *f) {
  const umbra_table_options *o = f->wish->options;
  size_t *without = NULL, count = 0;
  f->every = f->wish->every || o->columns;
  if (o->columns) {
    UMBRA_TRY(umbra_grid_select(&f->selected, &f->count, f->grid, o->columns, "--columns"));
  } else {
    UMBRA_TRY(umbra_alloc(&f->selected, f->grid->columns, sizeof *f->selected, "a list of columns"));
    for (; f->count < f->grid->columns; f->count++) f->selected[f->count] = f->count;
  }
  UMBRA_TRY(umbra_grid_select(&without, &count, f->grid, o->without, "--without"));
  umbra_status status = leave_out(f, without, count);
  umbra_free(without);
  if (status == UMBRA_OK && f->schema->label_number) {
    const size_t label = f->schema->label_number - 1;
    status = leave_out(f, &label, 1);
  }
  return status;
}

/* ---- what is wrong with a column ---- */

/* The first text that is probably a damaged number; NULL: none is. */
static const umbra_text_entry *find_damaged(const umbra_grid_column *column) {
  for (size_t i = 0; i < column->texts.count; i++)
    if (umbra_cell_diagnosis(column->texts.entry[i].text, column->numbers > 0)) return &column->texts.entry[i];
  return NULL;
}

/* Words only, of which none is a damaged number, or as the caller says. */
static int is_text(const inference *f, const umbra_grid_column *column) {
  return f->wish->texts && column->words && !column->numbers &&
         (column->as_text == UMBRA_TEXT_SAID || !find_damaged(column));
}

/* The numbers of all columns that are neither numbers nor texts, as an option has them. */
static void list_others(char *text, size_t size, const inference *f) {
  umbra_text out = {text, size, 0};
  for (size_t i = 0; i < f->count; i++) {
    const umbra_grid_column *column = &f->grid->column[f->selected[i]];
    if (!column->words || is_text(f, column)) continue;
    if (out.length + 16 > size) return;
    umbra_text_put(&out, "%s%zu", out.length ? "," : "", f->selected[i] + 1);
  }
}

static const char *reason_of(const inference *f, const umbra_grid_column *column, umbra_span cell) {
  const char *diagnosis = umbra_cell_diagnosis(cell, column->numbers > 0);
  if (diagnosis) return diagnosis;
  if (!column->numbers && !f->wish->texts) return "only numbers can be read here";
  if (umbra_grid_begins_with_word(column)) return "--header 2 says that the header has two lines";
  return "others of its column are";
}

static umbra_status not_a_number(const inference *f, size_t c) {
  const umbra_grid_column *column = &f->grid->column[c];
  const umbra_text_entry *damaged = find_damaged(column), *at = damaged ? damaged : &column->texts.entry[0];
  char place[UMBRA_PLACE_BYTES], shown[UMBRA_SHOWN_BYTES], others[96];
  list_others(others, sizeof others, f);
  return umbra_fail(UMBRA_ERROR_FORMAT, "%s: '%s' is not a number; %s; --without %s leaves out what is none%s (in %s)",
                    umbra_grid_place(place, f->grid, at->row, c), umbra_span_shown(shown, at->text),
                    reason_of(f, column, at->text), others, f->wish->texts ? ", and --text makes categories of it" : "",
                    f->grid->path);
}

static umbra_status check_column(const inference *f, size_t c) {
  const umbra_grid_column *column = &f->grid->column[c];
  char place[UMBRA_PLACE_BYTES];
  if (column->words && !is_text(f, column)) return not_a_number(f, c);
  if (column->first_infinite < f->grid->rows)
    return umbra_fail(UMBRA_ERROR_RANGE, "%s: the value is not finite (in %s)",
                      umbra_grid_place(place, f->grid, column->first_infinite, c), f->grid->path);
  if (!column->missing || f->wish->options->missing != UMBRA_MISSING_REFUSE) return UMBRA_OK;
  return umbra_fail(
      UMBRA_ERROR_FORMAT,
      "%s: a value is missing, as %zu of its column are; --missing drop leaves such records out, and mean, "
      "median or category fill them (in %s)",
      umbra_grid_place(place, f->grid, column->first_missing, c), column->missing, f->grid->path);
}

/* ---- columns that are no features ---- */

static size_t needed_records(const umbra_grid *grid) {
  const size_t share = (grid->rows + RARE_SHARE - 1) / RARE_SHARE;
  return share > LEAST_RECORDS ? share : LEAST_RECORDS;
}

static size_t count_frequent(const inference *f, const umbra_texts *texts) {
  size_t count = 0;
  for (size_t i = 0; i < texts->count; i++) count += texts->entry[i].count >= needed_records(f->grid);
  return texts->count == UMBRA_TEXTS_MOST ? 0 : count;
}

/* One pair, in letters of either case: where y stands beside t, they are codes. */
static int is_truth(const umbra_texts *texts) {
  for (size_t i = 0; i < texts->count; i++)
    if (!umbra_cell_is_truth_beside(texts->entry[i].text, texts->entry[0].text)) return 0;
  return 1;
}

/* The names of rows, which exports put first and give no name. */
static int is_index(const umbra_grid *grid, size_t c) {
  const umbra_span name = grid->column[c].name;
  return c == 0 && grid->named && (!name.length || umbra_span_is(name, "Unnamed: 0"));
}

/* Why a column is no feature; NULL: it is one. */
static const char *reason_against(const inference *f, size_t c) {
  const umbra_grid_column *column = &f->grid->column[c];
  if (!column->numbers && !column->words) return "has no value";
  if (is_index(f->grid, c)) return "has no name, as row numbers and names of rows have none";
  if (is_text(f, column) && !is_truth(&column->texts) && !count_frequent(f, &column->texts))
    return "has texts that hardly come twice, as identifiers are";
  return NULL;
}

static void keep_features(inference *f) {
  char shown[UMBRA_SHOWN_BYTES];
  size_t kept = 0;
  for (size_t i = 0; i < f->count; i++) {
    const size_t c = f->selected[i];
    const char *reason = f->every ? NULL : reason_against(f, c);
    if (!reason) f->selected[kept++] = c;
    else
      umbra_table_tell(f->wish->options, "column %zu '%s' %s; it is left out, unless --columns names it", c + 1,
                       umbra_span_shown(shown, f->grid->column[c].name), reason);
  }
  f->count = kept;
}

/* ---- what stands for missing values ---- */

static int compare_numbers(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* What a cell counts in a mean: texts of truth as 0 and 1. */
static double cell_value(const umbra_grid *grid, size_t row, size_t c) {
  const double value = grid->values[row * grid->columns + c];
  if (isnan(value) || !grid->column[c].words) return value;
  return umbra_cell_truth(grid->column[c].texts.entry[(size_t)value].text);
}

double umbra_fill_of(double *value, size_t count, int median) {
  double mean = 0;
  if (!count) return 0;
  if (median) {
    qsort(value, count, sizeof *value, compare_numbers);
    mean = value[(count - 1) / 2] + (value[count / 2] - value[(count - 1) / 2]) / 2;
  } else {
    for (size_t i = 0; i < count; i++) mean += (value[i] - mean) / (double)(i + 1);
  }
  return isfinite(mean) ? mean : 0;
}

static umbra_status find_fill(double *fill, const umbra_grid *grid, size_t c, int median) {
  double *values;
  size_t count = 0;
  UMBRA_TRY(umbra_alloc(&values, grid->rows, sizeof *values, "a column"));
  for (size_t row = 0; row < grid->rows; row++) {
    const double value = cell_value(grid, row, c);
    if (!isnan(value)) values[count++] = value;
  }
  *fill = umbra_fill_of(values, count, median);
  umbra_free(values);
  return UMBRA_OK;
}

/* ---- categories ---- */

static int compare_texts(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static int compare_counts(const void *a, const void *b) {
  const umbra_text_entry *x = *(umbra_text_entry *const *)a, *y = *(umbra_text_entry *const *)b;
  if (x->count != y->count) return x->count < y->count ? 1 : -1;
  return (x->row > y->row) - (x->row < y->row);
}

static umbra_status take_categories(umbra_schema_column *made, const umbra_text_entry *const *entry, size_t count) {
  UMBRA_TRY(umbra_alloc(&made->category, count, sizeof *made->category, "categories"));
  for (; made->categories < count; made->categories++)
    UMBRA_TRY(umbra_span_copy(&made->category[made->categories], entry[made->categories]->text));
  qsort(made->category, count, sizeof *made->category, compare_texts);
  return UMBRA_OK;
}

/* The frequent ones, most frequent first; all if they were asked for and none is frequent. */
static umbra_status find_categories(umbra_schema_column *made, const inference *f, size_t c) {
  const umbra_texts *texts = &f->grid->column[c].texts;
  const umbra_text_entry **entry;
  char shown[UMBRA_SHOWN_BYTES];
  size_t frequent = count_frequent(f, texts);
  if (frequent > MOST_CATEGORIES) frequent = MOST_CATEGORIES;
  UMBRA_TRY(umbra_alloc(&entry, texts->count, sizeof *entry, "categories"));
  for (size_t i = 0; i < texts->count; i++) entry[i] = &texts->entry[i];
  qsort(entry, texts->count, sizeof *entry, compare_counts);
  made->kind = UMBRA_COLUMN_CATEGORIES;
  made->other = frequent < texts->count;
  umbra_status status = take_categories(made, entry, frequent);
  if (status == UMBRA_OK && made->other)
    umbra_table_tell(f->wish->options,
                     "column %zu '%s': %zu texts are categories, and the other %zu, which are rare, are one", c + 1,
                     umbra_span_shown(shown, f->grid->column[c].name), frequent, texts->count - frequent);
  umbra_free(entry);
  return status;
}

static umbra_status describe_column(umbra_schema_column *made, const inference *f, size_t c) {
  const umbra_grid_column *column = &f->grid->column[c];
  const umbra_missing_rule rule = f->wish->options->missing;
  made->number = c + 1;
  if (f->grid->named && column->name.at) UMBRA_TRY(umbra_span_copy(&made->name, column->name));
  made->kind = column->words ? UMBRA_COLUMN_TRUTH : UMBRA_COLUMN_NUMBERS;
  if (column->words && !is_truth(&column->texts)) UMBRA_TRY(find_categories(made, f, c));
  made->marks_missing = column->missing && (rule == UMBRA_MISSING_CATEGORY ||
                                            (made->kind == UMBRA_COLUMN_CATEGORIES && rule > UMBRA_MISSING_DROP));
  if (made->kind == UMBRA_COLUMN_CATEGORIES || rule == UMBRA_MISSING_REFUSE || rule == UMBRA_MISSING_DROP)
    return UMBRA_OK;
  return find_fill(&made->fill, f->grid, c, rule == UMBRA_MISSING_MEDIAN || rule == UMBRA_MISSING_CATEGORY);
}

/* ---- all of it ---- */

static umbra_status find_label(umbra_schema *schema, const umbra_grid *grid, const umbra_schema_wish *wish) {
  size_t column = 0;
  if (!wish->label) return UMBRA_OK;
  UMBRA_TRY(umbra_grid_find(&column, grid, wish->label));
  schema->label_number = column + 1;
  if (grid->columns == 1)
    return umbra_fail(
        UMBRA_ERROR_INVALID_ARGUMENT,
        "the label's column is the only one: there are no features; --separator says what separates fields");
  if (grid->named && grid->column[column].name.at)
    UMBRA_TRY(umbra_span_copy(&schema->label, grid->column[column].name));
  return umbra_schema_find_classes(schema, grid, wish);
}

static umbra_status describe_columns(inference *f) {
  UMBRA_TRY(find_label(f->schema, f->grid, f->wish));
  UMBRA_TRY(select_columns(f));
  keep_features(f);
  if (!f->count) return umbra_fail(UMBRA_ERROR_FORMAT, "no column is left for features (in %s)", f->grid->path);
  for (size_t i = 0; i < f->count; i++) {
    UMBRA_TRY(check_column(f, f->selected[i]));
    UMBRA_TRY(describe_column(&f->schema->column[i], f, f->selected[i]));
  }
  f->schema->columns = f->count;
  return UMBRA_OK;
}

umbra_status umbra_schema_infer(umbra_schema **schema, const umbra_grid *grid, const umbra_schema_wish *wish) {
  inference f = {.grid = grid, .wish = wish};
  UMBRA_TRY(umbra_schema_make(&f.schema, grid->columns));
  f.schema->table_columns = grid->columns;
  f.schema->named = grid->named;
  f.schema->missing = wish->options->missing;
  umbra_status status = describe_columns(&f);
  umbra_free(f.selected);
  if (status == UMBRA_OK) *schema = f.schema;
  else umbra_schema_destroy(f.schema);
  return status;
}
