/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Public structs with a struct_size, through every call that takes or fills one, as applications of other versions have
 * them: without their last 8 bytes, with 48 zeros more, and with something in these that this version cannot know. The
 * structs of an application are blocks of exactly its size, so that sanitizers see what goes beyond them.
 *
 * Each test has a table of some of them: tests/structs_records.c those of the headers below, tests/structs.c all
 * others.
 */
#ifndef UMBRA_TESTS_STRUCTS_H
#define UMBRA_TESTS_STRUCTS_H

#include <dirent.h>

#include "scheme.h"

static const char *const headers_of_records[] = {
    "approximation.h", "array.h", "audit.h",      "convolution.h",  "feature_map.h", "inference.h",    "logistic.h",
    "matrix.h",        "model.h", "matrix_ops.h", "optimum.h",      "product.h",     "product_plan.h", "privacy.h",
    "records.h",       "table.h", "train.h",      "train_search.h", "weights.h"};

/* ---- the table ---- */

typedef enum direction { TAKEN, FILLED, TOLD /* to callbacks only */ } direction;

typedef struct row {
  const char *name;
  size_t size, count; /* elements of an array */
  void (*init)(void *given, size_t size);
  direction direction;
  umbra_status (*call)(void *given); /* makes what it can of a struct, and leaves nothing behind */
} row;

/* The tests' state. */
typedef struct table {
  const row *rows;
  size_t count;
  int of_records; /* whether it is that of headers_of_records */
} table;

/* Calls go by the address of a function that takes another pointer: as by ctypes, which knows no types either. */
#define ROW(type, count, direction, call) \
  { #type, sizeof(type), count, (void (*)(void *, size_t))(type##_init), direction, call }

/* ---- structs of an application ---- */

enum { LESS = 8, MORE = 48, CANARY = 64 };

/* `count` elements of that size, initialised, and `margin` bytes of canary. */
static inline uint8_t *given_make(const row *r, size_t size, size_t margin) {
  uint8_t *given = malloc(r->count * size + margin);
  assert_non_null(given);
  memset(given, 0xa5, r->count * size + margin);
  for (size_t i = 0; i < r->count; i++) r->init(given + i * size, size);
  return given;
}

static inline void assert_canary(const row *r, const uint8_t *after, size_t margin) {
  for (size_t i = 0; i < margin; i++)
    if (after[i] != 0xa5) fail_msg("%s: byte %zu after the struct was written", r->name, i);
}

static inline void accept_struct(const row *r, size_t size, size_t margin) {
  uint8_t *given = given_make(r, size, margin), *before = given_make(r, size, margin);
  size_t found;
  umbra_status status = r->call ? r->call(given) : UMBRA_OK;
  if (status != UMBRA_OK) fail_msg("%s of %zu bytes, not %zu: %s", r->name, size, r->size, umbra_last_error());
  for (size_t i = 0; i < r->count; i++) {
    memcpy(&found, given + i * size, sizeof found);
    assert_int_equal(found, size);
    if (r->direction == FILLED) assert_memory_not_equal(given + i * size, before + i * size, size);
  }
  assert_canary(r, given + r->count * size, margin);
  free(given);
  free(before);
}

static inline void as_it_is(void **state) {
  const table *t = *state;
  for (size_t i = 0; i < t->count; i++) accept_struct(&t->rows[i], t->rows[i].size, 0);
}

static inline void accept_all(const table *t, ptrdiff_t longer) {
  for (size_t i = 0; i < t->count; i++) {
    const row *r = &t->rows[i];
    const size_t size = r->size + (size_t)longer;
    accept_struct(r, size, 0);
    if (r->direction == FILLED) accept_struct(r, size, CANARY);
  }
}

static inline void of_an_older_application(void **state) { accept_all(*state, -LESS); }
static inline void of_a_newer_application(void **state) { accept_all(*state, MORE); }

/* Refused with these words, and not touched. */
static inline void refuse_struct(const row *r, uint8_t *given, size_t bytes, const char *words) {
  uint8_t *before = malloc(bytes);
  assert_non_null(before);
  memcpy(before, given, bytes);
  umbra_status status = r->call(given);
  if (status != UMBRA_ERROR_INVALID_ARGUMENT) fail_msg("%s: status %d, for %s", r->name, (int)status, words);
  if (!strstr(umbra_last_error(), words)) fail_msg("%s: '%s' lacks '%s'", r->name, umbra_last_error(), words);
  if (r->direction == FILLED) assert_memory_equal(given, before, bytes);
  free(before);
}

static inline void with_what_this_version_does_not_know(void **state) {
  const table *t = *state;
  for (size_t i = 0; i < t->count; i++) {
    const row *r = &t->rows[i];
    if (r->direction == TOLD) continue;
    const size_t size = r->size + MORE, bytes = r->count * size;
    uint8_t *given = given_make(r, size, 0);
    char words[100];
    given[bytes - 1] = 1;
    snprintf(words, sizeof words, "%s has %zu bytes and not only zeros after the %zu", r->name, size, r->size);
    refuse_struct(r, given, bytes, words);
    free(given);
  }
}

static inline void that_nobody_initialised(void **state) {
  const table *t = *state;
  const size_t sizes[] = {0, 4, 23, SIZE_MAX, (size_t)0xa5a5a5a5a5a5a5a5};
  for (size_t i = 0; i < t->count; i++)
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes && t->rows[i].direction != TOLD; k++) {
      const row *r = &t->rows[i];
      uint8_t *given = given_make(r, r->size, 0);
      char words[100];
      memcpy(given, &sizes[k], sizeof sizes[k]);
      snprintf(words, sizeof words, "call %s_init", r->name);
      refuse_struct(r, given, r->count * r->size, words);
      free(given);
    }
}

/* ---- that none is forgotten ---- */

static inline int is_in_the_table(const table *t, const char *name) {
  for (size_t i = 0; i < t->count; i++)
    if (strcmp(t->rows[i].name, name) == 0) return 1;
  return 0;
}

/* Returns how many structs with a size the header declares. */
static inline int check_header(const table *t, const char *path) {
  char line[512], name[100], sized = 0;
  int found = 0;
  FILE *header = fopen(path, "r");
  assert_non_null(header);
  while (fgets(line, sizeof line, header)) {
    if (strstr(line, "typedef struct") && strchr(line, '{')) sized = 0;
    if (strcmp(line, "  size_t struct_size;\n") == 0) sized = 1;
    if (!sized || sscanf(line, "} %99[a-z_];", name) != 1) continue;
    if (!is_in_the_table(t, name))
      fail_msg("%s has a struct_size, but no row in the table of tests/%s.c", name,
               t->of_records ? "structs_records" : "structs");
    sized = 0;
    found++;
  }
  fclose(header);
  return found;
}

static inline int is_of_records(const char *header) {
  for (size_t i = 0; i < sizeof headers_of_records / sizeof *headers_of_records; i++)
    if (strcmp(header, headers_of_records[i]) == 0) return 1;
  return 0;
}

static inline void all_of_the_headers_are_here(void **state) {
  const table *t = *state;
  DIR *folder = opendir(UMBRA_SOURCE_DIR "/include/umbra");
  int found = 0, expected = 0;
  assert_non_null(folder);
  for (struct dirent *entry; (entry = readdir(folder));) {
    char path[600];
    snprintf(path, sizeof path, UMBRA_SOURCE_DIR "/include/umbra/%s", entry->d_name);
    if (strstr(entry->d_name, ".h") && is_of_records(entry->d_name) == t->of_records) found += check_header(t, path);
  }
  closedir(folder);
  for (size_t i = 0; i < t->count; i++) expected += i == 0 || strcmp(t->rows[i].name, t->rows[i - 1].name) != 0;
  assert_int_equal(found, expected);
}

/* What is true of each table. */
#define STRUCT_TESTS                                                                                               \
  cmocka_unit_test(as_it_is), cmocka_unit_test(of_an_older_application), cmocka_unit_test(of_a_newer_application), \
      cmocka_unit_test(with_what_this_version_does_not_know), cmocka_unit_test(that_nobody_initialised),           \
      cmocka_unit_test(all_of_the_headers_are_here)

#endif
