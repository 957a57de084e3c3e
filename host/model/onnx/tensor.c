/* SPDX-License-Identifier: Apache-2.0 */
#include "tensor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../base/error.h"
#include "../../base/memory.h"
#include "../../io/number.h"

/* ---- types ---- */

/* Where numbers lie that are not raw. */
typedef enum place { NOWHERE, FLOATS, INTS32, INTS64, DOUBLES } place;

enum { STRING = 8, TYPES = 17 };

static const struct {
  umbra_number number;
  place place;
} types[TYPES] = {
    [1] = {UMBRA_NUMBER_F32, FLOATS},   [2] = {UMBRA_NUMBER_U8, INTS32},    [3] = {UMBRA_NUMBER_I8, INTS32},
    [4] = {UMBRA_NUMBER_U16, INTS32},   [5] = {UMBRA_NUMBER_I16, INTS32},   [6] = {UMBRA_NUMBER_I32, INTS32},
    [7] = {UMBRA_NUMBER_I64, INTS64},   [9] = {UMBRA_NUMBER_U8, INTS32},    [10] = {UMBRA_NUMBER_F16, INTS32},
    [11] = {UMBRA_NUMBER_F64, DOUBLES}, [12] = {UMBRA_NUMBER_U32, NOWHERE}, [13] = {UMBRA_NUMBER_U64, NOWHERE},
    [16] = {UMBRA_NUMBER_BF16, INTS32},
};

static umbra_status check_type(int64_t type) {
  return type > 0 && type < TYPES && types[type].number != UMBRA_NUMBER_NONE
             ? UMBRA_OK
             : umbra_fail(UMBRA_ERROR_UNSUPPORTED, "numbers of type %lld of ONNX cannot be used", (long long)type);
}

umbra_status umbra_onnx_type_is_integer(int *integer, int64_t type) {
  UMBRA_TRY(check_type(type));
  *integer = umbra_number_is_integer(types[type].number);
  return UMBRA_OK;
}

/* ---- data in the file ---- */

static umbra_status wrong_count(const umbra_onnx_value *made, size_t there, const char *what) {
  return umbra_fail(UMBRA_ERROR_FORMAT, "it is to have %zu elements, and has %zu %s", made->count, there, what);
}

static umbra_status from_bytes(umbra_onnx_value *made, const uint8_t *bytes, size_t size, int32_t type) {
  size_t each = umbra_number_bytes(types[type].number);
  if (size != made->count * each) return wrong_count(made, size, "bytes");
  UMBRA_TRY(umbra_alloc(&made->data, made->count, sizeof *made->data, "weights"));
  for (size_t i = 0; i < made->count; i++) made->data[i] = umbra_number_value(types[type].number, bytes + i * each);
  return UMBRA_OK;
}

/* Small types lie in 32 bits each, of which their own bits are the lowest. */
static double small_element(const UmbraOnnx__Tensor *t, size_t i) {
  uint8_t bytes[4];
  memcpy(bytes, &t->int32_data[i], sizeof bytes);
  return umbra_number_value(types[t->data_type].number, bytes);
}

static double typed_element(const UmbraOnnx__Tensor *t, size_t i) {
  switch (types[t->data_type].place) {
    case FLOATS: return (double)t->float_data[i];
    case INTS64: return (double)t->int64_data[i];
    case DOUBLES: return t->double_data[i];
    default: return small_element(t, i);
  }
}

static size_t typed_count(const UmbraOnnx__Tensor *t, place place) {
  return place == FLOATS    ? t->n_float_data
         : place == INTS32  ? t->n_int32_data
         : place == INTS64  ? t->n_int64_data
         : place == DOUBLES ? t->n_double_data
                            : 0;
}

static umbra_status from_typed(umbra_onnx_value *made, const UmbraOnnx__Tensor *t) {
  place place = types[t->data_type].place;
  size_t there = typed_count(t, place);
  if (there != made->count) return wrong_count(made, there, "numbers of its type");
  UMBRA_TRY(umbra_alloc(&made->data, made->count, sizeof *made->data, "weights"));
  for (size_t i = 0; i < made->count; i++) made->data[i] = typed_element(t, i);
  return UMBRA_OK;
}

static umbra_status from_texts(umbra_onnx_value *made, const UmbraOnnx__Tensor *t) {
  if (t->n_string_data != made->count) return wrong_count(made, t->n_string_data, "texts");
  UMBRA_TRY(umbra_alloc(&made->data, made->count, sizeof *made->data, "texts"));
  for (size_t i = 0; i < made->count; i++) made->data[i] = (double)i;
  made->texts = 1;
  return UMBRA_OK;
}

/* ---- data outside ---- */

static umbra_status take_whole(uint64_t *number, const char *text, const char *key) {
  char *end = NULL;
  errno = 0;
  *number = strtoull(text, &end, 10);
  return *text >= '0' && *text <= '9' && !*end && errno == 0
             ? UMBRA_OK
             : umbra_fail(UMBRA_ERROR_FORMAT, "'%s' of its external data is '%.32s'", key, text);
}

typedef struct place_outside {
  const char *location;
  uint64_t offset, length;
  int has_length;
} place_outside;

static umbra_status take_entry(place_outside *p, const UmbraOnnx__Entry *e) {
  if (strcmp(e->key, "location") == 0) {
    p->location = e->value;
    return UMBRA_OK;
  }
  if (strcmp(e->key, "offset") == 0) return take_whole(&p->offset, e->value, e->key);
  if (strcmp(e->key, "checksum") == 0) return UMBRA_OK; /* a SHA-1 that exporters leave out */
  if (strcmp(e->key, "length") != 0)
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "its external data have an entry '%.64s'", e->key);
  p->has_length = 1;
  return take_whole(&p->length, e->value, e->key);
}

static umbra_status from_outside(umbra_onnx_value *made, umbra_onnx_import *import, const UmbraOnnx__Tensor *t) {
  place_outside p = {0};
  for (size_t i = 0; i < t->n_external_data; i++) UMBRA_TRY(take_entry(&p, t->external_data[i]));
  size_t size;
  if (__builtin_mul_overflow(made->count, umbra_number_bytes(types[t->data_type].number), &size) ||
      (p.has_length && p.length != size))
    return wrong_count(made, p.length, "bytes outside");
  if (!p.location) return umbra_fail(UMBRA_ERROR_FORMAT, "its external data have no location");
  uint8_t *bytes;
  UMBRA_TRY(umbra_onnx_read_external(&import->folder, &bytes, p.location, p.offset, size));
  umbra_status status = from_bytes(made, bytes, size, t->data_type);
  umbra_free(bytes);
  import->budget.left += UMBRA_ONNX_BUDGET_FACTOR * size; /* as if they were in the file */
  return status;
}

/* ---- all ---- */

static umbra_status check_places(const UmbraOnnx__Tensor *t) {
  int outside = t->data_location == 1, raw = t->raw_data.len > 0;
  int places = (t->n_float_data > 0) + (t->n_int32_data > 0) + (t->n_int64_data > 0) + (t->n_double_data > 0) +
               (t->n_string_data > 0) + raw + outside;
  if (places > 1 || t->data_location < 0 || t->data_location > 1 || (!outside && t->n_external_data))
    return umbra_fail(UMBRA_ERROR_FORMAT, "its data are in several places");
  return t->data_type == STRING && !outside && !raw ? UMBRA_OK : check_type(t->data_type);
}

static umbra_status set_dims(umbra_onnx_value *made, const UmbraOnnx__Tensor *t) {
  size_t dims[UMBRA_ONNX_RANK];
  for (size_t d = 0; d < t->n_dims && d < UMBRA_ONNX_RANK; d++) {
    if (t->dims[d] < 0) return umbra_fail(UMBRA_ERROR_FORMAT, "it has a dimension below 0");
    dims[d] = (size_t)t->dims[d];
  }
  return umbra_onnx_set_dims(made, dims, t->n_dims);
}

umbra_status umbra_onnx_read_tensor(umbra_onnx_value *made, umbra_onnx_import *import, const UmbraOnnx__Tensor *t) {
  made->kind = UMBRA_ONNX_CONSTANT;
  UMBRA_TRY(set_dims(made, t));
  UMBRA_TRY(check_places(t));
  if (t->data_type == STRING) return from_texts(made, t);
  made->integer = umbra_number_is_integer(types[t->data_type].number);
  if (t->data_location == 1) return from_outside(made, import, t);
  return t->raw_data.len ? from_bytes(made, t->raw_data.data, t->raw_data.len, t->data_type) : from_typed(made, t);
}
