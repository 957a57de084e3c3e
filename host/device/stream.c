/* SPDX-License-Identifier: Apache-2.0 */
/* Streams: opened, waited for, and what is moved and told by way of them. */
#include "../base/error.h"
#include "enqueue.h"
#include "session_internal.h"

umbra_status umbra_session_fail(const umbra_session *session, umbra_status status, const char *what) {
  const char *why = session->kernels->device.failure(NULL);
  return umbra_fail(status, "%s (backend %s)%s%s", what, session->kernels->name, *why ? ": " : "", why);
}

umbra_status umbra_session_fail_unrecordable(void) {
  return umbra_fail(UMBRA_ERROR_UNSUPPORTED,
                    "this computation cannot be recorded: it reads or brings values on the way (encode, encrypt, "
                    "decrypt, save, load or wait)");
}

umbra_arena *umbra_session_arena(const umbra_session *session) {
  return session->arena && thrd_equal(session->arena->thread, thrd_current()) ? session->arena : NULL;
}

umbra_stream *umbra_session_recording(umbra_session *session) {
  mtx_lock(&session->lock);
  const umbra_arena *arena = umbra_session_arena(session);
  umbra_stream *recording = arena ? arena->recording : NULL;
  mtx_unlock(&session->lock);
  return recording;
}

umbra_status umbra_session_stream_open(umbra_stream **stream, umbra_session *session) {
  if (umbra_session_recording(session)) return umbra_session_fail_unrecordable();
  return umbra_session_stream_open_beside(stream, session);
}

umbra_status umbra_session_stream_open_beside(umbra_stream **stream, const umbra_session *session) {
  umbra_status status = session->kernels->stream.create(stream, session->device);
  return status == UMBRA_OK ? UMBRA_OK : umbra_session_fail(session, status, "cannot create a stream");
}

void umbra_session_stream_close(umbra_stream *stream, const umbra_session *session) {
  session->kernels->stream.destroy(stream);
}

/* A failure sticks to the device: whatever was computed since is not to be trusted. */
static umbra_status report(const umbra_session *session, umbra_status status) {
  if (status == UMBRA_OK) return UMBRA_OK;
  return umbra_fail(status, "the %s device failed (%s): its results since then are invalid", session->kernels->name,
                    session->kernels->device.failure(session->device));
}

umbra_status umbra_session_check(const umbra_session *session, const umbra_stream *stream) {
  UMBRA_TRY(report(session, session->kernels->stream.check(stream)));
  return umbra_watch_check(umbra_stream_watch(stream));
}

umbra_status umbra_session_wait(const umbra_session *session, umbra_stream *stream) {
  UMBRA_TRY(report(session, session->kernels->stream.wait(stream)));
  return umbra_watch_check(umbra_stream_watch(stream));
}

void umbra_session_upload(const umbra_session *session, umbra_stream *stream, void *device_dst, const void *host_src,
                          size_t bytes) {
  session->kernels->memory.upload(stream, device_dst, host_src, bytes);
}

void umbra_session_upload_public(const umbra_session *session, umbra_stream *stream, void *device_dst,
                                 const void *host_src, size_t bytes) {
  session->kernels->memory.upload_public(stream, device_dst, host_src, bytes);
}

void umbra_session_download(const umbra_session *session, umbra_stream *stream, void *host_dst, const void *device_src,
                            size_t bytes) {
  session->kernels->memory.download(stream, host_dst, device_src, bytes);
}

uint64_t umbra_session_mark(const umbra_session *session, umbra_stream *stream) {
  return session->kernels->trace.mark ? session->kernels->trace.mark(stream) : 0;
}

double umbra_session_between(const umbra_session *session, umbra_stream *stream, uint64_t first, uint64_t last) {
  return session->kernels->trace.between(stream, first, last);
}

int umbra_session_watched(const umbra_session *session) {
  return session->kernels->trace.watched && session->kernels->trace.watched();
}

void umbra_session_name_begin(const umbra_session *session, const char *name) {
  if (session->kernels->trace.name_begin) session->kernels->trace.name_begin(name);
}

void umbra_session_name_end(const umbra_session *session) {
  if (session->kernels->trace.name_end) session->kernels->trace.name_end();
}
