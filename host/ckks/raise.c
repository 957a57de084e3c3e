/* SPDX-License-Identifier: Apache-2.0 */
#include "raise.h"

#include "../base/error.h"
#include "../ring/divide.h"
#include "../ring/extend.h"
#include "../ring/ops.h"
#include "../ring/residence.h"
#include "../ring/whole.h"
#include "find_key.h"
#include "trace.h"

/* product (2 polynomials over the key's primes) = digit * key + (g * c0, 0), g the product of the gadget's primes. */
static umbra_status multiply(umbra_evaluator *evaluator, const umbra_poly *product, const umbra_poly *digit,
                             const umbra_view *c0, const umbra_eval_key *key) {
  umbra_ring *ring = evaluator->context->ring;
  const umbra_chain *chain = umbra_ring_chain(ring);
  umbra_key_shape shape = umbra_eval_key_shape(chain, key);
  uint32_t factor[UMBRA_MAX_PRIMES];
  umbra_ring_primes_mod(ring, c0, shape.gadget_first, shape.gadget_count, factor);
  UMBRA_TRY(umbra_poly_pin(&key->key.poly, ring, evaluator->stream));
  umbra_view dst = umbra_poly_view(product, ring), one = umbra_poly_view(digit, ring);
  umbra_view keys = umbra_poly_view(&key->key.poly, ring);
  UMBRA_ENQUEUE(umbra_ring_kernels(ring)->inner_product, evaluator->stream, &dst, &one, 1, &keys, c0, factor, 1, 0);
  umbra_poly_unpin(&key->key.poly, ring);
  umbra_ring_count_ephemeral_switch(ring);
  return UMBRA_OK;
}

/*
 * dst over `to` = (c0, c1) under the key's other secret. c1, a single digit, is extended to the key's primes; c0 is over
 * those of its primes that are not divided by.
 */
static umbra_status switch_digit(umbra_evaluator *evaluator, const umbra_view *dst, umbra_window to,
                                 const umbra_view *c0, const umbra_view *c1, const umbra_eval_key *key) {
  umbra_ring *ring = evaluator->context->ring;
  umbra_window base = umbra_ring_chain(ring)->window[0], window = key->key.poly.window;
  uint32_t aux = key->key.poly.aux;
  umbra_poly digit, product;
  UMBRA_TRY(umbra_poly_create(&digit, ring, 1, window, aux, "a raised polynomial"));
  umbra_view view = umbra_poly_view(&digit, ring);
  umbra_status status = umbra_extend(ring, evaluator->stream, &view, window, aux, c1, base);
  if (status == UMBRA_OK) status = umbra_poly_create(&product, ring, 2, window, aux, "a raised product");
  if (status == UMBRA_OK) {
    status = multiply(evaluator, &product, &digit, c0, key);
    umbra_view all = umbra_poly_view(&product, ring);
    umbra_dividend dividend = umbra_dividend_of(&all, window, aux);
    if (status == UMBRA_OK) status = umbra_divide(ring, evaluator->stream, dst, to, &dividend, NULL);
    umbra_poly_destroy(&product, ring);
  }
  umbra_poly_destroy(&digit, ring);
  return status;
}

/* out (at the highest level) = sparse raised, under the owner's secret. */
static umbra_status raise_sparse(umbra_evaluator *evaluator, const umbra_scaled *out, const umbra_view *sparse,
                                 const umbra_eval_key *to_dense) {
  umbra_ring *ring = evaluator->context->ring;
  umbra_window base = umbra_ring_chain(ring)->window[0], top = out->poly.window;
  umbra_view c0 = umbra_view_poly(sparse, 0), c1 = umbra_view_poly(sparse, 1);
  umbra_poly raised;
  UMBRA_TRY(umbra_poly_create(&raised, ring, 1, top, 0, "a raised polynomial"));
  umbra_view raised_view = umbra_poly_view(&raised, ring), dst = umbra_poly_view(&out->poly, ring);
  umbra_status status = umbra_extend(ring, evaluator->stream, &raised_view, top, 0, &c0, base);
  if (status == UMBRA_OK) status = switch_digit(evaluator, &dst, top, &raised_view, &c1, to_dense);
  umbra_poly_destroy(&raised, ring);
  return status;
}

/* On a device that holds no residues. */
static umbra_status raise_whole(umbra_evaluator *evaluator, umbra_scaled *out, const umbra_scaled *in) {
  umbra_ring *ring = evaluator->context->ring;
  const uint32_t top = umbra_ring_chain(ring)->total_levels - 1;
  UMBRA_TRY(umbra_scaled_make(out, evaluator->context, top, in->log_scale));
  umbra_view dst = umbra_poly_view(&out->poly, ring), src = umbra_poly_view(&in->poly, ring);
  umbra_whole_raise(ring, evaluator->stream, &dst, &src);
  out->estimate = in->estimate;
  return UMBRA_OK;
}

umbra_status umbra_raise(umbra_evaluator *evaluator, umbra_scaled *out, const umbra_scaled *in) {
  UMBRA_TRACE(evaluator, "raise", in);
  umbra_ring *ring = evaluator->context->ring;
  const umbra_chain *chain = umbra_ring_chain(ring);
  const umbra_eval_key *to_sparse, *to_dense;
  UMBRA_TRY(umbra_find_ephemeral(&to_sparse, evaluator, UMBRA_KEY_TO_SPARSE));
  UMBRA_TRY(umbra_find_ephemeral(&to_dense, evaluator, UMBRA_KEY_TO_DENSE));
  if (umbra_ring_whole(ring)) return raise_whole(evaluator, out, in);
  umbra_poly sparse;
  UMBRA_TRY(umbra_poly_create(&sparse, ring, 2, chain->window[0], 0, "a ciphertext under the ephemeral secret"));
  umbra_view both = umbra_poly_view(&in->poly, ring), dst = umbra_poly_view(&sparse, ring);
  umbra_view c0 = umbra_view_poly(&both, 0), c1 = umbra_view_poly(&both, 1);
  umbra_scaled made = {0};
  umbra_status status = switch_digit(evaluator, &dst, chain->window[0], &c0, &c1, to_sparse);
  if (status == UMBRA_OK) status = umbra_scaled_make(&made, evaluator->context, chain->total_levels - 1, in->log_scale);
  if (status == UMBRA_OK) status = raise_sparse(evaluator, &made, &dst, to_dense);
  if (status == UMBRA_OK) {
    made.estimate = in->estimate;
    *out = made;
  } else {
    umbra_scaled_destroy(&made, evaluator->context);
  }
  umbra_poly_destroy(&sparse, ring);
  return status;
}
