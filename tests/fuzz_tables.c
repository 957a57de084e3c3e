/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick fuzz-regress */
/* labels: slow fuzz-regress UMBRA_FUZZ_COUNT=1000000 */
/*
 * Mutated tables of every kind, as numbers and as records: no crash, an untouched output and a text on failure, finite
 * values otherwise. What was read as records is read again by its schema, which is written as JSON and parsed, and then
 * mutated itself.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <umbra/records.h>
#include <unistd.h>
#include <zlib.h>

#include "mutations.h"

enum { ROOM = 1024, KINDS = 4 };

#define TEXT(text) \
  { (text), sizeof(text) - 1 }
static const struct {
  const char *text;
  size_t size;
} texts[] = {
    TEXT("x,y\n1,2.5\n-3e2,.5\n"),
    TEXT("\xef\xbb\xbf# comment\r\n\"a, b\",c\r\n1,1e-300\r\n123456789,0.000001\r\n"),
    TEXT("a;s;l\n1,5;\"u \"\"v\"\"\nw\";0\n2,5;x;1\n,x;1\n?;x;0\n"),
    TEXT("id\tyes\tn\tl\nP1\tTRUE\t0x10\tb\nP2\tfalse\t$5\ta\nP2\tNA\t1\ta\n"),
    TEXT("0,1,2\n5,6,0\n7,8,1\n,,\n0.5,6,1\n"),
    TEXT("\xff\xfe"
         "a\0,\0b\0\n\0001\0,\0000\0\n\0002\0,\0001\0\n\0"),
};
static const char *const npy_headers[] = {
    "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }  \n",
    "{'shape': (48,), 'fortran_order': False, 'descr': '|u1'}",
    "{'descr': '>i4', 'fortran_order': True, 'shape': (4, 3), }  \n",
};
static const char *const endings[KINDS] = {"csv", "npy", "csv.gz", "npz"};

static size_t start_npy(uint8_t *bytes) {
  const char *header = npy_headers[below(3)];
  const size_t length = strlen(header);
  memcpy(bytes, "\x93NUMPY\x01\x00", 8);
  bytes[8] = (uint8_t)length;
  bytes[9] = 0;
  memcpy(bytes + 10, header, length);
  memset(bytes + 10 + length, 0, 48);
  return 10 + length + 48;
}

static size_t start_gzip(uint8_t *bytes, const char *text, size_t size) {
  z_stream stream = {.next_in = (z_const Bytef *)text, .avail_in = (uInt)size, .next_out = bytes, .avail_out = ROOM};
  assert_int_equal(deflateInit2(&stream, 0, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK); /* it stays in sight */
  assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
  deflateEnd(&stream);
  return ROOM - stream.avail_out;
}

static void put_bytes(uint8_t *to, const char *from, size_t count) {
  for (size_t i = 0; i < count; i++) to[i] = (uint8_t)from[i];
}

/* One stored member, whose sum is right as long as nothing changes. */
static size_t start_npz(uint8_t *bytes) {
  uint8_t file[256];
  const size_t size = start_npy(file), offset = 35 + size;
  const uint32_t crc = (uint32_t)crc32(0, file, (uInt)size), sums[] = {crc, (uint32_t)size, (uint32_t)size, 5};
  memset(bytes, 0, offset + 46 + 5 + 22);
  put_bytes(bytes, "PK\3\4", 4);
  memcpy(bytes + 14, sums, sizeof sums);
  put_bytes(bytes + 30, "x.npy", 5);
  memcpy(bytes + 35, file, size);
  put_bytes(bytes + offset, "PK\1\2", 4);
  memcpy(bytes + offset + 16, sums, sizeof sums);
  put_bytes(bytes + offset + 46, "x.npy", 5);
  put_bytes(bytes + offset + 51, "PK\5\6", 4);
  bytes[offset + 61] = 1;
  memcpy(bytes + offset + 67, &(uint32_t){(uint32_t)offset}, 4);
  return offset + 51 + 22;
}

static size_t start(uint8_t *bytes, int kind) {
  const size_t which = below(sizeof texts / sizeof *texts);
  switch (kind) {
    case 0: memcpy(bytes, texts[which].text, texts[which].size); return texts[which].size;
    case 1: return start_npy(bytes);
    case 2: return start_gzip(bytes, texts[which].text, texts[which].size);
    default: return start_npz(bytes);
  }
}

static size_t mutate(uint8_t *bytes, size_t size) {
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

static void check_refusal(unsigned long i, umbra_status status) {
  if (!*umbra_last_error() || (status != UMBRA_ERROR_FORMAT && status != UMBRA_ERROR_RANGE))
    fail_msg("mutation %lu: %s: %s", i, umbra_status_string(status), umbra_last_error());
}

static void check_values(unsigned long i, const double *values, size_t count) {
  if (count == 0 || count > 64 * ROOM) fail_msg("mutation %lu: shape", i);
  for (size_t k = 0; k < count; k++)
    if (!isfinite(values[k])) fail_msg("mutation %lu: not finite", i);
}

static void check_table(unsigned long i, const char *path) {
  umbra_table table = {0};
  umbra_status status = umbra_table_read(&table, path);
  if (status == UMBRA_OK) check_values(i, table.values, table.rows * table.columns);
  else check_refusal(i, status);
  if (status != UMBRA_OK && table.values) fail_msg("mutation %lu: an output", i);
  umbra_table_clear(&table);
}

/* ---- records and schemas ---- */

static char *describe(const umbra_schema *schema) {
  size_t size;
  assert_int_equal(umbra_schema_describe(schema, NULL, &size), UMBRA_OK);
  char *text = malloc(size);
  assert_non_null(text);
  assert_int_equal(umbra_schema_describe(schema, text, &size), UMBRA_OK);
  return text;
}

/* Whatever comes of it: with the label, and without. */
static void read_by(const umbra_schema *schema, const char *path) {
  const umbra_records_options options = {UMBRA_RECORDS_OPTIONS_INIT, .schema = schema};
  umbra_records *records = NULL;
  umbra_table table = {0};
  assert_true((umbra_records_read(&records, path, &options) == UMBRA_OK) == (records != NULL));
  assert_true((umbra_schema_read_features(schema, &table, path, NULL) == UMBRA_OK) == (table.values != NULL));
  umbra_records_destroy(records);
  umbra_table_clear(&table);
}

static void check_mutated_json(const char *json, const char *path) {
  umbra_schema *schema = NULL;
  const size_t length = strlen(json);
  uint8_t *text = malloc(length + 8);
  assert_non_null(text);
  memcpy(text, json, length);
  text[mutate(text, length)] = 0;
  umbra_status status = umbra_schema_parse(&schema, (char *)text);
  if (status == UMBRA_OK) {
    free(describe(schema));
    read_by(schema, path);
  } else {
    assert_null(schema);
  }
  umbra_schema_destroy(schema);
  free(text);
}

/* The same records come of the same file and the schema. */
static void check_again(unsigned long i, const umbra_records *records, const char *path,
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
  check_mutated_json(json, path);
  umbra_records_destroy(again);
  umbra_schema_destroy(schema);
  free(json);
}

static void ignore_note(void *user, const char *text) {
  (void)user;
  assert_true(*text);
}

static void check_records(unsigned long i, const char *path) {
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

static mutations wanted;
static char folder[64];

static void mutated_tables(void **state) {
  (void)state;
  for (unsigned long i = wanted.first; i < wanted.first + wanted.count; i++) {
    uint8_t bytes[ROOM];
    char path[128];
    begin_mutation(i);
    const int kind = (int)(i % KINDS);
    size_t size = mutate(bytes, start(bytes, kind));
    snprintf(path, sizeof path, "%s/table.%s", folder, endings[kind]);
    write_file(path, bytes, size);
    check_table(i, path);
    check_records(i, path);
    remove(path);
  }
}

static int set_up(void **state) {
  (void)state;
  strcpy(folder, "/tmp/umbra-fuzz-tables-XXXXXX");
  return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state) {
  (void)state;
  return rmdir(folder);
}

int main(int argc, char **argv) {
  wanted = mutations_wanted(20000, argc, argv);
  const struct CMUnitTest tests[] = {cmocka_unit_test(mutated_tables)};
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
