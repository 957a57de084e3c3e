/* SPDX-License-Identifier: Apache-2.0 */
#include "host_program.h"

#include "launch.h"

static cudaStream_t stream;

static __global__ void nothing(int) {}

int host_device(void) {
  int device = -1;
  (void)cudaGetDevice(&device);
  return device;
}

void host_set_device(int device) { (void)cudaSetDevice(device); }

int host_exchange_mode(int mode) {
  cudaStreamCaptureMode exchanged = static_cast<cudaStreamCaptureMode>(mode);
  (void)cudaThreadExchangeStreamCaptureMode(&exchanged);
  return exchanged;
}

void host_capture_begin(int mode, int blocking) {
  (void)cudaStreamCreateWithFlags(&stream, blocking ? cudaStreamDefault : cudaStreamNonBlocking);
  (void)cudaStreamBeginCapture(stream, static_cast<cudaStreamCaptureMode>(mode));
  (void)launch(stream, 1, 1, 0, nothing, 0);
}

int host_capture_end(void) {
  cudaGraph_t graph = nullptr;
  size_t nodes = 0;
  (void)launch(stream, 1, 1, 0, nothing, 0);
  const cudaError_t error = cudaStreamEndCapture(stream, &graph);
  if (!error) (void)cudaGraphGetNodes(graph, nullptr, &nodes);
  if (graph) (void)cudaGraphDestroy(graph);
  (void)cudaStreamDestroy(stream);
  (void)cudaGetLastError();
  return error ? -1 : (int)nodes;
}

void host_leave_error(void) { (void)cudaMemset(nullptr, 0, 1); }

int host_take_error(void) { return cudaGetLastError(); }
