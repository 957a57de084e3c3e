/* SPDX-License-Identifier: Apache-2.0 */
#include <sodium.h>

#include "memory.h"

void umbra_wipe_and_free(void *memory, size_t bytes) {
  if (memory) sodium_memzero(memory, bytes);
  umbra_free(memory);
}
