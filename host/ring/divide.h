/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one division: y = round(x * prod R / prod D), moving polynomials from one set of primes to another; exact to
 * nearest, but for remainders within |D| 2^-25 of half of prod D, which may go either way. Rescale, mod-down, their
 * merger and level moves are all this.
 */
#ifndef UMBRA_RING_DIVIDE_H
#define UMBRA_RING_DIVIDE_H

#include "ring.h"

/*
 * dst over `to` = round(src * prod R / prod D), with D the primes of src (window `from`, `aux` auxiliary ones) that are
 * not in `to`, and R those of `to` that are not in `from`. Evaluation domain; dst may not overlap src, which is
 * unchanged.
 * small: NULL, or dst->polys * n integers in device memory added to src before the division; only if |D| = 1 and R is
 * empty.
 */
umbra_status umbra_divide(umbra_ring *ring, umbra_stream *stream, const umbra_view *dst, umbra_window to,
                          const umbra_view *src, umbra_window from, uint32_t aux, const int64_t *small);

/* log2(prod D / prod R) of that division. */
umbra_log2 umbra_divide_log_ratio(const umbra_chain *chain, umbra_window from, uint32_t aux, umbra_window to);

#endif
