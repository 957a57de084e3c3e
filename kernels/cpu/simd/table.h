/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of a vector backend: UMBRA_SIMD_TABLE is its variable, UMBRA_SIMD_NAME its name, and UMBRA_SIMD_LIFT its
 * fused entry, or NULL.
 */
#include "../ref/ref.h"

const umbra_kernels UMBRA_SIMD_TABLE = {
    .name = UMBRA_SIMD_NAME,
    UMBRA_CPU_ENTRIES,
    .conversion_create = UMBRA_CPU_NAME(conversion_create),
    .add = UMBRA_CPU_NAME(add),
    .sub = UMBRA_CPU_NAME(sub),
    .negate = UMBRA_CPU_NAME(negate),
    .mul = UMBRA_CPU_NAME(mul),
    .mul_add = UMBRA_CPU_NAME(mul_add),
    .mul_const = UMBRA_CPU_NAME(mul_const),
    .add_multiple = UMBRA_CPU_NAME(add_multiple),
    .add_const = UMBRA_CPU_NAME(add_const),
    .tensor = UMBRA_CPU_NAME(tensor),
    .ntt_forward = UMBRA_CPU_NAME(ntt_forward),
    .ntt_inverse = UMBRA_CPU_NAME(ntt_inverse),
    .automorphism = UMBRA_CPU_NAME(automorphism),
    .convert = UMBRA_CPU_NAME(convert),
    .inner_product = UMBRA_CPU_NAME(inner_product),
    .inner_products = UMBRA_CPU_NAME(inner_products),
    .plain_products = UMBRA_CPU_NAME(plain_products),
    .gemm = UMBRA_CPU_NAME(gemm),
    .divide_close = UMBRA_CPU_NAME(divide_close),
    .expand = UMBRA_CPU_NAME(expand),
    .from_i64 = UMBRA_CPU_NAME(from_i64),
    .fft = UMBRA_CPU_NAME(fft),
    .ifft = UMBRA_CPU_NAME(ifft),
    .lift = UMBRA_SIMD_LIFT,
    .conversions = UMBRA_CPU_NAME(conversions),
};
