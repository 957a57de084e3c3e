/* SPDX-License-Identifier: Apache-2.0 */
#include "key_needs.h"

#include <stdio.h>
#include <string.h>

#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../base/structs.h"
#include "galois.h"
#include "key_shape.h"

/* ---- the object ---- */

umbra_status umbra_key_needs_create(umbra_key_needs **out, const umbra_params *params) {
  if (!out || !params)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_key_needs_create needs an output and parameters");
  umbra_key_needs *made = NULL;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "key needs"));
  made->params = umbra_params_share(params);
  UMBRA_PUT(key_needs, out, made);
  return UMBRA_OK;
}

void umbra_key_needs_destroy(umbra_key_needs *needs) {
  if (!needs) return;
  umbra_params_destroy(needs->params);
  umbra_free(needs->need);
  umbra_free(needs);
}

umbra_status umbra_key_needs_check(const umbra_key_needs *needs, const umbra_params *params, const char *whose) {
  if (memcmp(needs->params->digest, params->digest, sizeof params->digest) == 0) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_MISMATCH, "the key needs were made for other parameters than those of %s", whose);
}

const char *umbra_key_name(umbra_key_kind kind) {
  switch (kind) {
    case UMBRA_KEY_RELINEARIZE: return "relinearisation";
    case UMBRA_KEY_CONJUGATE: return "conjugation";
    case UMBRA_KEY_TO_SPARSE: return "the ephemeral secret";
    case UMBRA_KEY_TO_DENSE: return "the way back from the ephemeral secret";
    case UMBRA_KEY_ROTATE: break;
  }
  return "rotation by ";
}

/* ---- the order ---- */

static uint64_t place_of(const umbra_key_purpose *need) {
  return (uint64_t)(need->kind == UMBRA_KEY_ROTATE) << 40 | (uint64_t)need->kind << 32 | need->rotation;
}

/* Where a need for that purpose is, or belongs. */
static size_t find_place(const umbra_key_needs *needs, const umbra_key_purpose *need) {
  size_t first = 0, end = needs->count;
  while (first < end) {
    size_t middle = first + (end - first) / 2;
    if (place_of(&needs->need[middle]) < place_of(need)) first = middle + 1;
    else end = middle;
  }
  return first;
}

static int is_at(const umbra_key_needs *needs, size_t at, const umbra_key_purpose *need) {
  return at < needs->count && place_of(&needs->need[at]) == place_of(need);
}

int umbra_key_needs_name(const umbra_key_needs *needs, const umbra_key_purpose *key) {
  return is_at(needs, find_place(needs, key), key);
}

/* Whether `have` serves a need; *served is its need for that purpose, or NULL. */
static int serves(const umbra_key_needs *have, const umbra_key_purpose *need, const umbra_key_purpose **served) {
  size_t at = find_place(have, need);
  *served = is_at(have, at, need) ? &have->need[at] : NULL;
  return *served && (*served)->level >= need->level;
}

static void raise_level(umbra_key_purpose *need, const umbra_key_purpose *by) {
  if (need->level < by->level) need->level = by->level;
}

/* ---- adding ---- */

/* Room for so many more. There are no more needs than rotations, so nothing overflows. */
static umbra_status reserve(umbra_key_needs *needs, size_t more) {
  if (needs->count + more <= needs->room) return UMBRA_OK;
  size_t room = 2 * needs->count + more;
  umbra_key_purpose *grown;
  UMBRA_TRY(umbra_alloc(&grown, room, sizeof *grown, "key needs"));
  if (needs->count) memcpy(grown, needs->need, needs->count * sizeof *grown);
  umbra_free(needs->need);
  needs->need = grown;
  needs->room = room;
  return UMBRA_OK;
}

/* There is room. */
static void insert(umbra_key_needs *needs, const umbra_key_purpose *need) {
  size_t at = find_place(needs, need);
  if (is_at(needs, at, need)) {
    raise_level(&needs->need[at], need);
    return;
  }
  memmove(&needs->need[at + 1], &needs->need[at], (needs->count - at) * sizeof *need);
  needs->need[at] = *need;
  needs->count++;
}

umbra_status umbra_key_needs_insert(umbra_key_needs *needs, const umbra_key_purpose *need) {
  UMBRA_TRY(reserve(needs, 1));
  insert(needs, need);
  return UMBRA_OK;
}

static umbra_status check_receiver(const umbra_key_needs *needs) {
  return needs ? UMBRA_OK : umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the key needs are NULL");
}

static umbra_status take_level(uint32_t *level, const umbra_chain *chain, umbra_key_kind kind, uint32_t wanted) {
  uint32_t top = umbra_key_top_level(chain, kind);
  *level = wanted == UMBRA_TOP_LEVEL ? umbra_min_u32(chain->levels - 1, top) : wanted;
  if (*level <= top) return UMBRA_OK;
  const char *what = wanted < chain->total_levels ? "has no keys" : "does not exist";
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "level %u %s: the highest that keys can have is %u", wanted, what,
                    top);
}

static umbra_status put(umbra_key_needs *needs, umbra_key_kind kind, uint32_t rotation, uint32_t wanted) {
  umbra_key_purpose need = {kind, rotation, 0};
  UMBRA_TRY(check_receiver(needs));
  UMBRA_TRY(take_level(&need.level, &needs->params->chain, kind, wanted));
  return umbra_key_needs_insert(needs, &need);
}

umbra_status umbra_key_needs_relinearization(umbra_key_needs *needs, uint32_t level) {
  return put(needs, UMBRA_KEY_RELINEARIZE, 0, level);
}

umbra_status umbra_key_needs_conjugation(umbra_key_needs *needs, uint32_t level) {
  return put(needs, UMBRA_KEY_CONJUGATE, 0, level);
}

umbra_status umbra_key_needs_rotation(umbra_key_needs *needs, int32_t steps, uint32_t level) {
  uint32_t checked;
  UMBRA_TRY(check_receiver(needs));
  uint32_t rotation = umbra_rotation_of(steps, umbra_params_slots(needs->params));
  if (rotation) return put(needs, UMBRA_KEY_ROTATE, rotation, level);
  return take_level(&checked, &needs->params->chain, UMBRA_KEY_ROTATE, level);
}

umbra_status umbra_key_needs_ephemeral(umbra_key_needs *needs) {
  UMBRA_TRY(check_receiver(needs));
  const umbra_chain *chain = &needs->params->chain;
  if (!chain->bootstrap.stc_levels)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "ephemeral keys, but these parameters do not refresh");
  UMBRA_TRY(reserve(needs, 2));
  for (umbra_key_kind kind = UMBRA_KEY_TO_SPARSE; kind <= UMBRA_KEY_TO_DENSE; kind++)
    insert(needs, &(umbra_key_purpose){kind, 0, umbra_key_top_level(chain, kind)});
  return UMBRA_OK;
}

umbra_status umbra_key_needs_put(umbra_key_needs *needs, const umbra_key_need *given) {
  umbra_key_need need = {UMBRA_KEY_NEED_INIT};
  if (!given) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_key_needs_put needs a need");
  UMBRA_TRY(UMBRA_TAKE(umbra_key_need, &need, given));
  if (need.steps && need.kind != UMBRA_KEY_ROTATE)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%d steps, but a key of kind %d is for no rotation", need.steps,
                      (int)need.kind);
  switch (need.kind) {
    case UMBRA_KEY_RELINEARIZE: return umbra_key_needs_relinearization(needs, need.level);
    case UMBRA_KEY_ROTATE: return umbra_key_needs_rotation(needs, need.steps, need.level);
    case UMBRA_KEY_CONJUGATE: return umbra_key_needs_conjugation(needs, need.level);
    case UMBRA_KEY_TO_SPARSE:
    case UMBRA_KEY_TO_DENSE: return umbra_key_needs_ephemeral(needs);
  }
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "there is no kind of key %d", (int)need.kind);
}

/* ---- two of them ---- */

static umbra_status check_two(const umbra_key_needs *a, const umbra_key_needs *b) {
  if (!a || !b) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "key needs are NULL");
  return umbra_key_needs_check(a, b->params, "those that they are to meet");
}

umbra_status umbra_key_needs_add(umbra_key_needs *needs, const umbra_key_needs *more) {
  UMBRA_TRY(check_two(needs, more));
  umbra_key_purpose *all;
  size_t count = 0, i = 0, k = 0, room = needs->count + more->count;
  UMBRA_TRY(umbra_alloc(&all, room, sizeof *all, "key needs"));
  while (i < needs->count || k < more->count) {
    uint64_t a = i < needs->count ? place_of(&needs->need[i]) : UINT64_MAX;
    uint64_t b = k < more->count ? place_of(&more->need[k]) : UINT64_MAX;
    all[count] = a <= b ? needs->need[i++] : more->need[k];
    if (b <= a) raise_level(&all[count], &more->need[k++]);
    count++;
  }
  umbra_free(needs->need);
  needs->need = all;
  needs->count = count;
  needs->room = room;
  return UMBRA_OK;
}

umbra_status umbra_key_needs_remove(umbra_key_needs *needs, const umbra_key_needs *have) {
  UMBRA_TRY(check_two(needs, have));
  const umbra_key_purpose *served;
  size_t left = 0, count = needs->count;
  for (size_t i = 0; i < count; i++)
    if (!serves(have, &needs->need[i], &served)) needs->need[left++] = needs->need[i];
  needs->count = left;
  return UMBRA_OK;
}

/* ---- padding ---- */

/* Bits of the odd part of a rotation's steps, of the sign in which it is smaller. */
static uint32_t odd_bits(uint32_t rotation, uint32_t slots) {
  const uint32_t forth = rotation >> __builtin_ctz(rotation), back = slots - rotation;
  const uint32_t odd = umbra_min_u32(forth, back >> __builtin_ctz(back));
  return 32 - (uint32_t)__builtin_clz(odd);
}

static uint32_t most_odd_bits(const umbra_key_needs *needs) {
  uint32_t most = 1;
  for (size_t i = 0; i < needs->count; i++)
    if (needs->need[i].kind == UMBRA_KEY_ROTATE)
      most = umbra_max_u32(most, odd_bits(needs->need[i].rotation, umbra_params_slots(needs->params)));
  return most;
}

static umbra_status pad_rotations(umbra_key_needs *padded, uint32_t bits, uint32_t level) {
  const uint32_t slots = umbra_params_slots(padded->params);
  for (uint32_t rotation = 1; rotation < slots; rotation++)
    if (odd_bits(rotation, slots) <= bits)
      UMBRA_TRY(umbra_key_needs_insert(padded, &(umbra_key_purpose){UMBRA_KEY_ROTATE, rotation, level}));
  return UMBRA_OK;
}

static umbra_status pad(umbra_key_needs *padded, const umbra_key_needs *needs, uint64_t most_bytes) {
  const uint32_t level = umbra_params_keyed_level(needs->params);
  UMBRA_TRY(umbra_key_needs_insert(padded, &(umbra_key_purpose){UMBRA_KEY_RELINEARIZE, 0, level}));
  UMBRA_TRY(umbra_key_needs_insert(padded, &(umbra_key_purpose){UMBRA_KEY_CONJUGATE, 0, level}));
  UMBRA_TRY(pad_rotations(padded, most_odd_bits(needs), level));
  UMBRA_TRY(umbra_key_needs_add(padded, needs));
  if (umbra_key_needs_bytes(padded) <= most_bytes) return UMBRA_OK;
  return umbra_fail(
      UMBRA_ERROR_RANGE, "needs of %zu keys, padded, are %zu keys of %llu bytes in memory, and %llu are the most",
      needs->count, padded->count, (unsigned long long)umbra_key_needs_bytes(padded), (unsigned long long)most_bytes);
}

umbra_status umbra_key_needs_pad(umbra_key_needs *needs, uint64_t most_bytes) {
  UMBRA_TRY(check_receiver(needs));
  umbra_key_needs *padded = NULL;
  UMBRA_TRY(umbra_key_needs_create(&padded, needs->params));
  umbra_status status = pad(padded, needs, most_bytes);
  if (status == UMBRA_OK) status = umbra_key_needs_add(needs, padded);
  umbra_key_needs_destroy(padded);
  return status;
}

/* ---- what is missing ---- */

/* A list that ends where the text is full. */
typedef struct lacks {
  char text[320];
  size_t length, listed, count;
} lacks;

static void list_lack(lacks *l, const umbra_key_purpose *need, const umbra_key_purpose *served) {
  char item[96];
  int bytes = snprintf(item, sizeof item, "%s%s%.0u to level %u", l->count ? ", " : "", umbra_key_name(need->kind),
                       need->rotation, need->level);
  if (served) bytes += snprintf(item + bytes, sizeof item - (size_t)bytes, " (there: to %u)", served->level);
  if (l->listed == l->count++ && l->length + (size_t)bytes < sizeof l->text) {
    memcpy(l->text + l->length, item, (size_t)bytes + 1);
    l->length += (size_t)bytes;
    l->listed++;
  }
}

umbra_status umbra_key_needs_cover(const umbra_key_needs *have, const umbra_key_needs *needs) {
  UMBRA_TRY(check_two(have, needs));
  lacks l = {0};
  const umbra_key_purpose *served;
  for (size_t i = 0; i < needs->count; i++)
    if (!serves(have, &needs->need[i], &served)) list_lack(&l, &needs->need[i], served);
  if (!l.count) return UMBRA_OK;
  char rest[40] = "";
  if (l.listed < l.count) snprintf(rest, sizeof rest, " and %zu more", l.count - l.listed);
  return umbra_fail(UMBRA_ERROR_MISSING_KEY, "%zu of the %zu evaluation keys needed are missing: %s%s", l.count,
                    needs->count, l.text, rest);
}

/* ---- accessors ---- */

size_t umbra_key_needs_count(const umbra_key_needs *needs) { return needs->count; }

umbra_status umbra_key_needs_get(const umbra_key_needs *needs, umbra_key_need *need, size_t i) {
  if (!needs || !need || i >= needs->count)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "umbra_key_needs_get needs key needs, a number below their count, and an output");
  const umbra_key_purpose *p = &needs->need[i];
  const umbra_key_need made = {
      .struct_size = sizeof made, .kind = p->kind, .steps = (int32_t)p->rotation, .level = p->level};
  return UMBRA_GIVE(umbra_key_need, need, &made);
}

uint64_t umbra_key_needs_bytes(const umbra_key_needs *needs) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < needs->count; i++)
    bytes += umbra_key_bytes(&needs->params->chain, needs->need[i].kind, needs->need[i].level);
  return bytes;
}
