/* SPDX-License-Identifier: Apache-2.0 */
/* Files as bytes. */
#ifndef UMBRA_TESTS_FILE_BYTES_H
#define UMBRA_TESTS_FILE_BYTES_H

#include "scheme.h"

/* To be freed. */
static inline bytes file_bytes(const char *path) {
  FILE *file = fopen(path, "rb");
  assert_non_null(file);
  assert_int_equal(fseek(file, 0, SEEK_END), 0);
  bytes b = {.size = (size_t)ftell(file)};
  rewind(file);
  b.data = malloc(b.size + 1); /* of empty ones, too */
  assert_non_null(b.data);
  assert_int_equal(fread(b.data, 1, b.size, file), b.size);
  fclose(file);
  return b;
}

static inline void put_file(const char *path, const void *data, size_t size) {
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(data, 1, size, file), size);
  fclose(file);
}

static inline void put_bytes(const char *path, const bytes *b) { put_file(path, b->data, b->size); }

static inline void copy_file(const char *from, const char *to) {
  const bytes b = file_bytes(from);
  put_bytes(to, &b);
  free(b.data);
}

#endif
