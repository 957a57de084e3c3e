/* SPDX-License-Identifier: Apache-2.0 */
#include "residence.h"

#include "../device/residence.h"

umbra_status umbra_poly_may_leave(umbra_poly *poly, umbra_ring *ring) {
  return umbra_residence_begin(&poly->residence, umbra_ring_session(ring), &poly->data, umbra_poly_bytes(poly, ring),
                               poly->secret);
}

void umbra_poly_prefetch(const umbra_poly *poly, umbra_ring *ring) {
  if (poly->residence) umbra_residence_prefetch(poly->residence, umbra_ring_session(ring));
}

umbra_status umbra_poly_pin(const umbra_poly *poly, umbra_ring *ring, umbra_stream *stream) {
  return poly->residence ? umbra_residence_pin(poly->residence, umbra_ring_session(ring), stream) : UMBRA_OK;
}

void umbra_poly_unpin(const umbra_poly *poly, umbra_ring *ring) {
  if (poly->residence) umbra_residence_unpin(poly->residence, umbra_ring_session(ring));
}

/* While others may send it away, only its residence knows where its block is. */
void umbra_poly_relocate(umbra_poly *to, umbra_poly *from, umbra_ring *ring) {
  *to = (umbra_poly){.window = from->window,
                     .aux = from->aux,
                     .polys = from->polys,
                     .secret = from->secret,
                     .log_gap = from->log_gap,
                     .residence = from->residence};
  if (to->residence) umbra_residence_relocate(to->residence, umbra_ring_session(ring), &to->data);
  else to->data = from->data;
  *from = (umbra_poly){0};
}

void umbra_poly_forget(umbra_poly *poly, umbra_ring *ring) {
  if (poly->residence) umbra_residence_end(poly->residence, umbra_ring_session(ring));
  poly->residence = NULL;
}
