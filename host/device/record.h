/* SPDX-License-Identifier: Apache-2.0 */
/* Recording: work on fixed memory that can be done again. */
#ifndef UMBRA_DEVICE_RECORD_H
#define UMBRA_DEVICE_RECORD_H

#include "session.h"

/* Whether the device can record at all. */
int umbra_session_can_record(const umbra_session *session);

/*
 * From begin to end, memory that this thread gives back stays with the arena, and it takes from there first; so what a
 * recording uses is used by nobody else until the arena is destroyed. One arena of a session at a time: else UNSUPPORTED.
 */
umbra_status umbra_arena_begin(umbra_arena **arena, umbra_session *session);
void umbra_arena_end(umbra_session *session);
void umbra_arena_destroy(umbra_arena *arena, umbra_session *session);

/* See kernels.h, between begin and end of an arena; UNSUPPORTED if what was recorded cannot be. */
umbra_status umbra_record_begin(umbra_session *session, umbra_stream *stream);
umbra_status umbra_record_end(umbra_session *session, umbra_stream *stream, umbra_graph **graph);
void umbra_record_drop(umbra_session *session, umbra_stream *stream); /* ends it and keeps nothing */

void umbra_graph_replay(const umbra_session *session, umbra_stream *stream, const umbra_graph *graph);
void umbra_graph_destroy(const umbra_session *session, umbra_graph *graph);

#endif
