/* SPDX-License-Identifier: Apache-2.0 */
#include "gadget.h"

#include "../base/error.h"
#include "../ring/ops.h"

static umbra_view part_of(const umbra_gadget *g, const umbra_poly *poly, umbra_window window, uint32_t aux) {
  return umbra_poly_subview(poly, g->context->ring, 0, 1, window, aux);
}

umbra_status umbra_gadget_mask(const umbra_gadget *g, const umbra_view *b, const umbra_view *a, umbra_window window,
                               uint32_t aux) {
  umbra_ring *ring = g->context->ring;
  umbra_view under = part_of(g, &g->under, window, aux), error = part_of(g, &g->scratch, window, aux);
  UMBRA_TRY(umbra_small_fresh(&error, g->context, g->stream, g->random, g->error));
  umbra_ring_mul(ring, g->stream, b, a, &under);
  umbra_ring_sub(ring, g->stream, b, &error, b);
  return UMBRA_OK;
}

/* Adds P, the product of the gadget's primes, times from, on the digit's own primes. */
static void add_from(const umbra_gadget *g, const umbra_eval_key *entry, uint32_t digit) {
  umbra_ring *ring = g->context->ring;
  const umbra_chain *chain = umbra_ring_chain(ring);
  umbra_key_shape shape = umbra_eval_key_shape(chain, entry);
  umbra_window own = umbra_key_digit_window(chain, entry, digit);
  umbra_view b = umbra_poly_subview(&entry->key.poly, ring, 2 * digit, 1, own, 0);
  umbra_view from = part_of(g, &g->from, own, 0), product = part_of(g, &g->scratch, own, 0);
  umbra_ring_mul_primes(ring, g->stream, &product, &from, shape.gadget_first, shape.gadget_count);
  umbra_ring_add(ring, g->stream, &b, &b, &product);
}

umbra_status umbra_gadget_fill(const umbra_gadget *g, const umbra_eval_key *entry) {
  const umbra_poly *poly = &entry->key.poly;
  umbra_eval_key_expand(entry, g->context, g->stream);
  umbra_view all = umbra_poly_view(poly, g->context->ring);
  for (uint32_t j = 0; j < entry->key.digits.count; j++) {
    umbra_view b = umbra_view_poly(&all, 2 * j), a = umbra_view_poly(&all, 2 * j + 1);
    UMBRA_TRY(umbra_gadget_mask(g, &b, &a, poly->window, poly->aux));
    add_from(g, entry, j);
  }
  return UMBRA_OK;
}
