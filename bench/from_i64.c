/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "kernel_rig.h"

/* Integers as large as encoding makes them. */
static void prepare(bench_kernel_rig *rig, bench_call *call) {
  const uint32_t n = 1u << rig->ring.log_n;
  call->dst = bench_residues(rig, &call->shape, 1);
  call->words = bench_words(rig, 2 * (size_t)n);
  for (uint32_t i = 0; i < n; i++) {
    const int64_t value = (int64_t)bench_draw(rig) / 4;
    memcpy(call->words + 2 * i, &value, sizeof value);
  }
}

BENCH_INVOKE(from_i64, &call->dst, (const int64_t *)(const void *)call->words, 0)

static void compose_lift(const bench_side *side, const bench_call *call) {
  invoke_from_i64(side, call);
  side->kernels->ntt_forward(side->stream, &call->dst);
}

BENCH_INVOKE_FUSED(lift, &call->dst, (const int64_t *)(const void *)call->words, 0)

const bench_kernel bench_from_i64[] = {
    {"from_i64", BENCH_ONE | BENCH_LEVEL, prepare, invoke_from_i64, 0},
    {"lift", BENCH_LEVEL, prepare, invoke_lift, offsetof(umbra_kernels, lift)},
    {0},
};
