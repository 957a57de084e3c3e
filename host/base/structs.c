/* SPDX-License-Identifier: Apache-2.0 */
#include "structs.h"

#include <stdint.h>
#include <string.h>
#include <umbra/version.h>

#include "error.h"

/* No struct comes near it: what is larger was never initialised. */
enum { MOST_BYTES = 1 << 16 };

static size_t size_of(const void *given) {
  size_t size;
  memcpy(&size, given, sizeof size);
  return size;
}

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

void umbra_init_struct(void *given, size_t size, const void *defaults, size_t known) {
  if (size < sizeof size) return;
  memset(given, 0, size);
  memcpy(given, defaults, smaller(size, known));
  memcpy(given, &size, sizeof size);
}

static umbra_status check_tail(const uint8_t *given, size_t size, size_t known, const char *name) {
  for (size_t k = known; k < size; k++)
    if (given[k])
      return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                        "%s has %zu bytes and not only zeros after the %zu that version %s of this library knows", name,
                        size, known, UMBRA_VERSION_STRING);
  return UMBRA_OK;
}

/* *element: where element i is, *size: how large the application thinks it is. */
static umbra_status find(const uint8_t **element, size_t *size, size_t known, const void *given, size_t i,
                         const char *name) {
  *size = size_of(given);
  if (*size < sizeof *size || *size > MOST_BYTES || *size % sizeof *size)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "struct_size is %zu: call %s_init first", *size, name);
  *element = (const uint8_t *)given + i * *size;
  if (size_of(*element) != *size)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "struct_size of element %zu is %zu, and that of the first %zu: call %s_init for each", i,
                      size_of(*element), *size, name);
  return check_tail(*element, *size, known, name);
}

umbra_status umbra_take_struct(void *own, size_t known, const void *given, size_t i, const char *name) {
  if (!given) return UMBRA_OK;
  const uint8_t *element;
  size_t size;
  UMBRA_TRY(find(&element, &size, known, given, i, name));
  memcpy((uint8_t *)own + sizeof size, element + sizeof size, smaller(size, known) - sizeof size);
  return UMBRA_OK;
}

umbra_status umbra_give_struct(void *given, size_t i, const void *own, size_t known, const char *name) {
  const uint8_t *element;
  size_t size;
  UMBRA_TRY(find(&element, &size, known, given, i, name));
  memcpy((uint8_t *)given + i * size + sizeof size, (const uint8_t *)own + sizeof size,
         smaller(size, known) - sizeof size);
  return UMBRA_OK;
}
