/* SPDX-License-Identifier: Apache-2.0 */
#include <float.h>
#include <math.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../base/bounds.h"
#include "../base/counted.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../base/structs.h"
#include "../io/encoding.h"
#include "../io/schema.h"
#include "../io/storage.h"
#include "../io/table_file.h"
#include "plan.h"
#include "records.h"

/* A row of the table. divisor 0: scaled values are 0. */
typedef struct column_scaling {
  double offset, divisor, clip;
} column_scaling;

enum { FIELDS = sizeof(column_scaling) / sizeof(double) };
_Static_assert(sizeof(column_scaling) == 3 * sizeof(double), "no padding: it is the row of a table");

struct umbra_scaling {
  size_t columns;
  column_scaling *column;
  umbra_schema *schema; /* of the records that it was made for, shared; NULL: they came from memory */
  int planned;          /* it is of a plan: */
  uint8_t plan[UMBRA_DIGEST_BYTES];
};

static umbra_status make(umbra_scaling **scaling, size_t columns) {
  umbra_scaling *made = NULL;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a scaling"));
  umbra_status status = umbra_alloc(&made->column, columns, sizeof *made->column, "a scaling");
  made->columns = columns;
  if (status == UMBRA_OK) *scaling = made;
  else umbra_free(made);
  return status;
}

void umbra_scaling_destroy(umbra_scaling *scaling) {
  if (!scaling) return;
  umbra_schema_destroy(scaling->schema);
  umbra_free(scaling->column);
  umbra_free(scaling);
}

const umbra_schema *umbra_scaling_schema(const umbra_scaling *scaling) { return scaling->schema; }

size_t umbra_scaling_columns(const umbra_scaling *scaling) { return scaling->columns; }

umbra_status umbra_scaling_column(const umbra_scaling *scaling, umbra_column_scaling *column, size_t index) {
  if (!scaling || !column)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s is NULL", scaling ? "column" : "scaling");
  if (index >= scaling->columns)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "there is no column %zu among %zu", index, scaling->columns);
  const column_scaling *c = &scaling->column[index];
  const umbra_column_scaling own = {.offset = c->offset, .divisor = c->divisor, .clip = c->clip};
  return UMBRA_GIVE(umbra_column_scaling, column, &own);
}

/* ---- fitting ---- */

/* What is found out about a column. The moments are those of (x - least) / span, so that no square overflows. */
typedef struct column_extent {
  size_t least, greatest;  /* rows */
  double offset, span;     /* the least value, and the difference to the greatest */
  double mean, squares;    /* squares: sum of the squared differences from the mean */
  double median, quartile; /* quartile: distance from the lower one to the upper one */
} column_extent;

static void find_extremes(column_extent *extent, const umbra_records *records) {
  const size_t columns = records->columns;
  for (size_t row = 0; row < records->rows; row++)
    for (size_t j = 0; j < columns; j++) {
      double x = records->features[row * columns + j];
      if (x < records->features[extent[j].least * columns + j]) extent[j].least = row;
      if (x > records->features[extent[j].greatest * columns + j]) extent[j].greatest = row;
    }
  for (size_t j = 0; j < columns; j++) {
    extent[j].offset = records->features[extent[j].least * columns + j];
    extent[j].span = records->features[extent[j].greatest * columns + j] - extent[j].offset;
  }
}

/* Welford's recurrence. */
static void find_moments(column_extent *extent, const umbra_records *records) {
  for (size_t row = 0; row < records->rows; row++) {
    const double *x = umbra_records_row(records, row);
    for (size_t j = 0; j < records->columns; j++) {
      column_extent *e = &extent[j];
      if (e->span == 0) continue;
      double t = (x[j] - e->offset) / e->span, difference = t - e->mean;
      e->mean += difference / (double)(row + 1);
      e->squares += difference * (t - e->mean);
    }
  }
}

static int by_value(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Between the sorted values on both sides of that share of them. */
static double quantile(const double *sorted, size_t rows, double share) {
  const double place = share * (double)(rows - 1), below = floor(place);
  const size_t i = (size_t)below;
  return i + 1 < rows ? sorted[i] + (place - below) * (sorted[i + 1] - sorted[i]) : sorted[i];
}

static umbra_status find_quartiles(column_extent *extent, const umbra_records *records) {
  double *sorted;
  UMBRA_TRY(umbra_alloc(&sorted, records->rows, sizeof *sorted, "a scaling"));
  for (size_t j = 0; j < records->columns; j++) {
    for (size_t row = 0; row < records->rows; row++) sorted[row] = umbra_records_row(records, row)[j];
    qsort(sorted, records->rows, sizeof *sorted, by_value);
    extent[j].median = quantile(sorted, records->rows, 0.5);
    extent[j].quartile = quantile(sorted, records->rows, 0.75) - quantile(sorted, records->rows, 0.25);
  }
  umbra_free(sorted);
  return UMBRA_OK;
}

static double deviation_of(const column_extent *e, size_t rows) { return e->span * sqrt(e->squares / (double)rows); }

static column_scaling scaling_of(const column_extent *e, size_t rows, umbra_scaling_kind kind) {
  if (kind == UMBRA_SCALING_RANGE || e->span == 0) return (column_scaling){.offset = e->offset, .divisor = e->span};
  if (kind == UMBRA_SCALING_MAXIMUM) return (column_scaling){.divisor = fmax(-e->offset, e->offset + e->span)};
  if (kind == UMBRA_SCALING_QUARTILES)
    return (column_scaling){.offset = e->median, .divisor = e->quartile > 0 ? e->quartile : deviation_of(e, rows)};
  return (column_scaling){.offset = e->offset + e->span * e->mean, .divisor = deviation_of(e, rows)};
}

/* Divisors that are subnormal have lost digits, and nearly everything else divided by them is infinite. */
static umbra_status check_extent(const column_extent *e, const column_scaling *scaling, size_t column) {
  if (!isfinite(e->span))
    return umbra_fail(UMBRA_ERROR_RANGE, "row %zu, column %zu: the value is too far from that of row %zu to be scaled",
                      e->greatest + 1, column + 1, e->least + 1);
  if (e->span != 0 && scaling->divisor < DBL_MIN)
    return umbra_fail(UMBRA_ERROR_RANGE,
                      "row %zu, column %zu: the value differs from that of row %zu, but too little to be scaled",
                      e->greatest + 1, column + 1, e->least + 1);
  return UMBRA_OK;
}

static umbra_status fit_columns(umbra_scaling *scaling, const umbra_records *records, umbra_scaling_kind kind) {
  column_extent *extent;
  UMBRA_TRY(umbra_alloc(&extent, records->columns, sizeof *extent, "a scaling"));
  find_extremes(extent, records);
  if (kind == UMBRA_SCALING_DEVIATION || kind == UMBRA_SCALING_QUARTILES) find_moments(extent, records);
  umbra_status status = kind == UMBRA_SCALING_QUARTILES ? find_quartiles(extent, records) : UMBRA_OK;
  for (size_t j = 0; j < records->columns && status == UMBRA_OK; j++) {
    scaling->column[j] = scaling_of(&extent[j], records->rows, kind);
    status = check_extent(&extent[j], &scaling->column[j], j);
  }
  umbra_free(extent);
  return status;
}

static umbra_status check_kind(umbra_scaling_kind kind, double argument, double clip) {
  if ((unsigned)kind > UMBRA_SCALING_QUARTILES)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%d is no kind of scaling", (int)kind);
  if (kind == UMBRA_SCALING_CONSTANT && (!isnormal(argument) || argument < 0))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the divisor must be above 0 and finite, not %g", argument);
  if (!umbra_is_bound(clip))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "clip must be above 0 and finite, or 0 for none, not %g", clip);
  return UMBRA_OK;
}

umbra_status umbra_scaling_fit(umbra_scaling **scaling, const umbra_records *records, umbra_scaling_kind kind,
                               double argument, double clip) {
  if (!scaling || !records) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a scaling needs an output and records");
  UMBRA_TRY(check_kind(kind, argument, clip));
  umbra_scaling *made = NULL;
  UMBRA_TRY(make(&made, records->columns));
  umbra_status status = UMBRA_OK;
  if (kind == UMBRA_SCALING_NONE || kind == UMBRA_SCALING_CONSTANT)
    for (size_t j = 0; j < made->columns; j++) made->column[j].divisor = kind == UMBRA_SCALING_NONE ? 1 : argument;
  else status = fit_columns(made, records, kind);
  for (size_t j = 0; j < made->columns; j++) made->column[j].clip = clip;
  made->schema = umbra_share(records->schema);
  if (status == UMBRA_OK) UMBRA_PUT(scaling, scaling, made);
  else umbra_scaling_destroy(made);
  return status;
}

/* ---- applying ---- */

/* Never NaN: offset and divisor are finite. */
static double scale(double x, const column_scaling *c) {
  double scaled = c->divisor == 0 ? 0 : (x - c->offset) / c->divisor;
  if (c->clip == 0) return scaled;
  return scaled < -c->clip ? -c->clip : scaled > c->clip ? c->clip : scaled;
}

static umbra_status check_values(const umbra_scaling *scaling, const double *values, size_t rows, size_t columns) {
  if (scaling->columns != columns)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the scaling is of %zu columns, and the records have %zu",
                      scaling->columns, columns);
  for (size_t i = 0; i < rows * columns; i++)
    if (!isfinite(scale(values[i], &scaling->column[i % columns])))
      return umbra_fail(UMBRA_ERROR_RANGE, "row %zu, column %zu: %g is too large when it is scaled; clip helps",
                        i / columns + 1, i % columns + 1, values[i]);
  return UMBRA_OK;
}

umbra_status umbra_scaling_values(const umbra_scaling *scaling, double *scaled, const double *values, size_t rows,
                                  size_t columns) {
  if (!scaled || !scaling || !values)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "scaling needs an output, a scaling and values");
  UMBRA_TRY(check_values(scaling, values, rows, columns));
  for (size_t i = 0; i < rows * columns; i++) scaled[i] = scale(values[i], &scaling->column[i % columns]);
  return UMBRA_OK;
}

umbra_status umbra_scaling_apply(const umbra_scaling *scaling, umbra_records **scaled, const umbra_records *records) {
  if (!scaled || !scaling || !records)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "scaling needs an output, a scaling and records");
  umbra_records *made = NULL;
  UMBRA_TRY(umbra_records_make(&made, records->rows, records->columns));
  made->classes = records->classes;
  memcpy(made->labels, records->labels, records->rows * sizeof *made->labels);
  made->schema = umbra_share(records->schema);
  umbra_status status =
      umbra_scaling_values(scaling, made->features, records->features, records->rows, records->columns);
  if (status == UMBRA_OK) UMBRA_PUT(records, scaled, made);
  else umbra_records_destroy(made);
  return status;
}

/* ---- files ---- */

/* The schema, and the plan that the scaling belongs to, are comments before the table. */
static const char schema_mark[] = "# umbra schema ", plan_mark[] = "# umbra plan ";

static umbra_status write_line(int file, const char *mark, const char *text) {
  UMBRA_TRY(umbra_storage_write(file, mark, strlen(mark)));
  UMBRA_TRY(umbra_storage_write(file, text, strlen(text)));
  return umbra_storage_write(file, "\n", 1);
}

static umbra_status write_schema(int file, const umbra_schema *schema) {
  size_t size;
  char *text;
  UMBRA_TRY(umbra_schema_describe(schema, NULL, &size));
  UMBRA_TRY(umbra_alloc(&text, size, 1, "a schema"));
  umbra_status status = umbra_schema_describe(schema, text, &size);
  if (status == UMBRA_OK) status = write_line(file, schema_mark, text);
  umbra_free(text);
  return status;
}

typedef struct writing {
  const umbra_scaling *scaling;
  const uint8_t *plan; /* its digest, or NULL */
} writing;

static umbra_status write_scaling(int file, void *argument) {
  const writing *w = argument;
  char digest[2 * UMBRA_DIGEST_BYTES + 1];
  if (w->scaling->schema) UMBRA_TRY(write_schema(file, w->scaling->schema));
  if (w->plan)
    UMBRA_TRY(write_line(file, plan_mark, sodium_bin2hex(digest, sizeof digest, w->plan, UMBRA_DIGEST_BYTES)));
  return umbra_csv_write(file, &(umbra_table){w->scaling->columns, FIELDS, &w->scaling->column->offset});
}

static int is_csv(const char *path) {
  const size_t length = strlen(path);
  return length >= 4 && strcasecmp(path + length - 4, ".csv") == 0;
}

static umbra_status save(const umbra_scaling *scaling, const uint8_t *plan, const char *path) {
  if (is_csv(path)) return umbra_storage_replace(path, 0, write_scaling, &(writing){scaling, plan});
  if (scaling->schema || plan)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "'%s': only .csv keeps what the scaling's columns are, and its plan; save it as .csv", path);
  return umbra_table_write(&(umbra_table){scaling->columns, FIELDS, &scaling->column->offset}, path);
}

umbra_status umbra_scaling_save(const umbra_scaling *scaling, const char *path) {
  if (!scaling || !path) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "saving needs a scaling and a path");
  return save(scaling, scaling->planned ? scaling->plan : NULL, path);
}

umbra_status umbra_train_plan_save_scaling(const umbra_train_plan *plan, const umbra_scaling *scaling,
                                           const char *path) {
  if (!plan || !scaling || !path)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "saving needs a plan, its scaling and a path");
  return save(scaling, plan->digest, path);
}

umbra_status umbra_train_plan_check_scaling(const umbra_train_plan *plan, const umbra_scaling *scaling) {
  if (!plan || !scaling) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s is NULL", plan ? "scaling" : "plan");
  if (!scaling->planned || memcmp(scaling->plan, plan->digest, sizeof scaling->plan) == 0) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_MISMATCH, "the scaling was written with another plan");
}

static umbra_status check_table(const umbra_table *table, const char *path) {
  if (table->columns != FIELDS)
    return umbra_fail(UMBRA_ERROR_FORMAT,
                      "a scaling has 3 columns, offset, divisor and clip, and this table has %zu (in %s)",
                      table->columns, path);
  for (size_t row = 0; row < table->rows; row++) {
    const double *value = table->values + row * FIELDS;
    if (value[1] < 0 || fpclassify(value[1]) == FP_SUBNORMAL)
      return umbra_fail(UMBRA_ERROR_FORMAT, "row %zu: the divisor is %g, and must be above 0, or 0 (in %s)", row + 1,
                        value[1], path);
    if (value[2] < 0)
      return umbra_fail(UMBRA_ERROR_FORMAT, "row %zu: clip is %g, and must be above 0, or 0 for none (in %s)", row + 1,
                        value[2], path);
  }
  return UMBRA_OK;
}

static umbra_status take_plan(umbra_scaling *scaling, const char *text) {
  size_t bytes;
  const char *end;
  scaling->planned = sodium_hex2bin(scaling->plan, sizeof scaling->plan, text, strlen(text), NULL, &bytes, &end) == 0 &&
                     bytes == sizeof scaling->plan && !*end;
  return scaling->planned ? UMBRA_OK : umbra_fail(UMBRA_ERROR_FORMAT, "the digest of a plan is not one");
}

static umbra_status take_line(umbra_scaling *scaling, const char *line) {
  if (strncmp(line, schema_mark, strlen(schema_mark)) == 0)
    return umbra_schema_parse(&scaling->schema, line + strlen(schema_mark));
  return strncmp(line, plan_mark, strlen(plan_mark)) == 0 ? take_plan(scaling, line + strlen(plan_mark)) : UMBRA_OK;
}

/* Of the comments before the table; blank lines may be among them. */
static umbra_status take_lines(umbra_scaling *scaling, char *text) {
  static const char blanks[] = " \t\r\n";
  for (text += strspn(text, blanks); *text == '#'; text += strspn(text, blanks)) {
    const char *line = text;
    text += strcspn(text, "\r\n");
    if (*text) *text++ = '\0';
    UMBRA_TRY(take_line(scaling, line));
  }
  return UMBRA_OK;
}

static umbra_status read_comments(umbra_scaling *scaling, const char *path) {
  static const uint64_t most = (uint64_t)1 << 28;
  umbra_bytes bytes = {0};
  size_t latin1_line;
  if (!umbra_path_is_text(path)) return UMBRA_OK;
  UMBRA_TRY(umbra_input_read(&bytes, path, most));
  umbra_status status = umbra_text_to_utf8(&bytes, &latin1_line, path);
  if (status == UMBRA_OK && latin1_line)
    status = umbra_fail(UMBRA_ERROR_FORMAT, "line %zu is no UTF-8, in which scalings are written", latin1_line);
  if (status == UMBRA_OK) status = take_lines(scaling, (char *)bytes.at);
  if (status != UMBRA_OK) status = umbra_fail(status, "%s (in %s)", umbra_last_error(), path);
  umbra_free(bytes.at);
  return status;
}

static umbra_status from_table(umbra_scaling **scaling, const umbra_table *table, const char *path) {
  umbra_scaling *made = NULL;
  UMBRA_TRY(make(&made, table->rows));
  for (size_t j = 0; j < table->rows; j++) {
    const double *value = table->values + j * FIELDS;
    made->column[j] = (column_scaling){value[0], value[1], value[2]};
  }
  umbra_status status = read_comments(made, path);
  if (status == UMBRA_OK && made->schema && umbra_schema_features(made->schema) != made->columns)
    status = umbra_fail(UMBRA_ERROR_FORMAT, "the schema has %zu features and the scaling %zu rows (in %s)",
                        umbra_schema_features(made->schema), made->columns, path);
  if (status == UMBRA_OK) UMBRA_PUT(scaling, scaling, made);
  else umbra_scaling_destroy(made);
  return status;
}

umbra_status umbra_scaling_load(umbra_scaling **scaling, const char *path) {
  if (!scaling || !path) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "loading needs an output and a path");
  umbra_table table = {0};
  UMBRA_TRY(umbra_table_read(&table, path));
  umbra_status status = check_table(&table, path);
  if (status == UMBRA_OK) status = from_table(scaling, &table, path);
  umbra_table_clear(&table);
  return status;
}
