/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Sizes that no memory holds, and whose products overflow, wherever keys, plans, matrices, maps and values are asked for by
 * their number: an error each time, and never a crash. On a dry device, where nothing but the numbers is looked at.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <umbra/umbra.h>

static const size_t huge[] = {SIZE_MAX,        SIZE_MAX - 1,          SIZE_MAX / 2,      SIZE_MAX / 2 + 1,
                              SIZE_MAX / 3,    SIZE_MAX / 8 + 1,      SIZE_MAX / 16 + 1, (size_t)1 << 48,
                              (size_t)1 << 33, ((size_t)1 << 32) + 1, (size_t)1 << 32,   ((size_t)1 << 31) + 1};
enum { HUGE_COUNTS = sizeof huge / sizeof *huge };

static umbra_params *params;
static umbra_context *context;
static umbra_key_needs *needs;

static int open_all(void **state) {
  (void)state;
  umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT};
  assert_int_equal(umbra_params_from_preset(&params, "n13-d4-s30"), UMBRA_OK);
  desc.params = params;
  desc.device = "dry";
  assert_int_equal(umbra_context_create(&context, &desc), UMBRA_OK);
  assert_int_equal(umbra_key_needs_create(&needs, params), UMBRA_OK);
  return 0;
}

static int close_all(void **state) {
  (void)state;
  umbra_key_needs_destroy(needs);
  umbra_context_destroy(context);
  umbra_params_destroy(params);
  return 0;
}

#define assert_refused(call)                                                                                   \
  do {                                                                                                         \
    const umbra_status status_ = (call);                                                                       \
    if (status_ == UMBRA_OK || status_ == UMBRA_ERROR_INTERNAL) fail_msg("%s: %s", #call, umbra_last_error()); \
  } while (0)

static void key_requests(void **state) {
  (void)state;
  umbra_key_need need = {UMBRA_KEY_NEED_INIT};
  for (size_t i = 0; i < HUGE_COUNTS; i++) {
    assert_refused(umbra_logistic_needs(needs, huge[i], UMBRA_TOP_LEVEL));
    assert_refused(umbra_key_needs_get(needs, &need, huge[i]));
  }
  assert_int_equal(umbra_key_needs_count(needs), 0);
  assert_int_equal(umbra_key_needs_rotation(needs, INT32_MIN, UMBRA_TOP_LEVEL), UMBRA_OK); /* a multiple of n / 2 */
  assert_int_equal(umbra_key_needs_rotation(needs, INT32_MAX, UMBRA_TOP_LEVEL), UMBRA_OK);
  assert_int_equal(umbra_key_needs_count(needs), 1);
  assert_refused(umbra_key_needs_rotation(needs, 1, UMBRA_TOP_LEVEL - 1));
}

static void products(void **state) {
  (void)state;
  umbra_product_plan *plan = NULL;
  for (size_t i = 0; i < HUGE_COUNTS * HUGE_COUNTS; i++)
    for (int plain = 0; plain < 2; plain++) {
      umbra_product_desc desc = {UMBRA_PRODUCT_DESC_INIT, .plain = plain};
      desc.rows = huge[i % HUGE_COUNTS];
      desc.inner = desc.columns = huge[i / HUGE_COUNTS];
      assert_refused(umbra_product_plan_create(&plan, params, &desc));
    }
}

static void matrices(void **state) {
  (void)state;
  umbra_matrix *matrix = NULL;
  umbra_weights *weights = NULL;
  for (size_t i = 0; i < HUGE_COUNTS * HUGE_COUNTS; i++) {
    const size_t rows = huge[i % HUGE_COUNTS], columns = huge[i / HUGE_COUNTS];
    for (int order = UMBRA_MATRIX_BY_ROWS; order <= UMBRA_MATRIX_INTERLEAVED; order++)
      for (uint32_t stride = 0; stride <= 64; stride += 64) {
        const umbra_matrix_layout layout = {UMBRA_MATRIX_LAYOUT_INIT, .order = (umbra_matrix_order)order,
                                            .stride = stride};
        assert_refused(umbra_dry_matrix(&matrix, context, rows, columns, UMBRA_TOP_LEVEL, 1, &layout));
      }
    const umbra_array values = {UMBRA_ARRAY_INIT, .rows = rows, .columns = columns};
    umbra_weights_desc desc = {UMBRA_WEIGHTS_DESC_INIT, .values = &values};
    assert_refused(umbra_weights_create(&weights, context, &desc, NULL));
  }
}

static void linear_maps(void **state) {
  (void)state;
  umbra_transform *map = NULL;
  for (size_t i = 0; i < HUGE_COUNTS * HUGE_COUNTS; i++) {
    umbra_transform_desc desc = {UMBRA_TRANSFORM_DESC_INIT};
    desc.rows = huge[i % HUGE_COUNTS];
    desc.columns = huge[i / HUGE_COUNTS];
    assert_refused(umbra_transform_create(&map, context, &desc, NULL));
    desc.rows = 3;
    assert_refused(umbra_transform_create(&map, context, &desc, NULL));
    static const int32_t rotations[] = {0, 1};
    umbra_transform_desc diagonals = {UMBRA_TRANSFORM_DESC_INIT};
    diagonals.rotations = rotations;
    diagonals.diagonals = 2;
    diagonals.outputs = huge[i % HUGE_COUNTS];
    assert_refused(umbra_transform_create(&map, context, &diagonals, NULL));
    diagonals.diagonals = huge[i / HUGE_COUNTS];
    assert_refused(umbra_transform_create(&map, context, &diagonals, NULL));
  }
}

static void feature_maps(void **state) {
  (void)state;
  umbra_feature_map *map = NULL;
  static const uint32_t sizes[] = {UINT32_MAX, UINT32_MAX - 1, 1u << 31, 1u << 30, 65537, 65536};
  enum { SIZES = sizeof sizes / sizeof *sizes };
  for (size_t i = 0; i < SIZES * SIZES * SIZES; i++) {
    const umbra_feature_layout layout = {UMBRA_FEATURE_LAYOUT_INIT, .channels = sizes[i % SIZES],
                                         .height = sizes[i / SIZES % SIZES], .width = sizes[i / SIZES / SIZES]};
    assert_refused(umbra_dry_feature_map(&map, context, UMBRA_TOP_LEVEL, 1, &layout));
  }
}

static void trainings(void **state) {
  (void)state;
  umbra_train_plan *plan = NULL;
  umbra_records *records = NULL;
  umbra_params *boot = NULL;
  const double one = 1;
  assert_int_equal(umbra_params_from_preset(&boot, "boot-32k"), UMBRA_OK);
  for (size_t i = 0; i < HUGE_COUNTS * HUGE_COUNTS; i++) {
    umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT};
    options.rows = huge[i % HUGE_COUNTS];
    options.columns = huge[i / HUGE_COUNTS];
    assert_refused(umbra_train_plan_create(&plan, boot, &options));
    options.columns = 3;
    options.batch = huge[i / HUGE_COUNTS];
    assert_refused(umbra_train_plan_create(&plan, boot, &options));
    if (i / HUGE_COUNTS < 7)
      assert_refused(umbra_records_create(&records, &one, &one, huge[i % HUGE_COUNTS], huge[i / HUGE_COUNTS]));
  }
  umbra_params_destroy(boot);
}

static void values(void **state) {
  (void)state;
  umbra_plaintext *plaintext = NULL;
  umbra_softmax_plan *softmax = NULL;
  const double one = 1;
  for (size_t i = 0; i < HUGE_COUNTS; i++) {
    assert_refused(umbra_encode(&plaintext, context, &one, huge[i], NULL));
    assert_refused(umbra_encode_complex(&plaintext, context, &one, huge[i], NULL));
    assert_refused(umbra_softmax_plan_create(&softmax, huge[i], NULL));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(key_requests), cmocka_unit_test(products),
                                     cmocka_unit_test(matrices),     cmocka_unit_test(linear_maps),
                                     cmocka_unit_test(feature_maps), cmocka_unit_test(trainings),
                                     cmocka_unit_test(values)};
  return cmocka_run_group_tests(tests, open_all, close_all);
}
