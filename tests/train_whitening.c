/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Scalings that mix columns until they are uncorrelated: against the definition, computed here. */
#include <unistd.h>

#include "scheme.h"

enum { ROWS = 60, COLUMNS = 5, TOO_MANY = 1025 };
static const double clip = 1.5, ridge = 0.01;
static char kept[64];

/* Column 1 nearly follows from column 0, and column 3 is always the same. */
static umbra_records *correlated(uint64_t seed) {
  double features[ROWS * COLUMNS], labels[ROWS];
  for (int i = 0; i < ROWS; i++) {
    double *x = features + i * COLUMNS;
    for (int j = 0; j < COLUMNS; j++) x[j] = 100 * uniform(&seed);
    x[1] = 3 * x[0] + 0.01 * x[1];
    x[3] = 7;
    x[4] += x[2];
    labels[i] = i % 2;
  }
  umbra_records *records = NULL;
  assert_ok(umbra_records_create(&records, features, labels, ROWS, COLUMNS));
  return records;
}

static umbra_records *scaled_by(const umbra_scaling *scaling, const umbra_records *records) {
  umbra_records *scaled = NULL;
  assert_ok(umbra_scaling_apply(scaling, &scaled, records));
  return scaled;
}

static umbra_scaling *fitted(const umbra_records *records, umbra_scaling_kind kind) {
  umbra_scaling *scaling = NULL;
  assert_ok(umbra_scaling_fit(&scaling, records, kind, 0, clip));
  return scaling;
}

static double moment(const umbra_records *records, int a, int b) {
  double sum = 0;
  for (size_t i = 0; i < ROWS; i++) sum += umbra_records_row(records, i)[a] * umbra_records_row(records, i)[b];
  return sum / ROWS;
}

/* Column k from two rows that differ in that column alone, the other one being that of the means. */
static void find_mix(double mix[COLUMNS][COLUMNS], const umbra_scaling *whitened, const umbra_scaling *plain,
                     const umbra_records *records) {
  double x[2 * COLUMNS], middle[COLUMNS], scaled[2 * COLUMNS], apart[2 * COLUMNS];
  memset(mix, 0, sizeof(double[COLUMNS][COLUMNS]));
  for (int j = 0; j < COLUMNS; j++) {
    middle[j] = 0;
    for (size_t i = 0; i < ROWS; i++) middle[j] += umbra_records_row(records, i)[j] / ROWS;
  }
  for (int k = 0; k < COLUMNS; k++) {
    for (int r = 0; r < 2; r++) memcpy(x + r * COLUMNS, middle, sizeof middle);
    x[k] = umbra_records_row(records, 0)[k];
    assert_ok(umbra_scaling_values(whitened, scaled, x, 2, COLUMNS));
    assert_ok(umbra_scaling_values(plain, apart, x, 2, COLUMNS));
    const double unit = apart[k] - apart[COLUMNS + k];
    for (int j = 0; j < COLUMNS && unit != 0; j++) mix[j][k] = (scaled[j] - scaled[COLUMNS + j]) / unit;
  }
}

/* Mix (C + ridge) Mix^T is the unit matrix, C being the moments of what deviations leave; but for the constant column. */
static void columns_become_uncorrelated(void **state) {
  (void)state;
  umbra_records *records = correlated(1);
  umbra_scaling *whitened = fitted(records, UMBRA_SCALING_WHITENED), *plain = fitted(records, UMBRA_SCALING_DEVIATION);
  umbra_records *apart = scaled_by(plain, records), *mixed = scaled_by(whitened, records);
  double mix[COLUMNS][COLUMNS];
  find_mix(mix, whitened, plain, records);
  for (int a = 0; a < COLUMNS; a++)
    for (int b = 0; b < COLUMNS; b++) {
      double found = 0;
      for (int i = 0; i < COLUMNS; i++)
        for (int j = 0; j < COLUMNS; j++) found += mix[a][i] * mix[b][j] * (moment(apart, i, j) + (i == j ? ridge : 0));
      assert_true(fabs(found - (a == b && a != 3)) < 1e-9);
      assert_true(a == b || fabs(moment(mixed, a, b)) < 0.3);
      assert_true(b <= a || mix[a][b] == 0);
    }
  assert_true(fabs(moment(apart, 0, 1)) > 0.8); /* which was to go */
  for (size_t i = 0; i < ROWS; i++) assert_true(umbra_records_row(mixed, i)[3] == 0);
  umbra_records_destroy(mixed);
  umbra_records_destroy(apart);
  umbra_scaling_destroy(plain);
  umbra_scaling_destroy(whitened);
  umbra_records_destroy(records);
}

static void in_place(void **state) {
  (void)state;
  umbra_records *records = correlated(2), *others = correlated(3);
  umbra_scaling *scaling = fitted(records, UMBRA_SCALING_WHITENED);
  umbra_records *scaled = scaled_by(scaling, others);
  double values[ROWS * COLUMNS];
  memcpy(values, umbra_records_row(others, 0), sizeof values);
  assert_ok(umbra_scaling_values(scaling, values, values, ROWS, COLUMNS));
  assert_memory_equal(values, umbra_records_row(scaled, 0), sizeof values);
  umbra_records_destroy(scaled);
  umbra_scaling_destroy(scaling);
  umbra_records_destroy(others);
  umbra_records_destroy(records);
}

/* Scores are the same by unmixed weights on columns that are not mixed. */
static void weights_of_columns(void **state) {
  (void)state;
  umbra_records *records = correlated(4);
  umbra_scaling *whitened = fitted(records, UMBRA_SCALING_WHITENED), *plain = fitted(records, UMBRA_SCALING_DEVIATION);
  umbra_records *mixed = scaled_by(whitened, records), *apart = scaled_by(plain, records);
  const double weights[COLUMNS] = {1, -2, 0.5, 3, -0.25};
  double unmixed[COLUMNS];
  memcpy(unmixed, weights, sizeof unmixed);
  umbra_scaling_unmix(plain, unmixed);
  assert_memory_equal(unmixed, weights, sizeof unmixed);
  umbra_scaling_unmix(whitened, unmixed);
  for (size_t i = 0; i < ROWS; i++) {
    double score = 0, same = 0;
    for (int j = 0; j < COLUMNS; j++) {
      score += weights[j] * umbra_records_row(mixed, i)[j];
      same += unmixed[j] * umbra_records_row(apart, i)[j];
    }
    assert_true(fabs(score - same) < 1e-10);
  }
  umbra_records_destroy(apart);
  umbra_records_destroy(mixed);
  umbra_scaling_destroy(plain);
  umbra_scaling_destroy(whitened);
  umbra_records_destroy(records);
}

static void saved(void **state) {
  (void)state;
  umbra_records *records = correlated(5);
  umbra_scaling *scaling = fitted(records, UMBRA_SCALING_WHITENED), *loaded = NULL;
  umbra_records *scaled = scaled_by(scaling, records);
  assert_ok(umbra_scaling_save(scaling, kept));
  assert_ok(umbra_scaling_load(&loaded, kept));
  umbra_records *again = scaled_by(loaded, records);
  assert_memory_equal(umbra_records_row(again, 0), umbra_records_row(scaled, 0), sizeof(double[ROWS * COLUMNS]));
  umbra_records_destroy(again);
  umbra_scaling_destroy(loaded);
  umbra_records_destroy(scaled);
  umbra_scaling_destroy(scaling);
  umbra_records_destroy(records);
}

static void files_that_are_no_mix(void **state) {
  (void)state;
  static const struct {
    const char *text, *why;
  } cases[] = {{"0,1,0,0,1,1,0\n0,1,0,0,1,2,1\n", NULL},
               {"0,1,0,0,1,1,0.5\n0,1,0,0,1,2,1\n", "row 1: 0.5 is no number 2 of a mix"},
               {"0,1,0,0,1,1,0\n0,1,0,0,1,1e101,1\n", "row 2: 1e+101 is no number 1 of a mix"},
               {"0,1,0,0,1,1\n0,1,0,0,1,2\n", "whitened as many more as rows, and this table has 6"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    umbra_scaling *loaded = NULL;
    FILE *file = fopen(kept, "w");
    assert_non_null(file);
    fputs(cases[i].text, file);
    fclose(file);
    if (cases[i].why) assert_fails(umbra_scaling_load(&loaded, kept), UMBRA_ERROR_FORMAT, cases[i].why);
    else assert_ok(umbra_scaling_load(&loaded, kept));
    umbra_scaling_destroy(loaded);
  }
}

/* Without a clip values may be so large that sums of them are not finite. */
static void values_that_are_too_large(void **state) {
  (void)state;
  umbra_records *records = correlated(6);
  umbra_scaling *scaling = NULL;
  double scaled[COLUMNS] = {5}, far[COLUMNS] = {1e200, -1e200, 0, 7, 0};
  assert_ok(umbra_scaling_fit(&scaling, records, UMBRA_SCALING_WHITENED, 0, 0));
  assert_fails(umbra_scaling_values(scaling, scaled, far, 1, COLUMNS), UMBRA_ERROR_RANGE, "row 1, column 1: 1e+200 is");
  assert_true(scaled[0] == 5);
  umbra_scaling_destroy(scaling);
  umbra_records_destroy(records);
}

static void too_many_columns(void **state) {
  (void)state;
  static double features[2 * TOO_MANY];
  umbra_records *records = NULL;
  umbra_scaling *scaling = NULL;
  for (int j = 0; j < TOO_MANY; j++) features[j] = j;
  assert_ok(umbra_records_create(&records, features, (const double[]){0, 1}, 2, TOO_MANY));
  assert_fails(umbra_scaling_fit(&scaling, records, UMBRA_SCALING_WHITENED, 0, 0), UMBRA_ERROR_RANGE,
               "at most 1024 columns can be whitened");
  umbra_records_destroy(records);
}

static int set_up(void **state) {
  (void)state;
  return snprintf(kept, sizeof kept, "train_whitening-%ld.csv", (long)getpid()) < 0;
}

static int tear_down(void **state) {
  (void)state;
  return unlink(kept);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(columns_become_uncorrelated),
      cmocka_unit_test(in_place),
      cmocka_unit_test(weights_of_columns),
      cmocka_unit_test(saved),
      cmocka_unit_test(files_that_are_no_mix),
      cmocka_unit_test(values_that_are_too_large),
      cmocka_unit_test(too_many_columns),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
