/* SPDX-License-Identifier: Apache-2.0 */
#include "arena.h"

#include "../base/arrays.h"
#include "../base/error.h"

void *umbra_arena_reuse(umbra_arena *arena, size_t bytes) {
  for (size_t i = arena->blocks; i-- > 0;) {
    if (!arena->block[i].free || arena->block[i].block.bytes != bytes) continue;
    arena->block[i].free = 0;
    return arena->block[i].block.memory;
  }
  return NULL;
}

umbra_status umbra_arena_reserve(umbra_arena *arena) {
  return umbra_make_room(&arena->block, &arena->room, arena->blocks, sizeof *arena->block, "a recording");
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
  UMBRA_TRY(umbra_make_room(&arena->held, &arena->hold_room, arena->holds, sizeof *arena->held, "a recording"));
  arena->held[arena->holds++] = (umbra_held){object, let_go};
  return UMBRA_OK;
}
