/* SPDX-License-Identifier: Apache-2.0 */
/* Polynomials that may leave a device whose memory is short: ../device/residence.h, for the block of a polynomial. */
#ifndef UMBRA_RING_RESIDENCE_H
#define UMBRA_RING_RESIDENCE_H

#include "ring.h"

/* From now on poly, which must stay at its address and change no more, may leave unless it is pinned. */
umbra_status umbra_poly_may_leave(umbra_poly *poly, umbra_ring *ring);

/* Without effect on polynomials that may not leave, as the next two. */
void umbra_poly_prefetch(const umbra_poly *poly, umbra_ring *ring);
umbra_status umbra_poly_pin(const umbra_poly *poly, umbra_ring *ring, umbra_stream *stream);
void umbra_poly_unpin(const umbra_poly *poly, umbra_ring *ring);

/* *to takes over what *from is, which is zeroed: a polynomial that may leave gets another address. */
void umbra_poly_relocate(umbra_poly *to, umbra_poly *from, umbra_ring *ring);

/* Ends it, wherever poly is. For umbra_poly_destroy and its like. */
void umbra_poly_forget(umbra_poly *poly, umbra_ring *ring);

#endif
