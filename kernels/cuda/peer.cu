/* SPDX-License-Identifier: Apache-2.0 */
/* Order between the queues of several devices, and copies between their memory. */
#include <stdlib.h>

#include "entries.h"
#include "runtime.h"

struct umbra_event {
  const umbra_device *device;
  cudaEvent_t event;
};

umbra_status umbra_cuda_event_create(umbra_event **event, const umbra_device *device) {
  umbra_event *made = static_cast<umbra_event *>(calloc(1, sizeof *made));
  if (!made) return umbra_cuda_status(device, "event_create", cudaErrorMemoryAllocation);
  made->device = device;
  const cudaError_t error = cudaEventCreateWithFlags(&made->event, cudaEventDisableTiming);
  const umbra_status status = umbra_cuda_status(device, "event_create", error);
  if (status == UMBRA_OK) *event = made;
  else free(made);
  return status;
}

/* One that is awaited is destroyed when it is reached. */
void umbra_cuda_event_destroy(umbra_event *event) {
  if (!event) return;
  const umbra_cuda_visit visit(event->device);
  umbra_cuda_note_fault(event->device, "event_destroy", cudaEventDestroy(event->event));
  free(event);
}

void umbra_cuda_signal(umbra_stream *stream, umbra_event *event) {
  if (umbra_cuda_is_recording(stream)) return;
  umbra_cuda_note(stream, "signal", cudaEventRecord(event->event, stream->queue));
}

void umbra_cuda_await(umbra_stream *stream, const umbra_event *event) {
  if (umbra_cuda_is_recording(stream)) return;
  umbra_cuda_note(stream, "await", cudaStreamWaitEvent(stream->queue, event->event, 0));
}

void umbra_cuda_peer_copy(umbra_stream *stream, void *dst, const umbra_device *from, const void *src, size_t bytes) {
  if (umbra_cuda_is_recording(stream)) return;
  const int own = stream->device->ordinal;
  umbra_cuda_note(stream, "peer_copy", cudaMemcpyPeerAsync(dst, own, src, from->ordinal, bytes, stream->queue));
}
