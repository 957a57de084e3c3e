/* SPDX-License-Identifier: Apache-2.0 */
/* Recording of work, and the memory that it keeps. */
#include "../base/error.h"
#include "../base/memory.h"
#include "ring_internal.h"

int umbra_ring_can_record(const umbra_ring *ring) { return ring->kernels->record != NULL; }

umbra_status umbra_ring_record(const umbra_ring *ring, umbra_stream *stream) {
  umbra_status status = ring->kernels->record(stream);
  return status == UMBRA_OK ? UMBRA_OK : umbra_fail(status, "cannot record on the %s device", ring->kernels->name);
}

umbra_status umbra_ring_record_end(const umbra_ring *ring, umbra_stream *stream, umbra_graph **graph) {
  umbra_status status = ring->kernels->record_end(stream, graph);
  if (status == UMBRA_OK) return UMBRA_OK;
  if (status != UMBRA_ERROR_UNSUPPORTED)
    return umbra_fail(status, "a recording failed on the %s device", ring->kernels->name);
  return umbra_fail(status,
                    "this computation cannot be recorded: it reads or writes host memory on the way (encode, save, "
                    "decrypt or a complex constant)");
}

void umbra_ring_replay(const umbra_ring *ring, umbra_stream *stream, const umbra_graph *graph) {
  ring->kernels->replay(stream, graph);
}

void umbra_ring_graph_destroy(const umbra_ring *ring, umbra_graph *graph) {
  if (graph) ring->kernels->graph_destroy(graph);
}

/* ---- arenas ---- */

umbra_status umbra_arena_begin(umbra_arena **arena, umbra_ring *ring) {
  umbra_arena *made;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a recording"));
  made->thread = thrd_current();
  mtx_lock(&ring->lock);
  int busy = ring->arena != NULL;
  if (!busy) ring->arena = made;
  mtx_unlock(&ring->lock);
  if (busy) {
    umbra_free(made);
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED,
                      "another thread is recording in this context: try again when it is done");
  }
  *arena = made;
  return UMBRA_OK;
}

void umbra_arena_end(umbra_ring *ring) {
  mtx_lock(&ring->lock);
  ring->arena = NULL;
  mtx_unlock(&ring->lock);
}

void umbra_arena_destroy(umbra_arena *arena, umbra_ring *ring) {
  if (!arena) return;
  for (size_t i = 0; i < arena->free; i++) umbra_ring_give(ring, arena->block[i].memory, arena->block[i].bytes);
  for (size_t i = 0; i < arena->pins; i++) umbra_residence_unpin(arena->pin[i], ring);
  umbra_free(arena->pin);
  umbra_free(arena->block);
  umbra_free(arena);
}

umbra_status umbra_arena_pin(umbra_arena *arena, umbra_residence *residence) {
  if (arena->pins == arena->pin_room) {
    size_t room = 2 * arena->pin_room + 8;
    umbra_residence **pin;
    UMBRA_TRY(umbra_alloc(&pin, room, sizeof *pin, "a recording"));
    for (size_t i = 0; i < arena->pins; i++) pin[i] = arena->pin[i];
    umbra_free(arena->pin);
    arena->pin = pin;
    arena->pin_room = room;
  }
  umbra_residence_hold(residence);
  arena->pin[arena->pins++] = residence;
  return UMBRA_OK;
}

umbra_arena *umbra_arena_of_thread(const umbra_ring *ring) {
  return ring->arena && thrd_equal(ring->arena->thread, thrd_current()) ? ring->arena : NULL;
}

void *umbra_arena_reuse(umbra_arena *arena, size_t bytes) {
  for (size_t i = arena->free; i-- > 0;) {
    if (arena->block[i].bytes != bytes) continue;
    void *memory = arena->block[i].memory;
    arena->block[i] = arena->block[--arena->free];
    return memory;
  }
  return NULL;
}

umbra_status umbra_arena_reserve(umbra_arena *arena) {
  umbra_block *block;
  UMBRA_TRY(umbra_alloc(&block, arena->room + 1, sizeof *block, "a recording"));
  for (size_t i = 0; i < arena->free; i++) block[i] = arena->block[i];
  umbra_free(arena->block);
  arena->block = block;
  arena->room++;
  return UMBRA_OK;
}

int umbra_arena_keep(umbra_arena *arena, void *memory, size_t bytes) {
  if (arena->free == arena->room) return 0;
  arena->block[arena->free++] = (umbra_block){memory, bytes};
  return 1;
}
