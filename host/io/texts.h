/* SPDX-License-Identifier: Apache-2.0 */
/* The different texts of a column, numbered as they come. */
#ifndef UMBRA_IO_TEXTS_H
#define UMBRA_IO_TEXTS_H

#include <stddef.h>
#include <stdint.h>
#include <umbra/status.h>

#include "cell.h"

typedef struct umbra_text_entry {
  umbra_span text;   /* part of the caller's memory */
  size_t count, row; /* how often it is there, and where first */
} umbra_text_entry;

/* Zero-initialise; the first UMBRA_TEXTS_MOST are kept, and all that come later are one, the last. */
enum { UMBRA_TEXTS_MOST = 1 << 16 };
typedef struct umbra_texts {
  umbra_text_entry *entry;
  size_t count, room;
  uint32_t *slot; /* open addressing: an entry's number and 1 */
  size_t slots;   /* a power of two */
  uint8_t key[16];
} umbra_texts;

umbra_status umbra_texts_add(umbra_texts *texts, size_t *number, umbra_span text, size_t row);
void umbra_texts_clear(umbra_texts *texts);

#endif
