/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * The table of an H200 against scripts/gpu_model.py, which knows more (caches, instructions, what a launch waits for): the
 * same launches and bytes, and about the same times, for the operations of bench/predictions/h200.json.
 */
#include <cjson/cJSON.h>

#include "scheme.h"

enum { HOISTED = 8, MOST_TEXT = 1 << 16 };
static const double most_off = 0.15;

typedef struct job {
  umbra_context *context;
  umbra_evaluator *evaluator;
  umbra_bootstrapper *bootstrapper; /* NULL: of a set that does not refresh */
  umbra_ciphertext *x, *y, *out[HOISTED];
  umbra_matrix *records, *product;
  umbra_weights *weights;
} job;

/* Presets, and one set more. */
static umbra_params *params_of(const char *name) {
  umbra_params *params = NULL;
  umbra_params_need small = {UMBRA_PARAMS_NEED_INIT, .depth = 1, .log_n = 12};
  small.scale_bits = 30;
  if (strcmp(name, "n12-d1-s30") == 0) assert_ok(umbra_params_from_need(&params, &small));
  else assert_ok(umbra_params_from_preset(&params, name));
  return params;
}

/* As in the benchmark: 1024 x 1024 times 4096 records in pairs. */
static void open_matrices(job *j) {
  enum { SIDE = 1024, RECORDS = 4096, SLOTS = 2048 };
  const umbra_matrix_layout layout = {UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_BY_COLUMNS, .stride = SLOTS,
                                      .pairs = 1};
  const umbra_array values = {UMBRA_ARRAY_INIT, .rows = SIDE, .columns = SIDE};
  const umbra_weights_desc desc = {UMBRA_WEIGHTS_DESC_INIT, .values = &values};
  assert_ok(umbra_weights_create(&j->weights, j->context, &desc, NULL));
  assert_ok(umbra_dry_matrix(&j->records, j->context, RECORDS, SIDE, UMBRA_TOP_LEVEL, 1, &layout));
}

static void job_open(job *j, const char *name) {
  umbra_params *params = params_of(name);
  umbra_bootstrap_plan *plan = NULL;
  umbra_bootstrap_report report = {UMBRA_BOOTSTRAP_REPORT_INIT};
  uint32_t level = UMBRA_TOP_LEVEL;
  *j = (job){0};
  assert_ok(umbra_context_create(&j->context,
                                 &(umbra_context_desc){UMBRA_CONTEXT_DESC_INIT, .params = params, .device = "dry"}));
  umbra_params_destroy(params);
  assert_ok(umbra_evaluator_create(&j->evaluator, j->context, NULL));
  assert_ok(umbra_context_cost_machine(j->context, "h200"));
  if (strncmp(name, "boot", 4) == 0) {
    const umbra_bootstrap_options options = {UMBRA_BOOTSTRAP_OPTIONS_INIT, .target = UMBRA_TARGET_GPU};
    assert_ok(umbra_bootstrap_plan_create(&plan, umbra_context_params(j->context), &options));
    assert_ok(umbra_bootstrap_plan_report(plan, &report));
    assert_ok(umbra_bootstrapper_create(&j->bootstrapper, j->context, plan, NULL));
    umbra_bootstrap_plan_destroy(plan);
    level = report.input_level;
  }
  assert_ok(umbra_dry_ciphertext(&j->x, j->context, level, 0, 1));
  assert_ok(umbra_dry_ciphertext(&j->y, j->context, level, 0, 1));
  if (strncmp(name, "n12", 3) == 0) open_matrices(j);
}

static void job_close(job *j) {
  umbra_matrix_destroy(j->records);
  umbra_matrix_destroy(j->product);
  umbra_weights_destroy(j->weights);
  umbra_ciphertext_destroy(j->x);
  umbra_ciphertext_destroy(j->y);
  for (int i = 0; i < HOISTED; i++) umbra_ciphertext_destroy(j->out[i]);
  umbra_bootstrapper_destroy(j->bootstrapper);
  umbra_evaluator_destroy(j->evaluator);
  umbra_context_destroy(j->context);
}

static umbra_status product(job *j) { return umbra_mul(j->evaluator, j->out, j->x, j->y); }
static umbra_status rotation(job *j) { return umbra_rotate(j->evaluator, j->out, j->x, 1); }
static umbra_status refresh(job *j) { return umbra_bootstrap(j->evaluator, j->out, j->x, j->bootstrapper); }

static umbra_status product_of_matrices(job *j) {
  return umbra_matrix_apply(j->evaluator, &j->product, j->records, j->weights);
}

static umbra_status rotations(job *j) {
  static const int32_t steps[HOISTED] = {1, 2, 3, 4, 5, 6, 7, 8};
  return umbra_rotate_many(j->evaluator, j->out, j->x, steps, HOISTED);
}

static const struct {
  const char *name, *params;
  umbra_status (*run)(job *j);
} operations[] = {{"mul_relin_rescale", "n16-d24-s50", product},
                  {"rotate", "n16-d24-s50", rotation},
                  {"rotate_hoisted_8", "n16-d24-s50", rotations},
                  {"product_plain_batch", "n12-d1-s30", product_of_matrices},
                  {"bootstrap", "boot-64k-40", refresh}};
enum { OPERATIONS = sizeof operations / sizeof *operations };

static cJSON *read_predictions(void) {
  static char text[MOST_TEXT];
  FILE *file = fopen(UMBRA_SOURCE_DIR "/bench/predictions/h200.json", "r");
  assert_non_null(file);
  assert_true(fread(text, 1, sizeof text - 1, file) < sizeof text - 1);
  fclose(file);
  cJSON *root = cJSON_Parse(text);
  assert_non_null(root);
  return root;
}

static double number_of(const cJSON *row, const char *name) { return cJSON_GetObjectItem(row, name)->valuedouble; }

static const cJSON *row_of(const cJSON *root, int operation) {
  const cJSON *row;
  cJSON_ArrayForEach(row, cJSON_GetObjectItem(root, "rows")) {
    const char *name = cJSON_GetObjectItem(row, "name")->valuestring;
    const char *params = cJSON_GetObjectItem(row, "params")->valuestring;
    if (strcmp(name, operations[operation].name) == 0 && strcmp(params, operations[operation].params) == 0) return row;
  }
  fail_msg("%s is not in the file", operations[operation].name);
  return NULL;
}

static void hold(int operation, const cJSON *row) {
  job j;
  umbra_cost cost = {UMBRA_COST_INIT};
  job_open(&j, operations[operation].params);
  for (int run = 0; run < 2; run++) {
    assert_ok(umbra_context_cost_begin(j.context));
    assert_ok(operations[operation].run(&j));
  }
  assert_ok(umbra_context_cost(j.context, &cost));
  const double predicted = 1e-6 * number_of(row, "microseconds");
  printf("%s: %zu launches, %.0f us; the model's %.0f us\n", operations[operation].name, cost.launches,
         1e6 * cost.seconds, 1e6 * predicted);
  assert_int_equal(cost.launches, (size_t)number_of(row, "launches"));
  assert_int_equal(cost.memory_bytes, (uint64_t)number_of(row, "counted_bytes"));
  assert_true(fabs(cost.seconds / predicted - 1) < most_off);
  job_close(&j);
}

static void test_predictions(void **state) {
  (void)state;
  cJSON *root = read_predictions();
  for (int i = 0; i < OPERATIONS; i++) hold(i, row_of(root, i));
  cJSON_Delete(root);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_predictions)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
