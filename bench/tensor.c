/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel_rig.h"

static void prepare(bench_kernel_rig *rig, bench_call *call) {
  call->dst = bench_residues(rig, &call->shape, 3);
  call->a = bench_residues(rig, &call->shape, 2);
  call->b = bench_residues(rig, &call->shape, 2);
}

BENCH_INVOKE(tensor, &call->dst, &call->a, &call->b, 0)

static void invoke_tensor_add(const bench_side *side, const bench_call *call) {
  side->kernels->tensor(side->stream, &call->dst, &call->a, &call->b, 1);
}

const bench_kernel bench_tensor[] = {
    {"tensor", BENCH_ONE | BENCH_LEVEL, prepare, invoke_tensor, 0},
    {"tensor_add", BENCH_ONE | BENCH_LEVEL, prepare, invoke_tensor_add, 0},
    {0},
};
