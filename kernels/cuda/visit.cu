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
static cudaError_t missing; /* why they could not be found */
static pthread_once_t looked_for = PTHREAD_ONCE_INIT;

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

static void look_for_functions() {
  missing = find(&driver.get, "cuDeviceGet");
  if (missing == cudaSuccess) missing = find(&driver.retain, "cuDevicePrimaryCtxRetain");
  if (missing == cudaSuccess) missing = find(&driver.push, "cuCtxPushCurrent");
  if (missing == cudaSuccess) missing = find(&driver.pop, "cuCtxPopCurrent");
}

/* Retained for good, as the runtime does itself: it must not go while others use it. */
cudaError_t umbra_cuda_context_open(umbra_device *device) {
  pthread_once(&looked_for, look_for_functions);
  if (missing != cudaSuccess) return missing;
  const cudaError_t error = cudaInitDevice(device->ordinal, 0, 0);
  if (error != cudaSuccess) return error;
  int known;
  const bool retained = !driver.get(&known, device->ordinal) && !driver.retain(&device->context, known);
  return retained ? cudaSuccess : cudaErrorInitializationError;
}

/* ---- visits ---- */

umbra_cuda_visit::umbra_cuda_visit(const umbra_device *device)
    : pending(cudaPeekAtLastError()), mode(cudaStreamCaptureModeRelaxed), entered(false) {
  (void)cudaThreadExchangeStreamCaptureMode(&mode);
  if (!device || !device->context) return;
  entered = !driver.push(device->context);
  if (!entered) umbra_cuda_note_device(device, "context", cudaErrorInvalidResourceHandle);
}

/* An error of the host program's own that it has not looked at yet stays. */
umbra_cuda_visit::~umbra_cuda_visit() {
  CUctx_st *context;
  if (entered) (void)driver.pop(&context);
  (void)cudaThreadExchangeStreamCaptureMode(&mode);
  if (pending == cudaSuccess) (void)cudaGetLastError();
}
