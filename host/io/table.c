/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <string.h>
#include <strings.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../base/structs.h"
#include "remarks.h"
#include "schema.h"
#include "storage.h"
#include "table_file.h"

void umbra_table_clear(umbra_table *table) {
  if (!table) return;
  umbra_wipe_and_free(table->values, table->rows * table->columns * sizeof *table->values);
  *table = (umbra_table){0};
}

/* ---- reading ---- */

typedef struct sheet_job {
  umbra_sheet *sheet;
  umbra_schema **schema;
  const char *path;
  const umbra_schema_wish *wish;
  umbra_grid grid;
} sheet_job;

/* A label that is named must be the one that the schema has. */
static umbra_status check_label(const sheet_job *j) {
  const umbra_schema *schema = *j->schema;
  umbra_schema_places places;
  size_t column;
  if (!j->wish->label) return UMBRA_OK;
  if (!schema->label_number)
    return umbra_fail(UMBRA_ERROR_MISMATCH, "the schema has no label, and '%s' is to be it", j->wish->label);
  if (!*j->wish->label) return UMBRA_OK;
  UMBRA_TRY(umbra_grid_find(&column, &j->grid, j->wish->label));
  UMBRA_TRY(umbra_schema_match(schema, &places, &j->grid, &(umbra_table_options){UMBRA_TABLE_OPTIONS_INIT},
                               UMBRA_MATCH_WITH_LABEL));
  umbra_free(places.column);
  if (places.label == (ptrdiff_t)column) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_MISMATCH, "--label: '%s' is not the label of the training, which is column %zu%s%.64s",
                    j->wish->label, schema->label_number, schema->label ? ", " : "",
                    schema->label ? schema->label : "");
}

static umbra_status infer_and_apply(sheet_job *j) {
  umbra_schema *made = NULL;
  UMBRA_TRY(umbra_schema_infer(&made, &j->grid, j->wish));
  umbra_status status = umbra_schema_apply(made, j->sheet, &j->grid, j->wish, 1);
  if (status == UMBRA_OK) {
    umbra_schema_note_features(made, &j->sheet->features, j->wish->options);
    *j->schema = made;
  } else {
    umbra_schema_destroy(made);
  }
  return status;
}

static umbra_status check_wish(const sheet_job *j) {
  const char *positive = (*j->schema)->class_name[1];
  if (j->wish->options->columns || j->wish->options->without)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "--columns, --without: the training says which columns are read");
  if (j->wish->positive && (!positive || strcmp(positive, j->wish->positive) != 0))
    return umbra_fail(UMBRA_ERROR_MISMATCH, "--positive: the training's positive class is '%.64s'",
                      positive ? positive : "");
  if (j->wish->labels != UMBRA_LABELS_TWO && j->wish->labels != (*j->schema)->labels)
    return umbra_fail(UMBRA_ERROR_MISMATCH, "--labels: the training's labels are of another kind");
  return check_label(j);
}

static umbra_status read_grid(void *argument) {
  sheet_job *j = argument;
  if (!*j->schema) return infer_and_apply(j);
  UMBRA_TRY(check_wish(j));
  return umbra_schema_apply(*j->schema, j->sheet, &j->grid, j->wish, 0);
}

/* What grids do not look at themselves. */
static umbra_status check_options(const umbra_table_options *options) {
  if ((unsigned)options->missing > UMBRA_MISSING_CATEGORY)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "--missing: %d is no rule for missing values",
                      (int)options->missing);
  if (options->header < UMBRA_HEADER_OF_WORDS)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "--header: %d is no number of lines", (int)options->header);
  return UMBRA_OK;
}

umbra_status umbra_sheet_read(umbra_sheet *sheet, umbra_schema **schema, const char *path,
                              const umbra_schema_wish *wish) {
  sheet_job job = {.sheet = sheet, .schema = schema, .path = path, .wish = wish};
  UMBRA_TRY(check_options(wish->options));
  UMBRA_TRY(umbra_grid_read(&job.grid, path, wish->options, *schema));
  umbra_status status = umbra_in_c_locale(read_grid, &job);
  umbra_grid_clear(&job.grid);
  return status;
}

/* The features alone. schema: NULL: it is found. */
static umbra_status read_features(umbra_table *table, const char *path, const umbra_schema *schema,
                                  const umbra_schema_wish *wish) {
  umbra_schema *shared = umbra_share(schema);
  umbra_sheet sheet = {0};
  umbra_status status = umbra_sheet_read(&sheet, &shared, path, wish);
  umbra_schema_destroy(shared);
  if (status != UMBRA_OK) return status;
  umbra_table_clear(table);
  *table = sheet.features;
  sheet.features = (umbra_table){0};
  umbra_sheet_clear(&sheet);
  return UMBRA_OK;
}

umbra_status umbra_table_read(umbra_table *table, const char *path) {
  const umbra_table_options options = {UMBRA_TABLE_OPTIONS_INIT, .header = UMBRA_HEADER_OF_WORDS};
  if (!table || !path) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s is NULL", table ? "path" : "table");
  return read_features(table, path, NULL, &(umbra_schema_wish){.options = &options, .every = 1});
}

umbra_status umbra_table_read_with(umbra_table *table, const char *path, const umbra_table_options *options) {
  umbra_table_options wanted = {UMBRA_TABLE_OPTIONS_INIT};
  if (!table || !path) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s is NULL", table ? "path" : "table");
  UMBRA_TRY(UMBRA_TAKE(umbra_table_options, &wanted, options));
  return read_features(table, path, NULL, &(umbra_schema_wish){.options = &wanted, .every = 1});
}

umbra_status umbra_schema_read_features(const umbra_schema *schema, umbra_table *table, const char *path,
                                        const umbra_table_options *options) {
  umbra_table_options wanted = {UMBRA_TABLE_OPTIONS_INIT};
  if (!schema || !table || !path)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "reading features needs a schema, an output and a path");
  UMBRA_TRY(UMBRA_TAKE(umbra_table_options, &wanted, options));
  return read_features(table, path, schema, &(umbra_schema_wish){.options = &wanted, .texts = 1});
}

/* ---- writing ---- */

typedef umbra_status writer(int file, const umbra_table *table);

static umbra_status writer_for(writer **write, const char *path) {
  static const struct {
    const char *ending;
    writer *write;
  } kinds[] = {{".csv", umbra_csv_write}, {".npy", umbra_npy_write}};
  const size_t length = strlen(path);
  for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
    const size_t ending = strlen(kinds[k].ending);
    if (length < ending || strcasecmp(path + length - ending, kinds[k].ending) != 0) continue;
    *write = kinds[k].write;
    return UMBRA_OK;
  }
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "'%s': the names of tables to write end in .csv or .npy", path);
}

static umbra_status check_table(const umbra_table *table) {
  size_t count;
  if (!table->values || __builtin_mul_overflow(table->rows, table->columns, &count) || count == 0)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the table is empty");
  for (size_t i = 0; i < count; i++)
    if (!isfinite(table->values[i]))
      return umbra_fail(UMBRA_ERROR_RANGE, "row %zu, column %zu of the table is not finite", i / table->columns + 1,
                        i % table->columns + 1);
  return UMBRA_OK;
}

typedef struct writing {
  writer *write;
  const umbra_table *table;
  const char *remark;
} writing;

static umbra_status write_table(int file, void *argument) {
  const writing *w = argument;
  if (w->remark && w->write == umbra_csv_write) UMBRA_TRY(umbra_remark_write(file, "# ", w->remark));
  return w->write(file, w->table);
}

umbra_status umbra_table_write(const umbra_table *table, const char *path) {
  return umbra_table_write_remarked(table, NULL, path);
}

umbra_status umbra_table_write_remarked(const umbra_table *table, const char *remark, const char *path) {
  writing w = {.table = table, .remark = remark};
  if (!table || !path) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s is NULL", table ? "path" : "table");
  UMBRA_TRY(writer_for(&w.write, path));
  UMBRA_TRY(check_table(table));
  return umbra_storage_replace(path, 0, write_table, &w);
}
