/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel_rig.h"

enum { GALOIS = 5 /* one step */ };

static void prepare(bench_kernel_rig *rig, bench_call *call) {
  call->dst = bench_residues(rig, &call->shape, 2);
  call->a = bench_residues(rig, &call->shape, 2);
}

BENCH_INVOKE(automorphism, &call->dst, &call->a, GALOIS)

const bench_kernel bench_automorphism[] = {
    {"automorphism", BENCH_ONE | BENCH_LEVEL, prepare, invoke_automorphism, 0},
    {0},
};
