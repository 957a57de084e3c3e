/* SPDX-License-Identifier: Apache-2.0 */
/* The table of the portable backend. */
#include "ref.h"

const umbra_kernels umbra_kernels_ref = {
    .name = "ref",
    UMBRA_CPU_ENTRIES,
    .conversion_create = umbra_cpu_conversion_create,
    .add = umbra_ref_add,
    .sub = umbra_ref_sub,
    .negate = umbra_ref_negate,
    .mul = umbra_ref_mul,
    .mul_add = umbra_ref_mul_add,
    .mul_const = umbra_ref_mul_const,
    .add_multiple = umbra_ref_add_multiple,
    .add_const = umbra_ref_add_const,
    .tensor = umbra_ref_tensor,
    .ntt_forward = umbra_ref_ntt_forward,
    .ntt_inverse = umbra_ref_ntt_inverse,
    .automorphism = umbra_ref_automorphism,
    .convert = umbra_ref_convert,
    .inner_product = umbra_ref_inner_product,
    .plain_products = umbra_ref_plain_products,
    .gemm = umbra_ref_gemm,
    .divide_close = umbra_ref_divide_close,
    .expand = umbra_ref_expand,
    .from_i64 = umbra_ref_from_i64,
    .fft = umbra_ref_fft,
    .ifft = umbra_ref_ifft,
};
