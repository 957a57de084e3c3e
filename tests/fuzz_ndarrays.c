/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick fuzz-regress */
/* labels: slow fuzz-regress UMBRA_FUZZ_COUNT=100000 */
/*
 * Mutated npy files of no dimension to nine, in both orders of values: no crash, an untouched array and a text on
 * failure; otherwise a shape within the file, and finite values. Half of the mutations exchange words of the header and
 * keep its length right, so that most of the reader is reached. Files that are not mutated give their values at their
 * places.
 */
#include "tests/fuzz/ndarrays.h"

#include <string.h>
#include <unistd.h>

enum { PREFIX = 10, MOST_RANK = UMBRA_NDARRAY_RANK + 1, SEEDS = 2 * (MOST_RANK + 1) };

typedef struct seed {
  int fortran;
  size_t rank, shape[MOST_RANK], count;
} seed;

/* Dimensions of 2 and, from the third on, of 1 in turns; the last one is 3. */
static seed seed_of(unsigned long i) {
  seed s = {.fortran = (int)(i & 1), .rank = i / 2 % (MOST_RANK + 1), .count = 1};
  for (size_t d = 0; d < s.rank; d++) {
    s.shape[d] = d + 1 == s.rank ? 3 : (d < 2 || d % 2 ? 2 : 1);
    s.count *= s.shape[d];
  }
  return s;
}

/* Bytes from 0 on, in the order of the file. */
static size_t start(uint8_t *bytes, const seed *s) {
  char text[256];
  size_t length = (size_t)snprintf(text, sizeof text, "{'descr': '|u1', 'fortran_order': %s, 'shape': (",
                                   s->fortran ? "True" : "False");
  for (size_t d = 0; d < s->rank; d++)
    length += (size_t)snprintf(text + length, sizeof text - length, "%zu,", s->shape[d]);
  length += (size_t)snprintf(text + length, sizeof text - length, "), }\n");
  memcpy(bytes, "\x93NUMPY\x01\x00", 8);
  bytes[8] = (uint8_t)length;
  bytes[9] = 0;
  memcpy(bytes + PREFIX, text, length);
  for (size_t i = 0; i < s->count; i++) bytes[PREFIX + length + i] = (uint8_t)i;
  return PREFIX + length + s->count;
}

/* ---- files as they are ---- */

/* The place in the file of the value with that number in row order. */
static size_t place_of(const seed *s, size_t number) {
  size_t place = 0, step = s->count;
  if (!s->fortran) return number;
  for (size_t d = s->rank; d-- > 0;) {
    step /= s->shape[d];
    place += number % s->shape[d] * step;
    number /= s->shape[d];
  }
  return place;
}

/* No dimension, nine, and Fortran's order may be refused. */
static void check_seed(unsigned long i, const char *path) {
  const seed s = seed_of(i);
  umbra_ndarray array = {0};
  const umbra_status status = umbra_ndarray_read(&array, path);
  const int plain = !s.fortran && s.rank && s.rank <= UMBRA_NDARRAY_RANK;
  if (status != UMBRA_OK && (plain || status != UMBRA_ERROR_FORMAT))
    fail_msg("rank %zu: %s", s.rank, umbra_last_error());
  if (status != UMBRA_OK) return;
  assert_int_equal(umbra_ndarray_count(&array), s.count);
  for (size_t d = 0; d < s.rank; d++) assert_int_equal(array.shape[d], s.shape[d]);
  for (size_t k = 0; k < s.count; k++) assert_true(array.values[k] == (double)(uint8_t)place_of(&s, k));
  umbra_ndarray_clear(&array);
}

/* ---- mutations ---- */

static int is_sign(uint8_t byte) { return byte && strchr("{}():,", byte) != NULL; }

/* What stands between two signs of the header becomes another word. */
static size_t exchange_word(uint8_t *bytes, size_t size) {
  static const char *const words[] = {
      "0",     "1",     "2",     "3",     "6",     "8",       "-1",      "1e3",  "4294967296", "18446744073709551615",
      "'<f8'", "'>f8'", "'<f4'", "'<f2'", "'<i8'", "'|i1'",   "'|b1'",   "'|O'", "True",       "False",
      "",      "2,2",   "1,1,1", "3,",    "(2,)",  "'shape'", "'descr'", "{",    ")"};
  const char *word = words[below(sizeof words / sizeof *words)];
  const size_t length = strlen(word), end = PREFIX + bytes[8];
  size_t from = PREFIX + below(bytes[8]), next;
  while (from < end && !is_sign(bytes[from - 1])) from++;
  for (next = from; next < end && !is_sign(bytes[next]);) next++;
  const size_t grown = bytes[8] + length - (next - from);
  if (size + length > ROOM || !grown || grown > UINT8_MAX) return size;
  memmove(bytes + from + length, bytes + next, size - next);
  for (size_t k = 0; k < length; k++) bytes[from + k] = (uint8_t)word[k];
  bytes[8] = (uint8_t)grown;
  return size + length - (next - from);
}

static size_t change_byte(uint8_t *bytes, size_t size) {
  const size_t at = below(size);
  switch (below(4)) {
    case 0: bytes[at] ^= (uint8_t)(1u << below(8)); break;
    case 1: return at;
    case 2: memmove(bytes + at, bytes + at + 1, --size - at); break;
    default: bytes[at] = (uint8_t)("0123456789'(){}:,<>|"[below(20)]);
  }
  return size;
}

static size_t mutate(uint8_t *bytes, size_t size) {
  const int whole = (int)below(2);
  for (size_t times = 1 + below(2); times-- > 0 && size;)
    size = whole ? exchange_word(bytes, size) : change_byte(bytes, size);
  return size;
}

static mutations wanted;
static char folder[64];

static void mutated_arrays(void **state) {
  (void)state;
  unsigned long read = 0;
  for (unsigned long i = wanted.first; i < wanted.first + wanted.count; i++) {
    uint8_t bytes[ROOM];
    char path[128];
    const seed s = seed_of(i);
    begin_mutation(i);
    size_t size = start(bytes, &s);
    if (i >= SEEDS) size = mutate(bytes, size);
    snprintf(path, sizeof path, "%s/x.npy", folder);
    write_file(path, bytes, size);
    if (i < SEEDS) check_seed(i, path);
    else read += (unsigned long)check(i, path);
    remove(path);
  }
  if (wanted.count >= 2000) assert_true(read > wanted.count / 100); /* some of the mistakes are harmless */
}

static int set_up(void **state) {
  (void)state;
  strcpy(folder, "/tmp/umbra-fuzz-ndarrays-XXXXXX");
  return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state) {
  (void)state;
  return rmdir(folder);
}

int main(int argc, char **argv) {
  wanted = mutations_wanted(20000, argc, argv);
  const struct CMUnitTest tests[] = {cmocka_unit_test(mutated_arrays)};
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
