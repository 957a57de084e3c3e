/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Records whose values leave the ranges of their plan on the way, though each element is within its own: outcomes say
 * so, and what is far out is given only to those who ask for it in any case.
 */
#include "inference_models.h"

enum { INPUTS = 32, HIDDEN = 4, CLASSES = 3, SAMPLES = 100, RECORDS = 6, ODD = 3 };

static double *weights; /* of the first layer */
static umbra_model *model;
static umbra_inference_plan *plan;
static umbra_ndarray samples;
static service side;
static umbra_inference_outcome calm; /* of records like the samples */

static umbra_model *labels_and_values(void) {
  const umbra_closing steps[] = {UMBRA_CLOSING_ARGMAX};
  uint64_t state = 4;
  uint32_t node = 0;
  umbra_model *made = new_model(INPUTS);
  weights = random_numbers(&state, INPUTS * HIDDEN, 0.5);
  assert_ok(umbra_model_dense(made, &node, node, HIDDEN, weights, NULL));
  node = add_dense(made, &state, add_seventh(made, node), HIDDEN, CLASSES);
  assert_ok(umbra_model_output(made, "label", node, steps, 1, NULL));
  assert_ok(umbra_model_output(made, "values", node, NULL, 0, NULL));
  return made;
}

static umbra_ndarray clear_values(const umbra_ndarray *records) {
  umbra_ndarray values = {0};
  assert_ok(umbra_model_run(model, &values, records, 1, NULL));
  return values;
}

static double largest_of(const umbra_ndarray *values, size_t record) {
  double largest = 0;
  for (size_t k = 0; k < CLASSES; k++) largest = fmax(largest, fabs(values->values[record * CLASSES + k]));
  return largest;
}

/* One of them as the first hidden element likes it best. */
static umbra_ndarray records_with(double size) {
  umbra_ndarray records = random_records(2, RECORDS, INPUTS);
  for (size_t k = 0; k < INPUTS; k++) records.values[ODD * INPUTS + k] = weights[k] > 0 ? size : -size;
  return records;
}

static umbra_matrix *answer_to(const umbra_ndarray *records) {
  umbra_matrix *batch = encrypt_records(&side, plan, records);
  assert_ok(umbra_inference_run(side.evaluator, &batch, batch, side.network));
  return batch;
}

static umbra_inference_outcome outcome_of(umbra_ndarray *values, const umbra_matrix *answer) {
  umbra_inference_outcome outcome = {UMBRA_INFERENCE_OUTCOME_INIT};
  assert_ok(umbra_inference_decrypt_outcome(&outcome, values, plan, answer, side.secret, NULL));
  return outcome;
}

static int open_all(void **state) {
  (void)state;
  umbra_inference_options options = {UMBRA_INFERENCE_OPTIONS_INIT, .params = test_params(11, 40, 5)};
  options.records = RECORDS;
  model = labels_and_values();
  samples = random_records(1, SAMPLES, INPUTS);
  assert_ok(umbra_inference_plan_create(&plan, model, &samples, &options, NULL));
  umbra_params_destroy((umbra_params *)options.params);
  service_open(&side, plan, NULL);
  return 0;
}

static int close_all(void **state) {
  (void)state;
  service_close(&side);
  umbra_inference_plan_destroy(plan);
  umbra_ndarray_clear(&samples);
  umbra_model_destroy(model);
  free(weights);
  return 0;
}

/* ---- what is well ---- */

static void records_like_samples(void **state) {
  (void)state;
  umbra_ndarray records = random_records(3, RECORDS, INPUTS), values = {0}, labels = {0};
  umbra_ndarray expected = clear_values(&records);
  umbra_matrix *answer = answer_to(&records);
  calm = outcome_of(&values, answer);
  assert_int_equal(calm.doubts, 0);
  assert_int_equal(calm.beyond, 0);
  assert_true(calm.lowest < -calm.largest && calm.largest < calm.highest);
  assert_true(largest_distance(&values, &expected) < 0x1p-6);
  assert_ok(umbra_inference_decrypt(&labels, plan, answer, side.secret, NULL));
  assert_ok(umbra_inference_close(&values, plan));
  assert_int_equal(values.rank, 1);
  assert_true(largest_distance(&values, &labels) == 0);
  assert_fails(umbra_inference_close(&values, plan), UMBRA_ERROR_MISMATCH, "values of rank 1");
  umbra_ndarray none = {.values = values.values, .rank = 2, .shape = {0, CLASSES}};
  assert_fails(umbra_inference_close(&none, plan), UMBRA_ERROR_MISMATCH, "values of rank 2");
  umbra_ndarray_clear(&records);
  umbra_ndarray_clear(&values);
  umbra_ndarray_clear(&labels);
  umbra_ndarray_clear(&expected);
  umbra_matrix_destroy(answer);
}

/* For others: the same values with the noise that is stated, in their own units; from answers of the plan only. */
static void answers_for_others(void **state) {
  (void)state;
  umbra_ndarray records = random_records(3, RECORDS, INPUTS), values = {0}, shown = {0};
  umbra_matrix *answer = answer_to(&records), *batch = encrypt_records(&side, plan, &records);
  umbra_disclosure told = {UMBRA_DISCLOSURE_INIT};
  umbra_disclosure_options options = {UMBRA_DISCLOSURE_OPTIONS_INIT, .releases = 100};
  assert_fails(umbra_inference_decrypt_public(&told, &shown, plan, answer, side.secret, &options, NULL),
               UMBRA_ERROR_RANGE, "What would do");
  assert_null(shown.values);
  options.statistical = options.least_bits = 1;
  assert_ok(umbra_inference_decrypt_values(&values, plan, answer, side.secret, NULL));
  assert_ok(umbra_inference_decrypt_public(&told, &shown, plan, answer, side.secret, &options, NULL));
  const double distance = largest_distance(&values, &shown);
  assert_true(distance > 0 && distance < 8 * told.noise && told.noise < 0.1 * calm.highest);
  assert_true(fabs(told.bits - log2((calm.highest - calm.lowest) / 2 / told.noise)) < 0.5);
  assert_true(told.ciphertexts >= 1 && told.ciphertexts <= 100 && told.heuristic);
  umbra_inference_report report = {UMBRA_INFERENCE_REPORT_INIT};
  assert_ok(umbra_inference_plan_report(plan, &report));
  assert_true(fabs(told.error_bound / (8 * report.error) - 1) < 1e-9); /* of the plan, not of the file */
  assert_fails(umbra_inference_decrypt_public(&told, &shown, plan, batch, side.secret, &options, NULL),
               UMBRA_ERROR_MISMATCH, "");
  assert_ok(umbra_inference_close(&shown, plan));
  assert_int_equal(shown.rank, 1);
  umbra_ndarray_clear(&records);
  umbra_ndarray_clear(&values);
  umbra_ndarray_clear(&shown);
  umbra_matrix_destroy(answer);
  umbra_matrix_destroy(batch);
}

/* All records show the same of their sizes; what says that it may be larger was encrypted by no plan. */
static void records_show_one_bound(void **state) {
  (void)state;
  umbra_ndarray records = random_records(3, RECORDS, INPUTS);
  umbra_matrix *batch = encrypt_records(&side, plan, &records), *answer = NULL;
  for (size_t i = 0; i < batch->parts; i++) assert_true(umbra_ciphertext_magnitude(batch->part[i]) == 1);
  const umbra_declaration larger = {UMBRA_DECLARATION_INIT, .magnitude = 2};
  assert_ok(umbra_ciphertext_declare(batch->part[0], &larger));
  assert_fails(umbra_inference_run(side.evaluator, &answer, batch, side.network), UMBRA_ERROR_MISMATCH,
               "beyond the bound of all plans");
  umbra_ndarray_clear(&records);
  umbra_matrix_destroy(batch);
}

/* What the server gives away is the network's answer, with noise of which the plan told beforehand. */
static void answers_are_sanitised(void **state) {
  (void)state;
  umbra_ndarray records = random_records(3, RECORDS, INPUTS), values = {0}, sanitised = {0};
  umbra_matrix *answer = answer_to(&records), *batch = encrypt_records(&side, plan, &records), *made = NULL;
  umbra_inference_plan *client = NULL;
  umbra_disclosure told = {UMBRA_DISCLOSURE_INIT}, planned = {UMBRA_DISCLOSURE_INIT};
  umbra_disclosure_options options = {UMBRA_DISCLOSURE_OPTIONS_INIT, .releases = 100};
  assert_fails(umbra_inference_sanitize(&made, &told, plan, answer, side.public, &options, NULL), UMBRA_ERROR_RANGE,
               "What would do");
  assert_fails(umbra_inference_plan_disclosure(plan, &planned, &options), UMBRA_ERROR_RANGE, "What would do");
  options.statistical = options.least_bits = 1;
  assert_ok(umbra_inference_plan_disclosure(plan, &planned, &options));
  assert_ok(umbra_inference_decrypt_values(&values, plan, answer, side.secret, NULL));
  assert_ok(umbra_inference_sanitize(&made, &told, plan, answer, side.public, &options, NULL));
  assert_ok(umbra_inference_decrypt_values(&sanitised, plan, made, side.secret, NULL));
  const double distance = largest_distance(&values, &sanitised);
  assert_true(distance > 0 && distance < 8 * told.noise && told.noise < 0.2 * calm.highest);
  assert_true(told.noise >= planned.noise && told.noise < 8 * planned.noise);
  assert_int_equal(told.ciphertexts, planned.ciphertexts);
  assert_fails(umbra_inference_sanitize(&made, &told, plan, batch, side.public, &options, NULL), UMBRA_ERROR_MISMATCH,
               "records");
  assert_ok(umbra_inference_plan_client(plan, &client));
  assert_fails(umbra_inference_plan_disclosure(client, &planned, &options), UMBRA_ERROR_INVALID_ARGUMENT, "client's");
  assert_ok(umbra_inference_sanitize(&answer, NULL, client, answer, side.public, &options, NULL)); /* in place */
  umbra_inference_plan_destroy(client);
  umbra_ndarray_clear(&records);
  umbra_ndarray_clear(&values);
  umbra_ndarray_clear(&sanitised);
  umbra_matrix_destroy(answer);
  umbra_matrix_destroy(batch);
  umbra_matrix_destroy(made);
}

/* ---- what is not ---- */

static void is_refused(const umbra_matrix *answer, const char *words) {
  umbra_ndarray found = {0};
  assert_fails(umbra_inference_decrypt(&found, plan, answer, side.secret, NULL), UMBRA_ERROR_RANGE, words);
  assert_fails(umbra_inference_decrypt_values(&found, plan, answer, side.secret, NULL), UMBRA_ERROR_RANGE, words);
  assert_null(found.values);
}

/* So large that outputs are out of their range by no more than the computation holds: they are told of, and right. */
static void an_output_beyond(void **state) {
  (void)state;
  umbra_ndarray records = {0}, values = {0}, expected = {0};
  for (double size = 0.1; !expected.values || largest_of(&expected, ODD) < 1.5 * calm.highest; size += 0.02) {
    umbra_ndarray_clear(&records);
    umbra_ndarray_clear(&expected);
    records = records_with(size);
    expected = clear_values(&records);
  }
  assert_true(largest_of(&expected, ODD) < 4 * calm.highest);
  umbra_matrix *answer = answer_to(&records);
  const umbra_inference_outcome outcome = outcome_of(&values, answer);
  assert_int_equal(outcome.beyond, 1);
  assert_int_equal(outcome.record, ODD);
  assert_true(outcome.lowest == calm.lowest && outcome.highest == calm.highest);
  assert_true(fabs(outcome.largest - largest_of(&expected, ODD)) < 0.01 * outcome.largest);
  assert_true(largest_distance(&values, &expected) < 0.01 * outcome.largest);
  assert_ok(umbra_inference_decrypt_values(&expected, plan, answer, side.secret, NULL));
  assert_true(largest_distance(&values, &expected) == 0);
  umbra_ndarray_clear(&records);
  umbra_ndarray_clear(&values);
  umbra_ndarray_clear(&expected);
  umbra_matrix_destroy(answer);
}

/* So large that values wrap around the modulus. */
static void values_that_wrap(void **state) {
  (void)state;
  umbra_ndarray records = records_with(1.5), values = {0};
  umbra_matrix *answer = answer_to(&records);
  const umbra_inference_outcome outcome = outcome_of(&values, answer);
  assert_true(outcome.doubts & UMBRA_DOUBT_VALUE);
  assert_true(outcome.beyond > 0 && outcome.record < RECORDS);
  is_refused(answer, "by the plan outputs are within");
  umbra_ndarray_clear(&records);
  umbra_ndarray_clear(&values);
  umbra_matrix_destroy(answer);
}

/* Doubts that do not show in outputs. */
static void doubts_without_traces(void **state) {
  (void)state;
  umbra_ndarray records = random_records(3, RECORDS, INPUTS), values = {0};
  umbra_matrix *answer = answer_to(&records);
  const umbra_declaration tiny = {UMBRA_DECLARATION_INIT, .magnitude = 0x1p-10};
  assert_ok(umbra_ciphertext_declare(answer->part[0], &tiny));
  const umbra_inference_outcome outcome = outcome_of(&values, answer);
  assert_int_equal(outcome.doubts, UMBRA_DOUBT_VALUE);
  assert_int_equal(outcome.beyond, 0);
  is_refused(answer, "the results have doubts 0x8");
  umbra_ndarray_clear(&records);
  umbra_ndarray_clear(&values);
  umbra_matrix_destroy(answer);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(records_like_samples),   cmocka_unit_test(answers_for_others),
      cmocka_unit_test(records_show_one_bound), cmocka_unit_test(answers_are_sanitised),
      cmocka_unit_test(an_output_beyond),       cmocka_unit_test(values_that_wrap),
      cmocka_unit_test(doubts_without_traces),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
