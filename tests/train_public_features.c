/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Networks whose features are public: the same model as of encrypted ones, with fewer key switches and less data; blocks that
 * hold features and no label in the clear, and files that are none of these. What is computed is in train_networks.c.
 */
#include "../host/train/dataset.h"
#include "container_bytes.h"
#include "file_bytes.h"
#include "train_network.h"

static umbra_train_options head_options(int public_features) {
  umbra_train_options options = options_of(3);
  options.kind = UMBRA_TRAIN_NETWORK;
  options.loss = UMBRA_LOSS_SQUARED;
  options.outputs = 3;
  options.rate = 0.25;
  options.hidden[0] = 8;
  options.momentum = 1;
  options.public_features = public_features;
  return options;
}

static umbra_records *some_records(void) { return records_of_classes(90, 6, 3, 8); }

static const char *path_in(const training *t, const char *name) {
  static char path[256];
  snprintf(path, sizeof path, "%s/%s", t->folder, name);
  return path;
}

/* ---- against encrypted features ---- */

typedef struct trained {
  double weights[8 * 7 + 3 * 8];
  umbra_train_report report;
} trained;

static void train(trained *made, int public_features) {
  training t;
  umbra_trainer *trainer = NULL;
  training_open(&t, training_params(), some_records(), head_options(public_features), NULL);
  const umbra_trainer_desc desc = training_desc(&t);
  assert_ok(umbra_trainer_create(&trainer, &desc, NULL));
  assert_ok(umbra_trainer_run(trainer, NULL, NULL));
  double *next = made->weights;
  for (uint32_t k = 0; k < 2; k++) {
    umbra_matrix *layer = NULL;
    assert_ok(umbra_trainer_layer(trainer, &layer, k));
    assert_ok(umbra_matrix_decrypt(layer, next, t.s.secret, NULL));
    next += umbra_matrix_rows(layer) * umbra_matrix_columns(layer);
    umbra_matrix_destroy(layer);
  }
  umbra_train_report_init(&made->report);
  assert_ok(umbra_train_plan_report(t.plan, &made->report));
  umbra_trainer_destroy(trainer);
  training_close(&t);
}

static void same_model_for_less(void **state) {
  (void)state;
  static trained encrypted, public;
  double worst = 0;
  train(&encrypted, 0);
  train(&public, 1);
  for (size_t i = 0; i < sizeof public.weights / sizeof *public.weights; i++)
    worst = fmax(worst, fabs(public.weights[i] - encrypted.weights[i]));
  print_message("largest difference 2^%.1f; %zu key switches and %llu bytes, encrypted %zu and %llu\n", log2(worst),
                public.report.key_switches, (unsigned long long)public.report.data_bytes, encrypted.report.key_switches,
                (unsigned long long)encrypted.report.data_bytes);
  assert_true(worst > 0 && worst < 6 * (encrypted.report.weight_error + public.report.weight_error));
  assert_int_equal(public.report.depth, encrypted.report.depth);
  /* At least the relinearisations of eight sums, and of two ciphertexts' giant steps; baby steps of both. */
  assert_true(public.report.key_switches + 8 < encrypted.report.key_switches);
  assert_true(public.report.data_bytes < encrypted.report.data_bytes);
}

/* ---- blocks ---- */

static int is_in(const bytes *file, const void *data, size_t size) {
  for (size_t at = 0; at + size <= file->size; at++)
    if (memcmp(file->data + at, data, size) == 0) return 1;
  return 0;
}

/* Features in the order of training, to the last bit; labels nowhere. */
static void blocks_hold_features(void **state) {
  (void)state;
  training t;
  size_t order[90];
  umbra_train_options options = head_options(1);
  options.batch = 50;
  options.shuffle = UMBRA_SHUFFLE_PUBLIC;
  options.seed = 5;
  training_open(&t, training_params(), some_records(), options, NULL);
  assert_ok(umbra_train_plan_order(t.plan, order, NULL));
  umbra_dataset *dataset = NULL;
  assert_ok(umbra_dataset_open(&dataset, t.folder, t.plan, t.s.context, t.s.keys->owner, 0));
  for (uint64_t number = 0; number < t.plan->blocks; number++) {
    const umbra_block_range range = umbra_plan_block(t.plan, number);
    const umbra_train_block *block = NULL;
    uint64_t read;
    assert_ok(umbra_dataset_block_at(dataset, number, &block, &read, NULL));
    assert_true(block->features.rows == range.rows && block->features.columns == 6);
    assert_int_equal(block->records->parts, 1); /* of targets, which all of the block's records share */
    assert_int_equal(umbra_matrix_level(block->records), t.plan->record_level);
    for (uint64_t k = 0; k < range.rows; k++)
      assert_memory_equal(block->features.value + 6 * k, umbra_records_row(t.records, order[range.first + k]),
                          6 * sizeof(double));
  }
  umbra_dataset_close(dataset);
  training_close(&t);
}

/* A block of encrypted features does not have them in the clear, and none has a target. */
static void labels_stay_hidden(void **state) {
  (void)state;
  enum { ROWS = 20 };
  double features[ROWS], labels[ROWS];
  for (int row = 0; row < ROWS; row++) features[row] = (row - 10) / 16.0, labels[row] = row + 0.03125;
  for (int public_features = 0; public_features <= 1; public_features++) {
    training t;
    umbra_records *records = NULL;
    umbra_train_options options = head_options(public_features);
    options.outputs = 1;
    assert_ok(umbra_records_create_classes(&records, features, labels, ROWS, 1, 0));
    training_open(&t, training_params(), records, options, NULL);
    const bytes block = file_bytes(path_in(&t, "block-000000.umbra"));
    assert_int_equal(is_in(&block, features, sizeof features), public_features);
    for (int row = 0; row < ROWS; row++) assert_false(is_in(&block, &labels[row], sizeof *labels));
    free(block.data);
    training_close(&t);
  }
}

/* ---- files that are none of these ---- */

/* With checksums that fit. */
static void assert_refused(const training *t, bytes *block, umbra_status expected, const char *text) {
  umbra_trainer *trainer = NULL;
  const umbra_trainer_desc desc = training_desc(t);
  const char *path = path_in(t, "block-000000.umbra");
  fix_checksums(block->data, block->size);
  put_bytes(path, block);
  umbra_status status = umbra_trainer_create(&trainer, &desc, NULL);
  if (status == UMBRA_OK) status = umbra_trainer_run(trainer, NULL, NULL);
  assert_fails(status, expected, text);
  umbra_trainer_destroy(trainer);
}

static void set_feature(bytes *block, size_t i, double value) {
  section found[MAX_SECTIONS];
  const int sections = find_sections(found, block->data, block->size);
  const section *last = &found[sections - 1];
  assert_int_equal(last->length, 90 * 6 * sizeof value);
  memcpy(payload(block->data, last) + i * sizeof value, &value, sizeof value);
}

static void hostile_blocks(void **state) {
  (void)state;
  training t;
  umbra_train_options options = head_options(1);
  options.record_bound = 2;
  training_open(&t, training_params(), some_records(), options, NULL);
  const bytes whole = file_bytes(path_in(&t, "block-000000.umbra"));
  const double wrong[] = {NAN, INFINITY, -2.5};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    bytes block = file_bytes(path_in(&t, "block-000000.umbra"));
    set_feature(&block, 7, wrong[i]);
    assert_refused(&t, &block, UMBRA_ERROR_FORMAT, "in column 2 of record 2: by the plan, at most 2");
    free(block.data);
    put_bytes(path_in(&t, "block-000000.umbra"), &whole);
  }
  /* Cut off, and without its last section. */
  section found[MAX_SECTIONS];
  const int sections = find_sections(found, whole.data, whole.size);
  for (int kind = 0; kind < 2; kind++) {
    bytes block = file_bytes(path_in(&t, "block-000000.umbra"));
    umbra_header header;
    block.size = kind ? found[sections - 1].at : whole.size - 100;
    memcpy(&header, block.data, sizeof header);
    if (kind) header.bytes = block.size, header.sections--;
    memcpy(block.data, &header, sizeof header);
    assert_refused(&t, &block, UMBRA_ERROR_FORMAT, kind ? "by the plan this training block has" : "block-000000.umbra");
    free(block.data);
    put_bytes(path_in(&t, "block-000000.umbra"), &whole);
  }
  free(whole.data);
  training_close(&t);
}

/* Plans with public features and without do not take each other's data sets. */
static void data_of_the_other_kind(void **state) {
  (void)state;
  for (int public_features = 0; public_features <= 1; public_features++) {
    training t;
    umbra_trainer *trainer = NULL;
    umbra_train_plan *other = NULL;
    umbra_train_options options = head_options(!public_features);
    training_open(&t, training_params(), some_records(), head_options(public_features), NULL);
    options.rows = 90;
    options.columns = 6;
    assert_ok(umbra_train_plan_create(&other, t.s.params, &options));
    umbra_eval_keys *keys = keys_for(t.s.secret, training_needs(other));
    umbra_trainer_desc desc = training_desc(&t);
    desc.plan = other;
    desc.keys = keys;
    assert_fails(umbra_trainer_create(&trainer, &desc, NULL), UMBRA_ERROR_MISMATCH, "of another plan");
    umbra_eval_keys_destroy(keys);
    umbra_train_plan_destroy(other);
    training_close(&t);
  }
}

/* ---- what is refused ---- */

static void refused(void **state) {
  (void)state;
  const umbra_privacy_options privacy = {UMBRA_PRIVACY_OPTIONS_INIT, .epsilon = 1, .delta = 1e-6};
  const umbra_status bad = UMBRA_ERROR_INVALID_ARGUMENT;
  umbra_params *params = training_params();
  umbra_train_plan *plan = NULL;
  umbra_train_options options = options_of(2);
  options.rows = 30;
  options.columns = 3;
  options.public_features = 1;
  assert_fails(umbra_train_plan_create(&plan, params, &options), bad, "public_features is of networks");
  options.kind = UMBRA_TRAIN_WEIGHTED;
  assert_fails(umbra_train_plan_create(&plan, params, &options), bad, "public_features is of networks");
  options.kind = UMBRA_TRAIN_NETWORK;
  options.public_features = 2;
  assert_fails(umbra_train_plan_create(&plan, params, &options), bad, "public_features is 2");
  options.public_features = 1;
  options.shuffle = UMBRA_SHUFFLE_SECRET;
  assert_fails(umbra_train_plan_create(&plan, params, &options), bad, "and public_features show it");
  options.shuffle = UMBRA_SHUFFLE_NONE;
  options.privacy = &privacy;
  assert_fails(umbra_train_plan_create(&plan, params, &options), bad, "would show their features");
  umbra_params_destroy(params);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(same_model_for_less),    cmocka_unit_test(blocks_hold_features),
      cmocka_unit_test(labels_stay_hidden),     cmocka_unit_test(hostile_blocks),
      cmocka_unit_test(data_of_the_other_kind), cmocka_unit_test(refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
