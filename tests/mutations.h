/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For the tests that mutate files: mutation i depends on i alone, and `fuzz_x COUNT FIRST` repeats those from FIRST on.
 */
#ifndef UMBRA_TESTS_MUTATIONS_H
#define UMBRA_TESTS_MUTATIONS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* ---- chance ---- */

static uint64_t random_state;

static inline size_t below(size_t bound) { /* xorshift64* */
  random_state ^= random_state >> 12;
  random_state ^= random_state << 25;
  random_state ^= random_state >> 27;
  return (size_t)((random_state * 0x2545f4914f6cdd1du) >> 33) % bound;
}

static inline void begin_mutation(unsigned long i) {
  random_state = i + 1;
  for (int warm_up = 0; warm_up < 8; warm_up++) below(2);
}

/* ---- which ---- */

typedef struct mutations {
  unsigned long count, first;
} mutations;

/* From the command line, or the environment. */
static inline mutations mutations_wanted(unsigned long otherwise, int argc, char **argv) {
  const char *count = argc > 1 ? argv[1] : getenv("UMBRA_FUZZ_COUNT");
  return (mutations){count ? strtoul(count, NULL, 10) : otherwise, argc > 2 ? strtoul(argv[2], NULL, 10) : 0};
}

/* ---- files ---- */

static inline void write_file(const char *path, const void *bytes, size_t size) {
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(bytes, 1, size, file), size);
  fclose(file);
}

#endif
