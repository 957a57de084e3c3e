/* SPDX-License-Identifier: Apache-2.0 */
/* The ring's own state: block cache and plan caches. */
#ifndef UMBRA_RING_RING_INTERNAL_H
#define UMBRA_RING_RING_INTERNAL_H

#include <stdatomic.h>
#include <threads.h>

#include "ring.h"

enum { UMBRA_CACHED_BLOCKS = 256 };

/*
 * Bytes of the block for that many: working memory of a few MiB comes in eighths of powers of two, so that what is given
 * back fits the next, which is a limb larger or smaller.
 */
static inline size_t umbra_block_bytes(size_t bytes) {
  const size_t smallest = (size_t)1 << 21, largest = (size_t)1 << 26;
  if (bytes < smallest || bytes > largest) return bytes;
  const size_t step = (size_t)1 << (63 - __builtin_clzll(bytes) - 3);
  return (bytes + step - 1) / step * step;
}

typedef struct umbra_block {
  void *memory;
  size_t bytes;
} umbra_block;

typedef struct umbra_division umbra_division; /* see divide.c */

typedef struct umbra_extension umbra_extension; /* see extend.c */

typedef struct umbra_residence umbra_residence; /* see residence.c */

typedef struct umbra_arena_block {
  umbra_block block;
  int free;
} umbra_arena_block;

/* Memory that a recording uses: all that its thread took meanwhile. */
struct umbra_arena {
  thrd_t thread;
  umbra_stream *recording; /* NULL: what is enqueued is done at once */
  size_t blocks, room;
  umbra_arena_block *block;
  size_t pins, pin_room;
  umbra_residence **pin; /* what was pinned, once for each time: held until the arena is destroyed */
};

struct umbra_ring {
  umbra_params *params;
  const umbra_kernels *kernels;
  umbra_device *device;
  uint32_t threads;
  uint64_t memory_limit;                          /* 0: none */
  atomic_size_t key_switches, ephemeral_switches; /* see umbra_ring_accounts */
  mtx_t lock;                                     /* of everything below */
  umbra_arena *arena;          /* what its thread takes and gives goes there; NULL: nothing is recorded */
  umbra_residence *residences; /* of polynomials that may leave */
  uint64_t pins;               /* and prefetches, so far */
  uint64_t resident;           /* bytes of the polynomials that may leave and have not */
  uint64_t working;            /* the most bytes that everything else has taken at once */
  uint64_t taken, cached;
  uint64_t most_taken; /* at once, since the accounts were begun */
  size_t blocks;
  umbra_block block[UMBRA_CACHED_BLOCKS]; /* given back, oldest first */
  umbra_division *divisions;              /* plans made so far: lists that only grow */
  struct umbra_decomposition *decompositions;
  umbra_extension *extensions;
  umbra_poly unit; /* without data until it is used; see unit.c */
};

/* For a call of the backend that returned that status: records what could not be done, and why if that is known. */
umbra_status umbra_ring_fail(const umbra_ring *ring, umbra_status status, const char *what);

/* The arena of this thread, or NULL; the lock is held. */
umbra_arena *umbra_arena_of_thread(const umbra_ring *ring);

/* A free block of exactly that size, or NULL. */
void *umbra_arena_reuse(umbra_arena *arena, size_t bytes);

/* Adds a block that was taken; room for it first, so that neither this nor giving it back can fail. */
umbra_status umbra_arena_reserve(umbra_arena *arena);
void umbra_arena_add(umbra_arena *arena, void *memory, size_t bytes);

/* Holds what the recording pins; the lock is held. */
umbra_status umbra_arena_pin(umbra_arena *arena, umbra_residence *residence);

/* umbra_ring_take for those who hold the lock. */
umbra_status umbra_ring_take_locked(umbra_ring *ring, void **memory, size_t bytes, const char *what);

/* A block below the memory limit that nobody has to leave for; NULL if there is none. The lock is held. */
void *umbra_ring_take_spare(umbra_ring *ring, size_t bytes);

/* Sends the polynomial away that was used longest ago; 0 if there is none. The lock is held. */
int umbra_residences_evict(umbra_ring *ring);

/* One pin more (the lock is held), or less. */
void umbra_residence_hold(umbra_residence *residence);
void umbra_residence_unpin(umbra_residence *residence, umbra_ring *ring);

/*
 * Drops what is kept for reuse; if there is nothing, sends a polynomial away. 0 if memory that the device did not have
 * cannot be there now either. The lock is held.
 */
int umbra_ring_make_room(umbra_ring *ring);

/*
 * The primes that residues are converted from and to, by position; exact: see umbra_conversion_desc. What comes out is
 * multiplied by the product of the primes `factor`.
 */
typedef struct umbra_bases {
  const uint16_t *source, *target, *factor;
  uint32_t sources, targets, factors;
  int exact;
} umbra_bases;

/* Memory, or a conversion, of what stays as long as the ring: not counted. The lock is held. */
umbra_status umbra_ring_allocate(umbra_ring *ring, void **memory, size_t bytes, const char *what);
umbra_status umbra_ring_make_conversion(umbra_conversion **conversion, umbra_ring *ring, const umbra_bases *bases);

/* Keeps a block that is given back; 0 if it was not taken during the recording. */
int umbra_arena_keep(umbra_arena *arena, const void *memory);

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

/* Appends the runs of b, of equal stride unless there is one polynomial, after those of a. */
void umbra_view_append(umbra_view *a, const umbra_view *b);

#endif
