/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel_rig.h"

enum { SHAPES = BENCH_ONE | BENCH_LEVEL };

/* A ciphertext, another one, and constants. */
static void prepare(bench_kernel_rig *rig, bench_call *call) {
  call->dst = bench_residues(rig, &call->shape, 2);
  call->a = bench_residues(rig, &call->shape, 2);
  call->b = bench_residues(rig, &call->shape, 2);
  bench_constants(rig, call->c, &call->shape);
}

/* The second factor is a plaintext. */
static void prepare_product(bench_kernel_rig *rig, bench_call *call) {
  prepare(rig, call);
  call->b.polys = 1;
}

BENCH_INVOKE(copy, &call->dst, &call->a)
BENCH_INVOKE(zero, &call->dst)
BENCH_INVOKE(add, &call->dst, &call->a, &call->b)
BENCH_INVOKE(sub, &call->dst, &call->a, &call->b)
BENCH_INVOKE(negate, &call->dst, &call->a)
BENCH_INVOKE(mul, &call->dst, &call->a, &call->b)
BENCH_INVOKE(mul_add, &call->dst, &call->a, &call->b)
BENCH_INVOKE(mul_const, &call->dst, &call->a, call->c)
BENCH_INVOKE(add_const, &call->dst, &call->a, call->c)

/* Some names are also names of operations on ciphertexts, so all of this file say what they work on. */
const bench_kernel bench_elementwise[] = {
    {"residues_copy", SHAPES, prepare, invoke_copy, 0},
    {"residues_zero", SHAPES, prepare, invoke_zero, 0},
    {"residues_add", SHAPES, prepare, invoke_add, 0},
    {"residues_sub", SHAPES, prepare, invoke_sub, 0},
    {"residues_negate", SHAPES, prepare, invoke_negate, 0},
    {"residues_mul", SHAPES, prepare_product, invoke_mul, 0},
    {"residues_mul_add", SHAPES, prepare_product, invoke_mul_add, 0},
    {"residues_mul_const", SHAPES, prepare, invoke_mul_const, 0},
    {"residues_add_const", SHAPES, prepare, invoke_add_const, 0},
    {0},
};
