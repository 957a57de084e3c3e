/* SPDX-License-Identifier: Apache-2.0 */
/* Errors, the device, and the checks of a launch. */
#include <stdio.h>

#include <map>
#include <mutex>

#include "internal.h"

static std::recursive_mutex lock; /* one call at a time; recursive, because work of a stream may call back */
static cudaError_t device_error;  /* sticks until umbra_emu_revive */
static thread_local cudaError_t last_error;

umbra_emu_call::umbra_emu_call(bool may_fail, bool waits) : error(cudaSuccess) {
  lock.lock();
  if (waits) umbra_emu_happened(UMBRA_EMU_WAITS);
  if (waits) error = umbra_emu_forbidden();
  if (!error) error = device_error;
  if (!error && may_fail && umbra_emu_count(UMBRA_EMU_FAIL_CALL)) error = cudaErrorUnknown;
}

umbra_emu_call::~umbra_emu_call() { lock.unlock(); }

cudaError_t umbra_emu_call::end(cudaError_t result) {
  if (result) last_error = result;
  return result;
}

void umbra_emu_break(cudaError_t error) {
  if (!device_error) device_error = error;
}

void umbra_emu_revive(void) { device_error = cudaSuccess; }

cudaError_t cudaGetLastError(void) {
  cudaError_t error = last_error;
  last_error = cudaSuccess;
  return error;
}

cudaError_t cudaPeekAtLastError(void) { return last_error; }

#define ENTRY(name, number, text) {name, #name, text},
static const struct {
  cudaError_t error;
  const char *name, *text;
} errors[] = {UMBRA_EMU_ERRORS(ENTRY)};
#undef ENTRY

const char *cudaGetErrorName(cudaError_t error) {
  for (const auto &entry : errors) {
    if (entry.error == error) return entry.name;
  }
  return "unrecognized error code";
}

const char *cudaGetErrorString(cudaError_t error) {
  for (const auto &entry : errors) {
    if (entry.error == error) return entry.text;
  }
  return "unrecognized error code";
}

/* ---- device ---- */

cudaError_t cudaDriverGetVersion(int *version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int *version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int *count) {
  umbra_emu_call call(true, false);
  *count = call.error ? 0 : 1;
  return call.end(call.error);
}

cudaError_t cudaSetDevice(int device) {
  umbra_emu_call call(true, false);
  if (call.error) return call.end(call.error);
  return call.end(device == 0 ? cudaSuccess : cudaErrorInvalidDevice);
}

cudaError_t cudaGetDevice(int *device) {
  *device = 0;
  return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int device) {
  umbra_emu_call call(true, false);
  if (call.error) return call.end(call.error);
  if (device != 0) return call.end(cudaErrorInvalidDevice);
  *properties = cudaDeviceProp();
  snprintf(properties->name, sizeof properties->name, "Emulated");
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
  properties->major = 9;
  properties->multiProcessorCount = 132;
  properties->l2CacheSize = 50 << 20;
  properties->concurrentKernels = properties->unifiedAddressing = properties->memoryPoolsSupported = 1;
  properties->asyncEngineCount = 3;
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr attribute, int device) {
  cudaDeviceProp properties;
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
    default: last_error = cudaErrorInvalidValue; return cudaErrorInvalidValue;
  }
  return cudaSuccess;
}

/* ---- kernels ---- */

static std::map<const void *, int> shared_limits; /* of the kernels that asked for more than the default */

static size_t shared_limit(const void *kernel) {
  auto found = shared_limits.find(kernel);
  return found == shared_limits.end() ? (size_t)UMBRA_EMU_SHARED_DEFAULT : (size_t)found->second;
}

cudaError_t cudaFuncSetAttribute(const void *kernel, cudaFuncAttribute attribute, int value) {
  umbra_emu_call call(true, false);
  if (call.error) return call.end(call.error);
  if (!kernel) return call.end(cudaErrorInvalidDeviceFunction);
  if (attribute == cudaFuncAttributePreferredSharedMemoryCarveout) {
    return call.end(value >= -1 && value <= 100 ? cudaSuccess : cudaErrorInvalidValue);
  }
  bool good = attribute == cudaFuncAttributeMaxDynamicSharedMemorySize && value >= 0 && value <= UMBRA_EMU_SHARED_MAX;
  if (good) shared_limits[kernel] = value;
  return call.end(good ? cudaSuccess : cudaErrorInvalidValue);
}

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes *attributes, const void *kernel) {
  umbra_emu_call call(true, false);
  if (call.error) return call.end(call.error);
  if (!kernel) return call.end(cudaErrorInvalidDeviceFunction);
  *attributes = cudaFuncAttributes();
  attributes->maxThreadsPerBlock = UMBRA_EMU_BLOCK_MAX;
  attributes->maxDynamicSharedSizeBytes = (int)shared_limit(kernel);
  return cudaSuccess;
}

static bool within(dim3 extent, unsigned x, unsigned y, unsigned z) {
  return extent.x - 1 < x && extent.y - 1 < y && extent.z - 1 < z; /* 0 wraps */
}

static cudaError_t check_launch(const cudaLaunchConfig_t *config, const void *kernel) {
  if (!kernel) return cudaErrorInvalidDeviceFunction;
  if (config->numAttrs) return cudaErrorNotSupported;
  const dim3 &block = config->blockDim;
  if (!within(config->gridDim, INT32_MAX, 65535, 65535) || !within(block, 1024, 1024, 64) ||
      (uint64_t)block.x * block.y * block.z > UMBRA_EMU_BLOCK_MAX) {
    return cudaErrorInvalidConfiguration;
  }
  return config->dynamicSmemBytes <= shared_limit(kernel) ? cudaSuccess : cudaErrorInvalidValue;
}

/* The grid, or what was asked to go wrong while it runs: whoever waits is told, the launch is not. */
static cudaError_t run_grid(const umbra_emu_grid &grid) {
  if (!umbra_emu_count(UMBRA_EMU_FAIL_LATER)) return umbra_emu_run(grid);
  umbra_emu_break(cudaErrorIllegalAddress);
  return umbra_emu_settings_get()->queue == UMBRA_EMU_EAGER ? cudaSuccess : cudaErrorIllegalAddress;
}

cudaError_t umbra_emu_launch(const cudaLaunchConfig_t *config, const void *kernel, std::string arguments,
                             std::function<void()> thread) {
  umbra_emu_call call(true, false);
  if (!call.error) call.error = check_launch(config, kernel);
  umbra_emu_happened(UMBRA_EMU_LAUNCHES);
  if (!call.error && umbra_emu_count(UMBRA_EMU_FAIL_LAUNCH)) call.error = cudaErrorLaunchOutOfResources;
  if (!call.error && umbra_emu_count(UMBRA_EMU_FAIL_ROOM)) call.error = cudaErrorMemoryAllocation;
  if (call.error) return call.end(call.error);
  umbra_emu_grid grid = {
      kernel, config->gridDim, config->blockDim, config->dynamicSmemBytes, std::move(arguments), std::move(thread)};
  return call.end(umbra_emu_enqueue(config->stream, UMBRA_EMU_KERNELS, [grid] { return run_grid(grid); }));
}
