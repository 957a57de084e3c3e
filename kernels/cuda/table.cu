/* SPDX-License-Identifier: Apache-2.0 */
/* The backend's table. The emulator compiles this file under names of its own. */
#include <type_traits>

#include "entries.h"
#include "runtime.h"

#ifndef UMBRA_CUDA_TABLE
#define UMBRA_CUDA_TABLE umbra_kernels_cuda
#define UMBRA_CUDA_NAME "cuda"
#endif

/* ---- every entry that uses the device visits it ---- */

/* Of the first argument that has one. */
template <class First, class... Rest>
static const umbra_device *device_of(First first, Rest... rest) {
  if constexpr (std::is_convertible_v<First, const umbra_device *>) return first;
  else if constexpr (std::is_convertible_v<First, const umbra_stream *>) return first ? first->device : NULL;
  else return device_of(rest...);
}

/* Of this file alone: the emulator's have the same names, and are others. */
namespace {
template <auto entry>
struct visit;

template <class Result, class... Parameters, Result (*entry)(Parameters...)>
struct visit<entry> {
  static Result call(Parameters... arguments) {
    const umbra_cuda_visit visit(device_of(arguments...));
    return entry(arguments...);
  }
};
} // namespace

template <auto entry>
static constexpr auto visiting = visit<entry>::call;

/* Known when compiling, so that nothing has to run before the table can be used. */
static constexpr umbra_kernels collect() {
  umbra_kernels table = {};
  table.version = UMBRA_KERNELS_VERSION;
  table.name = UMBRA_CUDA_NAME;
  table.device = {umbra_cuda_device_count, umbra_cuda_device_facts, umbra_cuda_device_open, umbra_cuda_device_close,
                  umbra_cuda_block_limbs,  umbra_cuda_failure,      umbra_cuda_launch_limbs};
  table.stream = {visiting<umbra_cuda_stream_create>, visiting<umbra_cuda_stream_destroy>, umbra_cuda_check,
                  visiting<umbra_cuda_wait>};
  table.memory = {
      visiting<umbra_cuda_alloc>,         visiting<umbra_cuda_release>,      visiting<umbra_cuda_upload>,
      visiting<umbra_cuda_upload_public>, visiting<umbra_cuda_download>,     visiting<umbra_cuda_host_alloc>,
      visiting<umbra_cuda_host_release>,  visiting<umbra_cuda_upload_ahead>, visiting<umbra_cuda_join_upload>};
  table.record = {visiting<umbra_cuda_record>, visiting<umbra_cuda_record_end>, visiting<umbra_cuda_replay>,
                  umbra_cuda_graph_destroy};
  table.trace = {visiting<umbra_cuda_lap>, visiting<umbra_cuda_mark>, visiting<umbra_cuda_between>,
                 umbra_cuda_watched,       umbra_cuda_name_begin,     umbra_cuda_name_end};
  table.peer = {visiting<umbra_cuda_event_create>, umbra_cuda_event_destroy, visiting<umbra_cuda_signal>,
                visiting<umbra_cuda_await>, visiting<umbra_cuda_peer_copy>};
  table.conversion_create = visiting<umbra_cuda_conversion_create>;
  table.conversion_destroy = umbra_cuda_conversion_destroy;
#define COLLECT(entry, shape, backend) table.entry = visiting<umbra_##backend##_##entry>;
  UMBRA_EACH_KERNEL(COLLECT, cuda)
#undef COLLECT
  return table;
}

extern "C" {
extern constexpr umbra_kernels UMBRA_CUDA_TABLE = collect();
}
