/* SPDX-License-Identifier: Apache-2.0 */
/* A schema as JSON, by which a table is read whose columns are those of the corpus. */
#include "tests/fuzz/tables.h"

#include "tests/fuzz/scratch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char table[] = "a,s,l\n1.5,u,0\n2.5,v,0\n,u,1\n0.5,w,1\n";
  char *text = malloc(size + 1);
  assert_non_null(text);
  memcpy(text, data, size);
  text[size] = 0;
  check_schema(text, scratch("table.csv", (const uint8_t *)table, sizeof table - 1));
  free(text);
  return 0;
}
