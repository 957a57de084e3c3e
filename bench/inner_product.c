/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel_rig.h"

/* Rotations by one step, by two, ... */
static const uint32_t galois[BENCH_ROTATIONS] = {5, 25, 125, 625};

/* As in rotations: all digits of the gadget, two polynomials to begin with over the first primes, and a permutation. */
static void prepare_rotations(bench_kernel_rig *rig, bench_call *call, uint32_t rotations) {
  const umbra_view level = bench_shape(rig, BENCH_LEVEL);
  call->digits = umbra_params_dnum(rig->params);
  call->rotations = rotations;
  for (uint32_t j = 0; j < call->digits; j++) call->digit[j] = bench_residues(rig, &call->shape, 1);
  for (uint32_t r = 0; r < rotations; r++) call->key[r] = bench_residues(rig, &call->shape, 2 * call->digits);
  call->dst = bench_residues(rig, &call->shape, 2 * rotations);
  call->init = bench_residues(rig, &level, 2);
  bench_constants(rig, call->c, &level);
}

static void prepare(bench_kernel_rig *rig, bench_call *call) { prepare_rotations(rig, call, 1); }
static void prepare_many(bench_kernel_rig *rig, bench_call *call) { prepare_rotations(rig, call, BENCH_ROTATIONS); }

BENCH_INVOKE(inner_product, &call->dst, call->digit, call->digits, call->key, &call->init, call->c, galois[0], 0)

static void compose_inner_products(const bench_side *side, const bench_call *call) {
  for (uint32_t r = 0; r < call->rotations; r++) {
    const umbra_view dst = bench_polys(&call->dst, 2 * r, 2);
    side->kernels->inner_product(side->stream, &dst, call->digit, call->digits, &call->key[r], &call->init, call->c,
                                 galois[r], 0);
  }
}

BENCH_INVOKE_FUSED(inner_products, &call->dst, call->digit, call->digits, call->key, &call->init, call->c, galois,
                   call->rotations)

const bench_kernel bench_inner_product[] = {
    {"inner_product", BENCH_KEY, prepare, invoke_inner_product, 0},
    {"inner_products", BENCH_KEY, prepare_many, invoke_inner_products, offsetof(umbra_kernels, inner_products)},
    {0},
};
