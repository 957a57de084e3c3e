/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick fuzz-regress */
/* labels: slow fuzz-regress UMBRA_FUZZ_COUNT=100000 */
/*
 * Mutated safetensors files: no crash, an untouched handle and a text on failure; otherwise every tensor that is listed
 * has a shape within the file, and is read, or refused with a text. Half of them keep the length of their header right,
 * and have words exchanged instead of bytes, so that most of the reader is reached.
 */
#include "tests/fuzz/tensors.h"

#include <string.h>
#include <unistd.h>

enum { VALUES = 48 };

static const char *const headers[] = {
    "{\"__metadata__\":{\"format\":\"pt\"},\"a.w\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
    "\"a.b\":{\"dtype\":\"F64\",\"shape\":[3],\"data_offsets\":[24,48]}}",
    "{\"s\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[40,48]},\"e\":{\"dtype\":\"BOOL\",\"shape\":[0],"
    "\"data_offsets\":[0,0]},\"h\\u00e4\":{\"data_offsets\":[0,40],\"dtype\":\"BF16\",\"shape\":[2,2,5,1]}}  ",
};
static const char *const words[] = {
    "0",       "1",        "2",       "3",       "6",       "8",         "24",        "40",
    "48",      "-1",       "1e3",     "0.5",     "1e99",    "null",      "true",      "",
    "\"F16\"", "\"BF16\"", "\"U16\"", "\"I32\"", "\"U8\"",  "\"F64\"",   "[0,4]",     "{}",
    "[]",      "]",        "8,9",     "\"s\"",   "\"a.w\"", "\"dtype\"", "\"shape\"", "\"x\":0,\"y\"",
};

static size_t start(uint8_t *bytes, size_t which) {
  const uint64_t length = strlen(headers[which]);
  memcpy(bytes, &length, sizeof length);
  memcpy(bytes + 8, headers[which], length);
  for (size_t i = 0; i < VALUES; i++) bytes[8 + length + i] = (uint8_t)below(64);
  return 8 + (size_t)length + VALUES;
}

static int is_sign(uint8_t byte) { return byte && strchr("{}[]:,", byte) != NULL; }

/* What stands between two signs becomes another word. */
static size_t exchange_word(uint8_t *bytes, size_t size) {
  const char *word = words[below(sizeof words / sizeof *words)];
  const size_t length = strlen(word), end = size - VALUES;
  size_t from = 8 + below(end - 8), next;
  while (from < end && !is_sign(bytes[from - 1])) from++;
  for (next = from; next < end && !is_sign(bytes[next]);) next++;
  if (size + length > ROOM) return size;
  memmove(bytes + from + length, bytes + next, size - next);
  for (size_t k = 0; k < length; k++) bytes[from + k] = (uint8_t)word[k];
  const size_t grown = size + length - (next - from);
  memcpy(bytes, &(uint64_t){grown - VALUES - 8}, 8);
  return grown;
}

static size_t change_byte(uint8_t *bytes, size_t size) {
  const size_t at = below(size);
  switch (below(4)) {
    case 0: bytes[at] ^= (uint8_t)(1u << below(8)); break;
    case 1: return at;
    case 2: memmove(bytes + at, bytes + at + 1, --size - at); break;
    default: bytes[at] = (uint8_t)("0123456789\"{}[]:,\\u "[below(20)]);
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

static void mutated_tensors(void **state) {
  (void)state;
  unsigned long read = 0;
  for (unsigned long i = wanted.first; i < wanted.first + wanted.count; i++) {
    uint8_t bytes[ROOM];
    char path[128];
    begin_mutation(i);
    size_t size = start(bytes, i % 2);
    if (i > 1) size = mutate(bytes, size);
    snprintf(path, sizeof path, "%s/w.safetensors", folder);
    write_file(path, bytes, size);
    read += (unsigned long)check(i, path);
    remove(path);
  }
  if (wanted.count >= 2000) assert_true(read > wanted.count / 50); /* many of the mistakes are harmless */
}

static int set_up(void **state) {
  (void)state;
  strcpy(folder, "/tmp/umbra-fuzz-tensors-XXXXXX");
  return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state) {
  (void)state;
  return rmdir(folder);
}

int main(int argc, char **argv) {
  wanted = mutations_wanted(2000, argc, argv);
  const struct CMUnitTest tests[] = {cmocka_unit_test(mutated_tensors)};
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
