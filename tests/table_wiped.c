/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Memory in which a table was read is given back without its values: no text, no number and no text unpacked is left. */
#define _GNU_SOURCE /* memmem, RTLD_NEXT */
#include <dlfcn.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <umbra/records.h>
#include <umbra/train.h>
#include <zlib.h>

static const char needle_text[] = "1234567.125";
static const double needle = 1234567.125;

static int looking;
static size_t found;

static int holds(const void *memory, size_t bytes) {
  return memmem(memory, bytes, needle_text, strlen(needle_text)) || memmem(memory, bytes, &needle, sizeof needle);
}

#ifdef __SANITIZE_ADDRESS__
enum { SANITIZED = 1 }; /* by what has a free of its own */
#else
enum { SANITIZED = 0 };

/* Instead of the C library's, which it calls. */
void free(void *memory) {
  static void (*next)(void *);
  if (!next) {
    void *symbol = dlsym(RTLD_NEXT, "free");
    memcpy(&next, &symbol, sizeof next);
  }
  if (looking && memory) found += (size_t)holds(memory, malloc_usable_size(memory));
  next(memory);
}

#endif

static char folder[64];

static int set_up(void **state) {
  (void)state;
  strcpy(folder, "/tmp/umbra-wiped-XXXXXX");
  return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state) {
  (void)state;
  return rmdir(folder);
}

static const char text[] = "a,b,y\n1234567.125,2,0\n3,1234567.125,1\n";

static void write_table(const char *path) {
  const size_t length = strlen(path);
  if (strcmp(path + length - 3, ".gz") == 0) {
    gzFile file = gzopen(path, "wb");
    assert_int_equal(gzwrite(file, text, sizeof text - 1), sizeof text - 1);
    assert_int_equal(gzclose(file), Z_OK);
  } else if (strcmp(path + length - 4, ".npy") == 0) {
    const umbra_table table = {1, 3, (double[]){1234567.125, 2, 0}};
    assert_int_equal(umbra_table_write(&table, path), UMBRA_OK);
  } else {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, sizeof text - 1, file), sizeof text - 1);
    fclose(file);
  }
}

static void tables(void **state) {
  (void)state;
  static const char *const names[] = {"t.csv", "t.csv.gz", "t.npy"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char path[128];
    umbra_table table = {0};
    snprintf(path, sizeof path, "%s/%s", folder, names[i]);
    write_table(path);
    found = 0;
    looking = 1;
    const umbra_status status = umbra_table_read(&table, path);
    const int has = status == UMBRA_OK && holds(table.values, table.rows * table.columns * sizeof *table.values);
    umbra_table_clear(&table);
    looking = 0;
    remove(path);
    assert_true(has);
    if (found) fail_msg("%s: %zu blocks", names[i], found);
  }
}

static void weights(void **state) {
  (void)state;
  char path[128];
  umbra_table table = {0};
  uint8_t training[UMBRA_DIGEST_BYTES] = {7};
  int known = 0;
  snprintf(path, sizeof path, "%s/w.csv", folder);
  assert_int_equal(umbra_weights_save((double[]){1234567.125, 2, 3}, 2, training, path), UMBRA_OK);
  found = 0;
  looking = 1;
  const umbra_status status = umbra_weights_load(&table, &known, training, path);
  umbra_table_clear(&table);
  looking = 0;
  remove(path);
  assert_true(status == UMBRA_OK && known);
  assert_int_equal(found, 0);
}

int main(void) {
  enum { SKIPPED = 77 };
  if (SANITIZED) return SKIPPED;
  const struct CMUnitTest tests[] = {cmocka_unit_test(tables), cmocka_unit_test(weights)};
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
