/* SPDX-License-Identifier: Apache-2.0 */
#include "avx2.h"

#include "../simd/table.h"

const umbra_kernels umbra_kernels_avx2 = UMBRA_SIMD_TABLE(avx2);
