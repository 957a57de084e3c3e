/* SPDX-License-Identifier: Apache-2.0 */
/* Three parts become two: one key switch of the third, whose accumulator starts with P times the first two. */
#include "../base/error.h"
#include "../ring/key_switch.h"
#include "calls.h"
#include "find_key.h"
#include "noise.h"
#include "trace.h"

static umbra_status relinearize_into(umbra_evaluator *evaluator, umbra_ciphertext *made, const umbra_ciphertext *a,
                                     const umbra_eval_key *key) {
  umbra_ring *ring = evaluator->context->ring;
  const umbra_chain *chain = umbra_ring_chain(ring);
  const umbra_window window = a->poly.window;
  umbra_view dst = umbra_poly_view(&made->poly, ring);
  umbra_view linear = umbra_poly_subview(&a->poly, ring, 0, 2, window, 0);
  umbra_view quadratic = umbra_poly_subview(&a->poly, ring, 2, 1, window, 0);
  umbra_switch_of of = {.x = &quadratic, .window = window, .key = &key->key, .init = &linear, .galois = 1};
  made->estimate = umbra_noise_round(umbra_noise_switch(a->estimate, chain, a->level), chain, a->level);
  return umbra_switch(ring, evaluator->stream, &dst, window, &of);
}

umbra_status umbra_relinearize(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *a) {
  UMBRA_TRACE(evaluator, "relinearize", a);
  UMBRA_TRY(umbra_check_operands_of_parts(evaluator, out, a, NULL));
  if (a->poly.polys == 2) return umbra_level_drop(evaluator, out, a, a->level);
  const umbra_eval_key *key;
  umbra_ciphertext *made = NULL;
  UMBRA_TRY(umbra_find_relinearization(&key, evaluator, a->level));
  UMBRA_TRY(umbra_result_make_parts(&made, evaluator, a, a->level, a->slots, 2));
  return umbra_result_finish(evaluator, out, made, relinearize_into(evaluator, made, a, key));
}
