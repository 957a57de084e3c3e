/* SPDX-License-Identifier: Apache-2.0 */
#include "number.h"

#include <math.h>
#include <string.h>

#include "../base/error.h"
#include "storage.h"

static double f16(const uint8_t *b) {
  unsigned bits = b[0] | (unsigned)b[1] << 8, exponent = bits >> 10 & 31;
  double fraction = bits & 1023, sign = bits >> 15 ? -1 : 1;
  if (exponent == 31) return fraction != 0 ? NAN : sign * INFINITY;
  return sign * (exponent ? ldexp(1024 + fraction, (int)exponent - 25) : ldexp(fraction, -24));
}

static double bf16(const uint8_t *b) {
  const uint8_t wide[4] = {0, 0, b[0], b[1]};
  float x;
  memcpy(&x, wide, sizeof x);
  return (double)x;
}

#define DEFINE_NUMBER(name, type)        \
  static double name(const uint8_t *b) { \
    type x;                              \
    memcpy(&x, b, sizeof x);             \
    return (double)x;                    \
  }
DEFINE_NUMBER(f32, float)
DEFINE_NUMBER(f64, double)
DEFINE_NUMBER(u8, uint8_t)
DEFINE_NUMBER(i8, int8_t)
DEFINE_NUMBER(u16, uint16_t)
DEFINE_NUMBER(i16, int16_t)
DEFINE_NUMBER(u32, uint32_t)
DEFINE_NUMBER(i32, int32_t)
DEFINE_NUMBER(u64, uint64_t)
DEFINE_NUMBER(i64, int64_t)

static double boolean(const uint8_t *b) { return *b != 0; }

static const struct {
  double (*value)(const uint8_t *bytes);
  uint8_t bytes, integer;
} kinds[UMBRA_NUMBERS] = {
    [UMBRA_NUMBER_F64] = {f64, 8, 0},      [UMBRA_NUMBER_F32] = {f32, 4, 0}, [UMBRA_NUMBER_F16] = {f16, 2, 0},
    [UMBRA_NUMBER_BF16] = {bf16, 2, 0},    [UMBRA_NUMBER_I8] = {i8, 1, 1},   [UMBRA_NUMBER_I16] = {i16, 2, 1},
    [UMBRA_NUMBER_I32] = {i32, 4, 1},      [UMBRA_NUMBER_I64] = {i64, 8, 1}, [UMBRA_NUMBER_U8] = {u8, 1, 1},
    [UMBRA_NUMBER_U16] = {u16, 2, 1},      [UMBRA_NUMBER_U32] = {u32, 4, 1}, [UMBRA_NUMBER_U64] = {u64, 8, 1},
    [UMBRA_NUMBER_BOOL] = {boolean, 1, 1},
};

size_t umbra_number_bytes(umbra_number number) { return kinds[number].bytes; }
int umbra_number_is_integer(umbra_number number) { return kinds[number].integer; }
double umbra_number_value(umbra_number number, const uint8_t *bytes) { return kinds[number].value(bytes); }

static umbra_status take(double *value, const umbra_numbers *n, size_t i, const uint8_t *bytes) {
  *value = umbra_number_value(n->number, bytes);
  if ((n->any || isfinite(*value)) && (!kinds[n->number].integer || fabs(*value) < 0x1p53)) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_RANGE, "row %zu, column %zu is %s (in %s)", i / n->columns + 1, i % n->columns + 1,
                    kinds[n->number].integer ? "an integer of 2^53 or more" : "not finite", n->path);
}

static umbra_status take_block(uint8_t *block, const umbra_numbers *n, size_t i, size_t bytes) {
  const uint64_t at = n->offset + i * umbra_number_bytes(n->number);
  if (!n->memory) return umbra_storage_read_at(n->file, block, bytes, at, n->path);
  memcpy(block, n->memory + at, bytes);
  return UMBRA_OK;
}

static void swap_bytes(uint8_t *block, size_t bytes, size_t size) {
  for (size_t begin = 0; begin < bytes; begin += size)
    for (size_t k = 0; k < size / 2; k++) {
      const uint8_t byte = block[begin + k];
      block[begin + k] = block[begin + size - 1 - k];
      block[begin + size - 1 - k] = byte;
    }
}

umbra_status umbra_numbers_read(double *values, const umbra_numbers *n) {
  uint8_t block[8192];
  const size_t size = umbra_number_bytes(n->number), step = sizeof block / size;
  for (size_t i = 0; i < n->count; i += step) {
    const size_t count = n->count - i < step ? n->count - i : step;
    UMBRA_TRY(take_block(block, n, i, count * size));
    if (n->swapped) swap_bytes(block, count * size, size);
    for (size_t k = 0; k < count; k++) UMBRA_TRY(take(&values[i + k], n, i + k, block + k * size));
  }
  return UMBRA_OK;
}
