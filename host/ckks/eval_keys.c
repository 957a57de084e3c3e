/* SPDX-License-Identifier: Apache-2.0 */
#include <umbra/keys.h>

#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../io/container.h"
#include "../ring/residence.h"
#include "checks.h"
#include "galois.h"
#include "key_needs.h"
#include "keys_internal.h"
#include "stand_ins.h"
#include "uniform.h"

/* ---- sets and their keys ---- */

static void destroy(void *object) {
  umbra_eval_keys *keys = object;
  for (size_t i = 0; i < keys->count; i++) umbra_poly_destroy(&keys->key[i].key.poly, keys->context->ring);
  umbra_context_destroy(keys->context);
  umbra_free(keys->key);
  umbra_free(keys);
}

umbra_status umbra_eval_keys_make(umbra_eval_keys **out, const umbra_context *context, size_t count) {
  UMBRA_TRY(umbra_check_real(context));
  umbra_eval_keys *made = NULL;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "evaluation keys"));
  umbra_status status = umbra_alloc(&made->key, count, sizeof *made->key, "evaluation keys");
  if (status != UMBRA_OK) {
    umbra_free(made);
    return status;
  }
  made->counted = UMBRA_COUNTED(destroy);
  made->context = umbra_context_share(context);
  made->version = UMBRA_CONTAINER_PIECES;
  made->count = count;
  *out = made;
  return UMBRA_OK;
}

umbra_eval_keys *umbra_eval_keys_share(const umbra_eval_keys *keys) { return umbra_share(keys); }
void umbra_eval_keys_destroy(umbra_eval_keys *keys) { umbra_release(keys); }

umbra_key_shape umbra_eval_key_shape(const umbra_chain *chain, const umbra_eval_key *entry) {
  return umbra_key_shape_with(chain, entry->kind, entry->level, entry->key.poly.aux);
}

umbra_status umbra_eval_key_make_shaped(umbra_eval_key *entry, const umbra_context *context, umbra_key_kind kind,
                                        uint32_t level, const umbra_key_shape *shape) {
  UMBRA_TRY(umbra_poly_create(&entry->key.poly, context->ring, 2 * shape->digits.count, shape->window, shape->aux,
                              "an evaluation key"));
  entry->key.digits = shape->digits;
  entry->kind = kind;
  entry->level = level;
  return UMBRA_OK;
}

umbra_status umbra_eval_key_make(umbra_eval_key *entry, const umbra_context *context, umbra_key_kind kind,
                                 uint32_t level) {
  const umbra_key_shape shape = umbra_key_shape_of(umbra_context_chain(context), kind, level);
  return umbra_eval_key_make_shaped(entry, context, kind, level, &shape);
}

umbra_window umbra_key_digit_window(const umbra_chain *chain, const umbra_eval_key *entry, uint32_t j) {
  if (entry->kind == UMBRA_KEY_TO_SPARSE) return chain->window[0];
  if (entry->kind == UMBRA_KEY_TO_DENSE) return entry->key.poly.window;
  return umbra_digit_window(chain, entry->key.digits.first + j, entry->key.poly.window);
}

void umbra_eval_key_expand(const umbra_eval_key *entry, const umbra_context *context, umbra_stream *stream) {
  for (uint32_t j = 0; j < entry->key.digits.count; j++)
    umbra_uniform_expand(&entry->key.poly, context, stream, 2 * j + 1, entry->seed, j);
}

/* ---- what a set has ---- */

const umbra_eval_key *umbra_eval_keys_find(const umbra_eval_keys *keys, umbra_key_kind kind, uint32_t rotation) {
  for (size_t i = 0; keys && i < keys->count; i++)
    if (keys->key[i].kind == kind && keys->key[i].rotation == rotation) return &keys->key[i];
  return NULL;
}

int umbra_eval_keys_can_rotate(const umbra_eval_keys *keys, int32_t steps) {
  uint32_t rotation = umbra_rotation_of(steps, umbra_ring_n(keys->context->ring) / 2);
  return rotation == 0 || umbra_eval_keys_find(keys, UMBRA_KEY_ROTATE, rotation) != NULL;
}

int umbra_eval_keys_can_relinearize(const umbra_eval_keys *keys) {
  return umbra_eval_keys_find(keys, UMBRA_KEY_RELINEARIZE, 0) != NULL;
}

int umbra_eval_keys_can_conjugate(const umbra_eval_keys *keys) {
  return umbra_eval_keys_find(keys, UMBRA_KEY_CONJUGATE, 0) != NULL;
}

size_t umbra_eval_keys_count(const umbra_eval_keys *keys) { return keys->count; }

uint64_t umbra_eval_keys_bytes(const umbra_eval_keys *keys) {
  uint64_t bytes = 0;
  for (size_t i = 0; i < keys->count; i++) bytes += umbra_poly_bytes(&keys->key[i].key.poly, keys->context->ring);
  return bytes;
}

void umbra_eval_keys_owner(const umbra_eval_keys *keys, uint8_t owner[UMBRA_OWNER_BYTES]) {
  memcpy(owner, keys->owner, UMBRA_OWNER_BYTES);
}

umbra_status umbra_eval_keys_life(const umbra_eval_keys *keys, umbra_key_life *life) {
  return umbra_life_give(life, &keys->life);
}

/* ---- needs ---- */

static umbra_status list_purposes(umbra_key_needs *needs, const umbra_eval_keys *keys) {
  for (size_t i = 0; i < keys->count; i++) {
    const umbra_eval_key *key = &keys->key[i];
    UMBRA_TRY(umbra_key_needs_insert(needs, &(umbra_key_purpose){key->kind, key->rotation, key->level}));
  }
  return UMBRA_OK;
}

umbra_status umbra_eval_keys_needs(const umbra_eval_keys *keys, umbra_key_needs *needs) {
  if (!keys || !needs)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_eval_keys_needs needs evaluation keys and key needs");
  umbra_key_needs *served = NULL;
  UMBRA_TRY(umbra_key_needs_create(&served, umbra_context_params(keys->context)));
  umbra_status status = list_purposes(served, keys);
  if (status == UMBRA_OK) status = umbra_key_needs_add(needs, served);
  umbra_key_needs_destroy(served);
  return status;
}

umbra_status umbra_eval_keys_cover(const umbra_eval_keys *keys, const umbra_key_needs *needs) {
  if (!needs) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_eval_keys_cover needs key needs");
  umbra_key_needs *served = NULL;
  UMBRA_TRY(umbra_key_needs_create(&served, keys ? umbra_context_params(keys->context) : needs->params));
  umbra_status status = keys ? list_purposes(served, keys) : UMBRA_OK;
  if (status == UMBRA_OK) status = umbra_key_needs_cover(served, needs);
  umbra_key_needs_destroy(served);
  return status;
}

/* ---- sets in parts ---- */

static void move_key(umbra_eval_key *to, umbra_eval_key *from, umbra_ring *ring) {
  umbra_poly_destroy(&to->key.poly, ring);
  *to = *from;
  umbra_poly_relocate(&to->key.poly, &from->key.poly, ring);
}

/* keys has room for one more. */
static void add_key(umbra_eval_keys *keys, umbra_eval_key *key) {
  umbra_ring *ring = keys->context->ring;
  umbra_eval_key *have = (umbra_eval_key *)umbra_eval_keys_find(keys, key->kind, key->rotation);
  if (have && have->level >= key->level) return;
  if (!have) {
    have = &keys->key[keys->count++];
    *have = (umbra_eval_key){0};
  }
  move_key(have, key, ring);
}

umbra_status umbra_eval_keys_add(umbra_eval_keys *keys, umbra_eval_keys **more) {
  if (!keys || !more || !*more || *more == keys)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_eval_keys_add needs two different sets of keys");
  if (keys->context != (*more)->context)
    return umbra_fail(UMBRA_ERROR_MISMATCH, "the keys to be added belong to another context");
  UMBRA_TRY(umbra_check_owner(keys->owner, (*more)->owner, "the keys to be added"));
  if (umbra_is_shared(keys) || umbra_is_shared(*more))
    return umbra_fail(
        UMBRA_ERROR_INVALID_ARGUMENT,
        "%s are held by an evaluator, a circuit or another handle: destroy those, or let the evaluator use "
        "others, first",
        umbra_is_shared(*more) ? "the keys to be added" : "the keys that are added to");
  umbra_eval_key *all;
  UMBRA_TRY(umbra_alloc(&all, keys->count + (*more)->count, sizeof *all, "evaluation keys"));
  for (size_t i = 0; i < keys->count; i++) move_key(&all[i], &keys->key[i], keys->context->ring);
  umbra_free(keys->key);
  keys->key = all;
  for (size_t i = 0; i < (*more)->count; i++) add_key(keys, &(*more)->key[i]);
  umbra_eval_keys_destroy(*more);
  *more = NULL;
  return UMBRA_OK;
}
