/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Private models: plans that promise privacy, in files too, what they ask of records, and the noise on weights that come
 * out of an encrypted training.
 */
#include <umbra/privacy.h>

#include "../host/train/accountant.h"
#include "train.h"

enum { ROWS = 120, COLUMNS = 6, ITERATIONS = 3, CLASSES = 3 };

static const umbra_privacy_options privacy = {
    .struct_size = sizeof(umbra_privacy_options), .epsilon = 2, .delta = 1e-5, .norm = 1};
static const umbra_sigmoid_options sigmoid = {.struct_size = sizeof(umbra_sigmoid_options), .degree = 3, .range = 4};

/* A small ring, with the levels of boot-64k-50. */
static umbra_params *precise_params(void) {
  umbra_bootstrap_shape shape = {UMBRA_BOOTSTRAP_SHAPE_INIT};
  shape.arcsine_degree = 3;
  shape.ratio_bits = 7;
  return boot_twin(11, 50, 8, shape);
}

static umbra_train_options private_options(void) {
  umbra_train_options o = {UMBRA_TRAIN_OPTIONS_INIT, .sigmoid = &sigmoid, .privacy = &privacy};
  o.optimizer = UMBRA_OPTIMIZER_PLAIN;
  o.iterations = ITERATIONS;
  o.rounds = 2;
  o.rows = ROWS;
  o.columns = COLUMNS;
  return o;
}

static umbra_records *limited(umbra_records *records) {
  umbra_records *made = NULL;
  assert_ok(umbra_records_limit(&made, records, privacy.norm, 0));
  umbra_records_destroy(records);
  return made;
}

/* ---- noise ---- */

/* That of all values of many releases: their squares over the variance that was told are chi-square, nearly normal. */
typedef struct spread {
  double squares;
  int count;
} spread;

static void add(spread *s, double value, double without, const umbra_disclosure *told) {
  const double variance = told->noise * told->noise + told->step * told->step / 12; /* it is rounded, too */
  s->squares += (value - without) * (value - without) / variance;
  s->count++;
}

static void check_spread(const spread *s) { assert_true(fabs(s->squares / s->count - 1) < 5 * sqrt(2.0 / s->count)); }

/* Each number of releases has noise of its own, and all but the last ones have what privacy takes. */
static umbra_disclosure_options options_of(const umbra_privacy *p, uint64_t releases) {
  umbra_disclosure_options o = {UMBRA_DISCLOSURE_OPTIONS_INIT, .releases = releases};
  o.statistical = 1;
  o.least_bits = 1;
  o.noise = p->noise;
  o.error_bound = p->error_bound;
  return o;
}

enum { RELEASES = 200 };

static void models_have_the_noise_that_is_told(void **state) {
  (void)state;
  training t;
  spread s = {0};
  umbra_trainer *trainer = NULL;
  umbra_logistic *model = NULL;
  umbra_privacy p = {UMBRA_PRIVACY_INIT};
  double twin[COLUMNS + 1], shown[COLUMNS + 1];
  training_open(&t, precise_params(), limited(random_records(ROWS, COLUMNS, 5)), private_options(), NULL);
  const umbra_trainer_desc desc = training_desc(&t);
  assert_ok(umbra_trainer_create(&trainer, &desc, NULL));
  assert_ok(umbra_trainer_run(trainer, NULL, NULL));
  double *raw = decrypted_weights(&t, trainer);
  assert_ok(umbra_trainer_logistic(trainer, &model));
  assert_ok(umbra_train_plan_privacy(t.plan, &p));
  assert_true(p.epsilon == privacy.epsilon && p.delta == privacy.delta && p.ciphertexts == 1 && p.statistical > 1);
  assert_true(umbra_gaussian_delta(p.epsilon, p.noise / (p.sensitivity + p.error)) <= p.delta);
  assert_true(p.error < p.sensitivity / 10);
  for (uint64_t k = 1; k <= RELEASES; k++) {
    umbra_disclosure told = {UMBRA_DISCLOSURE_INIT};
    const umbra_disclosure_options options = options_of(&p, k);
    assert_ok(umbra_logistic_decrypt_public(model, &told, shown, &shown[COLUMNS], t.s.secret, &options));
    assert_true(told.noise >= p.noise && told.noise < 1.001 * p.noise);
    for (int c = 0; c <= COLUMNS; c++) add(&s, shown[c], raw[c], &told);
  }
  check_spread(&s);
  assert_ok(umbra_train_twin(twin, NULL, 0, t.plan, t.records, NULL, NULL));
  for (int c = 0; c <= COLUMNS; c++) assert_true(fabs(raw[c] - twin[c]) < p.error_bound);
  free(raw);
  umbra_logistic_destroy(model);
  umbra_trainer_destroy(trainer);
  training_close(&t);
}

static void check_limits(const training *t, umbra_evaluator *evaluator) {
  const double values[4] = {1, 2, 3, 4};
  umbra_ciphertext *x = NULL, *made = NULL;
  assert_ok(umbra_encode_encrypt(&x, t->s.public, values, 4));
  assert_fails(umbra_add_noise(evaluator, &made, x, 3, 1), UMBRA_ERROR_INVALID_ARGUMENT, "a power of two");
  assert_fails(umbra_add_noise(evaluator, &made, x, 1u << 20, 1), UMBRA_ERROR_INVALID_ARGUMENT, "a power of two");
  assert_fails(umbra_add_noise(evaluator, &made, x, 4, INFINITY), UMBRA_ERROR_INVALID_ARGUMENT, "noise above 0");
  assert_ok(umbra_level_drop(evaluator, &x, x, 0));
  assert_fails(umbra_add_noise(evaluator, &made, x, 4, 1e6), UMBRA_ERROR_RANGE, "does not hold");
  assert_null(made);
  umbra_ciphertext_destroy(x);
}

/* Two shares: whoever trains adds one without a key, and the owner, who sees that one only, another. */
static void both_sides_add_noise(void **state) {
  (void)state;
  training t;
  spread first = {0}, both = {0};
  umbra_trainer *trainer = NULL;
  umbra_logistic *model = NULL;
  umbra_evaluator *evaluator = NULL;
  umbra_privacy p = {UMBRA_PRIVACY_INIT};
  umbra_privacy_options shared = privacy;
  umbra_train_options options = private_options();
  double seen[COLUMNS + 1], shown[COLUMNS + 1];
  shared.noise_by = UMBRA_NOISE_BY_BOTH;
  options.privacy = &shared;
  training_open(&t, precise_params(), limited(random_records(ROWS, COLUMNS, 5)), options, NULL);
  const umbra_trainer_desc desc = training_desc(&t);
  assert_ok(umbra_trainer_create(&trainer, &desc, NULL));
  assert_ok(umbra_trainer_run(trainer, NULL, NULL));
  double *raw = decrypted_weights(&t, trainer);
  assert_ok(umbra_trainer_logistic(trainer, &model));
  assert_ok(umbra_train_plan_privacy(t.plan, &p));
  assert_ok(umbra_evaluator_create(&evaluator, t.s.context, NULL));
  assert_true(p.shares == 2);
  for (int k = 0; k < 60; k++) {
    umbra_logistic *noisy = NULL;
    umbra_disclosure told = {UMBRA_DISCLOSURE_INIT};
    const umbra_disclosure_options how = options_of(&p, 1);
    assert_ok(umbra_logistic_add_noise(evaluator, &noisy, model, p.noise));
    assert_ok(umbra_logistic_decrypt(noisy, seen, &seen[COLUMNS], t.s.secret));
    assert_ok(umbra_logistic_decrypt_public(noisy, &told, shown, &shown[COLUMNS], t.s.secret, &how));
    const umbra_disclosure alone = {.noise = p.noise};
    const umbra_disclosure together = {.noise = hypot(p.noise, told.noise), .step = told.step};
    for (int c = 0; c <= COLUMNS; c++) {
      add(&first, seen[c], raw[c], &alone);
      add(&both, shown[c], raw[c], &together);
    }
    umbra_logistic_destroy(noisy);
  }
  check_spread(&first);
  check_spread(&both);
  assert_fails(umbra_logistic_add_noise(evaluator, &model, model, 0), UMBRA_ERROR_INVALID_ARGUMENT, "noise above 0");
  check_limits(&t, evaluator);
  free(raw);
  umbra_evaluator_destroy(evaluator);
  umbra_logistic_destroy(model);
  umbra_trainer_destroy(trainer);
  training_close(&t);
}

static umbra_records *class_records(void) {
  uint64_t seed = 3;
  double features[ROWS * COLUMNS], labels[ROWS];
  umbra_records *records = NULL;
  for (int r = 0; r < ROWS; r++) {
    for (int c = 0; c < COLUMNS; c++) features[r * COLUMNS + c] = uniform(&seed);
    labels[r] = floor(1.5 * (features[r * COLUMNS] + 1));
  }
  assert_ok(umbra_records_create_classes(&records, features, labels, ROWS, COLUMNS, CLASSES));
  return records;
}

/* Heads of several classes: all weights of the matrix. */
static void heads_have_it_too(void **state) {
  (void)state;
  training t;
  spread s = {0};
  umbra_trainer *trainer = NULL;
  umbra_matrix *layer = NULL;
  umbra_evaluator *evaluator = NULL;
  umbra_privacy p = {UMBRA_PRIVACY_INIT};
  umbra_train_options options = private_options();
  double raw[CLASSES * (COLUMNS + 1)], shown[CLASSES * (COLUMNS + 1)];
  options.kind = UMBRA_TRAIN_NETWORK;
  options.outputs = CLASSES;
  options.iterations = 2;
  training_open(&t, precise_params(), limited(class_records()), options, NULL);
  const umbra_trainer_desc desc = training_desc(&t);
  assert_ok(umbra_trainer_create(&trainer, &desc, NULL));
  assert_ok(umbra_trainer_run(trainer, NULL, NULL));
  assert_ok(umbra_trainer_layer(trainer, &layer, 0));
  assert_ok(umbra_matrix_decrypt(layer, raw, t.s.secret, NULL));
  assert_ok(umbra_train_plan_privacy(t.plan, &p));
  for (uint64_t k = 0; k < 60; k++) {
    umbra_disclosure told = {UMBRA_DISCLOSURE_INIT};
    const umbra_disclosure_options how = options_of(&p, p.ciphertexts + k);
    assert_ok(umbra_matrix_decrypt_public(layer, &told, shown, t.s.secret, &how, NULL));
    assert_true(told.ciphertexts == p.ciphertexts);
    for (int i = 0; i < CLASSES * (COLUMNS + 1); i++) add(&s, shown[i], raw[i], &told);
  }
  check_spread(&s);
  s = (spread){0};
  assert_ok(umbra_evaluator_create(&evaluator, t.s.context, NULL));
  for (int k = 0; k < 30; k++) {
    umbra_matrix *noisy = NULL;
    assert_ok(umbra_matrix_add_noise(evaluator, &noisy, layer, p.noise));
    assert_ok(umbra_matrix_decrypt(noisy, shown, t.s.secret, NULL));
    for (int i = 0; i < CLASSES * (COLUMNS + 1); i++) add(&s, shown[i], raw[i], &(umbra_disclosure){.noise = p.noise});
    umbra_matrix_destroy(noisy);
  }
  check_spread(&s);
  umbra_evaluator_destroy(evaluator);
  umbra_matrix_destroy(layer);
  umbra_trainer_destroy(trainer);
  training_close(&t);
}

/* That of predictions: as large as was asked for, and the same for a seed. */
static void predictions_have_noise(void **state) {
  (void)state;
  umbra_params *params = precise_params();
  umbra_train_plan *plan = NULL;
  umbra_train_options options = private_options();
  spread s = {0};
  const umbra_disclosure told = {.noise = 0.25};
  double weights[COLUMNS + 1], again[COLUMNS + 1] = {0};
  assert_ok(umbra_train_plan_create(&plan, params, &options));
  for (uint64_t seed = 0; seed < RELEASES; seed++) {
    memset(weights, 0, sizeof weights);
    assert_ok(umbra_train_plan_add_noise(plan, weights, told.noise, seed));
    for (int c = 0; c <= COLUMNS; c++) add(&s, weights[c], 0, &told);
  }
  check_spread(&s);
  assert_ok(umbra_train_plan_add_noise(plan, again, told.noise, RELEASES - 1));
  assert_memory_equal(weights, again, sizeof weights);
  assert_fails(umbra_train_plan_add_noise(plan, weights, NAN, 0), UMBRA_ERROR_INVALID_ARGUMENT, "noise");
  umbra_train_plan_destroy(plan);
  umbra_params_destroy(params);
}

/* ---- plans ---- */

static umbra_train_plan *reloaded(const umbra_train_plan *plan) {
  umbra_train_plan *made = NULL;
  size_t size;
  assert_ok(umbra_train_plan_write(plan, NULL, &size));
  void *bytes = malloc(size);
  assert_non_null(bytes);
  assert_ok(umbra_train_plan_write(plan, bytes, &size));
  assert_ok(umbra_train_plan_read(&made, bytes, size));
  free(bytes);
  return made;
}

static void plans_keep_their_promise(void **state) {
  (void)state;
  umbra_params *params = precise_params();
  umbra_train_plan *plan = NULL, *open_plan = NULL;
  umbra_train_options options = private_options(), read = {UMBRA_TRAIN_OPTIONS_INIT};
  uint8_t digest[2][UMBRA_DIGEST_BYTES];
  umbra_privacy told = {UMBRA_PRIVACY_INIT}, again = {UMBRA_PRIVACY_INIT};
  assert_ok(umbra_train_plan_create(&plan, params, &options));
  umbra_train_plan *loaded = reloaded(plan);
  assert_ok(umbra_train_plan_options(loaded, &read));
  assert_true(read.privacy->epsilon == privacy.epsilon && read.privacy->delta == privacy.delta &&
              read.privacy->norm == privacy.norm && read.privacy->label_limit == 0);
  assert_ok(umbra_train_plan_privacy(plan, &told));
  assert_ok(umbra_train_plan_privacy(loaded, &again));
  assert_memory_equal(&told, &again, sizeof told);
  umbra_train_plan_digest(plan, digest[0]);
  options.privacy = NULL;
  assert_ok(umbra_train_plan_create(&open_plan, params, &options));
  umbra_train_plan_digest(open_plan, digest[1]);
  assert_memory_not_equal(digest[0], digest[1], sizeof digest[0]);
  assert_fails(umbra_train_plan_privacy(open_plan, &told), UMBRA_ERROR_INVALID_ARGUMENT, "promises no privacy");
  umbra_train_plan_destroy(open_plan);
  umbra_train_plan_destroy(loaded);
  umbra_train_plan_destroy(plan);
  umbra_params_destroy(params);
}

/* ---- records ---- */

static void records_are_shortened(void **state) {
  (void)state;
  const double features[] = {3, 4, 0.3, 0.4, 0, 0, 1e300, -1e300}, labels[] = {-7, 0.5, 2, 9};
  umbra_records *records = NULL, *made = NULL;
  assert_ok(umbra_records_create_classes(&records, features, labels, 4, 2, 0));
  assert_ok(umbra_records_limit(&made, records, 1, 2));
  assert_true(fabs(umbra_records_row(made, 0)[0] - 0.6) < 1e-9 && fabs(umbra_records_row(made, 0)[1] - 0.8) < 1e-9);
  assert_memory_equal(umbra_records_row(made, 1), features + 2, 4 * sizeof *features);
  for (int r = 0; r < 4; r++) assert_true(hypot(umbra_records_row(made, r)[0], umbra_records_row(made, r)[1]) <= 1);
  assert_true(umbra_records_row(made, 3)[0] > 0.7 && umbra_records_row(made, 3)[1] < -0.7);
  assert_true(umbra_records_label(made, 0) == -2 && umbra_records_label(made, 1) == 0.5 &&
              umbra_records_label(made, 3) == 2);
  umbra_records_destroy(made);
  assert_fails(umbra_records_limit(&made, records, 0, 0), UMBRA_ERROR_INVALID_ARGUMENT, "norm above 0");
  assert_fails(umbra_records_limit(&made, records, 1, -1), UMBRA_ERROR_INVALID_ARGUMENT, "label_limit");
  umbra_records_destroy(records);
}

/* Before anything is encrypted, and in the clear alike. */
static void longer_records_are_refused(void **state) {
  (void)state;
  training t;
  double weights[COLUMNS + 1] = {0};
  umbra_records *longer = random_records(ROWS, COLUMNS, 5);
  training_open(&t, precise_params(), limited(random_records(ROWS, COLUMNS, 5)), private_options(), NULL);
  const umbra_twin_options initial = {UMBRA_TWIN_OPTIONS_INIT, .initial = weights};
  assert_fails(umbra_train_twin(weights, NULL, 0, t.plan, longer, NULL, NULL), UMBRA_ERROR_INVALID_ARGUMENT,
               "umbra_records_limit shortens");
  assert_fails(umbra_train_encrypt(t.folder, t.plan, t.s.public, longer, NULL, NULL), UMBRA_ERROR_INVALID_ARGUMENT,
               "umbra_records_limit shortens");
  assert_fails(umbra_train_twin(weights, NULL, 0, t.plan, t.records, &initial, NULL), UMBRA_ERROR_INVALID_ARGUMENT,
               "first weights");
  assert_fails(umbra_train_encrypt(t.folder, t.plan, t.s.public, t.records, weights, NULL),
               UMBRA_ERROR_INVALID_ARGUMENT, "first weights");
  umbra_records_destroy(longer);
  training_close(&t);
}

static void larger_targets_are_refused(void **state) {
  (void)state;
  umbra_params *params = precise_params();
  umbra_train_plan *plan = NULL;
  umbra_records *records = NULL;
  umbra_privacy_options limits = privacy;
  umbra_sigmoid_options wide = sigmoid;
  umbra_train_options options = private_options();
  double features[ROWS * COLUMNS] = {0}, labels[ROWS] = {0}, weights[COLUMNS + 1];
  limits.label_limit = 1;
  wide.range = 64;
  options.privacy = &limits;
  options.sigmoid = &wide;
  options.kind = UMBRA_TRAIN_NETWORK;
  options.loss = UMBRA_LOSS_SQUARED;
  options.rate = 0.25;
  labels[7] = -1.5;
  assert_ok(umbra_records_create_classes(&records, features, labels, ROWS, COLUMNS, 0));
  assert_ok(umbra_train_plan_create(&plan, params, &options));
  assert_fails(umbra_train_twin(weights, NULL, 0, plan, records, NULL, NULL), UMBRA_ERROR_INVALID_ARGUMENT,
               "row 8: the target is -1.5");
  umbra_records_destroy(records);
  umbra_train_plan_destroy(plan);
  umbra_params_destroy(params);
}

static void bounds_hold_whatever_the_records(void **state) {
  (void)state;
  umbra_params *params = precise_params();
  umbra_train_plan *plan = NULL;
  umbra_train_options options = private_options();
  options.bound = 0.5;
  assert_fails(umbra_train_plan_create(&plan, params, &options), UMBRA_ERROR_INVALID_ARGUMENT, "bound is 0.5");
  options.bound = 8;
  options.iterations = 100;
  assert_fails(umbra_train_plan_create(&plan, params, &options), UMBRA_ERROR_RANGE, "A larger range");
  assert_null(plan);
  umbra_params_destroy(params);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(models_have_the_noise_that_is_told),
                                     cmocka_unit_test(heads_have_it_too),
                                     cmocka_unit_test(both_sides_add_noise),
                                     cmocka_unit_test(predictions_have_noise),
                                     cmocka_unit_test(plans_keep_their_promise),
                                     cmocka_unit_test(records_are_shortened),
                                     cmocka_unit_test(longer_records_are_refused),
                                     cmocka_unit_test(larger_targets_are_refused),
                                     cmocka_unit_test(bounds_hold_whatever_the_records)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
