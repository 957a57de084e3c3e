/* SPDX-License-Identifier: Apache-2.0 */
/* labels: full */
/* labels: slow TABLES=all */
/*
 * Networks trained under encryption in a small ring by the tables iris and, with TABLES=all, digits (skipped without
 * them: UMBRA_DATA, or ../shared/data): as many records are told right as by the twin, but one in a hundred, and the twin
 * is within two points of the best linear model, which is found here by many exact steps.
 */
#include "train.h"

/* ---- tables ---- */

static umbra_records *read_table(const char *name) {
  const char *data = getenv("UMBRA_DATA");
  const umbra_records_options options = {UMBRA_RECORDS_OPTIONS_INIT, .labels = UMBRA_LABELS_CLASSES};
  umbra_records *records = NULL;
  char path[600];
  snprintf(path, sizeof path, "%s/tabular/%s", data ? data : UMBRA_SOURCE_DIR "/../shared/data", name);
  if (access(path, R_OK) != 0) return NULL;
  assert_ok(umbra_records_read(&records, path, &options));
  return records;
}

/* By what the first need; both are replaced. */
static void scale(umbra_records **train, umbra_records **held, umbra_scaling_kind kind, double argument) {
  umbra_scaling *scaling = NULL;
  assert_ok(umbra_scaling_fit(&scaling, *train, kind, argument, 0));
  if (*held != *train) assert_ok(umbra_scaling_apply(scaling, held, *held));
  umbra_records *scaled = NULL;
  assert_ok(umbra_scaling_apply(scaling, &scaled, *train));
  if (*held == *train) *held = scaled;
  umbra_records_destroy(*train);
  *train = scaled;
  umbra_scaling_destroy(scaling);
}

/* ---- the best linear model: softmax, by gradients with momentum ---- */

static void add_record(double *gradient, double *score, const double *weights, const umbra_records *records, size_t row,
                       size_t classes) {
  const size_t columns = umbra_records_columns(records);
  const double *x = umbra_records_row(records, row), label = umbra_records_label(records, row);
  double sum = 0;
  for (size_t k = 0; k < classes; k++) {
    score[k] = weights[k * (columns + 1) + columns];
    for (size_t c = 0; c < columns; c++) score[k] += weights[k * (columns + 1) + c] * x[c];
    sum += exp(score[k]);
  }
  for (size_t k = 0; k < classes; k++) {
    const double error = exp(score[k]) / sum - (label == (double)k);
    for (size_t c = 0; c < columns; c++) gradient[k * (columns + 1) + c] += error * x[c];
    gradient[k * (columns + 1) + columns] += error;
  }
}

static double best_accuracy(const umbra_records *train, const umbra_records *held, int steps, double rate) {
  const size_t classes = umbra_records_classes(train), count = classes * (umbra_records_columns(train) + 1);
  double *weights = calloc(3 * count, sizeof *weights), *velocity = weights + count, *gradient = velocity + count;
  double *scores = calloc(umbra_records_rows(held) * classes, sizeof *scores), accuracy = 0;
  assert_true(weights && scores);
  for (int i = 0; i < steps; i++) {
    memset(gradient, 0, count * sizeof *gradient);
    for (size_t row = 0; row < umbra_records_rows(train); row++)
      add_record(gradient, scores, weights, train, row, classes);
    for (size_t j = 0; j < count; j++) {
      velocity[j] = 0.9 * velocity[j] - rate * gradient[j] / (double)umbra_records_rows(train);
      weights[j] += velocity[j];
    }
  }
  memset(gradient, 0, count * sizeof *gradient);
  for (size_t row = 0; row < umbra_records_rows(held); row++)
    add_record(gradient, scores + row * classes, weights, held, row, classes);
  assert_ok(umbra_judge_classes(&accuracy, NULL, held, scores));
  free(scores);
  free(weights);
  return accuracy;
}

/* ---- under encryption ---- */

static double accuracy_of(const umbra_train_plan *plan, const umbra_records *held, const double *weights) {
  double accuracy = 0, *scores = calloc(umbra_records_rows(held) * umbra_records_classes(held), sizeof *scores);
  assert_non_null(scores);
  assert_ok(umbra_train_plan_scores(plan, scores, held, weights));
  assert_ok(umbra_judge_classes(&accuracy, NULL, held, scores));
  free(scores);
  return accuracy;
}

static void decrypt(double *weights, const training *t, const umbra_trainer *trainer, uint32_t layers) {
  for (uint32_t k = 0; k < layers; k++) {
    umbra_matrix *layer = NULL;
    assert_ok(umbra_trainer_layer(trainer, &layer, k));
    assert_ok(umbra_matrix_decrypt(layer, weights, t->s.secret, NULL));
    weights += umbra_matrix_rows(layer) * umbra_matrix_columns(layer);
    umbra_matrix_destroy(layer);
  }
}

/* Takes both over; they may be the same. */
static void check(umbra_records *train, umbra_records *held, umbra_train_options options, double best) {
  training t;
  umbra_trainer *trainer = NULL;
  options.kind = UMBRA_TRAIN_NETWORK;
  options.loss = UMBRA_LOSS_SQUARED;
  options.optimizer = UMBRA_OPTIMIZER_NESTEROV;
  options.momentum = 0.9;
  options.outputs = (uint32_t)umbra_records_classes(train);
  training_open(&t, training_params(), train, options, NULL);
  double *twin = calloc(2 * umbra_train_plan_weights(t.plan), sizeof *twin);
  double *found = twin + umbra_train_plan_weights(t.plan);
  assert_non_null(twin);
  assert_ok(umbra_train_twin(twin, NULL, 0, t.plan, train, NULL, NULL));
  const umbra_trainer_desc desc = training_desc(&t);
  assert_ok(umbra_trainer_create(&trainer, &desc, NULL));
  assert_ok(umbra_trainer_run(trainer, NULL, NULL));
  decrypt(found, &t, trainer, 2);
  const double in_the_clear = accuracy_of(t.plan, held, twin), encrypted = accuracy_of(t.plan, held, found);
  print_message("accuracy %.4f encrypted, %.4f in the clear, %.4f at best\n", encrypted, in_the_clear, best);
  assert_true(fabs(encrypted - in_the_clear) <= 0.01);
  assert_true(in_the_clear >= best - 0.02);
  free(twin);
  umbra_trainer_destroy(trainer);
  if (held != train) umbra_records_destroy(held);
  training_close(&t);
}

static void iris(void **state) {
  (void)state;
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT, .hidden = {8}};
  umbra_records *train = read_table("iris.csv"), *held = train;
  if (!train) skip();
  scale(&train, &held, UMBRA_SCALING_DEVIATION, 0);
  options.iterations = 160;
  options.rate = 0.03125;
  check(train, held, options, best_accuracy(train, held, 4000, 0.5));
}

static void digits(void **state) {
  (void)state;
  const char *wanted = getenv("TABLES");
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT, .hidden = {16}};
  if (!wanted || strcmp(wanted, "all") != 0) skip();
  umbra_records *train = read_table("optdigits.tra.gz"), *held = read_table("optdigits.tes.gz");
  if (!train || !held) skip();
  scale(&train, &held, UMBRA_SCALING_CONSTANT, 16);
  options.iterations = 300;
  options.rate = 0.05;
  options.batch = 512;
  options.whole_batches = 1;
  options.shuffle = 1;
  options.seed = 1;
  check(train, held, options, best_accuracy(train, held, 500, 0.5));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(iris), cmocka_unit_test(digits)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
