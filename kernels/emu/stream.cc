/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams, events and graphs. All streams are one queue, in the order of the calls; it works at once, or, deferred, when
 * somebody waits. A capture keeps the same pieces of work in a graph instead.
 */
#include "stream.h"

#include <algorithm>
#include <chrono>

static std::vector<umbra_emu_work> queue;
static std::vector<std::shared_ptr<umbra_emu_capture>> captures; /* that have begun and not ended */

/* The default stream's handles: 0, cudaStreamLegacy, cudaStreamPerThread. */
static bool is_default(cudaStream_t stream) { return reinterpret_cast<uintptr_t>(stream) <= 2; }

umbra_emu_capture *umbra_emu_capture_of(cudaStream_t stream) {
  return is_default(stream) ? nullptr : stream->capture.get();
}

bool umbra_emu_is_capturing(cudaStream_t stream) { return umbra_emu_capture_of(stream) != nullptr; }

/* ---- the queue ---- */

cudaError_t umbra_emu_flush(void) {
  cudaError_t error = cudaSuccess;
  std::vector<umbra_emu_work> due;
  due.swap(queue);
  for (size_t i = 0; i < due.size() && !error; i++) error = due[i]();
  if (error) umbra_emu_break(error);
  return error;
}

/* Using the legacy stream would make it wait for a blocking stream's capture. */
static cudaError_t implicit_dependency(void) {
  for (auto &capture : captures) {
    if (!capture->blocking) continue;
    capture->lost = true;
    return cudaErrorStreamCaptureImplicit;
  }
  return cudaSuccess;
}

cudaError_t umbra_emu_enqueue(cudaStream_t stream, umbra_emu_work work) {
  if (umbra_emu_capture *capture = umbra_emu_capture_of(stream)) {
    if (capture->lost) return cudaErrorStreamCaptureInvalidated;
    capture->graph->work.push_back(std::move(work));
    return cudaSuccess;
  }
  cudaError_t error = is_default(stream) ? implicit_dependency() : cudaSuccess;
  if (error) return error;
  if (!umbra_emu_settings_get()->deferred) {
    error = umbra_emu_flush();
    return error ? error : work();
  }
  queue.push_back(std::move(work));
  return cudaSuccess;
}

cudaError_t umbra_emu_forbidden(void) {
  cudaError_t error = cudaSuccess;
  for (auto &capture : captures) {
    bool own = capture->thread == std::this_thread::get_id();
    if (capture->mode == cudaStreamCaptureModeRelaxed) continue;
    if (capture->mode == cudaStreamCaptureModeThreadLocal && !own) continue;
    capture->lost = true;
    error = cudaErrorStreamCaptureUnsupported;
  }
  return error;
}

/* Waiting for a stream that captures never ends: it is refused, and the capture is lost. */
static cudaError_t wait_for(umbra_emu_capture *capture) {
  if (!capture) return umbra_emu_flush();
  capture->lost = true;
  return cudaErrorStreamCaptureUnsupported;
}

/* Asking shows work in progress once, and does it, so that whoever polls gets on. */
static cudaError_t ask(void) {
  if (queue.empty()) return cudaSuccess;
  cudaError_t error = umbra_emu_flush();
  return error ? error : cudaErrorNotReady;
}

/* ---- streams ---- */

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned flags) {
  umbra_emu_call call(true, false);
  if (call.error) return call.end(call.error);
  if (flags > cudaStreamNonBlocking) return call.end(cudaErrorInvalidValue);
  *stream = new CUstream_st();
  (*stream)->blocking = flags == cudaStreamDefault;
  return cudaSuccess;
}

cudaError_t cudaStreamCreate(cudaStream_t *stream) { return cudaStreamCreateWithFlags(stream, cudaStreamDefault); }

cudaError_t cudaStreamCreateWithPriority(cudaStream_t *stream, unsigned flags, int) {
  return cudaStreamCreateWithFlags(stream, flags);
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  umbra_emu_call call(false, false);
  if (is_default(stream)) return call.end(cudaErrorInvalidResourceHandle);
  if (stream->capture) stream->capture->lost = true;
  delete stream;
  return call.end(call.error);
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  umbra_emu_call call(true, false);
  umbra_emu_happened(UMBRA_EMU_WAITS);
  if (!call.error) call.error = wait_for(umbra_emu_capture_of(stream));
  if (!call.error && is_default(stream)) call.error = implicit_dependency();
  return call.end(call.error);
}

cudaError_t cudaDeviceSynchronize(void) {
  umbra_emu_call call(true, false);
  umbra_emu_happened(UMBRA_EMU_WAITS);
  for (auto &capture : captures) call.error = wait_for(capture.get());
  return call.end(call.error ? call.error : umbra_emu_flush());
}

cudaError_t cudaStreamQuery(cudaStream_t stream) {
  umbra_emu_call call(true, false);
  if (call.error) return call.end(call.error);
  umbra_emu_capture *capture = umbra_emu_capture_of(stream);
  return call.end(capture ? wait_for(capture) : ask());
}

cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void *data) {
  umbra_emu_call call(true, false);
  if (call.error) return call.end(call.error);
  return call.end(umbra_emu_enqueue(stream, [=] {
    function(data);
    return cudaSuccess;
  }));
}

/* ---- events ---- */

struct CUevent_st {
  struct state {
    bool done;
    std::chrono::steady_clock::time_point when;
  };
  bool timed;
  std::shared_ptr<state> last;                /* NULL: never recorded */
  std::shared_ptr<umbra_emu_capture> capture; /* it was recorded in */
};

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned flags) {
  umbra_emu_call call(true, false);
  if (call.error) return call.end(call.error);
  *event = new CUevent_st();
  (*event)->timed = !(flags & cudaEventDisableTiming);
  return cudaSuccess;
}

cudaError_t cudaEventCreate(cudaEvent_t *event) { return cudaEventCreateWithFlags(event, cudaEventDefault); }

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  umbra_emu_call call(false, false);
  if (!event) return call.end(cudaErrorInvalidResourceHandle);
  delete event;
  return call.end(call.error);
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  umbra_emu_call call(true, false);
  if (call.error) return call.end(call.error);
  event->capture = is_default(stream) ? nullptr : stream->capture;
  if (event->capture) return call.end(event->capture->lost ? cudaErrorStreamCaptureInvalidated : cudaSuccess);
  auto state = std::make_shared<CUevent_st::state>();
  event->last = state;
  return call.end(umbra_emu_enqueue(stream, [state] {
    state->done = true;
    state->when = std::chrono::steady_clock::now();
    return cudaSuccess;
  }));
}

/* Work of one queue is in order anyway; an event that was captured makes the stream join its capture. */
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  umbra_emu_call call(true, false);
  if (call.error) return call.end(call.error);
  umbra_emu_capture *own = umbra_emu_capture_of(stream);
  if (event->capture && !event->capture->ended) {
    if (is_default(stream)) return call.end(cudaErrorStreamCaptureImplicit);
    if (!own) {
      stream->capture = event->capture;
      event->capture->members.push_back(stream);
    }
    return cudaSuccess;
  }
  if (!own || !event->last) return cudaSuccess;
  own->lost = true;
  return call.end(cudaErrorStreamCaptureIsolation);
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  umbra_emu_call call(true, false);
  umbra_emu_happened(UMBRA_EMU_WAITS);
  if (call.error) return call.end(call.error);
  return call.end(event->capture ? cudaErrorCapturedEvent : umbra_emu_flush());
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
  umbra_emu_call call(true, true);
  if (call.error) return call.end(call.error);
  if (event->capture) return call.end(cudaErrorCapturedEvent);
  return call.end(!event->last || event->last->done ? cudaSuccess : ask());
}

cudaError_t cudaEventElapsedTime(float *milliseconds, cudaEvent_t start, cudaEvent_t end) {
  umbra_emu_call call(true, false);
  if (call.error) return call.end(call.error);
  if (!start->timed || !end->timed || !start->last || !end->last) return call.end(cudaErrorInvalidResourceHandle);
  if (!start->last->done || !end->last->done) return call.end(cudaErrorNotReady);
  *milliseconds = std::chrono::duration<float, std::milli>(end->last->when - start->last->when).count();
  return cudaSuccess;
}

/* ---- captures ---- */

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) {
  umbra_emu_call call(true, false);
  if (call.error) return call.end(call.error);
  if (is_default(stream)) return call.end(cudaErrorStreamCaptureUnsupported);
  if (stream->capture) return call.end(cudaErrorInvalidValue);
  static unsigned long long ids = 0;
  auto capture = std::make_shared<umbra_emu_capture>();
  capture->graph.reset(new CUgraph_st());
  capture->origin = stream;
  capture->mode = mode;
  capture->thread = std::this_thread::get_id();
  capture->id = ++ids;
  capture->blocking = stream->blocking;
  capture->members.push_back(stream);
  stream->capture = capture;
  captures.push_back(capture);
  return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph) {
  umbra_emu_call call(true, false);
  *graph = nullptr;
  if (is_default(stream) || !stream->capture) return call.end(cudaErrorInvalidValue);
  std::shared_ptr<umbra_emu_capture> capture = stream->capture;
  if (capture->origin != stream) return call.end(cudaErrorStreamCaptureUnmatched);
  if (capture->mode != cudaStreamCaptureModeRelaxed && capture->thread != std::this_thread::get_id()) {
    return call.end(cudaErrorStreamCaptureWrongThread);
  }
  capture->ended = true;
  for (cudaStream_t member : capture->members) member->capture = nullptr;
  captures.erase(std::find(captures.begin(), captures.end(), capture));
  if (capture->lost) return call.end(cudaErrorStreamCaptureInvalidated);
  if (!call.error) *graph = capture->graph.release();
  return call.end(call.error);
}

cudaError_t cudaStreamGetCaptureInfo(cudaStream_t stream, cudaStreamCaptureStatus *status, unsigned long long *id,
                                     cudaGraph_t *graph) {
  umbra_emu_call call(true, false);
  if (call.error) return call.end(call.error);
  const umbra_emu_capture *capture = umbra_emu_capture_of(stream);
  *status = !capture        ? cudaStreamCaptureStatusNone
            : capture->lost ? cudaStreamCaptureStatusInvalidated
                            : cudaStreamCaptureStatusActive;
  if (capture && id) *id = capture->id;
  if (capture && graph) *graph = capture->graph.get();
  return cudaSuccess;
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus *status) {
  return cudaStreamGetCaptureInfo(stream, status);
}
