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
#include "galois.h"
#include "noise.h"
#include "trace.h"

/* The result of switching a with that key: where it goes, and its estimate. */
static umbra_switch_to switch_to(umbra_ciphertext *made, const umbra_ciphertext *a, const umbra_eval_key *key) {
  const umbra_ring *ring = a->context->ring;
  const umbra_chain *chain = umbra_ring_chain(ring);
  made->estimate = umbra_noise_round(umbra_noise_switch(a->estimate, chain, a->level), chain, a->level);
  return (umbra_switch_to){umbra_poly_view(&made->poly, ring), &key->key,
                           umbra_key_galois(key->kind, key->rotation, umbra_ring_n(ring))};
}

static umbra_status apply(umbra_evaluator *evaluator, umbra_ciphertext *made, const umbra_ciphertext *a,
                          const umbra_eval_key *key) {
  umbra_ring *ring = evaluator->context->ring;
  umbra_window window = a->poly.window;
  umbra_view both = umbra_poly_view(&a->poly, ring);
  umbra_view c0 = umbra_view_poly(&both, 0), c1 = umbra_view_poly(&both, 1);
  umbra_switch_to to = switch_to(made, a, key);
  umbra_switch_of of = {.x = &c1, .window = window, .key = to.key, .init = &c0, .galois = to.galois};
  return umbra_switch(ring, evaluator->stream, &to.dst, window, &of);
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
  UMBRA_TRY(umbra_result_make(&made, evaluator, a, a->level, a->slots));
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

/* New ciphertexts; to: one entry for each that needs a key switch, *switches of them. */
static umbra_status make_results(umbra_evaluator *evaluator, umbra_ciphertext **made, umbra_switch_to *to,
                                 size_t *switches, const umbra_ciphertext *a, const int32_t *steps, size_t count) {
  *switches = 0;
  for (size_t i = 0; i < count; i++) {
    const umbra_eval_key *key;
    UMBRA_TRY(umbra_find_rotation(&key, evaluator, steps[i], a->slots, a->level));
    if (!key) {
      UMBRA_TRY(copied(&made[i], a));
      continue;
    }
    UMBRA_TRY(umbra_result_make(&made[i], evaluator, a, a->level, a->slots));
    to[(*switches)++] = switch_to(made[i], a, key);
  }
  return UMBRA_OK;
}

static umbra_status switch_all(umbra_evaluator *evaluator, const umbra_switch_to *to, size_t count,
                               const umbra_ciphertext *a) {
  umbra_ring *ring = evaluator->context->ring;
  umbra_view both = umbra_poly_view(&a->poly, ring);
  umbra_view c0 = umbra_view_poly(&both, 0), c1 = umbra_view_poly(&both, 1);
  umbra_digits digits;
  UMBRA_TRY(umbra_decompose(&digits, ring, evaluator->stream, &c1, a->poly.window));
  umbra_switch_of of = {.x = &c1, .window = a->poly.window, .digits = &digits, .init = &c0};
  umbra_status status = umbra_switch_many(ring, evaluator->stream, to, count, &of);
  umbra_digits_destroy(&digits, ring);
  return status;
}

static umbra_status rotate_hoisted(umbra_evaluator *evaluator, umbra_ciphertext **made, const umbra_ciphertext *a,
                                   const int32_t *steps, size_t count) {
  umbra_switch_to *to;
  size_t switches;
  UMBRA_TRY(umbra_alloc(&to, count, sizeof *to, "rotations"));
  umbra_status status = make_results(evaluator, made, to, &switches, a, steps, count);
  if (status == UMBRA_OK && switches) status = switch_all(evaluator, to, switches, a);
  umbra_free(to);
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
