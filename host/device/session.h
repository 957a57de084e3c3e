/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device at work: its backend and tables, the streams to it and what the host moves there. Knows nothing of what is
 * computed. memory.h, residence.h and record.h have the rest of the room.
 */
#ifndef UMBRA_DEVICE_SESSION_H
#define UMBRA_DEVICE_SESSION_H

#include <stddef.h>
#include <stdint.h>

#include "../../kernels/kernels.h"

typedef struct umbra_session umbra_session; /* shareable between threads: it locks itself */
typedef struct umbra_arena umbra_arena;     /* see record.h */

/* memory_limit: bytes; 0: none. */
umbra_status umbra_session_create(umbra_session **session, const umbra_kernels *kernels, const umbra_ring_desc *ring,
                                  const umbra_device_options *options, uint64_t memory_limit);

/* What was taken, and may leave, has been given back. */
void umbra_session_destroy(umbra_session *session);

const umbra_device *umbra_session_device(const umbra_session *session);
uint32_t umbra_session_threads(const umbra_session *session); /* that work on the CPU may use */

/* For a call of the backend that returned that status: records what could not be done, and why if that is known. */
umbra_status umbra_session_fail(const umbra_session *session, umbra_status status, const char *what);

/* ---- streams ---- */

/* Work on it is done at once, so it cannot be part of what this thread records: UNSUPPORTED meanwhile. */
umbra_status umbra_session_stream_open(umbra_stream **stream, umbra_session *session);

/* A stream for work that no recording is to repeat: memory that is moved or wiped, plans that are made. */
umbra_status umbra_session_stream_open_beside(umbra_stream **stream, const umbra_session *session);
void umbra_session_stream_close(umbra_stream *stream, const umbra_session *session);

/* DEVICE if any work of the device is known to have failed, CANCELLED if the stream has been stopped; does not wait. */
umbra_status umbra_session_check(const umbra_session *session, const umbra_stream *stream);

/* Waits for all work of the stream; DEVICE if any of it failed, CANCELLED if some was left out. */
umbra_status umbra_session_wait(const umbra_session *session, umbra_stream *stream);

/* The stream that this thread records; NULL: none. */
umbra_stream *umbra_session_recording(umbra_session *session);

/* ---- moving bytes; see kernels.h ---- */

void umbra_session_upload(const umbra_session *session, umbra_stream *stream, void *device_dst, const void *host_src,
                          size_t bytes);

/* Of what anybody may see. */
void umbra_session_upload_public(const umbra_session *session, umbra_stream *stream, void *device_dst,
                                 const void *host_src, size_t bytes);

/* The bytes are there when umbra_session_wait has returned. */
void umbra_session_download(const umbra_session *session, umbra_stream *stream, void *host_dst, const void *device_src,
                            size_t bytes);

/* ---- tracing ---- */

/* See mark and between in kernels.h; 0: there is nothing to be known. */
uint64_t umbra_session_mark(const umbra_session *session, umbra_stream *stream);
double umbra_session_between(const umbra_session *session, umbra_stream *stream, uint64_t first, uint64_t last);

/* Names of what this thread does, for tools; whether there is one that watches. */
int umbra_session_watched(const umbra_session *session);
void umbra_session_name_begin(const umbra_session *session, const char *name);
void umbra_session_name_end(const umbra_session *session);

#endif
