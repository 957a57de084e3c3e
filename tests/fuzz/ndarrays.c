/* SPDX-License-Identifier: Apache-2.0 */
/* An npy file. */
#include "tests/fuzz/ndarrays.h"

#include "tests/fuzz/scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size <= ROOM) check(0, scratch("x.npy", data, size));
  return 0;
}
