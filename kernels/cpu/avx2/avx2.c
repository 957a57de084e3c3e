/* SPDX-License-Identifier: Apache-2.0 */
#include "avx2.h"

#define UMBRA_SIMD_TABLE umbra_kernels_avx2
#define UMBRA_SIMD_NAME "avx2"
#define UMBRA_SIMD_LIFT NULL
#include "../simd/table.h"
