/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel_rig.h"

enum { TERMS = 8, GROUPS = 4 };

/* As in a linear map: rotated ciphertexts, and for each sum as many plaintexts. */
static void prepare(bench_kernel_rig *rig, bench_call *call) {
  call->terms = TERMS;
  call->a = bench_residues(rig, &call->shape, 2 * TERMS);
  call->b = bench_residues(rig, &call->shape, GROUPS * TERMS);
  call->dst = bench_residues(rig, &call->shape, 2 * GROUPS);
}

BENCH_INVOKE(plain_products, &call->dst, &call->b, &call->a, TERMS, 0)

const bench_kernel bench_plain_products[] = {
    {"plain_products", BENCH_LEVEL, prepare, invoke_plain_products, 0},
    {0},
};
