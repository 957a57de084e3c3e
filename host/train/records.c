/* SPDX-License-Identifier: Apache-2.0 */
#include "records.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../base/structs.h"
#include "../io/table_file.h"

umbra_status umbra_records_make(umbra_records **records, size_t rows, size_t columns) {
  size_t count;
  if (!rows || !columns || __builtin_mul_overflow(rows, columns, &count))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%zu records of %zu features: there must be some of each", rows,
                      columns);
  umbra_records *made = NULL;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "records"));
  *made = (umbra_records){.rows = rows, .columns = columns};
  umbra_status status = umbra_alloc(&made->labels, rows, sizeof *made->labels, "labels");
  if (status == UMBRA_OK) status = umbra_alloc(&made->features, count, sizeof *made->features, "records");
  if (status == UMBRA_OK) *records = made;
  else umbra_records_destroy(made);
  return status;
}

void umbra_records_destroy(umbra_records *records) {
  if (!records) return;
  umbra_free(records->features);
  umbra_free(records->labels);
  umbra_free(records);
}

umbra_status umbra_records_check_shape(const umbra_records *records, const umbra_train_options *options) {
  if (records->rows == options->rows && records->columns == options->columns) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%zu records of %zu features; the plan is for %zu of %zu",
                    records->rows, records->columns, options->rows, options->columns);
}

double umbra_records_score(const umbra_records *records, size_t row, const double *weights) {
  const double *x = umbra_records_row(records, row);
  double sum = weights[records->columns];
  for (size_t j = 0; j < records->columns; j++) sum += weights[j] * x[j];
  return sum;
}

size_t umbra_records_rows(const umbra_records *records) { return records->rows; }
size_t umbra_records_columns(const umbra_records *records) { return records->columns; }
const double *umbra_records_row(const umbra_records *records, size_t row) {
  return records->features + row * records->columns;
}
double umbra_records_label(const umbra_records *records, size_t row) { return records->labels[row]; }

/* ---- labels ---- */

/* Where labels come from, for texts. */
typedef struct label_source {
  const size_t *lines; /* of the rows, or NULL */
  size_t column;       /* from 1; 0: labels are no column */
} label_source;

enum { PLACE_BYTES = 80 };

static const char *place(char text[PLACE_BYTES], const label_source *source, size_t row) {
  int used = snprintf(text, PLACE_BYTES, "%s %zu", source->lines ? "line" : "row",
                      source->lines ? source->lines[row] : row + 1);
  if (source->column) snprintf(text + used, (size_t)(PLACE_BYTES - used), ", column %zu", source->column);
  return text;
}

/* All labels are -1, 0 or 1, and 0 and -1 do not occur together. */
static umbra_status check_labels(const umbra_records *records, const label_source *source) {
  const double *label = records->labels;
  size_t other = records->rows; /* the first that is not 1 */
  char here[PLACE_BYTES], there[PLACE_BYTES];
  for (size_t i = 0; i < records->rows; i++) {
    if (label[i] != 0 && label[i] != 1 && label[i] != -1)
      return umbra_fail(UMBRA_ERROR_RANGE, "%s: the label is %.17g; labels are 0 and 1, or -1 and 1",
                        place(here, source, i), label[i]);
    if (label[i] == 1) continue;
    if (other == records->rows) other = i;
    if (label[i] != label[other])
      return umbra_fail(UMBRA_ERROR_RANGE, "%s: the label is %d, but in %s it is %d; labels are 0 and 1, or -1 and 1",
                        place(here, source, i), (int)label[i], place(there, source, other), (int)label[other]);
  }
  return UMBRA_OK;
}

/* Labels as they were read become -1 and 1. */
static umbra_status settle_labels(umbra_records *records, const label_source *source) {
  UMBRA_TRY(check_labels(records, source));
  size_t ones = 0;
  for (size_t i = 0; i < records->rows; i++) ones += records->labels[i] == 1;
  if (ones == 0 || ones == records->rows)
    return umbra_fail(UMBRA_ERROR_RANGE, "all %zu labels are %d; there must be records of both classes", records->rows,
                      (int)records->labels[0]);
  for (size_t i = 0; i < records->rows; i++) records->labels[i] = records->labels[i] == 1 ? 1 : -1;
  return UMBRA_OK;
}

static umbra_status check_features(const umbra_records *records) {
  for (size_t row = 0; row < records->rows; row++)
    for (size_t column = 0; column < records->columns; column++)
      if (!isfinite(umbra_records_row(records, row)[column]))
        return umbra_fail(UMBRA_ERROR_RANGE, "row %zu, column %zu: the feature is not finite", row + 1, column + 1);
  return UMBRA_OK;
}

umbra_status umbra_records_create(umbra_records **records, const double *features, const double *labels, size_t rows,
                                  size_t columns) {
  if (!records || !features || !labels)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "records need an output, features and labels");
  umbra_records *made = NULL;
  UMBRA_TRY(umbra_records_make(&made, rows, columns));
  memcpy(made->features, features, rows * columns * sizeof *features);
  memcpy(made->labels, labels, rows * sizeof *labels);
  umbra_status status = check_features(made);
  if (status == UMBRA_OK) status = settle_labels(made, &(label_source){0});
  if (status == UMBRA_OK) UMBRA_PUT(records, records, made);
  else umbra_records_destroy(made);
  return status;
}

/* ---- the label's column ---- */

static const char *next_name(const char *name) { return name + strlen(name) + 1; }

/* How many columns have that name, and the first of them. */
static size_t find_name(size_t *column, const char *names, size_t columns, const char *wanted) {
  size_t found = 0;
  for (size_t i = 0; names && i < columns; i++, names = next_name(names))
    if (strcmp(names, wanted) == 0 && found++ == 0) *column = i;
  return found;
}

static int is_number(long long *number, const char *text) {
  char *end;
  if ((*text < '0' || *text > '9') && *text != '-') return 0;
  errno = 0;
  *number = strtoll(text, &end, 10);
  return end != text && *end == '\0' && errno == 0;
}

static umbra_status find_column(size_t *column, const umbra_table *table, const char *names, const char *label) {
  long long number;
  size_t found = find_name(column, names, table->columns, label);
  if (found == 1) return UMBRA_OK;
  if (found > 1)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%zu columns are called '%s': give the label's number", found,
                      label);
  if (!is_number(&number, label))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "no column is called '%s'%s; the label is a name, a number from 1 to %zu, or -1 for the last",
                      label, names ? "" : ": the table has no header", table->columns);
  unsigned long long from_end = 0 - (unsigned long long)number;
  if (number > 0 ? (unsigned long long)number > table->columns : number == 0 || from_end > table->columns)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "there is no column %s for the label; columns are 1 to %zu, or -1 to -%zu from the end", label,
                      table->columns, table->columns);
  *column = number > 0 ? (size_t)number - 1 : table->columns - (size_t)from_end;
  return UMBRA_OK;
}

/* Takes the label's column out of the table; what is left are the features. */
static void take_labels(double *labels, umbra_table *table, size_t column) {
  size_t before = column, after = table->columns - column - 1;
  double *to = table->values;
  for (size_t row = 0; row < table->rows; row++) {
    const double *from = table->values + row * table->columns;
    labels[row] = from[column];
    memmove(to, from, before * sizeof *to);
    memmove(to + before, from + column + 1, after * sizeof *to);
    to += before + after;
  }
  table->columns--;
}

/* ---- reading ---- */

/* Leaves an empty table. */
static umbra_status from_table(umbra_records **records, umbra_table *table, const umbra_table_origin *origin,
                               const char *label) {
  size_t column = 0;
  umbra_records *made = NULL;
  UMBRA_TRY(find_column(&column, table, origin->names, label));
  if (table->columns == 1)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the label's column is the only one: there are no features");
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "records"));
  umbra_status status = umbra_alloc(&made->labels, table->rows, sizeof *made->labels, "labels");
  if (status == UMBRA_OK) {
    take_labels(made->labels, table, column);
    made->rows = table->rows;
    made->columns = table->columns;
    made->features = table->values;
    *table = (umbra_table){0};
    status = settle_labels(made, &(label_source){origin->lines, column + 1});
  }
  if (status == UMBRA_OK) UMBRA_PUT(records, records, made);
  else umbra_records_destroy(made);
  return status;
}

umbra_status umbra_records_read(umbra_records **records, const char *path, const umbra_records_options *options) {
  if (!records || !path) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "reading records needs an output and a path");
  umbra_records_options wanted = {UMBRA_RECORDS_OPTIONS_INIT};
  UMBRA_TRY(UMBRA_TAKE(umbra_records_options, &wanted, options));
  umbra_table table = {0};
  umbra_table_origin origin = {0};
  UMBRA_TRY(umbra_table_read_origin(&table, &origin, path));
  umbra_status status = from_table(records, &table, &origin, wanted.label ? wanted.label : "-1");
  umbra_table_clear(&table);
  umbra_table_origin_clear(&origin);
  return status;
}

/* ---- splitting ---- */

static void deal(umbra_records *rest, umbra_records *held, const umbra_records *records, size_t every) {
  umbra_records *sides[2] = {rest, held};
  size_t next[2] = {0, 0}, seen[2] = {0, 0}, columns = records->columns;
  for (size_t row = 0; row < records->rows; row++) {
    double label = records->labels[row];
    int side = seen[label > 0]++ % every == 0;
    size_t to = next[side]++;
    memcpy(sides[side]->features + to * columns, umbra_records_row(records, row), columns * sizeof(double));
    sides[side]->labels[to] = label;
  }
}

/* Of n records of a class the first, the (every + 1)-th, ...: 1 + (n - 1) / every. */
static umbra_status count_held(size_t *held, const umbra_records *records, size_t every) {
  size_t of[2] = {0, 0};
  for (size_t row = 0; row < records->rows; row++) of[records->labels[row] > 0]++;
  for (int side = 0; side < 2; side++)
    if (of[side] < 2)
      return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "class %d has one record only, which cannot be on both sides",
                        side ? 1 : -1);
  *held = (of[0] - 1) / every + (of[1] - 1) / every + 2;
  return UMBRA_OK;
}

umbra_status umbra_records_split(umbra_records **rest, umbra_records **held, const umbra_records *records,
                                 size_t every) {
  if (!rest || !held || (*rest && *rest == *held) || !records || every < 2)
    return umbra_fail(
        UMBRA_ERROR_INVALID_ARGUMENT,
        "splitting needs two different outputs, records, and every n-th of them, n being 2 or more, not %zu", every);
  size_t count;
  umbra_records *made_rest = NULL, *made_held = NULL;
  UMBRA_TRY(count_held(&count, records, every));
  UMBRA_TRY(umbra_records_make(&made_rest, records->rows - count, records->columns));
  umbra_status status = umbra_records_make(&made_held, count, records->columns);
  if (status != UMBRA_OK) {
    umbra_records_destroy(made_rest);
    return status;
  }
  deal(made_rest, made_held, records, every);
  UMBRA_PUT(records, rest, made_rest);
  UMBRA_PUT(records, held, made_held);
  return UMBRA_OK;
}
