/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels of the emulator's tests are launched as those of the library are, without a stream of theirs. */
#ifndef UMBRA_TESTS_EMU_LAUNCH_H
#define UMBRA_TESTS_EMU_LAUNCH_H

#include <type_traits>

#include "kernels/cuda/cuda.cuh"

template <class... P>
static cudaError_t launch_with(cudaLaunchAttribute *attribute, cudaStream_t stream, dim3 grid, dim3 block,
                               size_t shared_bytes, void (*kernel)(P...),
                               typename std::common_type<P>::type... arguments) {
  cudaLaunchConfig_t config = {};
  config.gridDim = grid;
  config.blockDim = block;
  config.dynamicSmemBytes = shared_bytes;
  config.stream = stream;
  config.attrs = attribute;
  config.numAttrs = attribute ? 1 : 0;
  return cudaLaunchKernelEx(&config, kernel, arguments...);
}

template <class... P>
static cudaError_t launch(cudaStream_t stream, dim3 grid, dim3 block, size_t shared_bytes, void (*kernel)(P...),
                          typename std::common_type<P>::type... arguments) {
  return launch_with(nullptr, stream, grid, block, shared_bytes, kernel, arguments...);
}

#endif
