/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* The best logistic model against Newton's method with elimination, written out once more in long double. */
#include <umbra/optimum.h>

#include "../host/base/watch.h"
#include "train.h"
#include "watcher.h"

enum { MOST = 12 };

/* ---- the oracle ---- */

typedef struct oracle {
  const umbra_records *records;
  size_t columns;
  long double l2, w[MOST], gradient[MOST], hessian[MOST][MOST];
} oracle;

/* z of a record: y times the features and 1. */
static void find_z(long double z[MOST], const oracle *o, size_t row) {
  for (size_t c = 0; c <= o->columns; c++)
    z[c] = umbra_records_label(o->records, row) * (c < o->columns ? umbra_records_row(o->records, row)[c] : 1);
}

/* Gradient and Hessian at w; returns the mean loss. */
static long double differentiate(oracle *o) {
  const long double n = umbra_records_rows(o->records);
  long double z[MOST], loss = 0;
  memset(o->gradient, 0, sizeof o->gradient);
  memset(o->hessian, 0, sizeof o->hessian);
  for (size_t row = 0; row < n; row++) {
    long double margin = 0;
    find_z(z, o, row);
    for (size_t c = 0; c <= o->columns; c++) margin += o->w[c] * z[c];
    const long double s = 1 / (1 + expl(margin));
    loss += margin > 0 ? log1pl(expl(-margin)) : log1pl(expl(margin)) - margin;
    for (size_t a = 0; a <= o->columns; a++) {
      o->gradient[a] -= s * z[a] / n;
      for (size_t b = 0; b <= o->columns; b++) o->hessian[a][b] += s * (1 - s) * z[a] * z[b] / n;
    }
  }
  for (size_t c = 0; c < o->columns; c++) {
    o->gradient[c] += o->l2 * o->w[c];
    o->hessian[c][c] += o->l2;
  }
  return loss / n;
}

static long double norm_of(const oracle *o) {
  long double sum = 0;
  for (size_t c = 0; c <= o->columns; c++) sum += o->gradient[c] * o->gradient[c];
  return sqrtl(sum);
}

/* w -= hessian^-1 gradient, by elimination: the matrix is positive definite. */
static void step(oracle *o) {
  const size_t size = o->columns + 1;
  for (size_t k = 0; k < size; k++)
    for (size_t a = k + 1; a < size; a++) {
      const long double factor = o->hessian[a][k] / o->hessian[k][k];
      for (size_t b = k; b < size; b++) o->hessian[a][b] -= factor * o->hessian[k][b];
      o->gradient[a] -= factor * o->gradient[k];
    }
  for (size_t k = size; k-- > 0;) {
    for (size_t b = k + 1; b < size; b++) o->gradient[k] -= o->hessian[k][b] * o->gradient[b];
    o->gradient[k] /= o->hessian[k][k];
  }
  for (size_t c = 0; c < size; c++) o->w[c] -= o->gradient[c];
}

/* Newton's steps from near the minimum; whole ones, so they are not asked to lower anything. */
static void solve_from(oracle *o, const double *weights) {
  for (size_t c = 0; c <= o->columns; c++) o->w[c] = weights[c];
  differentiate(o);
  for (int i = 0; i < 20; i++) {
    step(o);
    differentiate(o);
  }
  assert_true(norm_of(o) < 1e-16L);
}

/* ---- problems ---- */

/* Labels follow from features of very different and dependent kinds, the more so the sharper. */
static umbra_records *problem(size_t rows, size_t columns, double sharpness, uint64_t seed) {
  double *features = malloc(rows * columns * sizeof *features), *labels = malloc(rows * sizeof *labels);
  umbra_records *records = NULL;
  assert_true(features && labels);
  for (size_t r = 0; r < rows; r++) {
    double *x = features + r * columns, score = -0.3;
    for (size_t c = 0; c < columns; c++) {
      x[c] = uniform(&seed) * (c % 3 ? 3 : 0.5) + (c ? 0.9 * x[c - 1] : 0);
      score += x[c] / (double)(c + 1);
    }
    labels[r] = uniform(&seed) < tanh(sharpness * score);
  }
  assert_ok(umbra_records_create(&records, features, labels, rows, columns));
  free(features);
  free(labels);
  return records;
}

static void check(const umbra_records *records, double l2) {
  double weights[MOST];
  umbra_optimum found = {UMBRA_OPTIMUM_INIT};
  const umbra_optimum_options options = {.struct_size = sizeof options, .l2 = l2, .tolerance = 1e-8, .most_steps = 200};
  oracle o = {.records = records, .columns = umbra_records_columns(records), .l2 = l2};
  assert_ok(umbra_logistic_optimum(weights, &found, records, &options, NULL));
  assert_true(found.converged && found.gradient <= 1e-8);
  for (size_t c = 0; c <= o.columns; c++) o.w[c] = weights[c];
  const long double loss = differentiate(&o);
  assert_true(norm_of(&o) < 1.01e-8L && fabsl(norm_of(&o) - found.gradient) < 1e-12L);
  assert_true(fabsl(loss - found.loss) < 1e-13L * (1 + loss));
  solve_from(&o, weights);
  for (size_t c = 0; c <= o.columns; c++)
    if (!(fabsl(o.w[c] - weights[c]) <= 2e-8L / l2)) fail_msg("%zu: %g, not %Lg", c, weights[c], o.w[c]);
}

static void minima_are_those_of_the_oracle(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 40; seed++) {
    uint64_t random = seed;
    const size_t columns = 1 + below(&random, MOST - 1), rows = 30 + below(&random, 300);
    umbra_records *records = problem(rows, columns, seed % 4, seed);
    check(records, seed % 3 ? 1e-4 : 0.1);
    umbra_records_destroy(records);
  }
}

/* Of one feature of 0 and 1 the odds are those of the counts, but for the penalty. */
static void counts_give_their_odds(void **state) {
  (void)state;
  const double features[] = {0, 0, 0, 0, 1, 1, 1, 1}, labels[] = {1, 0, 0, 0, 1, 1, 1, 0};
  double weights[2];
  umbra_records *records = NULL;
  umbra_optimum found = {UMBRA_OPTIMUM_INIT};
  umbra_optimum_options options = {UMBRA_OPTIMUM_OPTIONS_INIT};
  options.l2 = 1e-12;
  assert_ok(umbra_records_create(&records, features, labels, 8, 1));
  assert_ok(umbra_logistic_optimum(weights, &found, records, &options, NULL));
  assert_true(fabs(weights[1] + log(3)) < 1e-7 && fabs(weights[0] - 2 * log(3)) < 1e-7);
  assert_false(found.separable);
  umbra_records_destroy(records);
}

static int is_separable(const double *features, const double *labels, size_t rows, size_t columns) {
  double weights[MOST];
  umbra_records *records = NULL;
  umbra_optimum found = {UMBRA_OPTIMUM_INIT};
  assert_ok(umbra_records_create(&records, features, labels, rows, columns));
  assert_ok(umbra_logistic_optimum(weights, &found, records, NULL, NULL));
  assert_true(found.converged);
  umbra_records_destroy(records);
  return found.separable;
}

/* By a plane that the penalty hides: classes are 1e-3 apart, on both sides of a line that is not an axis. */
static void separable_sets_are_told(void **state) {
  (void)state;
  enum { ROWS = 40 };
  double features[2 * ROWS], labels[ROWS];
  for (int i = 0; i < ROWS; i++) {
    labels[i] = i % 2;
    features[2 * i] = sin(i);
    features[2 * i + 1] = 2 * sin(i) + (i % 2 ? 5e-4 : -5e-4);
  }
  assert_true(is_separable(features, labels, ROWS, 2));
  features[1] = 2 * features[0] + 6e-4; /* one on the wrong side, between others */
  features[0] = 0;
  features[1] = 6e-4;
  assert_false(is_separable(features, labels, ROWS, 2));
  labels[0] = 1;
  assert_true(is_separable(features, labels, ROWS, 2));
}

static void what_cannot_be_is_refused(void **state) {
  (void)state;
  double weights[MOST] = {7};
  const double huge[] = {1e200, -1e200, 1e200, 1e200}, labels[] = {0, 1, 0, 1};
  umbra_records *records = problem(50, 3, 1, 1), *wide = NULL;
  umbra_optimum found = {UMBRA_OPTIMUM_INIT, .steps = 77};
  umbra_optimum_options options = {UMBRA_OPTIMUM_OPTIONS_INIT};
  watcher w = {.at = 1};
  const umbra_progress progress = progress_of(&w);
  assert_ok(umbra_records_create(&wide, huge, labels, 4, 1));
  assert_int_equal(umbra_logistic_optimum(NULL, &found, records, NULL, NULL), UMBRA_ERROR_INVALID_ARGUMENT);
  options.l2 = 0;
  assert_int_equal(umbra_logistic_optimum(weights, &found, records, &options, NULL), UMBRA_ERROR_INVALID_ARGUMENT);
  umbra_optimum_options_init(&options);
  options.tolerance = NAN;
  assert_int_equal(umbra_logistic_optimum(weights, &found, records, &options, NULL), UMBRA_ERROR_INVALID_ARGUMENT);
  assert_int_equal(umbra_logistic_optimum(weights, &found, wide, NULL, NULL), UMBRA_ERROR_RANGE);
  umbra_watch_interval(0);
  assert_int_equal(umbra_logistic_optimum(weights, &found, records, NULL, &progress), UMBRA_ERROR_CANCELLED);
  assert_true(weights[0] == 7 && found.steps == 77);
  umbra_records_destroy(wide);
  umbra_records_destroy(records);
}

/* Columns that depend on each other, and classes that are hardly apart: the search for a plane ends as the model's does. */
static void wide_records(void **state) {
  (void)state;
  enum { WIDE = 200, MANY = 460 };
  double *features = calloc((size_t)WIDE * MANY, sizeof *features), labels[MANY], weights[WIDE + 1];
  umbra_records *records = NULL;
  umbra_optimum found = {UMBRA_OPTIMUM_INIT}, alone = {UMBRA_OPTIMUM_INIT};
  umbra_optimum_options options = {UMBRA_OPTIMUM_OPTIONS_INIT};
  uint64_t random = 5;
  assert_non_null(features);
  for (size_t r = 0; r < MANY; r++) {
    double before = 0, score = 8 * uniform(&random);
    for (size_t c = 0; c < WIDE; c++) {
      before = features[r * WIDE + c] = 0.95 * before + 0.3 * uniform(&random);
      if (c < 10) score += before;
    }
    labels[r] = score > 0;
  }
  assert_ok(umbra_records_create(&records, features, labels, MANY, WIDE));
  assert_ok(umbra_logistic_optimum(weights, &found, records, NULL, NULL));
  options.skip_separability = 1;
  assert_ok(umbra_logistic_optimum(weights, &alone, records, &options, NULL));
  assert_true(found.converged && alone.converged && !found.separable && !alone.undecided);
  assert_true(found.loss == alone.loss && alone.passes > 0);
  print_message("%llu passes, and %llu without the search for a plane\n", (unsigned long long)found.passes,
                (unsigned long long)alone.passes);
  assert_true(found.passes <= 2 * alone.passes + 200);
  umbra_records_destroy(records);
  free(features);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(wide_records),
      cmocka_unit_test(minima_are_those_of_the_oracle),
      cmocka_unit_test(counts_give_their_odds),
      cmocka_unit_test(separable_sets_are_told),
      cmocka_unit_test(what_cannot_be_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
