/* SPDX-License-Identifier: Apache-2.0 */
#include "memory.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"

static _Thread_local long fail_countdown = -1;

void umbra_alloc_fail_after(long countdown) { fail_countdown = countdown; }

int umbra_alloc_must_fail(void) {
  if (fail_countdown < 0) return 0;
  return fail_countdown-- == 0;
}

umbra_status umbra_alloc(void *memory, size_t count, size_t size, const char *what) {
  void *block = umbra_alloc_must_fail() ? NULL : calloc(count ? count : 1, size);
  if (!block) return umbra_fail(UMBRA_ERROR_OUT_OF_MEMORY, "cannot allocate %zu x %zu bytes for %s", count, size, what);
  memcpy(memory, &block, sizeof block);
  return UMBRA_OK;
}

void umbra_free(void *memory) { free(memory); }

umbra_status umbra_make_room(void *array, size_t *room, size_t count, size_t size, const char *what) {
  const size_t wanted = *room ? 2 * *room : 8;
  void *now, *made;
  if (count < *room) return UMBRA_OK;
  UMBRA_TRY(umbra_alloc(&made, wanted, size, what));
  memcpy(&now, array, sizeof now);
  if (count) memcpy(made, now, count * size);
  umbra_free(now);
  memcpy(array, &made, sizeof made);
  *room = wanted;
  return UMBRA_OK;
}

umbra_status umbra_copy_bytes(void *copy, const void *from, size_t count, size_t size) {
  void *made;
  if (!from) return UMBRA_OK;
  UMBRA_TRY(umbra_alloc(&made, count, size, "a copy"));
  memcpy(made, from, count * size);
  memcpy(copy, &made, sizeof made);
  return UMBRA_OK;
}
