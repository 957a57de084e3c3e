/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel_rig.h"

enum { GALOIS = 5 /* one step */ };

/* As in a rotation: all digits of the gadget, two polynomials to begin with over the first primes, and a permutation. */
static void prepare(bench_kernel_rig *rig, bench_call *call) {
  const umbra_view level = bench_shape(rig, BENCH_LEVEL);
  call->digits = umbra_params_dnum(rig->params);
  for (uint32_t j = 0; j < call->digits; j++) call->digit[j] = bench_residues(rig, &call->shape, 1);
  call->b = bench_residues(rig, &call->shape, 2 * call->digits);
  call->dst = bench_residues(rig, &call->shape, 2);
  call->init = bench_residues(rig, &level, 2);
  bench_constants(rig, call->c, &level);
}

BENCH_INVOKE(inner_product, &call->dst, call->digit, call->digits, &call->b, &call->init, call->c, GALOIS)

const bench_kernel bench_inner_product[] = {
    {"inner_product", BENCH_KEY, prepare, invoke_inner_product},
    {0},
};
