/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* What matrices hold beside their elements never gets into products: on a simulation without noise. */
#include "scheme.h"

enum { LOG_N = 11, DEPTH = 4, SIDE = 4 };

static scheme s;

static umbra_matrix_layout layout_of(umbra_matrix_order order) {
  umbra_matrix_layout layout = {UMBRA_MATRIX_LAYOUT_INIT, .order = order};
  if (order == UMBRA_MATRIX_BY_COLUMNS || order == UMBRA_MATRIX_DIAGONALS) layout.slots = 16;
  layout.stride = SIDE;
  return layout;
}

static umbra_matrix *simulated(const double *values, size_t rows, size_t columns, umbra_matrix_order order) {
  umbra_matrix *matrix = NULL;
  const umbra_matrix_layout layout = layout_of(order);
  assert_ok(umbra_sim_matrix(&matrix, s.context, values, rows, columns, &layout));
  return matrix;
}

static void fill(double *values, size_t count, uint64_t seed) {
  for (size_t i = 0; i < count; i++) values[i] = uniform(&seed);
}

/* The product of a, rows x inner of `wide` columns, and b, inner x columns of them. Destroys the matrices. */
static void check_product(umbra_matrix *a, umbra_matrix *b, const double *of_a, const double *of_b, size_t rows,
                          size_t inner, size_t columns) {
  double found[SIDE * SIDE];
  assert_ok(umbra_matrix_multiply(s.evaluator, &a, a, b, NULL));
  assert_ok(umbra_sim_matrix_decode(found, a));
  for (size_t i = 0; i < rows * columns; i++) {
    double expected = 0;
    for (size_t k = 0; k < inner; k++) expected += of_a[i / columns * SIDE + k] * of_b[k * SIDE + i % columns];
    if (!(fabs(found[i] - expected) < 1e-9)) fail_msg("element %zu is %g, not %g", i, found[i], expected);
  }
  umbra_matrix_destroy(a);
  umbra_matrix_destroy(b);
}

/* ---- matrices that are cut ---- */

/* The first rows and columns, in the same layout: what was there is padding now. */
static void cut(umbra_matrix **matrix, size_t rows, size_t columns, umbra_matrix_order order) {
  umbra_matrix_view view = {UMBRA_MATRIX_VIEW_INIT, .rows = rows, .columns = columns, .row_step = SIDE};
  const umbra_matrix_layout layout = layout_of(order);
  assert_ok(umbra_matrix_rearrange(s.evaluator, matrix, *matrix, &view, &layout));
}

static void cut_matrices(void **state) {
  (void)state;
  static const umbra_matrix_order orders[][2] = {{UMBRA_MATRIX_TILES, UMBRA_MATRIX_TILES},
                                                 {UMBRA_MATRIX_TILES_LEFT, UMBRA_MATRIX_TILES_RIGHT},
                                                 {UMBRA_MATRIX_BY_COLUMNS, UMBRA_MATRIX_DIAGONALS}};
  double a[SIDE * SIDE], b[SIDE * SIDE];
  fill(a, SIDE * SIDE, 1);
  fill(b, SIDE * SIDE, 2);
  for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
    umbra_matrix *x = simulated(a, SIDE, SIDE, orders[i][0]), *y = simulated(b, SIDE, SIDE, orders[i][1]);
    cut(&x, SIDE, SIDE - 1, orders[i][0]);
    cut(&y, SIDE - 1, SIDE, orders[i][1]);
    check_product(x, y, a, b, SIDE, SIDE - 1, SIDE);
  }
}

/* All of a matrix with ciphertexts that hold no element, or fewer columns than rows. */
static void whole_matrices(void **state) {
  (void)state;
  const umbra_matrix_layout layout = layout_of(UMBRA_MATRIX_DIAGONALS);
  double a[SIDE * SIDE], b[SIDE * SIDE], column[SIDE];
  fill(a, SIDE * SIDE, 3);
  fill(b, SIDE * SIDE, 4);
  for (int k = 0; k < SIDE; k++) column[k] = b[k * SIDE];
  umbra_matrix *x = simulated(a, SIDE, SIDE, UMBRA_MATRIX_BY_COLUMNS);
  umbra_matrix *y = simulated(column, SIDE - 1, 1, UMBRA_MATRIX_DIAGONALS);
  assert_ok(umbra_matrix_rearrange(s.evaluator, &y, y, NULL, &layout));
  cut(&x, SIDE, SIDE - 1, UMBRA_MATRIX_BY_COLUMNS);
  check_product(x, y, a, b, SIDE, SIDE - 1, 1);
}

/* ---- matrices of ciphertexts ---- */

/* 3 x 3 in a tile, and 0.5 in all that is beside. */
static umbra_matrix *half_beside(const double *values) {
  enum { USED = SIDE - 1 };
  double elements[USED * USED];
  umbra_ciphertext *part = NULL;
  const umbra_matrix_layout layout = layout_of(UMBRA_MATRIX_TILES);
  for (int i = 0; i < USED * USED; i++) elements[i] = values[i / USED * SIDE + i % USED] - 0.5;
  umbra_matrix *matrix = simulated(elements, USED, USED, UMBRA_MATRIX_TILES);
  assert_ok(umbra_matrix_ciphertext(matrix, &part, 0));
  assert_ok(umbra_add_constant(s.evaluator, &part, part, 0.5, 0));
  assert_ok(umbra_matrix_from_ciphertexts(&matrix, (const umbra_ciphertext *const *)&part, 1, USED, USED, &layout));
  umbra_ciphertext_destroy(part);
  return matrix;
}

static void matrices_of_ciphertexts(void **state) {
  (void)state;
  const umbra_status bad = UMBRA_ERROR_INVALID_ARGUMENT;
  const umbra_matrix_layout layout = layout_of(UMBRA_MATRIX_TILES);
  double a[SIDE * SIDE], b[SIDE * SIDE];
  fill(a, SIDE * SIDE, 5);
  fill(b, SIDE * SIDE, 6);
  umbra_matrix *x = half_beside(a), *y = half_beside(b), *sum = NULL, *out = NULL;
  assert_fails(umbra_matrix_multiply(s.evaluator, &out, x, y, NULL), bad,
               "umbra_matrix_rearrange makes one with zeros");
  assert_ok(umbra_matrix_add(s.evaluator, &sum, x, y));
  assert_fails(umbra_matrix_multiply(s.evaluator, &out, sum, sum, NULL), bad, "hold anything");
  assert_null(out);
  assert_ok(umbra_matrix_rearrange(s.evaluator, &x, x, NULL, &layout));
  assert_ok(umbra_matrix_rearrange(s.evaluator, &y, y, NULL, &layout));
  check_product(x, y, a, b, SIDE - 1, SIDE - 1, SIDE - 1);
  umbra_matrix_destroy(sum);
}

/* Tiles without padding are factors as they are. */
static void full_tiles_of_ciphertexts(void **state) {
  (void)state;
  double a[SIDE * SIDE];
  umbra_ciphertext *part = NULL;
  const umbra_matrix_layout tiles = layout_of(UMBRA_MATRIX_TILES_LEFT);
  fill(a, SIDE * SIDE, 7);
  umbra_matrix *x = simulated(a, SIDE, SIDE, UMBRA_MATRIX_TILES_LEFT);
  assert_ok(umbra_matrix_ciphertext(x, &part, 0));
  assert_ok(umbra_matrix_from_ciphertexts(&x, (const umbra_ciphertext *const *)&part, 1, SIDE, SIDE, &tiles));
  check_product(x, simulated(a, SIDE, SIDE, UMBRA_MATRIX_TILES_RIGHT), a, a, SIDE, SIDE, SIDE);
  umbra_ciphertext_destroy(part);
}

static void sums_have_no_ones(void **state) {
  (void)state;
  const double values[4] = {1, 2, 3, 4};
  const umbra_matrix_layout ones = {UMBRA_MATRIX_LAYOUT_INIT, .ones = 1};
  umbra_matrix_layout layout = {UMBRA_MATRIX_LAYOUT_INIT};
  umbra_matrix *matrix = NULL, *sum = NULL;
  assert_ok(umbra_sim_matrix(&matrix, s.context, values, 2, 2, &ones));
  assert_ok(umbra_matrix_add(s.evaluator, &sum, matrix, matrix));
  assert_ok(umbra_matrix_layout_of(sum, &layout));
  assert_int_equal(layout.ones, 0);
  assert_ok(umbra_matrix_sub(s.evaluator, &sum, matrix, matrix));
  assert_ok(umbra_matrix_layout_of(sum, &layout));
  assert_int_equal(layout.ones, 0);
  assert_ok(umbra_matrix_layout_of(matrix, &layout));
  assert_int_equal(layout.ones, 1);
  umbra_matrix_destroy(matrix);
  umbra_matrix_destroy(sum);
}

/* ---- ciphertexts of two and of three parts ---- */

static void parts_that_are_not_alike(void **state) {
  (void)state;
  enum { COLUMNS = 4 };
  const double numbers[COLUMNS] = {1, 2, 3, 4};
  const umbra_matrix_layout layout = {UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_BY_COLUMNS, .stride = 1,
                                      .slots = 2};
  const umbra_array values = {UMBRA_ARRAY_INIT, .data = numbers, .rows = 1, .columns = COLUMNS};
  umbra_weights_desc desc = {UMBRA_WEIGHTS_DESC_INIT, .values = &values};
  umbra_matrix *matrix = NULL, *out = NULL;
  umbra_weights *weights = NULL;
  umbra_ciphertext *part[2] = {NULL};
  scheme k;
  scheme_open_sim(&k, keyless_params(12, 21, 3, 2), 0, 0);
  assert_ok(umbra_sim_matrix(&matrix, k.context, numbers, 1, COLUMNS, &layout));
  for (size_t i = 0; i < 2; i++) assert_ok(umbra_matrix_ciphertext(matrix, &part[i], i));
  assert_ok(umbra_square(k.evaluator, &part[1], part[1]));
  assert_int_equal(umbra_ciphertext_parts(part[1]), 3);
  assert_ok(umbra_level_drop(k.evaluator, &part[0], part[0], 1));
  assert_ok(umbra_level_drop(k.evaluator, &part[1], part[1], 1));
  const umbra_ciphertext *const *both = (const umbra_ciphertext *const *)part;
  assert_ok(umbra_matrix_from_ciphertexts(&matrix, both, 2, 1, COLUMNS, &layout));
  desc.layout = &layout;
  desc.level = 1;
  umbra_matrix_layout complete = {UMBRA_MATRIX_LAYOUT_INIT};
  assert_ok(umbra_matrix_layout_of(matrix, &complete));
  desc.layout = &complete;
  assert_ok(umbra_weights_create(&weights, k.context, &desc, NULL));
  assert_fails(umbra_matrix_apply(k.evaluator, &out, matrix, weights), UMBRA_ERROR_UNSUPPORTED, "three parts");
  assert_fails(umbra_matrix_rearrange(k.evaluator, &out, matrix, NULL, NULL), UMBRA_ERROR_UNSUPPORTED, "three parts");
  assert_null(out);
  umbra_weights_destroy(weights);
  umbra_matrix_destroy(matrix);
  for (int i = 0; i < 2; i++) umbra_ciphertext_destroy(part[i]);
  scheme_close(&k);
}

static int open_scheme(void **state) {
  (void)state;
  scheme_open_sim(&s, test_params(LOG_N, 40, DEPTH), 1, 0);
  return 0;
}

static int close_scheme(void **state) {
  (void)state;
  scheme_close(&s);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(cut_matrices),
      cmocka_unit_test(whole_matrices),
      cmocka_unit_test(matrices_of_ciphertexts),
      cmocka_unit_test(full_tiles_of_ciphertexts),
      cmocka_unit_test(sums_have_no_ones),
      cmocka_unit_test(parts_that_are_not_alike),
  };
  return cmocka_run_group_tests(tests, open_scheme, close_scheme);
}
