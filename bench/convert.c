/* SPDX-License-Identifier: Apache-2.0 */
/* The two conversions of a key switch: from one digit to all other primes, and from the auxiliary ones to the level. */
#include "kernel_rig.h"

static void prepare(bench_kernel_rig *rig, bench_call *call, const umbra_view *from, const umbra_view *to,
                    uint32_t polys, int exact) {
  call->a = bench_residues(rig, from, polys);
  call->dst = bench_residues(rig, to, polys);
  bench_convert_between(rig, from, to, exact);
}

/* The last digit, and the primes before it and after. */
static void prepare_up(bench_kernel_rig *rig, bench_call *call) {
  const umbra_chain *chain = &rig->params->chain;
  const umbra_window top = chain->window[chain->levels - 1];
  const umbra_digit_range digits = umbra_digits_of(chain, top);
  const umbra_window last = umbra_digit_window(chain, digits.first + digits.count - 1, top);
  const umbra_view from = bench_primes(last.first, last.count);
  umbra_view to = bench_shape(rig, BENCH_KEY);
  to.run[0].count = (uint16_t)(last.first - top.first);
  prepare(rig, call, &from, &to, 1, 0);
}

static void prepare_down(bench_kernel_rig *rig, bench_call *call) {
  const umbra_view from = bench_shape(rig, BENCH_AUX);
  prepare(rig, call, &from, &call->shape, 2, 1);
}

BENCH_INVOKE(convert, &call->dst, &call->a, side->conversion[0], 0)

const bench_kernel bench_convert[] = {
    {"convert", BENCH_KEY, prepare_up, invoke_convert, 0},
    {"convert_exact", BENCH_LEVEL, prepare_down, invoke_convert, 0},
    {0},
};
