/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Uploads beside the work: a queue of copies, which a copy engine does while kernels run. Events tie it to the work's
 * queue: a copy waits for the place where that was when it was asked for, since its target may be in use until then;
 * and work waits for a copy when it is joined, not before.
 */
#include <string.h>

#include "entries.h"
#include "runtime.h"

cudaError_t umbra_cuda_ahead_open(umbra_device *device) {
  umbra_cuda_ahead *ahead = &device->ahead;
  cudaError_t error = cudaStreamCreateWithFlags(&ahead->queue, cudaStreamNonBlocking);
  if (error == cudaSuccess) error = cudaEventCreateWithFlags(&ahead->before, cudaEventDisableTiming);
  for (int i = 0; i < UMBRA_CUDA_IN_FLIGHT && error == cudaSuccess; i++) {
    error = cudaEventCreateWithFlags(&ahead->done[i], cudaEventDisableTiming);
  }
  return error;
}

void umbra_cuda_ahead_close(umbra_device *device) {
  umbra_cuda_ahead *ahead = &device->ahead;
  if (ahead->queue) (void)cudaStreamSynchronize(ahead->queue);
  for (int i = 0; i < UMBRA_CUDA_IN_FLIGHT; i++) {
    if (ahead->done[i]) (void)cudaEventDestroy(ahead->done[i]);
  }
  if (ahead->before) (void)cudaEventDestroy(ahead->before);
  if (ahead->queue) (void)cudaStreamDestroy(ahead->queue);
}

umbra_status umbra_cuda_host_alloc(const umbra_device *device, void **memory, size_t bytes) {
  void *block = NULL;
  const cudaError_t error = cudaHostAlloc(&block, bytes ? bytes : 1, cudaHostAllocDefault);
  const umbra_status status = umbra_cuda_status(device, "page-locked memory", error);
  if (status == UMBRA_OK) *memory = block;
  return status;
}

void umbra_cuda_host_release(const umbra_device *device, void *memory, size_t bytes) {
  if (!memory) return;
  umbra_cuda_note_device(device, "host_release", cudaStreamSynchronize(device->ahead.queue));
  memset(memory, 0, bytes);
  umbra_cuda_note_fault(device, "host_release", cudaFreeHost(memory));
}

uint64_t umbra_cuda_upload_ahead(const umbra_device *device, void *device_dst, const void *host_src, size_t bytes) {
  umbra_cuda_ahead *ahead = &const_cast<umbra_device *>(device)->ahead;
  pthread_mutex_lock(&ahead->lock);
  const uint64_t upload = ++ahead->uploads;
  cudaError_t error = cudaEventRecord(ahead->before, device->queue);
  if (error == cudaSuccess) error = cudaStreamWaitEvent(ahead->queue, ahead->before, 0);
  if (error == cudaSuccess) error = cudaMemcpyAsync(device_dst, host_src, bytes, cudaMemcpyHostToDevice, ahead->queue);
  if (error == cudaSuccess) error = cudaEventRecord(ahead->done[upload % UMBRA_CUDA_IN_FLIGHT], ahead->queue);
  pthread_mutex_unlock(&ahead->lock);
  umbra_cuda_note_device(device, "upload_ahead", error);
  return upload;
}

/* The event may have been recorded again, for a later upload of the same queue: then work waits longer than it must. */
void umbra_cuda_join_upload(const umbra_device *device, uint64_t upload) {
  cudaEvent_t done = device->ahead.done[upload % UMBRA_CUDA_IN_FLIGHT];
  umbra_cuda_note_device(device, "join_upload", cudaStreamWaitEvent(device->queue, done, 0));
}
