/* SPDX-License-Identifier: Apache-2.0 */
/* Launching a kernel: the arguments are kept by value, so that a graph can run it again. */
#ifndef UMBRA_EMU_LAUNCH_H
#define UMBRA_EMU_LAUNCH_H

#include <functional>
#include <string>
#include <tuple>
#include <type_traits>

#include "emu_device.h"
#include "emu_runtime.h"

typedef enum cudaLaunchAttributeID {
  cudaLaunchAttributeIgnore = 0,
  cudaLaunchAttributeCooperative = 2,
  cudaLaunchAttributeClusterDimension = 4,
  cudaLaunchAttributeProgrammaticStreamSerialization = 6
} cudaLaunchAttributeID;

typedef union cudaLaunchAttributeValue {
  int programmaticStreamSerializationAllowed;
} cudaLaunchAttributeValue;

typedef struct cudaLaunchAttribute {
  cudaLaunchAttributeID id;
  cudaLaunchAttributeValue val;
} cudaLaunchAttribute;

typedef struct cudaLaunchConfig_t {
  dim3 gridDim, blockDim;
  size_t dynamicSmemBytes;
  cudaStream_t stream;
  cudaLaunchAttribute *attrs; /* of sm_90: programmatic serialisation; a launch with another one fails */
  unsigned numAttrs;
} cudaLaunchConfig_t;

/* Checks the launch as a GPU would, and enqueues it; `thread` is what each thread of the grid does. */
cudaError_t umbra_emu_launch(const cudaLaunchConfig_t *config, const void *kernel, std::string arguments,
                             std::function<void()> thread);

/* While launches are traced: adds the bytes of an argument to the text. */
void umbra_emu_append(std::string *text, const void *argument, size_t bytes);

template <class... P, class... A>
static inline cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t *config, void (*kernel)(P...), A &&...arguments) {
  static_assert(sizeof(std::tuple<P...>) <= 4096, "a kernel takes at most 4 KiB of arguments");
  static_assert((std::is_trivially_copyable<P>::value && ...), "arguments of kernels are copied as bytes");
  std::tuple<P...> kept(static_cast<P>(arguments)...);
  std::string text;
  std::apply([&](const P &...argument) { (umbra_emu_append(&text, &argument, sizeof argument), ...); }, kept);
  return umbra_emu_launch(config, reinterpret_cast<const void *>(kernel), text, [=] { std::apply(kernel, kept); });
}

template <class... P>
static inline cudaError_t cudaFuncSetAttribute(void (*kernel)(P...), cudaFuncAttribute attribute, int value) {
  return cudaFuncSetAttribute(reinterpret_cast<const void *>(kernel), attribute, value);
}

template <class... P>
static inline cudaError_t cudaFuncGetAttributes(cudaFuncAttributes *attributes, void (*kernel)(P...)) {
  return cudaFuncGetAttributes(attributes, reinterpret_cast<const void *>(kernel));
}

#endif
