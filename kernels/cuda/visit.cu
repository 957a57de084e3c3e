/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How calls enter a process that is not theirs, and leave it as it was: the calling thread's device, what captures of
 * the host program mean to the thread, and the last error.
 *
 * The device is entered by pushing its primary context, which is the runtime's, too: cudaSetDevice would have to be
 * undone by another, and that makes a context on a GPU that the host program may never have used.
 */
#include "entries.h"
#include "runtime.h"

/* ---- the driver's functions, in the types of its binary interface: results are int, and 0 is success ---- */

struct driver_functions {
  int (*get)(int *device, int ordinal);
  int (*retain)(CUctx_st **context, int device);
  int (*push)(CUctx_st *context);
  int (*pop)(CUctx_st **context);
};

static driver_functions driver;
static pthread_mutex_t driver_lock = PTHREAD_MUTEX_INITIALIZER;

template <class F>
static cudaError_t find(F *function, const char *name) {
  void *address = NULL;
  cudaDriverEntryPointQueryResult result = cudaDriverEntryPointSymbolNotFound;
#if CUDART_VERSION >= 12050
  const unsigned since = 12000;
  const cudaError_t error = cudaGetDriverEntryPointByVersion(name, &address, since, cudaEnableDefault, &result);
#else
  const cudaError_t error = cudaGetDriverEntryPoint(name, &address, cudaEnableDefault, &result);
#endif
  *function = reinterpret_cast<F>(address);
  return error == cudaSuccess && !address ? cudaErrorInsufficientDriver : error;
}

/* For every device that is opened: they are the same each time, and what failed once may be there the next time. */
static cudaError_t find_functions() {
  driver_functions found = {};
  cudaError_t error = find(&found.get, "cuDeviceGet");
  if (error == cudaSuccess) error = find(&found.retain, "cuDevicePrimaryCtxRetain");
  if (error == cudaSuccess) error = find(&found.push, "cuCtxPushCurrent");
  if (error == cudaSuccess) error = find(&found.pop, "cuCtxPopCurrent");
  pthread_mutex_lock(&driver_lock);
  if (error == cudaSuccess && !driver.pop) driver = found;
  pthread_mutex_unlock(&driver_lock);
  return error;
}

/* Retained for good, as the runtime does itself: it must not go while others use it. */
cudaError_t umbra_cuda_context_open(umbra_device *device) {
  cudaError_t error = find_functions();
  if (error == cudaSuccess) error = cudaInitDevice(device->ordinal, 0, 0);
  if (error != cudaSuccess) return error;
  int known;
  const bool retained = !driver.get(&known, device->ordinal) && !driver.retain(&device->context, known);
  return retained ? cudaSuccess : cudaErrorInitializationError;
}

/* ---- visits ---- */

/* The mode is exchanged where a context is current: without one the runtime would make one, on a device of its choice. */
umbra_cuda_visit::umbra_cuda_visit(const umbra_device *device)
    : pending(cudaPeekAtLastError()), mode(cudaStreamCaptureModeRelaxed), entered(false), relaxed(false) {
  if (!device || !device->context) return;
  entered = !driver.push(device->context);
  if (!entered) umbra_cuda_note_device(device, "context", cudaErrorInvalidResourceHandle);
  relaxed = entered && cudaThreadExchangeStreamCaptureMode(&mode) == cudaSuccess;
}

/* An error that the host program has not looked at yet stays, unless a call of ours failed too: CUDA keeps the last. */
umbra_cuda_visit::~umbra_cuda_visit() {
  CUctx_st *context;
  if (relaxed) (void)cudaThreadExchangeStreamCaptureMode(&mode);
  if (entered) (void)driver.pop(&context);
  if (pending == cudaSuccess) (void)cudaGetLastError();
}
