/* SPDX-License-Identifier: Apache-2.0 */
/* A safetensors file. */
#include "tests/fuzz/tensors.h"

#include "tests/fuzz/scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size <= ROOM) check(0, scratch("w.safetensors", data, size));
  return 0;
}
