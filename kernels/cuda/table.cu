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
  table.name = UMBRA_CUDA_NAME;
  table.host_memory = 0;
  table.device_count = umbra_cuda_device_count;
  table.device_facts = umbra_cuda_device_facts;
  table.block_limbs = umbra_cuda_block_limbs;
  table.device_open = umbra_cuda_device_open;
  table.device_close = umbra_cuda_device_close;
  table.stream_create = visiting<umbra_cuda_stream_create>;
  table.stream_destroy = visiting<umbra_cuda_stream_destroy>;
  table.check = umbra_cuda_check;
  table.wait = visiting<umbra_cuda_wait>;
  table.lap = visiting<umbra_cuda_lap>;
  table.mark = visiting<umbra_cuda_mark>;
  table.between = visiting<umbra_cuda_between>;
  table.watched = umbra_cuda_watched;
  table.name_begin = umbra_cuda_name_begin;
  table.name_end = umbra_cuda_name_end;
  table.failure = umbra_cuda_failure;
  table.alloc = visiting<umbra_cuda_alloc>;
  table.release = visiting<umbra_cuda_release>;
  table.upload = visiting<umbra_cuda_upload>;
  table.upload_public = visiting<umbra_cuda_upload_public>;
  table.download = visiting<umbra_cuda_download>;
  table.host_alloc = visiting<umbra_cuda_host_alloc>;
  table.host_release = visiting<umbra_cuda_host_release>;
  table.upload_ahead = visiting<umbra_cuda_upload_ahead>;
  table.join_upload = visiting<umbra_cuda_join_upload>;
  table.record = visiting<umbra_cuda_record>;
  table.record_end = visiting<umbra_cuda_record_end>;
  table.replay = visiting<umbra_cuda_replay>;
  table.graph_destroy = umbra_cuda_graph_destroy;
  table.copy = visiting<umbra_cuda_copy>;
  table.zero = visiting<umbra_cuda_zero>;
  table.conversion_create = visiting<umbra_cuda_conversion_create>;
  table.conversion_destroy = umbra_cuda_conversion_destroy;
  table.add = visiting<umbra_cuda_add>;
  table.sub = visiting<umbra_cuda_sub>;
  table.negate = visiting<umbra_cuda_negate>;
  table.mul = visiting<umbra_cuda_mul>;
  table.mul_add = visiting<umbra_cuda_mul_add>;
  table.mul_const = visiting<umbra_cuda_mul_const>;
  table.add_const = visiting<umbra_cuda_add_const>;
  table.tensor = visiting<umbra_cuda_tensor>;
  table.ntt_forward = visiting<umbra_cuda_ntt_forward>;
  table.ntt_inverse = visiting<umbra_cuda_ntt_inverse>;
  table.automorphism = visiting<umbra_cuda_automorphism>;
  table.convert = visiting<umbra_cuda_convert>;
  table.inner_product = visiting<umbra_cuda_inner_product>;
  table.divide_close = visiting<umbra_cuda_divide_close>;
  table.expand = visiting<umbra_cuda_expand>;
  table.from_i64 = visiting<umbra_cuda_from_i64>;
  table.fft = visiting<umbra_cuda_fft>;
  table.ifft = visiting<umbra_cuda_ifft>;
  table.ntt_close = visiting<umbra_cuda_ntt_close>;
  table.extend_digits = visiting<umbra_cuda_extend_digits>;
  table.inner_products = visiting<umbra_cuda_inner_products>;
  table.plain_products = visiting<umbra_cuda_plain_products>;
  table.bulk_fft = visiting<umbra_cuda_bulk_fft>;
  table.bulk_ifft = visiting<umbra_cuda_bulk_ifft>;
  return table;
}

extern "C" {
extern constexpr umbra_kernels UMBRA_CUDA_TABLE = collect();
}
