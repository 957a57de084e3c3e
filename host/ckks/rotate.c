/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rotations and conjugation: switch the key, divide by P, then permute. The key leads to the secret's preimage under
 * the automorphism, so the digits of one input serve many rotations.
 */
#include "../base/error.h"
#include "../base/memory.h"
#include "../ring/divide.h"
#include "../ring/ops.h"
#include "evaluator_internal.h"
#include "galois.h"
#include "noise.h"

static umbra_status find_conjugation(const umbra_eval_key **key, const umbra_evaluator *evaluator, uint32_t level) {
  *key = umbra_eval_keys_find(evaluator->keys, UMBRA_KEY_CONJUGATE, 0);
  if (*key) return umbra_check_key_level(*key, level);
  return umbra_fail(UMBRA_ERROR_MISSING_KEY, "no key for conjugation: request it with .conjugate = 1");
}

/* A key whose rotation is the same for vectors of `slots` values; *key is NULL if none is needed. */
static umbra_status find_rotation(const umbra_eval_key **key, const umbra_evaluator *evaluator, int32_t steps,
                                  uint32_t slots, uint32_t level) {
  uint32_t rotation = umbra_rotation_of(steps, slots);
  *key = NULL;
  if (!rotation) return UMBRA_OK;
  for (size_t i = 0; evaluator->keys && i < evaluator->keys->count; i++) {
    const umbra_eval_key *entry = &evaluator->keys->key[i];
    if (entry->kind != UMBRA_KEY_ROTATE || entry->rotation % slots != rotation) continue;
    *key = entry;
    if (entry->level >= level) return UMBRA_OK;
  }
  if (*key) return umbra_check_key_level(*key, level);
  return umbra_fail(UMBRA_ERROR_MISSING_KEY, "no key for rotation %d (of %u slots): request it in .rotations", steps,
                    slots);
}

/* The digits of an input, if they were computed before. */
typedef struct hoisted {
  umbra_digits digits;
  int ready;
} hoisted;

/* acc = P * (c0, 0) + digits of c1 times the key. */
static umbra_status accumulate(umbra_evaluator *evaluator, const umbra_view *acc, const umbra_ciphertext *a,
                               const umbra_eval_key *key, const hoisted *shared) {
  umbra_ring *ring = evaluator->context->ring;
  umbra_view both = umbra_poly_view(&a->poly, ring);
  umbra_view c0 = umbra_view_poly(&both, 0), c1 = umbra_view_poly(&both, 1);
  if (shared->ready) return umbra_inner_product(ring, evaluator->stream, acc, &shared->digits, &c1, &key->key, &c0);
  return umbra_switch(ring, evaluator->stream, acc, &c1, a->poly.window, &key->key, &c0);
}

/* made = acc / P, permuted. */
static umbra_status divide_permute(umbra_evaluator *evaluator, umbra_ciphertext *made, const umbra_poly *acc,
                                   uint32_t galois) {
  umbra_ring *ring = evaluator->context->ring;
  umbra_poly divided;
  UMBRA_TRY(umbra_poly_create(&divided, ring, 2, acc->window, 0, "a rotation"));
  umbra_view src = umbra_poly_view(acc, ring), middle = umbra_poly_view(&divided, ring);
  umbra_view dst = umbra_poly_view(&made->poly, ring);
  umbra_status status = umbra_divide(ring, evaluator->stream, &middle, acc->window, &src, acc->window, acc->aux, NULL);
  if (status == UMBRA_OK) umbra_ring_automorphism(ring, evaluator->stream, &dst, &middle, galois);
  umbra_poly_destroy(&divided, ring);
  return status;
}

static umbra_status apply(umbra_evaluator *evaluator, umbra_ciphertext *made, const umbra_ciphertext *a,
                          const umbra_eval_key *key, const hoisted *shared) {
  umbra_ring *ring = evaluator->context->ring;
  const umbra_chain *chain = umbra_ring_chain(ring);
  umbra_poly acc;
  UMBRA_TRY(umbra_poly_create(&acc, ring, 2, a->poly.window, chain->auxes, "a rotation"));
  umbra_view acc_view = umbra_poly_view(&acc, ring);
  umbra_status status = accumulate(evaluator, &acc_view, a, key, shared);
  uint32_t galois = umbra_key_galois(key->kind, key->rotation, umbra_ring_n(ring));
  if (status == UMBRA_OK) status = divide_permute(evaluator, made, &acc, galois);
  umbra_poly_destroy(&acc, ring);
  made->estimate = umbra_noise_round(umbra_noise_switch(a->estimate, chain, a->level, 1), chain, a->level);
  return status;
}

/* A new ciphertext: a under the key's automorphism, or a copy if key is NULL. */
static umbra_status permuted(umbra_ciphertext **out, umbra_evaluator *evaluator, const umbra_ciphertext *a,
                             const umbra_eval_key *key, const hoisted *shared) {
  if (!key) return umbra_ciphertext_copy(out, a);
  umbra_ciphertext *made;
  UMBRA_TRY(umbra_result_make(&made, evaluator, a, a->level, a->slots));
  return umbra_result_finish(out, made, apply(evaluator, made, a, key, shared));
}

umbra_status umbra_rotate(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *a,
                          int32_t steps) {
  UMBRA_TRY(umbra_check_operands(evaluator, out, a, NULL));
  const umbra_eval_key *key;
  UMBRA_TRY(find_rotation(&key, evaluator, steps, a->slots, a->level));
  return permuted(out, evaluator, a, key, &(hoisted){0});
}

umbra_status umbra_conjugate(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *a) {
  UMBRA_TRY(umbra_check_operands(evaluator, out, a, NULL));
  const umbra_eval_key *key;
  UMBRA_TRY(find_conjugation(&key, evaluator, a->level));
  return permuted(out, evaluator, a, key, &(hoisted){0});
}

/* ---- many rotations of one input ---- */

static umbra_status rotate_all(umbra_evaluator *evaluator, umbra_ciphertext **made, const umbra_ciphertext *a,
                               const int32_t *steps, size_t count, const hoisted *shared) {
  for (size_t i = 0; i < count; i++) {
    const umbra_eval_key *key;
    UMBRA_TRY(find_rotation(&key, evaluator, steps[i], a->slots, a->level));
    UMBRA_TRY(permuted(&made[i], evaluator, a, key, shared));
  }
  return UMBRA_OK;
}

static umbra_status rotate_hoisted(umbra_evaluator *evaluator, umbra_ciphertext **made, const umbra_ciphertext *a,
                                   const int32_t *steps, size_t count) {
  umbra_ring *ring = evaluator->context->ring;
  umbra_view both = umbra_poly_view(&a->poly, ring), c1 = umbra_view_poly(&both, 1);
  hoisted shared = {.ready = 1};
  UMBRA_TRY(umbra_decompose(&shared.digits, ring, evaluator->stream, &c1, a->poly.window));
  umbra_status status = rotate_all(evaluator, made, a, steps, count, &shared);
  umbra_digits_destroy(&shared.digits, ring);
  return status;
}

static umbra_status check_many(umbra_evaluator *evaluator, umbra_ciphertext **outs, const umbra_ciphertext *a,
                               const int32_t *steps, size_t count) {
  if (!outs || (!steps && count))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_rotate_many needs outputs and steps");
  UMBRA_TRY(umbra_check_operands(evaluator, outs, a, NULL));
  for (size_t i = 0; i < count; i++) {
    const umbra_eval_key *key;
    UMBRA_TRY(find_rotation(&key, evaluator, steps[i], a->slots, a->level));
    for (size_t k = 0; k < i; k++)
      if (outs[i] && outs[i] == outs[k])
        return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "outputs %zu and %zu are the same ciphertext", k, i);
  }
  return UMBRA_OK;
}

umbra_status umbra_rotate_many(umbra_evaluator *evaluator, umbra_ciphertext **outs, const umbra_ciphertext *a,
                               const int32_t *steps, size_t count) {
  UMBRA_TRY(check_many(evaluator, outs, a, steps, count));
  if (!count) return UMBRA_OK;
  umbra_ciphertext **made;
  UMBRA_TRY(umbra_alloc(&made, count, sizeof *made, "rotated ciphertexts"));
  umbra_status status = rotate_hoisted(evaluator, made, a, steps, count);
  for (size_t i = 0; i < count; i++) {
    if (status == UMBRA_OK) umbra_ciphertext_commit(&outs[i], made[i]);
    else umbra_ciphertext_destroy(made[i]);
  }
  umbra_free(made);
  return status;
}
