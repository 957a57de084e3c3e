/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rotations and conjugation: one key switch whose result is stored permuted. The key leads to the secret's preimage under
 * the automorphism, so the digits of one input serve many rotations.
 */
#include "../base/error.h"
#include "../base/memory.h"
#include "../ring/key_switch.h"
#include "calls.h"
#include "find_key.h"
#include "noise.h"
#include "trace.h"

/* A new ciphertext for what a becomes when it is switched, with the estimate of that. */
static umbra_status make_switched(umbra_ciphertext **made, const umbra_evaluator *evaluator,
                                  const umbra_ciphertext *a) {
  const umbra_chain *chain = umbra_context_chain(evaluator->context);
  UMBRA_TRY(umbra_result_make(made, evaluator, a, a->level, a->slots));
  (*made)->estimate = umbra_noise_round(umbra_noise_switch(a->estimate, chain, a->level), chain, a->level);
  return UMBRA_OK;
}

static umbra_status apply(umbra_evaluator *evaluator, umbra_ciphertext *made, const umbra_ciphertext *a,
                          const umbra_eval_key *key) {
  umbra_ring *ring = evaluator->context->ring;
  const umbra_window window = a->poly.window;
  const umbra_view dst = umbra_poly_view(&made->poly, ring), both = umbra_poly_view(&a->poly, ring),
                   c0 = umbra_view_poly(&both, 0), c1 = umbra_view_poly(&both, 1);
  const umbra_rotation by = umbra_key_rotation(key, ring);
  const umbra_switch_of of = {.x = &c1, .window = window, .key = by.key, .init = &c0, .galois = by.galois};
  return umbra_switch(ring, evaluator->stream, &dst, window, &of);
}

/* A result like any other, and the same words. */
static umbra_status copied(umbra_ciphertext **made, const umbra_ciphertext *a) {
  UMBRA_TRY(umbra_ciphertext_copy(made, a));
  (*made)->declared = (umbra_declared){0};
  return UMBRA_OK;
}

/* A new ciphertext: a under the key's automorphism, or a copy if key is NULL. */
static umbra_status permuted(umbra_ciphertext **out, umbra_evaluator *evaluator, const umbra_ciphertext *a,
                             const umbra_eval_key *key) {
  umbra_ciphertext *made = NULL;
  if (!key) {
    UMBRA_TRY(copied(&made, a));
    return umbra_result_finish(evaluator, out, made, UMBRA_OK);
  }
  UMBRA_TRY(make_switched(&made, evaluator, a));
  return umbra_result_finish(evaluator, out, made, apply(evaluator, made, a, key));
}

umbra_status umbra_rotate(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *a,
                          int32_t steps) {
  UMBRA_TRACE(evaluator, "rotate", a);
  UMBRA_TRY(umbra_check_operands(evaluator, out, a, NULL));
  const umbra_eval_key *key;
  UMBRA_TRY(umbra_find_rotation(&key, evaluator, steps, a->slots, a->level));
  return permuted(out, evaluator, a, key);
}

umbra_status umbra_conjugate(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *a) {
  UMBRA_TRACE(evaluator, "conjugate", a);
  UMBRA_TRY(umbra_check_operands(evaluator, out, a, NULL));
  const umbra_eval_key *key;
  UMBRA_TRY(umbra_find_conjugation(&key, evaluator, a->level));
  return permuted(out, evaluator, a, key);
}

/* ---- many rotations of one input ---- */

/* Those of them that need a key switch: where each goes, and with what. */
typedef struct switches {
  umbra_view *dst;
  umbra_rotation *rotation;
  size_t count;
} switches;

static umbra_status make_results(umbra_evaluator *evaluator, umbra_ciphertext **made, switches *s,
                                 const umbra_ciphertext *a, const int32_t *steps, size_t count) {
  const umbra_ring *ring = evaluator->context->ring;
  for (size_t i = 0; i < count; i++) {
    const umbra_eval_key *key;
    UMBRA_TRY(umbra_find_rotation(&key, evaluator, steps[i], a->slots, a->level));
    if (!key) {
      UMBRA_TRY(copied(&made[i], a));
      continue;
    }
    UMBRA_TRY(make_switched(&made[i], evaluator, a));
    s->dst[s->count] = umbra_poly_view(&made[i]->poly, ring);
    s->rotation[s->count++] = umbra_key_rotation(key, ring);
  }
  return UMBRA_OK;
}

static umbra_status switch_all(umbra_evaluator *evaluator, const switches *s, const umbra_ciphertext *a) {
  umbra_ring *ring = evaluator->context->ring;
  umbra_view both = umbra_poly_view(&a->poly, ring);
  umbra_view c0 = umbra_view_poly(&both, 0), c1 = umbra_view_poly(&both, 1);
  umbra_digits digits;
  UMBRA_TRY(umbra_decompose(&digits, ring, evaluator->stream, &c1, a->poly.window));
  umbra_switch_of of = {.x = &c1, .window = a->poly.window, .digits = &digits, .init = &c0};
  umbra_status status = umbra_switch_many(ring, evaluator->stream, s->dst, s->rotation, s->count, &of);
  umbra_digits_destroy(&digits, ring);
  return status;
}

static umbra_status rotate_hoisted(umbra_evaluator *evaluator, umbra_ciphertext **made, const umbra_ciphertext *a,
                                   const int32_t *steps, size_t count) {
  switches s = {0};
  umbra_status status = umbra_alloc(&s.dst, count, sizeof *s.dst, "rotations");
  if (status == UMBRA_OK) status = umbra_alloc(&s.rotation, count, sizeof *s.rotation, "rotations");
  if (status == UMBRA_OK) status = make_results(evaluator, made, &s, a, steps, count);
  if (status == UMBRA_OK && s.count) status = switch_all(evaluator, &s, a);
  umbra_free(s.rotation);
  umbra_free(s.dst);
  return status;
}

static umbra_status check_many(umbra_evaluator *evaluator, umbra_ciphertext **outs, const umbra_ciphertext *a,
                               const int32_t *steps, size_t count) {
  if (!steps && count) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_rotate_many needs steps");
  UMBRA_TRY(umbra_check_outputs(outs, count));
  UMBRA_TRY(umbra_check_operands(evaluator, outs, a, NULL));
  for (size_t i = 0; i < count; i++) {
    const umbra_eval_key *key;
    UMBRA_TRY(umbra_find_rotation(&key, evaluator, steps[i], a->slots, a->level));
  }
  return UMBRA_OK;
}

umbra_status umbra_rotate_many(umbra_evaluator *evaluator, umbra_ciphertext **outs, const umbra_ciphertext *a,
                               const int32_t *steps, size_t count) {
  UMBRA_TRACE(evaluator, "rotate_many", a);
  UMBRA_TRY(check_many(evaluator, outs, a, steps, count));
  if (!count) return UMBRA_OK;
  umbra_ciphertext **made;
  UMBRA_TRY(umbra_alloc(&made, count, sizeof *made, "rotated ciphertexts"));
  umbra_status status = rotate_hoisted(evaluator, made, a, steps, count);
  return umbra_results_finish(evaluator, outs, made, count, status);
}
