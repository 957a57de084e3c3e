/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel_rig.h"

enum { TERMS = 8, GROUPS = 2 };

/* As in a product of a vector with a matrix: ciphertexts, and for each sum as many plaintexts. */
static void prepare(bench_kernel_rig *rig, bench_call *call) {
  call->terms = TERMS;
  call->a = bench_residues(rig, &call->shape, 2 * TERMS);
  call->b = bench_residues(rig, &call->shape, GROUPS * TERMS);
  call->dst = bench_residues(rig, &call->shape, 2 * GROUPS);
}

static void compose_plain_products(const bench_side *side, const bench_call *call) {
  const umbra_kernels *kernels = side->kernels;
  for (uint32_t item = 0; item < call->b.polys; item++) {
    const umbra_view dst = bench_polys(&call->dst, item / TERMS * 2, 2), plain = bench_polys(&call->b, item, 1);
    const umbra_view a = bench_polys(&call->a, item % TERMS * 2, 2);
    (item % TERMS ? kernels->mul_add : kernels->mul)(side->stream, &dst, &a, &plain);
  }
}

BENCH_INVOKE_FUSED(plain_products, &call->dst, &call->b, &call->a, TERMS)

const bench_kernel bench_plain_products[] = {
    {"plain_products", BENCH_LEVEL, prepare, invoke_plain_products, offsetof(umbra_kernels, plain_products)},
    {0},
};
