/* SPDX-License-Identifier: Apache-2.0 */
#include "avx512.h"

#define UMBRA_SIMD_TABLE umbra_kernels_avx512
#define UMBRA_SIMD_NAME "avx512"
#define UMBRA_SIMD_LIFT umbra_avx512_lift
#include "../simd/table.h"
