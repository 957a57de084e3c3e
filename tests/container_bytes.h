/* SPDX-License-Identifier: Apache-2.0 */
/* The bytes of containers, for the tests that change them. */
#ifndef UMBRA_TESTS_CONTAINER_BYTES_H
#define UMBRA_TESTS_CONTAINER_BYTES_H

#include <sodium.h>
#include <string.h>

#include "host/io/sum.h"

typedef struct section {
  size_t at, length; /* of the head; of the payload */
} section;

enum { MAX_SECTIONS = 64 };

static inline uint8_t *payload(uint8_t *bytes, const section *s) { return bytes + s->at + sizeof(umbra_section_head); }
static inline size_t section_size(const section *s) { return s->length + UMBRA_SECTION_OVERHEAD; }

/* As far as the sections are whole; the last may be cut. */
static inline int find_sections(section found[MAX_SECTIONS], const uint8_t *bytes, size_t size) {
  int count = 0;
  for (size_t at = sizeof(umbra_header); count < MAX_SECTIONS && size >= at + UMBRA_SECTION_OVERHEAD; count++) {
    umbra_section_head head;
    memcpy(&head, bytes + at, sizeof head);
    if (head.length > size - at - UMBRA_SECTION_OVERHEAD) break;
    found[count] = (section){at, (size_t)head.length};
    at += section_size(&found[count]);
  }
  return count;
}

/* Makes checksums fit what the bytes now are, so that what lies behind them is tested. */
static inline void fix_checksums(uint8_t *bytes, size_t size) {
  if (size < sizeof(umbra_header)) return;
  umbra_header header;
  memcpy(&header, bytes, sizeof header);
  umbra_header_checksum(header.checksum, &header);
  memcpy(bytes, &header, sizeof header);
  section s[MAX_SECTIONS];
  int count = find_sections(s, bytes, size);
  for (int i = 0; i < count; i++) {
    umbra_section_head head;
    umbra_sum sum;
    memcpy(&head, bytes + s[i].at, sizeof head);
    umbra_sum_begin(&sum, &header, &head);
    umbra_sum_add(&sum, payload(bytes, &s[i]), s[i].length);
    umbra_sum_end(&sum, payload(bytes, &s[i]) + s[i].length);
  }
}

#endif
