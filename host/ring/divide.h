/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one division: y = round(x * prod R / prod D), moving polynomials from one set of primes to another; exact to
 * nearest, but for remainders within |D| 2^-25 of half of prod D, which may go either way. Rescaling (Rescale: by a level's
 * primes), the end of a key switch (ModDown: by P), both at once, and level moves are all this.
 */
#ifndef UMBRA_RING_DIVIDE_H
#define UMBRA_RING_DIVIDE_H

#include "ring.h"

/*
 * What is divided: polynomials over a window and the first `aux` auxiliary primes, evaluation domain, that were
 * multiplied by the `spared` auxiliary primes after those: their product S is divided by exactly. Their limbs are
 * in memory, or computed when they are needed, so that the whole is never stored: first `prepare` is called for a
 * stretch of limbs (counted through the window, then the auxiliary primes) of at most umbra_ring_block, then `compute`
 * for strips of it, by several threads: once for each limb in all. On a device without blocks what is prepared stays.
 */
typedef struct umbra_dividend {
  umbra_window window;
  uint32_t aux, spared;
  umbra_view view; /* unless computed */
  void (*prepare)(void *source, uint32_t first, uint32_t count);
  void (*compute)(const void *source, const umbra_view *dst, const umbra_strip *strip);
  void *source; /* NULL: not computed */
} umbra_dividend;

static inline umbra_dividend umbra_dividend_of(const umbra_view *view, umbra_window window, uint32_t aux) {
  return (umbra_dividend){.window = window, .aux = aux, .view = *view};
}

/* The same with what key switches over a window leave: P times the result, over the window and their auxiliary primes. */
static inline umbra_dividend umbra_dividend_of_switch(const umbra_chain *chain, const umbra_view *view,
                                                      umbra_window window) {
  uint32_t aux = umbra_switch_auxes(chain, window);
  return (umbra_dividend){.window = window, .aux = aux, .spared = chain->auxes - aux, .view = *view};
}

/*
 * dst over `to` = round(x / S * prod R / prod D), with D the primes of x that are not in `to`, and R those of `to` that x
 * does not have. Evaluation domain; dst may not overlap x, which is unchanged.
 * small: NULL, or dst->polys * n integers in device memory added to x before the division; only if |D| = 1 and R is
 * empty.
 */
umbra_status umbra_divide(umbra_ring *ring, umbra_stream *stream, const umbra_view *dst, umbra_window to,
                          const umbra_dividend *x, const int64_t *small);

/* Divisions in step: a workspace of as many remainders. */
enum { UMBRA_DIVISIONS_TOGETHER = 8 };

/*
 * The same for `count` <= UMBRA_DIVISIONS_TOGETHER dividends of one window and `aux`, in step: limb after limb of all of
 * them, so that what they share (tables, digits) is in the cache.
 */
umbra_status umbra_divide_many(umbra_ring *ring, umbra_stream *stream, const umbra_view *dst, umbra_window to,
                               const umbra_dividend *x, size_t count);

/* log2(prod D / prod R) of that division, of a dividend without auxiliary primes. */
umbra_log2 umbra_divide_log_ratio(const umbra_chain *chain, umbra_window from, umbra_window to);

#endif
