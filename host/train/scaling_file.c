/* SPDX-License-Identifier: Apache-2.0 */
/* Scalings as tables. Before the table, as comments: the schema, the records, and the plan that they belong to. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../io/remarks.h"
#include "../io/storage.h"
#include "../io/table_file.h"
#include "plan.h"
#include "scaling.h"

/* Of a row, before the mix if there is one; earlier versions wrote the first three. */
enum { FIELDS = 5, EARLIER_FIELDS = 3 };

static const char schema_mark[] = "# umbra schema ", plan_mark[] = "# umbra plan ", records_mark[] = "# umbra records ",
                  salt_mark[] = "# umbra salt ", weights_mark[] = "# umbra class weights ";

/* ---- writing ---- */

static umbra_status write_schema(int file, const umbra_schema *schema) {
  size_t size;
  char *text;
  UMBRA_TRY(umbra_schema_describe(schema, NULL, &size));
  UMBRA_TRY(umbra_alloc(&text, size, 1, "a schema"));
  umbra_status status = umbra_schema_describe(schema, text, &size);
  if (status == UMBRA_OK) status = umbra_remark_write(file, schema_mark, text);
  umbra_free(text);
  return status;
}

static umbra_status make_table(umbra_table *table, const umbra_scaling *scaling) {
  const size_t n = scaling->columns, fields = scaling->ranged ? FIELDS : EARLIER_FIELDS;
  *table = (umbra_table){n, scaling->mix ? fields + n : fields, NULL};
  UMBRA_TRY(umbra_alloc(&table->values, n, table->columns * sizeof *table->values, "a scaling"));
  for (size_t j = 0; j < n; j++) {
    const umbra_scaled_column *c = &scaling->column[j];
    double *row = table->values + j * table->columns;
    memcpy(row, (const double[]){c->offset, c->divisor, c->clip, c->least, c->greatest}, fields * sizeof *row);
    if (scaling->mix) memcpy(row + fields, scaling->mix + j * n, n * sizeof *row);
  }
  return UMBRA_OK;
}

/* In the C locale, as numbers of tables are. */
typedef struct weights_line {
  int file;
  const umbra_scaling *scaling;
} weights_line;

static umbra_status write_weights(void *argument) {
  enum { LONGEST = 32 };
  const weights_line *w = argument;
  const umbra_class_weights *of = &w->scaling->weight;
  char *text, *end;
  if (!of->classes) return UMBRA_OK;
  UMBRA_TRY(umbra_alloc(&text, of->classes, LONGEST, "weights of classes"));
  end = text;
  for (size_t k = 0; k < of->classes; k++) end += snprintf(end, LONGEST, k ? ",%.17g" : "%.17g", of->of[k]);
  umbra_status status = umbra_remark_write(w->file, weights_mark, text);
  umbra_free(text);
  return status;
}

typedef struct writing {
  const umbra_scaling *scaling;
  const umbra_table *table;
  const uint8_t *plan; /* its digest, or NULL */
} writing;

static umbra_status write_scaling(int file, void *argument) {
  const writing *w = argument;
  const umbra_scaling *s = w->scaling;
  UMBRA_TRY(umbra_in_c_locale(write_weights, &(weights_line){file, s}));
  if (s->schema) UMBRA_TRY(write_schema(file, s->schema));
  if (s->known) {
    UMBRA_TRY(umbra_remark_write_bytes(file, records_mark, s->records, sizeof s->records));
    UMBRA_TRY(umbra_remark_write_bytes(file, salt_mark, s->salt, sizeof s->salt));
  }
  if (w->plan) UMBRA_TRY(umbra_remark_write_bytes(file, plan_mark, w->plan, UMBRA_DIGEST_BYTES));
  return umbra_csv_write(file, w->table);
}

/* Other tables than .csv have the numbers alone. */
static umbra_status save(const umbra_scaling *scaling, const uint8_t *plan, const char *path) {
  umbra_table table;
  const int keeps = umbra_path_keeps_remarks(path);
  double weight[2];
  if (!keeps && (scaling->schema || plan || umbra_scaling_class_weights(scaling, weight)))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "'%s': only .csv keeps what the scaling's columns are, its plan and weights; save it as .csv",
                      path);
  UMBRA_TRY(make_table(&table, scaling));
  umbra_status status = keeps ? umbra_storage_replace(path, 0, write_scaling, &(writing){scaling, &table, plan})
                              : umbra_table_write(&table, path);
  umbra_free(table.values);
  return status;
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

/* ---- reading ---- */

static umbra_status check_mix(const double *mix, size_t columns, size_t row, const char *path) {
  for (size_t j = 0; j < columns; j++)
    if (!(fabs(mix[j]) <= (j <= row ? UMBRA_SCALING_MOST_MIXED : 0)))
      return umbra_fail(UMBRA_ERROR_FORMAT, "row %zu: %g is no number %zu of a mix (in %s)", row + 1, mix[j], j + 1,
                        path);
  return UMBRA_OK;
}

static umbra_status check_row(const double *value, size_t fields, size_t row, const char *path) {
  if (value[1] < 0 || fpclassify(value[1]) == FP_SUBNORMAL)
    return umbra_fail(UMBRA_ERROR_FORMAT, "row %zu: the divisor is %g, and must be above 0, or 0 (in %s)", row + 1,
                      value[1], path);
  if (value[2] < 0)
    return umbra_fail(UMBRA_ERROR_FORMAT, "row %zu: clip is %g, and must be above 0, or 0 for none (in %s)", row + 1,
                      value[2], path);
  if (fields >= FIELDS && value[3] > value[4])
    return umbra_fail(UMBRA_ERROR_FORMAT, "row %zu: the least value is %g, and the greatest %g (in %s)", row + 1,
                      value[3], value[4], path);
  return fields > FIELDS ? check_mix(value + FIELDS, fields - FIELDS, row, path) : UMBRA_OK;
}

/* A mix has as many numbers for each column as there are columns. */
static int is_mixed(const umbra_table *table) {
  return table->rows <= UMBRA_SCALING_MOST_WHITENED && table->columns == FIELDS + table->rows;
}

static umbra_status check_table(const umbra_table *table, const char *path) {
  if (table->columns != FIELDS && table->columns != EARLIER_FIELDS && !is_mixed(table))
    return umbra_fail(UMBRA_ERROR_FORMAT,
                      "a scaling has 5 columns, offset, divisor, clip, least and greatest value, or the first 3, or "
                      "whitened as many more as rows, and this table has %zu (in %s)",
                      table->columns, path);
  for (size_t row = 0; row < table->rows; row++)
    UMBRA_TRY(check_row(table->values + row * table->columns, table->columns, row, path));
  return UMBRA_OK;
}

typedef struct reading {
  umbra_scaling *scaling;
  int records, salt; /* whether they came */
} reading;

typedef struct weights_text {
  umbra_class_weights *weight;
  const char *text;
} weights_text;

static umbra_status parse_weights(void *argument) {
  const weights_text *w = argument;
  umbra_class_weights made = {0};
  const char *text = w->text;
  for (char *end; made.classes < UMBRA_MOST_WEIGHED; text = end + 1) {
    const double weight = strtod(text, &end);
    if (end == text || !isfinite(weight) || !(weight > 0)) break;
    made.of[made.classes++] = weight;
    if (*end == ',') continue;
    if (*end || made.classes < 2) break;
    *w->weight = made;
    return UMBRA_OK;
  }
  return umbra_fail(UMBRA_ERROR_FORMAT, "'%.80s' are no class weights", w->text);
}

static umbra_status take_line(void *user, const char *line) {
  reading *r = user;
  umbra_scaling *s = r->scaling;
  const char *text;
  if ((text = umbra_remark_text(line, schema_mark))) {
    umbra_schema_destroy(s->schema);
    s->schema = NULL;
    return umbra_schema_parse(&s->schema, text);
  }
  if ((text = umbra_remark_text(line, plan_mark))) {
    s->planned = 1;
    return umbra_remark_bytes(s->plan, sizeof s->plan, text);
  }
  if ((text = umbra_remark_text(line, records_mark))) {
    r->records = 1;
    return umbra_remark_bytes(s->records, sizeof s->records, text);
  }
  if ((text = umbra_remark_text(line, weights_mark)))
    return umbra_in_c_locale(parse_weights, &(weights_text){&s->weight, text});
  if (!(text = umbra_remark_text(line, salt_mark))) return UMBRA_OK;
  r->salt = 1;
  return umbra_remark_bytes(s->salt, sizeof s->salt, text);
}

static umbra_status take_mix(umbra_scaling *scaling, const umbra_table *table) {
  const size_t n = table->rows;
  UMBRA_TRY(umbra_alloc(&scaling->mix, n * n, sizeof *scaling->mix, "a scaling"));
  for (size_t j = 0; j < n; j++)
    memcpy(scaling->mix + j * n, table->values + j * table->columns + FIELDS, n * sizeof *scaling->mix);
  return UMBRA_OK;
}

static umbra_status take_table(umbra_scaling *scaling, const umbra_table *table) {
  scaling->ranged = table->columns != EARLIER_FIELDS;
  for (size_t j = 0; j < table->rows; j++) {
    const double *value = table->values + j * table->columns;
    umbra_scaled_column *c = &scaling->column[j];
    *c = (umbra_scaled_column){.offset = value[0], .divisor = value[1], .clip = value[2]};
    c->least = scaling->ranged ? value[3] : -INFINITY;
    c->greatest = scaling->ranged ? value[4] : INFINITY;
  }
  return is_mixed(table) ? take_mix(scaling, table) : UMBRA_OK;
}

static umbra_status from_table(umbra_scaling **scaling, const umbra_table *table, const char *path) {
  umbra_scaling *made = NULL;
  UMBRA_TRY(umbra_scaling_make(&made, table->rows));
  reading r = {.scaling = made};
  umbra_status status = take_table(made, table);
  if (status == UMBRA_OK) status = umbra_remarks_read(path, take_line, &r);
  made->known = r.records && r.salt && made->ranged;
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
