/* SPDX-License-Identifier: Apache-2.0 */
/* Streams: all of a device enqueue into its one queue; while one records, it enqueues into a stream of its own. */
#include <stdlib.h>

#include "entries.h"
#include "runtime.h"

struct umbra_graph {
  const umbra_device *device;
  cudaGraphExec_t replayed;
};

static bool records(const umbra_stream *stream) { return stream->queue != stream->device->queue; }

void umbra_cuda_note(umbra_stream *stream, const char *what, cudaError_t error) {
  if (error == cudaSuccess) return;
  if (!records(stream)) return umbra_cuda_note_device(stream->device, what, error);
  if (stream->lost == cudaSuccess) stream->lost = error;
  umbra_cuda_note_fault(stream->device, what, error);
}

umbra_status umbra_cuda_stream_create(umbra_stream **stream, const umbra_device *device) {
  umbra_stream *made = static_cast<umbra_stream *>(calloc(1, sizeof *made));
  if (!made) return umbra_cuda_status(device, "stream_create", cudaErrorMemoryAllocation);
  made->device = const_cast<umbra_device *>(device);
  made->tables = &device->tables;
  made->host_prime = device->host_prime;
  made->queue = device->queue;
  made->overlap = device->overlap;
  *stream = made;
  return UMBRA_OK;
}

static void destroy_marks(umbra_cuda_marks *marks) {
  for (uint32_t i = 0; i < marks->events; i++) (void)cudaEventDestroy(marks->event[i]);
  free(marks->event);
  free(marks->unused);
}

/* Downloads that were not waited for are dropped: their destinations may be gone. */
void umbra_cuda_stream_destroy(umbra_stream *stream) {
  if (!stream) return;
  if (stream->staging) {
    umbra_cuda_note(stream, "stream", cudaStreamSynchronize(stream->device->queue));
    umbra_cuda_staging_give_back(stream);
  }
  if (stream->recorder) (void)cudaStreamDestroy(stream->recorder);
  for (int i = 0; i < 2; i++) {
    if (stream->lap[i]) (void)cudaEventDestroy(stream->lap[i]);
  }
  destroy_marks(&stream->marks);
  free(stream);
}

umbra_status umbra_cuda_check(const umbra_stream *stream) {
  return umbra_cuda_failed(stream->device) ? UMBRA_ERROR_DEVICE : UMBRA_OK;
}

umbra_status umbra_cuda_wait(umbra_stream *stream) {
  if (umbra_cuda_is_recording(stream)) return umbra_cuda_check(stream);
  umbra_cuda_note(stream, "wait", cudaStreamSynchronize(stream->queue));
  umbra_cuda_staging_drain(stream);
  return umbra_cuda_check(stream);
}

double umbra_cuda_lap(umbra_stream *stream) {
  if (umbra_cuda_is_recording(stream)) return 0;
  cudaEvent_t last = stream->lap[0];
  cudaEvent_t now = stream->lap[1];
  float milliseconds = 0;
  cudaError_t error = now ? cudaSuccess : cudaEventCreate(&now);
  stream->lap[1] = now;
  if (error == cudaSuccess) error = cudaEventRecord(now, stream->queue);
  if (error == cudaSuccess) error = cudaEventSynchronize(now);
  if (error == cudaSuccess && last) error = cudaEventElapsedTime(&milliseconds, last, now);
  umbra_cuda_note_fault(stream->device, "lap", error);
  if (error != cudaSuccess) return 0;
  stream->lap[0] = now;
  stream->lap[1] = last;
  return (double)milliseconds / 1e3;
}

/* ---- marks ---- */

template <class T>
static bool grow(T **array, uint32_t room) {
  T *grown = static_cast<T *>(realloc(*array, room * sizeof **array));
  if (grown) *array = grown;
  return grown != NULL;
}

/* One event more, which is unused. */
static bool add_event(umbra_cuda_marks *marks) {
  if (marks->events == marks->room) {
    const uint32_t room = 2 * marks->room + 32;
    if (!grow(&marks->event, room) || !grow(&marks->unused, room)) return false;
    marks->room = room;
  }
  if (cudaEventCreate(&marks->event[marks->events]) != cudaSuccess) return false;
  marks->unused[marks->unused_events++] = ++marks->events;
  return true;
}

/* What cannot be marked is only not timed: nothing of anybody's is lost, but by what has ended the device. */
uint64_t umbra_cuda_mark(umbra_stream *stream) {
  umbra_cuda_marks *marks = &stream->marks;
  if (records(stream) || (!marks->unused_events && !add_event(marks))) return 0;
  const uint32_t number = marks->unused[marks->unused_events - 1];
  const cudaError_t error = cudaEventRecord(marks->event[number - 1], stream->queue);
  umbra_cuda_note_fault(stream->device, "mark", error);
  if (error != cudaSuccess) return 0;
  marks->unused_events--;
  return number;
}

double umbra_cuda_between(umbra_stream *stream, uint64_t first, uint64_t last) {
  umbra_cuda_marks *marks = &stream->marks;
  float milliseconds = 0;
  const cudaError_t error = cudaEventElapsedTime(&milliseconds, marks->event[first - 1], marks->event[last - 1]);
  umbra_cuda_note_fault(stream->device, "between", error);
  marks->unused[marks->unused_events++] = static_cast<uint32_t>(first);
  if (last != first) marks->unused[marks->unused_events++] = static_cast<uint32_t>(last);
  return error == cudaSuccess ? static_cast<double>(milliseconds) / 1e3 : 0;
}

/* ---- recording ---- */

/*
 * Recorded work goes to a stream of its own, so that other threads can go on using the queue. Relaxed mode: what other
 * calls of this or another thread do meanwhile, an allocation for example, does not end the recording.
 */
umbra_status umbra_cuda_record(umbra_stream *stream) {
  cudaError_t error = cudaSuccess;
  if (!stream->recorder) error = cudaStreamCreateWithFlags(&stream->recorder, cudaStreamNonBlocking);
  if (error == cudaSuccess) error = cudaStreamBeginCapture(stream->recorder, cudaStreamCaptureModeRelaxed);
  const umbra_status status = umbra_cuda_status(stream->device, "record", error);
  if (status != UMBRA_OK) return status;
  stream->queue = stream->recorder;
  stream->unrecordable = 0;
  stream->lost = cudaSuccess;
  return UMBRA_OK;
}

int umbra_cuda_is_recording(umbra_stream *stream) {
  const int recording = records(stream);
  if (recording) stream->unrecordable = 1;
  return recording;
}

umbra_status umbra_cuda_record_end(umbra_stream *stream, umbra_graph **graph) {
  cudaGraph_t recorded = NULL;
  cudaGraphExec_t replayed = NULL;
  stream->queue = stream->device->queue;
  cudaError_t error = cudaStreamEndCapture(stream->recorder, &recorded);
  if (stream->lost != cudaSuccess) error = stream->lost;
  if (error == cudaSuccess && !stream->unrecordable) {
    error = umbra_cuda_with_room(stream->device, [&] { return cudaGraphInstantiate(&replayed, recorded, 0); });
  }
  if (recorded) (void)cudaGraphDestroy(recorded);
  umbra_status status = umbra_cuda_status(stream->device, "record_end", error);
  if (status == UMBRA_OK && stream->unrecordable) status = UMBRA_ERROR_UNSUPPORTED;
  if (status != UMBRA_OK) return status;
  umbra_graph *made = static_cast<umbra_graph *>(malloc(sizeof *made));
  if (!made) {
    (void)cudaGraphExecDestroy(replayed);
    return umbra_cuda_status(stream->device, "record_end", cudaErrorMemoryAllocation);
  }
  *made = {stream->device, replayed};
  *graph = made;
  return UMBRA_OK;
}

void umbra_cuda_replay(umbra_stream *stream, const umbra_graph *graph) {
  const auto launch = [&] { return cudaGraphLaunch(graph->replayed, stream->queue); };
  umbra_cuda_note(stream, "replay", umbra_cuda_with_room(stream->device, launch));
}

/* A graph that is still being replayed is destroyed when that has ended. */
void umbra_cuda_graph_destroy(umbra_graph *graph) {
  if (!graph) return;
  const umbra_cuda_visit visit(graph->device);
  umbra_cuda_note_fault(graph->device, "graph_destroy", cudaGraphExecDestroy(graph->replayed));
  free(graph);
}
