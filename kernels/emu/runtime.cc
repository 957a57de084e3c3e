/* SPDX-License-Identifier: Apache-2.0 */
/* Errors, and the checks of a launch. */
#include <stdio.h>

#include <map>
#include <mutex>
#include <set>
#include <utility>

#include "internal.h"

static std::recursive_mutex lock; /* one call at a time; recursive, because work of a stream may call back */
static thread_local cudaError_t last_error;

umbra_emu_call::umbra_emu_call(bool may_fail, bool unsafe, bool context) : error(cudaSuccess) {
  lock.lock();
  if (context) (void)umbra_emu_device();
  if (unsafe) umbra_emu_happened(UMBRA_EMU_WAITS);
  if (unsafe) error = umbra_emu_forbidden();
  if (!error) error = umbra_emu_device_error();
  if (!error && may_fail && umbra_emu_count(UMBRA_EMU_FAIL_CALL)) error = cudaErrorUnknown;
}

umbra_emu_call::~umbra_emu_call() { lock.unlock(); }

cudaError_t umbra_emu_call::end(cudaError_t result) {
  if (result) last_error = result;
  return result;
}

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

/* ---- kernels ---- */

static std::map<const void *, int> shared_limits;     /* of the kernels that asked for more than the default */
static std::set<std::pair<const void *, int>> loaded; /* kernels and devices */

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
  loaded.insert({kernel, umbra_emu_device()});
  *attributes = cudaFuncAttributes();
  attributes->maxThreadsPerBlock = UMBRA_EMU_BLOCK_MAX;
  attributes->maxDynamicSharedSizeBytes = (int)shared_limit(kernel);
  return cudaSuccess;
}

static bool within(dim3 extent, unsigned x, unsigned y, unsigned z) {
  return extent.x - 1 < x && extent.y - 1 < y && extent.z - 1 < z; /* 0 wraps */
}

/* Whether the launch has the one attribute that is known here; false, too, if it is there and says no. */
static bool overlaps(const cudaLaunchConfig_t *config) {
  return config->numAttrs && config->attrs->val.programmaticStreamSerializationAllowed;
}

static cudaError_t check_attributes(const cudaLaunchConfig_t *config, int device) {
  if (!config->numAttrs) return cudaSuccess;
  int capability = 0;
  cudaError_t error = cudaDeviceGetAttribute(&capability, cudaDevAttrComputeCapabilityMajor, device);
  if (error) return error;
  bool known = config->numAttrs == 1 && config->attrs->id == cudaLaunchAttributeProgrammaticStreamSerialization;
  return known && capability >= 9 ? cudaSuccess : cudaErrorNotSupported;
}

static cudaError_t check_launch(const cudaLaunchConfig_t *config, const void *kernel) {
  if (!kernel) return cudaErrorInvalidDeviceFunction;
  const dim3 &block = config->blockDim;
  if (!within(config->gridDim, INT32_MAX, 65535, 65535) || !within(block, 1024, 1024, 64) ||
      (uint64_t)block.x * block.y * block.z > UMBRA_EMU_BLOCK_MAX) {
    return cudaErrorInvalidConfiguration;
  }
  return config->dynamicSmemBytes <= shared_limit(kernel) ? cudaSuccess : cudaErrorInvalidValue;
}

/* The grid, or what was asked to go wrong while it runs: whoever waits is told, the launch is not. */
static cudaError_t run_grid(const umbra_emu_grid &grid, int device) {
  if (!umbra_emu_count(UMBRA_EMU_FAIL_LATER)) return umbra_emu_run(grid);
  const umbra_emu_settings *settings = umbra_emu_settings_get();
  umbra_emu_break(device, settings->fault);
  return settings->queue == UMBRA_EMU_EAGER ? cudaSuccess : settings->fault;
}

cudaError_t umbra_emu_launch(const cudaLaunchConfig_t *config, const void *kernel, std::string arguments,
                             std::function<void()> thread) {
  umbra_emu_call call(true, false);
  const int device = umbra_emu_device();
  if (!call.error) call.error = check_launch(config, kernel);
  if (!call.error) call.error = check_attributes(config, device);
  if (!call.error && umbra_emu_stream_device(config->stream) != device) call.error = cudaErrorInvalidResourceHandle;
  umbra_emu_happened(UMBRA_EMU_LAUNCHES);
  if (!call.error) call.error = umbra_emu_launch_error();
  if (call.error) return call.end(call.error);
  if (loaded.insert({kernel, device}).second) umbra_emu_happened(UMBRA_EMU_LOADS);
  umbra_emu_grid grid = {kernel,           config->gridDim,      config->blockDim, config->dynamicSmemBytes,
                         overlaps(config), std::move(arguments), std::move(thread)};
  return call.end(umbra_emu_enqueue(config->stream, UMBRA_EMU_KERNELS, [=] { return run_grid(grid, device); }));
}
