/* SPDX-License-Identifier: Apache-2.0 */
/* The two conversions of a key switch: from one digit to all other primes, and from the auxiliary ones to the level. */
#include "kernel_rig.h"

/* Positions of the limbs of a shape. */
static uint32_t list(uint16_t *position, const umbra_view *shape) {
  uint32_t count = 0;
  for (const umbra_run *run = shape->run; run < shape->run + UMBRA_MAX_RUNS; run++)
    for (uint32_t i = 0; i < run->count; i++) position[count++] = (uint16_t)(run->prime + i);
  return count;
}

/* The constants are random: a formula's cost does not depend on them. */
static void prepare(bench_kernel_rig *rig, bench_call *call, const umbra_view *from, const umbra_view *to,
                    uint32_t polys, int exact) {
  call->a = bench_residues(rig, from, polys);
  call->dst = bench_residues(rig, to, polys);
  const uint32_t sources = list(call->source, from), targets = list(call->target, to);
  call->desc =
      (umbra_conversion_desc){sources, targets, call->source, call->target, call->factor, call->product, exact};
  for (uint32_t t = 0; t < targets; t++)
    for (uint32_t i = 0; i < sources; i++)
      call->factor[t * sources + i] = (uint32_t)(bench_draw(rig) % rig->ring.prime[call->target[t]]);
  bench_constants(rig, call->product, to);
}

/* The last digit, and the primes before it and after. */
static void prepare_up(bench_kernel_rig *rig, bench_call *call) {
  const umbra_chain *chain = &rig->params->chain;
  const umbra_window top = chain->window[chain->levels - 1];
  uint32_t last = chain->digits - 1, end = umbra_window_end(top);
  while (chain->digit_begin[last] >= end) last--;
  const uint32_t first = chain->digit_begin[last] > top.first ? chain->digit_begin[last] : top.first;
  const umbra_view from = bench_primes(first, end - first);
  umbra_view to = bench_shape(rig, BENCH_KEY);
  to.run[0].count = (uint16_t)(first - top.first);
  prepare(rig, call, &from, &to, 1, 0);
}

static void prepare_down(bench_kernel_rig *rig, bench_call *call) {
  const umbra_view from = bench_shape(rig, BENCH_AUX);
  prepare(rig, call, &from, &call->shape, 2, 1);
}

BENCH_INVOKE(convert, &call->dst, &call->a, side->conversion, 0)

const bench_kernel bench_convert[] = {
    {"convert", BENCH_KEY, prepare_up, invoke_convert},
    {"convert_exact", BENCH_LEVEL, prepare_down, invoke_convert},
    {0},
};
