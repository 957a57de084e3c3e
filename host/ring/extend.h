/* SPDX-License-Identifier: Apache-2.0 */
/* Exact extension of a polynomial to more primes: what raises the modulus of a refresh (ModRaise). */
#ifndef UMBRA_RING_EXTEND_H
#define UMBRA_RING_EXTEND_H

#include "ring.h"

/*
 * dst over the window `to` and the first `aux` auxiliary primes = x (one polynomial over the window `from`), as the
 * integers of smallest absolute value that it stands for; of those within 2^-25 of half its modulus, either sign.
 * Evaluation domain; dst may not overlap x.
 */
umbra_status umbra_extend(umbra_ring *ring, umbra_stream *stream, const umbra_view *dst, umbra_window to, uint32_t aux,
                          const umbra_view *x, umbra_window from);

#endif
