/* SPDX-License-Identifier: Apache-2.0 */
/* The backend's table. The emulator compiles this file under names of its own. */
#include "entries.h"

#ifndef UMBRA_CUDA_TABLE
#define UMBRA_CUDA_TABLE umbra_kernels_cuda
#define UMBRA_CUDA_NAME "cuda"
#endif

/* Known when compiling, so that nothing has to run before the table can be used. */
static constexpr umbra_kernels collect() {
  umbra_kernels table = {};
  table.name = UMBRA_CUDA_NAME;
  table.host_memory = 0;
  table.device_count = umbra_cuda_device_count;
  table.device_name = umbra_cuda_device_name;
  table.block_limbs = umbra_cuda_block_limbs;
  table.device_open = umbra_cuda_device_open;
  table.device_close = umbra_cuda_device_close;
  table.stream_create = umbra_cuda_stream_create;
  table.stream_destroy = umbra_cuda_stream_destroy;
  table.check = umbra_cuda_check;
  table.wait = umbra_cuda_wait;
  table.lap = umbra_cuda_lap;
  table.failure = umbra_cuda_failure;
  table.alloc = umbra_cuda_alloc;
  table.release = umbra_cuda_release;
  table.upload = umbra_cuda_upload;
  table.download = umbra_cuda_download;
  table.host_alloc = umbra_cuda_host_alloc;
  table.host_release = umbra_cuda_host_release;
  table.upload_ahead = umbra_cuda_upload_ahead;
  table.join_upload = umbra_cuda_join_upload;
  table.record = umbra_cuda_record;
  table.record_end = umbra_cuda_record_end;
  table.replay = umbra_cuda_replay;
  table.graph_destroy = umbra_cuda_graph_destroy;
  table.copy = umbra_cuda_copy;
  table.zero = umbra_cuda_zero;
  table.conversion_create = umbra_cuda_conversion_create;
  table.conversion_destroy = umbra_cuda_conversion_destroy;
  table.add = umbra_cuda_add;
  table.sub = umbra_cuda_sub;
  table.negate = umbra_cuda_negate;
  table.mul = umbra_cuda_mul;
  table.mul_add = umbra_cuda_mul_add;
  table.mul_const = umbra_cuda_mul_const;
  table.add_const = umbra_cuda_add_const;
  table.tensor = umbra_cuda_tensor;
  table.ntt_forward = umbra_cuda_ntt_forward;
  table.ntt_inverse = umbra_cuda_ntt_inverse;
  table.automorphism = umbra_cuda_automorphism;
  table.convert = umbra_cuda_convert;
  table.inner_product = umbra_cuda_inner_product;
  table.divide_close = umbra_cuda_divide_close;
  table.expand = umbra_cuda_expand;
  table.from_i64 = umbra_cuda_from_i64;
  table.fft = umbra_cuda_fft;
  table.ifft = umbra_cuda_ifft;
  table.ntt_close = umbra_cuda_ntt_close;
  table.extend_digits = umbra_cuda_extend_digits;
  table.inner_products = umbra_cuda_inner_products;
  table.plain_products = umbra_cuda_plain_products;
  table.bulk_fft = umbra_cuda_bulk_fft;
  table.bulk_ifft = umbra_cuda_bulk_ifft;
  return table;
}

extern "C" {
extern constexpr umbra_kernels UMBRA_CUDA_TABLE = collect();
}
