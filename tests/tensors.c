/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Safetensors files: every kind of number is read as its format has it, what is not right is refused, by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <umbra/tensors.h>

#include "host/base/memory.h"

static char folder[64], path[128];

static void write_file(const char *header, const void *values, size_t bytes) {
  const uint64_t length = strlen(header);
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  fwrite(&length, sizeof length, 1, file);
  fwrite(header, 1, length, file);
  fwrite(values, 1, bytes, file);
  fclose(file);
}

static void expect_values(const umbra_tensors *tensors, const char *name, const double *values, size_t count) {
  umbra_ndarray array = {0};
  if (umbra_tensors_read(tensors, &array, name) != UMBRA_OK) fail_msg("%s", umbra_last_error());
  assert_int_equal(umbra_ndarray_count(&array), count);
  assert_memory_equal(array.values, values, count * sizeof *values);
  umbra_ndarray_clear(&array);
}

/* One tensor of two numbers for each kind; bytes as the standards of the kinds have them. */
static void kinds_of_numbers(void **state) {
  (void)state;
  static const struct {
    const char *type;
    uint8_t bytes[16], size;
    double values[2];
  } kinds[] = {
      {"F64", {0, 0, 0, 0, 0, 0, 0xf8, 0x3f, 1, 0, 0, 0, 0, 0, 0, 0x80}, 8, {1.5, -0x1p-1074}},
      {"F32", {0, 0, 0x80, 0x3e, 0, 0, 0xc8, 0xc2}, 4, {0.25, -100}},
      {"F16", {0xff, 0x7b, 0x01, 0x80}, 2, {65504, -0x1p-24}},
      {"F16", {0x00, 0x3c, 0x55, 0x35}, 2, {1, 0x1.554p-2}},
      {"BF16", {0x80, 0x3f, 0xa0, 0xc0}, 2, {1, -5}},
      {"I8", {0x80, 0x7f}, 1, {-128, 127}},
      {"U8", {0x80, 0xff}, 1, {128, 255}},
      {"I16", {0, 0x80, 1, 0}, 2, {-32768, 1}},
      {"U16", {0, 0x80, 1, 0}, 2, {32768, 1}},
      {"I32", {0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0}, 4, {-1, 2}},
      {"U32", {0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0}, 4, {4294967295, 2}},
      {"I64", {1, 0, 0, 0, 0, 0, 0xe0, 0xff, 7, 0, 0, 0, 0, 0, 0, 0}, 8, {-0x1.fffffffffffffp52, 7}},
      {"U64", {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f, 0, 7, 0, 0, 0, 0, 0, 0, 0}, 8, {0x1.fffffffffffffp52, 7}},
  };
  for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
    umbra_tensors *tensors = NULL;
    char header[128];
    snprintf(header, sizeof header, "{\"w\":{\"dtype\":\"%s\",\"shape\":[2],\"data_offsets\":[0,%d]}}", kinds[k].type,
             2 * kinds[k].size);
    write_file(header, kinds[k].bytes, 2u * kinds[k].size);
    if (umbra_tensors_open(&tensors, path) != UMBRA_OK) fail_msg("%s", umbra_last_error());
    expect_values(tensors, "w", kinds[k].values, 2);
    umbra_tensors_destroy(tensors);
  }
}

/* As torch's state_dict comes out: scalars, a mask, an empty tensor, spaces for alignment, the order of the values free. */
static const char network[] = "{\"__metadata__\":{\"format\":\"pt\"},"
                              "\"fc.weight\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[16,40]}, "
                              "\"fc.bias\":{\"shape\":[2],\"data_offsets\":[40,48],\"dtype\":\"F32\"},"
                              "\"none\":{\"dtype\":\"F32\",\"shape\":[0,4],\"data_offsets\":[16,16]},"
                              "\"bn.steps\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]},"
                              "\"m\\u00e4sk\":{\"dtype\":\"BOOL\",\"shape\":[8],\"data_offsets\":[8,16]}}   ";
static const uint64_t five = 5;
static const float weights[] = {1, 2, 3, 4, 5, 6, -1, -2};

static void write_network(void) {
  uint8_t values[48] = {0};
  memcpy(values, &five, sizeof five);
  memcpy(values + 16, weights, sizeof weights);
  write_file(network, values, sizeof values);
}

static void a_network(void **state) {
  (void)state;
  static const char *const names[] = {"bn.steps", "fc.bias", "fc.weight", "m\xc3\xa4sk", "none"};
  umbra_tensors *tensors = NULL;
  size_t shape[UMBRA_NDARRAY_RANK], rank;
  const char *type;
  write_network();
  assert_int_equal(umbra_tensors_open(&tensors, path), UMBRA_OK);
  assert_int_equal(umbra_tensors_count(tensors), 5);
  for (size_t i = 0; i < 5; i++) assert_string_equal(umbra_tensors_name(tensors, i), names[i]);
  assert_null(umbra_tensors_name(tensors, 5));
  assert_int_equal(umbra_tensors_shape(tensors, shape, &rank, &type, "fc.weight"), UMBRA_OK);
  assert_true(rank == 2 && shape[0] == 2 && shape[1] == 3 && strcmp(type, "F32") == 0);
  assert_int_equal(umbra_tensors_shape(tensors, shape, &rank, NULL, "bn.steps"), UMBRA_OK);
  assert_int_equal(rank, 0);
  expect_values(tensors, "bn.steps", (const double[]){5}, 1);
  expect_values(tensors, "fc.weight", (const double[]){1, 2, 3, 4, 5, 6}, 6);
  expect_values(tensors, "fc.bias", (const double[]){-1, -2}, 2);
  umbra_tensors_destroy(tensors);
}

/* Outputs stay as they were. */
static void what_cannot_be_read(void **state) {
  (void)state;
  double kept = 7;
  umbra_ndarray array = {1, {1}, &kept};
  umbra_tensors *tensors = NULL;
  write_network();
  assert_int_equal(umbra_tensors_open(&tensors, path), UMBRA_OK);
  assert_int_equal(umbra_tensors_read(tensors, &array, "m\xc3\xa4sk"), UMBRA_ERROR_UNSUPPORTED);
  assert_non_null(strstr(umbra_last_error(), "BOOL"));
  assert_int_equal(umbra_tensors_read(tensors, &array, "none"), UMBRA_ERROR_UNSUPPORTED);
  assert_int_equal(umbra_tensors_read(tensors, &array, "fc"), UMBRA_ERROR_INVALID_ARGUMENT);
  assert_int_equal(umbra_tensors_read(tensors, NULL, "fc.bias"), UMBRA_ERROR_INVALID_ARGUMENT);
  assert_int_equal(umbra_tensors_read(tensors, &array, NULL), UMBRA_ERROR_INVALID_ARGUMENT);
  assert_int_equal(truncate(path, (off_t)(sizeof network + 8 + 16)), 0);
  assert_int_equal(umbra_tensors_read(tensors, &array, "fc.weight"), UMBRA_ERROR_FORMAT);
  umbra_tensors_destroy(tensors);
  write_file("{\"w\":{\"dtype\":\"BF16\",\"shape\":[1,2],\"data_offsets\":[0,4]}}", "\0\0\x80\x7f", 4);
  tensors = NULL;
  assert_int_equal(umbra_tensors_open(&tensors, path), UMBRA_OK);
  assert_int_equal(umbra_tensors_read(tensors, &array, "w"), UMBRA_ERROR_RANGE);
  assert_non_null(strstr(umbra_last_error(), "row 1, column 2"));
  umbra_tensors_destroy(tensors);
  assert_true(array.values == &kept && kept == 7);
}

#define TENSOR(name, type, shape, offsets) \
  "\"" name "\":{\"dtype\":\"" type "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

/* Each with eight bytes of values. */
static void headers_that_are_refused(void **state) {
  (void)state;
  static const struct {
    const char *header, *text;
  } wrong[] = {
      {"", "no JSON object"},
      {"[]", "no JSON object"},
      {" {}", "no JSON object"},
      {"{", "no JSON object"},
      {"{}{}", "no JSON object"},
      {"{}", "take 0 bytes"},
      {"{\"a\":1}", "'a' has not"},
      {"{\"a\":{\"b\":{\"c\":{}}}}", "within each other"},
      {"{\"a", "text without end"},
      {"{" TENSOR("a\\u0000b", "F64", "[1]", "[0,8]") "}", "or a zero in it"},
      {"{\"a\":{\"dtype\":\"F64\",\"shape\":[1]}}", "has not 'dtype', 'shape'"},
      {"{\"a\":{\"dtype\":\"F64\",\"shape\":[1],\"shape\":[1],\"data_offsets\":[0,8]}}", "'shape' twice"},
      {"{\"a\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8],\"x\":0}}", "unknown entry"},
      {"{" TENSOR("a", "F63", "[1]", "[0,8]") "}", "'dtype' of tensor 'a'"},
      {"{" TENSOR("a", "F64", "[1.5]", "[0,8]") "}", "'shape' of tensor 'a'"},
      {"{" TENSOR("a", "F64", "[-1]", "[0,8]") "}", "'shape' of tensor 'a'"},
      {"{" TENSOR("a", "F64", "[\"1\"]", "[0,8]") "}", "'shape' of tensor 'a'"},
      {"{" TENSOR("a", "F64", "[1,1,1,1,1,1,1,1,1]", "[0,8]") "}", "'shape' of tensor 'a'"},
      {"{" TENSOR("a", "F64", "[4294967296,4294967296]", "[0,8]") "}", "'shape' of tensor 'a'"},
      {"{" TENSOR("a", "F64", "[2305843009213693953]", "[0,8]") "}", "'shape' of tensor 'a'"},
      {"{" TENSOR("a", "F64", "[1]", "[0,8,9]") "}", "'data_offsets' of tensor 'a'"},
      {"{" TENSOR("a", "F64", "[1]", "{\"x\":0,\"y\":8}") "}", "'data_offsets' of tensor 'a'"},
      {"{" TENSOR("a", "F64", "[2]", "[0,8]") "}", "does not go with"},
      {"{" TENSOR("a", "F64", "[1]", "[8,0]") "}", "does not go with"},
      {"{" TENSOR("a", "F32", "[1]", "[0,4]") "}", "take 4 bytes, and there are 8"},
      {"{" TENSOR("a", "F64", "[2]", "[0,16]") "}", "take 16 bytes, and there are 8"},
      {"{" TENSOR("a", "F32", "[1]", "[4,8]") "}", "begins at byte 4"},
      {"{" TENSOR("a", "F64", "[1]", "[0,8]") "," TENSOR("b", "F32", "[1]", "[4,8]") "}", "begins at byte 4"},
      {"{" TENSOR("a", "F32", "[1]", "[0,4]") "," TENSOR("a", "F32", "[1]", "[4,8]") "}", "two tensors 'a'"},
      {"{\"__metadata__\":{\"x\":1}," TENSOR("a", "F64", "[1]", "[0,8]") "}", "__metadata__"},
      {"{\"__metadata__\":\"x\"," TENSOR("a", "F64", "[1]", "[0,8]") "}", "__metadata__"},
      {"{\"__metadata__\":{},\"__metadata__\":{}," TENSOR("a", "F64", "[1]", "[0,8]") "}", "__metadata__"},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    umbra_tensors *tensors = NULL;
    write_file(wrong[i].header, "12345678", 8);
    assert_int_equal(umbra_tensors_open(&tensors, path), UMBRA_ERROR_FORMAT);
    assert_null(tensors);
    if (!strstr(umbra_last_error(), wrong[i].text)) fail_msg("%s: %s", wrong[i].header, umbra_last_error());
  }
}

/* A header that claims more than there is, and one of nothing but items that take far more memory than bytes. */
static void headers_that_are_huge(void **state) {
  (void)state;
  enum { ITEMS = 1 << 19 };
  umbra_tensors *tensors = NULL;
  FILE *file = fopen(path, "wb");
  fwrite("\xff\xff\xff\xff\xff\xff\xff\x7f{}", 1, 10, file);
  fclose(file);
  assert_int_equal(umbra_tensors_open(&tensors, path), UMBRA_ERROR_FORMAT);
  assert_non_null(strstr(umbra_last_error(), "claims"));
  char *header = calloc(2 * ITEMS + 16, 1);
  assert_non_null(header);
  strcpy(header, "{\"a\":[");
  for (size_t i = 0; i < 2 * ITEMS; i++) header[6 + i] = i % 2 ? ',' : '0';
  memcpy(header + 6 + 2 * ITEMS, "0]}", 4);
  write_file(header, "", 0);
  free(header);
  assert_int_equal(umbra_tensors_open(&tensors, path), UMBRA_ERROR_FORMAT);
  assert_non_null(strstr(umbra_last_error(), "items"));
  assert_int_equal(truncate(path, 7), 0);
  assert_int_equal(umbra_tensors_open(&tensors, path), UMBRA_ERROR_FORMAT);
  remove(path);
  assert_int_equal(umbra_tensors_open(&tensors, path), UMBRA_ERROR_IO);
  assert_int_equal(umbra_tensors_open(&tensors, folder), UMBRA_ERROR_IO);
  assert_int_equal(umbra_tensors_open(NULL, path), UMBRA_ERROR_INVALID_ARGUMENT);
  assert_null(tensors);
}

static umbra_status open_and_read(umbra_tensors **tensors, umbra_ndarray *array) {
  umbra_status status = umbra_tensors_open(tensors, path);
  return status == UMBRA_OK ? umbra_tensors_read(*tensors, array, "fc.weight") : status;
}

static void memory_that_is_out(void **state) {
  (void)state;
  umbra_status status = UMBRA_ERROR_OUT_OF_MEMORY;
  long countdown = 0;
  write_network();
  for (; status == UMBRA_ERROR_OUT_OF_MEMORY; countdown++) {
    umbra_tensors *tensors = NULL;
    umbra_ndarray array = {0};
    umbra_alloc_fail_after(countdown);
    status = open_and_read(&tensors, &array);
    umbra_alloc_fail_after(-1);
    assert_true((status == UMBRA_OK) == (array.values != NULL));
    umbra_ndarray_clear(&array);
    umbra_tensors_destroy(tensors);
  }
  assert_int_equal(status, UMBRA_OK);
  assert_true(countdown > 4);
}

static int set_up(void **state) {
  (void)state;
  strcpy(folder, "/tmp/umbra-tensors-XXXXXX");
  if (!mkdtemp(folder)) return -1;
  snprintf(path, sizeof path, "%s/w.safetensors", folder);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  remove(path);
  return rmdir(folder);
}

/* What is saved is read back; the header of the format's own rules: its length in front, a multiple of 8. */
static void saved_and_read(void **state) {
  (void)state;
  double values[] = {1.5, -2, 0x1p-1074, 4, 5, 6}, bias[] = {7};
  const char *const names[] = {"layer1.weight", "a \"name\""}, *const same[] = {"b", "b"};
  umbra_ndarray arrays[] = {{2, {2, 3}, values}, {1, {1}, bias}};
  umbra_tensors *tensors = NULL;
  size_t shape[UMBRA_NDARRAY_RANK], rank = 0;
  uint64_t length = 0;
  assert_int_equal(umbra_tensors_save(path, names, arrays, 2), UMBRA_OK);
  assert_int_equal(umbra_tensors_open(&tensors, path), UMBRA_OK);
  assert_int_equal(umbra_tensors_count(tensors), 2);
  assert_int_equal(umbra_tensors_shape(tensors, shape, &rank, NULL, names[0]), UMBRA_OK);
  assert_true(rank == 2 && shape[0] == 2 && shape[1] == 3);
  expect_values(tensors, names[0], values, 6);
  expect_values(tensors, names[1], bias, 1);
  umbra_tensors_destroy(tensors);
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  assert_int_equal(fread(&length, sizeof length, 1, file), 1);
  assert_int_equal(fgetc(file), '{');
  fclose(file);
  assert_true(length % 8 == 0);
  assert_int_equal(umbra_tensors_save(path, same, arrays, 2), UMBRA_ERROR_INVALID_ARGUMENT);
  assert_int_equal(umbra_tensors_save(path, names, arrays, 0), UMBRA_ERROR_INVALID_ARGUMENT);
  values[3] = 1.0 / 0.0;
  assert_int_equal(umbra_tensors_save(path, names, arrays, 2), UMBRA_ERROR_RANGE);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(saved_and_read),
                                     cmocka_unit_test(kinds_of_numbers),
                                     cmocka_unit_test(a_network),
                                     cmocka_unit_test(what_cannot_be_read),
                                     cmocka_unit_test(headers_that_are_refused),
                                     cmocka_unit_test(headers_that_are_huge),
                                     cmocka_unit_test(memory_that_is_out)};
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
