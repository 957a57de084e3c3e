/* SPDX-License-Identifier: Apache-2.0 */
#include "dry.h"

#include <math.h>
#include <string.h>

#include "../../kernels/dry/dry.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "checks.h"
#include "dry_internal.h"
#include "noise.h"

/* Stands in for a key that nobody has. */
struct umbra_stand_in {
  umbra_eval_key key; /* for all levels, so one for each purpose */
  umbra_stand_in *next;
};

/* ---- being one ---- */

const umbra_kernels *umbra_dry_kernels(const char *device) {
  return device && strcmp(device, umbra_kernels_dry.name) == 0 ? &umbra_kernels_dry : NULL;
}

static umbra_status create(umbra_dry **dry, const umbra_ring *ring) {
  umbra_dry *made = NULL;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a dry device"));
  *made = (umbra_dry){.ring = ring, .lowest_level = UMBRA_TOP_LEVEL};
  if (mtx_init(&made->lock, mtx_plain) != thrd_success) {
    umbra_free(made);
    return umbra_fail(UMBRA_ERROR_OUT_OF_MEMORY, "cannot create a lock");
  }
  umbra_status status = umbra_key_needs_create(&made->needs, umbra_ring_params(ring));
  if (status == UMBRA_OK) *dry = made;
  else umbra_dry_destroy(made);
  return status;
}

umbra_status umbra_dry_create(umbra_dry **dry, const umbra_ring *ring) {
  return umbra_ring_kernels(ring) == &umbra_kernels_dry ? create(dry, ring) : UMBRA_OK;
}

void umbra_dry_destroy(umbra_dry *dry) {
  if (!dry) return;
  for (umbra_stand_in *key = dry->keys, *next; key; key = next) {
    next = key->next;
    umbra_free(key);
  }
  umbra_key_needs_destroy(dry->needs);
  mtx_destroy(&dry->lock);
  umbra_free(dry);
}

/* ---- what it refuses ---- */

static const char no_values[] = "a dry device has no values";

umbra_status umbra_dry_refuse(void) { return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "%s", no_values); }

umbra_status umbra_check_no_mixing(const umbra_context *a, const umbra_context *b) {
  if (a == b || (!a->dry && !b->dry)) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_MISMATCH, "%s that could go to other contexts or come from there", no_values);
}

umbra_status umbra_check_dry(const umbra_context *context) {
  if (!context) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "context is NULL");
  if (context->dry) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "only a context on the device \"dry\" does that, and this one's is \"%s\"",
                    umbra_context_backend(context));
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

/* Of residues that count nowhere: those of the needs do. */
static umbra_status add_stand_in(umbra_dry *dry, const umbra_key_purpose *purpose) {
  const umbra_chain *chain = umbra_ring_chain(dry->ring);
  const uint32_t level = umbra_key_top_level(chain, purpose->kind);
  const umbra_key_shape shape = umbra_key_shape_of(chain, purpose->kind, level);
  umbra_stand_in *made = NULL;
  void *nowhere;
  UMBRA_TRY(umbra_kernels_dry.alloc(umbra_ring_device(dry->ring), &nowhere, 0));
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a dry key"));
  const umbra_poly poly = {
      .data = nowhere, .window = shape.window, .aux = (uint16_t)shape.aux, .polys = (uint16_t)(2 * shape.digits.count)};
  made->key = (umbra_eval_key){
      .kind = purpose->kind, .rotation = purpose->rotation, .level = level, .key = {poly, shape.digits}};
  made->next = dry->keys;
  dry->keys = made;
  return UMBRA_OK;
}

static const umbra_eval_key *find_stand_in(const umbra_dry *dry, const umbra_key_purpose *purpose) {
  for (const umbra_stand_in *s = dry->keys; s; s = s->next)
    if (s->key.kind == purpose->kind && s->key.rotation == purpose->rotation) return &s->key;
  return NULL;
}

static umbra_status find_locked(const umbra_eval_key **key, umbra_dry *dry, const umbra_key_purpose *wanted,
                                uint32_t slots) {
  umbra_key_purpose purpose;
  UMBRA_TRY(note(&purpose, dry->needs, wanted, slots));
  if (!find_stand_in(dry, &purpose)) UMBRA_TRY(add_stand_in(dry, &purpose));
  *key = find_stand_in(dry, &purpose);
  return UMBRA_OK;
}

umbra_status umbra_dry_find_key(const umbra_eval_key **key, umbra_dry *dry, const umbra_key_purpose *wanted,
                                uint32_t slots) {
  mtx_lock(&dry->lock);
  umbra_status status = find_locked(key, dry, wanted, slots);
  mtx_unlock(&dry->lock);
  return status;
}

umbra_status umbra_dry_note_needs(umbra_dry *dry, const umbra_key_needs *needs) {
  mtx_lock(&dry->lock);
  umbra_status status = umbra_key_needs_add(dry->needs, needs);
  mtx_unlock(&dry->lock);
  return status;
}

umbra_status umbra_context_needs(const umbra_context *context, umbra_key_needs *needs) {
  UMBRA_TRY(umbra_check_dry(context));
  mtx_lock(&context->dry->lock);
  umbra_status status = umbra_key_needs_add(needs, context->dry->needs);
  mtx_unlock(&context->dry->lock);
  return status;
}

/* ---- inputs ---- */

umbra_status umbra_dry_ciphertext(umbra_ciphertext **ciphertext, const umbra_context *context, uint32_t level,
                                  uint32_t slots, double bound) {
  umbra_ciphertext *made = NULL;
  if (!ciphertext) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_dry_ciphertext needs an output");
  UMBRA_TRY(umbra_check_dry(context));
  UMBRA_TRY(umbra_check_level(&level, context, level));
  UMBRA_TRY(umbra_check_slots(&slots, context, slots));
  if (!isfinite(bound) || bound < 0)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "bound is %g: it must be finite and not negative", bound);
  UMBRA_TRY(umbra_ciphertext_make(&made, context, level));
  const umbra_chain *chain = umbra_context_chain(context);
  made->slots = slots;
  made->estimate = umbra_noise_encrypt(umbra_noise_encode(bound, chain, level), chain, level);
  UMBRA_PUT(ciphertext, ciphertext, made);
  return UMBRA_OK;
}

/* ---- levels ---- */

void umbra_dry_note_level(const umbra_context *context, uint32_t level) {
  umbra_dry *dry = context->dry;
  if (!dry) return;
  mtx_lock(&dry->lock);
  if (level < dry->lowest_level) dry->lowest_level = level;
  mtx_unlock(&dry->lock);
}
