/* SPDX-License-Identifier: Apache-2.0 */
/* Graphs: the work of a capture, done again as often as asked. */
#include "stream.h"

struct CUgraphExec_st {
  std::vector<umbra_emu_work> work;
  int device;
};

cudaError_t cudaGraphCreate(cudaGraph_t *graph, unsigned) {
  umbra_emu_call call(true, false);
  if (call.error) return call.end(call.error);
  *graph = new CUgraph_st();
  return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  umbra_emu_call call(false, false);
  if (!graph) return call.end(cudaErrorInvalidValue);
  delete graph;
  return call.end(call.error);
}

cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t *nodes, size_t *count) {
  umbra_emu_call call(true, false);
  if (call.error) return call.end(call.error);
  if (nodes) return call.end(cudaErrorNotSupported);
  *count = graph->work.size();
  return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *exec, cudaGraph_t graph, unsigned long long flags) {
  umbra_emu_call call(true, false);
  if (!call.error && umbra_emu_count(UMBRA_EMU_FAIL_ALLOC)) call.error = cudaErrorMemoryAllocation;
  if (call.error) return call.end(call.error);
  if (!graph || flags) return call.end(cudaErrorInvalidValue);
  *exec = new CUgraphExec_st{graph->work, umbra_emu_device()};
  return cudaSuccess;
}

cudaError_t cudaGraphUpload(cudaGraphExec_t exec, cudaStream_t) {
  umbra_emu_call call(true, false);
  if (call.error) return call.end(call.error);
  return call.end(exec ? cudaSuccess : cudaErrorInvalidValue);
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream) {
  umbra_emu_call call(true, false);
  if (call.error) return call.end(call.error);
  if (!exec) return call.end(cudaErrorInvalidValue);
  if (umbra_emu_stream_device(stream) != exec->device) return call.end(cudaErrorInvalidResourceHandle);
  umbra_emu_happened(UMBRA_EMU_LAUNCHES);
  if (cudaError_t error = umbra_emu_launch_error()) return call.end(error);
  std::vector<umbra_emu_work> work = exec->work;
  return call.end(umbra_emu_enqueue(stream, UMBRA_EMU_KERNELS, [work] {
    cudaError_t error = cudaSuccess;
    for (size_t i = 0; i < work.size() && !error; i++) error = work[i]();
    return error;
  }));
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec) {
  umbra_emu_call call(false, false);
  if (!exec) return call.end(cudaErrorInvalidValue);
  delete exec;
  return call.end(call.error);
}
