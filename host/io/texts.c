/* SPDX-License-Identifier: Apache-2.0 */
#include "texts.h"

#include <sodium.h>
#include <string.h>

#include "../base/arrays.h"
#include "../base/error.h"
#include "../base/memory.h"

_Static_assert(sizeof((umbra_texts){0}.key) == crypto_shorthash_KEYBYTES, "a hash whose collisions cannot be planned");

void umbra_texts_clear(umbra_texts *texts) {
  umbra_free(texts->entry);
  umbra_free(texts->slot);
  *texts = (umbra_texts){0};
}

static int equals(umbra_span a, umbra_span b) { return a.length == b.length && memcmp(a.at, b.at, a.length) == 0; }

/* The slot of a text, or the free one where it belongs. */
static size_t find(const umbra_texts *t, umbra_span text) {
  uint8_t hash[crypto_shorthash_BYTES];
  uint64_t at;
  crypto_shorthash(hash, (const uint8_t *)text.at, text.length, t->key);
  memcpy(&at, hash, sizeof at);
  for (at &= t->slots - 1; t->slot[at] && !equals(t->entry[t->slot[at] - 1].text, text);)
    at = (at + 1) & (t->slots - 1);
  return (size_t)at;
}

/* Twice the slots as entries, or more. */
static umbra_status make_slots(umbra_texts *t) {
  if (2 * (t->count + 1) <= t->slots) return UMBRA_OK;
  umbra_texts more = *t;
  more.slots = t->slots ? 2 * t->slots : 8;
  if (!t->slots) randombytes_buf(more.key, sizeof more.key);
  UMBRA_TRY(umbra_alloc(&more.slot, more.slots, sizeof *more.slot, "the texts of a column"));
  for (size_t i = 0; i < t->count; i++) more.slot[find(&more, t->entry[i].text)] = (uint32_t)i + 1;
  umbra_free(t->slot);
  *t = more;
  return UMBRA_OK;
}

umbra_status umbra_texts_add(umbra_texts *texts, size_t *number, umbra_span text, size_t row) {
  UMBRA_TRY(make_slots(texts));
  const size_t at = find(texts, text);
  if (texts->slot[at]) {
    *number = texts->slot[at] - 1;
  } else if (texts->count == UMBRA_TEXTS_MOST) {
    *number = UMBRA_TEXTS_MOST - 1;
  } else {
    UMBRA_TRY(
        umbra_make_room(&texts->entry, &texts->room, texts->count, sizeof *texts->entry, "the texts of a column"));
    texts->entry[texts->count] = (umbra_text_entry){.text = text, .row = row};
    *number = texts->count++;
    texts->slot[at] = (uint32_t)texts->count;
  }
  texts->entry[*number].count++;
  return UMBRA_OK;
}
