/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Dry devices: refreshes, linear maps, convolutions, products of matrices and scores against real ones. */
#include <umbra/convolution.h>

#include "dry_sides.h"
#include "host/base/memory.h"
#include "host/circuits/bootstrap/bootstrap_plan.h"
#include "host/linalg/matrix.h"
#include "host/nn/feature_map.h"
#include "host/nn/logistic.h"

/* ---- refreshes ---- */

static void refresh(side *s, uint64_t seed) {
  (void)seed;
  umbra_status status = umbra_bootstrap(s->evaluator, &s->x[0], s->x[1], s->bootstrapper);
  see(s, status, s->x[0]);
}

static void refresh_pair(side *s, uint64_t seed) {
  (void)seed;
  umbra_status status = umbra_bootstrap_pair(s->evaluator, &s->x[0], &s->x[1], s->x[2], s->x[3], s->bootstrapper);
  see(s, status, s->x[0]);
  see(s, status, s->x[1]);
}

/* From a level where products need a refresh, which the evaluator does. */
static void refresh_on_demand(side *s, uint64_t seed) {
  (void)seed;
  assert_ok(umbra_evaluator_bootstrap_with(s->evaluator, s->bootstrapper));
  for (int i = 0; i < 2; i++) {
    umbra_status status = umbra_mul(s->evaluator, &s->x[0], s->x[0], s->x[1]);
    see(s, status, s->x[0]);
  }
  assert_ok(umbra_evaluator_bootstrap_with(s->evaluator, NULL));
}

typedef struct variant {
  umbra_bootstrap_options options;
  void (*run)(side *s, uint64_t seed);
  int precise, as_planned; /* as_planned: one refresh, which is what the plan counts */
} variant;

static const variant variants[] = {
    {{UMBRA_BOOTSTRAP_OPTIONS_INIT}, refresh, 0, 1},
    {{UMBRA_BOOTSTRAP_OPTIONS_INIT}, refresh_pair, 0, 0},
    {{UMBRA_BOOTSTRAP_OPTIONS_INIT, .slots = 16}, refresh, 1, 1},
    {{UMBRA_BOOTSTRAP_OPTIONS_INIT, .order = UMBRA_BOOTSTRAP_STC_FIRST}, refresh_on_demand, 0, 0},
    {{UMBRA_BOOTSTRAP_OPTIONS_INIT, .order = UMBRA_BOOTSTRAP_STC_FIRST}, refresh, 0, 1},
    {{UMBRA_BOOTSTRAP_OPTIONS_INIT, .min_key = 1}, refresh, 0, 1},
    {{UMBRA_BOOTSTRAP_OPTIONS_INIT, .slots = 64, .min_key = 1}, refresh, 0, 1},
    {{UMBRA_BOOTSTRAP_OPTIONS_INIT, .slots = 2, .order = UMBRA_BOOTSTRAP_STC_FIRST}, refresh, 0, 1},
    {{.struct_size = sizeof(umbra_bootstrap_options), .slots = 128, .bound = 1, .rounds = 2}, refresh, 1, 1},
};

/*
 * The figures of the plan against those of the run, in which keys are looked for one by one; memory, with the registers
 * that a plan does not have.
 */
static void assert_as_planned(const umbra_cost *cost, const umbra_bootstrap_report *report,
                              const umbra_params *params) {
  const umbra_window window = params->chain.window[report->input_level];
  const uint64_t others = (REGISTERS - 1) * 2 * window.count * (sizeof(uint32_t) << LOG_N);
  assert_int_equal(cost->key_switches + cost->ephemeral_switches, report->key_switches);
  assert_int_equal(cost->keys, report->keys);
  assert_int_equal(cost->key_bytes, report->key_bytes);
  assert_int_equal(cost->lowest_level, report->output_level);
  assert_int_equal(cost->peak_bytes, report->key_bytes + report->plain_bytes + report->workspace_bytes + others);
}

static void hold_variant(const variant *v, uint64_t number) {
  umbra_params *params = v->precise ? boot_twin_precise(LOG_N) : boot_twin_40(LOG_N);
  umbra_bootstrap_plan *plan = NULL;
  umbra_bootstrap_report report = {UMBRA_BOOTSTRAP_REPORT_INIT};
  umbra_bootstrap_options options = v->options;
  if (v->as_planned) options.target = UMBRA_TARGET_GPU; /* whose calls a dry device counts */
  assert_ok(umbra_bootstrap_plan_create(&plan, params, &options));
  assert_ok(umbra_bootstrap_plan_report(plan, &report));
  const work w = {params, plan, v->run, number, report.input_level, report.slots};
  umbra_key_needs_destroy(plan->needs); /* or both sides would ask for what the plan says */
  plan->needs = NULL;
  assert_ok(umbra_key_needs_create(&plan->needs, params));
  const umbra_cost cost = hold(&w, 5 * number);
  assert_true(cost.constant_bytes >= report.plain_bytes);
  if (v->as_planned) assert_as_planned(&cost, &report, params);
  umbra_bootstrap_plan_destroy(plan);
  umbra_params_destroy(params);
}

static void test_refreshes(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) hold_variant(&variants[i], i);
}

/* Makes a bootstrapper; returns how many blocks of the host's memory that took. */
static long allocations_of(umbra_bootstrapper **made, const umbra_context *context, const umbra_bootstrap_plan *plan) {
  const long most = 1000000;
  long left = 0;
  umbra_alloc_fail_after(most);
  assert_ok(umbra_bootstrapper_create(made, context, plan, NULL));
  while (!umbra_alloc_must_fail()) left++;
  return most - left;
}

/*
 * Encodings are counted as they are, and made of nothing but their bounds: no other context computes values, and there is
 * no memory for them, of which a factor of a matrix takes a block.
 */
static void hold_bootstrapper(const variant *v) {
  umbra_params *params = v->precise ? boot_twin_precise(LOG_N) : boot_twin_40(LOG_N);
  umbra_bootstrap_plan *plan = NULL;
  umbra_bootstrapper *made = NULL;
  const work w = {.params = params};
  side dry, real;
  side_open(&dry, &w, "dry");
  side_open(&real, &w, "cpu");
  assert_ok(umbra_bootstrap_plan_create(&plan, params, &v->options));
  assert_ok(umbra_context_cost_begin(dry.context));
  const long without = allocations_of(&made, dry.context, plan);
  const uint64_t bytes = umbra_bootstrapper_bytes(made);
  umbra_bootstrapper_destroy(made);
  made = NULL;
  counting_begin(real.context);
  const long with = allocations_of(&made, real.context, plan);
  counting_end();
  assert_same_calls(&dry);
  assert_true(with - without >= (long)plan->cts.factors + plan->stc.factors);
  assert_null(dry.context->home);
  assert_int_equal(umbra_bootstrapper_bytes(made), bytes);
  umbra_bootstrapper_destroy(made);
  umbra_bootstrap_plan_destroy(plan);
  side_close(&dry);
  side_close(&real);
  umbra_params_destroy(params);
}

static void test_bootstrappers(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) hold_bootstrapper(&variants[i]);
}

/* ---- linear maps ---- */

enum { MOST_ROWS = 40, MOST_OUTPUTS = 5 };

/* A random matrix, dense or sparse, encoded and applied. */
static void linear_map(side *s, uint64_t seed) {
  double values[2 * MOST_ROWS * MOST_ROWS] = {0};
  umbra_transform_desc desc = {UMBRA_TRANSFORM_DESC_INIT, .values = values};
  umbra_transform *transform = NULL;
  umbra_ciphertext *outs[MOST_OUTPUTS] = {0};
  desc.rows = 1 + below(&seed, MOST_ROWS);
  desc.columns = 2 + below(&seed, 15);
  desc.slots = below(&seed, 2) ? 16 : 0;
  desc.min_key = below(&seed, 3) == 0;
  desc.pairs = (int)below(&seed, 2);
  desc.encode = below(&seed, 2) ? UMBRA_TRANSFORM_AT_USE : UMBRA_TRANSFORM_ENCODED;
  const uint32_t density = below(&seed, 2) ? 1 : 9;
  for (size_t i = 0; i < 2 * desc.rows * desc.columns; i += density) values[i] = uniform(&seed);
  assert_ok(umbra_transform_create(&transform, s->context, &desc, NULL));
  umbra_status status = umbra_transform_apply(s->evaluator, outs, s->x[0], transform);
  for (size_t i = 0; i < umbra_transform_outputs(transform); i++) see(s, status, outs[i]);
  umbra_transform_destroy(transform);
  for (int i = 0; i < MOST_OUTPUTS; i++) umbra_ciphertext_destroy(outs[i]);
}

static void test_linear_maps(void **state) {
  (void)state;
  umbra_params *params = test_params(LOG_N, 40, DEPTH);
  for (uint64_t seed = 0; seed < 20; seed++) {
    const work w = {params, NULL, linear_map, seed, UMBRA_TOP_LEVEL, 2};
    hold(&w, seed);
  }
  umbra_params_destroy(params);
}

/* ---- convolutions ---- */

/* The map is put together of a ciphertext: a key to encrypt it with is what a dry device lacks. */
static void convolve(side *s, uint64_t seed) {
  umbra_feature_layout layout = {UMBRA_FEATURE_LAYOUT_INIT, .channels = 3, .height = 7, .width = 6};
  umbra_convolution_desc desc = {
      UMBRA_CONVOLUTION_DESC_INIT,    .input = &layout, .channels = 4, .kernel_y = 3, .kernel_x = 2,
      .stride_y = 1 + below(&seed, 2)};
  double weights[4 * 3 * 3 * 2], bias[4] = {1, 2, 3, 4};
  umbra_convolution *convolution = NULL;
  umbra_feature_map *map = NULL, *out = NULL;
  for (size_t i = 0; i < sizeof weights / sizeof *weights; i++) weights[i] = uniform(&seed);
  desc.weights = weights;
  desc.bias = bias;
  desc.encode = below(&seed, 2) ? UMBRA_TRANSFORM_AT_USE : UMBRA_TRANSFORM_ENCODED;
  assert_ok(umbra_convolution_create(&convolution, s->context, &desc, NULL));
  assert_ok(umbra_feature_layout_choose(&layout, umbra_params_slots(umbra_context_params(s->context))));
  assert_ok(umbra_feature_map_make(&map, s->context, &layout));
  assert_ok(umbra_ciphertext_copy(&map->part[0], s->x[0]));
  umbra_status status = umbra_convolution_apply(s->evaluator, &out, map, convolution);
  see(s, status, out ? out->part[0] : NULL);
  umbra_feature_map_destroy(map);
  umbra_feature_map_destroy(out);
  umbra_convolution_destroy(convolution);
}

static void test_convolutions(void **state) {
  (void)state;
  umbra_params *params = test_params(LOG_N, 40, DEPTH);
  for (uint64_t seed = 0; seed < 6; seed++) {
    const work w = {params, NULL, convolve, seed, UMBRA_TOP_LEVEL, 256};
    hold(&w, seed);
  }
  umbra_params_destroy(params);
}

/* Equal values on a diagonal are judged alike, at the limit of a level, too. */
static void test_linear_maps_at_the_limit(void **state) {
  (void)state;
  umbra_params *params = test_params(LOG_N, 40, DEPTH);
  const work w = {.params = params};
  side dry, real;
  int refused = 0;
  side_open(&dry, &w, "dry");
  side_open(&real, &w, "cpu");
  for (int bits = 20; bits < 80; bits++) {
    const double value = ldexp(1.5, bits);
    const umbra_transform_desc desc = {UMBRA_TRANSFORM_DESC_INIT, .values = &value, .rows = 1, .columns = 1};
    umbra_transform_desc low = desc;
    umbra_transform *made = NULL;
    low.level = 1;
    umbra_status without = umbra_transform_create(&made, dry.context, &low, NULL);
    umbra_status with = umbra_transform_create(&made, real.context, &low, NULL);
    assert_int_equal(without, with);
    refused += with == UMBRA_ERROR_RANGE;
    umbra_transform_destroy(made);
  }
  assert_in_range(refused, 10, 50);
  side_close(&dry);
  side_close(&real);
  umbra_params_destroy(params);
}

/* ---- scoring ---- */

enum { FEATURES = 5 };

/* The model and the records are put together of ciphertexts: a key to encrypt them with is what a dry device lacks. */
static void score(side *s, uint64_t seed) {
  (void)seed;
  const double sigmoid[] = {0.5, 0.4, 0, -0.1};
  const umbra_matrix_layout layout = umbra_layout_of_records(umbra_context_params(s->context), FEATURES);
  umbra_logistic *model = NULL;
  umbra_matrix *records = NULL, *scores = NULL;
  umbra_ciphertext *weights = NULL;
  assert_ok(umbra_ciphertext_copy(&weights, s->x[0]));
  assert_ok(umbra_logistic_make(&model, weights, FEATURES, 8, 3, sigmoid));
  assert_ok(umbra_matrix_make(&records, s->context, 2 * umbra_layout_rows_per_part(&layout), FEATURES, &layout));
  for (size_t i = 0; i < records->parts; i++) assert_ok(umbra_ciphertext_copy(&records->part[i], s->x[1 + i]));
  umbra_status status = umbra_logistic_score(s->evaluator, &scores, model, records, NULL);
  for (size_t i = 0; i < records->parts; i++) see(s, status, scores ? scores->part[i] : NULL);
  umbra_matrix_destroy(scores);
  umbra_matrix_destroy(records);
  umbra_logistic_destroy(model);
}

static void test_scoring(void **state) {
  (void)state;
  umbra_params *params = test_params(LOG_N, 40, DEPTH);
  const work w = {params, NULL, score, 0, UMBRA_TOP_LEVEL, 0};
  for (uint64_t less = 0; less < 4; less++) {
    const umbra_cost cost = hold(&w, less);
    assert_int_equal(cost.keys, 4); /* relinearisation, and rotations by 1, 2 and 4 */
  }
  umbra_params_destroy(params);
}

/* ---- products of encrypted matrices ---- */

static const struct {
  umbra_matrix_order a, b;
  uint32_t stride, slots;
  size_t keys;
} multiplied[] = {
    {UMBRA_MATRIX_TILES_LEFT, UMBRA_MATRIX_TILES_RIGHT, 4, 32, 5},
    {UMBRA_MATRIX_TILES, UMBRA_MATRIX_TILES, 2, 8, 5},
    {UMBRA_MATRIX_BY_COLUMNS, UMBRA_MATRIX_DIAGONALS, 4, 8, 2},
};
enum { MULTIPLIED = sizeof multiplied / sizeof *multiplied };

/* A square matrix of `first` and the registers after it. */
static umbra_matrix *matrix_of(const side *s, size_t rows, const umbra_matrix_layout *layout, int first) {
  umbra_matrix *matrix = NULL;
  assert_ok(umbra_matrix_make(&matrix, s->context, rows, rows, layout));
  for (size_t i = 0; i < matrix->parts; i++)
    assert_ok(umbra_ciphertext_copy(&matrix->part[i], s->x[(size_t)first + i]));
  return matrix;
}

static void multiply_matrices(side *s, uint64_t which) {
  const uint32_t stride = multiplied[which].stride, slots = multiplied[which].slots;
  umbra_matrix_layout layout = {UMBRA_MATRIX_LAYOUT_INIT, .order = multiplied[which].a, .stride = stride,
                                .slots = slots, .group = 1};
  umbra_matrix *a = matrix_of(s, 2, &layout, 0), *b = NULL, *product = NULL;
  layout.order = multiplied[which].b;
  b = matrix_of(s, 2, &layout, 1);
  const umbra_status status = umbra_matrix_multiply(s->evaluator, &product, a, b, NULL);
  see(s, status, product ? product->part[0] : NULL);
  umbra_matrix_destroy(a);
  umbra_matrix_destroy(b);
  umbra_matrix_destroy(product);
}

static void test_products_of_matrices(void **state) {
  (void)state;
  umbra_params *params = test_params(LOG_N, 40, DEPTH);
  for (size_t i = 0; i < MULTIPLIED; i++) {
    const work w = {params, NULL, multiply_matrices, i, UMBRA_TOP_LEVEL, multiplied[i].slots};
    for (uint64_t less = 0; less < multiplied[i].keys; less++) {
      const umbra_cost cost = hold(&w, less);
      assert_int_equal(cost.keys, multiplied[i].keys);
    }
  }
  umbra_params_destroy(params);
}

/* ---- products with plain matrices ---- */

enum { INPUTS = 4, OUTPUTS = 3 };

/*
 * The registers as a matrix by columns: each is a column, or half of them two columns, or one is all four. Or one has all
 * columns in copies that are shifted by two.
 */
static umbra_matrix *columns_of(const side *s, uint32_t together) {
  const uint32_t slots = umbra_ciphertext_slots(s->x[0]);
  umbra_matrix_layout layout = {UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_BY_COLUMNS, .slots = slots, .group = 1};
  umbra_matrix *matrix = NULL;
  if (together <= INPUTS) {
    layout.stride = slots / together;
  } else {
    layout.order = UMBRA_MATRIX_SHIFTED;
    layout.stride = slots / 2;
    layout.group = 2;
  }
  assert_ok(umbra_matrix_make(&matrix, s->context, together <= INPUTS ? 5 : 1, INPUTS, &layout));
  assert_int_equal(matrix->parts, together <= INPUTS ? INPUTS / together : 1);
  for (size_t i = 0; i < matrix->parts; i++) assert_ok(umbra_ciphertext_copy(&matrix->part[i], s->x[i]));
  return matrix;
}

/* On the dry device without values. */
static void multiply_by_weights(side *s, uint64_t together) {
  double numbers[INPUTS * OUTPUTS];
  for (int i = 0; i < INPUTS * OUTPUTS; i++) numbers[i] = 0.75;
  const umbra_array values = {UMBRA_ARRAY_INIT, .data = s->secret ? numbers : NULL, .rows = OUTPUTS, .columns = INPUTS},
                    bias = {UMBRA_ARRAY_INIT, .data = values.data, .rows = OUTPUTS, .columns = 1};
  umbra_matrix *matrix = columns_of(s, (uint32_t)together);
  umbra_weights *weights = NULL;
  umbra_weights_desc desc = {UMBRA_WEIGHTS_DESC_INIT, .values = &values, .bias = &bias, .layout = &matrix->layout};
  umbra_matrix *product = NULL;
  desc.bound = 0.75;
  desc.level = umbra_matrix_level(matrix) - 1; /* which takes a step down before */
  assert_ok(umbra_weights_create(&weights, s->context, &desc, NULL));
  umbra_status status = umbra_matrix_apply(s->evaluator, &product, matrix, weights);
  for (size_t i = 0; i < (product ? product->parts : 1); i++) see(s, status, product ? product->part[i] : NULL);
  umbra_matrix_destroy(product);
  umbra_matrix_destroy(matrix);
  umbra_weights_destroy(weights);
}

static void test_weights(void **state) {
  (void)state;
  umbra_params *params = test_params(LOG_N, 40, DEPTH);
  const uint64_t keys[] = {0, 1, 3, 2};
  for (uint32_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    const work w = {params, NULL, multiply_by_weights, 1u << i, UMBRA_TOP_LEVEL, 0};
    for (uint64_t less = 0; less < (keys[i] ? keys[i] : 1); less++) {
      const umbra_cost cost = hold(&w, less);
      assert_int_equal(cost.keys, keys[i]);
    }
  }
  umbra_params_destroy(params);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_refreshes),
      cmocka_unit_test(test_bootstrappers),
      cmocka_unit_test(test_linear_maps),
      cmocka_unit_test(test_convolutions),
      cmocka_unit_test(test_linear_maps_at_the_limit),
      cmocka_unit_test(test_scoring),
      cmocka_unit_test(test_products_of_matrices),
      cmocka_unit_test(test_weights),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
