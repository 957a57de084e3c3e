/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Every option of a training has its place in the plan's digest, and in its file. */
#include "../host/train/plan.h"
#include "train.h"

enum { ROWS = 900 };

static umbra_params *params;
static umbra_train_plan *plan;

static umbra_train_options base_options(void) {
  return (umbra_train_options){.struct_size = sizeof(umbra_train_options),
                               .iterations = 3,
                               .rows = ROWS,
                               .columns = 3,
                               .batch = 400,
                               .shuffle = 1,
                               .seed = 1,
                               .rate = 1,
                               .decay = 0.5,
                               .schedule = UMBRA_RATE_INVERSE,
                               .momentum = 0.01,
                               .l2 = 0.125,
                               .bound = 16};
}

/* The plan with those options is another one, and comes back with them. */
static void assert_counts(const umbra_train_options *options, umbra_train_options *found) {
  umbra_train_plan *changed = NULL, *read = NULL;
  assert_ok(umbra_train_plan_create(&changed, params, options));
  assert_memory_not_equal(changed->digest, plan->digest, sizeof plan->digest);
  bytes b = {0};
  assert_ok(umbra_train_plan_write(changed, NULL, &b.size));
  b.data = malloc(b.size);
  assert_non_null(b.data);
  assert_ok(umbra_train_plan_write(changed, b.data, &b.size));
  assert_ok(umbra_train_plan_read(&read, b.data, b.size));
  assert_ok(umbra_train_plan_options(read, found));
  if (options->sigmoid) assert_memory_equal(found->sigmoid, options->sigmoid, sizeof *options->sigmoid);
  free(b.data);
  umbra_train_plan_destroy(changed);
  umbra_train_plan_destroy(read);
}

static void every_option_of_the_sigmoid_counts(void **state) {
  (void)state;
  umbra_sigmoid_options changes[3] = {
      {UMBRA_SIGMOID_OPTIONS_INIT}, {UMBRA_SIGMOID_OPTIONS_INIT}, {UMBRA_SIGMOID_OPTIONS_INIT}};
  changes[0].degree = 5;
  changes[1].fit = UMBRA_FIT_CHEBYSHEV;
  changes[2].range = 6;
  for (int i = 0; i < 3; i++) {
    umbra_train_options options = base_options(), found = {UMBRA_TRAIN_OPTIONS_INIT};
    options.sigmoid = &changes[i];
    assert_counts(&options, &found);
  }
}

/* Every field of the options has its place in the digest, and in the file. */
static void every_option_counts(void **state) {
  (void)state;
  const struct {
    size_t at, bytes;
    double number;
    uint32_t word;
  } changes[] = {{offsetof(umbra_train_options, rows), 8, 0, ROWS - 1},
                 {offsetof(umbra_train_options, columns), 8, 0, 2},
                 {offsetof(umbra_train_options, iterations), 4, 0, 5},
                 {offsetof(umbra_train_options, batch), 8, 0, 700},
                 {offsetof(umbra_train_options, whole_batches), 4, 0, 1},
                 {offsetof(umbra_train_options, shuffle), 4, 0, 0},
                 {offsetof(umbra_train_options, seed), 8, 0, 77},
                 {offsetof(umbra_train_options, rate), 0, 0.75, 0},
                 {offsetof(umbra_train_options, schedule), 4, 0, UMBRA_RATE_EXPONENTIAL},
                 {offsetof(umbra_train_options, decay), 0, 0.25, 0},
                 {offsetof(umbra_train_options, momentum), 0, 0.5, 0},
                 {offsetof(umbra_train_options, l2), 0, 0, 0},
                 {offsetof(umbra_train_options, bound), 0, 4, 0},
                 {offsetof(umbra_train_options, bootstrap_result), 4, 0, 1}};
  for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
    umbra_train_options options = base_options();
    uint8_t *field = (uint8_t *)&options + changes[i].at;
    const uint64_t word = changes[i].word;
    memcpy(field, changes[i].bytes ? (const void *)&word : &changes[i].number, changes[i].bytes ? changes[i].bytes : 8);
    umbra_train_options found = {UMBRA_TRAIN_OPTIONS_INIT};
    assert_counts(&options, &found);
    assert_memory_equal((uint8_t *)&found + changes[i].at, field, changes[i].bytes ? changes[i].bytes : 8);
  }
}

/* Those that came later are in files and digests where they say something. */
static void options_of_networks_count(void **state) {
  (void)state;
  umbra_train_options base = base_options(), found = {UMBRA_TRAIN_OPTIONS_INIT};
  base.kind = UMBRA_TRAIN_NETWORK;
  base.outputs = 1;
  enum { CHANGES = 10 };
  umbra_train_options changed[CHANGES] = {base, base, base, base, base, base, base, base, base, base};
  changed[0].optimizer = UMBRA_OPTIMIZER_NESTEROV;
  changed[1].loss = UMBRA_LOSS_SQUARED;
  changed[2].outputs = 3;
  changed[3].hidden[0] = 2;
  changed[4].hidden[0] = 2, changed[4].hidden[1] = 2;
  changed[5].hidden_range = 4;
  changed[6].hidden[0] = 2, changed[6].hidden_function = UMBRA_FUNCTION_GELU, changed[6].hidden_degree = 3;
  changed[7].count_loss = 1;
  changed[8].hidden[0] = 2, changed[8].start = 0.25;
  changed[9].public_features = 1;
  uint8_t digest[CHANGES][UMBRA_DIGEST_BYTES];
  for (int i = 0; i < CHANGES; i++) {
    umbra_train_plan *network = NULL;
    if (changed[i].hidden[0]) changed[i].loss = UMBRA_LOSS_SQUARED; /* fewer levels */
    assert_counts(&changed[i], &found);
    assert_int_equal(found.kind, UMBRA_TRAIN_NETWORK);
    assert_int_equal(found.optimizer, changed[i].optimizer);
    assert_int_equal(found.loss, changed[i].loss);
    assert_int_equal(found.outputs, changed[i].outputs);
    assert_memory_equal(found.hidden, changed[i].hidden, sizeof found.hidden);
    assert_true(found.hidden_range == changed[i].hidden_range);
    assert_int_equal(found.hidden_function, changed[i].hidden_function);
    assert_int_equal(found.hidden_degree, changed[i].hidden_degree);
    assert_int_equal(found.count_loss, changed[i].count_loss);
    assert_int_equal(found.public_features, changed[i].public_features);
    assert_true(found.start == changed[i].start);
    assert_ok(umbra_train_plan_create(&network, params, &changed[i]));
    umbra_train_plan_digest(network, digest[i]);
    for (int k = 0; k < i; k++) assert_memory_not_equal(digest[k], digest[i], UMBRA_DIGEST_BYTES);
    umbra_train_plan_destroy(network);
  }
  umbra_train_options logistic = base_options();
  logistic.optimizer = UMBRA_OPTIMIZER_MOMENTUM;
  assert_counts(&logistic, &found);
  assert_int_equal(found.optimizer, UMBRA_OPTIMIZER_MOMENTUM);
}

static int open_plan(void **state) {
  (void)state;
  const umbra_train_options options = base_options();
  params = training_params();
  return umbra_train_plan_create(&plan, params, &options) != UMBRA_OK;
}

static int close_plan(void **state) {
  (void)state;
  umbra_train_plan_destroy(plan);
  umbra_params_destroy(params);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(every_option_counts),
                                     cmocka_unit_test(every_option_of_the_sigmoid_counts),
                                     cmocka_unit_test(options_of_networks_count)};
  return cmocka_run_group_tests(tests, open_plan, close_plan);
}
