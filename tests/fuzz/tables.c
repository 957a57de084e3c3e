/* SPDX-License-Identifier: Apache-2.0 */
/* A table: the first byte says of which kind, the others are the file. */
#include "tests/fuzz/tables.h"

#include "tests/fuzz/scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char *const names[] = {"table.csv", "table.npy", "table.csv.gz", "table.npz"};
  if (!size || size > ROOM) return 0;
  const char *path = scratch(names[*data % 4], data + 1, size - 1);
  begin_mutation(*data);
  check_table(0, path);
  check_records(0, path);
  return 0;
}
