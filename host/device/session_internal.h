/* SPDX-License-Identifier: Apache-2.0 */
/* The session's own state: block cache, arena, and blocks that may leave. */
#ifndef UMBRA_DEVICE_SESSION_INTERNAL_H
#define UMBRA_DEVICE_SESSION_INTERNAL_H

#include "arena.h"
#include "memory.h"
#include "residence.h"

enum { UMBRA_CACHED_BLOCKS = 1024 };

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

typedef struct umbra_memory {
  uint64_t limit;                       /* 0: none */
  int (*evict)(umbra_session *session); /* sends a block away, for room; 0 if there is none. The lock is held */
  uint64_t taken, cached;
  uint64_t most_taken;         /* at once, since the accounts were begun */
  uint64_t resident;           /* bytes of the blocks that may leave and have not */
  uint64_t working;            /* the most bytes that everything else has taken at once */
  uint64_t asked, asked_large; /* see umbra_memory_accounts */
  size_t blocks;
  umbra_block block[UMBRA_CACHED_BLOCKS]; /* given back, oldest first */
} umbra_memory;

struct umbra_session {
  const umbra_kernels *kernels;
  umbra_device *device;
  uint32_t threads;
  mtx_t lock;         /* of everything below */
  umbra_arena *arena; /* what its thread takes and gives goes there; NULL: nothing is recorded */
  umbra_memory memory;
  umbra_residence *residences; /* of blocks that may leave */
  uint64_t uses;               /* of them: pins and prefetches, so far */
};

/* The arena of this thread, or NULL; the lock is held. */
umbra_arena *umbra_session_arena(const umbra_session *session);

/* UNSUPPORTED, with the text that says why. */
umbra_status umbra_session_fail_unrecordable(void);

/* umbra_session_take for those who hold the lock. */
umbra_status umbra_session_take_locked(umbra_session *session, void **memory, size_t bytes, const char *what);

/* A block below the memory limit that nobody has to leave for; NULL if there is none. The lock is held. */
void *umbra_session_take_spare(umbra_session *session, size_t bytes);

/* A block that was taken goes back to the device at once; the lock is held. */
void umbra_session_drop(umbra_session *session, void *memory, size_t bytes);

/* Blocks that are kept for reuse go back to the device; the lock is held, or nobody else is left. */
void umbra_session_drop_kept(umbra_session *session);

/* Sends the block away that was used longest ago: memory's evict. */
int umbra_residences_evict(umbra_session *session);

#endif
