/* SPDX-License-Identifier: Apache-2.0 */
#include "stand_ins.h"

#include <umbra/cost.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "checks.h"
#include "key_shape.h"

/* For all levels, so one for each purpose. */
typedef struct stand_in {
  umbra_eval_key key;
  struct stand_in *next;
} stand_in;

struct umbra_stand_ins {
  const umbra_ring *ring; /* of the context that holds this */
  mtx_t lock;             /* of what follows */
  umbra_key_needs *needs;
  stand_in *keys; /* never changed nor moved: computations hold pointers to them */
};

umbra_status umbra_stand_ins_create(umbra_stand_ins **stand_ins, const umbra_ring *ring) {
  umbra_stand_ins *made = NULL;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "stand-ins for keys"));
  made->ring = ring;
  if (mtx_init(&made->lock, mtx_plain) != thrd_success) {
    umbra_free(made);
    return umbra_fail(UMBRA_ERROR_OUT_OF_MEMORY, "cannot create a lock");
  }
  umbra_status status = umbra_key_needs_create(&made->needs, umbra_ring_params(ring));
  if (status == UMBRA_OK) *stand_ins = made;
  else umbra_stand_ins_destroy(made);
  return status;
}

void umbra_stand_ins_destroy(umbra_stand_ins *stand_ins) {
  if (!stand_ins) return;
  for (stand_in *key = stand_ins->keys, *next; key; key = next) {
    next = key->next;
    umbra_free(key);
  }
  umbra_key_needs_destroy(stand_ins->needs);
  mtx_destroy(&stand_ins->lock);
  umbra_free(stand_ins);
}

/* ---- keys; the lock is held ---- */

/* The same result may come from a key that is needed anyway: the one at the highest level. */
static umbra_status note(umbra_key_purpose *noted, umbra_key_needs *needs, const umbra_key_purpose *wanted,
                         uint32_t slots) {
  const umbra_key_purpose *found = NULL;
  for (size_t i = 0; i < needs->count; i++) {
    const umbra_key_purpose *need = &needs->need[i];
    if (umbra_key_purpose_fits(need->kind, need->rotation, wanted, slots) && (!found || need->level > found->level))
      found = need;
  }
  *noted = *wanted;
  if (found) noted->rotation = found->rotation;
  return umbra_key_needs_insert(needs, noted);
}

/* Of residues that count nowhere (those of the needs do), at an address that is never followed. */
static umbra_status add_stand_in(umbra_stand_ins *stand_ins, const umbra_key_purpose *purpose) {
  const umbra_chain *chain = umbra_ring_chain(stand_ins->ring);
  const uint32_t level = umbra_key_top_level(chain, purpose->kind);
  const umbra_key_shape shape = umbra_key_shape_of(chain, purpose->kind, level);
  stand_in *made = NULL;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a stand-in for a key"));
  const umbra_poly poly = {.data = (uint32_t *)(void *)made,
                           .window = shape.window,
                           .aux = (uint16_t)shape.aux,
                           .polys = (uint16_t)(2 * shape.digits.count)};
  made->key = (umbra_eval_key){
      .kind = purpose->kind, .rotation = purpose->rotation, .level = level, .key = {poly, shape.digits}};
  made->next = stand_ins->keys;
  stand_ins->keys = made;
  return UMBRA_OK;
}

static const umbra_eval_key *find_stand_in(const umbra_stand_ins *stand_ins, const umbra_key_purpose *purpose) {
  for (const stand_in *s = stand_ins->keys; s; s = s->next)
    if (s->key.kind == purpose->kind && s->key.rotation == purpose->rotation) return &s->key;
  return NULL;
}

static umbra_status find_locked(const umbra_eval_key **key, umbra_stand_ins *stand_ins, const umbra_key_purpose *wanted,
                                uint32_t slots) {
  umbra_key_purpose purpose;
  UMBRA_TRY(note(&purpose, stand_ins->needs, wanted, slots));
  if (!find_stand_in(stand_ins, &purpose)) UMBRA_TRY(add_stand_in(stand_ins, &purpose));
  *key = find_stand_in(stand_ins, &purpose);
  return UMBRA_OK;
}

umbra_status umbra_stand_ins_find(const umbra_eval_key **key, umbra_stand_ins *stand_ins,
                                  const umbra_key_purpose *wanted, uint32_t slots) {
  mtx_lock(&stand_ins->lock);
  umbra_status status = find_locked(key, stand_ins, wanted, slots);
  mtx_unlock(&stand_ins->lock);
  return status;
}

/* ---- needs ---- */

umbra_status umbra_stand_ins_note(umbra_stand_ins *stand_ins, const umbra_key_needs *needs) {
  mtx_lock(&stand_ins->lock);
  umbra_status status = umbra_key_needs_add(stand_ins->needs, needs);
  mtx_unlock(&stand_ins->lock);
  return status;
}

void umbra_stand_ins_tell(umbra_stand_ins *stand_ins, size_t *keys, uint64_t *bytes) {
  mtx_lock(&stand_ins->lock);
  *keys = umbra_key_needs_count(stand_ins->needs);
  *bytes = umbra_key_needs_bytes(stand_ins->needs);
  mtx_unlock(&stand_ins->lock);
}

void umbra_stand_ins_forget_needs(umbra_stand_ins *stand_ins) {
  mtx_lock(&stand_ins->lock);
  stand_ins->needs->count = 0;
  mtx_unlock(&stand_ins->lock);
}

umbra_status umbra_context_needs(const umbra_context *context, umbra_key_needs *needs) {
  if (!context) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "context is NULL");
  umbra_stand_ins *stand_ins = context->stand_ins;
  UMBRA_TRY(umbra_check_device(context, stand_ins != NULL, "\"dry\" or \"sim\""));
  mtx_lock(&stand_ins->lock);
  umbra_status status = umbra_key_needs_add(needs, stand_ins->needs);
  mtx_unlock(&stand_ins->lock);
  return status;
}

/* ---- what they refuse ---- */

static const char *what_it_lacks(const umbra_context *context) {
  return context->dry ? "a dry device has no values" : "a simulation has no keys and no ciphertexts";
}

umbra_status umbra_check_real(const umbra_context *context) {
  return context->stand_ins ? umbra_fail(UMBRA_ERROR_UNSUPPORTED, "%s", what_it_lacks(context)) : UMBRA_OK;
}

umbra_status umbra_check_no_mixing(const umbra_context *a, const umbra_context *b) {
  if (a == b || (!a->stand_ins && !b->stand_ins)) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_MISMATCH, "%s that could go to other contexts or come from there",
                    what_it_lacks(a->stand_ins ? a : b));
}
