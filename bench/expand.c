/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel_rig.h"

static void prepare(bench_kernel_rig *rig, bench_call *call) {
  call->dst = bench_residues(rig, &call->shape, 1);
  for (int i = 0; i < UMBRA_SEED_BYTES; i++) call->seed[i] = (uint8_t)bench_draw(rig);
}

BENCH_INVOKE(expand, &call->dst, call->seed, 0)

const bench_kernel bench_expand[] = {
    {"expand", BENCH_ONE | BENCH_KEY, prepare, invoke_expand, 0},
    {0},
};
