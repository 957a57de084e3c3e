/* SPDX-License-Identifier: Apache-2.0 */
/* Schemas as one line of JSON. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "delimited.h"
#include "schema.h"
#include "table_file.h"

/* As umbra_missing_rule and umbra_column_kind number them. */
static const char *const rules[] = {"refuse", "drop", "mean", "median", "category", NULL};
static const char *const kinds[] = {"numbers", "truth", "categories", NULL};
enum { VERSION = 1 };

/* ---- writing ---- */

static void put_string(umbra_text *out, const char *text) {
  umbra_text_put(out, "\"");
  for (; *text; text++) {
    const unsigned char c = (unsigned char)*text;
    if (c == '"' || c == '\\') umbra_text_put(out, "\\%c", c);
    else if (c < ' ') umbra_text_put(out, "\\u%04x", c);
    else umbra_text_put(out, "%c", c);
  }
  umbra_text_put(out, "\"");
}

static void put_named(umbra_text *out, const char *key, const char *text) {
  if (!text) return;
  umbra_text_put(out, ", \"%s\": ", key);
  put_string(out, text);
}

static void put_list(umbra_text *out, const char *key, char *const *text, size_t count) {
  umbra_text_put(out, ", \"%s\": [", key);
  for (size_t k = 0; k < count; k++) {
    if (k) umbra_text_put(out, ", ");
    put_string(out, text[k]);
  }
  umbra_text_put(out, "]");
}

static void put_column(umbra_text *out, const umbra_schema_column *column) {
  umbra_text_put(out, "{\"column\": %zu, \"kind\": \"%s\"", column->number, kinds[column->kind]);
  put_named(out, "name", column->name);
  if (column->kind != UMBRA_COLUMN_CATEGORIES) umbra_text_put(out, ", \"fill\": %.17g", column->fill);
  if (column->marks_missing) umbra_text_put(out, ", \"marks_missing\": true");
  if (column->other) umbra_text_put(out, ", \"other\": true");
  if (column->kind == UMBRA_COLUMN_CATEGORIES) put_list(out, "categories", column->category, column->categories);
  umbra_text_put(out, "}");
}

static void put_label(umbra_text *out, const umbra_schema *schema) {
  umbra_text_put(out, ", \"label\": {\"column\": %zu", schema->label_number);
  put_named(out, "name", schema->label);
  put_named(out, "negative", schema->class_name[0]);
  put_named(out, "positive", schema->class_name[1]);
  if (schema->labels == UMBRA_LABELS_VALUES) umbra_text_put(out, ", \"values\": true");
  if (schema->labels == UMBRA_LABELS_CLASSES) put_list(out, "classes", schema->class, schema->classes);
  umbra_text_put(out, "}");
}

static void put_schema(umbra_text *out, const void *source) {
  const umbra_schema *schema = source;
  umbra_text_put(out, "{\"umbra_schema\": %d, \"table_columns\": %zu, \"header\": %s, \"missing\": \"%s\"", VERSION,
                 schema->table_columns, schema->named ? "true" : "false", rules[schema->missing]);
  if (schema->label_number) put_label(out, schema);
  umbra_text_put(out, ", \"columns\": [");
  for (size_t i = 0; i < schema->columns; i++) {
    if (i) umbra_text_put(out, ", ");
    put_column(out, &schema->column[i]);
  }
  umbra_text_put(out, "]}");
}

typedef struct description {
  const umbra_schema *schema;
  char *text;
  size_t *size;
} description;

static umbra_status describe(void *argument) {
  const description *d = argument;
  return umbra_text_hand_out(d->text, d->size, put_schema, d->schema);
}

umbra_status umbra_schema_describe(const umbra_schema *schema, char *text, size_t *size) {
  if (!schema || !size) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s is NULL", schema ? "size" : "schema");
  return umbra_in_c_locale(describe, &(description){schema, text, size});
}

/* ---- reading ---- */

static umbra_status malformed(const char *what) {
  return umbra_fail(UMBRA_ERROR_FORMAT, "the schema's %s is missing, or not what it should be", what);
}

static umbra_status take_count(size_t *count, const cJSON *object, const char *key, size_t least, size_t most) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
  const double value = cJSON_IsNumber(item) ? item->valuedouble : -1;
  if (!(value >= (double)least && value <= (double)most) || value != rint(value)) return malformed(key);
  *count = (size_t)value;
  return UMBRA_OK;
}

static int is_true(const cJSON *object, const char *key) {
  return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, key));
}

/* A text that may lack. */
static umbra_status take_text(char **text, const cJSON *object, const char *key) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
  if (!item) return UMBRA_OK;
  if (!cJSON_IsString(item)) return malformed(key);
  return umbra_span_copy(text, (umbra_span){item->valuestring, strlen(item->valuestring)});
}

static umbra_status take_choice(int *choice, const cJSON *object, const char *key, const char *const *names) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
  for (*choice = 0; cJSON_IsString(item) && names[*choice]; ++*choice)
    if (strcmp(item->valuestring, names[*choice]) == 0) return UMBRA_OK;
  return malformed(key);
}

/* In strictly rising order, in which they are looked for. */
static umbra_status take_categories(umbra_schema_column *column, const cJSON *object) {
  const cJSON *list = cJSON_GetObjectItemCaseSensitive(object, "categories"), *item;
  if (!cJSON_IsArray(list)) return malformed("categories");
  UMBRA_TRY(umbra_alloc(&column->category, (size_t)cJSON_GetArraySize(list), sizeof *column->category, "categories"));
  cJSON_ArrayForEach(item, list) {
    const size_t k = column->categories;
    if (!cJSON_IsString(item)) return malformed("categories");
    if (k && strcmp(column->category[k - 1], item->valuestring) >= 0) return malformed("order of categories");
    UMBRA_TRY(umbra_span_copy(&column->category[k], (umbra_span){item->valuestring, strlen(item->valuestring)}));
    column->categories++;
  }
  return UMBRA_OK;
}

static umbra_status take_column(umbra_schema_column *column, const umbra_schema *schema, const cJSON *object) {
  int kind;
  UMBRA_TRY(take_count(&column->number, object, "column", 1, schema->table_columns));
  UMBRA_TRY(take_choice(&kind, object, "kind", kinds));
  column->kind = (umbra_column_kind)kind;
  UMBRA_TRY(take_text(&column->name, object, "name"));
  column->marks_missing = is_true(object, "marks_missing");
  column->other = is_true(object, "other");
  if (column->kind == UMBRA_COLUMN_CATEGORIES) {
    UMBRA_TRY(take_categories(column, object));
    return umbra_schema_column_features(column) ? UMBRA_OK : malformed("categories");
  }
  const cJSON *fill = cJSON_GetObjectItemCaseSensitive(object, "fill");
  if (!cJSON_IsNumber(fill) || !isfinite(fill->valuedouble)) return malformed("fill");
  column->fill = fill->valuedouble;
  return UMBRA_OK;
}

static umbra_status take_class_list(umbra_schema *schema, const cJSON *list) {
  const cJSON *item;
  const int count = cJSON_GetArraySize(list);
  schema->labels = UMBRA_LABELS_CLASSES;
  if (!cJSON_IsArray(list) || count < 2 || count > UMBRA_CLASSES_MOST) return malformed("classes");
  UMBRA_TRY(umbra_alloc(&schema->class, (size_t)count, sizeof *schema->class, "classes"));
  cJSON_ArrayForEach(item, list) {
    if (!cJSON_IsString(item)) return malformed("classes");
    const umbra_span text = {item->valuestring, strlen(item->valuestring)};
    UMBRA_TRY(umbra_span_copy(&schema->class[schema->classes++], text));
  }
  return UMBRA_OK;
}

/* Several of them, values, or two. */
static umbra_status take_classes(umbra_schema *schema, const cJSON *label) {
  const cJSON *list = cJSON_GetObjectItemCaseSensitive(label, "classes");
  if (list) return take_class_list(schema, list);
  if (is_true(label, "values")) {
    schema->labels = UMBRA_LABELS_VALUES;
    return UMBRA_OK;
  }
  UMBRA_TRY(take_text(&schema->class_name[0], label, "negative"));
  UMBRA_TRY(take_text(&schema->class_name[1], label, "positive"));
  return schema->class_name[1] ? UMBRA_OK : malformed("positive");
}

static umbra_status take_label(umbra_schema *schema, const cJSON *root) {
  const cJSON *label = cJSON_GetObjectItemCaseSensitive(root, "label");
  if (!label) return UMBRA_OK;
  UMBRA_TRY(take_count(&schema->label_number, label, "column", 1, schema->table_columns));
  UMBRA_TRY(take_text(&schema->label, label, "name"));
  UMBRA_TRY(take_classes(schema, label));
  return schema->named && !schema->label ? malformed("name") : UMBRA_OK;
}

/* No column is two features, or a feature and the label: see the places of schema_match.c. */
static umbra_status check_distinct(const umbra_schema *schema) {
  uint8_t *taken;
  int distinct = 1;
  UMBRA_TRY(umbra_alloc(&taken, schema->table_columns + 1, 1, "the columns of a table"));
  taken[schema->label_number] = 1; /* 0: there is none */
  for (size_t i = 0; i < schema->columns; i++) distinct &= !taken[schema->column[i].number]++;
  umbra_free(taken);
  return distinct ? UMBRA_OK : malformed("list of columns, in which each comes once and the label's does not,");
}

static umbra_status take_schema(umbra_schema *schema, const cJSON *root, const cJSON *columns) {
  int rule;
  size_t version, i = 0;
  const cJSON *item;
  UMBRA_TRY(take_count(&version, root, "umbra_schema", 1, VERSION));
  UMBRA_TRY(take_count(&schema->table_columns, root, "table_columns", 1, UMBRA_COLUMNS_MOST));
  UMBRA_TRY(take_choice(&rule, root, "missing", rules));
  schema->missing = (umbra_missing_rule)rule;
  schema->named = is_true(root, "header");
  UMBRA_TRY(take_label(schema, root));
  cJSON_ArrayForEach(item, columns) UMBRA_TRY(take_column(&schema->column[i++], schema, item));
  return check_distinct(schema);
}

static umbra_status parse_tree(umbra_schema **schema, const cJSON *root) {
  const cJSON *columns = cJSON_GetObjectItemCaseSensitive(root, "columns");
  umbra_schema *made = NULL;
  if (!cJSON_IsArray(columns) || !cJSON_GetArraySize(columns)) return malformed("columns");
  UMBRA_TRY(umbra_schema_make(&made, (size_t)cJSON_GetArraySize(columns)));
  umbra_status status = take_schema(made, root, columns);
  if (status == UMBRA_OK) UMBRA_PUT(schema, schema, made);
  else umbra_schema_destroy(made);
  return status;
}

umbra_status umbra_schema_parse(umbra_schema **schema, const char *json) {
  if (!schema || !json) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s is NULL", schema ? "json" : "schema");
  cJSON *root = cJSON_Parse(json);
  if (!root) return malformed("JSON");
  umbra_status status = parse_tree(schema, root);
  cJSON_Delete(root);
  return status;
}
