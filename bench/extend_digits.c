/* SPDX-License-Identifier: Apache-2.0 */
/* All digits of a key switch at the highest level, from it to all other primes. */
#include "../host/ring/ring.h"
#include "kernel_rig.h"

static void append(umbra_view *shape, uint32_t first, uint32_t end) {
  umbra_run *run = shape->run;
  while (run->count) run++;
  *run = (umbra_run){.prime = (uint16_t)first, .count = (uint16_t)(end - first)};
}

static void prepare_digit(bench_kernel_rig *rig, bench_call *call, uint32_t j, umbra_window own) {
  const umbra_chain *chain = &rig->params->chain;
  const umbra_window top = chain->window[chain->levels - 1];
  const umbra_view from = bench_primes(own.first, own.count);
  umbra_view to = {.polys = 1};
  append(&to, top.first, own.first);
  append(&to, umbra_window_end(own), umbra_window_end(top));
  append(&to, umbra_chain_aux(chain), umbra_chain_primes(chain));
  call->own[j] = (umbra_digit){.first = (uint16_t)(own.first - top.first), .count = own.count};
  bench_convert_between(rig, &from, &to, 0);
}

static void prepare(bench_kernel_rig *rig, bench_call *call) {
  const umbra_chain *chain = &rig->params->chain;
  const umbra_window top = chain->window[chain->levels - 1];
  const umbra_digit_range digits = umbra_digits_of(chain, top);
  const umbra_view level = bench_shape(rig, BENCH_LEVEL);
  call->a = bench_residues(rig, &level, 1);
  call->dst = bench_residues(rig, &call->shape, digits.count);
  for (uint32_t j = 0; j < digits.count; j++)
    prepare_digit(rig, call, j, umbra_digit_window(chain, digits.first + j, top));
}

/* Limbs [first, first + count) of digit j, targets from `target` on. */
static void extend_part(const bench_side *side, const bench_call *call, uint32_t j, uint32_t first, uint32_t count,
                        uint32_t target) {
  if (!count) return;
  const uint32_t n = (uint32_t)(call->a.stride / umbra_view_limbs(&call->a));
  const umbra_view own = umbra_view_limbs_of(&call->a, n, call->own[j].first, call->own[j].count);
  const umbra_view poly = bench_polys(&call->dst, j, 1), part = umbra_view_limbs_of(&poly, n, first, count);
  side->kernels->convert(side->stream, &part, &own, side->conversion[j], target);
  side->kernels->ntt_forward(side->stream, &part);
}

static void compose(const bench_side *side, const bench_call *call) {
  const uint32_t limbs = umbra_view_limbs(&call->dst);
  for (uint32_t j = 0; j < call->dst.polys; j++) {
    const uint32_t first = call->own[j].first, end = first + call->own[j].count;
    extend_part(side, call, j, 0, first, 0);
    extend_part(side, call, j, end, limbs - end, first);
  }
}

static void invoke(const bench_side *side, const bench_call *call) {
  umbra_digit digit[UMBRA_MAX_DIGITS];
  if (!side->kernels->extend_digits) {
    compose(side, call);
    return;
  }
  for (uint32_t j = 0; j < call->dst.polys; j++)
    digit[j] = (umbra_digit){call->own[j].first, call->own[j].count, side->conversion[j]};
  side->kernels->extend_digits(side->stream, &call->dst, &call->a, digit, call->dst.polys, 0);
}

const bench_kernel bench_extend_digits[] = {
    {"extend_digits", BENCH_KEY, prepare, invoke, offsetof(umbra_kernels, extend_digits)},
    {0},
};
