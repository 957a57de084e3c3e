/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold of a table that is read, as numbers and as records, and of its schema: for a test and fuzz targets. */
#ifndef UMBRA_TESTS_FUZZ_TABLES_H
#define UMBRA_TESTS_FUZZ_TABLES_H

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <umbra/records.h>

#include "tests/mutations.h"

enum { ROOM = 1024 };

static inline size_t mutate(uint8_t *bytes, size_t size) {
  static const char alphabet[] = "0123456789+-.,;\teEnaif()'\":{}\n\r #<>|u$%";
  for (size_t times = below(5); times-- > 0 && size;) {
    size_t at = below(size);
    switch (below(5)) {
      case 0: bytes[at] = (uint8_t)alphabet[below(sizeof alphabet)]; break;
      case 1: bytes[at] ^= (uint8_t)(1u << below(8)); break;
      case 2: size = at; break;
      case 3: memmove(bytes + at, bytes + at + 1, --size - at); break;
      default:
        memmove(bytes + at + 1, bytes + at, size - at);
        bytes[at] = (uint8_t)alphabet[below(sizeof alphabet)];
        size++;
    }
  }
  return size;
}

static inline void check_refusal(unsigned long i, umbra_status status) {
  if (!*umbra_last_error() || (status != UMBRA_ERROR_FORMAT && status != UMBRA_ERROR_RANGE))
    fail_msg("mutation %lu: %s: %s", i, umbra_status_string(status), umbra_last_error());
}

static inline void check_values(unsigned long i, const double *values, size_t count) {
  if (count == 0 || count > 64 * ROOM) fail_msg("mutation %lu: shape", i);
  for (size_t k = 0; k < count; k++)
    if (!isfinite(values[k])) fail_msg("mutation %lu: not finite", i);
}

static inline void check_table(unsigned long i, const char *path) {
  umbra_table table = {0};
  umbra_status status = umbra_table_read(&table, path);
  if (status == UMBRA_OK) check_values(i, table.values, table.rows * table.columns);
  else check_refusal(i, status);
  if (status != UMBRA_OK && table.values) fail_msg("mutation %lu: an output", i);
  umbra_table_clear(&table);
}

/* ---- records and schemas ---- */

static inline char *describe(const umbra_schema *schema) {
  size_t size;
  assert_int_equal(umbra_schema_describe(schema, NULL, &size), UMBRA_OK);
  char *text = malloc(size);
  assert_non_null(text);
  assert_int_equal(umbra_schema_describe(schema, text, &size), UMBRA_OK);
  return text;
}

/* Whatever comes of it: with the label, and without. */
static inline void read_by(const umbra_schema *schema, const char *path) {
  const umbra_records_options options = {UMBRA_RECORDS_OPTIONS_INIT, .schema = schema};
  umbra_records *records = NULL;
  umbra_table table = {0};
  assert_true((umbra_records_read(&records, path, &options) == UMBRA_OK) == (records != NULL));
  assert_true((umbra_schema_read_features(schema, &table, path, NULL) == UMBRA_OK) == (table.values != NULL));
  if (records)
    check_values(0, umbra_records_row(records, 0), umbra_records_rows(records) * umbra_records_columns(records));
  umbra_records_destroy(records);
  umbra_table_clear(&table);
}

/* What is accepted as a schema is written as what is accepted, and may read any table. */
static inline void check_schema(const char *json, const char *path) {
  umbra_schema *schema = NULL, *again = NULL;
  if (umbra_schema_parse(&schema, json) != UMBRA_OK) {
    assert_null(schema);
    assert_true(*umbra_last_error());
    return;
  }
  char *first = describe(schema);
  if (umbra_schema_parse(&again, first) != UMBRA_OK) fail_msg("%s in %s", umbra_last_error(), first);
  char *second = describe(again);
  assert_string_equal(first, second);
  read_by(schema, path);
  umbra_schema_destroy(again);
  umbra_schema_destroy(schema);
  free(second);
  free(first);
}

static inline void check_mutated_schema(const char *json, const char *path) {
  const size_t length = strlen(json);
  uint8_t *text = malloc(length + 8);
  assert_non_null(text);
  memcpy(text, json, length);
  text[mutate(text, length)] = 0;
  check_schema((char *)text, path);
  free(text);
}

/* The same records come of the same file and the schema. */
static inline void check_again(unsigned long i, const umbra_records *records, const char *path,
                               const umbra_table_options *table) {
  char *json = describe(umbra_records_schema(records));
  umbra_schema *schema = NULL;
  umbra_records *again = NULL;
  if (umbra_schema_parse(&schema, json) != UMBRA_OK) fail_msg("mutation %lu: %s in %s", i, umbra_last_error(), json);
  const umbra_records_options options = {UMBRA_RECORDS_OPTIONS_INIT, .schema = schema, .table = table};
  umbra_status status = umbra_records_read(&again, path, &options);
  if (status != UMBRA_OK) fail_msg("mutation %lu again: %s", i, umbra_last_error());
  const size_t rows = umbra_records_rows(records), columns = umbra_records_columns(records);
  assert_true(umbra_records_rows(again) == rows && umbra_records_columns(again) == columns);
  assert_memory_equal(umbra_records_row(again, 0), umbra_records_row(records, 0), rows * columns * sizeof(double));
  for (size_t r = 0; r < rows; r++) assert_true(umbra_records_label(again, r) == umbra_records_label(records, r));
  check_mutated_schema(json, path);
  umbra_records_destroy(again);
  umbra_schema_destroy(schema);
  free(json);
}

static inline void ignore_note(void *user, const char *text) {
  (void)user;
  assert_true(*text);
}

static inline void check_records(unsigned long i, const char *path) {
  const umbra_table_options table = {UMBRA_TABLE_OPTIONS_INIT, .missing = (umbra_missing_rule)below(5),
                                     .note = ignore_note};
  const umbra_records_options options = {UMBRA_RECORDS_OPTIONS_INIT, .table = &table};
  umbra_records *records = NULL;
  umbra_status status = umbra_records_read(&records, path, &options);
  if (status == UMBRA_OK) {
    check_values(i, umbra_records_row(records, 0), umbra_records_rows(records) * umbra_records_columns(records));
    check_again(i, records, path, &table);
  } else if (status != UMBRA_ERROR_INVALID_ARGUMENT || !strstr(umbra_last_error(), "there are no features")) {
    check_refusal(i, status);
  }
  umbra_records_destroy(records);
}

#endif
