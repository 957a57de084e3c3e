/* SPDX-License-Identifier: Apache-2.0 */
/* Copies of many views: where launches cost, as many in one as a view has runs; one at a time elsewhere. */
#ifndef UMBRA_RING_COPIES_H
#define UMBRA_RING_COPIES_H

#include "ring.h"

typedef struct umbra_copies {
  const umbra_ring *ring;
  umbra_stream *stream;
  umbra_view dst, src; /* what is to be copied next */
} umbra_copies;

/* dst = src, of as many polynomials and limbs; it may wait for others. */
void umbra_copies_add(umbra_copies *copies, const umbra_view *dst, const umbra_view *src);

/* What waits. */
void umbra_copies_make(umbra_copies *copies);

#endif
