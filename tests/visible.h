/* SPDX-License-Identifier: Apache-2.0 */
/* What others see of a container: all but residues, seeds, identifiers of data sets and trainings, and checksums. */
#ifndef UMBRA_TESTS_VISIBLE_H
#define UMBRA_TESTS_VISIBLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "container_bytes.h"
#include "host/train/stamp.h"

typedef struct seen {
  uint8_t *bytes;
  size_t size;
} seen;

/* Payloads that depend on what is hidden, or on what is drawn. */
static inline void clear_payload(uint8_t *bytes, const section *s) {
  umbra_section_head head;
  memcpy(&head, bytes + s->at, sizeof head);
  if (head.type == UMBRA_SECTION_RESIDUES || head.type == UMBRA_SECTION_SEED) memset(payload(bytes, s), 0, s->length);
  if (head.type == UMBRA_SECTION_ORIGIN) memset(payload(bytes, s), 0, UMBRA_DIGEST_BYTES);
  if (head.type == UMBRA_SECTION_STAMP)
    memset(payload(bytes, s) + offsetof(umbra_train_stamp, data), 0, UMBRA_DATASET_ID_BYTES);
}

/* In place. */
static inline void keep_visible(const seen *s) {
  assert_true(s->size > sizeof(umbra_header));
  memset(s->bytes + offsetof(umbra_header, checksum), 0, UMBRA_CHECKSUM_BYTES);
  for (size_t at = sizeof(umbra_header); at < s->size;) {
    umbra_section_head head;
    memcpy(&head, s->bytes + at, sizeof head);
    const section one = {at, (size_t)head.length};
    clear_payload(s->bytes, &one);
    memset(payload(s->bytes, &one) + one.length, 0, UMBRA_CHECKSUM_BYTES);
    at += section_size(&one);
  }
}

static inline seen seen_in_file(const char *path) {
  struct stat about;
  FILE *file = fopen(path, "rb");
  if (!file) fail_msg("there is no file %s", path);
  assert_int_equal(fstat(fileno(file), &about), 0);
  seen s = {malloc((size_t)about.st_size), (size_t)about.st_size};
  assert_non_null(s.bytes);
  assert_int_equal(fread(s.bytes, 1, s.size, file), s.size);
  fclose(file);
  keep_visible(&s);
  return s;
}

/* Whether two are the same to others; frees both. */
static inline int look_alike(seen a, seen b) {
  const int same = a.size == b.size && memcmp(a.bytes, b.bytes, a.size) == 0;
  free(a.bytes);
  free(b.bytes);
  return same;
}

#endif
