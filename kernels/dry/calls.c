/* SPDX-License-Identifier: Apache-2.0 */
#include "calls.h"

#include <stdlib.h>
#include <string.h>

typedef struct umbra_dry_counted {
  umbra_dry_call call;
  uint64_t times; /* 0: the slot is free */
} counted;

enum { FIRST_SLOTS = 64 };

_Static_assert(sizeof(umbra_dry_call) == (4 + UMBRA_DRY_WORKS) * sizeof(uint64_t),
               "no padding: calls are compared whole");

static uint64_t hash_of(const umbra_dry_call *call) {
  uint64_t word[sizeof *call / sizeof(uint64_t)], hash = 0;
  memcpy(word, call, sizeof word);
  for (size_t i = 0; i < sizeof word / sizeof *word; i++) hash = (hash ^ word[i]) * UINT64_C(0x9E3779B97F4A7C15);
  return hash ^ hash >> 32;
}

/* Where the call is, or belongs: a table always has a free slot. */
static counted *find(const umbra_dry_calls *calls, const umbra_dry_call *call) {
  size_t i = hash_of(call) & (calls->slots - 1);
  while (calls->slot[i].times && memcmp(&calls->slot[i].call, call, sizeof *call) != 0)
    i = (i + 1) & (calls->slots - 1);
  return &calls->slot[i];
}

static umbra_status grow(umbra_dry_calls *calls) {
  umbra_dry_calls larger = {.slots = calls->slots ? 2 * calls->slots : FIRST_SLOTS, .used = calls->used};
  larger.slot = calloc(larger.slots, sizeof *larger.slot);
  if (!larger.slot) return UMBRA_ERROR_OUT_OF_MEMORY;
  for (size_t i = 0; i < calls->slots; i++)
    if (calls->slot[i].times) *find(&larger, &calls->slot[i].call) = calls->slot[i];
  free(calls->slot);
  *calls = larger;
  return UMBRA_OK;
}

umbra_status umbra_dry_calls_add(umbra_dry_calls *calls, const umbra_dry_call *call) {
  if (4 * calls->used >= 3 * calls->slots && grow(calls) != UMBRA_OK) return UMBRA_ERROR_OUT_OF_MEMORY;
  counted *slot = find(calls, call);
  slot->call = *call;
  calls->used += !slot->times++;
  return UMBRA_OK;
}

void umbra_dry_calls_each(const umbra_dry_calls *calls, umbra_dry_visitor *visit, void *user) {
  for (size_t i = 0; i < calls->slots; i++)
    if (calls->slot[i].times) visit(&calls->slot[i].call, calls->slot[i].times, user);
}

void umbra_dry_calls_clear(umbra_dry_calls *calls) {
  free(calls->slot);
  *calls = (umbra_dry_calls){0};
}
