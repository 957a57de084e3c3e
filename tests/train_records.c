/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Labelled records: reading and what is refused, scalings, splitting, and judging against counting all pairs. */
#include <float.h>
#include <unistd.h>

#include "scheme.h"

#include "host/base/memory.h"

static const umbra_status bad = UMBRA_ERROR_INVALID_ARGUMENT, range = UMBRA_ERROR_RANGE, format = UMBRA_ERROR_FORMAT;

static char folder[64];
static char csv[128], npy[128], kept[128];

static int set_up(void **state) {
  (void)state;
  strcpy(folder, "/tmp/umbra-records-XXXXXX");
  if (!mkdtemp(folder)) return -1;
  snprintf(csv, sizeof csv, "%s/records.csv", folder);
  snprintf(npy, sizeof npy, "%s/records.npy", folder);
  snprintf(kept, sizeof kept, "%s/kept.csv", folder);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  remove(csv);
  remove(npy);
  remove(kept);
  return rmdir(folder);
}

static void write_text(const char *text) {
  FILE *file = fopen(csv, "wb");
  assert_non_null(file);
  fputs(text, file);
  fclose(file);
}

static umbra_status read_text(umbra_records **records, const char *text, const char *label) {
  umbra_records_options options = {UMBRA_RECORDS_OPTIONS_INIT, .label = label};
  write_text(text);
  return umbra_records_read(records, csv, &options);
}

/* Compares with rows of features and label, and destroys. */
static void assert_records(umbra_records *records, size_t rows, size_t columns, const double *expected) {
  assert_int_equal(umbra_records_rows(records), rows);
  assert_int_equal(umbra_records_columns(records), columns);
  for (size_t i = 0; i < rows; i++) {
    assert_memory_equal(umbra_records_row(records, i), expected + i * (columns + 1), columns * sizeof *expected);
    assert_true(umbra_records_label(records, i) == expected[i * (columns + 1) + columns]);
  }
  umbra_records_destroy(records);
}

/* ---- reading ---- */

static void where_the_label_is(void **state) {
  (void)state;
  static const struct {
    const char *text, *label;
  } cases[] = {
      {"1,2,0\n3,4,1\n", NULL},
      {"1,2,0\n3,4,1\n", "3"},
      {"1,2,0\n3,4,1\n", "-1"},
      {"1,0,2\n3,1,4\n", "-2"},
      {"0,1,2\n1,3,4\n", "1"},
      {"0,1,2\n1,3,4\n", "-3"},
      {"a,b,c\n1,2,0\n3,4,1\n", NULL},
      {"a,b,c\n1,2,0\n3,4,1\n", "c"},
      {"a,b,c\n1,0,2\n3,1,4\n", "b"},
      {"# by hand\r\n a , \"b, or not\",c\r\n1,0,2\r\n# more\r\n3,1,4\r\n", "b, or not"},
      {"a,\"say \"\"b\"\"\",c\n1,0,2\n3,1,4\n", "say \"b\""},
      {"\"\",b,c\n0,1,2\n1,3,4\n", ""},
      {"1,2,-1\n3,4,1\n", NULL},
      {"a,b,1b\n1,2,-1\n3,4,1\n", "1b"},
      {"\"3\",\"1\",\"2\"\n0,1,2\n1,3,4\n", "3"}, /* in quotes it is no number: a name */
      {"\"3\",\"1\",\"2\"\n1,2,0\n3,4,1\n", "-1"},
  };
  const double expected[] = {1, 2, -1, 3, 4, 1};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    umbra_records *records = NULL;
    assert_ok(read_text(&records, cases[i].text, cases[i].label));
    assert_records(records, 2, 2, expected);
  }
  umbra_records *records = NULL;
  assert_ok(umbra_records_read(&records, csv, NULL));
  umbra_records_destroy(records);
}

static void refused_files(void **state) {
  (void)state;
  static const struct {
    const char *text, *label;
    umbra_status status;
    const char *error;
  } cases[] = {
      {"1,2,0\n3,4\n", NULL, UMBRA_ERROR_FORMAT, "line 2 has 2 fields"},
      {"x,y\n\n1\n", NULL, UMBRA_ERROR_FORMAT, "line 3 has 1 fields"},
      {"1,2,0\n3,,1\n", NULL, UMBRA_ERROR_FORMAT, "line 2, column 2: a value is missing"},
      {"1,2,0\n3,4,\n", NULL, UMBRA_ERROR_FORMAT, "line 2, column 3: a value is missing"},
      {"x,y\n1,0\n \t,1\n", NULL, UMBRA_ERROR_FORMAT, "line 3, column 1 (x): a value is missing"},
      {"1,2,0\n3,?,1\n", NULL, UMBRA_ERROR_FORMAT, "line 2, column 2: a value is missing"},
      {"1,0\nnan,1\n", NULL, UMBRA_ERROR_FORMAT, "line 2, column 1: a value is missing"},
      {"a,b\n1,2\n", NULL, UMBRA_ERROR_RANGE, "all 1 labels are 2"},
      {"1,0\n#\n1,0.5\n2,3\n", NULL, UMBRA_ERROR_RANGE,
       "line 4, column 2: the label is 3, a third class beside 0 and 0.5"},
      {"1,0\n0,3\n3,1\n", "1", UMBRA_ERROR_RANGE, "line 3, column 1: the label is 3, a third class"},
      {"1,0.68\n2,1\n3,0\n", NULL, UMBRA_ERROR_RANGE, "beside 0.68 and 1;"},
      {"a,b\n#\n7,1\n7,-1\n7,0\n", NULL, UMBRA_ERROR_RANGE,
       "line 5, column 2 (b): the label is 0, but in line 4, column 2 (b) it is -1"},
      {"7,0\n7,1\n7,-1\n", NULL, UMBRA_ERROR_RANGE,
       "line 3, column 2: the label is -1, but in line 1, column 2 it is 0"},
      {"7,1\n7,1\n", NULL, UMBRA_ERROR_RANGE, "all 2 labels are 1"},
      {"7,0\n", NULL, UMBRA_ERROR_RANGE, "all 1 labels are 0"},
      {"7,-1\n", NULL, UMBRA_ERROR_RANGE, "all 1 labels are -1"},
      {"a\n0\n1\n", NULL, UMBRA_ERROR_INVALID_ARGUMENT, "no features"},
      {"a,b\n1,0\n", "d", UMBRA_ERROR_INVALID_ARGUMENT, "no column is called 'd'; the label is a name, a number"},
      {"a,b\n1,0\n", "A", UMBRA_ERROR_INVALID_ARGUMENT, "no column is called 'A'"},
      {"1,0\n2,1\n", "d", UMBRA_ERROR_INVALID_ARGUMENT, "no column is called 'd': the table has no header"},
      {"a,a\n1,0\n", "a", UMBRA_ERROR_INVALID_ARGUMENT, "2 columns are called 'a'"},
      {"1,0\n2,1\n", "0", UMBRA_ERROR_INVALID_ARGUMENT, "no column 0 for the label; columns are 1 to 2"},
      {"1,0\n2,1\n", "3", UMBRA_ERROR_INVALID_ARGUMENT, "no column 3 for the label"},
      {"1,0\n2,1\n", "-3", UMBRA_ERROR_INVALID_ARGUMENT, "no column -3 for the label; columns are 1 to 2, or -1 to -2"},
      {"1,0\n2,1\n", "-9223372036854775808", UMBRA_ERROR_INVALID_ARGUMENT, "no column -9223372036854775808"},
      {"1,0\n2,1\n", "99999999999999999999", UMBRA_ERROR_INVALID_ARGUMENT, "no column is called '99999"},
      {"1,0\n2,1\n", "1x", UMBRA_ERROR_INVALID_ARGUMENT, "no column is called '1x'"},
      {"1,0\n2,1\n", " 1", UMBRA_ERROR_INVALID_ARGUMENT, "no column is called ' 1'"},
      {"1,0\n2,1\n", "", UMBRA_ERROR_INVALID_ARGUMENT, "no column is called ''"},
      {"1,0\n2,1\n", "-", UMBRA_ERROR_INVALID_ARGUMENT, "no column is called '-'"},
  };
  umbra_records *records = NULL;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    assert_fails(read_text(&records, cases[i].text, cases[i].label), cases[i].status, cases[i].error);
  assert_fails(umbra_records_read(&records, csv, &(umbra_records_options){0}), bad, "umbra_records_options_init");
  assert_fails(umbra_records_read(&records, "/no/such.csv", NULL), UMBRA_ERROR_IO, "");
  assert_fails(umbra_records_read(&records, NULL, NULL), bad, "a path");
  assert_fails(umbra_records_read(NULL, csv, NULL), bad, "an output");
  assert_null(records);
}

/* npy has rows and no names. */
static void arrays(void **state) {
  (void)state;
  double values[] = {0, 2, 1, 4, 1, 6}, expected[] = {2, -1, 4, 1, 6, 1};
  umbra_table table = {3, 2, values};
  umbra_records *records = NULL;
  umbra_records_options options = {UMBRA_RECORDS_OPTIONS_INIT, .label = "1"};
  assert_ok(umbra_table_write(&table, npy));
  assert_ok(umbra_records_read(&records, npy, &options));
  assert_records(records, 3, 1, expected);
  records = NULL;
  assert_fails(umbra_records_read(&records, npy, NULL), range,
               "row 3, column 2: the label is 6, a third class beside 2 and 4");
  options.label = "label";
  assert_fails(umbra_records_read(&records, npy, &options), bad, "no header");
  assert_null(records);
}

static void from_memory(void **state) {
  (void)state;
  double features[] = {1, 2, 3, 4, 5, 6}, labels[] = {0, 1, 0};
  const double expected[] = {1, 2, -1, 3, 4, 1, 5, 6, -1};
  umbra_records *records = NULL;
  assert_ok(umbra_records_create(&records, features, labels, 3, 2));
  features[0] = labels[0] = 7;
  assert_records(records, 3, 2, expected);
  records = NULL;
  assert_fails(umbra_records_create(&records, features, labels, 3, 2), range, "row 1: the label is 7");
  labels[0] = NAN;
  assert_fails(umbra_records_create(&records, features, labels, 3, 2), range, "row 1: the label is ");
  labels[0] = -1;
  assert_fails(umbra_records_create(&records, features, labels, 3, 2), range, "row 3: the label is 0, but in row 1 it");
  features[3] = INFINITY;
  assert_fails(umbra_records_create(&records, features, labels, 3, 2), range, "row 2, column 2: the feature is not");
  assert_fails(umbra_records_create(&records, features, labels, 0, 2), bad, "0 records");
  assert_fails(umbra_records_create(&records, features, labels, 3, 0), bad, "0 features");
  assert_fails(umbra_records_create(&records, features, labels, SIZE_MAX / 2, 4), bad, "features");
  assert_fails(umbra_records_create(&records, NULL, labels, 3, 2), bad, "features");
  assert_fails(umbra_records_create(&records, features, NULL, 3, 2), bad, "labels");
  assert_fails(umbra_records_create(NULL, features, labels, 3, 2), bad, "output");
  assert_null(records);
}

/* ---- scaling ---- */

enum { ROWS = 50, COLUMNS = 4 };

/* Column 2 does not vary. */
static umbra_records *random_records(uint64_t seed, double size, double offset) {
  double features[ROWS * COLUMNS], labels[ROWS];
  for (int i = 0; i < ROWS * COLUMNS; i++) features[i] = i % COLUMNS == 2 ? 0.1 : offset + size * uniform(&seed);
  for (int i = 0; i < ROWS; i++) labels[i] = i % 3 == 0;
  umbra_records *records = NULL;
  assert_ok(umbra_records_create(&records, features, labels, ROWS, COLUMNS));
  return records;
}

static double feature(const umbra_records *records, int row, int column) {
  return umbra_records_row(records, (size_t)row)[column];
}

static int by_size(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Quartile `part` of a column, as numpy interpolates it. */
static long double quartile(const umbra_records *records, int column, int part) {
  double sorted[ROWS];
  for (int i = 0; i < ROWS; i++) sorted[i] = feature(records, i, column);
  qsort(sorted, ROWS, sizeof *sorted, by_size);
  const int quarters = part * (ROWS - 1), i = quarters / 4;
  return sorted[i] + (quarters % 4) / 4.0L * (sorted[i + 1] - (long double)sorted[i]);
}

/* Offset and divisor of a column, by their definitions. */
static void moments(long double *offset, long double *divisor, const umbra_records *records, int column,
                    umbra_scaling_kind kind) {
  long double least = INFINITY, greatest = -INFINITY, mean = 0, variance = 0;
  for (int i = 0; i < ROWS; i++) {
    least = fminl(least, feature(records, i, column));
    greatest = fmaxl(greatest, feature(records, i, column));
    mean += (long double)feature(records, i, column) / ROWS;
  }
  for (int i = 0; i < ROWS; i++) variance += powl(feature(records, i, column) - mean, 2) / ROWS;
  const long double offsets[] = {0, least, mean, 0, 0, quartile(records, column, 2)};
  const long double divisors[] = {
      1, greatest - least,        sqrtl(variance),
      1, fmaxl(-least, greatest), quartile(records, column, 3) - quartile(records, column, 1)};
  *offset = offsets[kind];
  *divisor = divisors[kind];
}

/* Offset, divisor and clip as they are told make the same of the records. */
static void check_columns(const umbra_scaling *scaling, const umbra_records *scaled, const umbra_records *records) {
  umbra_column_scaling c = {UMBRA_COLUMN_SCALING_INIT};
  for (int column = 0; column < COLUMNS; column++) {
    assert_ok(umbra_scaling_column(scaling, &c, (size_t)column));
    for (int i = 0; i < ROWS; i++) {
      const double z = c.divisor == 0 ? 0 : (feature(records, i, column) - c.offset) / c.divisor;
      assert_true(feature(scaled, i, column) == (c.clip == 0 ? z : fmax(-c.clip, fmin(c.clip, z))));
    }
  }
  assert_fails(umbra_scaling_column(scaling, &c, COLUMNS), UMBRA_ERROR_INVALID_ARGUMENT, "no column 4 among 4");
  assert_fails(umbra_scaling_column(scaling, NULL, 0), UMBRA_ERROR_INVALID_ARGUMENT, "column is NULL");
}

static void check_scaling(umbra_scaling_kind kind, double size, double offset, double clip) {
  umbra_records *records = random_records(3, size, offset), *others = random_records(4, size, offset);
  umbra_records *scaled = NULL;
  umbra_scaling *scaling = NULL;
  assert_ok(umbra_scaling_fit(&scaling, records, kind, kind == UMBRA_SCALING_CONSTANT ? 1 : NAN, clip));
  assert_int_equal(umbra_scaling_columns(scaling), COLUMNS);
  assert_ok(umbra_scaling_apply(scaling, &scaled, others));
  for (int column = 0; column < COLUMNS; column++) {
    long double from, divisor;
    moments(&from, &divisor, records, column, kind);
    for (int i = 0; i < ROWS; i++) {
      long double expected = (feature(others, i, column) - from) / divisor;
      if (column == 2) expected = kind == UMBRA_SCALING_NONE || kind == UMBRA_SCALING_CONSTANT ? 0.1 : 0;
      if (clip != 0) expected = fmaxl(-clip, fminl(clip, expected));
      double tolerance = 1e-13 * (1 + fabs(offset) / size);
      if (!(fabsl(feature(scaled, i, column) - expected) <= tolerance * (1 + fabsl(expected))))
        fail_msg("kind %d, row %d, column %d: %g, expected %Lg", kind, i, column, feature(scaled, i, column), expected);
    }
  }
  for (size_t i = 0; i < ROWS; i++) assert_true(umbra_records_label(scaled, i) == umbra_records_label(others, i));
  double values[ROWS * COLUMNS];
  memcpy(values, umbra_records_row(others, 0), sizeof values);
  assert_ok(umbra_scaling_values(scaling, values, values, ROWS, COLUMNS));
  assert_memory_equal(values, umbra_records_row(scaled, 0), sizeof values);
  assert_fails(umbra_scaling_values(scaling, values, values, ROWS, COLUMNS - 1), UMBRA_ERROR_INVALID_ARGUMENT,
               "the scaling is of");
  assert_memory_equal(values, umbra_records_row(scaled, 0), sizeof values);
  check_columns(scaling, scaled, others);
  umbra_scaling_destroy(scaling);
  umbra_records_destroy(scaled);
  umbra_records_destroy(others);
  umbra_records_destroy(records);
}

static void scalings(void **state) {
  (void)state;
  for (int kind = UMBRA_SCALING_NONE; kind <= UMBRA_SCALING_QUARTILES; kind++)
    for (int clipped = 0; clipped < 2; clipped++) {
      check_scaling((umbra_scaling_kind)kind, 1, 0, clipped ? 0.25 : 0);
      check_scaling((umbra_scaling_kind)kind, 1e-3, 1e3, clipped ? 0.75 : 0);
      check_scaling((umbra_scaling_kind)kind, 0x1p1000, -0x1p1001, clipped ? 1.5 : 0); /* squares overflow */
      check_scaling((umbra_scaling_kind)kind, 0x1p-1000, 0, clipped ? 0.5 : 0);        /* squares vanish */
    }
}

static void division_by_a_constant(void **state) {
  (void)state;
  umbra_records *records = random_records(5, 255, 0), *scaled = NULL;
  umbra_scaling *scaling = NULL;
  assert_ok(umbra_scaling_fit(&scaling, records, UMBRA_SCALING_CONSTANT, 255, 0.5));
  assert_ok(umbra_scaling_apply(scaling, &scaled, records));
  for (int i = 0; i < ROWS; i++)
    for (int j = 0; j < COLUMNS; j++)
      assert_true(feature(scaled, i, j) == fmax(-0.5, fmin(0.5, feature(records, i, j) / 255)));
  umbra_scaling_destroy(scaling);
  umbra_records_destroy(scaled);
  umbra_records_destroy(records);
}

/* A column whose quartiles are equal is scaled by its deviation; one value that is far off does not flatten others. */
static void quartiles_withstand_what_is_far_off(void **state) {
  (void)state;
  double features[ROWS * 2], labels[ROWS];
  for (int i = 0; i < ROWS; i++) {
    features[2 * i] = i == 7;
    features[2 * i + 1] = i == 7 ? 1e12 : i % 5;
    labels[i] = i % 2;
  }
  umbra_records *records = NULL, *scaled = NULL;
  umbra_scaling *scaling = NULL;
  assert_ok(umbra_records_create(&records, features, labels, ROWS, 2));
  assert_ok(umbra_scaling_fit(&scaling, records, UMBRA_SCALING_QUARTILES, 0, 5));
  assert_ok(umbra_scaling_apply(scaling, &scaled, records));
  assert_true(feature(scaled, 7, 0) == 5 && feature(scaled, 8, 0) == 0); /* 1 is 7 deviations away */
  assert_true(feature(scaled, 7, 1) == 5 && feature(scaled, 4, 1) - feature(scaled, 0, 1) == 2);
  umbra_scaling_destroy(scaling);
  umbra_records_destroy(scaled);
  umbra_records_destroy(records);
}

static umbra_records *one_column(const double *values, size_t rows) {
  const double labels[] = {0, 1, 1, 1};
  umbra_records *records = NULL;
  assert_ok(umbra_records_create(&records, values, labels, rows, 1));
  return records;
}

/* Columns that no double can scale are refused; others at the end of the range are not. */
static void extreme_columns(void **state) {
  (void)state;
  static const struct {
    double values[2];
    const char *by_range, *by_deviation; /* errors, or NULL */
  } cases[] = {
      {{1e308, -1e308}, "row 1, column 1: the value is too far from that of row 2", "row 1, column 1: the value is"},
      {{-DBL_MAX, DBL_MAX}, "row 2, column 1: the value is too far", "row 2, column 1: the value is too far"},
      {{1e308, 0}, NULL, NULL},
      {{DBL_TRUE_MIN, 0}, "too little", "row 1, column 1: the value differs from that of row 2, but too little"},
      {{0, DBL_MIN}, NULL, "row 2, column 1"},
      {{DBL_MIN, -DBL_MIN}, NULL, NULL},
      {{1, 1 + DBL_EPSILON}, NULL, NULL},
      {{-0.0, 0}, NULL, NULL},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    for (int kind = UMBRA_SCALING_RANGE; kind <= UMBRA_SCALING_DEVIATION; kind++) {
      const char *error = kind == UMBRA_SCALING_RANGE ? cases[i].by_range : cases[i].by_deviation;
      umbra_records *records = one_column(cases[i].values, 2), *scaled = NULL;
      umbra_scaling *scaling = NULL;
      if (error) {
        assert_fails(umbra_scaling_fit(&scaling, records, (umbra_scaling_kind)kind, 0, 0), range, error);
        assert_null(scaling);
      } else {
        assert_ok(umbra_scaling_fit(&scaling, records, (umbra_scaling_kind)kind, 0, 0));
        assert_ok(umbra_scaling_apply(scaling, &scaled, records));
        assert_true(fabs(feature(scaled, 0, 0)) <= 2 && fabs(feature(scaled, 1, 0)) <= 2); /* a rounded mean: 2 */
      }
      umbra_scaling_destroy(scaling);
      umbra_records_destroy(scaled);
      umbra_records_destroy(records);
    }
}

static void values_beyond_a_scaling(void **state) {
  (void)state;
  umbra_records *narrow = one_column((const double[]){0, 1e-10}, 2), *wide = one_column((const double[]){1, 1e300}, 2);
  umbra_records *scaled = NULL;
  umbra_scaling *scaling = NULL;
  assert_ok(umbra_scaling_fit(&scaling, narrow, UMBRA_SCALING_RANGE, 0, 0));
  assert_fails(umbra_scaling_apply(scaling, &scaled, wide), range, "row 2, column 1: 1e+300 is too large");
  assert_null(scaled);
  assert_ok(umbra_scaling_fit(&scaling, narrow, UMBRA_SCALING_RANGE, 0, 3));
  assert_ok(umbra_scaling_apply(scaling, &scaled, wide));
  assert_true(feature(scaled, 0, 0) == 3 && feature(scaled, 1, 0) == 3);
  umbra_scaling_destroy(scaling);
  umbra_records_destroy(scaled);
  umbra_records_destroy(wide);
  umbra_records_destroy(narrow);
}

static void scalings_that_cannot_be(void **state) {
  (void)state;
  umbra_records *records = random_records(6, 1, 0), *narrow = one_column((const double[]){0, 1}, 2), *scaled = NULL;
  umbra_scaling *scaling = NULL;
  const double divisors[] = {0, -1, NAN, INFINITY, DBL_TRUE_MIN};
  for (size_t i = 0; i < sizeof divisors / sizeof *divisors; i++)
    assert_fails(umbra_scaling_fit(&scaling, records, UMBRA_SCALING_CONSTANT, divisors[i], 0), bad, "divisor");
  const double clips[] = {-1, NAN, INFINITY};
  for (size_t i = 0; i < sizeof clips / sizeof *clips; i++)
    assert_fails(umbra_scaling_fit(&scaling, records, UMBRA_SCALING_RANGE, 0, clips[i]), bad, "clip");
  assert_fails(umbra_scaling_fit(&scaling, records, (umbra_scaling_kind)7, 0, 0), bad, "7 is no kind");
  assert_fails(umbra_scaling_fit(NULL, records, UMBRA_SCALING_RANGE, 0, 0), bad, "output");
  assert_fails(umbra_scaling_fit(&scaling, NULL, UMBRA_SCALING_RANGE, 0, 0), bad, "records");
  assert_null(scaling);
  assert_ok(umbra_scaling_fit(&scaling, records, UMBRA_SCALING_RANGE, 0, 0));
  assert_fails(umbra_scaling_apply(scaling, &scaled, narrow), bad, "4 columns, and the records have 1");
  assert_fails(umbra_scaling_apply(NULL, &scaled, narrow), bad, "a scaling");
  assert_fails(umbra_scaling_save(scaling, NULL), bad, "a path");
  assert_fails(umbra_scaling_save(NULL, csv), bad, "a scaling");
  assert_null(scaled);
  umbra_scaling_destroy(scaling);
  umbra_records_destroy(narrow);
  umbra_records_destroy(records);
}

/* A scaling from a file does the same to the last bit. */
static void saved_scalings(void **state) {
  (void)state;
  const char *const paths[] = {csv, npy};
  for (int i = 0; i < 2; i++) {
    umbra_records *records = random_records(7, 1, 10), *scaled = NULL, *again = NULL;
    umbra_scaling *scaling = NULL, *loaded = NULL;
    assert_ok(umbra_scaling_fit(&scaling, records, UMBRA_SCALING_DEVIATION, 0, 1.25));
    assert_ok(umbra_scaling_save(scaling, paths[i]));
    assert_ok(umbra_scaling_load(&loaded, paths[i]));
    assert_int_equal(umbra_scaling_columns(loaded), COLUMNS);
    assert_ok(umbra_scaling_apply(scaling, &scaled, records));
    assert_ok(umbra_scaling_apply(loaded, &again, records));
    assert_memory_equal(umbra_records_row(scaled, 0), umbra_records_row(again, 0), ROWS * COLUMNS * sizeof(double));
    umbra_scaling_destroy(loaded);
    umbra_scaling_destroy(scaling);
    umbra_records_destroy(again);
    umbra_records_destroy(scaled);
    umbra_records_destroy(records);
  }
}

/* What would be lost is not saved. */
static void scalings_that_know_their_columns(void **state) {
  (void)state;
  umbra_records *records = NULL;
  umbra_scaling *scaling = NULL, *loaded = NULL;
  assert_ok(read_text(&records, "x,label\n1,0\n2,1\n", NULL));
  assert_ok(umbra_scaling_fit(&scaling, records, UMBRA_SCALING_RANGE, 0, 0));
  remove(npy);
  assert_fails(umbra_scaling_save(scaling, npy), bad, "save it as .csv");
  assert_int_not_equal(access(npy, F_OK), 0);
  assert_ok(umbra_scaling_save(scaling, kept));
  assert_ok(umbra_scaling_load(&loaded, kept));
  assert_int_equal(umbra_schema_features(umbra_scaling_schema(loaded)), 1);
  umbra_scaling_destroy(loaded);
  umbra_scaling_destroy(scaling);
  umbra_records_destroy(records);
}

static void files_that_are_no_scaling(void **state) {
  (void)state;
  umbra_scaling *scaling = NULL;
  write_text("0,1\n");
  assert_fails(umbra_scaling_load(&scaling, csv), format, "5 columns, offset, divisor, clip, least and greatest value");
  write_text("0,1,0\n0,-1,0\n");
  assert_fails(umbra_scaling_load(&scaling, csv), format, "row 2: the divisor is -1");
  write_text("0,1e-310,0\n");
  assert_fails(umbra_scaling_load(&scaling, csv), format, "row 1: the divisor is 1e-310");
  write_text("0,1,-2\n");
  assert_fails(umbra_scaling_load(&scaling, csv), format, "row 1: clip is -2");
  assert_fails(umbra_scaling_load(&scaling, "/no/such.csv"), UMBRA_ERROR_IO, "");
  assert_fails(umbra_scaling_load(&scaling, NULL), bad, "a path");
  assert_null(scaling);
}

/* ---- splitting ---- */

static void splits(void **state) {
  (void)state;
  enum { COUNT = 11 };
  double features[COUNT], labels[COUNT] = {1, 1, 0, 1, 0, 0, 1, 1, 1, 0, 0};
  for (int i = 0; i < COUNT; i++) features[i] = i;
  const double kept[] = {1, 1, 3, 1, 4, -1, 5, -1, 7, 1, 8, 1, 10, -1}, out[] = {0, 1, 2, -1, 6, 1, 9, -1};
  umbra_records *records = NULL, *rest = NULL, *held = NULL;
  assert_ok(umbra_records_create(&records, features, labels, COUNT, 1));
  assert_ok(umbra_records_split(&rest, &held, records, 3));
  assert_records(rest, 7, 1, kept);
  assert_records(held, 4, 1, out);
  rest = held = NULL;
  assert_ok(umbra_records_split(&rest, &held, records, SIZE_MAX));
  assert_int_equal(umbra_records_rows(rest), COUNT - 2);
  umbra_records *same = rest;
  assert_fails(umbra_records_split(&rest, &same, records, 3), bad, "two different outputs");
  umbra_records_destroy(rest);
  umbra_records_destroy(held);
  rest = held = NULL;
  assert_fails(umbra_records_split(&rest, &held, records, 1), bad, "2 or more, not 1");
  assert_fails(umbra_records_split(&rest, NULL, records, 2), bad, "two different outputs");
  assert_ok(umbra_records_create(&records, features, labels, 3, 1));
  assert_fails(umbra_records_split(&rest, &held, records, 2), bad, "class -1 has one record only");
  umbra_records_destroy(records);
  assert_true(!rest && !held);
}

enum { HELD_ROWS = 97 };

/* A third of class 1; the feature is the row. */
static umbra_records *numbered_records(void) {
  double features[HELD_ROWS], labels[HELD_ROWS];
  umbra_records *records = NULL;
  for (int i = 0; i < HELD_ROWS; i++) {
    features[i] = i;
    labels[i] = i % 3 == 0;
  }
  assert_ok(umbra_records_create(&records, features, labels, HELD_ROWS, 1));
  return records;
}

/* Marks the rows, which have kept their labels and their order, and counts those of class 1. */
static size_t mark(int seen[HELD_ROWS], const umbra_records *records) {
  size_t ones = 0;
  double before = -1;
  for (size_t i = 0; i < umbra_records_rows(records); i++) {
    const double row = umbra_records_row(records, i)[0];
    assert_true(row > before && (umbra_records_label(records, i) > 0) == ((int)row % 3 == 0));
    seen[(int)row]++;
    ones += (int)row % 3 == 0;
    before = row;
  }
  return ones;
}

static void folds_hold_each_record_back_once(void **state) {
  (void)state;
  enum { FOLDS = 7 };
  int held_back[HELD_ROWS] = {0}, in_order = 1;
  umbra_records *records = numbered_records(), *rest = NULL, *held = NULL;
  for (int fold = 0; fold < FOLDS; fold++) {
    int seen[HELD_ROWS] = {0};
    assert_ok(umbra_records_hold(&rest, &held, records, (double)fold / FOLDS, (fold + 1.0) / FOLDS, 3));
    const size_t ones = mark(held_back, held);
    assert_true(ones == 33 / FOLDS || ones == 33 / FOLDS + 1);
    assert_int_equal(mark(seen, held) + mark(seen, rest), 33);
    for (int i = 0; i < HELD_ROWS; i++) assert_int_equal(seen[i], 1);
    for (size_t i = 1; i < umbra_records_rows(held); i++)
      in_order &= umbra_records_row(held, i)[0] == umbra_records_row(held, 0)[0] + (double)i;
  }
  for (int i = 0; i < HELD_ROWS; i++) assert_int_equal(held_back[i], 1);
  assert_false(in_order); /* it has been shuffled */
  umbra_records_destroy(rest);
  umbra_records_destroy(held);
  umbra_records_destroy(records);
}

/* What stands for missing values on both sides is what the rest has: 1 to 9, but for those that are held. */
static void fills_know_nothing_of_what_is_held(void **state) {
  (void)state;
  static const umbra_missing_rule rules[] = {UMBRA_MISSING_MEAN, UMBRA_MISSING_MEDIAN};
  for (int r = 0; r < 2; r++) {
    const umbra_table_options how = {UMBRA_TABLE_OPTIONS_INIT, .missing = rules[r]};
    const umbra_records_options options = {UMBRA_RECORDS_OPTIONS_INIT, .table = &how};
    umbra_records *records = NULL, *rest = NULL, *held = NULL, *both[2];
    double known[2][16], sum = 0;
    size_t count = 0, filled = 0;
    write_text("x,n,label\n1,1,0\n2,2,0\n,3,0\n40,4,0\n,5,0\n6,6,1\n70,7,1\n,8,1\n9,9,1\n,10,1\n");
    assert_ok(umbra_records_read(&records, csv, &options));
    assert_ok(umbra_records_hold(&rest, &held, records, 0, 0.4, 3));
    both[0] = rest;
    both[1] = held;
    for (size_t i = 0; i < umbra_records_rows(rest); i++) {
      const double *row = umbra_records_row(rest, i);
      if (row[1] == 3 || row[1] == 5 || row[1] == 8 || row[1] == 10) continue;
      known[0][count++] = row[0];
      sum += row[0];
    }
    double expected = sum / (double)count;
    if (rules[r] == UMBRA_MISSING_MEDIAN) {
      for (size_t i = 0; i < count; i++)
        for (size_t k = i + 1; k < count; k++)
          if (known[0][k] < known[0][i]) {
            const double swapped = known[0][k];
            known[0][k] = known[0][i];
            known[0][i] = swapped;
          }
      expected = (known[0][(count - 1) / 2] + known[0][count / 2]) / 2;
    }
    for (int side = 0; side < 2; side++)
      for (size_t i = 0; i < umbra_records_rows(both[side]); i++) {
        const double *row = umbra_records_row(both[side], i);
        if (row[1] != 3 && row[1] != 5 && row[1] != 8 && row[1] != 10) continue;
        assert_true(fabs(row[0] - expected) < 1e-12);
        filled++;
      }
    assert_int_equal(filled, 4);
    umbra_records_destroy(held);
    umbra_records_destroy(rest);
    umbra_records_destroy(records);
  }
}

/* ---- what a scaling knows of its records ---- */

static void values_beyond(void **state) {
  (void)state;
  const double features[] = {1, 5, 7, 2, 5, 8, 3, 5, 9}, labels[] = {0, 1, 0};
  const double others[] = {0, 6, 7, 2, 4, 8, 10, 5, 9}, within[] = {1, 5, 7, 2, 5, 8, 3, 5, 9};
  const char *const paths[] = {csv, npy};
  double values[9];
  umbra_records *records = NULL;
  umbra_scaling *scaling = NULL, *loaded = NULL;
  umbra_scaling_excess e = {UMBRA_SCALING_EXCESS_INIT};
  assert_ok(umbra_records_create(&records, features, labels, 3, 3));
  assert_ok(umbra_scaling_fit(&scaling, records, UMBRA_SCALING_DEVIATION, 0, 0.5));
  for (int i = 0; i < 2; i++) {
    assert_ok(umbra_scaling_save(scaling, paths[i]));
    assert_ok(umbra_scaling_load(&loaded, paths[i]));
    assert_ok(umbra_scaling_beyond(loaded, &e, others, 3, 3, 0));
    assert_true(e.values == 2 && e.row == 2 && e.value == 10 && e.least == 1 && e.greatest == 3);
    assert_ok(umbra_scaling_beyond(loaded, &e, others, 3, 3, 1));
    assert_true(e.values == 0 && e.least == 5 && e.greatest == 5); /* it becomes 0 anyway */
    assert_ok(umbra_scaling_beyond(loaded, &e, features, 3, 3, 2));
    assert_true(e.values == 0 && e.least == 7 && e.greatest == 9);
    assert_ok(umbra_scaling_bring_within(loaded, values, others, 3, 3));
    assert_memory_equal(values, within, sizeof values);
  }
  write_text("0,1,0\n0,1,0\n0,1,0\n");
  assert_ok(umbra_scaling_load(&loaded, csv)); /* of an earlier version */
  assert_ok(umbra_scaling_beyond(loaded, &e, others, 3, 3, 0));
  assert_true(e.values == 0 && e.least == -INFINITY && e.greatest == INFINITY);
  assert_fails(umbra_scaling_beyond(loaded, &e, others, 3, 2, 0), bad, "of 3 columns, and the records have 2");
  assert_fails(umbra_scaling_beyond(loaded, &e, others, 3, 3, 3), bad, "a column");
  assert_fails(umbra_scaling_bring_within(loaded, values, others, 3, 4), bad, "of 3 columns");
  write_text("0,1,0,2,1\n");
  assert_fails(umbra_scaling_load(&loaded, csv), format, "row 1: the least value is 2, and the greatest 1");
  umbra_scaling_destroy(loaded);
  umbra_scaling_destroy(scaling);
  umbra_records_destroy(records);
}

static void records_of_a_scaling(void **state) {
  (void)state;
  umbra_records *records = random_records(3, 1, 0), *others = random_records(4, 1, 0);
  umbra_scaling *scaling = NULL, *loaded = NULL, *again = NULL;
  uint8_t id[UMBRA_DIGEST_BYTES];
  int known = 7;
  assert_ok(umbra_scaling_fit(&scaling, records, UMBRA_SCALING_RANGE, 0, 0));
  assert_ok(umbra_scaling_save(scaling, csv));
  assert_ok(umbra_scaling_load(&loaded, csv));
  assert_ok(umbra_scaling_check_records(loaded, records));
  assert_fails(umbra_scaling_check_records(loaded, others), UMBRA_ERROR_MISMATCH, "these are not the records");
  assert_ok(umbra_scaling_training(loaded, &known, id)); /* it is of no plan */
  assert_int_equal(known, 0);
  assert_ok(umbra_scaling_save(loaded, kept));
  assert_ok(umbra_scaling_load(&again, kept));
  assert_ok(umbra_scaling_check_records(again, records));
  write_text("# umbra records 12\n0,1,0,0,1\n");
  assert_fails(umbra_scaling_load(&again, csv), format, "is no digest of 32 bytes");
  umbra_scaling_destroy(again);
  umbra_scaling_destroy(loaded);
  umbra_scaling_destroy(scaling);
  umbra_records_destroy(others);
  umbra_records_destroy(records);
}

static void seeds_decide_what_is_held_back(void **state) {
  (void)state;
  int same[HELD_ROWS] = {0}, other[HELD_ROWS] = {0};
  umbra_records *records = numbered_records(), *rest = NULL, *held = NULL;
  assert_ok(umbra_records_hold(&rest, &held, records, 0, 0.2, 1));
  assert_int_equal(umbra_records_rows(held), 7 + 13);
  mark(same, held);
  assert_ok(umbra_records_hold(&rest, &held, records, 0, 0.2, 1));
  mark(same, held);
  assert_ok(umbra_records_hold(&rest, &held, records, 0, 0.2, 2));
  mark(other, held);
  int common = 0;
  for (int i = 0; i < HELD_ROWS; i++) {
    assert_true(same[i] == 0 || same[i] == 2);
    common += same[i] && other[i];
  }
  assert_in_range(common, 0, 12);
  assert_fails(umbra_records_hold(&rest, &held, records, 0, 0.01, 1), bad, "of the 33 records of class 1, 0 would");
  assert_fails(umbra_records_hold(&rest, &held, records, 0, 1, 1), bad, "some on both sides");
  assert_fails(umbra_records_hold(&rest, &held, records, 0.5, 0.5, 1), bad, "0.5 to 0.5");
  assert_fails(umbra_records_hold(&rest, &held, records, NAN, 1, 1), bad, "share");
  assert_fails(umbra_records_hold(&rest, &rest, records, 0, 0.5, 1), bad, "different outputs");
  assert_int_equal(umbra_records_rows(held), 20);
  umbra_records_destroy(rest);
  umbra_records_destroy(held);
  umbra_records_destroy(records);
}

/* ---- judging ---- */

static void counts_and_losses(void **state) {
  (void)state;
  const double labels[] = {1, 0, 1, 0, 0, 1, 0, 0}, scores[] = {2, -1, -3, 0.5, -2, 0.25, 700, -700};
  long double loss = 0;
  umbra_records *records = NULL;
  umbra_judgement found = {UMBRA_JUDGEMENT_INIT};
  assert_ok(umbra_records_create(&records, scores, labels, 8, 1));
  assert_ok(umbra_judge_scores(&found, records, scores, 0.25));
  assert_true(found.positives == 3 && found.negatives == 5 && found.majority == 5.0 / 8);
  assert_true(found.true_positives == 1 && found.true_negatives == 3 && found.accuracy == 0.5);
  for (int i = 0; i < 8; i++) loss += log1pl(expl(labels[i] > 0 ? -scores[i] : scores[i])) / 8;
  assert_true(fabsl(found.loss - loss) < 1e-14L * loss);
  assert_ok(umbra_judge(&found, records, (const double[]){1, 0}));
  assert_true(found.true_positives == 2 && fabsl(found.loss - loss) < 1e-14L * loss);
  umbra_records_destroy(records);
}

static double pairs_won(const umbra_records *records, const double *scores) {
  size_t rows = umbra_records_rows(records);
  double won = 0, pairs = 0;
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < rows; j++) {
      if (umbra_records_label(records, i) < 0 || umbra_records_label(records, j) > 0) continue;
      pairs++;
      won += scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0;
    }
  return won / pairs;
}

static void judging_by_weights(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed < 6; seed++) {
    uint64_t random = seed;
    umbra_records *records = random_records(seed, 1, 0);
    double weights[COLUMNS + 1], scores[ROWS], right = 0, largest = 0;
    for (int j = 0; j <= COLUMNS; j++) weights[j] = uniform(&random);
    for (int i = 0; i < ROWS; i++) {
      scores[i] = weights[COLUMNS];
      for (int j = 0; j < COLUMNS; j++) scores[i] += weights[j] * feature(records, i, j);
      right += (scores[i] > 0) == (umbra_records_label(records, (size_t)i) > 0);
      largest = fmax(largest, fabs(scores[i]));
    }
    umbra_judgement found = {UMBRA_JUDGEMENT_INIT};
    assert_ok(umbra_judge(&found, records, weights));
    assert_true(found.accuracy == right / ROWS);
    assert_true(fabs(found.auc - pairs_won(records, scores)) < 1e-12);
    assert_true(found.largest_score == largest);
    umbra_records_destroy(records);
  }
}

/* Few different scores: ties everywhere, and some on the threshold, which is the side of -1. */
static void ties(void **state) {
  (void)state;
  uint64_t random = 9;
  umbra_records *records = random_records(9, 1, 0);
  for (uint32_t different = 1; different < 8; different++) {
    double scores[ROWS], right = 0;
    for (int i = 0; i < ROWS; i++) {
      scores[i] = 0.25 * below(&random, different);
      right += (scores[i] > 0.25) == (umbra_records_label(records, (size_t)i) > 0);
    }
    umbra_judgement found = {UMBRA_JUDGEMENT_INIT};
    assert_ok(umbra_judge_scores(&found, records, scores, 0.25));
    assert_true(found.accuracy == right / ROWS);
    assert_true(fabs(found.auc - pairs_won(records, scores)) < 1e-12);
  }
  umbra_records_destroy(records);
}

/* What is not finite is wrong, whichever side it would be on. */
static void scores_that_are_not_finite(void **state) {
  (void)state;
  const double values[] = {1, 2, 3, 4}, labels[] = {1, 0, 1, 0};
  static const struct {
    double scores[4], accuracy, auc;
  } cases[] = {
      {{NAN, NAN, NAN, NAN}, 0, 0},       {{INFINITY, -INFINITY, INFINITY, -INFINITY}, 0, 0},
      {{INFINITY, -1, 1, -1}, 0.75, 0.5}, {{1, NAN, 1, -1}, 0.75, 0.5},
      {{1, -1, 1, -INFINITY}, 0.75, 0.5},
  };
  umbra_records *records = NULL;
  assert_ok(umbra_records_create(&records, values, labels, 4, 1));
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    umbra_judgement found = {UMBRA_JUDGEMENT_INIT};
    assert_ok(umbra_judge_scores(&found, records, cases[i].scores, 0));
    assert_true(found.accuracy == cases[i].accuracy && found.auc == cases[i].auc);
    assert_true(found.largest_score == INFINITY);
  }
  umbra_judgement found = {UMBRA_JUDGEMENT_INIT};
  assert_ok(umbra_judge(&found, records, (const double[]){INFINITY, -INFINITY}));
  assert_true(found.accuracy == 0 && found.auc == 0 && found.largest_score == INFINITY);
  umbra_records_destroy(records);
}

static void many_records(void **state) {
  (void)state;
  enum { MANY = 100000 };
  double *values = malloc(MANY * sizeof *values), *labels = malloc(MANY * sizeof *labels);
  assert_true(values && labels);
  for (int i = 0; i < MANY; i++) {
    values[i] = i % 1000;
    labels[i] = i % 1000 >= 500; /* the classes are apart: every pair is won */
  }
  umbra_records *records = NULL;
  umbra_judgement found = {UMBRA_JUDGEMENT_INIT};
  assert_ok(umbra_records_create(&records, values, labels, MANY, 1));
  assert_ok(umbra_judge_scores(&found, records, values, 499.5));
  assert_true(found.accuracy == 1 && found.auc == 1 && found.largest_score == 999);
  umbra_records_destroy(records);
  free(values);
  free(labels);
}

static void judgements_that_cannot_be(void **state) {
  (void)state;
  umbra_records *records = one_column((const double[]){0, 1}, 2);
  const double weights[] = {1, 0};
  umbra_judgement found = {UMBRA_JUDGEMENT_INIT, .auc = 7}, unsized = {0};
  assert_fails(umbra_judge(&unsized, records, weights), bad, "umbra_judgement_init");
  assert_fails(umbra_judge_scores(&unsized, records, weights, 0), bad, "umbra_judgement_init");
  assert_fails(umbra_judge(NULL, records, weights), bad, "output");
  assert_fails(umbra_judge(&found, NULL, weights), bad, "records");
  assert_fails(umbra_judge(&found, records, NULL), bad, "weights");
  assert_fails(umbra_judge_scores(&found, records, NULL, 0), bad, "score");
  assert_fails(umbra_judge_scores(&found, records, weights, NAN), bad, "threshold");
  assert_true(found.auc == 7);
  umbra_records_destroy(records);
}

/* ---- memory ---- */

static umbra_status everything(void) {
  umbra_records *records = NULL, *rest = NULL, *held = NULL, *scaled = NULL;
  umbra_scaling *scaling = NULL, *loaded = NULL;
  umbra_judgement found = {UMBRA_JUDGEMENT_INIT};
  umbra_status status = umbra_records_read(&records, csv, NULL);
  if (status == UMBRA_OK) status = umbra_records_split(&rest, &held, records, 2);
  if (status == UMBRA_OK) status = umbra_records_hold(&rest, &held, records, 0, 0.5, 1);
  if (status == UMBRA_OK) status = umbra_scaling_fit(&scaling, rest, UMBRA_SCALING_QUARTILES, 0, 0);
  if (status == UMBRA_OK) status = umbra_scaling_save(scaling, kept);
  if (status == UMBRA_OK) status = umbra_scaling_load(&loaded, kept);
  if (status == UMBRA_OK) status = umbra_scaling_apply(loaded, &scaled, held);
  if (status == UMBRA_OK) status = umbra_judge(&found, scaled, (const double[]){1, 1});
  umbra_records_destroy(scaled);
  umbra_scaling_destroy(loaded);
  umbra_scaling_destroy(scaling);
  umbra_records_destroy(held);
  umbra_records_destroy(rest);
  umbra_records_destroy(records);
  return status;
}

static void failing_allocations(void **state) {
  (void)state;
  write_text("x,label\n1,0\n2,0\n3,0\n4,0\n5,1\n6,1\n7,1\n8,1\n");
  long failures = 0;
  for (umbra_status status = UMBRA_ERROR_OUT_OF_MEMORY; status != UMBRA_OK; failures++) {
    umbra_alloc_fail_after(failures);
    status = everything();
    umbra_alloc_fail_after(-1);
    assert_true(status == UMBRA_OK || status == UMBRA_ERROR_OUT_OF_MEMORY);
  }
  assert_true(failures > 20);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(where_the_label_is),
      cmocka_unit_test(refused_files),
      cmocka_unit_test(arrays),
      cmocka_unit_test(from_memory),
      cmocka_unit_test(scalings),
      cmocka_unit_test(division_by_a_constant),
      cmocka_unit_test(quartiles_withstand_what_is_far_off),
      cmocka_unit_test(extreme_columns),
      cmocka_unit_test(values_beyond_a_scaling),
      cmocka_unit_test(scalings_that_cannot_be),
      cmocka_unit_test(saved_scalings),
      cmocka_unit_test(scalings_that_know_their_columns),
      cmocka_unit_test(files_that_are_no_scaling),
      cmocka_unit_test(splits),
      cmocka_unit_test(folds_hold_each_record_back_once),
      cmocka_unit_test(fills_know_nothing_of_what_is_held),
      cmocka_unit_test(values_beyond),
      cmocka_unit_test(records_of_a_scaling),
      cmocka_unit_test(seeds_decide_what_is_held_back),
      cmocka_unit_test(counts_and_losses),
      cmocka_unit_test(judging_by_weights),
      cmocka_unit_test(ties),
      cmocka_unit_test(scores_that_are_not_finite),
      cmocka_unit_test(many_records),
      cmocka_unit_test(judgements_that_cannot_be),
      cmocka_unit_test(failing_allocations),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
