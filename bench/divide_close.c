/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel_rig.h"

static void prepare(bench_kernel_rig *rig, bench_call *call) {
  call->dst = bench_residues(rig, &call->shape, 2);
  call->a = bench_residues(rig, &call->shape, 2);
  bench_constants(rig, call->c, &call->shape);
  bench_constants(rig, call->d, &call->shape);
}

BENCH_INVOKE(divide_close, &call->dst, &call->a, call->c, &call->dst, call->d)

const bench_kernel bench_divide_close[] = {
    {"divide_close", BENCH_ONE | BENCH_LEVEL, prepare, invoke_divide_close, 0},
    {0},
};
