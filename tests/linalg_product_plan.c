/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Plans of products: what they choose computes the product, with the keys they name and at the level they state. */
#include "scheme.h"

enum { LOG_N = 11, DEPTH = 3, SLOTS = 1 << (LOG_N - 1), TEXT = 1 << 14 };

static umbra_params *params;

static umbra_product_plan *plan_of(size_t rows, size_t inner, size_t columns, int plain, umbra_target target) {
  umbra_product_desc desc = {UMBRA_PRODUCT_DESC_INIT, .rows = rows, .inner = inner, .columns = columns};
  umbra_product_plan *plan = NULL;
  desc.plain = plain;
  desc.target = target;
  assert_ok(umbra_product_plan_create(&plan, params, &desc));
  return plan;
}

/* ---- the plan, followed ---- */

static void check_product(const double *found, const double *a, const double *b, const umbra_product_desc *d) {
  for (size_t r = 0; r < d->rows; r++) {
    for (size_t c = 0; c < d->columns; c++) {
      double expected = 0;
      for (size_t k = 0; k < d->inner; k++) expected += a[r * d->inner + k] * b[k * d->columns + c];
      if (!(fabs(found[r * d->columns + c] - expected) < 1e-4))
        fail_msg("element (%zu, %zu) is %g, not %g", r, c, found[r * d->columns + c], expected);
    }
  }
}

static umbra_matrix *encrypted(const scheme *s, const double *values, size_t rows, size_t columns,
                               const umbra_matrix_layout *layout) {
  umbra_matrix *matrix = NULL;
  assert_ok(umbra_matrix_encrypt(&matrix, s->public, values, rows, columns, layout, NULL));
  return matrix;
}

/* b is transposed in weights. */
static void apply(const scheme *s, umbra_matrix **a, const double *b, const umbra_product_desc *d,
                  const umbra_matrix_layout *layout) {
  const umbra_array values = {UMBRA_ARRAY_INIT,    .data = b,       .rows = d->columns,
                              .columns = d->inner, .row_stride = 1, .column_stride = (ptrdiff_t)d->columns};
  const umbra_weights_desc desc = {UMBRA_WEIGHTS_DESC_INIT, .values = &values, .layout = layout};
  umbra_weights *weights = NULL;
  assert_ok(umbra_weights_create(&weights, s->context, &desc, NULL));
  assert_ok(umbra_matrix_apply(s->evaluator, a, *a, weights));
  umbra_weights_destroy(weights);
}

/* Candidate `number`, with the keys that `needs` has. */
static void follow(const umbra_product_plan *plan, size_t number, const umbra_product_desc *d, umbra_key_needs *needs) {
  umbra_product_candidate candidate = {UMBRA_PRODUCT_CANDIDATE_INIT};
  umbra_matrix_layout layout_a = {UMBRA_MATRIX_LAYOUT_INIT}, layout_b = {UMBRA_MATRIX_LAYOUT_INIT};
  uint64_t random = 7;
  double *a = random_values(&random, d->rows * d->inner), *b = random_values(&random, d->inner * d->columns);
  double *found = random_values(&random, d->rows * d->columns);
  scheme s;
  scheme_open_for(&s, umbra_params_share(params), NULL, needs);
  assert_ok(umbra_product_plan_get(plan, &candidate, number));
  assert_ok(umbra_product_plan_layouts(plan, &layout_a, d->plain ? NULL : &layout_b, number));
  umbra_matrix *x = encrypted(&s, a, d->rows, d->inner, &layout_a), *y = NULL;
  if (d->plain) apply(&s, &x, b, d, &layout_a);
  else y = encrypted(&s, b, d->inner, d->columns, &layout_b);
  if (y) assert_ok(umbra_matrix_multiply(s.evaluator, &x, x, y, NULL));
  assert_int_equal(umbra_matrix_level(x), candidate.level);
  assert_ok(umbra_matrix_decrypt(x, found, s.secret, NULL));
  check_product(found, a, b, d);
  umbra_matrix_destroy(x);
  umbra_matrix_destroy(y);
  scheme_close(&s);
  free(a);
  free(b);
  free(found);
}

static void plans_are_followed(void **state) {
  (void)state;
  static const umbra_product_desc products[] = {
      {.rows = 5, .inner = 20, .columns = 7, .plain = 1},
      {.rows = 600, .inner = 9, .columns = 4, .plain = 1},
      {.rows = SLOTS + 9, .inner = 9, .columns = 4, .plain = 1},
      {.rows = 1, .inner = 40, .columns = 33, .plain = 1},
      {.rows = 12, .inner = 10, .columns = 6},
      {.rows = 40, .inner = 20, .columns = 30},
  };
  for (size_t i = 0; i < sizeof products / sizeof *products; i++) {
    const umbra_product_desc *d = &products[i];
    umbra_product_plan *plan = plan_of(d->rows, d->inner, d->columns, d->plain, UMBRA_TARGET_CPU);
    umbra_key_needs *needs = NULL;
    umbra_cost cost = {UMBRA_COST_INIT};
    assert_ok(umbra_key_needs_create(&needs, params));
    assert_ok(umbra_product_plan_add_needs(plan, needs));
    assert_ok(umbra_product_plan_cost(plan, &cost, 0));
    assert_int_equal(umbra_key_needs_count(needs), cost.keys);
    follow(plan, 0, d, needs);
    umbra_product_plan_destroy(plan);
  }
}

/* ---- the choice ---- */

static void cheapest_is_first(void **state) {
  (void)state;
  for (int plain = 0; plain < 2; plain++) {
    for (int target = 0; target < 2; target++) {
      umbra_product_plan *plan = plan_of(100, 50, 20, plain, (umbra_target)target);
      const size_t count = umbra_product_plan_candidates(plan);
      double last = 0;
      assert_true(count > 3);
      for (size_t i = 0; i < count; i++) {
        umbra_product_candidate candidate = {UMBRA_PRODUCT_CANDIDATE_INIT};
        assert_ok(umbra_product_plan_get(plan, &candidate, i));
        assert_true(candidate.seconds >= last && candidate.seconds > 0 && candidate.a_ciphertexts > 0);
        assert_int_equal(!candidate.b_ciphertexts, plain);
        last = candidate.seconds;
      }
      umbra_product_plan_destroy(plan);
    }
  }
}

/* A ciphertext for each column, without keys; the records are in real parts as long as they fit there, then in both. */
static void check_columns(size_t records, int pairs) {
  umbra_matrix_layout layout = {UMBRA_MATRIX_LAYOUT_INIT};
  umbra_product_plan *plan = plan_of(records, 200, 200, 1, UMBRA_TARGET_CPU);
  umbra_product_candidate candidate = {UMBRA_PRODUCT_CANDIDATE_INIT};
  umbra_cost cost = {UMBRA_COST_INIT};
  assert_ok(umbra_product_plan_layouts(plan, &layout, NULL, 0));
  assert_int_equal(layout.stride, layout.slots);
  assert_int_equal(layout.pairs, pairs);
  assert_ok(umbra_product_plan_get(plan, &candidate, 0));
  assert_int_equal(candidate.a_ciphertexts, 200);
  assert_ok(umbra_product_plan_cost(plan, &cost, 0));
  assert_int_equal(cost.keys, 0);
  umbra_product_plan_destroy(plan);
}

/* One record is in shifted copies if there is room for them: of those that do without, one ciphertext by columns is best. */
static void check_vector(size_t size, umbra_matrix_order best) {
  umbra_matrix_layout layout = {UMBRA_MATRIX_LAYOUT_INIT};
  umbra_product_plan *plan = plan_of(1, size, size, 1, UMBRA_TARGET_CPU);
  assert_ok(umbra_product_plan_layouts(plan, &layout, NULL, 0));
  assert_int_equal(layout.order, best);
  for (size_t i = 1; layout.order == UMBRA_MATRIX_SHIFTED; i++)
    assert_ok(umbra_product_plan_layouts(plan, &layout, NULL, i));
  assert_int_equal(layout.order, UMBRA_MATRIX_BY_COLUMNS);
  assert_true(layout.stride == 1 && layout.slots >= size);
  umbra_product_plan_destroy(plan);
}

/* As many records as there are slots share a ciphertext for each column, and need no key. */
static void records_decide(void **state) {
  (void)state;
  check_vector(200, UMBRA_MATRIX_SHIFTED);
  check_vector(SLOTS, UMBRA_MATRIX_BY_COLUMNS);
  check_columns(SLOTS, 0);
  check_columns(SLOTS + 1, 1);
  check_columns(2 * SLOTS, 1);
}

/* No candidate takes more, and those that take less are all there. */
static void memory_limits(void **state) {
  (void)state;
  umbra_product_desc desc = {UMBRA_PRODUCT_DESC_INIT, .rows = 100, .inner = 60, .columns = 40, .plain = 1};
  umbra_product_plan *all = NULL, *some = NULL;
  umbra_cost cost = {UMBRA_COST_INIT};
  size_t fit = 0;
  assert_ok(umbra_product_plan_create(&all, params, &desc));
  assert_ok(umbra_product_plan_cost(all, &cost, 0));
  desc.memory = cost.peak_bytes;
  for (size_t i = 0; i < umbra_product_plan_candidates(all); i++) {
    assert_ok(umbra_product_plan_cost(all, &cost, i));
    fit += cost.peak_bytes <= desc.memory;
  }
  assert_true(fit > 0 && fit < umbra_product_plan_candidates(all));
  assert_ok(umbra_product_plan_create(&some, params, &desc));
  assert_int_equal(umbra_product_plan_candidates(some), fit);
  umbra_product_plan_destroy(all);
  umbra_product_plan_destroy(some);
}

/* Where there are no keys, what needs none is left; below them there is more. */
static void keyless_levels(void **state) {
  (void)state;
  umbra_params *keyless = keyless_params(12, 21, 3, 2);
  umbra_product_desc desc = {UMBRA_PRODUCT_DESC_INIT, .rows = 300, .inner = 20, .columns = 10, .plain = 1};
  umbra_product_plan *high = NULL, *low = NULL;
  umbra_cost cost = {UMBRA_COST_INIT};
  assert_ok(umbra_product_plan_create(&high, keyless, &desc));
  for (size_t i = 0; i < umbra_product_plan_candidates(high); i++) {
    assert_ok(umbra_product_plan_cost(high, &cost, i));
    assert_int_equal(cost.keys, 0);
  }
  desc.level = 0;
  assert_ok(umbra_product_plan_create(&low, keyless, &desc));
  assert_true(umbra_product_plan_candidates(low) > umbra_product_plan_candidates(high));
  desc.plain = 0;
  desc.level = UMBRA_TOP_LEVEL;
  assert_fails(umbra_product_plan_create(&low, keyless, &desc), UMBRA_ERROR_MISSING_KEY, "no switching keys");
  umbra_product_plan_destroy(high);
  umbra_product_plan_destroy(low);
  umbra_params_destroy(keyless);
}

static void explanations(void **state) {
  (void)state;
  char text[TEXT];
  size_t size = 0, lines = 0;
  umbra_product_plan *plan = plan_of(30, 20, 10, 0, UMBRA_TARGET_GPU);
  assert_ok(umbra_product_plan_explain(plan, NULL, &size));
  assert_true(size > 1 && size <= sizeof text);
  size_t less = size - 1;
  assert_fails(umbra_product_plan_explain(plan, text, &less), UMBRA_ERROR_RANGE, "the description takes");
  assert_ok(umbra_product_plan_explain(plan, text, &size));
  assert_int_equal(strlen(text) + 1, size);
  for (size_t i = 0; i < size; i++) lines += text[i] == '\n';
  assert_int_equal(lines, 2 + umbra_product_plan_candidates(plan));
  assert_non_null(strstr(text, "30 x 20 by encrypted 20 x 10, for target gpu"));
  assert_non_null(strstr(text, "in tiles to the left"));
  assert_non_null(strstr(text, "by diagonals"));
  umbra_product_plan_destroy(plan);
}

/* ---- what cannot be planned ---- */

static void refuse(const umbra_product_desc *desc, umbra_status status, const char *why) {
  umbra_product_plan *plan = plan_of(1, 1, 1, 1, UMBRA_TARGET_CPU), *before = plan;
  assert_fails(umbra_product_plan_create(&plan, params, desc), status, why);
  assert_ptr_equal(plan, before);
  umbra_product_plan_destroy(plan);
}

static void refusals(void **state) {
  (void)state;
  const umbra_status bad = UMBRA_ERROR_INVALID_ARGUMENT;
  const umbra_product_desc good = {UMBRA_PRODUCT_DESC_INIT, .rows = 2, .inner = 2, .columns = 2};
  const size_t wrong[] = {0, (size_t)1 << 31, SIZE_MAX};
  umbra_product_desc desc;
  umbra_product_candidate candidate = {UMBRA_PRODUCT_CANDIDATE_INIT};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    desc = good, desc.rows = wrong[i], refuse(&desc, bad, "sizes must be above 0 and below 2^31");
    desc = good, desc.inner = wrong[i], refuse(&desc, bad, "sizes must be above 0 and below 2^31");
    desc = good, desc.columns = wrong[i], refuse(&desc, bad, "sizes must be above 0 and below 2^31");
  }
  desc = good, desc.plain = 2, refuse(&desc, bad, "plain is 2");
  desc = good, desc.target = (umbra_target)9, refuse(&desc, bad, "target is 9");
  desc = good, desc.inner = desc.columns = ((size_t)1 << 31) - 1;
  refuse(&desc, UMBRA_ERROR_RANGE, "16384 ciphertexts");
  desc = good, desc.memory = 1, refuse(&desc, UMBRA_ERROR_RANGE, "bytes, and memory is 1");
  umbra_product_plan *plan = plan_of(2, 2, 2, 1, UMBRA_TARGET_CPU);
  assert_fails(umbra_product_plan_get(plan, &candidate, umbra_product_plan_candidates(plan)), bad, "candidate");
  umbra_matrix_layout layout = {UMBRA_MATRIX_LAYOUT_INIT};
  assert_fails(umbra_product_plan_layouts(plan, &layout, &layout, 0), bad, "a plain factor has no layout");
  umbra_product_plan_destroy(plan);
}

static int open_params(void **state) {
  (void)state;
  params = test_params(LOG_N, 40, DEPTH);
  return 0;
}

static int close_params(void **state) {
  (void)state;
  umbra_params_destroy(params);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(plans_are_followed), cmocka_unit_test(cheapest_is_first), cmocka_unit_test(records_decide),
      cmocka_unit_test(memory_limits),      cmocka_unit_test(explanations),      cmocka_unit_test(keyless_levels),
      cmocka_unit_test(refusals),
  };
  return cmocka_run_group_tests(tests, open_params, close_params);
}
