/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* What objects say about themselves: owner, bytes, level, and how much room a value has. */
#include "../train.h"

enum { DEPTH = 3, ROWS = 5, COLUMNS = 3, TOP = DEPTH };

static scheme s;

/* In all slots: a constant polynomial, whose one coefficient is as large as can be. */
static umbra_ciphertext *encrypted(double value) {
  umbra_ciphertext *x = NULL;
  const size_t slots = umbra_params_slots(umbra_context_params(s.context));
  double *values = calloc(slots, sizeof *values);
  assert_non_null(values);
  for (size_t i = 0; i < slots; i++) values[i] = value;
  assert_ok(umbra_encode_encrypt(&x, s.public, values, slots));
  free(values);
  return x;
}

/* That the headroom is that of the tracked magnitude, which is no less than this value. */
static double headroom(const umbra_ciphertext *x, double value) {
  const double magnitude = umbra_ciphertext_magnitude(x), found = umbra_ciphertext_headroom_bits(x);
  const double log_q = umbra_params_log_q(umbra_context_params(s.context), umbra_ciphertext_level(x));
  assert_true(magnitude >= value);
  assert_true(fabs(log_q - 1 - log2(umbra_ciphertext_scale(x)) - log2(magnitude) - found) < 1e-6);
  return found;
}

static const umbra_matrix_layout with_ones = {UMBRA_MATRIX_LAYOUT_INIT, .ones = 1};
static const umbra_sigmoid_options line = {.struct_size = sizeof line, .degree = 1, .range = 8};

/* ---- owners ---- */

static void owners(void **state) {
  (void)state;
  uint8_t owner[UMBRA_OWNER_BYTES], found[3][UMBRA_OWNER_BYTES];
  const double values[ROWS * COLUMNS] = {1, 2, 3}, weights[COLUMNS] = {0.5};
  umbra_ciphertext *x = encrypted(1);
  umbra_matrix *matrix = NULL;
  umbra_logistic *model = NULL;
  assert_ok(umbra_matrix_encrypt(&matrix, s.public, values, ROWS, COLUMNS, &with_ones, NULL));
  assert_ok(umbra_logistic_encrypt(&model, s.public, weights, COLUMNS, 0, &line));
  umbra_secret_key_owner(s.secret, owner);
  umbra_ciphertext_owner(x, found[0]);
  umbra_matrix_owner(matrix, found[1]);
  umbra_logistic_owner(model, found[2]);
  for (int i = 0; i < 3; i++) assert_memory_equal(found[i], owner, sizeof owner);
  umbra_logistic_destroy(model);
  umbra_matrix_destroy(matrix);
  umbra_ciphertext_destroy(x);
}

/* ---- bytes ---- */

/* That destroying an object gives back as many bytes as it said; its context counts what is held. */
#define assert_bytes_are_held(type, object)                              \
  do {                                                                   \
    const uint64_t before_ = umbra_context_memory(s.context);            \
    const uint64_t bytes_ = umbra_##type##_bytes(object);                \
    assert_true(bytes_ > 0);                                             \
    umbra_##type##_destroy(object);                                      \
    assert_int_equal(before_ - umbra_context_memory(s.context), bytes_); \
  } while (0)

static void bytes_of_objects(void **state) {
  (void)state;
  const double values[ROWS * COLUMNS] = {1, 2, 3}, weights[COLUMNS] = {0.5};
  umbra_ciphertext *x = encrypted(1), *low = NULL;
  umbra_plaintext *plaintext = NULL;
  umbra_public_key *key = NULL;
  umbra_matrix *matrix = NULL;
  umbra_logistic *model = NULL;
  assert_ok(umbra_level_drop(s.evaluator, &low, x, 0));
  assert_true(umbra_ciphertext_bytes(low) < umbra_ciphertext_bytes(x));
  assert_ok(umbra_encode(&plaintext, s.context, values, 1, NULL));
  assert_int_equal(2 * umbra_plaintext_bytes(plaintext), umbra_ciphertext_bytes(x));
  assert_ok(umbra_public_key_generate(&key, s.secret));
  assert_ok(umbra_matrix_encrypt(&matrix, s.public, values, ROWS, COLUMNS, &with_ones, NULL));
  assert_ok(umbra_logistic_encrypt(&model, s.public, weights, COLUMNS, 0, &line));
  assert_bytes_are_held(ciphertext, low);
  assert_bytes_are_held(ciphertext, x);
  assert_bytes_are_held(plaintext, plaintext);
  assert_bytes_are_held(public_key, key);
  assert_bytes_are_held(matrix, matrix);
  assert_bytes_are_held(logistic, model);
}

static void bytes_of_a_bootstrapper(void **state) {
  (void)state;
  boot b;
  umbra_bootstrap_plan *plan = NULL;
  umbra_bootstrapper *bootstrapper = NULL;
  boot_open(&b, boot_twin_40(11), NULL, NULL);
  const uint64_t before = umbra_context_memory(b.s.context);
  umbra_bootstrap_report report = {UMBRA_BOOTSTRAP_REPORT_INIT};
  assert_ok(umbra_bootstrap_plan_create(&plan, b.s.params, NULL));
  assert_ok(umbra_bootstrap_plan_report(plan, &report));
  assert_ok(umbra_bootstrapper_create(&bootstrapper, b.s.context, plan, NULL));
  assert_int_equal(umbra_bootstrapper_bytes(bootstrapper), report.plain_bytes);
  assert_true(umbra_context_memory(b.s.context) - before >= report.plain_bytes); /* blocks are of round sizes */
  umbra_bootstrapper_destroy(bootstrapper);
  umbra_bootstrap_plan_destroy(plan);
  boot_close(&b);
}

/* ---- levels ---- */

static void level_of_a_matrix(void **state) {
  (void)state;
  const double values[ROWS * COLUMNS] = {1, 2, 3}, weights[COLUMNS] = {0.5};
  umbra_matrix *matrix = NULL, *scores = NULL;
  umbra_logistic *model = NULL;
  assert_ok(umbra_matrix_encrypt(&matrix, s.public, values, ROWS, COLUMNS, &with_ones, NULL));
  assert_ok(umbra_logistic_encrypt(&model, s.public, weights, COLUMNS, 0, &line));
  assert_int_equal(umbra_matrix_level(matrix), TOP);
  assert_ok(umbra_logistic_score(s.evaluator, &scores, model, matrix, NULL));
  assert_int_equal(umbra_matrix_level(scores), TOP - umbra_logistic_depth(1));
  umbra_matrix_destroy(scores);
  umbra_matrix_destroy(matrix);
  umbra_logistic_destroy(model);
}

/* ---- room ---- */

static void fresh_values_have_room(void **state) {
  (void)state;
  umbra_ciphertext *x = encrypted(0.5);
  assert_true(headroom(x, 0.5) > 100);
  assert_ok(umbra_mul_integer(s.evaluator, &x, x, 0));
  assert_true(isinf(umbra_ciphertext_headroom_bits(x)) && umbra_ciphertext_headroom_bits(x) > 0);
  umbra_ciphertext_destroy(x);
}

/* (1e4^2)^4 at the last level, whose modulus is a few bits larger than its scale. */
static void squares_that_wrap(void **state) {
  (void)state;
  umbra_ciphertext *x = encrypted(1e4);
  double expected = 1e4, value[2] = {0};
  umbra_outcome outcome = {UMBRA_OUTCOME_INIT};
  assert_true(headroom(x, expected) > 90);
  for (int i = 0; i < DEPTH; i++) {
    assert_ok(umbra_square(s.evaluator, &x, x));
    expected *= expected;
  }
  assert_int_equal(umbra_ciphertext_level(x), 0);
  assert_true(headroom(x, expected) < -90);
  assert_fails(umbra_decrypt_decode(value, 1, x, s.secret), UMBRA_ERROR_RANGE, "may have wrapped");
  assert_ok(umbra_decrypt_outcome(&outcome, value, 1, x, s.secret, NULL));
  assert_int_equal(outcome.doubts, UMBRA_DOUBT_LEVEL);
  assert_true(fabs(value[0]) < 1e6);
  umbra_ciphertext_destroy(x);
}

/* Powers of 7 at level 0: what has room comes out, and 7^5 neither has it nor does. */
static void powers_at_the_last_level(void **state) {
  (void)state;
  umbra_ciphertext *x = encrypted(7);
  double room = 0, value = 0;
  int right = 0, with_room = 0;
  assert_ok(umbra_level_drop(s.evaluator, &x, x, 0));
  for (double power = 7; power <= 16807; power *= 7) {
    room = headroom(x, power);
    const umbra_status status = umbra_decrypt_decode(&value, 1, x, s.secret);
    assert_int_equal(status, room < 0 ? UMBRA_ERROR_RANGE : UMBRA_OK);
    right = status == UMBRA_OK && fabs(value / power - 1) < 1e-3;
    assert_true(right || room < 0);
    with_room += room > 0;
    assert_ok(umbra_mul_integer(s.evaluator, &x, x, 7));
  }
  assert_true(with_room > 1);
  assert_true(room < 0 && !right);
  umbra_ciphertext_destroy(x);
}

/* ---- ranges and orders of plans ---- */

/* Of one element x, 2 x + 1, squared, with samples from -1 to 3, which the margin makes twice as wide. */
static void ranges_of_a_network(void **state) {
  (void)state;
  const double weights[] = {2}, bias[] = {1}, square[] = {0, 0, 1};
  const size_t inputs = 1;
  umbra_inference_options options = {UMBRA_INFERENCE_OPTIONS_INIT};
  umbra_ndarray samples = {.rank = 2, .shape = {3, 1}, .values = (double[]){-1, 0, 3}};
  umbra_inference_plan *plan = NULL;
  umbra_model *model = NULL;
  uint32_t node = 0;
  double range[2];
  options.margin = 2;
  assert_ok(umbra_model_create(&model, &inputs, 1));
  assert_ok(umbra_model_dense(model, &node, node, 1, weights, bias));
  assert_ok(umbra_model_polynomial(model, &node, node, square, 3));
  assert_ok(umbra_model_output(model, "y", node, NULL, 0, NULL));
  assert_ok(umbra_inference_plan_create(&plan, model, &samples, &options, NULL));
  assert_ok(umbra_inference_plan_record_range(plan, range, 0));
  assert_true(fabs(range[0] + 3) < 1e-12 && fabs(range[1] - 5) < 1e-12);
  assert_ok(umbra_inference_plan_result_range(plan, range));
  assert_true(range[0] <= 1 && range[0] > -200 && range[1] >= 49 && range[1] < 200); /* of 1 to 49, times the margin */
  range[0] = 7;
  assert_fails(umbra_inference_plan_record_range(plan, range, 1), UMBRA_ERROR_INVALID_ARGUMENT, "an element of its");
  assert_fails(umbra_inference_plan_result_range(NULL, range), UMBRA_ERROR_INVALID_ARGUMENT, "a plan");
  assert_true(range[0] == 7);
  umbra_inference_plan_destroy(plan);
  umbra_model_destroy(model);
}

/* A secret one follows from the scaling of the records; another needs none. */
static void orders_of_a_training(void **state) {
  (void)state;
  enum { RECORDS = 12 };
  double features[RECORDS], labels[RECORDS];
  size_t order[RECORDS], again[RECORDS];
  umbra_params *params = training_params();
  umbra_records *records = NULL, *scaled = NULL;
  umbra_scaling *scaling = NULL;
  umbra_train_plan *plan = NULL;
  for (int i = 0; i < RECORDS; i++) features[i] = i, labels[i] = i % 2;
  assert_ok(umbra_records_create(&records, features, labels, RECORDS, 1));
  assert_ok(umbra_scaling_fit(&scaling, records, UMBRA_SCALING_RANGE, 0, 0));
  assert_ok(umbra_scaling_apply(scaling, &scaled, records));
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT, .rows = RECORDS, .columns = 1};
  options.shuffle = UMBRA_SHUFFLE_SECRET;
  options.scaling = scaling;
  assert_ok(umbra_train_plan_create(&plan, params, &options));
  umbra_scaling_destroy(scaling);
  assert_ok(umbra_train_plan_order(plan, order, scaled));
  assert_ok(umbra_train_plan_order(plan, again, scaled));
  assert_memory_equal(order, again, sizeof order);
  assert_fails(umbra_train_plan_order(plan, order, records), UMBRA_ERROR_MISMATCH, "no scaling made these");
  assert_fails(umbra_train_plan_order(plan, NULL, scaled), UMBRA_ERROR_INVALID_ARGUMENT, "an output");
  options.shuffle = UMBRA_SHUFFLE_NONE;
  options.scaling = NULL;
  assert_ok(umbra_train_plan_create(&plan, params, &options));
  assert_ok(umbra_train_plan_order(plan, order, NULL));
  for (size_t k = 0; k < RECORDS; k++) assert_int_equal(order[k], k);
  umbra_train_plan_destroy(plan);
  umbra_records_destroy(scaled);
  umbra_records_destroy(records);
  umbra_params_destroy(params);
}

static int open_all(void **state) {
  (void)state;
  const int32_t steps[] = {1, 2, 4, 8}; /* of rows of up to 16 slots, as scoring adds them up */
  scheme_open(&s, test_params(12, 40, DEPTH), NULL, steps, 4);
  return 0;
}

static int close_all(void **state) {
  (void)state;
  scheme_close(&s);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(owners),
      cmocka_unit_test(bytes_of_objects),
      cmocka_unit_test(bytes_of_a_bootstrapper),
      cmocka_unit_test(level_of_a_matrix),
      cmocka_unit_test(fresh_values_have_room),
      cmocka_unit_test(squares_that_wrap),
      cmocka_unit_test(powers_at_the_last_level),
      cmocka_unit_test(ranges_of_a_network),
      cmocka_unit_test(orders_of_a_training),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
