/* SPDX-License-Identifier: Apache-2.0 */
/* An ONNX file without external data. */
#include "tests/fuzz/models.h"

#include "tests/fuzz/scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  check(0, scratch("model.onnx", data, size));
  return 0;
}
