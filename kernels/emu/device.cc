/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices, and which of them a thread's calls are for: the driver's stack of contexts, and under it the device that the
 * runtime was told. Each device has one context, its primary one.
 */
#include <stdio.h>
#include <string.h>

#include <utility>

#include "internal.h"

struct CUctx_st {
  bool active;
  cudaError_t error; /* sticks until umbra_emu_revive */
};
static CUctx_st contexts[UMBRA_EMU_DEVICES_MAX];

/* Of one thread. */
struct choice {
  std::vector<CUctx_st *> stack;
  int device;
  cudaStreamCaptureMode mode; /* how captures of others concern the thread */
};
static thread_local choice chosen;

static int device_of(const CUctx_st *context) { return (int)(context - contexts); }

/* Whatever is asked of it: that makes no context active. */
static int current(void) { return chosen.stack.empty() ? chosen.device : device_of(chosen.stack.back()); }

static void make_current(int device) {
  contexts[device].active = true;
  if (chosen.stack.empty()) chosen.stack.push_back(nullptr);
  chosen.stack.back() = &contexts[device];
}

int umbra_emu_device(void) {
  if (chosen.stack.empty()) make_current(chosen.device);
  return current();
}

cudaStreamCaptureMode umbra_emu_mode(void) { return chosen.mode; }

cudaError_t umbra_emu_device_error(void) { return contexts[current()].error; }

void umbra_emu_break(int device, cudaError_t error) {
  if (!contexts[device].error) contexts[device].error = error;
}

void umbra_emu_revive(void) {
  for (CUctx_st &context : contexts) context.error = cudaSuccess;
}

int umbra_emu_context_is_active(int device) { return contexts[device].active; }

/* What keeps a thread from choosing its device: not that the one it had has failed. */
static cudaError_t error_of_choice(const umbra_emu_call &call) {
  return call.error == umbra_emu_device_error() ? cudaSuccess : call.error;
}

static bool is_there(int device) { return device >= 0 && device < umbra_emu_settings_get()->devices; }

/* ---- the runtime's calls ---- */

cudaError_t cudaDriverGetVersion(int *version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int *version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int *count) {
  umbra_emu_call call(true, false, false);
  *count = call.error ? 0 : umbra_emu_settings_get()->devices;
  return call.end(call.error);
}

cudaError_t cudaInitDevice(int device, unsigned, unsigned) {
  umbra_emu_call call(true, false, false);
  if (call.error) return call.end(call.error);
  if (!is_there(device)) return call.end(cudaErrorInvalidDevice);
  contexts[device].active = true;
  return cudaSuccess;
}

cudaError_t cudaSetDevice(int device) {
  umbra_emu_call call(true, false, false);
  if (cudaError_t error = error_of_choice(call)) return call.end(error);
  if (!is_there(device)) return call.end(cudaErrorInvalidDevice);
  chosen.device = device;
  make_current(device);
  return cudaSuccess;
}

cudaError_t cudaGetDevice(int *device) {
  *device = current();
  return cudaSuccess;
}

cudaError_t cudaThreadExchangeStreamCaptureMode(cudaStreamCaptureMode *mode) {
  umbra_emu_call call(false, false);
  if (*mode < cudaStreamCaptureModeGlobal || *mode > cudaStreamCaptureModeRelaxed) {
    return call.end(cudaErrorInvalidValue);
  }
  std::swap(*mode, chosen.mode);
  return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int device) {
  umbra_emu_call call(true, false, false);
  if (call.error) return call.end(call.error);
  if (!is_there(device)) return call.end(cudaErrorInvalidDevice);
  *properties = cudaDeviceProp();
  snprintf(properties->name, sizeof properties->name, "emulated sm_90");
  properties->totalGlobalMem = umbra_emu_memory_total();
  properties->sharedMemPerBlock = UMBRA_EMU_SHARED_DEFAULT;
  properties->sharedMemPerBlockOptin = UMBRA_EMU_SHARED_MAX;
  properties->sharedMemPerMultiprocessor = 228 << 10;
  properties->reservedSharedMemPerBlock = 1 << 10;
  properties->regsPerBlock = properties->regsPerMultiprocessor = 65536;
  properties->warpSize = 32;
  properties->maxThreadsPerBlock = UMBRA_EMU_BLOCK_MAX;
  properties->maxThreadsPerMultiProcessor = 2048;
  properties->maxBlocksPerMultiProcessor = 32;
  const int block[3] = {1024, 1024, 64}, grid[3] = {INT32_MAX, 65535, 65535};
  for (int i = 0; i < 3; i++) {
    properties->maxThreadsDim[i] = block[i];
    properties->maxGridSize[i] = grid[i];
  }
  const int set = umbra_emu_settings_get()->capability[device], capability = set ? set : 90;
  properties->major = capability / 10;
  properties->minor = capability % 10;
  properties->multiProcessorCount = 132;
  properties->l2CacheSize = 50 << 20;
  properties->concurrentKernels = properties->unifiedAddressing = properties->memoryPoolsSupported = 1;
  properties->asyncEngineCount = 3;
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr attribute, int device) {
  cudaDeviceProp properties = {};
  cudaError_t error = cudaGetDeviceProperties(&properties, device);
  if (error) return error;
  switch (attribute) {
    case cudaDevAttrMaxThreadsPerBlock: *value = properties.maxThreadsPerBlock; break;
    case cudaDevAttrMaxSharedMemoryPerBlock: *value = (int)properties.sharedMemPerBlock; break;
    case cudaDevAttrWarpSize: *value = properties.warpSize; break;
    case cudaDevAttrMultiProcessorCount: *value = properties.multiProcessorCount; break;
    case cudaDevAttrL2CacheSize: *value = properties.l2CacheSize; break;
    case cudaDevAttrMaxThreadsPerMultiProcessor: *value = properties.maxThreadsPerMultiProcessor; break;
    case cudaDevAttrComputeCapabilityMajor: *value = properties.major; break;
    case cudaDevAttrComputeCapabilityMinor: *value = properties.minor; break;
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor: *value = (int)properties.sharedMemPerMultiprocessor; break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin: *value = (int)properties.sharedMemPerBlockOptin; break;
    case cudaDevAttrMemoryPoolsSupported: *value = properties.memoryPoolsSupported; break;
    default: umbra_emu_call(false, false, false).end(cudaErrorInvalidValue); return cudaErrorInvalidValue;
  }
  return cudaSuccess;
}

/* ---- the driver's calls, which the runtime knows how to find ---- */

enum { CU_INVALID_DEVICE = 101, CU_INVALID_CONTEXT = 201 };

static int get(int *device, int ordinal) {
  umbra_emu_call call(true, false, false);
  if (call.error) return call.error;
  if (!is_there(ordinal)) return CU_INVALID_DEVICE;
  *device = ordinal;
  return 0;
}

static int retain(CUctx_st **context, int device) {
  umbra_emu_call call(true, false, false);
  if (call.error) return call.error;
  if (!is_there(device)) return CU_INVALID_DEVICE;
  *context = &contexts[device];
  (*context)->active = true;
  return 0;
}

static int push(CUctx_st *context) {
  umbra_emu_call call(true, false, false);
  if (cudaError_t error = error_of_choice(call)) return error;
  if (!context || !context->active) return CU_INVALID_CONTEXT;
  chosen.stack.push_back(context);
  return 0;
}

static int pop(CUctx_st **context) {
  umbra_emu_call call(false, false, false);
  if (chosen.stack.empty()) return CU_INVALID_CONTEXT;
  if (context) *context = chosen.stack.back();
  chosen.stack.pop_back();
  return 0;
}

cudaError_t cudaGetDriverEntryPointByVersion(const char *symbol, void **function, unsigned version, unsigned long long,
                                             cudaDriverEntryPointQueryResult *found) {
  umbra_emu_call call(true, false, false);
  if (call.error) return call.end(call.error);
  *function = nullptr;
  if (!strcmp(symbol, "cuDeviceGet")) *function = reinterpret_cast<void *>(get);
  if (!strcmp(symbol, "cuDevicePrimaryCtxRetain")) *function = reinterpret_cast<void *>(retain);
  if (!strcmp(symbol, "cuCtxPushCurrent")) *function = reinterpret_cast<void *>(push);
  if (!strcmp(symbol, "cuCtxPopCurrent")) *function = reinterpret_cast<void *>(pop);
  if (version > CUDART_VERSION) return call.end(cudaErrorInvalidValue);
  if (found) *found = *function ? cudaDriverEntryPointSuccess : cudaDriverEntryPointSymbolNotFound;
  return cudaSuccess;
}
