/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Tables in CSV, npy and npz files: what is read, what is refused and why, and that written tables are read again. */
#include <float.h>
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <umbra/table.h>
#include <zlib.h>

#include "host/base/memory.h"

static char folder[64];
static char csv[128], npy[128], npz[128];

static int set_up(void **state) {
  (void)state;
  strcpy(folder, "/tmp/umbra-table-XXXXXX");
  if (!mkdtemp(folder)) return -1;
  snprintf(csv, sizeof csv, "%s/table.csv", folder);
  snprintf(npy, sizeof npy, "%s/table.npy", folder);
  snprintf(npz, sizeof npz, "%s/table.npz", folder);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  remove(csv);
  remove(npy);
  remove(npz);
  return rmdir(folder);
}

static void write_file(const char *path, const void *bytes, size_t size) {
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, size, file), size);
  fclose(file);
}

static umbra_status read_bytes(umbra_table *table, const char *path, const void *bytes, size_t size) {
  write_file(path, bytes, size);
  return umbra_table_read(table, path);
}

static void assert_table(const umbra_table *table, size_t rows, size_t columns, const double *values) {
  assert_int_equal(table->rows, rows);
  assert_int_equal(table->columns, columns);
  assert_memory_equal(table->values, values, rows * columns * sizeof *values);
}

static void assert_refused(const char *path, const void *bytes, size_t size, umbra_status expected, const char *text) {
  double value = 7;
  umbra_table table = {1, 1, &value};
  umbra_status status = read_bytes(&table, path, bytes, size);
  if (status != expected || !strstr(umbra_last_error(), text))
    fail_msg("status '%s', text \"%s\"; expected '%s' and \"...%s...\"", umbra_status_string(status),
             umbra_last_error(), umbra_status_string(expected), text);
  assert_true(table.rows == 1 && table.columns == 1 && table.values == &value && value == 7);
}

/* ---- CSV ---- */

static void csv_that_is_read(void **state) {
  (void)state;
  static const char *const texts[] = {
      "1,2.5\n-3e2,.5\n",
      "1,2.5\r\n-3e2,.5\r\n\r\n",
      "a,b\n1,2.5\n-3e2,.5",
      "# by hand\n \"x, y\" , b\n1,2.5\n#more\n-3e2,.5\n\n \n",
      "\357\273\2771 ,\t2.5\n-300, 5e-1 \n",
  };
  const double values[] = {1, 2.5, -300, 0.5};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    umbra_table table = {0};
    assert_int_equal(read_bytes(&table, csv, texts[i], strlen(texts[i])), UMBRA_OK);
    assert_table(&table, 2, 2, values);
    umbra_table_clear(&table);
    assert_null(table.values);
  }
}

static void csv_that_is_refused(void **state) {
  (void)state;
  static const struct {
    const char *text;
    umbra_status status;
    const char *error;
  } cases[] = {
      {"", UMBRA_ERROR_FORMAT, "no line of numbers"},
      {"\n\n", UMBRA_ERROR_FORMAT, "no line of numbers"},
      {"a,b\n", UMBRA_ERROR_FORMAT, "no line of numbers"},
      {"# 1\n", UMBRA_ERROR_FORMAT, "no line of numbers"},
      {"1,2\n3\n", UMBRA_ERROR_FORMAT, "line 2 has 1 fields; the lines before have 2"},
      {"a,b\n1,2,3\n", UMBRA_ERROR_FORMAT, "line 2 has 3 fields; the lines before have 2"},
      {"1,2\n3,x\n", UMBRA_ERROR_FORMAT, "line 2, column 2: 'x' is not a number"},
      {"$5,1\n3,4\n", UMBRA_ERROR_FORMAT, "line 1, column 1: '$5' is not a number; it is an amount of money"},
      {"a,b\nc,d\n", UMBRA_ERROR_FORMAT, "line 2, column 1 (a): 'c'"},
      {"1,,2\n", UMBRA_ERROR_FORMAT, "line 1, column 2: a value is missing"},
      {"1,0x10\n", UMBRA_ERROR_FORMAT, "'0x10'"},
      {"1,1e\n", UMBRA_ERROR_FORMAT, "'1e'"},
      {"1.5,1 2\n", UMBRA_ERROR_FORMAT, "'1 2'"},
      {"1,\"2\n3,4\n", UMBRA_ERROR_FORMAT, "line 1, column 2: a quote begins here and does not end"},
      {"1,2\n1,\x01\x02\n", UMBRA_ERROR_FORMAT, "'\\x01\\x02'"},
      {"1,abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz\n", UMBRA_ERROR_FORMAT, "abcdef...'"},
      {"1,2\n1,nan\n", UMBRA_ERROR_FORMAT, "line 2, column 2: a value is missing"},
      {"1,2\n1,inf\n", UMBRA_ERROR_RANGE, "line 2, column 2: the value is not finite"},
      {"1\n-Inf\n", UMBRA_ERROR_RANGE, "line 2, column 1"},
      {"1\n1e999\n", UMBRA_ERROR_RANGE, "line 2, column 1"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    assert_refused(csv, cases[i].text, strlen(cases[i].text), cases[i].status, cases[i].error);
  assert_refused(csv, "1,2\0,3\n", 7, UMBRA_ERROR_FORMAT, "'2?'");
}

/* One long line and many short ones: their product must not be allocated. */
static void csv_cannot_ask_for_much_memory(void **state) {
  (void)state;
  enum { HALF = 1 << 20 };
  char *text = malloc(2 * HALF);
  assert_non_null(text);
  for (size_t i = 0; i < HALF; i++) text[i] = i % 2 ? ',' : '1';
  text[HALF - 1] = '\n';
  for (size_t i = HALF; i < 2 * HALF; i++) text[i] = i % 2 ? '\n' : '1';
  assert_refused(csv, text, 2 * HALF, UMBRA_ERROR_FORMAT, "line 2 has 1 fields");
  free(text);
}

static void locales_do_not_matter(void **state) {
  (void)state;
  if (!setlocale(LC_ALL, "de_DE.UTF-8") && !setlocale(LC_ALL, "fr_FR.UTF-8")) skip();
  const double value = 1.5;
  umbra_table table = {1, 1, (double *)&value}, again = {0};
  assert_int_equal(umbra_table_write(&table, csv), UMBRA_OK);
  assert_int_equal(umbra_table_read(&again, csv), UMBRA_OK);
  setlocale(LC_ALL, "C");
  assert_table(&again, 1, 1, &value);
  umbra_table_clear(&again);
}

/* ---- npy ---- */

/* A version 1 file with that header and those bytes. */
static size_t npy_bytes(uint8_t *file, const char *header, const void *values, size_t size) {
  static const uint8_t prefix[8] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0};
  uint16_t length = (uint16_t)strlen(header);
  memcpy(file, prefix, sizeof prefix);
  memcpy(file + 8, &length, 2);
  for (size_t i = 0; i < length; i++) file[10 + i] = (uint8_t)header[i];
  memcpy(file + 10 + length, values, size);
  return 10 + length + size;
}

static void npy_that_is_read(void **state) {
  (void)state;
  const struct {
    const char *descr;
    const void *values; /* two of them, 3 and 100 */
    size_t size;
  } cases[] = {
      {"<f8", (const double[]){3, 100}, 16},
      {"<f4", (const float[]){3, 100}, 8},
      {"|i1", (const int8_t[]){3, 100}, 2},
      {"<i2", (const int16_t[]){3, 100}, 4},
      {"<i4", (const int32_t[]){3, 100}, 8},
      {"<i8", (const int64_t[]){3, 100}, 16},
      {"|u1", (const uint8_t[]){3, 100}, 2},
      {"<u2", (const uint16_t[]){3, 100}, 4},
      {"<u4", (const uint32_t[]){3, 100}, 8},
      {"<u8", (const uint64_t[]){3, 100}, 16},
      {"<f2", (const uint16_t[]){0x4200, 0x5640}, 4},
      {">f8", "\x40\x08\0\0\0\0\0\0\x40\x59\0\0\0\0\0\0", 16},
      {">f4", "\x40\x40\0\0\x42\xc8\0\0", 8},
      {">i2", "\0\x03\0\x64", 4},
      {">u8", "\0\0\0\0\0\0\0\x03\0\0\0\0\0\0\0\x64", 16},
      {"=i4", (const int32_t[]){3, 100}, 8},
  };
  const double expected[] = {3, 100};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    uint8_t file[256];
    char header[128];
    umbra_table table = {0};
    snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': (1, 2), }      \n",
             cases[i].descr);
    size_t size = npy_bytes(file, header, cases[i].values, cases[i].size);
    assert_int_equal(read_bytes(&table, npy, file, size), UMBRA_OK);
    assert_table(&table, 1, 2, expected);
    snprintf(header, sizeof header, "{'shape':(2,),'fortran_order':False,'descr':'%s'}", cases[i].descr);
    size = npy_bytes(file, header, cases[i].values, cases[i].size);
    assert_int_equal(read_bytes(&table, npy, file, size), UMBRA_OK);
    assert_table(&table, 2, 1, expected);
    umbra_table_clear(&table);
  }
}

static void npy_of_truth(void **state) {
  (void)state;
  uint8_t file[256];
  umbra_table table = {0};
  const double expected[] = {1, 0, 1};
  const char *header = "{'descr': '|b1', 'fortran_order': False, 'shape': (3,)}";
  assert_int_equal(read_bytes(&table, npy, file, npy_bytes(file, header, "\1\0\1", 3)), UMBRA_OK);
  assert_table(&table, 3, 1, expected);
  umbra_table_clear(&table);
}

/* Columns come one after the other, and become rows. */
static void npy_in_fortran_order(void **state) {
  (void)state;
  uint8_t file[256];
  umbra_table table = {0};
  const uint8_t values[] = {1, 2, 3, 4, 5, 6};
  const double expected[] = {1, 3, 5, 2, 4, 6};
  const char *header = "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3)}";
  assert_int_equal(read_bytes(&table, npy, file, npy_bytes(file, header, values, sizeof values)), UMBRA_OK);
  assert_table(&table, 2, 3, expected);
  umbra_table_clear(&table);
}

/* ---- npz ---- */

typedef struct archive {
  uint8_t bytes[4096], directory[1024];
  size_t size, directory_size;
  uint16_t members;
} archive;

static void put(uint8_t *to, size_t *at, uint32_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; i++) to[(*at)++] = (uint8_t)(value >> 8 * i);
}

static void put_member(archive *a, const char *name, const uint8_t *file, size_t size, int deflated) {
  uint8_t packed[1024];
  const uint32_t crc = (uint32_t)crc32(0, file, (uInt)size), offset = (uint32_t)a->size;
  z_stream stream = {
      .next_in = (z_const Bytef *)file, .avail_in = (uInt)size, .next_out = packed, .avail_out = sizeof packed};
  assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
  assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
  deflateEnd(&stream);
  const size_t stored = deflated ? sizeof packed - stream.avail_out : size;
  const uint32_t sizes[] = {crc, (uint32_t)stored, (uint32_t)size, (uint32_t)strlen(name)};
  put(a->bytes, &a->size, 0x04034b50, 4);
  put(a->bytes, &a->size, 20, 4);
  put(a->bytes, &a->size, deflated ? 8 : 0, 2);
  put(a->bytes, &a->size, 0, 4);
  for (int i = 0; i < 3; i++) put(a->bytes, &a->size, sizes[i], 4);
  put(a->bytes, &a->size, sizes[3], 4);
  memcpy(a->bytes + a->size, name, strlen(name));
  a->size += strlen(name);
  memcpy(a->bytes + a->size, deflated ? packed : file, stored);
  a->size += stored;
  put(a->directory, &a->directory_size, 0x02014b50, 4);
  put(a->directory, &a->directory_size, 20, 4);
  put(a->directory, &a->directory_size, 0, 2);
  put(a->directory, &a->directory_size, deflated ? 8 : 0, 2);
  put(a->directory, &a->directory_size, 0, 4);
  for (int i = 0; i < 3; i++) put(a->directory, &a->directory_size, sizes[i], 4);
  put(a->directory, &a->directory_size, sizes[3], 4);
  for (int i = 0; i < 5; i++) put(a->directory, &a->directory_size, 0, 2);
  put(a->directory, &a->directory_size, offset, 4);
  memcpy(a->directory + a->directory_size, name, strlen(name));
  a->directory_size += strlen(name);
  a->members++;
}

static void close_archive(archive *a) {
  const uint32_t offset = (uint32_t)a->size;
  memcpy(a->bytes + a->size, a->directory, a->directory_size);
  a->size += a->directory_size;
  put(a->bytes, &a->size, 0x06054b50, 4);
  put(a->bytes, &a->size, 0, 4);
  put(a->bytes, &a->size, a->members, 2);
  put(a->bytes, &a->size, a->members, 2);
  put(a->bytes, &a->size, (uint32_t)a->directory_size, 4);
  put(a->bytes, &a->size, offset, 4);
  put(a->bytes, &a->size, 0, 2);
}

/* Arrays stand side by side, in their order. */
static void make_archive(archive *a, int deflated, int second_rows) {
  uint8_t file[256];
  const uint8_t x[] = {1, 2, 3, 4}, y[] = {5, 6, 7};
  char header[128];
  *a = (archive){.members = 0};
  put_member(a, "x.npy", file, npy_bytes(file, "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2)}", x, 4),
             deflated);
  snprintf(header, sizeof header, "{'descr': '|u1', 'fortran_order': False, 'shape': (%d,)}", second_rows);
  put_member(a, "y.npy", file, npy_bytes(file, header, y, (size_t)second_rows), deflated);
  close_archive(a);
}

static void npz_that_is_read(void **state) {
  (void)state;
  const double expected[] = {1, 2, 5, 3, 4, 6};
  for (int deflated = 0; deflated < 2; deflated++) {
    archive a;
    umbra_table table = {0};
    make_archive(&a, deflated, 2);
    assert_int_equal(read_bytes(&table, npz, a.bytes, a.size), UMBRA_OK);
    assert_table(&table, 2, 3, expected);
    umbra_table_clear(&table);
  }
}

/* By their names; what is not named may have any shape. */
static void arrays_that_are_named(void **state) {
  (void)state;
  const double turned[] = {5, 1, 2, 6, 3, 4}, alone[] = {5, 6, 7};
  archive a;
  umbra_table table = {0};
  umbra_table_options options = {UMBRA_TABLE_OPTIONS_INIT, .array = "y, x"};
  make_archive(&a, 0, 2);
  write_file(npz, a.bytes, a.size);
  assert_int_equal(umbra_table_read_with(&table, npz, &options), UMBRA_OK);
  assert_table(&table, 2, 3, turned);
  options.array = "x,z";
  assert_int_equal(umbra_table_read_with(&table, npz, &options), UMBRA_ERROR_INVALID_ARGUMENT);
  assert_non_null(strstr(umbra_last_error(), "there is no array 'z'; there are x, y"));
  make_archive(&a, 0, 3);
  write_file(npz, a.bytes, a.size);
  options.array = "y";
  assert_int_equal(umbra_table_read_with(&table, npz, &options), UMBRA_OK);
  assert_table(&table, 3, 1, alone);
  write_file(csv, "1,2\n", 4);
  assert_int_equal(umbra_table_read_with(&table, csv, &options), UMBRA_ERROR_INVALID_ARGUMENT);
  assert_non_null(strstr(umbra_last_error(), "--array names arrays of .npz"));
  umbra_table_clear(&table);
}

static void npz_that_is_refused(void **state) {
  (void)state;
  archive a;
  make_archive(&a, 1, 3);
  assert_refused(npz, a.bytes, a.size, UMBRA_ERROR_FORMAT,
                 "array 2 of x, y has 3 rows and the first one 2; --array names");
  for (int deflated = 0; deflated < 2; deflated++) {
    make_archive(&a, deflated, 2);
    for (size_t cut = 0; cut < a.size; cut++) assert_refused(npz, a.bytes, cut, UMBRA_ERROR_FORMAT, "");
    a.bytes[30 + 5 + 20] ^= 1; /* of the first member */
    assert_refused(npz, a.bytes, a.size, UMBRA_ERROR_FORMAT, "is damaged");
  }
}

static void npy_headers_that_are_refused(void **state) {
  (void)state;
  static const struct {
    const char *header, *error;
  } cases[] = {
      {"", "not a dictionary"},
      {"{}", "not a dictionary"},
      {"{'descr': '<f8', 'fortran_order': False}", "not a dictionary"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (1,)", "not a dictionary"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}x", "not a dictionary"},
      {"{'descr': '<f8' 'fortran_order': False, 'shape': (1,)}", "not a dictionary"},
      {"{'descr': '<f8', 'descr': '<f8', 'shape': (1,)}", "'descr' twice"},
      {"{'descr': '<f8', 'order': False, 'shape': (1,)}", "unknown entry"},
      {"{'descr': '|f8', 'fortran_order': False, 'shape': (1,)}", "'descr' in the header is not"},
      {"{'descr': '<f3', 'fortran_order': False, 'shape': (1,)}", "'descr' in the header is not"},
      {"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", "'descr' in the header is not"},
      {"{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,)}", "'descr' in the header is not"},
      {"{'descr': '<c8', 'fortran_order': True, 'shape': (1,)}", "'descr' in the header is not"},
      {"{'descr': '<f8', 'fortran_order': 0, 'shape': (1,)}", "'fortran_order' in the header is not"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': ()}", "'shape' in the header is not"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (1)}", "'shape' in the header is not"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1, 1)}", "'shape' in the header is not"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}", "'shape' in the header is not"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,)}", "'shape' in the header is not"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (0,)}", "does not go with 8 bytes"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (2,)}", "does not go with 8 bytes"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967297)}", "does not go with"},
      {"{'descr': '<f8', 'fortran_order': False, 'shape': (2305843009213693953,)}", "does not go with"},
  };
  const double value = 1;
  uint8_t file[256];
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    assert_refused(npy, file, npy_bytes(file, cases[i].header, &value, sizeof value), UMBRA_ERROR_FORMAT,
                   cases[i].error);
}

static void npy_files_that_are_refused(void **state) {
  (void)state;
  const char *header = "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2)}";
  const double values[] = {1, INFINITY};
  const uint64_t large[] = {1, (uint64_t)1 << 53};
  uint8_t file[256];
  size_t size = npy_bytes(file, header, values, sizeof values);
  assert_refused(npy, file, size, UMBRA_ERROR_RANGE, "row 1, column 2: the value is not finite");
  for (size_t cut = 0; cut < size; cut++) assert_refused(npy, file, cut, UMBRA_ERROR_FORMAT, "");
  assert_refused(npy, file, size + 1, UMBRA_ERROR_FORMAT, "does not go with 17 bytes");
  file[6] = 4;
  assert_refused(npy, file, size, UMBRA_ERROR_FORMAT, "npy version 4.0");
  file[6] = 2;
  assert_refused(npy, file, size, UMBRA_ERROR_FORMAT, "header claims");
  file[0] = 'x';
  assert_refused(npy, file, size, UMBRA_ERROR_FORMAT, "does not begin as an npy file");
  header = "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1, 2)}"; /* before its values are looked at */
  size = npy_bytes(file, header, values, sizeof values);
  assert_refused(npy, file, size, UMBRA_ERROR_FORMAT, "one or two dimensions, but 3");
  header = "{'descr': '<u8', 'fortran_order': False, 'shape': (1, 2)}";
  assert_refused(npy, file, npy_bytes(file, header, large, sizeof large), UMBRA_ERROR_RANGE, "2^53");
}

static void npy_of_later_versions(void **state) {
  (void)state;
  const char header[] = "{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}";
  const double value = 2;
  for (uint8_t version = 2; version <= 3; version++) {
    uint8_t file[256] = "\x93NUMPY";
    umbra_table table = {0};
    file[6] = version;
    file[8] = sizeof header - 1;
    memcpy(file + 12, header, sizeof header - 1);
    memcpy(file + 12 + sizeof header - 1, &value, sizeof value);
    assert_int_equal(read_bytes(&table, npy, file, 12 + sizeof header - 1 + sizeof value), UMBRA_OK);
    assert_table(&table, 1, 1, &value);
    umbra_table_clear(&table);
  }
}

/* ---- both ---- */

static void what_is_written_is_read(void **state) {
  (void)state;
  enum { ROWS = 1200, COLUMNS = 7 };
  double *values = malloc(ROWS * COLUMNS * sizeof *values);
  assert_non_null(values);
  for (int i = 0; i < ROWS * COLUMNS; i++) values[i] = ldexp(sin(i), i % 100 - 50);
  values[0] = DBL_MAX;
  values[1] = -DBL_TRUE_MIN;
  values[2] = -0.0;
  const char *const paths[] = {csv, npy};
  for (int i = 0; i < 2; i++) {
    umbra_table table = {ROWS, COLUMNS, values}, again = {0};
    assert_int_equal(umbra_table_write(&table, paths[i]), UMBRA_OK);
    assert_int_equal(umbra_table_write(&table, paths[i]), UMBRA_OK); /* replaces */
    assert_int_equal(umbra_table_read(&again, paths[i]), UMBRA_OK);
    assert_table(&again, ROWS, COLUMNS, values);
    umbra_table_clear(&again);
  }
  free(values);
}

static void npy_is_what_numpy_expects(void **state) {
  (void)state;
  double value = 1;
  umbra_table table = {1, 1, &value};
  char bytes[256];
  assert_int_equal(umbra_table_write(&table, npy), UMBRA_OK);
  FILE *file = fopen(npy, "rb");
  assert_int_equal(fread(bytes, 1, sizeof bytes, file), 128 + sizeof value);
  fclose(file);
  assert_memory_equal(bytes, "\x93NUMPY\x01\x00\x76\x00{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1), } ",
                      69);
  assert_int_equal(bytes[127], '\n');
}

static void what_cannot_be_written(void **state) {
  (void)state;
  double value = NAN;
  umbra_table table = {1, 1, &value};
  assert_int_equal(umbra_table_write(&table, csv), UMBRA_ERROR_RANGE);
  value = 1;
  assert_int_equal(umbra_table_write(&table, "table.txt"), UMBRA_ERROR_INVALID_ARGUMENT);
  assert_int_equal(umbra_table_write(&table, "/no/such/folder/table.csv"), UMBRA_ERROR_IO);
  assert_int_equal(umbra_table_write(NULL, csv), UMBRA_ERROR_INVALID_ARGUMENT);
  assert_int_equal(umbra_table_write(&(umbra_table){0}, csv), UMBRA_ERROR_INVALID_ARGUMENT);
  assert_int_equal(umbra_table_read(&table, "/no/such/table.npy"), UMBRA_ERROR_IO);
  assert_int_equal(umbra_table_read(&table, "table"), UMBRA_ERROR_INVALID_ARGUMENT);
  assert_int_equal(umbra_table_read(NULL, csv), UMBRA_ERROR_INVALID_ARGUMENT);
}

static void failing_allocations(void **state) {
  (void)state;
  for (long countdown = 0; countdown < 2; countdown++) {
    umbra_table table = {0};
    umbra_alloc_fail_after(countdown);
    umbra_status status = read_bytes(&table, csv, "1,2\n", 4);
    umbra_alloc_fail_after(-1);
    assert_int_equal(status, UMBRA_ERROR_OUT_OF_MEMORY);
    assert_null(table.values);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(csv_that_is_read),
      cmocka_unit_test(csv_that_is_refused),
      cmocka_unit_test(csv_cannot_ask_for_much_memory),
      cmocka_unit_test(locales_do_not_matter),
      cmocka_unit_test(npy_that_is_read),
      cmocka_unit_test(npy_of_truth),
      cmocka_unit_test(npy_in_fortran_order),
      cmocka_unit_test(npz_that_is_read),
      cmocka_unit_test(arrays_that_are_named),
      cmocka_unit_test(npz_that_is_refused),
      cmocka_unit_test(npy_headers_that_are_refused),
      cmocka_unit_test(npy_files_that_are_refused),
      cmocka_unit_test(npy_of_later_versions),
      cmocka_unit_test(what_is_written_is_read),
      cmocka_unit_test(npy_is_what_numpy_expects),
      cmocka_unit_test(what_cannot_be_written),
      cmocka_unit_test(failing_allocations),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
