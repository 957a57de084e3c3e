/* SPDX-License-Identifier: Apache-2.0 */
#include "kind.h"

#include <math.h>
#include <sodium.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../base/structs.h"
#include "../io/schema.h"

umbra_status umbra_records_make(umbra_records **records, size_t rows, size_t columns) {
  size_t count;
  if (!rows || !columns || __builtin_mul_overflow(rows, columns, &count))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%zu records of %zu features: there must be some of each", rows,
                      columns);
  umbra_records *made = NULL;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "records"));
  *made = (umbra_records){.rows = rows, .columns = columns, .classes = 2};
  umbra_status status = umbra_alloc(&made->labels, rows, sizeof *made->labels, "labels");
  if (status == UMBRA_OK) status = umbra_alloc(&made->features, count, sizeof *made->features, "records");
  if (status == UMBRA_OK) *records = made;
  else umbra_records_destroy(made);
  return status;
}

umbra_status umbra_records_make_like(umbra_records **records, const umbra_records *others, size_t rows) {
  umbra_records *made = NULL;
  UMBRA_TRY(umbra_records_make(&made, rows, others->columns));
  made->schema = umbra_share(others->schema);
  made->scaling = umbra_share(others->scaling);
  made->classes = others->classes;
  made->median = others->median;
  made->weight = others->weight;
  umbra_status status = UMBRA_OK;
  if (others->filled) status = umbra_alloc(&made->filled, rows, others->columns, "records");
  if (status == UMBRA_OK) *records = made;
  else umbra_records_destroy(made);
  return status;
}

void umbra_records_copy_row(umbra_records *records, size_t to, const umbra_records *others, size_t row) {
  const size_t columns = others->columns;
  memcpy(records->features + to * columns, umbra_records_row(others, row), columns * sizeof *records->features);
  if (others->filled) memcpy(records->filled + to * columns, others->filled + row * columns, columns);
  records->labels[to] = others->labels[row];
}

void umbra_records_destroy(umbra_records *records) {
  if (!records) return;
  umbra_schema_destroy(records->schema);
  umbra_scaling_destroy(records->scaling);
  umbra_free(records->features);
  umbra_free(records->labels);
  umbra_free(records->filled);
  umbra_free(records);
}

umbra_status umbra_records_check_two(const umbra_records *records) {
  if (records->classes == 2) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the records' labels are %s; this is for records of two classes",
                    records->classes ? "of more than two classes" : "values");
}

umbra_status umbra_records_check_shape(const umbra_records *records, const umbra_train_options *options) {
  if (umbra_records_are_weighted(records) && !umbra_train_has_weights(options->kind))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "the records' classes weigh %g and %g; a plan of that is of kind UMBRA_TRAIN_WEIGHTED or "
                      "UMBRA_TRAIN_WEIGHTED_NETWORK",
                      records->weight.of[0], records->weight.of[1]);
  if (records->rows != options->rows || records->columns != options->columns)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%zu records of %zu features; the plan is for %zu of %zu",
                      records->rows, records->columns, options->rows, options->columns);
  UMBRA_TRY(umbra_train_ops_of(options->kind)->check_records(options, records));
  return options->privacy ? umbra_records_check_limits(records, options->privacy) : UMBRA_OK;
}

void umbra_records_digest(uint8_t digest[UMBRA_DIGEST_BYTES], const umbra_records *records) {
  const uint64_t shape[] = {records->rows, records->columns};
  crypto_generichash_state state;
  crypto_generichash_init(&state, NULL, 0, UMBRA_DIGEST_BYTES);
  crypto_generichash_update(&state, (const uint8_t *)shape, sizeof shape);
  crypto_generichash_update(&state, (const uint8_t *)records->features,
                            records->rows * records->columns * sizeof *records->features);
  crypto_generichash_update(&state, (const uint8_t *)records->labels, records->rows * sizeof *records->labels);
  crypto_generichash_final(&state, digest, UMBRA_DIGEST_BYTES);
}

double umbra_records_score(const umbra_records *records, size_t row, const double *weights) {
  const double *x = umbra_records_row(records, row);
  double sum = weights[records->columns];
  for (size_t j = 0; j < records->columns; j++) sum += weights[j] * x[j];
  return sum;
}

double umbra_records_weight(const umbra_records *records, size_t row) {
  if (!records->classes || !umbra_records_are_weighted(records)) return 1;
  const size_t class = umbra_records_class(records, row);
  return class < records->weight.classes ? records->weight.of[class] : 1;
}

double umbra_records_most_weight(const umbra_records *records) {
  double most = 1;
  for (size_t k = 0; k < records->weight.classes; k++) most = fmax(most, records->weight.of[k]);
  return most;
}

int umbra_records_are_weighted(const umbra_records *records) { return records->weight.classes != 0; }

size_t umbra_records_rows(const umbra_records *records) { return records->rows; }
size_t umbra_records_columns(const umbra_records *records) { return records->columns; }
const double *umbra_records_row(const umbra_records *records, size_t row) {
  return records->features + row * records->columns;
}
double umbra_records_label(const umbra_records *records, size_t row) { return records->labels[row]; }
size_t umbra_records_classes(const umbra_records *records) { return records->classes; }

size_t umbra_records_class(const umbra_records *records, size_t row) {
  const double label = records->labels[row];
  return records->classes == 2 ? label > 0 : (size_t)label;
}

const umbra_schema *umbra_records_schema(const umbra_records *records) { return records->schema; }

/* ---- labels ---- */

/* All labels are -1, 0 or 1, and 0 and -1 do not occur together. */
static umbra_status check_labels(const umbra_records *records) {
  const double *label = records->labels;
  size_t other = records->rows; /* the first that is not 1 */
  for (size_t i = 0; i < records->rows; i++) {
    if (label[i] != 0 && label[i] != 1 && label[i] != -1)
      return umbra_fail(UMBRA_ERROR_RANGE, "row %zu: the label is %.15g; labels are 0 and 1, or -1 and 1", i + 1,
                        label[i]);
    if (label[i] == 1) continue;
    if (other == records->rows) other = i;
    if (label[i] != label[other])
      return umbra_fail(UMBRA_ERROR_RANGE,
                        "row %zu: the label is %d, but in row %zu it is %d; labels are 0 and 1, or -1 and 1", i + 1,
                        (int)label[i], other + 1, (int)label[other]);
  }
  return UMBRA_OK;
}

/* Labels as they were given become -1 and 1. */
static umbra_status settle_labels(umbra_records *records) {
  UMBRA_TRY(check_labels(records));
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

static umbra_status check_class(const umbra_records *records, size_t row) {
  const double label = records->labels[row];
  if (label >= 0 && label < (double)records->classes && label == floor(label)) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_RANGE, "row %zu: the label is %.15g; of %zu classes labels are 0 to %zu", row + 1,
                    label, records->classes, records->classes - 1);
}

static umbra_status check_targets(const umbra_records *records) {
  for (size_t row = 0; row < records->rows; row++) {
    if (records->classes) UMBRA_TRY(check_class(records, row));
    else if (!isfinite(records->labels[row]))
      return umbra_fail(UMBRA_ERROR_RANGE, "row %zu: the label is not finite", row + 1);
  }
  return UMBRA_OK;
}

static umbra_status create(umbra_records **records, const double *features, const double *labels, size_t rows,
                           size_t columns, size_t classes) {
  umbra_records *made = NULL;
  UMBRA_TRY(umbra_records_make(&made, rows, columns));
  made->classes = classes;
  memcpy(made->features, features, rows * columns * sizeof *features);
  memcpy(made->labels, labels, rows * sizeof *labels);
  umbra_status status = check_features(made);
  if (status == UMBRA_OK) status = classes == 2 ? settle_labels(made) : check_targets(made);
  if (status == UMBRA_OK) UMBRA_PUT(records, records, made);
  else umbra_records_destroy(made);
  return status;
}

umbra_status umbra_records_create(umbra_records **records, const double *features, const double *labels, size_t rows,
                                  size_t columns) {
  if (!records || !features || !labels)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "records need an output, features and labels");
  return create(records, features, labels, rows, columns, 2);
}

umbra_status umbra_records_create_classes(umbra_records **records, const double *features, const double *labels,
                                          size_t rows, size_t columns, size_t classes) {
  if (!records || !features || !labels || classes == 1)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "records need an output, features, labels, and two classes or more, or 0: values");
  return create(records, features, labels, rows, columns, classes);
}

/* ---- reading ---- */

/* Takes features and labels over. */
static umbra_status from_sheet(umbra_records **records, umbra_sheet *sheet, const umbra_schema *schema) {
  umbra_records *made = NULL;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "records"));
  *made = (umbra_records){.rows = sheet->features.rows,
                          .columns = sheet->features.columns,
                          .classes = umbra_schema_classes(schema),
                          .features = sheet->features.values,
                          .labels = sheet->labels,
                          .filled = sheet->filled,
                          .median = sheet->median,
                          .schema = umbra_share(schema)};
  *sheet = (umbra_sheet){0};
  UMBRA_PUT(records, records, made);
  return UMBRA_OK;
}

static umbra_status read_sheet(umbra_records **records, const char *path, const umbra_records_options *options,
                               const umbra_table_options *table) {
  const char *no_label = options->schema ? "" : "-1"; /* the schema's, or the last column */
  const umbra_schema_wish wish = {.options = table,
                                  .label = options->label ? options->label : no_label,
                                  .positive = options->positive,
                                  .labels = options->labels,
                                  .texts = 1};
  umbra_schema *schema = umbra_share(options->schema);
  umbra_sheet sheet = {0};
  umbra_status status = umbra_sheet_read(&sheet, &schema, path, &wish);
  if (status == UMBRA_OK) status = from_sheet(records, &sheet, schema);
  umbra_sheet_clear(&sheet);
  umbra_schema_destroy(schema);
  return status;
}

umbra_status umbra_records_read(umbra_records **records, const char *path, const umbra_records_options *options) {
  if (!records || !path) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "reading records needs an output and a path");
  umbra_records_options wanted = {UMBRA_RECORDS_OPTIONS_INIT};
  umbra_table_options table = {UMBRA_TABLE_OPTIONS_INIT};
  UMBRA_TRY(UMBRA_TAKE(umbra_records_options, &wanted, options));
  if ((unsigned)wanted.labels > UMBRA_LABELS_VALUES || (wanted.positive && wanted.labels != UMBRA_LABELS_TWO))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "labels is %d: it must be 0 to 2, and 0 with a positive class",
                      (int)wanted.labels);
  UMBRA_TRY(UMBRA_TAKE(umbra_table_options, &table, wanted.table));
  return read_sheet(records, path, &wanted, &table);
}

/* ---- weights of classes ---- */

umbra_status umbra_records_copy(umbra_records **copy, const umbra_records *records) {
  UMBRA_TRY(umbra_records_make_like(copy, records, records->rows));
  for (size_t row = 0; row < records->rows; row++) umbra_records_copy_row(*copy, row, records, row);
  return UMBRA_OK;
}

/* Neither a million times another. */
static umbra_status check_weights(const double *weights, size_t classes) {
  const double most = 1e6;
  for (size_t i = 0; i < classes; i++)
    for (size_t k = 0; k < classes; k++)
      if (!(weights[k] > 0) || !(weights[i] <= most * weights[k]))
        return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                          "classes weigh %g and %g; weights must be above 0, and none a million times another",
                          weights[i], weights[k]);
  return UMBRA_OK;
}

/* So that their mean over the records is 1; weights of 1 are none. */
static void set_weights(umbra_records *records, const double *weights, size_t classes) {
  double sum = 0;
  for (size_t row = 0; row < records->rows; row++) sum += weights[umbra_records_class(records, row)];
  for (size_t k = 0; k < classes; k++) {
    records->weight.of[k] = weights[k] * (double)records->rows / sum;
    if (records->weight.of[k] != 1) records->weight.classes = classes;
  }
}

umbra_status umbra_records_weigh_classes(umbra_records **weighted, const umbra_records *records, const double *weights,
                                         size_t classes) {
  umbra_records *made = NULL;
  if (!weighted || !records || !weights)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "weighing needs an output, records and weights");
  if (!classes || classes != records->classes || classes > UMBRA_MOST_WEIGHED)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "%zu weights for records of %zu classes, of which up to %d weigh something", classes,
                      records->classes, UMBRA_MOST_WEIGHED);
  UMBRA_TRY(check_weights(weights, classes));
  UMBRA_TRY(umbra_records_copy(&made, records));
  made->weight.classes = 0;
  set_weights(made, weights, classes);
  UMBRA_PUT(records, weighted, made);
  return UMBRA_OK;
}

umbra_status umbra_records_weigh(umbra_records **weighted, const umbra_records *records, double negative,
                                 double positive) {
  if (records) UMBRA_TRY(umbra_records_check_two(records));
  return umbra_records_weigh_classes(weighted, records, (const double[]){negative, positive}, 2);
}

/* A class without records weighs as much as one with one. */
umbra_status umbra_records_balance(umbra_records **balanced, const umbra_records *records) {
  double weights[UMBRA_MOST_WEIGHED] = {0};
  const size_t classes = records && records->classes <= UMBRA_MOST_WEIGHED ? records->classes : 0;
  for (size_t row = 0; classes && row < records->rows; row++) weights[umbra_records_class(records, row)]++;
  for (size_t k = 0; k < classes; k++) weights[k] = 1 / fmax(1, weights[k]);
  return umbra_records_weigh_classes(balanced, records, weights, classes);
}

/* ---- splitting ---- */

static void deal(umbra_records *rest, umbra_records *held, const umbra_records *records, size_t every) {
  umbra_records *sides[2] = {rest, held};
  size_t next[2] = {0, 0}, seen[2] = {0, 0};
  for (size_t row = 0; row < records->rows; row++) {
    const int side = seen[records->labels[row] > 0]++ % every == 0;
    umbra_records_copy_row(sides[side], next[side]++, records, row);
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
  UMBRA_TRY(umbra_records_check_two(records));
  UMBRA_TRY(count_held(&count, records, every));
  UMBRA_TRY(umbra_records_make_like(&made_rest, records, records->rows - count));
  umbra_status status = umbra_records_make_like(&made_held, records, count);
  if (status == UMBRA_OK) {
    deal(made_rest, made_held, records, every);
    status = umbra_records_refill(made_rest, made_held);
  }
  if (status != UMBRA_OK) {
    umbra_records_destroy(made_held);
    umbra_records_destroy(made_rest);
    return status;
  }
  UMBRA_PUT(records, rest, made_rest);
  UMBRA_PUT(records, held, made_held);
  return UMBRA_OK;
}
