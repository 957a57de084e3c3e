/* SPDX-License-Identifier: Apache-2.0 */
#include "schema.h"

#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"

umbra_status umbra_span_copy(char **copy, umbra_span span) {
  UMBRA_TRY(umbra_alloc(copy, span.length + 1, 1, "a name"));
  if (span.length) memcpy(*copy, span.at, span.length);
  return UMBRA_OK;
}

/* ---- life ---- */

static void destroy(void *object) {
  umbra_schema *schema = object;
  for (size_t i = 0; schema->column && i < schema->columns; i++) {
    umbra_schema_column *column = &schema->column[i];
    for (size_t k = 0; column->category && k < column->categories; k++) umbra_free(column->category[k]);
    umbra_free(column->category);
    umbra_free(column->name);
  }
  umbra_free(schema->column);
  umbra_free(schema->label);
  umbra_free(schema->class_name[0]);
  umbra_free(schema->class_name[1]);
  for (size_t k = 0; schema->class && k < schema->classes; k++) umbra_free(schema->class[k]);
  umbra_free(schema->class);
  umbra_free(schema);
}

umbra_status umbra_schema_make(umbra_schema **schema, size_t columns) {
  umbra_schema *made = NULL;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a schema"));
  made->counted = UMBRA_COUNTED(destroy);
  made->columns = columns;
  umbra_status status = umbra_alloc(&made->column, columns, sizeof *made->column, "a schema");
  if (status == UMBRA_OK) *schema = made;
  else umbra_release(made);
  return status;
}

void umbra_schema_destroy(umbra_schema *schema) { umbra_release(schema); }

/* ---- features ---- */

size_t umbra_schema_column_features(const umbra_schema_column *column) {
  const size_t values = column->kind == UMBRA_COLUMN_CATEGORIES ? column->categories + (size_t)column->other : 1;
  return values + (size_t)column->marks_missing;
}

size_t umbra_schema_features(const umbra_schema *schema) {
  size_t count = 0;
  for (size_t i = 0; i < schema->columns; i++) count += umbra_schema_column_features(&schema->column[i]);
  return count;
}

void umbra_schema_column_put(umbra_text *out, const umbra_schema_column *column, size_t k) {
  if (column->name) umbra_text_put(out, "%s", column->name);
  else umbra_text_put(out, "column %zu", column->number);
  if (k + 1 == umbra_schema_column_features(column) && column->marks_missing) umbra_text_put(out, " missing");
  else if (column->kind == UMBRA_COLUMN_CATEGORIES && k < column->categories)
    umbra_text_put(out, "=%s", column->category[k]);
  else if (column->kind == UMBRA_COLUMN_CATEGORIES) umbra_text_put(out, " other");
}

typedef struct feature_of {
  const umbra_schema *schema;
  size_t feature;
} feature_of;

static void write_feature(umbra_text *out, const void *source) {
  const feature_of *f = source;
  const umbra_schema_column *column = f->schema->column;
  size_t k = f->feature;
  for (; k >= umbra_schema_column_features(column); column++) k -= umbra_schema_column_features(column);
  umbra_schema_column_put(out, column, k);
}

umbra_status umbra_schema_feature_name(const umbra_schema *schema, char *text, size_t *size, size_t feature) {
  if (!schema || !size) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s is NULL", schema ? "size" : "schema");
  if (feature >= umbra_schema_features(schema))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "there is no feature %zu among %zu", feature,
                      umbra_schema_features(schema));
  return umbra_text_hand_out(text, size, write_feature, &(feature_of){schema, feature});
}

/* ---- classes ---- */

size_t umbra_schema_classes(const umbra_schema *schema) {
  if (!schema->label_number || schema->labels == UMBRA_LABELS_VALUES) return 0;
  return schema->labels == UMBRA_LABELS_TWO ? 2 : schema->classes;
}

static void write_class(umbra_text *out, const void *source) {
  const feature_of *f = source;
  const char *name =
      f->schema->labels == UMBRA_LABELS_TWO ? f->schema->class_name[f->feature] : f->schema->class[f->feature];
  umbra_text_put(out, "%s", name ? name : "");
}

umbra_status umbra_schema_class_name(const umbra_schema *schema, char *text, size_t *size, size_t label_class) {
  if (!schema || !size) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s is NULL", schema ? "size" : "schema");
  if (label_class >= umbra_schema_classes(schema))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "there is no class %zu among %zu", label_class,
                      umbra_schema_classes(schema));
  return umbra_text_hand_out(text, size, write_class, &(feature_of){schema, label_class});
}
