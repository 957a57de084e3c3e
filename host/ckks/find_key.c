/* SPDX-License-Identifier: Apache-2.0 */
/* The one place where keys are looked up: in the evaluator's set; where there are stand-ins each is found. */
#include "find_key.h"

#include "../base/error.h"
#include "galois.h"
#include "key_needs.h"
#include "stand_ins.h"

static umbra_status check_level(const umbra_eval_key *key, uint32_t level) {
  if (key->level >= level) return UMBRA_OK;
  return umbra_fail(
      UMBRA_ERROR_MISSING_KEY,
      "the key for %s%.0u serves levels up to %u and the ciphertext is at level %u: make it for higher ones",
      umbra_key_name(key->kind), key->rotation, key->level, level);
}

/* MISSING_KEY at levels for which there are no keys. */
static umbra_status check_keyed(const umbra_evaluator *evaluator, const umbra_key_purpose *wanted) {
  const uint32_t top = umbra_key_top_level(umbra_context_chain(evaluator->context), wanted->kind);
  if (wanted->level <= top) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_MISSING_KEY,
                    "these parameters have no switching keys at level %u: what needs the key for %s%.0u is possible "
                    "from level %u down (umbra_level_drop)",
                    wanted->level, umbra_key_name(wanted->kind), wanted->rotation, top);
}

/* A key that fits, of those for the level if there is one; or NULL. */
static const umbra_eval_key *best(const umbra_eval_keys *keys, const umbra_key_purpose *wanted, uint32_t slots) {
  const umbra_eval_key *found = NULL;
  for (size_t i = 0; keys && i < keys->count && !(found && found->level >= wanted->level); i++)
    if (umbra_key_purpose_fits(keys->key[i].kind, keys->key[i].rotation, wanted, slots)) found = &keys->key[i];
  return found;
}

/* *key is NULL if there is none that fits. slots: of a rotation; else 1. */
static umbra_status find(const umbra_eval_key **key, const umbra_evaluator *evaluator, const umbra_key_purpose *wanted,
                         uint32_t slots) {
  UMBRA_TRY(check_keyed(evaluator, wanted));
  umbra_stand_ins *stand_ins = evaluator->context->stand_ins;
  if (stand_ins) return umbra_stand_ins_find(key, stand_ins, wanted, slots);
  *key = best(evaluator->keys, wanted, slots);
  return *key ? check_level(*key, wanted->level) : UMBRA_OK;
}

umbra_status umbra_find_rotation(const umbra_eval_key **key, const umbra_evaluator *evaluator, int32_t steps,
                                 uint32_t slots, uint32_t level) {
  /* As one of all slots: other computations may share its key. */
  const uint32_t most = umbra_params_slots(umbra_context_params(evaluator->context));
  const umbra_key_purpose wanted = {UMBRA_KEY_ROTATE, umbra_rotation_of(steps, most), level};
  *key = NULL;
  if (wanted.rotation % slots == 0) return UMBRA_OK;
  UMBRA_TRY(find(key, evaluator, &wanted, slots));
  if (*key) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_MISSING_KEY, "no key for rotation %d (of %u slots): add it to the key needs", steps,
                    slots);
}

umbra_rotation umbra_key_rotation(const umbra_eval_key *key, const umbra_ring *ring) {
  return (umbra_rotation){&key->key, umbra_key_galois(key->kind, key->rotation, umbra_ring_n(ring))};
}

umbra_status umbra_find_turns(umbra_rotation *rotation, const umbra_evaluator *evaluator, const int32_t *steps,
                              size_t count, uint32_t slots, uint32_t level) {
  for (size_t i = 0; i < count; i++) {
    const umbra_eval_key *key;
    UMBRA_TRY(umbra_find_rotation(&key, evaluator, steps[i], slots, level));
    if (!key) return umbra_fail(UMBRA_ERROR_INTERNAL, "a rotation turns around within %u slots", slots);
    rotation[i] = umbra_key_rotation(key, evaluator->context->ring);
  }
  return UMBRA_OK;
}

umbra_status umbra_find_relinearization(const umbra_eval_key **key, const umbra_evaluator *evaluator, uint32_t level) {
  UMBRA_TRY(find(key, evaluator, &(umbra_key_purpose){UMBRA_KEY_RELINEARIZE, 0, level}, 1));
  if (*key) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_MISSING_KEY,
                    "products of ciphertexts need the relinearisation key: add it to the key needs");
}

umbra_status umbra_find_conjugation(const umbra_eval_key **key, const umbra_evaluator *evaluator, uint32_t level) {
  UMBRA_TRY(find(key, evaluator, &(umbra_key_purpose){UMBRA_KEY_CONJUGATE, 0, level}, 1));
  if (*key) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_MISSING_KEY, "no key for conjugation: add it to the key needs");
}

umbra_status umbra_find_ephemeral(const umbra_eval_key **key, const umbra_evaluator *evaluator, umbra_key_kind kind) {
  uint32_t level = umbra_key_top_level(umbra_context_chain(evaluator->context), kind);
  UMBRA_TRY(find(key, evaluator, &(umbra_key_purpose){kind, 0, level}, 1));
  if (*key) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_MISSING_KEY, "no keys to and from the ephemeral secret: add them to the key needs");
}

umbra_status umbra_find_all(const umbra_evaluator *evaluator, const umbra_key_needs *needs) {
  umbra_stand_ins *stand_ins = evaluator->context->stand_ins;
  return stand_ins ? umbra_stand_ins_note(stand_ins, needs) : umbra_eval_keys_cover(evaluator->keys, needs);
}
