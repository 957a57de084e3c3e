/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel_rig.h"

enum { SHAPES = BENCH_ONE | BENCH_AUX | BENCH_LEVEL };

/* One polynomial, transformed in place. */
static void prepare(bench_kernel_rig *rig, bench_call *call) {
  call->dst = bench_residues(rig, &call->shape, 1);
  bench_constants(rig, call->c, &call->shape);
}

BENCH_INVOKE(ntt_forward, &call->dst)
BENCH_INVOKE(ntt_inverse, &call->dst, &call->dst, call->c)

const bench_kernel bench_ntt[] = {
    {"ntt_forward", SHAPES, prepare, invoke_ntt_forward},
    {"ntt_inverse", SHAPES, prepare, invoke_ntt_inverse},
    {0},
};
