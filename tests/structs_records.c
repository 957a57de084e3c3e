/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Structs of records, matrices, networks and trainings: see structs.h. */
#include "structs.h"

#include "host/infer/plan.h"
#include "host/linalg/matrix.h"
#include "train.h"

enum { ROWS = 80, COLUMNS = 3, ITERATIONS = 2 };

static training t;
static char table_path[128];

/* ---- the calls ---- */

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

static umbra_status fill_column_scaling(void *given) {
  umbra_scaling *scaling = NULL;
  assert_ok(umbra_scaling_fit(&scaling, t.records, UMBRA_SCALING_RANGE, 0, 3));
  umbra_status status = umbra_scaling_column(scaling, given, COLUMNS - 1);
  umbra_scaling_destroy(scaling);
  return status;
}

static umbra_status fill_scaling_excess(void *given) {
  umbra_scaling *scaling = NULL;
  assert_ok(umbra_scaling_fit(&scaling, t.records, UMBRA_SCALING_RANGE, 0, 0));
  umbra_status status =
      umbra_scaling_beyond(scaling, given, umbra_records_row(t.records, 0), ROWS, COLUMNS, COLUMNS - 1);
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

/* Links of zeros follow from nothing, which is found out last. */
static umbra_status take_audit_desc(void *given) {
  static const uint8_t links[ITERATIONS][UMBRA_DIGEST_BYTES];
  umbra_audit *audit = NULL;
  umbra_audit_desc *desc = given;
  desc->plan = t.plan;
  desc->context = t.s.context;
  desc->keys = t.s.keys;
  desc->data = t.folder;
  desc->checkpoint = t.checkpoint;
  desc->digests = desc->links = desc->last = links[0];
  desc->count = ITERATIONS;
  umbra_status status = umbra_audit_create(&audit, desc, NULL);
  assert_null(audit);
  return status == UMBRA_ERROR_MISMATCH ? UMBRA_OK : status;
}

/* ---- privacy ---- */

static const umbra_privacy_options promised = {
    .struct_size = sizeof(umbra_privacy_options), .epsilon = 2, .delta = 1e-5, .norm = 1};

static umbra_train_options private_options(const umbra_privacy_options *privacy) {
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT, .rows = ROWS, .columns = COLUMNS, .privacy = privacy};
  options.optimizer = UMBRA_OPTIMIZER_PLAIN;
  options.iterations = 2;
  return options;
}

static umbra_status take_privacy_options(void *given) {
  umbra_privacy_options *privacy = given;
  umbra_sensitivity found = {UMBRA_SENSITIVITY_INIT};
  privacy->epsilon = promised.epsilon;
  privacy->delta = promised.delta;
  privacy->norm = promised.norm;
  const umbra_train_options options = private_options(privacy);
  return umbra_train_sensitivity(&found, &options);
}

static umbra_status fill_sensitivity(void *given) {
  const umbra_train_options options = private_options(&promised);
  return umbra_train_sensitivity(given, &options);
}

static umbra_status fill_privacy(void *given) {
  umbra_train_plan *plan = NULL;
  const umbra_train_options options = private_options(&promised);
  assert_ok(umbra_train_plan_create(&plan, t.s.params, &options));
  const umbra_status status = umbra_train_plan_privacy(plan, given);
  umbra_train_plan_destroy(plan);
  return status;
}

/* ---- the table ---- */

static const row rows[] = {
    ROW(umbra_records_options, 1, TAKEN, take_records_options),
    ROW(umbra_table_options, 1, TAKEN, take_table_options),
    ROW(umbra_judgement, 1, FILLED, fill_judgement),
    ROW(umbra_judgement, 1, FILLED, fill_judgement_of_scores),
    ROW(umbra_column_scaling, 1, FILLED, fill_column_scaling),
    ROW(umbra_scaling_excess, 1, FILLED, fill_scaling_excess),
    ROW(umbra_logistic_info, 1, FILLED, fill_logistic_info),
    ROW(umbra_optimum_options, 1, TAKEN, take_optimum_options),
    ROW(umbra_optimum, 1, FILLED, fill_optimum),
    ROW(umbra_train_search_options, 1, TAKEN, take_search_options),
    ROW(umbra_train_trial, 1, FILLED, fill_trial),
    ROW(umbra_feature_layout, 1, TAKEN, take_feature_layout),
    ROW(umbra_feature_layout, 1, FILLED, fill_feature_layout),
    ROW(umbra_convolution_desc, 1, TAKEN, take_convolution_desc),
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
    ROW(umbra_privacy_options, 1, TAKEN, take_privacy_options),
    ROW(umbra_sensitivity, 1, FILLED, fill_sensitivity),
    ROW(umbra_privacy, 1, FILLED, fill_privacy),
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
    ROW(umbra_audit_desc, 1, TAKEN, take_audit_desc),
};
static table all = {rows, sizeof rows / sizeof *rows, 1};

/* ---- the whole ---- */

static int open_all(void **state) {
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT};
  *state = &all;
  options.iterations = ITERATIONS;
  training_open(&t, training_params(), random_records(ROWS, COLUMNS, 1), options, NULL);
  assert_ok(umbra_evaluator_create(&t.s.evaluator, t.s.context, t.s.keys));
  snprintf(table_path, sizeof table_path, "%s/table.csv", t.folder);
  const double values[] = {0.5, 1, -0.5, 0};
  return umbra_table_write(&(umbra_table){2, 2, (double *)values}, table_path) != UMBRA_OK;
}

static int close_all(void **state) {
  (void)state;
  umbra_evaluator_destroy(t.s.evaluator);
  training_close(&t);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {STRUCT_TESTS};
  return cmocka_run_group_tests(tests, open_all, close_all);
}
