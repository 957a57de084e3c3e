/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * What is around the training of a network: checkpoints and plans in files, the counter of its loss, a simulation, and the
 * records that it takes. What it computes is in train_networks.c.
 */
#include "../host/train/dataset.h"
#include "../host/train/step.h"
#include "train_network.h"

/* ---- files ---- */

static int stop_after_one(void *user, const umbra_train_event *event) {
  (void)user;
  return event->iteration == 1;
}

/* Takes the matrix over. */
static bytes matrix_bytes(umbra_matrix *matrix) {
  bytes b = {0};
  assert_ok(umbra_matrix_write(matrix, NULL, &b.size, NULL));
  b.data = malloc(b.size);
  assert_non_null(b.data);
  assert_ok(umbra_matrix_write(matrix, b.data, &b.size, NULL));
  umbra_matrix_destroy(matrix);
  return b;
}

static bytes layer_bytes(const umbra_trainer *trainer, uint32_t layer) {
  umbra_matrix *weights = NULL;
  assert_ok(umbra_trainer_layer(trainer, &weights, layer));
  return matrix_bytes(weights);
}

static bytes loss_bytes(const umbra_trainer *trainer) {
  umbra_matrix *loss = NULL;
  assert_ok(umbra_trainer_loss(trainer, &loss));
  return matrix_bytes(loss);
}

static void assert_same(bytes a, bytes b) {
  assert_true(same_bytes(&a, &b));
  free(a.data);
  free(b.data);
}

/* Files of another training are refused; t has another data set afterwards. */
static void refuse_others(const training *t, const umbra_trainer_desc *desc) {
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT};
  umbra_trainer_desc wrong = *desc;
  umbra_trainer *trainer = NULL;
  umbra_train_plan *other = NULL;
  assert_ok(umbra_train_plan_options(t->plan, &options));
  options.start = 0.5;
  assert_ok(umbra_train_plan_create(&other, t->s.params, &options));
  wrong.plan = other;
  assert_fails(umbra_trainer_create(&trainer, &wrong, NULL), UMBRA_ERROR_MISMATCH, "of another plan");
  umbra_train_plan_destroy(other);
  assert_ok(umbra_train_encrypt(t->folder, t->plan, t->s.public, t->records, NULL, NULL));
  assert_fails(umbra_trainer_create(&trainer, desc, NULL), UMBRA_ERROR_MISMATCH, "of another data set");
}

/* From a checkpoint, with a plan that comes from a file, after a disk was full: the same bits as at one go. */
static void check_resumed(umbra_params *params, umbra_records *records, umbra_train_options options) {
  training t;
  umbra_trainer *whole = NULL, *trainer = NULL;
  umbra_train_plan *read = NULL;
  char path[128], missing[32];
  options.count_loss = 1;
  training_open(&t, params, records, options, NULL);
  const uint32_t layers = t.plan->network.layers;
  umbra_trainer_desc desc = training_desc(&t);
  assert_ok(umbra_trainer_create(&whole, &desc, NULL));
  umbra_matrix *none = NULL;
  assert_fails(umbra_trainer_loss(whole, &none), UMBRA_ERROR_INVALID_ARGUMENT, "no iteration is done");
  assert_fails(umbra_trainer_run(whole, stop_after_one, NULL), UMBRA_ERROR_CANCELLED, "stopped after 1 of 3");
  assert_fails(umbra_trainer_layer(whole, &none, 0), UMBRA_ERROR_INVALID_ARGUMENT, "there is no model yet");
  assert_ok(umbra_trainer_run(whole, NULL, NULL));
  snprintf(missing, sizeof missing, "there is no layer %u", layers);
  assert_fails(umbra_trainer_layer(whole, &none, layers), UMBRA_ERROR_INVALID_ARGUMENT, missing);
  umbra_logistic *logistic = NULL;
  assert_fails(umbra_trainer_logistic(whole, &logistic), UMBRA_ERROR_INVALID_ARGUMENT, "what is trained is networks");
  snprintf(path, sizeof path, "%s/plan.umbra", t.folder);
  assert_ok(umbra_train_plan_save(t.plan, path));
  assert_ok(umbra_train_plan_load(&read, path));
  desc.plan = read;
  desc.checkpoint = t.checkpoint;
  assert_ok(umbra_trainer_create(&trainer, &desc, NULL));
  assert_fails(umbra_trainer_run(trainer, stop_after_one, NULL), UMBRA_ERROR_CANCELLED, "stopped after 1 of 3");
  run_on_full_disk(trainer);
  umbra_trainer_destroy(trainer);
  trainer = NULL;
  desc.resume = 1;
  assert_ok(umbra_trainer_create(&trainer, &desc, NULL));
  assert_int_equal(umbra_trainer_iterations(trainer), 1);
  bytes first = loss_bytes(trainer);
  assert_ok(umbra_trainer_run(trainer, NULL, NULL));
  for (uint32_t layer = 0; layer < layers; layer++) assert_same(layer_bytes(whole, layer), layer_bytes(trainer, layer));
  bytes last = loss_bytes(trainer);
  umbra_train_report report = {UMBRA_TRAIN_REPORT_INIT};
  assert_ok(umbra_train_plan_report(t.plan, &report));
  assert_true(last.size == report.loss_bytes && !same_bytes(&first, &last));
  assert_same(loss_bytes(whole), last);
  free(first.data);
  umbra_trainer_destroy(trainer);
  umbra_trainer_destroy(whole);
  refuse_others(&t, &desc);
  umbra_train_plan_destroy(read);
  training_close(&t);
}

static void resumed(void **state) {
  (void)state;
  umbra_train_options options = options_of(3);
  options.kind = UMBRA_TRAIN_NETWORK;
  options.hidden[0] = 4;
  options.outputs = 3;
  options.rate = 0.125;
  options.optimizer = UMBRA_OPTIMIZER_MOMENTUM;
  options.momentum = 0.5;
  check_resumed(training_params(), records_of_classes(50, 5, 3, 11), options);
  options.public_features = 1;
  check_resumed(training_params(), records_of_classes(50, 5, 3, 11), options);
  check_resumed(levels_of(8), records_of_classes(40, 4, 2, 10), deep_options(3));
}

/* ---- the counter ---- */

static umbra_status next_block(const umbra_train_block **found, void *source, uint64_t block) {
  uint64_t read;
  return umbra_dataset_block_at(source, block, found, &read, NULL);
}

/* The weights after the first iteration of a plan, on the same ciphertexts. */
static void step_once(umbra_train_state *after, const umbra_train_plan *plan, const training *t,
                      umbra_dataset *dataset) {
  umbra_stepper *stepper = NULL;
  umbra_train_state state;
  const umbra_blocks blocks = {next_block, dataset};
  assert_ok(umbra_stepper_create(&stepper, plan, t->s.context, t->s.keys, NULL, NULL));
  assert_ok(umbra_step_start(stepper, &state, umbra_dataset_weights(dataset)));
  assert_ok(umbra_step(stepper, after, &state, 0, &blocks));
  umbra_train_state_clear(&state);
  umbra_stepper_destroy(stepper);
}

/* It takes no level and no refresh, a few key switches, and leaves the weights alone, bit for bit. */
static void counting_changes_nothing(void **state) {
  (void)state;
  training t;
  umbra_train_plan *plain = NULL;
  umbra_dataset *dataset = NULL;
  umbra_train_state counted, expected;
  umbra_train_report with = {UMBRA_TRAIN_REPORT_INIT}, without = {UMBRA_TRAIN_REPORT_INIT};
  umbra_train_options options = options_of(2);
  options.kind = UMBRA_TRAIN_NETWORK;
  options.outputs = 3;
  options.count_loss = 1;
  training_open(&t, training_params(), records_of_classes(60, 4, 3, 36), options, NULL);
  options.rows = 60;
  options.columns = 4;
  options.count_loss = 0;
  assert_ok(umbra_train_plan_create(&plain, t.s.params, &options));
  assert_ok(umbra_train_plan_report(t.plan, &with));
  assert_ok(umbra_train_plan_report(plain, &without));
  assert_true(with.depth == without.depth && with.bootstraps == without.bootstraps);
  assert_true(with.key_switches > without.key_switches && with.key_switches < without.key_switches + 12);
  assert_true(with.checkpoint_bytes > without.checkpoint_bytes && with.loss_bytes > 0 && without.loss_bytes == 0);
  assert_ok(umbra_dataset_open(&dataset, t.folder, t.plan, t.s.context, t.s.keys->owner, 0));
  step_once(&counted, t.plan, &t, dataset);
  step_once(&expected, plain, &t, dataset);
  assert_int_equal(counted.count, expected.count + 1);
  for (size_t k = 0; k < expected.count; k++)
    assert_same(ciphertext_bytes(counted.part[k]), ciphertext_bytes(expected.part[k]));
  umbra_train_state_clear(&counted);
  umbra_train_state_clear(&expected);
  umbra_dataset_close(dataset);
  umbra_train_plan_destroy(plain);
  training_close(&t);
}

static void counters_that_are_refused(void **state) {
  (void)state;
  umbra_params *params = training_params();
  umbra_train_plan *plan = NULL;
  umbra_train_options options = options_of(2);
  const umbra_privacy_options privacy = {UMBRA_PRIVACY_OPTIONS_INIT, .epsilon = 1, .delta = 1e-6};
  options.rows = 30;
  options.columns = 3;
  options.count_loss = 1;
  assert_fails(umbra_train_plan_create(&plan, params, &options), UMBRA_ERROR_INVALID_ARGUMENT, "is of networks");
  options.kind = UMBRA_TRAIN_NETWORK;
  options.count_loss = 2;
  assert_fails(umbra_train_plan_create(&plan, params, &options), UMBRA_ERROR_INVALID_ARGUMENT, "must be 0 or 1");
  options.count_loss = 1;
  options.privacy = &privacy;
  assert_fails(umbra_train_plan_create(&plan, params, &options), UMBRA_ERROR_INVALID_ARGUMENT, "for one model");
  options.privacy = NULL;
  options.iterations = umbra_params_slots(params) + 1;
  assert_fails(umbra_train_plan_create(&plan, params, &options), UMBRA_ERROR_UNSUPPORTED, "slots for them");
  options.iterations = 2;
  options.loss = UMBRA_LOSS_SQUARED;
  sigmoid.range = 1024;
  assert_fails(umbra_train_plan_create(&plan, params, &options), UMBRA_ERROR_UNSUPPORTED, "have squared errors up to");
  umbra_params_destroy(params);
}

/* ---- other devices ---- */

/* On a simulation without noise a training is its twin; and a short one says how long it takes. */
static void simulate_and_time(int public_features) {
  training t;
  umbra_train_options options = options_of(3);
  umbra_context *context = NULL;
  umbra_trainer *trainer = NULL;
  options.kind = UMBRA_TRAIN_NETWORK;
  options.hidden[0] = 8;
  options.outputs = 3;
  options.rate = 0.125;
  options.optimizer = UMBRA_OPTIMIZER_NESTEROV;
  options.momentum = 0.5;
  options.count_loss = 1;
  options.public_features = public_features;
  training_open(&t, training_params(), records_of_classes(70, 5, 3, 15), options, NULL);
  const umbra_sim_options sim = {UMBRA_SIM_OPTIONS_INIT, .exact = 1};
  assert_ok(umbra_context_create(
      &context, &(umbra_context_desc){UMBRA_CONTEXT_DESC_INIT, .params = t.s.params, .device = "sim", .sim = &sim}));
  const umbra_trainer_desc desc = {UMBRA_TRAINER_DESC_INIT, .plan = t.plan, .context = context, .records = t.records};
  assert_ok(umbra_trainer_create(&trainer, &desc, NULL));
  assert_ok(umbra_trainer_run(trainer, NULL, NULL));
  const size_t count = umbra_train_plan_weights(t.plan);
  double *twin = calloc(count, sizeof *twin), *found = calloc(count, sizeof *found), *next = found, seconds = 0;
  assert_true(twin && found);
  umbra_train_outcome trace[3] = {{UMBRA_TRAIN_OUTCOME_INIT}, {UMBRA_TRAIN_OUTCOME_INIT}, {UMBRA_TRAIN_OUTCOME_INIT}};
  assert_ok(umbra_train_twin(twin, trace, 3, t.plan, t.records, NULL, NULL));
  umbra_matrix *loss = NULL;
  double losses[3];
  assert_ok(umbra_trainer_loss(trainer, &loss));
  assert_ok(umbra_sim_matrix_decode(losses, loss));
  umbra_matrix_destroy(loss);
  for (int i = 0; i < 3; i++) assert_true(fabs(losses[i] - trace[i].counted_loss) < 1e-6);
  for (uint32_t k = 0; k < 2; k++) {
    umbra_matrix *layer = NULL;
    assert_ok(umbra_trainer_layer(trainer, &layer, k));
    assert_ok(umbra_sim_matrix_decode(next, layer));
    next += umbra_matrix_rows(layer) * umbra_matrix_columns(layer);
    umbra_matrix_destroy(layer);
  }
  for (size_t i = 0; i < count; i++) assert_true(fabs(found[i] - twin[i]) < 1e-6);
  assert_ok(umbra_train_plan_calibrate(t.plan, &seconds, t.s.context, NULL));
  assert_true(seconds > 0);
  free(twin);
  free(found);
  umbra_trainer_destroy(trainer);
  umbra_context_destroy(context);
  training_close(&t);
}

static void simulated_and_timed(void **state) {
  (void)state;
  simulate_and_time(0);
  simulate_and_time(1);
}

/* ---- records of several classes, and of values ---- */

static void refused_records(void **state) {
  (void)state;
  training t;
  const umbra_status bad = UMBRA_ERROR_INVALID_ARGUMENT;
  umbra_train_options options = options_of(2);
  umbra_records *values = records_of_classes(30, 3, 0, 12), *two = records_of_classes(30, 3, 2, 13);
  double weights[3 * 4];
  options.kind = UMBRA_TRAIN_NETWORK;
  options.outputs = 3;
  training_open(&t, training_params(), records_of_classes(30, 3, 3, 14), options, NULL);
  assert_fails(umbra_train_twin(weights, NULL, 0, t.plan, values, NULL, NULL), bad, "3 outputs for 0 classes");
  assert_fails(umbra_train_twin(weights, NULL, 0, t.plan, two, NULL, NULL), bad, "3 outputs for 2 classes");
  assert_fails(umbra_train_encrypt(t.folder, t.plan, t.s.public, two, NULL, NULL), bad, "3 outputs for 2 classes");
  umbra_train_plan *logistic = NULL;
  options = options_of(2);
  options.rows = 30;
  options.columns = 3;
  assert_ok(umbra_train_plan_create(&logistic, t.s.params, &options));
  assert_fails(umbra_train_twin(weights, NULL, 0, logistic, t.records, NULL, NULL), bad, "and the records have 3");
  assert_fails(umbra_train_twin(weights, NULL, 0, logistic, values, NULL, NULL), bad, "the labels are values");
  umbra_train_plan_destroy(logistic);
  umbra_optimum optimum = {UMBRA_OPTIMUM_INIT};
  assert_fails(umbra_logistic_optimum(weights, &optimum, t.records, NULL, NULL), bad, "two classes");
  umbra_train_search *search = NULL;
  umbra_train_search_options find = {UMBRA_TRAIN_SEARCH_OPTIONS_INIT, .train = &options};
  assert_fails(umbra_train_search_create(&search, t.s.params, t.records, &find, NULL), bad, "two classes");
  options.kind = UMBRA_TRAIN_NETWORK;
  options.outputs = 3;
  assert_fails(umbra_train_search_create(&search, t.s.params, two, &find, NULL), bad, "3 outputs for 2 classes");
  umbra_judgement judgement = {UMBRA_JUDGEMENT_INIT};
  assert_fails(umbra_judge(&judgement, t.records, weights), bad, "two classes");
  umbra_records *rest = NULL, *held = NULL;
  assert_fails(umbra_records_split(&rest, &held, t.records, 2), bad, "more than two classes");
  umbra_records_destroy(values);
  umbra_records_destroy(two);
  training_close(&t);
}

static void labels_of_classes(void **state) {
  (void)state;
  enum { ROWS = 9, CLASSES = 3 };
  const double features[ROWS] = {0, 1, 2, 3, 4, 5, 6, 7, 8}, labels[ROWS] = {0, 1, 2, 2, 1, 0, 0, 1, 2};
  double wrong[ROWS] = {0, 1, 2, 3, 1, 0, 0, 1, 2}, scores[ROWS * CLASSES] = {0}, accuracy = 0;
  size_t confusion[CLASSES * CLASSES];
  umbra_records *records = NULL, *rest = NULL, *held = NULL, *bad = NULL;
  assert_ok(umbra_records_create_classes(&records, features, labels, ROWS, 1, CLASSES));
  assert_int_equal(umbra_records_classes(records), CLASSES);
  assert_fails(umbra_records_create_classes(&bad, features, wrong, ROWS, 1, CLASSES), UMBRA_ERROR_RANGE,
               "row 4: the label is 3; of 3 classes labels are 0 to 2");
  wrong[3] = 0.5;
  assert_fails(umbra_records_create_classes(&bad, features, wrong, ROWS, 1, CLASSES), UMBRA_ERROR_RANGE, "is 0.5");
  assert_ok(umbra_records_create_classes(&bad, features, wrong, ROWS, 1, 0));
  assert_int_equal(umbra_records_classes(bad), 0);
  assert_fails(umbra_judge_classes(&accuracy, NULL, bad, scores), UMBRA_ERROR_INVALID_ARGUMENT, "are classes");
  wrong[2] = INFINITY;
  umbra_records *infinite = NULL;
  assert_fails(umbra_records_create_classes(&infinite, features, wrong, ROWS, 1, 0), UMBRA_ERROR_RANGE,
               "row 3: the label is not finite");
  assert_fails(umbra_records_create_classes(&infinite, features, labels, ROWS, 1, 1), UMBRA_ERROR_INVALID_ARGUMENT,
               "two classes or more");
  for (size_t r = 0; r < ROWS; r++) scores[r * CLASSES + (size_t)labels[r]] = 1;
  scores[0] = -1;  /* class 0 is said to be 1, the first of equal ones */
  scores[4] = NAN; /* of none */
  assert_ok(umbra_judge_classes(&accuracy, confusion, records, scores));
  assert_true(fabs(accuracy - 7.0 / 9) < 1e-15);
  const size_t expected[CLASSES * CLASSES] = {2, 1, 0, 0, 2, 0, 0, 0, 3};
  assert_memory_equal(confusion, expected, sizeof expected);
  assert_ok(umbra_records_hold(&rest, &held, records, 0, 1.0 / 3, 1)); /* one of each class */
  assert_int_equal(umbra_records_rows(held), 3);
  assert_int_equal(umbra_records_classes(held), CLASSES);
  size_t seen = 0;
  for (size_t r = 0; r < 3; r++) seen |= (size_t)1 << (size_t)umbra_records_label(held, r);
  assert_int_equal(seen, 7);
  umbra_records_destroy(rest);
  umbra_records_destroy(held);
  rest = held = NULL;
  assert_ok(umbra_records_hold(&rest, &held, bad, 0, 0.5, 1));
  assert_int_equal(umbra_records_rows(held) + umbra_records_rows(rest), ROWS);
  umbra_records_destroy(rest);
  umbra_records_destroy(held);
  umbra_records_destroy(bad);
  umbra_records_destroy(records);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(resumed),
      cmocka_unit_test(counting_changes_nothing),
      cmocka_unit_test(counters_that_are_refused),
      cmocka_unit_test(simulated_and_timed),
      cmocka_unit_test(refused_records),
      cmocka_unit_test(labels_of_classes),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
