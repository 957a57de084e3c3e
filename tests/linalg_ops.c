/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Encrypted matrices, element by element and as others of the same ciphertexts, against the same in the clear. */
#include "host/base/memory.h"
#include "host/linalg/matrix.h"
#include "scheme.h"

enum { LOG_N = 11, SLOTS = 1 << (LOG_N - 1), DEPTH = 2 };

static scheme s;

static umbra_matrix_layout layout_of(umbra_matrix_order order, uint32_t stride, uint32_t slots, int pairs) {
  return (umbra_matrix_layout){UMBRA_MATRIX_LAYOUT_INIT, .order = order, .stride = stride,
                               .slots = slots,           .pairs = pairs, .group = 1};
}

static umbra_matrix *encrypt(const double *values, size_t rows, size_t columns, umbra_matrix_layout layout) {
  umbra_matrix *matrix = NULL;
  assert_ok(umbra_matrix_encrypt(&matrix, s.public, values, rows, columns, &layout, NULL));
  return matrix;
}

/* Destroys the matrix, and frees the values. */
static void check(umbra_matrix *matrix, double *values, size_t rows, size_t columns) {
  double *found = calloc(rows * columns, sizeof *found);
  assert_non_null(found);
  assert_int_equal(umbra_matrix_rows(matrix), rows);
  assert_int_equal(umbra_matrix_columns(matrix), columns);
  assert_ok(umbra_matrix_decrypt(matrix, found, s.secret, NULL));
  for (size_t i = 0; i < rows * columns; i++)
    if (!(fabs(found[i] - values[i]) < 1e-6)) fail_msg("element %zu is %g, not %g", i, found[i], values[i]);
  free(found);
  free(values);
  umbra_matrix_destroy(matrix);
}

/* The slice in the clear. */
static double *slice_of(const double *values, size_t width, size_t row, size_t rows, size_t column, size_t columns) {
  double *slice = calloc(rows * columns, sizeof *slice);
  assert_non_null(slice);
  for (size_t i = 0; i < rows * columns; i++) slice[i] = values[(row + i / columns) * width + column + i % columns];
  return slice;
}

static const umbra_status bad = UMBRA_ERROR_INVALID_ARGUMENT;

/* ---- element by element ---- */

typedef umbra_status (*operation)(umbra_evaluator *, umbra_matrix **, const umbra_matrix *, const umbra_matrix *);

static void check_operation(operation op, int which, umbra_matrix_layout layout) {
  enum { ROWS = 21, COLUMNS = 7 };
  uint64_t random = 1;
  double *a = random_values(&random, ROWS * COLUMNS), *b = random_values(&random, ROWS * COLUMNS);
  umbra_matrix *x = encrypt(a, ROWS, COLUMNS, layout), *y = encrypt(b, ROWS, COLUMNS, layout);
  assert_ok(op(s.evaluator, &x, x, y));
  assert_int_equal(umbra_matrix_level(x), which == 2 ? DEPTH - 1 : DEPTH);
  for (int i = 0; i < ROWS * COLUMNS; i++) a[i] = which == 0 ? a[i] + b[i] : which == 1 ? a[i] - b[i] : a[i] * b[i];
  check(x, a, ROWS, COLUMNS);
  umbra_matrix_destroy(y);
  free(b);
}

static void elements(void **state) {
  (void)state;
  const operation ops[] = {umbra_matrix_add, umbra_matrix_sub, umbra_matrix_mul};
  for (int i = 0; i < 3; i++) {
    check_operation(ops[i], i, layout_of(UMBRA_MATRIX_BY_COLUMNS, 8, 16, 0));
    check_operation(ops[i], i, layout_of(UMBRA_MATRIX_BY_ROWS, 8, 32, 0));
    if (i < 2) check_operation(ops[i], i, layout_of(UMBRA_MATRIX_BY_COLUMNS, 16, 16, 1));
  }
}

static void elements_that_do_not_go_together(void **state) {
  (void)state;
  const double values[12] = {0};
  const umbra_matrix_layout columns = layout_of(UMBRA_MATRIX_BY_COLUMNS, 4, 8, 0);
  umbra_matrix *a = encrypt(values, 3, 4, columns), *b = encrypt(values, 4, 3, columns), *out = NULL,
               *c = encrypt(values, 3, 4, layout_of(UMBRA_MATRIX_BY_COLUMNS, 4, 8, 1));
  assert_fails(umbra_matrix_add(s.evaluator, &out, a, b), bad, "3 x 4 and 4 x 3");
  assert_fails(umbra_matrix_sub(s.evaluator, &out, a, c), bad, "different layouts");
  assert_fails(umbra_matrix_mul(s.evaluator, &out, c, c), bad, "in pairs");
  assert_fails(umbra_matrix_mul(NULL, &out, a, a), bad, "an evaluator");
  assert_fails(umbra_matrix_add(s.evaluator, NULL, a, a), bad, "an output");
  assert_fails(umbra_matrix_add(s.evaluator, &out, NULL, a), bad, "two matrices");
  assert_null(out);
  umbra_matrix_destroy(a);
  umbra_matrix_destroy(b);
  umbra_matrix_destroy(c);
}

/* ---- other shapes ---- */

static void check_transposed(size_t rows, size_t columns, umbra_matrix_layout layout) {
  uint64_t random = 2;
  double *values = random_values(&random, rows * columns), *turned = calloc(rows * columns, sizeof *turned);
  assert_non_null(turned);
  for (size_t i = 0; i < rows * columns; i++) turned[i % columns * rows + i / columns] = values[i];
  umbra_matrix *matrix = encrypt(values, rows, columns, layout), *back = NULL;
  assert_ok(umbra_matrix_transpose(&matrix, matrix));
  assert_ok(umbra_matrix_transpose(&back, matrix));
  check(matrix, turned, columns, rows);
  check(back, values, rows, columns);
}

static void transposed(void **state) {
  (void)state;
  check_transposed(21, 5, layout_of(UMBRA_MATRIX_BY_ROWS, 8, 32, 0));
  check_transposed(7, 13, layout_of(UMBRA_MATRIX_BY_COLUMNS, 8, 32, 0));
  check_transposed(16, 3, layout_of(UMBRA_MATRIX_BY_COLUMNS, 16, 16, 0));
  const double values[12] = {0};
  umbra_matrix *tall = encrypt(values, 12, 1, layout_of(UMBRA_MATRIX_BY_COLUMNS, 8, 8, 0)),
               *paired = encrypt(values, 3, 4, layout_of(UMBRA_MATRIX_BY_ROWS, 4, 8, 1));
  assert_fails(umbra_matrix_transpose(&tall, tall), bad, "12 x 1, by columns");
  assert_fails(umbra_matrix_transpose(&paired, paired), bad, "in pairs");
  assert_fails(umbra_matrix_transpose(NULL, tall), bad, "an output");
  umbra_matrix_destroy(tall);
  umbra_matrix_destroy(paired);
}

/* Cuts a matrix at (row, column) and puts it together again. */
static void check_cut(size_t rows, size_t columns, size_t row, size_t column, umbra_matrix_layout layout) {
  uint64_t random = 3;
  double *values = random_values(&random, rows * columns);
  umbra_matrix *matrix = encrypt(values, rows, columns, layout), *part[4] = {NULL}, *half[2] = {NULL}, *out = NULL;
  for (size_t i = 0; i < 4; i++) {
    const size_t r = i / 2 ? row : 0, c = i % 2 ? column : 0, height = i / 2 ? rows - row : row,
                 width = i % 2 ? columns - column : column;
    if (!width) continue;
    umbra_matrix *slice = NULL;
    assert_ok(umbra_matrix_slice(&part[i], matrix, r, height, c, width));
    assert_ok(umbra_matrix_slice(&slice, matrix, r, height, c, width));
    check(slice, slice_of(values, columns, r, height, c, width), height, width);
  }
  for (int i = 0; i < 2; i++) {
    const umbra_matrix *const pair[] = {part[2 * i], part[2 * i + 1]};
    if (column < columns) assert_ok(umbra_matrix_join_columns(&half[i], pair, 2));
    else half[i] = part[2 * i], part[2 * i] = NULL;
  }
  assert_ok(umbra_matrix_join_rows(&out, (const umbra_matrix *const *)half, 2));
  check(out, values, rows, columns);
  for (int i = 0; i < 4; i++) umbra_matrix_destroy(part[i]);
  for (int i = 0; i < 2; i++) umbra_matrix_destroy(half[i]);
  umbra_matrix_destroy(matrix);
}

static void cut_and_joined(void **state) {
  (void)state;
  check_cut(29, 11, 16, 6, layout_of(UMBRA_MATRIX_BY_COLUMNS, 8, 16, 0));
  check_cut(29, 11, 16, 4, layout_of(UMBRA_MATRIX_BY_COLUMNS, 4, 16, 1));
  check_cut(29, 3, 16, 1, layout_of(UMBRA_MATRIX_BY_COLUMNS, 16, 16, 0));
  check_cut(29, 5, 8, 5, layout_of(UMBRA_MATRIX_BY_ROWS, 8, 64, 0));
  check_cut(29, 5, 16, 5, layout_of(UMBRA_MATRIX_BY_ROWS, 8, 64, 1));
}

static void cuts_that_are_refused(void **state) {
  (void)state;
  const double values[48] = {0};
  umbra_matrix *x = encrypt(values, 8, 6, layout_of(UMBRA_MATRIX_BY_COLUMNS, 4, 8, 0)), *out = NULL,
               *y = encrypt(values, 8, 6, layout_of(UMBRA_MATRIX_BY_ROWS, 8, 16, 0)),
               *z = encrypt(values, 7, 5, layout_of(UMBRA_MATRIX_BY_COLUMNS, 4, 8, 0));
  const umbra_matrix *const two[] = {x, z}, *const rows[] = {y, y}, *const none[] = {x, NULL}, *const odd[] = {z, z};
  assert_fails(umbra_matrix_slice(&out, x, 2, 4, 0, 6), bad, "does not begin with a ciphertext: each holds 4 x 2");
  assert_fails(umbra_matrix_slice(&out, x, 0, 4, 1, 5), bad, "does not begin");
  assert_fails(umbra_matrix_slice(&out, x, 4, 5, 0, 6), bad, "no part of a matrix of 8 x 6");
  assert_fails(umbra_matrix_slice(&out, x, 0, 0, 0, 6), bad, "no part");
  assert_fails(umbra_matrix_slice(&out, x, 0, 1, SIZE_MAX, 2), bad, "no part");
  assert_fails(umbra_matrix_slice(&out, y, 0, 8, 0, 5), bad, "does not begin");
  assert_fails(umbra_matrix_join_rows(&out, two, 2), bad, "matrix 1 has 5 columns and the first has 6");
  assert_fails(umbra_matrix_join_columns(&out, odd, 2), bad, "matrix 0 has 5 columns, which do not fill");
  assert_fails(umbra_matrix_join_rows(&out, odd, 2), bad, "matrix 0 has 7 rows");
  assert_fails(umbra_matrix_join_columns(&out, rows, 2), bad, "by rows cannot be put beside");
  assert_fails(umbra_matrix_join_rows(&out, none, 2), bad, "matrix 1 is NULL");
  assert_fails(umbra_matrix_join_rows(&out, none, 0), bad, "at least one");
  assert_null(out);
  umbra_matrix_destroy(x);
  umbra_matrix_destroy(y);
  umbra_matrix_destroy(z);
}

/* ---- sums ---- */

typedef umbra_status (*summation)(umbra_evaluator *, umbra_matrix **, const umbra_matrix *);

static void check_sums(size_t rows, size_t columns, umbra_matrix_layout layout, int of_rows, int strict) {
  uint64_t random = 5;
  const size_t count = of_rows ? rows : columns;
  double *values = random_values(&random, rows * columns), *sums = calloc(count, sizeof *sums);
  assert_non_null(sums);
  for (size_t i = 0; i < rows * columns; i++) sums[of_rows ? i / columns : i % columns] += values[i];
  umbra_matrix *matrix = encrypt(values, rows, columns, layout);
  umbra_evaluator_set_strict(s.evaluator, strict);
  assert_ok((of_rows ? umbra_matrix_row_sums : umbra_matrix_column_sums)(s.evaluator, &matrix, matrix));
  assert_int_equal(umbra_matrix_level(matrix), DEPTH);
  umbra_evaluator_set_strict(s.evaluator, 0);
  check(matrix, sums, of_rows ? rows : 1, of_rows ? 1 : columns);
  free(values);
}

static void sums(void **state) {
  (void)state;
  check_sums(21, 7, layout_of(UMBRA_MATRIX_BY_COLUMNS, 8, 8, 1), 1, 1); /* no rotation */
  check_sums(21, 8, layout_of(UMBRA_MATRIX_BY_COLUMNS, 8, 32, 0), 1, 1);
  check_sums(21, 8, layout_of(UMBRA_MATRIX_BY_COLUMNS, 4, 16, 1), 1, 1);
  check_sums(16, 5, layout_of(UMBRA_MATRIX_BY_COLUMNS, 8, 8, 0), 0, 1);
  check_sums(7, 8, layout_of(UMBRA_MATRIX_BY_ROWS, 8, 8, 0), 1, 1);
  check_sums(12, 5, layout_of(UMBRA_MATRIX_BY_ROWS, 8, 32, 0), 0, 1);
}

static void sums_that_are_refused(void **state) {
  (void)state;
  const double values[48] = {0};
  umbra_matrix *x = encrypt(values, 8, 5, layout_of(UMBRA_MATRIX_BY_COLUMNS, 8, 16, 0)), *out = NULL,
               *y = encrypt(values, 8, 6, layout_of(UMBRA_MATRIX_BY_ROWS, 8, 16, 1)),
               *z = encrypt(values, 7, 5, layout_of(UMBRA_MATRIX_BY_COLUMNS, 8, 8, 0));
  assert_fails(umbra_matrix_row_sums(s.evaluator, &out, x), bad, "5 elements that are to be added up do not fill");
  assert_fails(umbra_matrix_column_sums(s.evaluator, &out, x), bad, "of 16 slots, without pairs and others");
  assert_fails(umbra_matrix_column_sums(s.evaluator, &out, z), bad, "7 elements");
  assert_fails(umbra_matrix_row_sums(s.evaluator, &out, y), bad, "in pairs");
  assert_fails(umbra_matrix_row_sums(NULL, &out, x), bad, "an evaluator");
  assert_fails(umbra_matrix_row_sums(s.evaluator, NULL, x), bad, "an output");
  assert_fails(umbra_matrix_row_sums(s.evaluator, &out, NULL), bad, "a matrix");
  assert_null(out);
  umbra_matrix_destroy(x);
  umbra_matrix_destroy(y);
  umbra_matrix_destroy(z);
}

/* ---- ciphertexts ---- */

static void apart_and_together(void **state) {
  (void)state;
  enum { ROWS = 13, COLUMNS = 5, PARTS = 6 };
  uint64_t random = 4;
  double *values = random_values(&random, ROWS * COLUMNS);
  umbra_matrix_layout layout = layout_of(UMBRA_MATRIX_BY_COLUMNS, 8, 16, 0);
  umbra_matrix *matrix = encrypt(values, ROWS, COLUMNS, layout), *out = NULL;
  umbra_ciphertext *part[PARTS] = {NULL}, *more = NULL;
  const umbra_ciphertext *const *parts = (const umbra_ciphertext *const *)part;
  assert_int_equal(umbra_matrix_ciphertexts(matrix), PARTS);
  for (size_t i = 0; i < PARTS; i++) {
    assert_ok(umbra_matrix_ciphertext(matrix, &part[i], i));
    assert_ok(umbra_negate(s.evaluator, &part[i], part[i]));
  }
  assert_fails(umbra_matrix_ciphertext(matrix, &more, PARTS), bad, "no ciphertext 6 in a matrix of 6");
  assert_fails(umbra_matrix_from_ciphertexts(&out, parts, PARTS - 1, ROWS, COLUMNS, &layout), bad,
               "5 ciphertexts for a matrix that takes 6");
  assert_fails(umbra_matrix_from_ciphertexts(&out, parts, PARTS, (size_t)1 << 40, COLUMNS, &layout), UMBRA_ERROR_RANGE,
               "below 2^31");
  assert_fails(umbra_matrix_from_ciphertexts(&out, parts, PARTS, 0, COLUMNS, &layout), bad, "above 0");
  layout.slots = 32;
  assert_fails(umbra_matrix_from_ciphertexts(&out, parts, 4, ROWS, COLUMNS, &layout), bad, "has 16 slots");
  layout.slots = 16;
  assert_null(out);
  assert_ok(umbra_matrix_from_ciphertexts(&out, parts, PARTS, ROWS, COLUMNS, &layout));
  for (int i = 0; i < ROWS * COLUMNS; i++) values[i] = -values[i];
  check(out, values, ROWS, COLUMNS);
  for (int i = 0; i < PARTS; i++) umbra_ciphertext_destroy(part[i]);
  umbra_matrix_destroy(matrix);
}

/* ---- allocations that fail ---- */

static umbra_status all_of(umbra_matrix **out, const umbra_matrix *matrix) {
  const umbra_matrix *const pair[] = {matrix, matrix};
  umbra_status status = umbra_matrix_join_rows(out, pair, 2);
  if (status == UMBRA_OK) status = umbra_matrix_slice(out, *out, 8, 8, 2, 3);
  if (status == UMBRA_OK) status = umbra_matrix_transpose(out, *out);
  return status == UMBRA_OK ? umbra_matrix_add(s.evaluator, out, *out, *out) : status;
}

static void allocation_failures(void **state) {
  (void)state;
  const double values[40] = {0};
  umbra_matrix *matrix = encrypt(values, 8, 5, layout_of(UMBRA_MATRIX_BY_COLUMNS, 8, 16, 0));
  const uint64_t before = umbra_context_memory(s.context);
  umbra_status status = UMBRA_ERROR_OUT_OF_MEMORY;
  for (long n = 0; status != UMBRA_OK; n++) {
    umbra_matrix *out = NULL;
    umbra_alloc_fail_after(n);
    status = all_of(&out, matrix);
    umbra_alloc_fail_after(-1);
    assert_true(status == UMBRA_OK || status == UMBRA_ERROR_OUT_OF_MEMORY);
    umbra_matrix_destroy(out);
    assert_int_equal(umbra_context_memory(s.context), before);
    assert_in_range(n, 0, 2000);
  }
  umbra_matrix_destroy(matrix);
}

static int open_scheme(void **state) {
  (void)state;
  static const int32_t steps[] = {1, 2, 4, 8, 16};
  scheme_open(&s, test_params(LOG_N, 40, DEPTH), NULL, steps, 5);
  return 0;
}

static int close_scheme(void **state) {
  (void)state;
  scheme_close(&s);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(elements),
      cmocka_unit_test(elements_that_do_not_go_together),
      cmocka_unit_test(transposed),
      cmocka_unit_test(cut_and_joined),
      cmocka_unit_test(cuts_that_are_refused),
      cmocka_unit_test(apart_and_together),
      cmocka_unit_test(sums),
      cmocka_unit_test(sums_that_are_refused),
      cmocka_unit_test(allocation_failures),
  };
  return cmocka_run_group_tests(tests, open_scheme, close_scheme);
}
