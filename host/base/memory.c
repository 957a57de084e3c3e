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
