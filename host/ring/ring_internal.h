/* SPDX-License-Identifier: Apache-2.0 */
/* The ring's own state: block cache and plan caches. */
#ifndef UMBRA_RING_RING_INTERNAL_H
#define UMBRA_RING_RING_INTERNAL_H

#include <threads.h>

#include "ring.h"

enum { UMBRA_CACHED_BLOCKS = 64 };

typedef struct umbra_block {
  void *memory;
  size_t bytes;
} umbra_block;

typedef struct umbra_division umbra_division;           /* see divide.c */
typedef struct umbra_decomposition umbra_decomposition; /* see decompose.c */

struct umbra_ring {
  umbra_params *params;
  const umbra_kernels *kernels;
  umbra_device *device;
  uint32_t threads;
  uint64_t memory_limit; /* 0: none */
  mtx_t lock;            /* of everything below */
  uint64_t taken, cached;
  size_t blocks;
  umbra_block block[UMBRA_CACHED_BLOCKS]; /* given back, oldest first */
  umbra_division *divisions;              /* plans made so far: lists that only grow */
  umbra_decomposition *decompositions;
};

void umbra_divisions_destroy(umbra_ring *ring);
void umbra_decompositions_destroy(umbra_ring *ring);

/* Product of the primes at `count` positions, without the one at index `skip` (none: count), modulo q. */
uint32_t umbra_ring_product(const umbra_ring *ring, const uint16_t *position, uint32_t count, uint32_t skip,
                            uint32_t q);

/* Appends the positions of a window to a list and returns its new length. */
uint32_t umbra_positions_append(uint16_t *position, uint32_t count, uint32_t first, uint32_t end);

/* A view over limbs [first, first + count) of (window, then aux auxiliary primes), packed at `data`. */
umbra_view umbra_view_packed(const umbra_ring *ring, uint32_t *data, uint32_t polys, umbra_window window,
                             uint32_t first, uint32_t count);

/* Appends the runs of b, of equal stride unless there is one polynomial, after those of a. */
void umbra_view_append(umbra_view *a, const umbra_view *b);

#endif
