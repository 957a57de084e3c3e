/* SPDX-License-Identifier: Apache-2.0 */
/* What a recording keeps: the memory that its thread took meanwhile, and what must not leave. */
#ifndef UMBRA_DEVICE_ARENA_H
#define UMBRA_DEVICE_ARENA_H

#include <threads.h>

#include "session.h"

typedef struct umbra_block {
  void *memory;
  size_t bytes;
} umbra_block;

typedef struct umbra_arena_block {
  umbra_block block;
  int free;
} umbra_arena_block;

/* What to do with an object that is held no more. */
typedef void umbra_let_go(void *object, umbra_session *session);

typedef struct umbra_held {
  void *object;
  umbra_let_go *let_go;
} umbra_held;

struct umbra_arena {
  thrd_t thread;
  umbra_stream *recording; /* NULL: what is enqueued is done at once */
  size_t blocks, room;
  umbra_arena_block *block;
  size_t holds, hold_room;
  umbra_held *held; /* until the arena is destroyed, once for each time */
};

/* A free block of exactly that size, or NULL. */
void *umbra_arena_reuse(umbra_arena *arena, size_t bytes);

/* Adds a block that was taken; room for it first, so that neither this nor giving it back can fail. */
umbra_status umbra_arena_reserve(umbra_arena *arena);
void umbra_arena_add(umbra_arena *arena, void *memory, size_t bytes);

/* Keeps a block that is given back; 0 if it was not taken during the recording. */
int umbra_arena_keep(umbra_arena *arena, const void *memory);

/* Holds an object once more. */
umbra_status umbra_arena_hold(umbra_arena *arena, void *object, umbra_let_go *let_go);

#endif
