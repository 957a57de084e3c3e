/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Every public struct with a struct_size, through every call that takes or fills one, as applications of other versions
 * have it: without its last 8 bytes, with 48 zeros more, and with something in these that this version cannot know. The
 * structs of an application are blocks of exactly its size, so that sanitizers see what goes beyond them.
 */
#include <dirent.h>

#include "host/base/structs.h"
#include "host/infer/plan.h"
#include "host/linalg/matrix.h"
#include "host/params/presets.h"
#include "train.h"

enum { LESS = 8, MORE = 48, CANARY = 64, ROWS = 80, COLUMNS = 3, ITERATIONS = 2 };

static training t;
static umbra_bootstrap_plan *refresh;
static umbra_plaintext *plaintext;
static umbra_ciphertext *ciphertext;
static char table_path[128], params_path[128];

/* ---- the calls: each makes what it can of a struct, and leaves nothing behind ---- */

static const umbra_bootstrap_shape standard_shape = {UMBRA_BOOTSTRAP_SHAPE_INIT};

static umbra_status need_of(const umbra_params_need *need) {
  umbra_params *params = NULL;
  umbra_status status = umbra_params_from_need(&params, need);
  umbra_params_destroy(params);
  return status;
}

static umbra_status take_need(void *given) {
  umbra_params_need *need = given;
  need->depth = 1;
  need->log_n = 11;
  need->flags = UMBRA_INSECURE_FOR_TESTS;
  return need_of(need);
}

static umbra_status take_shape(void *given) {
  const umbra_params_need need = {UMBRA_PARAMS_NEED_INIT, .depth = 3, .log_n = 11, .flags = UMBRA_INSECURE_FOR_TESTS,
                                  .bootstrap = given};
  return need_of(&need);
}

static umbra_status take_literal(void *given) {
  umbra_params_literal *literal = given;
  umbra_params *params = NULL;
  /* All between the size and the shape of a refresh, which it does not have. */
  memcpy(&literal->log_n, &umbra_preset_literal[0].log_n,
         offsetof(umbra_params_literal, bootstrap) - offsetof(umbra_params_literal, log_n));
  umbra_status status = umbra_params_from_literal(&params, literal);
  umbra_params_destroy(params);
  return status;
}

static umbra_status take_context_desc(void *given) {
  umbra_context *context = NULL;
  ((umbra_context_desc *)given)->params = t.s.params;
  umbra_status status = umbra_context_create(&context, given);
  umbra_context_destroy(context);
  return status;
}

static umbra_status take_sim_options(void *given) {
  umbra_context *context = NULL;
  umbra_status status = umbra_context_create(
      &context, &(umbra_context_desc){UMBRA_CONTEXT_DESC_INIT, .params = t.s.params, .device = "sim", .sim = given});
  umbra_context_destroy(context);
  return status;
}

static umbra_status take_key_need(void *given) {
  umbra_key_needs *needs = NULL;
  ((umbra_key_need *)given)->kind = UMBRA_KEY_ROTATE;
  ((umbra_key_need *)given)->steps = 1;
  assert_ok(umbra_key_needs_create(&needs, t.s.params));
  umbra_status status = umbra_key_needs_put(needs, given);
  assert_int_equal(umbra_key_needs_count(needs), status == UMBRA_OK);
  umbra_key_needs_destroy(needs);
  return status;
}

static umbra_status fill_key_need(void *given) {
  umbra_key_needs *needs = training_needs(t.plan);
  umbra_status status = umbra_key_needs_get(needs, given, umbra_key_needs_count(needs) - 1);
  umbra_key_needs_destroy(needs);
  return status;
}

static umbra_status take_encode_options(void *given) {
  umbra_plaintext *made = NULL;
  umbra_status status = umbra_encode(&made, t.s.context, (const double[]){1}, 1, given);
  if (status == UMBRA_OK) assert_int_equal(umbra_plaintext_level(made), umbra_params_depth(t.s.params));
  umbra_plaintext_destroy(made);
  return status;
}

static umbra_status fill_noise_report(void *given) {
  return umbra_inspect_noise(given, ciphertext, t.s.secret, (const double[]){1, 0}, 1);
}

static umbra_status take_declaration(void *given) {
  umbra_ciphertext *copy = NULL;
  ((umbra_declaration *)given)->magnitude = 2;
  assert_ok(umbra_ciphertext_copy(&copy, ciphertext));
  umbra_status status = umbra_ciphertext_declare(copy, given);
  assert_true((umbra_ciphertext_magnitude(copy) == 2) == (status == UMBRA_OK));
  umbra_ciphertext_destroy(copy);
  return status;
}

static umbra_status fill_range(void *given) { return umbra_ciphertext_range(ciphertext, given); }

static umbra_status take_range_calibration(void *given) {
  double bound;
  ((umbra_range_calibration *)given)->samples = 1000;
  return umbra_range_calibration_bound(given, &bound, 0.01, 0.99);
}

static umbra_status fill_range_calibration(void *given) {
  umbra_context *context = NULL;
  umbra_plaintext *encoded = NULL;
  umbra_ciphertext *simulated = NULL;
  assert_ok(umbra_context_create(
      &context, &(umbra_context_desc){UMBRA_CONTEXT_DESC_INIT, .params = t.s.params, .device = "sim"}));
  assert_ok(umbra_encode(&encoded, context, (const double[]){1}, 1, NULL));
  assert_ok(umbra_sim_ciphertext(&simulated, encoded));
  umbra_status status = umbra_range_calibration_add(given, simulated, 1);
  umbra_ciphertext_destroy(simulated);
  umbra_plaintext_destroy(encoded);
  umbra_context_destroy(context);
  return status;
}

static umbra_status fill_outcome(void *given) {
  double pair[2];
  return umbra_decrypt_outcome(given, pair, 1, ciphertext, t.s.secret, NULL);
}

static umbra_status take_outcome_options(void *given) {
  umbra_outcome outcome = {UMBRA_OUTCOME_INIT};
  return umbra_decrypt_outcome(&outcome, NULL, 0, ciphertext, t.s.secret, given);
}

static umbra_status fill_file_info(void *given) { return umbra_file_inspect(given, params_path, NULL); }

static umbra_status fill_buffer_info(void *given) {
  uint8_t bytes[1 << 13];
  size_t size = sizeof bytes;
  assert_ok(umbra_params_write(t.s.params, bytes, &size));
  return umbra_buffer_inspect(given, bytes, UMBRA_HEADER_BYTES);
}

static umbra_status fill_device_info(void *given) { return umbra_device_get(given, 0); }

/* Of an input on a dry device: memory, no work. */
static umbra_status fill_costs(umbra_cost *cost, umbra_kernel_cost *kernel) {
  umbra_context *dry = NULL;
  umbra_ciphertext *input = NULL;
  assert_ok(umbra_context_create(
      &dry, &(umbra_context_desc){UMBRA_CONTEXT_DESC_INIT, .params = t.s.params, .device = "dry"}));
  assert_ok(umbra_dry_ciphertext(&input, dry, 1, 0, 1));
  umbra_status status = cost ? umbra_context_cost(dry, cost) : umbra_context_kernel_cost(dry, kernel, 0);
  umbra_ciphertext_destroy(input);
  umbra_context_destroy(dry);
  return status;
}

static umbra_status fill_cost(void *given) { return fill_costs(given, NULL); }
static umbra_status fill_kernel_cost(void *given) { return fill_costs(NULL, given); }

static double line(double x, void *user) {
  (void)user;
  return x;
}

static umbra_status take_fit_desc(void *given) {
  double coefficients[2];
  ((umbra_fit_desc *)given)->f = line;
  ((umbra_fit_desc *)given)->degree = 1;
  return umbra_chebyshev_fit(coefficients, NULL, given);
}

static umbra_status fill_fit_report(void *given) {
  double coefficients[3];
  const umbra_fit_desc desc = {UMBRA_FIT_DESC_INIT, .function = UMBRA_FUNCTION_EXP, .degree = 2};
  return umbra_chebyshev_fit(coefficients, given, &desc);
}

static umbra_status take_sign_options(void *given) {
  umbra_sign_plan *plan = NULL;
  umbra_status status = umbra_sign_plan_create(&plan, given);
  umbra_sign_plan_destroy(plan);
  return status;
}

static umbra_status fill_sign_report(void *given) {
  umbra_sign_plan *plan = NULL;
  assert_ok(umbra_sign_plan_create(&plan, NULL));
  umbra_status status = umbra_sign_plan_report(plan, given);
  umbra_sign_plan_destroy(plan);
  return status;
}

static umbra_status take_softmax_options(void *given) {
  umbra_softmax_plan *plan = NULL;
  umbra_status status = umbra_softmax_plan_create(&plan, 3, given);
  umbra_softmax_plan_destroy(plan);
  return status;
}

static umbra_status fill_softmax_report(void *given) {
  umbra_softmax_plan *plan = NULL;
  assert_ok(umbra_softmax_plan_create(&plan, 3, NULL));
  umbra_status status = umbra_softmax_plan_report(plan, given);
  umbra_softmax_plan_destroy(plan);
  return status;
}

static umbra_status take_records_options(void *given) {
  umbra_records *records = NULL;
  umbra_status status = umbra_records_read(&records, table_path, given);
  umbra_records_destroy(records);
  return status;
}

static umbra_status take_table_options(void *given) {
  umbra_table table = {0};
  umbra_status status = umbra_table_read_with(&table, table_path, given);
  umbra_table_clear(&table);
  return status;
}

static umbra_status fill_judgement(void *given) {
  return umbra_judge(given, t.records, (const double[COLUMNS + 1]){1, 2, 3, 4});
}

static umbra_status fill_judgement_of_scores(void *given) {
  double scores[ROWS];
  for (int i = 0; i < ROWS; i++) scores[i] = i - 7;
  return umbra_judge_scores(given, t.records, scores, 0);
}

static umbra_status fill_scaling_excess(void *given) {
  umbra_scaling *scaling = NULL;
  assert_ok(umbra_scaling_fit(&scaling, t.records, UMBRA_SCALING_RANGE, 0, 0));
  umbra_status status =
      umbra_scaling_beyond(scaling, given, umbra_records_row(t.records, 0), ROWS, COLUMNS, COLUMNS - 1);
  umbra_scaling_destroy(scaling);
  return status;
}

static umbra_status fill_column_scaling(void *given) {
  umbra_scaling *scaling = NULL;
  assert_ok(umbra_scaling_fit(&scaling, t.records, UMBRA_SCALING_RANGE, 0, 3));
  umbra_status status = umbra_scaling_column(scaling, given, COLUMNS - 1);
  umbra_scaling_destroy(scaling);
  return status;
}

static umbra_status fill_logistic_info(void *given) {
  umbra_logistic *model = NULL;
  assert_ok(umbra_logistic_encrypt(&model, t.s.public, (const double[]){1, 2}, 2, 0, NULL));
  umbra_status status = umbra_logistic_inspect(model, given);
  umbra_logistic_destroy(model);
  return status;
}

static umbra_status take_optimum_options(void *given) {
  double weights[COLUMNS + 1];
  umbra_optimum optimum = {UMBRA_OPTIMUM_INIT};
  return umbra_logistic_optimum(weights, &optimum, t.records, given, NULL);
}

static umbra_status fill_optimum(void *given) {
  double weights[COLUMNS + 1];
  return umbra_logistic_optimum(weights, given, t.records, NULL, NULL);
}

/* With nothing left to be found. */
static umbra_status find_settings(umbra_train_search **search, umbra_train_search_options *options) {
  umbra_train_options train = {UMBRA_TRAIN_OPTIONS_INIT};
  train.iterations = 2;
  options->train = &train;
  options->given = 2 * UMBRA_SETTING_ITERATIONS - 1;
  return umbra_train_search_create(search, t.s.params, t.records, options, NULL);
}

static umbra_status take_search_options(void *given) {
  umbra_train_search *search = NULL;
  umbra_status status = find_settings(&search, given);
  umbra_train_search_destroy(search);
  return status;
}

static umbra_status fill_trial(void *given) {
  umbra_train_search_options options = {UMBRA_TRAIN_SEARCH_OPTIONS_INIT};
  umbra_train_search *search = NULL;
  assert_ok(find_settings(&search, &options));
  umbra_status status = umbra_train_search_trial(search, given, umbra_train_search_chosen(search));
  umbra_train_search_destroy(search);
  return status;
}

static umbra_status take_bootstrap_options(void *given) {
  umbra_bootstrap_plan *plan = NULL;
  umbra_status status = umbra_bootstrap_plan_create(&plan, t.s.params, given);
  umbra_bootstrap_plan_destroy(plan);
  return status;
}

static umbra_status take_transform_desc(void *given) {
  umbra_transform_desc *desc = given;
  umbra_transform *transform = NULL;
  desc->values = (const double[]){0.5, 0.25};
  desc->rows = 1;
  desc->columns = 2;
  umbra_status status = umbra_transform_create(&transform, t.s.context, desc, NULL);
  umbra_transform_destroy(transform);
  return status;
}

static const umbra_feature_layout one_pixel = {UMBRA_FEATURE_LAYOUT_INIT, .channels = 1, .height = 1, .width = 1};

static umbra_status take_feature_layout(void *given) {
  umbra_feature_layout *layout = given;
  umbra_feature_map *map = NULL;
  layout->channels = layout->height = layout->width = 1;
  umbra_status status = umbra_feature_map_encrypt(&map, t.s.public, (const double[]){0.5}, layout, NULL);
  umbra_feature_map_destroy(map);
  return status;
}

static umbra_status fill_feature_layout(void *given) {
  umbra_feature_map *map = NULL;
  assert_ok(umbra_feature_map_encrypt(&map, t.s.public, (const double[]){0.5}, &one_pixel, NULL));
  umbra_status status = umbra_feature_map_layout(map, given);
  umbra_feature_map_destroy(map);
  return status;
}

static umbra_status take_convolution_desc(void *given) {
  umbra_convolution_desc *desc = given;
  umbra_convolution *convolution = NULL;
  desc->input = &one_pixel;
  desc->weights = (const double[]){0.5};
  desc->channels = desc->kernel_y = desc->kernel_x = 1;
  umbra_status status = umbra_convolution_create(&convolution, t.s.context, desc, NULL);
  umbra_convolution_destroy(convolution);
  return status;
}

static umbra_status fill_bootstrap_report(void *given) { return umbra_bootstrap_plan_report(refresh, given); }

static umbra_status copy_body(umbra_evaluator *evaluator, umbra_ciphertext **outs, const umbra_ciphertext *const *ins,
                              void *user) {
  assert_null(user);
  return umbra_add(evaluator, &outs[0], ins[0], ins[0]);
}

static umbra_status take_circuit_desc(void *given) {
  umbra_circuit *circuit = NULL;
  umbra_circuit_desc *desc = given;
  const umbra_ciphertext *const examples[] = {ciphertext};
  umbra_ciphertext *out = NULL;
  desc->body = copy_body;
  desc->ins = desc->outs = 1;
  desc->examples = examples;
  umbra_status status = umbra_circuit_create(&circuit, t.s.evaluator, desc);
  if (status == UMBRA_OK) assert_ok(umbra_circuit_run(circuit, &out, examples));
  umbra_ciphertext_destroy(out);
  umbra_circuit_destroy(circuit);
  return status;
}

static umbra_status take_window(void *given) {
  umbra_model *model = NULL;
  uint32_t node;
  ((umbra_model_window *)given)->channels = 1;
  assert_ok(umbra_model_create(&model, (const size_t[]){1, 2, 2}, 3));
  umbra_status status = umbra_model_conv2d(model, &node, 0, (const double[]){1}, NULL, given);
  umbra_model_destroy(model);
  return status;
}

/* A ReLU of one number becomes a polynomial. */
static umbra_status approximate(umbra_approximation **made, const umbra_approximation_options *options) {
  umbra_model *model = NULL;
  umbra_model_ranges *ranges = NULL;
  umbra_ndarray records = {2, {2, 1}, (double[]){1, -2}};
  uint32_t node;
  assert_ok(umbra_model_create(&model, (const size_t[]){1}, 1));
  assert_ok(umbra_model_activation(model, &node, 0, UMBRA_FUNCTION_RELU));
  assert_ok(umbra_model_output(model, "y", node, NULL, 0, NULL));
  assert_ok(umbra_model_calibrate(model, &ranges, &records, NULL));
  umbra_status status = umbra_model_approximate(model, &model, made, ranges, &records, options, NULL);
  umbra_model_ranges_destroy(ranges);
  umbra_model_destroy(model);
  return status;
}

static umbra_status take_approximation_options(void *given) {
  ((umbra_approximation_options *)given)->degree = 3;
  return approximate(NULL, given);
}

static umbra_status take_activation_choice(void *given) {
  umbra_activation_choice *choice = given;
  choice->node = 1;
  choice->degree = 3;
  return approximate(
      NULL, &(umbra_approximation_options){UMBRA_APPROXIMATION_OPTIONS_INIT, .choices = choice, .choice_count = 1});
}

static umbra_approximation *approximation(void) {
  umbra_approximation *made = NULL;
  assert_ok(approximate(&made, &(umbra_approximation_options){UMBRA_APPROXIMATION_OPTIONS_INIT, .degree = 3}));
  return made;
}

static umbra_status plan_inference(umbra_inference_plan **plan, const umbra_inference_options *options) {
  const double weights[] = {1, -1}, square[] = {0, 0, 1};
  const size_t inputs = 2;
  umbra_ndarray samples = {.rank = 2, .shape = {1, 2}, .values = (double[]){1, 2}};
  umbra_model *model = NULL;
  uint32_t node = 0;
  assert_ok(umbra_model_create(&model, &inputs, 1));
  assert_ok(umbra_model_dense(model, &node, node, 1, weights, NULL));
  assert_ok(umbra_model_polynomial(model, &node, node, square, 3));
  assert_ok(umbra_model_output(model, "y", node, NULL, 0, NULL));
  const umbra_status status = umbra_inference_plan_create(plan, model, &samples, options, NULL);
  umbra_model_destroy(model);
  return status;
}

static umbra_status take_inference_options(void *given) {
  umbra_inference_plan *plan = NULL;
  const umbra_status status = plan_inference(&plan, given);
  umbra_inference_plan_destroy(plan);
  return status;
}

static umbra_status fill_inference_report(void *given) {
  umbra_inference_plan *plan = NULL;
  assert_ok(plan_inference(&plan, NULL));
  const umbra_status status = umbra_inference_plan_report(plan, given);
  umbra_inference_plan_destroy(plan);
  return status;
}

/* Of two. */
static umbra_status fill_inference_layer(void *given) {
  umbra_inference_plan *plan = NULL;
  size_t count = 2;
  assert_ok(plan_inference(&plan, NULL));
  const umbra_status status = umbra_inference_plan_layers(plan, given, &count, "xeon-ref");
  umbra_inference_plan_destroy(plan);
  return status;
}

static umbra_status fill_inference_outcome(void *given) {
  umbra_inference_plan *plan = NULL;
  umbra_context *context = NULL;
  umbra_secret_key *secret = NULL;
  umbra_matrix *matrix = NULL;
  umbra_ndarray values = {0};
  uint8_t digest[UMBRA_DIGEST_BYTES];
  assert_ok(plan_inference(&plan, NULL));
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = umbra_inference_plan_params(plan)};
  const double zeros[4] = {0};
  const umbra_array array = {UMBRA_ARRAY_INIT, .data = zeros, .rows = 1, .columns = plan->frame.result_count};
  assert_true(plan->frame.result_count <= 4);
  assert_ok(umbra_context_create(&context, &desc));
  assert_ok(umbra_secret_key_generate(&secret, context));
  assert_ok(umbra_matrix_encrypt_symmetric(&matrix, secret, &array, NULL, NULL));
  umbra_inference_plan_digest(plan, digest);
  umbra_matrix_set_stamp(matrix, digest, UMBRA_MATRIX_RESULTS);
  const umbra_status status = umbra_inference_decrypt_outcome(given, &values, plan, matrix, secret, NULL);
  umbra_ndarray_clear(&values);
  umbra_matrix_destroy(matrix);
  umbra_secret_key_destroy(secret);
  umbra_context_destroy(context);
  umbra_inference_plan_destroy(plan);
  return status;
}

static umbra_status fill_approximation_report(void *given) {
  umbra_approximation *made = approximation();
  umbra_status status = umbra_approximation_get_report(made, given);
  umbra_approximation_destroy(made);
  return status;
}

static umbra_status fill_activation_report(void *given) {
  umbra_approximation *made = approximation();
  umbra_status status = umbra_approximation_get_activation(made, given, 0);
  umbra_approximation_destroy(made);
  return status;
}

static umbra_status take_matrix_layout(void *given) {
  umbra_matrix *matrix = NULL;
  umbra_status status = umbra_matrix_encrypt(&matrix, t.s.public, (const double[]){1, 2}, 1, 2, given, NULL);
  umbra_matrix_destroy(matrix);
  return status;
}

/* Refused for its layouts, and before that if the options do not fit. */
static umbra_status take_multiply_options(void *given) {
  umbra_matrix *matrix = NULL, *product = NULL;
  assert_ok(umbra_matrix_encrypt(&matrix, t.s.public, (const double[]){1}, 1, 1, NULL, NULL));
  const umbra_status status = umbra_matrix_multiply(t.s.evaluator, &product, matrix, matrix, given);
  const int of_layouts = status == UMBRA_ERROR_INVALID_ARGUMENT && strstr(umbra_last_error(), "no product of");
  umbra_matrix_destroy(matrix);
  return of_layouts ? UMBRA_OK : status;
}

static umbra_status fill_matrix_layout(void *given) {
  umbra_matrix *matrix = NULL;
  assert_ok(umbra_matrix_encrypt(&matrix, t.s.public, (const double[]){1, 2}, 1, 2, NULL, NULL));
  umbra_status status = umbra_matrix_layout_of(matrix, given);
  umbra_matrix_destroy(matrix);
  return status;
}

static umbra_status take_array(void *given) {
  umbra_array *array = given;
  umbra_matrix *matrix = NULL;
  array->data = (const double[]){1, 2};
  array->rows = 1;
  array->columns = 2;
  umbra_status status = umbra_matrix_encrypt_array(&matrix, t.s.public, array, NULL, NULL);
  umbra_matrix_destroy(matrix);
  return status;
}

static umbra_status take_weights_desc(void *given) {
  const umbra_array values = {UMBRA_ARRAY_INIT, .data = (const double[]){1, 2}, .rows = 1, .columns = 2};
  umbra_weights_desc *desc = given;
  umbra_weights *weights = NULL;
  desc->values = &values;
  umbra_status status = umbra_weights_create(&weights, t.s.context, desc, NULL);
  umbra_weights_destroy(weights);
  return status;
}

static umbra_status take_matrix_view(void *given) {
  umbra_matrix *matrix = NULL;
  umbra_matrix_view *view = given;
  view->rows = view->columns = 1;
  assert_ok(umbra_matrix_encrypt(&matrix, t.s.public, (const double[]){1}, 1, 1, NULL, NULL));
  umbra_status status = umbra_matrix_rearrange(t.s.evaluator, &matrix, matrix, view, NULL);
  umbra_matrix_destroy(matrix);
  return status;
}

static umbra_product_plan *product_plan(const umbra_product_desc *desc, umbra_status *status) {
  umbra_product_plan *plan = NULL;
  *status = umbra_product_plan_create(&plan, t.s.params, desc);
  return plan;
}

static umbra_status take_product_desc(void *given) {
  umbra_product_desc *desc = given;
  umbra_status status;
  desc->rows = desc->inner = desc->columns = 2;
  umbra_product_plan_destroy(product_plan(desc, &status));
  return status;
}

static umbra_status fill_product_candidate(void *given) {
  const umbra_product_desc desc = {UMBRA_PRODUCT_DESC_INIT, .rows = 2, .inner = 2, .columns = 2};
  umbra_status status;
  umbra_product_plan *plan = product_plan(&desc, &status);
  if (status == UMBRA_OK) status = umbra_product_plan_get(plan, given, 0);
  umbra_product_plan_destroy(plan);
  return status;
}

static umbra_status take_model_sigmoid(void *given) {
  umbra_logistic *model = NULL;
  umbra_status status = umbra_logistic_encrypt(&model, t.s.public, (const double[]){1}, 1, 0, given);
  assert_true(isnan(umbra_sigmoid_value(1, given)) == (status != UMBRA_OK));
  umbra_logistic_destroy(model);
  return status;
}

static umbra_status take_training_sigmoid(void *given) {
  umbra_train_plan *plan = NULL;
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT, .rows = ROWS, .columns = COLUMNS, .sigmoid = given};
  umbra_status status = umbra_train_plan_create(&plan, t.s.params, &options);
  umbra_train_plan_destroy(plan);
  return status;
}

static umbra_status take_train_options(void *given) {
  umbra_train_plan *plan = NULL;
  ((umbra_train_options *)given)->rows = ROWS;
  ((umbra_train_options *)given)->columns = COLUMNS;
  umbra_status status = umbra_train_plan_create(&plan, t.s.params, given);
  umbra_train_plan_destroy(plan);
  return status;
}

static umbra_status fill_train_options(void *given) { return umbra_train_plan_options(t.plan, given); }
static umbra_status fill_train_report(void *given) { return umbra_train_plan_report(t.plan, given); }
static umbra_status fill_train_iteration(void *given) { return umbra_train_plan_iteration(t.plan, given, 1); }

static umbra_status fill_train_outcomes(void *given) {
  double weights[COLUMNS + 1];
  umbra_status status = umbra_train_twin(weights, given, ITERATIONS, t.plan, t.records, NULL, NULL);
  assert_true((umbra_train_bound(given, ITERATIONS) > 0) == (status == UMBRA_OK));
  return status;
}

static umbra_status take_twin_options(void *given) {
  double weights[COLUMNS + 1];
  return umbra_train_twin(weights, NULL, 0, t.plan, t.records, given, NULL);
}

static int observe(void *seen, const umbra_train_event *event) {
  assert_int_equal(event->struct_size, sizeof *event);
  ++*(int *)seen;
  return 0;
}

static umbra_status take_trainer_desc(void *given) {
  umbra_trainer *trainer = NULL;
  umbra_trainer_desc *desc = given;
  int seen = 0;
  desc->plan = t.plan;
  desc->context = t.s.context;
  desc->keys = t.s.keys;
  desc->data = t.folder;
  umbra_status status = umbra_trainer_create(&trainer, desc, NULL);
  if (status == UMBRA_OK) {
    assert_ok(umbra_trainer_run(trainer, observe, &seen));
    assert_int_equal(seen, ITERATIONS);
  }
  umbra_trainer_destroy(trainer);
  return status;
}

/* ---- the table ---- */

typedef enum direction { TAKEN, FILLED, TOLD /* to callbacks only */ } direction;

typedef struct row {
  const char *name;
  size_t size, count; /* elements of an array */
  void (*init)(void *given, size_t size);
  direction direction;
  umbra_status (*call)(void *given);
} row;

#define ROW(type, count, direction, call) \
  { #type, sizeof(type), count, (void (*)(void *, size_t))(type##_init), direction, call }

/* Calls go by the address of a function that takes another pointer: as by ctypes, which knows no types either. */
static const row rows[] = {
    ROW(umbra_params_need, 1, TAKEN, take_need),
    ROW(umbra_bootstrap_shape, 1, TAKEN, take_shape),
    ROW(umbra_params_literal, 1, TAKEN, take_literal),
    ROW(umbra_context_desc, 1, TAKEN, take_context_desc),
    ROW(umbra_sim_options, 1, TAKEN, take_sim_options),
    ROW(umbra_key_need, 1, TAKEN, take_key_need),
    ROW(umbra_key_need, 1, FILLED, fill_key_need),
    ROW(umbra_device_info, 1, FILLED, fill_device_info),
    ROW(umbra_cost, 1, FILLED, fill_cost),
    ROW(umbra_kernel_cost, 1, FILLED, fill_kernel_cost),
    ROW(umbra_encode_options, 1, TAKEN, take_encode_options),
    ROW(umbra_noise_report, 1, FILLED, fill_noise_report),
    ROW(umbra_declaration, 1, TAKEN, take_declaration),
    ROW(umbra_range, 1, FILLED, fill_range),
    ROW(umbra_range_calibration, 1, TAKEN, take_range_calibration),
    ROW(umbra_range_calibration, 1, FILLED, fill_range_calibration),
    ROW(umbra_outcome, 1, FILLED, fill_outcome),
    ROW(umbra_outcome_options, 1, TAKEN, take_outcome_options),
    ROW(umbra_file_info, 1, FILLED, fill_file_info),
    ROW(umbra_file_info, 1, FILLED, fill_buffer_info),
    ROW(umbra_records_options, 1, TAKEN, take_records_options),
    ROW(umbra_table_options, 1, TAKEN, take_table_options),
    ROW(umbra_fit_desc, 1, TAKEN, take_fit_desc),
    ROW(umbra_fit_report, 1, FILLED, fill_fit_report),
    ROW(umbra_sign_options, 1, TAKEN, take_sign_options),
    ROW(umbra_sign_report, 1, FILLED, fill_sign_report),
    ROW(umbra_softmax_options, 1, TAKEN, take_softmax_options),
    ROW(umbra_softmax_report, 1, FILLED, fill_softmax_report),
    ROW(umbra_judgement, 1, FILLED, fill_judgement),
    ROW(umbra_judgement, 1, FILLED, fill_judgement_of_scores),
    ROW(umbra_column_scaling, 1, FILLED, fill_column_scaling),
    ROW(umbra_logistic_info, 1, FILLED, fill_logistic_info),
    ROW(umbra_scaling_excess, 1, FILLED, fill_scaling_excess),
    ROW(umbra_optimum_options, 1, TAKEN, take_optimum_options),
    ROW(umbra_optimum, 1, FILLED, fill_optimum),
    ROW(umbra_train_search_options, 1, TAKEN, take_search_options),
    ROW(umbra_train_trial, 1, FILLED, fill_trial),
    ROW(umbra_bootstrap_options, 1, TAKEN, take_bootstrap_options),
    ROW(umbra_bootstrap_report, 1, FILLED, fill_bootstrap_report),
    ROW(umbra_transform_desc, 1, TAKEN, take_transform_desc),
    ROW(umbra_feature_layout, 1, TAKEN, take_feature_layout),
    ROW(umbra_feature_layout, 1, FILLED, fill_feature_layout),
    ROW(umbra_convolution_desc, 1, TAKEN, take_convolution_desc),
    ROW(umbra_circuit_desc, 1, TAKEN, take_circuit_desc),
    ROW(umbra_model_window, 1, TAKEN, take_window),
    ROW(umbra_approximation_options, 1, TAKEN, take_approximation_options),
    ROW(umbra_activation_choice, 1, TAKEN, take_activation_choice),
    ROW(umbra_approximation_report, 1, FILLED, fill_approximation_report),
    ROW(umbra_inference_options, 1, TAKEN, take_inference_options),
    ROW(umbra_inference_outcome, 1, FILLED, fill_inference_outcome),
    ROW(umbra_inference_layer, 2, FILLED, fill_inference_layer),
    ROW(umbra_inference_report, 1, FILLED, fill_inference_report),
    ROW(umbra_activation_report, 1, FILLED, fill_activation_report),
    ROW(umbra_array, 1, TAKEN, take_array),
    ROW(umbra_weights_desc, 1, TAKEN, take_weights_desc),
    ROW(umbra_matrix_layout, 1, TAKEN, take_matrix_layout),
    ROW(umbra_matrix_layout, 1, FILLED, fill_matrix_layout),
    ROW(umbra_multiply_options, 1, TAKEN, take_multiply_options),
    ROW(umbra_matrix_view, 1, TAKEN, take_matrix_view),
    ROW(umbra_product_desc, 1, TAKEN, take_product_desc),
    ROW(umbra_product_candidate, 1, FILLED, fill_product_candidate),
    ROW(umbra_sigmoid_options, 1, TAKEN, take_model_sigmoid),
    ROW(umbra_sigmoid_options, 1, TAKEN, take_training_sigmoid),
    ROW(umbra_train_options, 1, TAKEN, take_train_options),
    ROW(umbra_train_options, 1, FILLED, fill_train_options),
    ROW(umbra_train_report, 1, FILLED, fill_train_report),
    ROW(umbra_train_iteration, 1, FILLED, fill_train_iteration),
    ROW(umbra_train_outcome, ITERATIONS, FILLED, fill_train_outcomes),
    ROW(umbra_twin_options, 1, TAKEN, take_twin_options),
    ROW(umbra_trainer_desc, 1, TAKEN, take_trainer_desc),
    ROW(umbra_train_event, 1, TOLD, NULL),
    ROW(umbra_trace_event, 1, TOLD, NULL),
};
enum { ROW_COUNT = sizeof rows / sizeof *rows };

/* ---- structs of an application ---- */

/* `count` elements of that size, initialised, and `margin` bytes of canary. */
static uint8_t *given_make(const row *r, size_t size, size_t margin) {
  uint8_t *given = malloc(r->count * size + margin);
  assert_non_null(given);
  memset(given, 0xa5, r->count * size + margin);
  for (size_t i = 0; i < r->count; i++) r->init(given + i * size, size);
  return given;
}

static void assert_canary(const row *r, const uint8_t *after, size_t margin) {
  for (size_t i = 0; i < margin; i++)
    if (after[i] != 0xa5) fail_msg("%s: byte %zu after the struct was written", r->name, i);
}

static void accept(const row *r, size_t size, size_t margin) {
  uint8_t *given = given_make(r, size, margin), *before = given_make(r, size, margin);
  size_t found;
  umbra_status status = r->call ? r->call(given) : UMBRA_OK;
  if (status != UMBRA_OK) fail_msg("%s of %zu bytes, not %zu: %s", r->name, size, r->size, umbra_last_error());
  for (size_t i = 0; i < r->count; i++) {
    memcpy(&found, given + i * size, sizeof found);
    assert_int_equal(found, size);
    if (r->direction == FILLED) assert_memory_not_equal(given + i * size, before + i * size, size);
  }
  assert_canary(r, given + r->count * size, margin);
  free(given);
  free(before);
}

static void as_it_is(void **state) {
  (void)state;
  for (int i = 0; i < ROW_COUNT; i++) accept(&rows[i], rows[i].size, 0);
}

static void of_an_older_application(void **state) {
  (void)state;
  for (int i = 0; i < ROW_COUNT; i++) {
    accept(&rows[i], rows[i].size - LESS, 0);
    if (rows[i].direction == FILLED) accept(&rows[i], rows[i].size - LESS, CANARY);
  }
}

static void of_a_newer_application(void **state) {
  (void)state;
  for (int i = 0; i < ROW_COUNT; i++) {
    accept(&rows[i], rows[i].size + MORE, 0);
    if (rows[i].direction == FILLED) accept(&rows[i], rows[i].size + MORE, CANARY);
  }
}

/* Refused with these words, and not touched. */
static void refuse(const row *r, uint8_t *given, size_t bytes, const char *words) {
  uint8_t *before = malloc(bytes);
  assert_non_null(before);
  memcpy(before, given, bytes);
  umbra_status status = r->call(given);
  if (status != UMBRA_ERROR_INVALID_ARGUMENT) fail_msg("%s: status %d, for %s", r->name, (int)status, words);
  if (!strstr(umbra_last_error(), words)) fail_msg("%s: '%s' lacks '%s'", r->name, umbra_last_error(), words);
  if (r->direction == FILLED) assert_memory_equal(given, before, bytes);
  free(before);
}

static void with_what_this_version_does_not_know(void **state) {
  (void)state;
  for (int i = 0; i < ROW_COUNT; i++) {
    const row *r = &rows[i];
    if (r->direction == TOLD) continue;
    const size_t size = r->size + MORE, bytes = r->count * size;
    uint8_t *given = given_make(r, size, 0);
    char words[100];
    given[bytes - 1] = 1;
    snprintf(words, sizeof words, "%s has %zu bytes and not only zeros after the %zu", r->name, size, r->size);
    refuse(r, given, bytes, words);
    free(given);
  }
}

static void that_nobody_initialised(void **state) {
  (void)state;
  const size_t sizes[] = {0, 4, 23, SIZE_MAX, (size_t)0xa5a5a5a5a5a5a5a5};
  for (int i = 0; i < ROW_COUNT; i++)
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes && rows[i].direction != TOLD; k++) {
      uint8_t *given = given_make(&rows[i], rows[i].size, 0);
      char words[100];
      memcpy(given, &sizes[k], sizeof sizes[k]);
      snprintf(words, sizeof words, "call %s_init", rows[i].name);
      refuse(&rows[i], given, rows[i].count * rows[i].size, words);
      free(given);
    }
}

/* ---- defaults ---- */

/* What an older application does not know is as if it had never been there: the defaults, not zeros. */
static void what_is_missing_has_defaults(void **state) {
  (void)state;
  const size_t shorter = offsetof(umbra_bootstrap_options, rounds);
  umbra_bootstrap_options given = {.rounds = 9}, own = {UMBRA_BOOTSTRAP_OPTIONS_INIT};
  (umbra_bootstrap_options_init)(&given, shorter);
  assert_true(given.struct_size == shorter && given.bound == 1 && given.rounds == 9);
  given.slots = 16;
  assert_ok(umbra_take_struct(&own, sizeof own, &given, 0, "umbra_bootstrap_options"));
  assert_true(own.struct_size == sizeof own && own.slots == 16 && own.rounds == 1);
}

static void functions_and_macros_agree(void **state) {
  (void)state;
  umbra_train_options options;
  const umbra_train_options expected = {UMBRA_TRAIN_OPTIONS_INIT};
  umbra_train_options_init(&options);
  assert_true(options.iterations == expected.iterations && options.rate == expected.rate && options.bound == 8);
  umbra_bootstrap_shape shape;
  umbra_bootstrap_shape_init(&shape);
  assert_memory_equal(&shape, &standard_shape, offsetof(umbra_bootstrap_shape, sparse_primes));
  umbra_key_need key_need;
  umbra_key_need_init(&key_need);
  assert_true(key_need.kind == UMBRA_KEY_RELINEARIZE && key_need.steps == 0 && key_need.level == UMBRA_TOP_LEVEL);
}

/* ---- that none is forgotten ---- */

static int is_in_the_table(const char *name) {
  for (int i = 0; i < ROW_COUNT; i++)
    if (strcmp(rows[i].name, name) == 0) return 1;
  return 0;
}

/* Returns how many structs with a size the header declares. */
static int check_header(const char *path) {
  char line[512], name[100], sized = 0;
  int found = 0;
  FILE *header = fopen(path, "r");
  assert_non_null(header);
  while (fgets(line, sizeof line, header)) {
    if (strstr(line, "typedef struct") && strchr(line, '{')) sized = 0;
    if (strcmp(line, "  size_t struct_size;\n") == 0) sized = 1;
    if (!sized || sscanf(line, "} %99[a-z_];", name) != 1) continue;
    if (!is_in_the_table(name)) fail_msg("%s has a struct_size, but no row in the table of tests/structs.c", name);
    sized = 0;
    found++;
  }
  fclose(header);
  return found;
}

static void all_of_the_headers_are_here(void **state) {
  (void)state;
  DIR *folder = opendir(UMBRA_SOURCE_DIR "/include/umbra");
  int found = 0, expected = 0;
  assert_non_null(folder);
  for (struct dirent *entry; (entry = readdir(folder));) {
    char path[600];
    snprintf(path, sizeof path, UMBRA_SOURCE_DIR "/include/umbra/%s", entry->d_name);
    if (strstr(entry->d_name, ".h")) found += check_header(path);
  }
  closedir(folder);
  for (int i = 0; i < ROW_COUNT; i++) expected += i == 0 || strcmp(rows[i].name, rows[i - 1].name) != 0;
  assert_int_equal(found, expected);
}

/* ---- the whole ---- */

static int open_all(void **state) {
  (void)state;
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT};
  options.iterations = ITERATIONS;
  training_open(&t, training_params(), random_records(ROWS, COLUMNS, 1), options, NULL);
  assert_ok(umbra_evaluator_create(&t.s.evaluator, t.s.context, t.s.keys));
  assert_ok(umbra_bootstrap_plan_create(&refresh, t.s.params, NULL));
  assert_ok(umbra_encode(&plaintext, t.s.context, (const double[]){1}, 1, NULL));
  assert_ok(umbra_encrypt(&ciphertext, t.s.public, plaintext));
  snprintf(table_path, sizeof table_path, "%s/table.csv", t.folder);
  snprintf(params_path, sizeof params_path, "%s/params.umbra", t.folder);
  assert_ok(umbra_params_save(t.s.params, params_path));
  const double values[] = {0.5, 1, -0.5, 0};
  return umbra_table_write(&(umbra_table){2, 2, (double *)values}, table_path) != UMBRA_OK;
}

static int close_all(void **state) {
  (void)state;
  umbra_ciphertext_destroy(ciphertext);
  umbra_plaintext_destroy(plaintext);
  umbra_bootstrap_plan_destroy(refresh);
  umbra_evaluator_destroy(t.s.evaluator);
  training_close(&t);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(as_it_is),
      cmocka_unit_test(of_an_older_application),
      cmocka_unit_test(of_a_newer_application),
      cmocka_unit_test(with_what_this_version_does_not_know),
      cmocka_unit_test(that_nobody_initialised),
      cmocka_unit_test(what_is_missing_has_defaults),
      cmocka_unit_test(functions_and_macros_agree),
      cmocka_unit_test(all_of_the_headers_are_here),
  };
  return cmocka_run_group_tests(tests, open_all, close_all);
}
