/* SPDX-License-Identifier: Apache-2.0 */
/* The ring's own state: the plans that were made, which are its own and no part of the device's session. */
#ifndef UMBRA_RING_RING_INTERNAL_H
#define UMBRA_RING_RING_INTERNAL_H

#include <stdatomic.h>
#include <threads.h>

#include "ring.h"

typedef struct umbra_division umbra_division;   /* see divide.c */
typedef struct umbra_extension umbra_extension; /* see extend.c */

struct umbra_ring {
  umbra_params *params;
  umbra_session *session;
  const umbra_kernels *kernels;                   /* the session's */
  atomic_size_t key_switches, ephemeral_switches; /* see umbra_ring_accounts */
  mtx_t lock;                                     /* of everything below; taken before the session's */
  umbra_division *divisions;                      /* plans made so far: lists that only grow */
  struct umbra_decomposition *decompositions;
  umbra_extension *extensions;
  umbra_poly unit; /* without data until it is used; see unit.c */
};

/*
 * The primes that residues are converted from and to, by position; exact: see umbra_conversion_desc. What comes out is
 * multiplied by the product of the primes `factor`.
 */
typedef struct umbra_bases {
  const uint16_t *source, *target, *factor;
  uint32_t sources, targets, factors;
  int exact;
} umbra_bases;

/* A conversion for as long as the ring. */
umbra_status umbra_ring_make_conversion(umbra_conversion **conversion, umbra_ring *ring, const umbra_bases *bases);

void umbra_divisions_destroy(umbra_ring *ring);
void umbra_decompositions_destroy(umbra_ring *ring);
void umbra_extensions_destroy(umbra_ring *ring);
void umbra_imaginary_unit_destroy(umbra_ring *ring);

/* Product of the primes at `count` positions, without the one at index `skip` (none: count), modulo q. */
uint32_t umbra_ring_product(const umbra_ring *ring, const uint16_t *position, uint32_t count, uint32_t skip,
                            uint32_t q);

/* Appends the positions of a window to a list and returns its new length. */
uint32_t umbra_positions_append(uint16_t *position, uint32_t count, uint32_t first, uint32_t end);

/* A view over limbs [first, first + count) of (window, then aux auxiliary primes), packed at `data`. */
umbra_view umbra_view_packed(const umbra_ring *ring, uint32_t *data, uint32_t polys, umbra_window window,
                             uint32_t first, uint32_t count);

#endif
