/* SPDX-License-Identifier: Apache-2.0 */
#include "arena.h"

#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"

void *umbra_arena_reuse(umbra_arena *arena, size_t bytes) {
  for (size_t i = arena->blocks; i-- > 0;) {
    if (!arena->block[i].free || arena->block[i].block.bytes != bytes) continue;
    arena->block[i].free = 0;
    return arena->block[i].block.memory;
  }
  return NULL;
}

/* A longer copy of `count` objects of that size, which is freed. */
static umbra_status lengthen(void **objects, size_t *room, size_t count, size_t size) {
  const size_t longer = 2 * *room + 8;
  void *made;
  UMBRA_TRY(umbra_alloc(&made, longer, size, "a recording"));
  if (count) memcpy(made, *objects, count * size);
  umbra_free(*objects);
  *objects = made;
  *room = longer;
  return UMBRA_OK;
}

umbra_status umbra_arena_reserve(umbra_arena *arena) {
  if (arena->blocks < arena->room) return UMBRA_OK;
  void *block = arena->block;
  UMBRA_TRY(lengthen(&block, &arena->room, arena->blocks, sizeof *arena->block));
  arena->block = block;
  return UMBRA_OK;
}

/* The index of that block; their number if it is not there. */
static size_t find_block(const umbra_arena *arena, const void *memory) {
  size_t i = 0;
  while (i < arena->blocks && arena->block[i].block.memory != memory) i++;
  return i;
}

/* One of that address has gone back to the device in the meantime. */
void umbra_arena_add(umbra_arena *arena, void *memory, size_t bytes) {
  size_t i = find_block(arena, memory);
  if (i == arena->blocks) arena->blocks++;
  arena->block[i] = (umbra_arena_block){.block = {memory, bytes}};
}

int umbra_arena_keep(umbra_arena *arena, const void *memory) {
  size_t i = find_block(arena, memory);
  if (i == arena->blocks) return 0;
  arena->block[i].free = 1;
  return 1;
}

umbra_status umbra_arena_hold(umbra_arena *arena, void *object, umbra_let_go *let_go) {
  if (arena->holds == arena->hold_room) {
    void *held = arena->held;
    UMBRA_TRY(lengthen(&held, &arena->hold_room, arena->holds, sizeof *arena->held));
    arena->held = held;
  }
  arena->held[arena->holds++] = (umbra_held){object, let_go};
  return UMBRA_OK;
}
