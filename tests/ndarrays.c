/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Arrays of any rank in files: what is written is read again, what is there is read as numpy has it, the rest is refused. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <umbra/ndarray.h>
#include <umbra/table.h>

static char folder[64], npy[128], csv[128];

static int set_up(void **state) {
  (void)state;
  strcpy(folder, "/tmp/umbra-arrays-XXXXXX");
  if (!mkdtemp(folder)) return -1;
  snprintf(npy, sizeof npy, "%s/array.npy", folder);
  snprintf(csv, sizeof csv, "%s/array.csv", folder);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  remove(npy);
  remove(csv);
  return rmdir(folder);
}

static void arrays_of_each_rank(void **state) {
  (void)state;
  double values[512];
  for (size_t i = 0; i < 512; i++) values[i] = (double)i / 3 - 7;
  for (size_t rank = 1; rank <= UMBRA_NDARRAY_RANK; rank++) {
    umbra_ndarray array = {rank, {3, 2, 2, 1, 2, 2, 2, 2}, values}, read = {0};
    assert_int_equal(umbra_ndarray_write(&array, npy), UMBRA_OK);
    assert_int_equal(umbra_ndarray_read(&read, npy), UMBRA_OK);
    assert_int_equal(read.rank, rank);
    assert_memory_equal(read.shape, array.shape, rank * sizeof *array.shape);
    assert_int_equal(umbra_ndarray_count(&read), umbra_ndarray_count(&array));
    assert_memory_equal(read.values, values, umbra_ndarray_count(&array) * sizeof *values);
    umbra_ndarray_clear(&read);
  }
  assert_int_equal(umbra_ndarray_count(&(umbra_ndarray){0}), 0);
}

/* Header and values together begin where numpy wants them. */
static void bytes_of_a_file(void **state) {
  (void)state;
  double values[6] = {1, 2, 3, 4, 5, 6};
  uint8_t bytes[256];
  const umbra_ndarray array = {3, {1, 2, 3}, values};
  assert_int_equal(umbra_ndarray_write(&array, npy), UMBRA_OK);
  FILE *file = fopen(npy, "rb");
  assert_int_equal(fread(bytes, 1, sizeof bytes, file), 128 + sizeof values);
  fclose(file);
  assert_non_null(strstr((char *)bytes + 10, "'shape': (1, 2, 3), }"));
  assert_int_equal(bytes[127], '\n');
  assert_memory_equal(bytes + 128, values, sizeof values);
}

static umbra_status read_header(umbra_ndarray *array, const char *shape, size_t values) {
  char text[256];
  int length = snprintf(text, sizeof text, "{'descr': '|u1', 'fortran_order': False, 'shape': %s, }\n", shape);
  const uint8_t prefix[10] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (uint8_t)length};
  const uint8_t ones[64] = {1, 1, 1, 1};
  FILE *file = fopen(npy, "wb");
  fwrite(prefix, 1, sizeof prefix, file);
  fwrite(text, 1, (size_t)length, file);
  fwrite(ones, 1, values, file);
  fclose(file);
  return umbra_ndarray_read(array, npy);
}

static void shapes_that_are_refused(void **state) {
  (void)state;
  static const char *const shapes[] = {
      "()", "(4)", "(2, 2, 2)", "(1, 1, 1, 1, 1, 1, 1, 1, 4)", "(0, 4)", "(4, 18446744073709551615)"};
  double value = 7;
  umbra_ndarray array = {1, {1}, &value};
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
    assert_int_equal(read_header(&array, shapes[i], 4), UMBRA_ERROR_FORMAT);
  assert_true(array.values == &value && value == 7);
  array = (umbra_ndarray){0};
  assert_int_equal(read_header(&array, "(1, 2, 2)", 4), UMBRA_OK);
  umbra_ndarray_clear(&array);
  umbra_table table = {0};
  assert_int_equal(umbra_table_read(&table, npy), UMBRA_ERROR_FORMAT);
  assert_non_null(strstr(umbra_last_error(), "one or two dimensions"));
}

static void tables(void **state) {
  (void)state;
  double values[4] = {1, 2, 3, 4};
  umbra_ndarray array = {3, {2, 1, 2}, values}, read = {0};
  assert_int_equal(umbra_ndarray_write(&array, csv), UMBRA_OK);
  assert_int_equal(umbra_ndarray_read(&read, csv), UMBRA_OK);
  assert_true(read.rank == 2 && read.shape[0] == 2 && read.shape[1] == 2);
  assert_memory_equal(read.values, values, sizeof values);
  umbra_ndarray_clear(&read);
  values[2] = INFINITY;
  assert_int_equal(umbra_ndarray_write(&array, npy), UMBRA_ERROR_RANGE);
  array.rank = 0;
  assert_int_equal(umbra_ndarray_write(&array, npy), UMBRA_ERROR_INVALID_ARGUMENT);
  assert_int_equal(umbra_ndarray_read(&read, "array.dat"), UMBRA_ERROR_INVALID_ARGUMENT);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(arrays_of_each_rank), cmocka_unit_test(bytes_of_a_file),
                                     cmocka_unit_test(shapes_that_are_refused), cmocka_unit_test(tables)};
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
