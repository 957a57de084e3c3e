/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick fuzz-regress */
/* labels: slow fuzz-regress UMBRA_FUZZ_COUNT=1000000 */
/* Mutated CSV and npy files: no crash, an untouched table and a text on failure, finite values otherwise. */
#include <math.h>
#include <string.h>
#include <umbra/table.h>
#include <unistd.h>

#include "mutations.h"

enum { ROOM = 1024 };

static const char *const csv_texts[] = {
    "x,y\n1,2.5\n-3e2,.5\n",
    "\xef\xbb\xbf# comment\r\n\"a, b\",c\r\n1,1e-300\r\n123456789,0.000001\r\n",
};
static const char *const npy_headers[] = {
    "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }  \n",
    "{'shape': (48,), 'fortran_order': False, 'descr': '|u1'}",
};

static size_t start(uint8_t *bytes, int npy) {
  size_t which = below(2);
  if (!npy) {
    memcpy(bytes, csv_texts[which], strlen(csv_texts[which]));
    return strlen(csv_texts[which]);
  }
  size_t length = strlen(npy_headers[which]);
  memcpy(bytes, "\x93NUMPY\x01\x00", 8);
  bytes[8] = (uint8_t)length;
  bytes[9] = 0;
  memcpy(bytes + 10, npy_headers[which], length);
  memset(bytes + 10 + length, 0, 48);
  return 10 + length + 48;
}

static size_t mutate(uint8_t *bytes, size_t size) {
  static const char alphabet[] = "0123456789+-.,eEnaif()'\":{}\n\r #<>|u";
  for (size_t times = 1 + below(4); times-- > 0 && size;) {
    size_t at = below(size);
    switch (below(5)) {
      case 0: bytes[at] = (uint8_t)alphabet[below(sizeof alphabet)]; break;
      case 1: bytes[at] ^= (uint8_t)(1u << below(8)); break;
      case 2: size = at; break;
      case 3: memmove(bytes + at, bytes + at + 1, --size - at); break;
      default:
        memmove(bytes + at + 1, bytes + at, size - at);
        bytes[at] = (uint8_t)alphabet[below(sizeof alphabet)];
        size++;
    }
  }
  return size;
}

static void check(unsigned long i, const char *path) {
  umbra_table table = {0};
  umbra_status status = umbra_table_read(&table, path);
  if (status != UMBRA_OK) {
    if (table.values || !*umbra_last_error() || (status != UMBRA_ERROR_FORMAT && status != UMBRA_ERROR_RANGE))
      fail_msg("mutation %lu: %s: %s", i, umbra_status_string(status), umbra_last_error());
    return;
  }
  if (table.rows * table.columns == 0 || table.rows * table.columns > ROOM) fail_msg("mutation %lu: shape", i);
  for (size_t k = 0; k < table.rows * table.columns; k++)
    if (!isfinite(table.values[k])) fail_msg("mutation %lu: not finite", i);
  umbra_table_clear(&table);
}

static mutations wanted;
static char folder[64];

static void mutated_tables(void **state) {
  (void)state;
  for (unsigned long i = wanted.first; i < wanted.first + wanted.count; i++) {
    uint8_t bytes[ROOM];
    char path[128];
    begin_mutation(i);
    int npy = (int)(i % 2);
    size_t size = mutate(bytes, start(bytes, npy));
    snprintf(path, sizeof path, "%s/table.%s", folder, npy ? "npy" : "csv");
    write_file(path, bytes, size);
    check(i, path);
    remove(path);
  }
}

static int set_up(void **state) {
  (void)state;
  strcpy(folder, "/tmp/umbra-fuzz-tables-XXXXXX");
  return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state) {
  (void)state;
  return rmdir(folder);
}

int main(int argc, char **argv) {
  wanted = mutations_wanted(20000, argc, argv);
  const struct CMUnitTest tests[] = {cmocka_unit_test(mutated_tables)};
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
