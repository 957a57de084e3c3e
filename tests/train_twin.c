/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * The twin of a training against the formulas written out once more in long double, and against a recorded training of
 * the digits 3 and 8 (skipped without the data: UMBRA_DATA, or ../shared/data).
 */
#include <unistd.h>

#include "../host/base/memory.h"
#include "../host/base/watch.h"
#include "../host/nn/sigmoid.h"
#include "../host/train/plan.h"
#include "scheme.h"
#include "watcher.h"

/* ---- plans without parameters: what the twin uses of them ---- */

static umbra_train_plan plan_of(const umbra_train_options *options) {
  umbra_train_plan plan = {.options = *options, .sigmoid = *options->sigmoid};
  umbra_train_step *step = calloc(options->iterations, sizeof *step);
  plan.iteration = calloc(options->iterations, sizeof *plan.iteration);
  assert_true(step && plan.iteration);
  assert_ok(umbra_train_options_check(options));
  umbra_train_schedule(step, options);
  for (uint32_t i = 0; i < options->iterations; i++)
    plan.iteration[i] = (umbra_plan_iteration){.step = step[i], .refresh = i % 2};
  assert_ok(umbra_sigmoid_fit(plan.coefficient, options->sigmoid));
  free(step);
  return plan;
}

static umbra_sigmoid_options sigmoid; /* of the options below */

static umbra_train_options options_of(const umbra_records *records) {
  umbra_train_options o = {UMBRA_TRAIN_OPTIONS_INIT, .sigmoid = &sigmoid};
  umbra_sigmoid_options_init(&sigmoid);
  o.rows = umbra_records_rows(records);
  o.columns = umbra_records_columns(records);
  return o;
}

/* ---- small problems ---- */

enum { ROWS = 53, COLUMNS = 6, ITERATIONS = 20 };

static umbra_records *random_records(uint64_t seed, size_t rows, size_t columns) {
  double *features = malloc(rows * columns * sizeof *features), *labels = malloc(rows * sizeof *labels);
  umbra_records *records = NULL;
  assert_true(features && labels);
  for (size_t i = 0; i < rows * columns; i++) features[i] = uniform(&seed);
  for (size_t i = 0; i < rows; i++) labels[i] = features[i * columns] + 0.3 * uniform(&seed) > 0;
  assert_ok(umbra_records_create(&records, features, labels, rows, columns));
  free(features);
  free(labels);
  return records;
}

typedef struct oracle {
  long double w[COLUMNS + 1], v[COLUMNS + 1];
  long double largest_score[ITERATIONS], largest_weight[ITERATIONS];
} oracle;

/* The polynomial by the recurrence of T_k, which holds outside of [-1, 1] too. */
static long double slope(const umbra_train_plan *plan, long double x, int exact) {
  if (exact) return 1 / (1 + expl(-x));
  long double t = x / plan->sigmoid.range, before = 1, here = t, sum = plan->coefficient[0];
  for (uint32_t k = 1; k <= plan->sigmoid.degree; k++) {
    sum += plan->coefficient[k] * here;
    long double next = 2 * t * here - before;
    before = here;
    here = next;
  }
  return sum;
}

static long double rate_of(const umbra_train_options *o, uint32_t i) {
  if (o->schedule == UMBRA_RATE_INVERSE) return o->rate / (1 + (long double)o->decay * i);
  return o->schedule == UMBRA_RATE_EXPONENTIAL ? o->rate * powl(o->decay, i) : o->rate;
}

/* z of the k-th record: y times the features and 1. */
static void find_z(long double *z, const umbra_records *records, uint64_t row) {
  for (int c = 0; c <= COLUMNS; c++)
    z[c] = umbra_records_label(records, row) * (c < COLUMNS ? umbra_records_row(records, row)[c] : 1);
}

static void gradient_of(long double *g, oracle *r, uint32_t i, const umbra_train_plan *plan,
                        const umbra_records *records, int exact) {
  const umbra_train_options *o = &plan->options;
  uint64_t order[ROWS], size = o->batch ? o->batch : o->rows;
  uint64_t batches = o->whole_batches ? o->rows / size : (o->rows + size - 1) / size;
  uint64_t first = i % batches * size, last = first + size < o->rows ? first + size : o->rows;
  umbra_train_deal(order, o);
  for (int c = 0; c <= COLUMNS; c++) g[c] = c < COLUMNS ? -o->l2 * r->v[c] : 0;
  for (uint64_t k = first; k < last; k++) {
    long double z[COLUMNS + 1], margin = 0;
    find_z(z, records, order[k]);
    for (int c = 0; c <= COLUMNS; c++) margin += r->v[c] * z[c];
    for (int c = 0; c <= COLUMNS; c++) g[c] += slope(plan, -margin, exact) * z[c] / (last - first);
    r->largest_score[i] = fmaxl(r->largest_score[i], fabsl(margin));
  }
}

static void run_oracle(oracle *r, const umbra_train_plan *plan, const umbra_records *records, int exact) {
  const umbra_train_options *o = &plan->options;
  long double a = o->momentum;
  *r = (oracle){0};
  for (uint32_t i = 0; i < o->iterations; i++) {
    long double g[COLUMNS + 1], next = (1 + sqrtl(1 + 4 * a * a)) / 2, eta = (1 - a) / next;
    gradient_of(g, r, i, plan, records, exact);
    for (int c = 0; c <= COLUMNS; c++) {
      long double t = r->v[c] + rate_of(o, i) * g[c], u = t + eta / (1 - eta) * r->w[c];
      r->v[c] = (1 - eta) * t + eta * r->w[c];
      r->w[c] = t;
      r->largest_weight[i] = fmaxl(r->largest_weight[i], fmaxl(fabsl(t), fabsl(r->v[c])));
      if (i + 1 < o->iterations && plan->iteration[i + 1].refresh)
        r->largest_weight[i] = fmaxl(r->largest_weight[i], fabsl(u));
    }
    a = next;
  }
}

static umbra_train_outcome *fresh(umbra_train_outcome *trace, size_t count) {
  for (size_t i = 0; i < count; i++) umbra_train_outcome_init(&trace[i]);
  return trace;
}

static void compare(umbra_train_options o, const umbra_records *records, int exact) {
  oracle expected;
  double weights[COLUMNS + 1];
  umbra_train_outcome trace[ITERATIONS];
  umbra_train_plan plan = plan_of(&o);
  run_oracle(&expected, &plan, records, exact);
  assert_ok(umbra_train_twin(weights, fresh(trace, o.iterations), o.iterations, &plan, records,
                             &(umbra_twin_options){UMBRA_TWIN_OPTIONS_INIT, .judged = records, .exact = exact}, NULL));
  for (int c = 0; c <= COLUMNS; c++)
    if (!(fabsl(weights[c] - expected.w[c]) < 1e-12L)) fail_msg("%d: %g, not %Lg", c, weights[c], expected.w[c]);
  for (uint32_t i = 0; i < o.iterations; i++) {
    assert_true(fabsl(trace[i].largest_score - expected.largest_score[i]) < 1e-12L);
    assert_true(fabsl(trace[i].largest_weight - expected.largest_weight[i]) < 1e-11L);
  }
  umbra_judgement judgement = {UMBRA_JUDGEMENT_INIT};
  assert_ok(umbra_judge(&judgement, records, weights));
  assert_true(trace[o.iterations - 1].accuracy == judgement.accuracy && trace[o.iterations - 1].auc == judgement.auc);
  free(plan.iteration);
}

static void small_problems(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 200; seed++) {
    uint64_t random = seed;
    umbra_records *records = random_records(seed, ROWS, COLUMNS);
    umbra_train_options o = options_of(records);
    o.iterations = 1 + below(&random, ITERATIONS);
    o.batch = below(&random, ROWS + 1);
    o.whole_batches = o.batch && below(&random, 2);
    o.shuffle = (int)below(&random, 2);
    o.seed = seed;
    o.rate = 0.1 + 0.5 * (1 + uniform(&random));
    o.schedule = (umbra_rate_schedule)below(&random, 3);
    if (o.schedule != UMBRA_RATE_CONSTANT) o.decay = 0.05 + 0.45 * (1 + uniform(&random));
    o.momentum = exp(3 * uniform(&random));
    o.l2 = below(&random, 2) ? 0.1 : 0;
    sigmoid.degree = 1 + below(&random, 9);
    sigmoid.fit = (umbra_fit)below(&random, 2);
    compare(o, records, (int)below(&random, 2));
    umbra_records_destroy(records);
  }
}

/* What is left over after whole batches plays no part. */
static void records_that_are_not_used(void **state) {
  (void)state;
  double weights[2][COLUMNS + 1];
  for (int changed = 0; changed < 2; changed++) {
    umbra_records *records = random_records(5, ROWS, COLUMNS);
    umbra_train_options o = options_of(records);
    o.batch = 10;
    o.whole_batches = 1;
    if (changed) ((double *)umbra_records_row(records, 50))[0] += 1;
    umbra_train_plan plan = plan_of(&o);
    assert_ok(umbra_train_twin(weights[changed], NULL, 0, &plan, records, NULL, NULL));
    free(plan.iteration);
    umbra_records_destroy(records);
  }
  assert_memory_equal(weights[0], weights[1], sizeof weights[0]);
}

/* It is asked several times in an iteration, and what is stopped leaves weights and trace as they were. */
static void stopped(void **state) {
  (void)state;
  enum { ROWS_OF_SEVERAL_CHECKS = 600 };
  umbra_records *records = random_records(8, ROWS_OF_SEVERAL_CHECKS, COLUMNS);
  umbra_train_options o = options_of(records);
  o.iterations = ITERATIONS;
  umbra_train_plan plan = plan_of(&o);
  double weights[COLUMNS + 1] = {5, 6};
  umbra_train_outcome trace[ITERATIONS];
  watcher all = {0};
  fresh(trace, o.iterations)[0].accuracy = 7;
  umbra_watch_interval(0);
  for (uint32_t at = 1; at <= 3 * o.iterations; at++)
    assert_fails(umbra_train_twin(weights, trace, o.iterations, &plan, records, NULL,
                                  &(umbra_progress){look, &(watcher){.at = at}}),
                 UMBRA_ERROR_CANCELLED, "cancelled");
  assert_true(weights[0] == 5 && weights[1] == 6 && trace[0].accuracy == 7);
  assert_ok(umbra_train_twin(weights, trace, o.iterations, &plan, records, NULL, &(umbra_progress){look, &all}));
  assert_true(all.reports == 3 * o.iterations + 1 && all.fraction == 1 && weights[0] != 5);
  umbra_watch_interval(0.1);
  free(plan.iteration);
  umbra_records_destroy(records);
}

/* The weight of a column of zeros, and the only thing that moves without any gradient: nothing. */
static void columns_of_zeros(void **state) {
  (void)state;
  const double features[] = {0, 1, 0, -1, 0, 2, 0, -2}, labels[] = {1, 0, 1, 0};
  double weights[3];
  umbra_records *records = NULL;
  assert_ok(umbra_records_create(&records, features, labels, 4, 2));
  umbra_train_options o = options_of(records);
  umbra_train_plan plan = plan_of(&o);
  assert_ok(umbra_train_twin(weights, NULL, 0, &plan, records, NULL, NULL));
  assert_true(weights[0] == 0 && weights[1] > 0);
  free(plan.iteration);
  umbra_records_destroy(records);
}

/* ---- divergence, bounds, refusals ---- */

static void divergence(void **state) {
  (void)state;
  enum { LONG = 400 };
  umbra_records *records = random_records(7, ROWS, COLUMNS);
  umbra_train_options o = options_of(records);
  double weights[COLUMNS + 1];
  umbra_train_outcome trace[LONG];
  uint32_t end = 0;
  o.iterations = LONG;
  o.rate = 1000;
  sigmoid.range = 1;
  umbra_train_plan plan = plan_of(&o);
  assert_ok(umbra_train_twin(weights, fresh(trace, LONG), LONG, &plan, records,
                             &(umbra_twin_options){UMBRA_TWIN_OPTIONS_INIT, .judged = records, .exact = 0}, NULL));
  while (end < LONG && isfinite(trace[end].largest_weight)) end++;
  assert_true(end < 20 && trace[1].largest_score > sigmoid.range);
  assert_true(trace[end].largest_weight == INFINITY && trace[end].largest_score > 1e50);
  assert_true(trace[end].accuracy >= 0 && trace[end].auc >= 0);
  for (uint32_t i = end + 1; i < LONG; i++)
    assert_true(isnan(trace[i].largest_score) && isnan(trace[i].largest_weight) && isnan(trace[i].accuracy) &&
                isnan(trace[i].auc));
  int finite = 1;
  for (int c = 0; c <= COLUMNS; c++) finite &= isfinite(weights[c]) != 0;
  assert_false(finite);
  assert_true(umbra_train_bound(trace, LONG) == 0 && umbra_train_bound(trace, end + 1) == 0);
  free(plan.iteration);
  umbra_records_destroy(records);
}

static double bound_of(double first, double second) {
  const umbra_train_outcome trace[] = {{UMBRA_TRAIN_OUTCOME_INIT, .largest_weight = first},
                                       {UMBRA_TRAIN_OUTCOME_INIT, .largest_weight = second}};
  return umbra_train_bound(trace, 2);
}

static void bounds(void **state) {
  (void)state;
  assert_true(bound_of(1, 0) == 4);
  assert_true(bound_of(0, 1.01) == 8);
  assert_true(bound_of(0.3, 0.24) == 2);
  assert_true(bound_of(32, 1) == 128);
  assert_true(bound_of(1, 32.01) == 0);
  assert_true(bound_of(0, 0) == 0x1p-19);
  assert_true(bound_of(1, NAN) == 0 && bound_of(NAN, 1) == 0 && bound_of(INFINITY, 1) == 0 && bound_of(1e308, 1) == 0);
  assert_true(umbra_train_bound(NULL, 0) == 0x1p-19);
}

static void refusals(void **state) {
  (void)state;
  const umbra_status bad = UMBRA_ERROR_INVALID_ARGUMENT;
  umbra_records *records = random_records(7, ROWS, COLUMNS), *fewer = random_records(8, ROWS - 1, COLUMNS);
  umbra_records *narrower = random_records(9, ROWS, COLUMNS - 1);
  umbra_train_options o = options_of(records);
  umbra_train_plan plan = plan_of(&o);
  umbra_train_outcome trace[32];
  double weights[COLUMNS + 1] = {7};
  fresh(trace, 32)[0].auc = 7;
  assert_fails(umbra_train_twin(weights, trace, 32, &plan, fewer, NULL, NULL), bad,
               "52 records of 6 features; the plan is for");
  assert_fails(umbra_train_twin(weights, trace, 32, &plan, narrower, NULL, NULL), bad, "the plan is for 53 of 6");
  assert_fails(umbra_train_twin(weights, trace, 32, &plan, records,
                                &(umbra_twin_options){UMBRA_TWIN_OPTIONS_INIT, .judged = narrower, .exact = 0}, NULL),
               bad, "judge by have 5 features; the plan is for 6");
  assert_fails(umbra_train_twin(weights, trace, 31, &plan, records, NULL, NULL), bad, "31 outcomes; the plan has 32");
  assert_fails(umbra_train_twin(weights, NULL, 32, &plan, records, NULL, NULL), bad, "32 outcomes");
  trace[31].struct_size -= sizeof(size_t);
  assert_fails(umbra_train_twin(weights, trace, 32, &plan, records, NULL, NULL), bad, "struct_size of element 31 is ");
  trace[31].struct_size += sizeof(size_t);
  assert_fails(umbra_train_twin(NULL, trace, 32, &plan, records, NULL, NULL), bad, "weights");
  assert_fails(umbra_train_twin(weights, trace, 32, NULL, records, NULL, NULL), bad, "a plan");
  assert_fails(umbra_train_twin(weights, trace, 32, &plan, NULL, NULL, NULL), bad, "records");
  for (long countdown = 0; countdown < 9; countdown++) {
    umbra_alloc_fail_after(countdown);
    umbra_status status =
        umbra_train_twin(weights, trace, 32, &plan, records,
                         &(umbra_twin_options){UMBRA_TWIN_OPTIONS_INIT, .judged = records, .exact = 0}, NULL);
    umbra_alloc_fail_after(-1);
    assert_int_equal(status, UMBRA_ERROR_OUT_OF_MEMORY);
  }
  assert_true(weights[0] == 7 && trace[0].auc == 7);
  assert_ok(umbra_train_twin(weights, trace, 32, &plan, records, NULL, NULL));
  assert_true(isnan(trace[0].auc) && isnan(trace[31].accuracy) && trace[31].largest_weight > 0);
  free(plan.iteration);
  umbra_records_destroy(narrower);
  umbra_records_destroy(fewer);
  umbra_records_destroy(records);
}

/* ---- the digits 3 and 8 ---- */

enum { DIGITS_COLUMNS = 196, DIGITS_ITERATIONS = 32 };

static char digits_folder[512];
static umbra_records *train_digits, *test_digits;

/* Records of a compressed file, divided by 7. */
static umbra_records *read_digits(const char *name, const char *label) {
  char path[64] = "/tmp/umbra-twin-XXXXXX", csv[96], command[1024];
  umbra_records_options options = {UMBRA_RECORDS_OPTIONS_INIT, .label = label};
  umbra_records *records = NULL, *scaled = NULL;
  umbra_scaling *scaling = NULL;
  assert_non_null(mkdtemp(path));
  snprintf(csv, sizeof csv, "%s/digits.csv", path);
  snprintf(command, sizeof command, "gzip -dc '%s/%s' > '%s'", digits_folder, name, csv);
  assert_int_equal(system(command), 0);
  assert_ok(umbra_records_read(&records, csv, &options));
  assert_ok(umbra_scaling_fit(&scaling, records, UMBRA_SCALING_CONSTANT, 7, 0));
  assert_ok(umbra_scaling_apply(scaling, &scaled, records));
  umbra_scaling_destroy(scaling);
  umbra_records_destroy(records);
  remove(csv);
  rmdir(path);
  return scaled;
}

static int open_digits(void **state) {
  (void)state;
  char file[600];
  const char *data = getenv("UMBRA_DATA");
  snprintf(digits_folder, sizeof digits_folder, "%s/mnist-3v8-14x14", data ? data : UMBRA_SOURCE_DIR "/../shared/data");
  snprintf(file, sizeof file, "%s/MNIST_train.txt.gz", digits_folder);
  if (access(file, R_OK) != 0) return 0;
  train_digits = read_digits("MNIST_train.txt.gz", "Num");
  test_digits = read_digits("MNIST_test.txt.gz", "1");
  return 0;
}

static int close_digits(void **state) {
  (void)state;
  umbra_records_destroy(train_digits);
  umbra_records_destroy(test_digits);
  return 0;
}

/* Batches of 1024 in the order of the file. */
static umbra_train_plan plan_of_digits(uint32_t degree, double range) {
  umbra_train_options o = options_of(train_digits);
  o.iterations = DIGITS_ITERATIONS;
  o.batch = 1024;
  o.whole_batches = 1;
  sigmoid.degree = degree;
  sigmoid.range = range;
  return plan_of(&o);
}

/* Takes the plan over. */
static void train_on_digits(double *weights, umbra_train_outcome *trace, umbra_train_plan plan, int exact) {
  assert_ok(umbra_train_twin(weights, fresh(trace, DIGITS_ITERATIONS), DIGITS_ITERATIONS, &plan, train_digits,
                             &(umbra_twin_options){UMBRA_TWIN_OPTIONS_INIT, .judged = test_digits, .exact = exact},
                             NULL));
  free(plan.iteration);
}

/* The record's polynomial a x + b x^3 + 1/2: least squares over 200001 points of [-8, 8], both ends among them. */
static void recorded_fit(double *c) {
  enum { POINTS = 200001 };
  long double x2 = 0, x4 = 0, x6 = 0, xy = 0, x3y = 0;
  for (int i = 0; i < POINTS; i++) {
    long double x = 16.0L * i / (POINTS - 1) - 8, y = 1 / (1 + expl(-x)) - 0.5L;
    x2 += x * x;
    x4 += x * x * x * x;
    x6 += x * x * x * x * x * x;
    xy += x * y;
    x3y += x * x * x * y;
  }
  long double determinant = x2 * x6 - x4 * x4;
  long double a = (xy * x6 - x3y * x4) / determinant, b = (x2 * x3y - x4 * xy) / determinant;
  c[0] = 0.5;
  c[1] = (double)(8 * a + 384 * b); /* x = 8 t, t^3 = (3 T_1 + T_3) / 4 */
  c[2] = 0;
  c[3] = (double)(128 * b);
}

static FILE *open_reference(const char *name) {
  char path[600];
  snprintf(path, sizeof path, "%s/%s", digits_folder, name);
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  return file;
}

static void assert_reference_weights(const double *weights, double tolerance) {
  FILE *file = open_reference("reference_w_deg3_32iter.csv");
  for (int k = 0; k <= DIGITS_COLUMNS; k++) { /* the bias first */
    double expected, found = weights[k ? k - 1 : DIGITS_COLUMNS];
    assert_int_equal(fscanf(file, "%lf", &expected), 1);
    if (!(fabs(found - expected) < tolerance)) fail_msg("weight %d: %.12g, expected %.12g", k, found, expected);
  }
  fclose(file);
}

/* To the digits of the file; at first three pairs of scores are equal but for their rounding. */
static void assert_reference_trace(const umbra_train_outcome *trace) {
  const double pair = 1.0 / (974 * 1010);
  FILE *file = open_reference("reference_trace_deg3.csv");
  assert_int_equal(fscanf(file, "%*s"), 0);
  for (int i = 0; i < DIGITS_ITERATIONS; i++) {
    int iteration;
    double accuracy, auc;
    assert_int_equal(fscanf(file, "%d,%lf,%lf", &iteration, &accuracy, &auc), 3);
    assert_int_equal(iteration, i + 1);
    assert_true(fabs(trace[i].accuracy - accuracy) < 5.1e-7);
    assert_true(fabs(trace[i].auc - auc) < 5.1e-7 + (i == 0 ? 1.5 * pair : 0));
  }
  fclose(file);
}

static double largest_score(const umbra_train_outcome *trace) {
  double largest = 0;
  for (int i = 0; i < DIGITS_ITERATIONS; i++) largest = fmax(largest, trace[i].largest_score);
  return largest;
}

/* The fit over an interval and that over its points differ by 4e-6, and the weights hardly more. */
static void recorded_training(void **state) {
  (void)state;
  if (!train_digits) skip();
  double weights[DIGITS_COLUMNS + 1], recorded[4];
  umbra_train_outcome trace[DIGITS_ITERATIONS];
  assert_int_equal(umbra_records_rows(train_digits), 11982);
  assert_int_equal(umbra_records_rows(test_digits), 1984);
  umbra_train_plan plan = plan_of_digits(3, 8);
  recorded_fit(recorded);
  for (int k = 0; k < 4; k++) assert_true(fabs(plan.coefficient[k] - recorded[k]) < 4e-6);
  memcpy(plan.coefficient, recorded, sizeof recorded);
  train_on_digits(weights, trace, plan, 0);
  assert_reference_weights(weights, 1e-9);
  assert_reference_trace(trace);
  assert_true(fabs(largest_score(trace) - 12.34) < 0.005);
  assert_true(umbra_train_bound(trace, DIGITS_ITERATIONS) == 8);
  train_on_digits(weights, trace, plan_of_digits(3, 8), 0);
  assert_reference_weights(weights, 1e-5);
  assert_true(fabs(trace[DIGITS_ITERATIONS - 1].accuracy - 0.9662) < 0.0006);
}

/* Degree 7 falls off steeply outside of its interval: training leaves it, and is lost. A wider one holds. */
static void degree_7(void **state) {
  (void)state;
  if (!train_digits) skip();
  double weights[DIGITS_COLUMNS + 1];
  umbra_train_outcome trace[DIGITS_ITERATIONS];
  train_on_digits(weights, trace, plan_of_digits(7, 8), 0);
  for (int i = 20; i < 27; i++)
    assert_true(trace[i].largest_score > 8 && trace[i].largest_score > trace[i - 1].largest_score);
  assert_true(trace[26].largest_score > 1000 && isnan(trace[DIGITS_ITERATIONS - 1].largest_score));
  assert_true(umbra_train_bound(trace, DIGITS_ITERATIONS) == 0);
  train_on_digits(weights, trace, plan_of_digits(7, 16), 0);
  assert_true(largest_score(trace) < 16 && fabs(trace[DIGITS_ITERATIONS - 1].accuracy - 0.9654) < 0.002);
  train_on_digits(weights, trace, plan_of_digits(7, 8), 1);
  assert_true(largest_score(trace) < 16 && fabs(trace[DIGITS_ITERATIONS - 1].accuracy - 0.9673) < 0.004);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(small_problems), cmocka_unit_test(records_that_are_not_used),
      cmocka_unit_test(stopped),        cmocka_unit_test(columns_of_zeros),
      cmocka_unit_test(divergence),     cmocka_unit_test(bounds),
      cmocka_unit_test(refusals),       cmocka_unit_test(recorded_training),
      cmocka_unit_test(degree_7),
  };
  return cmocka_run_group_tests(tests, open_digits, close_digits);
}
