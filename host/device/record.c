/* SPDX-License-Identifier: Apache-2.0 */
#include "record.h"

#include "../base/error.h"
#include "../base/memory.h"
#include "enqueue.h"
#include "session_internal.h"

int umbra_session_can_record(const umbra_session *session) { return session->kernels->record.begin != NULL; }

/* What this thread records, from now on; NULL: nothing. */
static void set_recording(umbra_session *session, umbra_stream *stream) {
  mtx_lock(&session->lock);
  umbra_arena *arena = umbra_session_arena(session);
  if (arena) arena->recording = stream;
  mtx_unlock(&session->lock);
}

umbra_status umbra_record_begin(umbra_session *session, umbra_stream *stream) {
  umbra_status status = session->kernels->record.begin(stream);
  if (status != UMBRA_OK) return umbra_session_fail(session, status, "cannot record");
  set_recording(session, stream);
  return UMBRA_OK;
}

umbra_status umbra_record_end(umbra_session *session, umbra_stream *stream, umbra_graph **graph) {
  set_recording(session, NULL);
  umbra_status status = session->kernels->record.end(stream, graph);
  if (status == UMBRA_OK) return UMBRA_OK;
  if (status == UMBRA_ERROR_UNSUPPORTED) return umbra_session_fail_unrecordable();
  return umbra_session_fail(session, status, "a recording failed");
}

void umbra_record_drop(umbra_session *session, umbra_stream *stream) {
  umbra_graph *graph = NULL;
  set_recording(session, NULL);
  if (session->kernels->record.end(stream, &graph) == UMBRA_OK) session->kernels->record.destroy(graph);
}

void umbra_graph_replay(const umbra_session *session, umbra_stream *stream, const umbra_graph *graph) {
  UMBRA_ENQUEUE(session->kernels->record.replay, stream, graph);
}

void umbra_graph_destroy(const umbra_session *session, umbra_graph *graph) {
  if (graph) session->kernels->record.destroy(graph);
}

/* ---- arenas ---- */

umbra_status umbra_arena_begin(umbra_arena **arena, umbra_session *session) {
  umbra_arena *made;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a recording"));
  made->thread = thrd_current();
  mtx_lock(&session->lock);
  int busy = session->arena != NULL;
  if (!busy) session->arena = made;
  mtx_unlock(&session->lock);
  if (busy) {
    umbra_free(made);
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED,
                      "another thread is recording in this context: try again when it is done");
  }
  *arena = made;
  return UMBRA_OK;
}

void umbra_arena_end(umbra_session *session) {
  mtx_lock(&session->lock);
  session->arena = NULL;
  mtx_unlock(&session->lock);
}

void umbra_arena_destroy(umbra_arena *arena, umbra_session *session) {
  if (!arena) return;
  for (size_t i = 0; i < arena->blocks; i++)
    if (arena->block[i].free) umbra_session_give(session, arena->block[i].block.memory, arena->block[i].block.bytes);
  for (size_t i = 0; i < arena->holds; i++) arena->held[i].let_go(arena->held[i].object, session);
  umbra_free(arena->held);
  umbra_free(arena->block);
  umbra_free(arena);
}
