/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel_rig.h"

enum { SHAPES = BENCH_ONE | BENCH_AUX | BENCH_LEVEL | BENCH_64 };

/* Polynomials transformed in place: one, unless the shape asks for more. */
static void prepare(bench_kernel_rig *rig, bench_call *call) {
  call->dst = bench_residues(rig, &call->shape, call->shape.polys);
  bench_constants(rig, call->c, &call->shape);
}

/* The end of a division of a ciphertext. */
static void prepare_close(bench_kernel_rig *rig, bench_call *call) {
  call->dst = bench_residues(rig, &call->shape, 2);
  call->a = bench_residues(rig, &call->shape, 2);
  bench_constants(rig, call->c, &call->shape);
  bench_constants(rig, call->d, &call->shape);
}

BENCH_INVOKE(ntt_forward, &call->dst)
BENCH_INVOKE(ntt_inverse, &call->dst, &call->dst, call->c)

static void compose_ntt_close(const bench_side *side, const bench_call *call) {
  side->kernels->ntt_forward(side->stream, &call->dst);
  side->kernels->divide_close(side->stream, &call->dst, &call->a, call->c, &call->dst, call->d);
}

BENCH_INVOKE_FUSED(ntt_close, &call->dst, &call->a, call->c, &call->dst, call->d)

const bench_kernel bench_ntt[] = {
    {"ntt_forward", SHAPES, prepare, invoke_ntt_forward, 0},
    {"ntt_inverse", SHAPES, prepare, invoke_ntt_inverse, 0},
    {"ntt_close", BENCH_LEVEL, prepare_close, invoke_ntt_close, offsetof(umbra_kernels, ntt_close)},
    {0},
};
