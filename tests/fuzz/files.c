/* SPDX-License-Identifier: Apache-2.0 */
/* Files of every kind: the input says what is mutated in which, since their sums would hide from a fuzzer what is behind. */
#include "tests/fuzz/files.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static unsigned long inputs;
  static buffer work;
  if (!inputs++) {
    begin_files();
    atexit(end_files);
    work.bytes = malloc(room());
    assert_non_null(work.bytes);
  }
  begin_input(data, size);
  const int kind = (int)below(OBJECTS);
  work.size = objects.size[kind];
  memcpy(work.bytes, objects.bytes[kind], work.size);
  mutate(&work);
  const buffer exact = exact_copy(&work);
  check(inputs, kind, &exact);
  free(exact.bytes);
  return 0;
}
