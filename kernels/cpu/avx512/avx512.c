/* SPDX-License-Identifier: Apache-2.0 */
#include "avx512.h"

#include "../simd/table.h"

const umbra_kernels umbra_kernels_avx512 = UMBRA_SIMD_TABLE(avx512);
