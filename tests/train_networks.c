/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Networks trained under encryption in a small ring, against the formulas of umbra/train.h, which are written here once
 * more: linear models of several outputs, hidden layers, both losses, all optimizers, several blocks and refreshes.
 */
#include "../host/train/plan.h"
#include "train_network.h"

/* ---- the oracle ---- */

enum { MOST_LAYERS = 4, MOST_UNITS = 64, MOST_ITERATIONS = 8 };

typedef struct oracle {
  umbra_train_options o;
  umbra_sigmoid_options sigmoid;
  const double *coefficient;
  double hidden[UMBRA_TRAIN_MAX_HIDDEN_DEGREE + 1]; /* of the activation */
  const umbra_records *records;
  int layers;
  size_t units[MOST_LAYERS + 1]; /* inputs of the first layer, without the bias, then units */
  double *w[MOST_LAYERS], *v[MOST_LAYERS], *g[MOST_LAYERS];
  double loss[MOST_ITERATIONS]; /* as it is counted */
} oracle;

static size_t inputs_of(const oracle *t, int k) { return t->units[k] + (k == 0); }
static size_t weights_in(const oracle *t, int k) { return t->units[k + 1] * inputs_of(t, k); }

/* What hidden layers make of z, and its slope: T_k(cos a) = cos(k a), and its derivative is k sin(k a) / sin a. */
static double activation(const oracle *t, double z) {
  double sum = 0;
  if (!t->o.hidden_degree) return z * z;
  assert_true(fabs(z) < t->o.hidden_range);
  for (uint32_t k = 0; k <= t->o.hidden_degree; k++) sum += t->hidden[k] * cos(k * acos(z / t->o.hidden_range));
  return sum;
}

static double activation_slope(const oracle *t, double z) {
  double sum = 0;
  if (!t->o.hidden_degree) return 2 * z;
  const double a = acos(z / t->o.hidden_range);
  for (uint32_t k = 1; k <= t->o.hidden_degree; k++) sum += t->hidden[k] * k * sin(k * a) / sin(a);
  return sum / t->o.hidden_range;
}

static double label_of(const oracle *t, size_t row, size_t j) {
  const double label = umbra_records_label(t->records, row);
  const size_t classes = umbra_records_classes(t->records);
  if (classes == 0) return label;
  const double class = classes == 2 ? label > 0 : label;
  return t->units[t->layers] == 1 ? class : class == (double)j;
}

/* T_m outside of [-1, 1]. */
static double beyond(double m, double v) { return cosh(m * acosh(fabs(v))); }

/* Near 1 / sum of the exponentials: that polynomial of degree m - 1 whose relative error is T_m(u) / T_m(v). */
static double inverse(const oracle *t, double sum) {
  const double k = (double)t->units[t->layers], least = k / 2, most = k * cosh(t->sigmoid.range);
  const double u = (2 * sum - most - least) / (most - least), v = (most + least) / (most - least);
  double m = 8;
  while (beyond(m, v) < 16) m *= 2;
  assert_true(fabs(u) < 1);
  return (1 - cos(m * acos(u)) / beyond(m, v)) / sum; /* m is even */
}

static double fitted(const oracle *t, double z) {
  double sum = 0;
  assert_true(fabs(z) < t->sigmoid.range);
  for (uint32_t k = 0; k <= t->sigmoid.degree; k++) sum += t->coefficient[k] * cos(k * acos(z / t->sigmoid.range));
  return sum;
}

/* Near the exponential, over which coefficients come. */
static double exponential(const oracle *t, double z) {
  const double unit = (double)t->units[t->layers] * (cosh(t->sigmoid.range) - 0.5) / 2, value = unit * fitted(t, z);
  assert_true(fabs(value - exp(z)) < 0.0625 * (double)t->units[t->layers]);
  return value;
}

/* Of unit j of the last layer. */
static double slope(const oracle *t, const double *z, size_t j) {
  double sum = 0;
  if (t->o.loss == UMBRA_LOSS_SQUARED) return z[j];
  if (t->o.loss == UMBRA_LOSS_ONE_VS_REST) return fitted(t, z[j]);
  for (size_t k = 0; k < t->units[t->layers]; k++) sum += exponential(t, z[k]);
  return exponential(t, z[j]) * inverse(t, sum);
}

static double square(double x) { return x * x; }

/* The record's gradient, added to g: by differences of nothing, but layer by layer. Returns its squared errors. */
static double add_record(oracle *t, size_t row, double *const *at) {
  double squares = 0;
  double a[MOST_LAYERS + 1][MOST_UNITS + 1] = {{0}}, z[MOST_LAYERS][MOST_UNITS] = {{0}}, e[MOST_LAYERS][MOST_UNITS];
  for (size_t c = 0; c < t->units[0]; c++) a[0][c] = umbra_records_row(t->records, row)[c];
  a[0][t->units[0]] = 1;
  for (int k = 0; k < t->layers; k++)
    for (size_t j = 0; j < t->units[k + 1]; j++) {
      for (size_t i = 0; i < inputs_of(t, k); i++) z[k][j] += at[k][j * inputs_of(t, k) + i] * a[k][i];
      a[k + 1][j] = k + 1 < t->layers ? activation(t, z[k][j]) : 0;
    }
  for (int k = t->layers - 1; k >= 0; k--)
    for (size_t j = 0; j < t->units[k + 1]; j++) {
      if (k == t->layers - 1)
        e[k][j] = umbra_records_weight(t->records, row) * (slope(t, z[k], j) - label_of(t, row, j));
      else {
        double sum = 0;
        for (size_t m = 0; m < t->units[k + 2]; m++) sum += e[k + 1][m] * at[k + 1][m * inputs_of(t, k + 1) + j];
        e[k][j] = activation_slope(t, z[k][j]) * sum;
      }
      for (size_t i = 0; i < inputs_of(t, k); i++) t->g[k][j * inputs_of(t, k) + i] += e[k][j] * a[k][i];
    }
  for (size_t j = 0; j < t->units[t->layers]; j++) squares += square(e[t->layers - 1][j]);
  return squares;
}

static void step(oracle *t, const umbra_train_iteration *it, double before) {
  const int rolls = t->o.optimizer == UMBRA_OPTIMIZER_MOMENTUM || t->o.optimizer == UMBRA_OPTIMIZER_PLAIN;
  const double kept = t->o.optimizer == UMBRA_OPTIMIZER_MOMENTUM ? t->o.momentum : 0;
  (void)before;
  for (int k = 0; k < t->layers; k++)
    for (size_t i = 0; i < weights_in(t, k); i++) {
      const int bias = k == 0 && i % inputs_of(t, 0) == t->units[0];
      double *w = &t->w[k][i], *v = &t->v[k][i];
      const double at = rolls ? *w : *v;
      const double d = -it->rate * (t->g[k][i] / (double)it->rows + (bias ? 0 : t->o.l2 * at));
      if (rolls) {
        *v = kept * *v + d;
        *w += *v;
      } else {
        const double next = *v + d;
        *v = (1 - it->eta) * next + it->eta * *w;
        *w = next;
      }
    }
}

static void train_in_the_clear(oracle *t, const umbra_train_plan *plan) {
  const int rolls = t->o.optimizer == UMBRA_OPTIMIZER_MOMENTUM || t->o.optimizer == UMBRA_OPTIMIZER_PLAIN;
  size_t *order = calloc(t->o.rows, sizeof *order);
  assert_true(order && t->o.iterations <= MOST_ITERATIONS);
  assert_ok(umbra_train_plan_order(plan, order, NULL));
  for (uint32_t i = 0; i < t->o.iterations; i++) {
    umbra_train_iteration it = {UMBRA_TRAIN_ITERATION_INIT};
    assert_ok(umbra_train_plan_iteration(plan, &it, i));
    for (int k = 0; k < t->layers; k++) memset(t->g[k], 0, weights_in(t, k) * sizeof(double));
    for (size_t r = it.first; r < it.first + it.rows; r++)
      t->loss[i] += add_record(t, order[r], rolls ? t->w : t->v) / (double)(it.rows * t->units[t->layers]);
    step(t, &it, 1);
  }
  free(order);
}

/* weights: those that it begins with. */
static void open_oracle(oracle *t, const umbra_train_plan *plan, const umbra_records *records, const double *weights) {
  *t = (oracle){.o = {UMBRA_TRAIN_OPTIONS_INIT}, .records = records};
  assert_ok(umbra_train_plan_options(plan, &t->o));
  t->sigmoid = *t->o.sigmoid;
  t->coefficient = umbra_train_plan_coefficients(plan);
  umbra_fit_desc fit = {UMBRA_FIT_DESC_INIT, .function = t->o.hidden_function, .degree = t->o.hidden_degree};
  fit.kind = UMBRA_FIT_LEAST_SQUARES;
  fit.lo = -t->o.hidden_range;
  fit.hi = t->o.hidden_range;
  if (fit.degree) assert_ok(umbra_chebyshev_fit(t->hidden, NULL, &fit));
  t->units[0] = t->o.columns;
  while (t->layers < UMBRA_TRAIN_MAX_HIDDEN && t->o.hidden[t->layers]) {
    t->units[t->layers + 1] = t->o.hidden[t->layers];
    t->layers++;
  }
  t->units[++t->layers] = t->o.outputs ? t->o.outputs : 1;
  const int rolls = t->o.optimizer == UMBRA_OPTIMIZER_MOMENTUM || t->o.optimizer == UMBRA_OPTIMIZER_PLAIN;
  for (int k = 0; k < t->layers; k++) {
    const size_t count = weights_in(t, k);
    t->w[k] = calloc(count, sizeof(double));
    t->v[k] = calloc(count, sizeof(double));
    t->g[k] = calloc(count, sizeof(double));
    assert_true(t->w[k] && t->v[k] && t->g[k]);
    memcpy(t->w[k], weights, count * sizeof(double));
    if (!rolls) memcpy(t->v[k], weights, count * sizeof(double));
    weights += count;
  }
}

static void close_oracle(oracle *t) {
  for (int k = 0; k < t->layers; k++) {
    free(t->w[k]);
    free(t->v[k]);
    free(t->g[k]);
  }
}

/* ---- comparisons ---- */

/* The largest difference of the weights from the oracle's. */
static double worst_of(const oracle *t, const double *weights) {
  double worst = 0;
  for (int k = 0; k < t->layers; k++)
    for (size_t i = 0; i < weights_in(t, k); i++) worst = fmax(worst, fabs(*weights++ - t->w[k][i]));
  return worst;
}

/* All layers of a trained network, one after the other; free them. */
static double *decrypted(const training *t, const umbra_trainer *trainer, int layers) {
  double *weights = calloc(umbra_train_plan_weights(t->plan), sizeof *weights), *next = weights;
  assert_non_null(weights);
  for (int k = 0; k < layers; k++) {
    umbra_matrix *layer = NULL;
    umbra_range range = {UMBRA_RANGE_INIT};
    assert_ok(umbra_trainer_layer(trainer, &layer, (uint32_t)k));
    assert_ok(umbra_matrix_range(layer, &range)); /* the plan's declarations leave no doubt */
    assert_int_equal(range.doubts, 0);
    assert_ok(umbra_matrix_decrypt(layer, next, t->s.secret, NULL));
    next += umbra_matrix_rows(layer) * umbra_matrix_columns(layer);
    umbra_matrix_destroy(layer);
  }
  assert_true(next == weights + umbra_train_plan_weights(t->plan));
  return weights;
}

static void check_twin(const training *t, const oracle *expected) {
  const uint32_t iterations = expected->o.iterations;
  umbra_train_outcome trace[MOST_ITERATIONS];
  double *weights = calloc(umbra_train_plan_weights(t->plan), sizeof *weights);
  assert_non_null(weights);
  for (uint32_t i = 0; i < iterations; i++) umbra_train_outcome_init(&trace[i]);
  assert_ok(umbra_train_twin(weights, trace, iterations, t->plan, t->records, NULL, NULL));
  assert_true(worst_of(expected, weights) < 1e-9);
  for (uint32_t i = 0; i < iterations; i++) assert_true(fabs(trace[i].counted_loss - expected->loss[i]) < 1e-9);
  free(weights);
}

/* What has been counted, where that was asked for; returns the largest difference. */
static double check_loss(const training *t, const umbra_trainer *trainer, const oracle *expected) {
  umbra_matrix *loss = NULL;
  umbra_range range = {UMBRA_RANGE_INIT};
  double found[MOST_ITERATIONS], worst = 0;
  if (!expected->o.count_loss) {
    assert_fails(umbra_trainer_loss(trainer, &loss), UMBRA_ERROR_INVALID_ARGUMENT, "does not count the loss");
    return 0;
  }
  assert_ok(umbra_trainer_loss(trainer, &loss));
  assert_true(umbra_matrix_rows(loss) == 1 && umbra_matrix_columns(loss) == expected->o.iterations);
  assert_int_equal(umbra_matrix_level(loss), 0);
  assert_ok(umbra_matrix_range(loss, &range));
  assert_int_equal(range.doubts, 0);
  assert_ok(umbra_matrix_decrypt(loss, found, t->s.secret, NULL));
  for (uint32_t i = 0; i < expected->o.iterations; i++) {
    assert_true(expected->loss[i] > 0.01);
    worst = fmax(worst, fabs(found[i] - expected->loss[i]));
  }
  umbra_matrix_destroy(loss);
  return worst;
}

/* refreshed: the layers whose sums the plan is to refresh. */
static void check_in(umbra_params *params, umbra_records *records, umbra_train_options options, uint32_t refreshed) {
  training t;
  oracle expected;
  umbra_trainer *trainer = NULL;
  umbra_train_report report = {UMBRA_TRAIN_REPORT_INIT};
  if (options.kind == UMBRA_TRAIN_LOGISTIC) options.kind = UMBRA_TRAIN_NETWORK;
  training_open(&t, params, records, options, NULL);
  umbra_trainer_desc desc = training_desc(&t);
  double *first = calloc(umbra_train_plan_weights(t.plan), sizeof *first);
  assert_non_null(first);
  umbra_train_plan_initial(t.plan, first);
  open_oracle(&expected, t.plan, records, first);
  train_in_the_clear(&expected, t.plan);
  check_twin(&t, &expected);
  assert_ok(umbra_train_plan_report(t.plan, &report));
  assert_int_equal(report.bootstrapped_layers, refreshed);
  assert_true((report.layer_bootstraps > 0) == (refreshed != 0));
  assert_ok(umbra_trainer_create(&trainer, &desc, NULL));
  assert_ok(umbra_trainer_run(trainer, NULL, NULL));
  double *found = decrypted(&t, trainer, expected.layers);
  const double worst = worst_of(&expected, found);
  const double loss = check_loss(&t, trainer, &expected);
  print_message("stride %u, slots %u, depth %u, %zu switches, %u refreshes, %llu of sums: 2^%.1f, expected 2^%.1f; "
                "loss 2^%.1f\n",
                t.plan->layout.stride, t.plan->layout.slots, report.depth, report.key_switches, report.bootstraps,
                (unsigned long long)report.layer_bootstraps, log2(worst), log2(report.weight_error), log2(loss));
  assert_true(worst < 0x1p-14 && worst > 0 && loss < 0x1p-14);
  assert_true(worst < 6 * report.weight_error);
  free(found);
  free(first);
  umbra_trainer_destroy(trainer);
  close_oracle(&expected);
  training_close(&t);
}

static void check(umbra_records *records, umbra_train_options options) {
  check_in(training_params(), records, options, 0);
}

/* ---- linear models ---- */

static void linear_regression(void **state) {
  (void)state;
  umbra_train_options options = options_of(5);
  options.loss = UMBRA_LOSS_SQUARED;
  options.rate = 0.5;
  options.count_loss = 1;
  check(records_of_classes(50, 5, 0, 1), options);
}

/* Three classes of one part; ten of several in blocks, the last smaller. */
static void heads(void **state) {
  (void)state;
  umbra_train_options options = options_of(3);
  options.outputs = 3;
  options.count_loss = 1;
  check(records_of_classes(60, 4, 3, 2), options);
  options.outputs = 10;
  options.loss = UMBRA_LOSS_SQUARED;
  options.optimizer = UMBRA_OPTIMIZER_NESTEROV;
  options.momentum = 0.9;
  options.rate = 0.25;
  options.batch = 1200;
  options.shuffle = 1;
  options.seed = 3;
  check(records_of_classes(1700, 20, 10, 3), options);
}

static void two_classes_of_one_output(void **state) {
  (void)state;
  umbra_train_options options = options_of(3);
  options.l2 = 0.125;
  sigmoid.degree = 7;
  check(records_of_classes(40, 6, 2, 4), options);
}

/* ---- softmax ---- */

static void softmax(void **state) {
  (void)state;
  umbra_train_options options = options_of(2);
  options.loss = UMBRA_LOSS_SOFTMAX;
  options.outputs = 3;
  options.count_loss = 1;
  options.rate = 0.5;
  options.momentum = 1;
  sigmoid.range = 4;
  sigmoid.degree = 7;
  check(records_of_classes(60, 4, 3, 31), options);
  options.hidden[0] = 8;
  options.rate = 0.0625;
  check_in(levels_of(16), records_of_classes(50, 3, 3, 32), options, 0);
}

/* ---- weights of classes ---- */

/* Means over the records are 1; balanced, all classes weigh alike. */
static void weights_are_normalised(void **state) {
  (void)state;
  const double wanted[] = {1, 2, 8};
  umbra_records *records = records_of_classes(60, 4, 3, 33), *weighted = NULL, *balanced = NULL;
  double sum = 0, of[3] = {0};
  assert_ok(umbra_records_weigh_classes(&weighted, records, wanted, 3));
  assert_ok(umbra_records_balance(&balanced, records));
  for (size_t row = 0; row < 60; row++) {
    const size_t class = (size_t)umbra_records_label(records, row);
    sum += umbra_records_weight(weighted, row);
    of[class] += umbra_records_weight(balanced, row);
    assert_true(fabs(umbra_records_weight(weighted, row) / wanted[class] -
                     umbra_records_weight(weighted, 0) / wanted[(size_t)umbra_records_label(records, 0)]) < 1e-12);
  }
  assert_true(fabs(sum - 60) < 1e-9 && fabs(of[0] - 20) < 1e-9 && fabs(of[1] - 20) < 1e-9 && fabs(of[2] - 20) < 1e-9);
  assert_fails(umbra_records_weigh_classes(&weighted, records, wanted, 2), UMBRA_ERROR_INVALID_ARGUMENT,
               "2 weights for records of 3 classes");
  assert_fails(umbra_records_weigh_classes(&weighted, records, (const double[]){1, 0, 1}, 3),
               UMBRA_ERROR_INVALID_ARGUMENT, "above 0");
  umbra_records_destroy(balanced);
  umbra_records_destroy(weighted);
  umbra_records_destroy(records);
}

static umbra_records *weighted_records(size_t rows, size_t columns, uint64_t seed) {
  umbra_records *records = records_of_classes(rows, columns, 3, seed);
  assert_ok(umbra_records_weigh_classes(&records, records, (const double[]){1, 3, 0.5}, 3));
  return records;
}

/* In both parts, with padding; a loss with a polynomial, and one without behind a hidden layer. */
static void weighted(void **state) {
  (void)state;
  umbra_train_options options = options_of(2);
  options.kind = UMBRA_TRAIN_WEIGHTED_NETWORK;
  options.outputs = 3;
  options.count_loss = 1;
  check(weighted_records(50, 4, 34), options);
  options.loss = UMBRA_LOSS_SQUARED;
  options.hidden[0] = 8;
  options.momentum = 1;
  options.rate = 0.125;
  check(weighted_records(140, 5, 35), options);
}

/* ---- features that are public ---- */

/* Several blocks, of which the last is smaller; weights of records behind no features; a hidden layer; sums refreshed. */
static void public_features(void **state) {
  (void)state;
  umbra_train_options options = options_of(3);
  options.public_features = 1;
  options.outputs = 10;
  options.loss = UMBRA_LOSS_SQUARED;
  options.rate = 0.25;
  options.batch = 1200;
  options.shuffle = 1;
  options.seed = 3;
  options.count_loss = 1;
  check(records_of_classes(1700, 20, 10, 3), options);
  options = options_of(2);
  options.public_features = 1;
  options.kind = UMBRA_TRAIN_WEIGHTED_NETWORK;
  options.outputs = 3;
  check(weighted_records(50, 4, 34), options);
  options.kind = UMBRA_TRAIN_NETWORK;
  options.hidden[0] = 40;
  options.outputs = 4;
  options.optimizer = UMBRA_OPTIMIZER_NESTEROV;
  options.momentum = 0.5;
  options.rate = 0.125;
  options.bootstrap_result = 1;
  sigmoid.range = 16;
  check(records_of_classes(70, 30, 4, 9), options);
  options = deep_options(3);
  options.public_features = 1;
  options.count_loss = 1;
  check_in(levels_of(8), records_of_classes(40, 4, 2, 10), options, 6);
}

/* ---- optimizers ---- */

static void optimizers(void **state) {
  (void)state;
  for (umbra_optimizer optimizer = UMBRA_OPTIMIZER_NESTEROV; optimizer <= UMBRA_OPTIMIZER_PLAIN; optimizer++) {
    umbra_train_options options = options_of(5);
    options.loss = UMBRA_LOSS_SQUARED;
    options.outputs = 2;
    options.optimizer = optimizer;
    options.momentum = 0.75;
    options.l2 = 0.25;
    options.rate = 0.25;
    options.schedule = UMBRA_RATE_INVERSE;
    options.decay = 0.5;
    check(records_of_classes(30, 3, 2, 5 + optimizer), options);
  }
}

/* ---- hidden layers ---- */

static void one_hidden_layer(void **state) {
  (void)state;
  umbra_train_options options = options_of(2);
  options.loss = UMBRA_LOSS_SQUARED;
  options.hidden[0] = 8;
  options.outputs = 3;
  options.count_loss = 1;
  options.rate = 0.25;
  options.bootstrap_result = 1;
  options.momentum = 1;
  check(records_of_classes(150, 6, 3, 8), options);
}

/* More diagonals than a ciphertext has places for, and a loss with a polynomial. */
static void wide(void **state) {
  (void)state;
  umbra_train_options options = options_of(2);
  options.hidden[0] = 40;
  options.outputs = 4;
  options.optimizer = UMBRA_OPTIMIZER_NESTEROV;
  options.momentum = 0.5;
  options.rate = 0.125;
  options.l2 = 0.125;
  sigmoid.range = 16;
  check(records_of_classes(70, 30, 4, 9), options);
}

static void two_hidden_layers(void **state) {
  (void)state;
  check(records_of_classes(40, 4, 2, 10), deep_options(2));
}

/* Polynomials near functions, whose slopes come from the same powers: even up to a line, odd, and neither. */
static void fitted_activations(void **state) {
  (void)state;
  const struct {
    umbra_function function;
    uint32_t degree;
    double range;
  } cases[] = {{UMBRA_FUNCTION_GELU, 4, 8}, {UMBRA_FUNCTION_TANH, 3, 4}, {UMBRA_FUNCTION_SOFTPLUS, 7, 8}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    umbra_train_options options = options_of(2);
    options.loss = UMBRA_LOSS_SQUARED;
    options.count_loss = 1;
    options.hidden[0] = 8;
    options.outputs = 3;
    options.momentum = 1;
    options.rate = 0.25;
    options.hidden_function = cases[i].function;
    options.hidden_degree = cases[i].degree;
    options.hidden_range = cases[i].range;
    check(records_of_classes(60, 5, 3, 20 + i), options);
  }
}

/* First weights of the last layer are a quarter of what they are without, those of the first the same. */
static void starts(void **state) {
  (void)state;
  umbra_params *params = training_params();
  umbra_train_plan *plan = NULL;
  umbra_train_options options = options_of(2);
  double whole[3 * 4 + 4 * 2], quarter[3 * 4 + 4 * 2];
  options.kind = UMBRA_TRAIN_NETWORK;
  options.loss = UMBRA_LOSS_SQUARED;
  options.rows = 30;
  options.columns = 2;
  options.hidden[0] = 4;
  options.outputs = 2;
  assert_ok(umbra_train_plan_create(&plan, params, &options));
  umbra_train_plan_initial(plan, whole);
  options.start = 0.25;
  assert_ok(umbra_train_plan_create(&plan, params, &options));
  umbra_train_plan_initial(plan, quarter);
  for (int i = 0; i < 3 * 4; i++) assert_true(quarter[i] == whole[i]);
  for (int i = 3 * 4; i < 3 * 4 + 4 * 2; i++) assert_true(quarter[i] == whole[i] / 4);
  options.start = 0.3;
  assert_fails(umbra_train_plan_create(&plan, params, &options), UMBRA_ERROR_INVALID_ARGUMENT, "a power of two");
  options.start = 0.5;
  options.hidden[0] = 0;
  assert_fails(umbra_train_plan_create(&plan, params, &options), UMBRA_ERROR_INVALID_ARGUMENT,
               "first weights are zeros");
  options.kind = UMBRA_TRAIN_LOGISTIC;
  options.loss = UMBRA_LOSS_ONE_VS_REST;
  options.outputs = 0;
  assert_fails(umbra_train_plan_create(&plan, params, &options), UMBRA_ERROR_INVALID_ARGUMENT, "it is of networks");
  umbra_train_plan_destroy(plan);
  umbra_params_destroy(params);
}

/* ---- sums that are refreshed ---- */

/* Refreshes leave fewer than the 12 levels of an iteration; the fewer, the more layers have their sums refreshed. */
static void few_levels(void **state) {
  (void)state;
  umbra_train_options options = deep_options(3);
  options.count_loss = 1;
  check_in(levels_of(12), records_of_classes(40, 4, 2, 10), options, 0);
  check_in(levels_of(10), records_of_classes(40, 4, 2, 10), options, 2);
  check_in(levels_of(8), records_of_classes(40, 4, 2, 10), options, 6);
}

/* Packs of several ciphertexts, blocks of which the last is smaller, and polynomials behind refreshes. */
static void packed(void **state) {
  (void)state;
  umbra_train_options options = deep_options(2);
  options.hidden_function = UMBRA_FUNCTION_SOFTPLUS;
  options.hidden_degree = 3;
  options.hidden_range = 8;
  options.batch = 1200;
  check_in(levels_of(9), records_of_classes(1300, 12, 2, 11), options, 6);
}

/* A softmax of records that weigh something, without hidden layers. */
static void scores_of_a_head(void **state) {
  (void)state;
  umbra_train_options options = options_of(3);
  options.kind = UMBRA_TRAIN_WEIGHTED_NETWORK;
  options.outputs = 3;
  options.loss = UMBRA_LOSS_SOFTMAX;
  sigmoid.degree = 7;
  sigmoid.range = 3;
  check_in(levels_of(11), weighted_records(50, 4, 34), options, 1);
}

/* Of the levels of a set, none leaves too few for whatever is refreshed. */
static void too_few_levels(void **state) {
  (void)state;
  umbra_params *params = levels_of(6);
  umbra_train_plan *plan = NULL;
  umbra_train_options options = deep_options(2);
  options.rows = 40;
  options.columns = 4;
  assert_fails(umbra_train_plan_create(&plan, params, &options), UMBRA_ERROR_UNSUPPORTED,
               "takes more levels than the 6");
  umbra_params_destroy(params);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(linear_regression),
      cmocka_unit_test(heads),
      cmocka_unit_test(two_classes_of_one_output),
      cmocka_unit_test(softmax),
      cmocka_unit_test(weights_are_normalised),
      cmocka_unit_test(weighted),
      cmocka_unit_test(public_features),
      cmocka_unit_test(optimizers),
      cmocka_unit_test(one_hidden_layer),
      cmocka_unit_test(wide),
      cmocka_unit_test(two_hidden_layers),
      cmocka_unit_test(fitted_activations),
      cmocka_unit_test(starts),
      cmocka_unit_test(few_levels),
      cmocka_unit_test(packed),
      cmocka_unit_test(scores_of_a_head),
      cmocka_unit_test(too_few_levels),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
