/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For the tests that mutate files: mutation i depends on i alone, and `fuzz_x COUNT FIRST` repeats those from FIRST on.
 * In the fuzz targets that share their mutations with such a test, chance comes from the fuzzer's input instead.
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

static struct chance {
  uint64_t state;
  const uint8_t *input; /* NULL: of the generator */
  size_t left;
} chance = {.state = 1};

static inline uint32_t random_word(void) { /* xorshift64* */
  chance.state ^= chance.state >> 12;
  chance.state ^= chance.state << 25;
  chance.state ^= chance.state >> 27;
  return (uint32_t)((chance.state * 0x2545f4914f6cdd1du) >> 32);
}

/* As if an input had no end of zeros. */
static inline uint32_t input_word(void) {
  uint32_t word = 0;
  for (int shift = 0; shift < 32 && chance.left > 0; shift += 8, chance.left--)
    word |= (uint32_t)*chance.input++ << shift;
  return word;
}

static inline uint32_t any_word(void) { return chance.input ? input_word() : random_word(); }

static inline size_t below(size_t bound) { return bound ? any_word() % bound : 0; }

static inline void begin_mutation(unsigned long i) {
  chance = (struct chance){.state = i + 1};
  for (int warm_up = 0; warm_up < 8; warm_up++) random_word();
}

static inline void begin_input(const uint8_t *input, size_t size) {
  chance = (struct chance){.state = 1, .input = input, .left = size};
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
