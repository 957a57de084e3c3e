/* SPDX-License-Identifier: Apache-2.0 */
/* Recording of work, and the memory that it keeps. */
#include "../base/error.h"
#include "../base/memory.h"
#include "enqueue.h"
#include "ring_internal.h"

int umbra_ring_can_record(const umbra_ring *ring) { return ring->kernels->record.begin != NULL; }

/* What this thread records, from now on; NULL: nothing. */
static void set_recording(umbra_ring *ring, umbra_stream *stream) {
  mtx_lock(&ring->lock);
  umbra_arena *arena = umbra_arena_of_thread(ring);
  if (arena) arena->recording = stream;
  mtx_unlock(&ring->lock);
}

umbra_stream *umbra_ring_recording(umbra_ring *ring) {
  mtx_lock(&ring->lock);
  const umbra_arena *arena = umbra_arena_of_thread(ring);
  umbra_stream *recording = arena ? arena->recording : NULL;
  mtx_unlock(&ring->lock);
  return recording;
}

umbra_status umbra_ring_fail_unrecordable(void) {
  return umbra_fail(UMBRA_ERROR_UNSUPPORTED,
                    "this computation cannot be recorded: it reads or brings values on the way (encode, encrypt, "
                    "decrypt, save, load or wait)");
}

umbra_status umbra_ring_record(umbra_ring *ring, umbra_stream *stream) {
  umbra_status status = ring->kernels->record.begin(stream);
  if (status != UMBRA_OK) return umbra_ring_fail(ring, status, "cannot record");
  set_recording(ring, stream);
  return UMBRA_OK;
}

umbra_status umbra_ring_record_end(umbra_ring *ring, umbra_stream *stream, umbra_graph **graph) {
  set_recording(ring, NULL);
  umbra_status status = ring->kernels->record.end(stream, graph);
  if (status == UMBRA_OK) return UMBRA_OK;
  if (status == UMBRA_ERROR_UNSUPPORTED) return umbra_ring_fail_unrecordable();
  return umbra_ring_fail(ring, status, "a recording failed");
}

void umbra_ring_record_drop(umbra_ring *ring, umbra_stream *stream) {
  umbra_graph *graph = NULL;
  set_recording(ring, NULL);
  if (ring->kernels->record.end(stream, &graph) == UMBRA_OK) ring->kernels->record.destroy(graph);
}

void umbra_ring_replay(const umbra_ring *ring, umbra_stream *stream, const umbra_graph *graph) {
  UMBRA_ENQUEUE(ring->kernels->record.replay, stream, graph);
}

void umbra_ring_graph_destroy(const umbra_ring *ring, umbra_graph *graph) {
  if (graph) ring->kernels->record.destroy(graph);
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
  for (size_t i = 0; i < arena->blocks; i++)
    if (arena->block[i].free) umbra_ring_give(ring, arena->block[i].block.memory, arena->block[i].block.bytes);
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
  for (size_t i = arena->blocks; i-- > 0;) {
    if (!arena->block[i].free || arena->block[i].block.bytes != bytes) continue;
    arena->block[i].free = 0;
    return arena->block[i].block.memory;
  }
  return NULL;
}

umbra_status umbra_arena_reserve(umbra_arena *arena) {
  if (arena->blocks < arena->room) return UMBRA_OK;
  size_t room = 2 * arena->room + 8;
  umbra_arena_block *block;
  UMBRA_TRY(umbra_alloc(&block, room, sizeof *block, "a recording"));
  for (size_t i = 0; i < arena->blocks; i++) block[i] = arena->block[i];
  umbra_free(arena->block);
  arena->block = block;
  arena->room = room;
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
