/* SPDX-License-Identifier: Apache-2.0 */
/* The table of a vector backend. */
#include "../ref/ref.h"

#define UMBRA_SIMD_TABLE(backend)                                                                                     \
  {                                                                                                                   \
    .name = #backend, .block_limbs = umbra_cpu_block_limbs, .device_open = umbra_cpu_device_open,                     \
    .device_close = umbra_cpu_device_close, .stream_create = umbra_cpu_stream_create,                                 \
    .stream_destroy = umbra_cpu_stream_destroy, .wait = umbra_cpu_wait, .alloc = umbra_cpu_alloc,                     \
    .release = umbra_cpu_release, .upload = umbra_cpu_upload, .download = umbra_cpu_download, .copy = umbra_cpu_copy, \
    .zero = umbra_cpu_zero, .conversion_create = umbra_##backend##_conversion_create,                                 \
    .conversion_destroy = umbra_cpu_conversion_destroy, .add = umbra_##backend##_add, .sub = umbra_##backend##_sub,   \
    .negate = umbra_##backend##_negate, .mul = umbra_##backend##_mul, .mul_add = umbra_##backend##_mul_add,           \
    .mul_const = umbra_##backend##_mul_const, .add_const = umbra_##backend##_add_const,                               \
    .tensor = umbra_##backend##_tensor, .ntt_forward = umbra_##backend##_ntt_forward,                                 \
    .ntt_inverse = umbra_##backend##_ntt_inverse, .automorphism_eval = umbra_##backend##_automorphism_eval,           \
    .automorphism_coeff = umbra_ref_automorphism_coeff, .convert = umbra_##backend##_convert,                         \
    .inner_product = umbra_##backend##_inner_product, .divide_close = umbra_##backend##_divide_close,                 \
    .expand = umbra_##backend##_expand, .from_i64 = umbra_##backend##_from_i64, .fft = umbra_##backend##_fft,         \
    .ifft = umbra_##backend##_ifft,                                                                                   \
  }
