/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams, events and captures. Work is done at once in the order of the calls, or kept in one queue per stream until
 * somebody waits for it, the host or another stream. A capture keeps the same pieces of work in a graph instead.
 */
#include "stream.h"

#include <algorithm>
#include <chrono>

static std::vector<std::shared_ptr<umbra_emu_capture>> captures; /* that have begun and not ended */

/* The default stream's handles: 0, cudaStreamLegacy, cudaStreamPerThread. */
static bool is_default(cudaStream_t stream) { return reinterpret_cast<uintptr_t>(stream) <= 2; }

umbra_emu_capture *umbra_emu_capture_of(cudaStream_t stream) {
  return is_default(stream) ? nullptr : stream->capture.get();
}

bool umbra_emu_is_capturing(cudaStream_t stream) { return umbra_emu_capture_of(stream) != nullptr; }

/* ---- queues ---- */

/* A place in a queue: what an event records. */
struct umbra_emu_mark {
  std::shared_ptr<umbra_emu_fifo> fifo;
  bool done;
  std::chrono::steady_clock::time_point when;
};

/* Work; or, without any, a mark that is reached (RECORD) or that has to be reached before what follows (WAIT). */
struct item {
  enum { WORK, COPY, RECORD, WAIT } what;
  umbra_emu_work work;
  std::shared_ptr<umbra_emu_mark> mark;
};

struct umbra_emu_fifo {
  int device;
  std::deque<item> items;
  uint64_t fresh; /* copies that nobody waited for, and beside which no other stream got kernels */
};

static std::shared_ptr<umbra_emu_fifo> make_fifo(int device) {
  auto made = std::make_shared<umbra_emu_fifo>();
  made->device = device;
  return made;
}

/*
 * The first ones are those of the default streams, one for each device, and of blocking streams. Never destroyed, as
 * streams may never be.
 */
static std::vector<std::shared_ptr<umbra_emu_fifo>> &fifos(void) {
  static auto &all = *new std::vector<std::shared_ptr<umbra_emu_fifo>>();
  while (all.size() < UMBRA_EMU_DEVICES_MAX) all.push_back(make_fifo((int)all.size()));
  return all;
}

int umbra_emu_stream_device(cudaStream_t stream) { return is_default(stream) ? umbra_emu_device() : stream->device; }

static const std::shared_ptr<umbra_emu_fifo> &fifo_of(cudaStream_t stream) {
  return is_default(stream) || stream->blocking ? fifos()[umbra_emu_stream_device(stream)] : stream->fifo;
}

static cudaError_t reach(const umbra_emu_mark &mark);

static cudaError_t perform(const item &next) {
  if (next.what == item::WAIT) return cudaSuccess;
  if (next.what != item::RECORD) return next.work();
  next.mark->done = true;
  next.mark->when = std::chrono::steady_clock::now();
  return cudaSuccess;
}

/* A failure sticks to the device, and what was to come there is dropped: nobody will wait for it. */
static void fail(int device, cudaError_t error) {
  umbra_emu_break(device, error);
  for (auto &fifo : fifos()) {
    if (fifo->device != device) continue;
    for (item &dropped : fifo->items) {
      if (dropped.mark) dropped.mark->done = true;
    }
    fifo->items.clear();
  }
}

/* Does what is next in a queue. A wait stays there until its mark is reached, so that nothing overtakes it. */
static cudaError_t advance(umbra_emu_fifo *fifo) {
  if (fifo->items.front().what == item::WAIT && !fifo->items.front().mark->done) {
    const std::shared_ptr<umbra_emu_mark> mark = fifo->items.front().mark;
    return reach(*mark);
  }
  item next = std::move(fifo->items.front());
  fifo->items.pop_front();
  umbra_emu_expose(fifo->device);
  cudaError_t error = perform(next);
  if (error) fail(fifo->device, error);
  return error;
}

static bool may_hurry(const item &next) { return next.what == item::WAIT ? next.mark->done : next.what != item::WORK; }

/* Copies first: does what is next in any queue and need not wait for work. */
static cudaError_t hurry(void) {
  bool moved = umbra_emu_settings_get()->queue == UMBRA_EMU_COPIES_FIRST;
  while (moved) {
    moved = false;
    for (auto &fifo : fifos()) {
      while (!fifo->items.empty() && may_hurry(fifo->items.front())) {
        cudaError_t error = advance(fifo.get());
        if (error) return error;
        moved = true;
      }
    }
  }
  return cudaSuccess;
}

static cudaError_t step(umbra_emu_fifo *fifo) {
  cudaError_t error = advance(fifo);
  return error ? error : hurry();
}

static cudaError_t drain(umbra_emu_fifo *fifo) {
  cudaError_t error = cudaSuccess;
  while (!error && !fifo->items.empty()) error = step(fifo);
  return error;
}

/* Ends, as a mark only depends on what was enqueued before it. */
static cudaError_t reach(const umbra_emu_mark &mark) {
  cudaError_t error = cudaSuccess;
  while (!error && !mark.done && !mark.fifo->items.empty()) error = step(mark.fifo.get());
  return error;
}

cudaError_t umbra_emu_drain(cudaStream_t stream) { return drain(fifo_of(stream).get()); }

cudaError_t umbra_emu_flush(void) {
  cudaError_t error = cudaSuccess;
  for (size_t i = 0; i < fifos().size() && !error; i++) error = drain(fifos()[i].get());
  return error;
}

static cudaError_t push(umbra_emu_fifo *fifo, item last) {
  if (umbra_emu_settings_get()->queue == UMBRA_EMU_EAGER) {
    umbra_emu_expose(fifo->device);
    return perform(last);
  }
  fifo->items.push_back(std::move(last));
  return hurry();
}

static void count_overlaps(umbra_emu_fifo *fifo, umbra_emu_kind kind) {
  if (kind == UMBRA_EMU_COPY) fifo->fresh++;
  if (kind != UMBRA_EMU_KERNELS) return;
  for (auto &other : fifos()) {
    for (; other->fresh; other->fresh--) {
      if (other.get() != fifo) umbra_emu_happened(UMBRA_EMU_OVERLAPS);
    }
  }
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

cudaError_t umbra_emu_enqueue(cudaStream_t stream, umbra_emu_kind kind, umbra_emu_work work) {
  if (umbra_emu_capture *capture = umbra_emu_capture_of(stream)) {
    if (capture->lost) return cudaErrorStreamCaptureInvalidated;
    capture->graph->work.push_back(std::move(work));
    return cudaSuccess;
  }
  cudaError_t error = is_default(stream) ? implicit_dependency() : cudaSuccess;
  if (error) return error;
  umbra_emu_fifo *fifo = fifo_of(stream).get();
  count_overlaps(fifo, kind);
  return push(fifo, {kind == UMBRA_EMU_COPY ? item::COPY : item::WORK, std::move(work), nullptr});
}

cudaError_t umbra_emu_forbidden(void) {
  const cudaStreamCaptureMode mode = umbra_emu_mode();
  cudaError_t error = cudaSuccess;
  for (auto &capture : captures) {
    const bool own = capture->thread == std::this_thread::get_id();
    if (mode == cudaStreamCaptureModeRelaxed || capture->mode == cudaStreamCaptureModeRelaxed) continue;
    if (!own && (mode != cudaStreamCaptureModeGlobal || capture->mode != cudaStreamCaptureModeGlobal)) continue;
    capture->lost = true;
    error = cudaErrorStreamCaptureUnsupported;
  }
  return error;
}

/* Waiting for a stream that captures never ends: it is refused, and the capture is lost. */
static cudaError_t refuse(umbra_emu_capture *capture) {
  capture->lost = true;
  return cudaErrorStreamCaptureUnsupported;
}

/* ---- streams ---- */

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned flags) {
  umbra_emu_call call(true, false);
  if (call.error) return call.end(call.error);
  if (flags > cudaStreamNonBlocking) return call.end(cudaErrorInvalidValue);
  *stream = new CUstream_st();
  (*stream)->blocking = flags == cudaStreamDefault;
  (*stream)->device = umbra_emu_device();
  (*stream)->fifo = make_fifo((*stream)->device);
  fifos().push_back((*stream)->fifo);
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
  cudaError_t error = drain(stream->fifo.get());
  fifos().erase(std::find(fifos().begin(), fifos().end(), stream->fifo));
  delete stream;
  return call.end(call.error ? call.error : error);
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  umbra_emu_call call(true, true);
  umbra_emu_capture *capture = umbra_emu_capture_of(stream);
  if (!call.error) call.error = capture ? refuse(capture) : umbra_emu_drain(stream);
  if (!call.error && is_default(stream)) call.error = implicit_dependency();
  return call.end(call.error);
}

cudaError_t cudaDeviceSynchronize(void) {
  umbra_emu_call call(true, true);
  const int device = umbra_emu_device();
  for (auto &capture : captures) {
    if (capture->origin->device == device) call.error = refuse(capture.get());
  }
  for (size_t i = 0; i < fifos().size() && !call.error; i++) {
    if (fifos()[i]->device == device) call.error = drain(fifos()[i].get());
  }
  return call.end(call.error);
}

/* Asking shows work in progress once, and does it, so that whoever polls gets on. */
cudaError_t cudaStreamQuery(cudaStream_t stream) {
  umbra_emu_call call(true, true);
  if (call.error) return call.end(call.error);
  if (umbra_emu_capture *capture = umbra_emu_capture_of(stream)) return call.end(refuse(capture));
  if (fifo_of(stream)->items.empty()) return cudaSuccess;
  cudaError_t error = umbra_emu_drain(stream);
  return call.end(error ? error : cudaErrorNotReady);
}

cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void *data) {
  umbra_emu_call call(true, false);
  if (call.error) return call.end(call.error);
  return call.end(umbra_emu_enqueue(stream, UMBRA_EMU_OTHER, [=] {
    function(data);
    return cudaSuccess;
  }));
}

/* ---- events ---- */

struct CUevent_st {
  bool timed;
  int device;
  std::shared_ptr<umbra_emu_mark> last;       /* NULL: never recorded */
  std::shared_ptr<umbra_emu_capture> capture; /* it was recorded in */
};

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned flags) {
  umbra_emu_call call(true, false);
  if (call.error) return call.end(call.error);
  *event = new CUevent_st();
  (*event)->timed = !(flags & cudaEventDisableTiming);
  (*event)->device = umbra_emu_device();
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
  if (!call.error && event->device != umbra_emu_stream_device(stream)) call.error = cudaErrorInvalidResourceHandle;
  if (call.error) return call.end(call.error);
  event->capture = is_default(stream) ? nullptr : stream->capture;
  if (event->capture) return call.end(event->capture->lost ? cudaErrorStreamCaptureInvalidated : cudaSuccess);
  cudaError_t error = is_default(stream) ? implicit_dependency() : cudaSuccess;
  if (error) return call.end(error);
  event->last = std::make_shared<umbra_emu_mark>(umbra_emu_mark{fifo_of(stream), false, {}});
  return call.end(push(fifo_of(stream).get(), {item::RECORD, nullptr, event->last}));
}

/* An event that was captured makes the stream join its capture. */
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
  if (!event->last) return cudaSuccess;
  if (!own) {
    event->last->fifo->fresh = 0;
    return call.end(push(fifo_of(stream).get(), {item::WAIT, nullptr, event->last}));
  }
  own->lost = true;
  return call.end(cudaErrorStreamCaptureIsolation);
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  umbra_emu_call call(true, true);
  if (call.error) return call.end(call.error);
  if (event->capture) return call.end(cudaErrorCapturedEvent);
  return call.end(event->last ? reach(*event->last) : cudaSuccess);
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
  umbra_emu_call call(true, true);
  if (call.error) return call.end(call.error);
  if (event->capture) return call.end(cudaErrorCapturedEvent);
  if (!event->last || event->last->done) return cudaSuccess;
  cudaError_t error = reach(*event->last);
  return call.end(error ? error : cudaErrorNotReady);
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
