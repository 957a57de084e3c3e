/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Encrypted matrices: what goes in comes out, in as many ciphertexts as the rows need, in the layout that is
 * documented. */
#include "scheme.h"

#include "host/linalg/matrix.h"

enum { SLOTS = 1024 };

static scheme s;

static double *random_values(uint64_t *random, size_t count) {
  double *values = malloc(count * sizeof *values);
  assert_non_null(values);
  for (size_t i = 0; i < count; i++) values[i] = 10 * uniform(random);
  return values;
}

static size_t stride_of(size_t columns) {
  size_t stride = 2;
  while (stride < columns + 1) stride *= 2;
  return stride;
}

/* Row r is in part r / per_part from slot (r % per_part) * stride on, then a one, then zeros. */
static void check_layout(const umbra_matrix *m, const double *values) {
  double slots[SLOTS];
  size_t stride = m->layout.stride, per_part = SLOTS / stride;
  for (size_t part = 0; part < m->parts; part++) {
    assert_ok(umbra_decrypt_decode(slots, SLOTS, m->part[part], s.secret));
    for (size_t i = 0; i < SLOTS; i++) {
      size_t row = part * per_part + i / stride, column = i % stride;
      double expected = row >= m->rows || column > m->columns ? 0
                        : column == m->columns                ? 1
                                                              : values[row * m->columns + column];
      if (!(fabs(slots[i] - expected) < 1e-6))
        fail_msg("part %zu, slot %zu: %g, expected %g", part, i, slots[i], expected);
    }
  }
}

static void check_shape(size_t rows, size_t columns, uint64_t *random) {
  umbra_matrix *m = NULL;
  double *values = random_values(random, rows * columns), *found = random_values(random, rows * columns);
  assert_ok(umbra_matrix_encrypt(&m, s.public, values, rows, columns));
  assert_int_equal(umbra_matrix_rows(m), rows);
  assert_int_equal(umbra_matrix_columns(m), columns);
  assert_int_equal(umbra_matrix_stride(m), stride_of(columns));
  assert_int_equal(m->parts, (rows * stride_of(columns) + SLOTS - 1) / SLOTS);
  assert_ok(umbra_matrix_decrypt(found, m, s.secret));
  for (size_t i = 0; i < rows * columns; i++)
    if (!(fabs(found[i] - values[i]) < 1e-6)) fail_msg("%zu x %zu, value %zu: %g", rows, columns, i, found[i]);
  check_layout(m, values);
  umbra_matrix_destroy(m);
  free(values);
  free(found);
}

static void shapes(void **state) {
  (void)state;
  static const size_t shape[][2] = {{1, 1},   {1, 1023}, {2, 1023}, {512, 1},  {513, 1},  {256, 3},
                                    {257, 3}, {5, 4},    {100, 30}, {100, 31}, {100, 32}, {3, 512}};
  uint64_t random = 4;
  for (size_t i = 0; i < sizeof shape / sizeof *shape; i++) check_shape(shape[i][0], shape[i][1], &random);
}

static void refusals(void **state) {
  (void)state;
  double values[SLOTS + 1] = {0}, found[2] = {42, 42};
  umbra_matrix *m = NULL;
  const umbra_status bad = UMBRA_ERROR_INVALID_ARGUMENT;
  assert_fails(umbra_matrix_encrypt(&m, s.public, values, 0, 3), bad, "above 0");
  assert_fails(umbra_matrix_encrypt(&m, s.public, values, 3, 0), bad, "above 0");
  assert_fails(umbra_matrix_encrypt(&m, s.public, NULL, 1, 1), bad, "values");
  assert_fails(umbra_matrix_encrypt(&m, NULL, values, 1, 1), bad, "key");
  assert_fails(umbra_matrix_encrypt(NULL, s.public, values, 1, 1), bad, "output");
  assert_fails(umbra_matrix_encrypt(&m, s.public, values, 1, SLOTS), UMBRA_ERROR_RANGE, "up to 1023");
  values[1] = NAN;
  assert_fails(umbra_matrix_encrypt(&m, s.public, values, 1, 2), UMBRA_ERROR_RANGE, "not a finite number");
  assert_null(m);
  values[1] = 0;
  assert_ok(umbra_matrix_encrypt(&m, s.public, values, 1, 2));
  scheme other;
  scheme_open(&other, umbra_params_share(s.params), NULL, NULL, 0);
  assert_fails(umbra_matrix_decrypt(found, m, other.secret), UMBRA_ERROR_MISMATCH, "another owner");
  assert_fails(umbra_matrix_decrypt(NULL, m, s.secret), bad, "output");
  assert_true(found[0] == 42 && found[1] == 42);
  umbra_matrix_destroy(m);
  scheme_close(&other);
}

/* Shapes whose sizes overflow are refused; nothing is read. */
static void sizes_that_overflow(void **state) {
  (void)state;
  double value = 1;
  umbra_matrix *m = NULL;
  assert_int_not_equal(umbra_matrix_encrypt(&m, s.public, &value, 1, SIZE_MAX), UMBRA_OK);
  assert_null(m);
}

static int open_scheme(void **state) {
  (void)state;
  scheme_open(&s, test_params(11, 40, 1), NULL, NULL, 0);
  return 0;
}

static int close_scheme(void **state) {
  (void)state;
  scheme_close(&s);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(shapes), cmocka_unit_test(refusals),
                                     cmocka_unit_test(sizes_that_overflow)};
  return cmocka_run_group_tests(tests, open_scheme, close_scheme);
}
