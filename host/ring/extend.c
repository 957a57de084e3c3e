/* SPDX-License-Identifier: Apache-2.0 */
#include "extend.h"

#include "../../kernels/modarith.h"
#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "../device/enqueue.h"
#include "ring_internal.h"

/* The constants of one extension; kept as long as the ring. */
struct umbra_extension {
  umbra_window from, to;
  uint32_t aux;
  uint32_t shared_first, shared_end;  /* limbs of dst that x has, too */
  umbra_conversion *conversion;       /* to the limbs of dst that x lacks, in order */
  uint32_t closing[UMBRA_MAX_PRIMES]; /* by limb of x: (Q / q_i)^-1 mod q_i */
  umbra_extension *next;
};

static umbra_status fill_plan(umbra_extension *plan, umbra_ring *ring) {
  const umbra_chain *chain = &ring->params->chain;
  uint16_t source[UMBRA_MAX_PRIMES], target[UMBRA_MAX_PRIMES];
  uint32_t to = plan->to.first, to_end = umbra_window_end(plan->to), aux = umbra_chain_aux(chain);
  uint32_t shared = umbra_clamp_u32(plan->from.first, to, to_end),
           shared_end = umbra_clamp_u32(umbra_window_end(plan->from), to, to_end);
  uint32_t k = umbra_positions_append(source, 0, plan->from.first, umbra_window_end(plan->from));
  uint32_t targets = umbra_positions_append(target, 0, to, shared);
  targets = umbra_positions_append(target, targets, shared_end, to_end);
  targets = umbra_positions_append(target, targets, aux, aux + plan->aux);
  plan->shared_first = shared - to;
  plan->shared_end = shared_end - to;
  for (uint32_t i = 0; i < k; i++) {
    uint32_t q = chain->prime[source[i]];
    plan->closing[i] = umbra_mod_inv(umbra_ring_product(ring, source, k, i, q), q);
  }
  const umbra_bases bases = {.source = source, .target = target, .sources = k, .targets = targets, .exact = 1};
  return umbra_ring_make_conversion(&plan->conversion, ring, &bases);
}

/* The plan of that extension, made on first use; the lock is held. */
static umbra_status find_plan_locked(const umbra_extension **out, umbra_ring *ring, umbra_window from, umbra_window to,
                                     uint32_t aux) {
  for (const umbra_extension *plan = ring->extensions; plan; plan = plan->next)
    if (umbra_window_equal(plan->from, from) && umbra_window_equal(plan->to, to) && plan->aux == aux) {
      *out = plan;
      return UMBRA_OK;
    }
  umbra_extension *made;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "an extension"));
  *made = (umbra_extension){.from = from, .to = to, .aux = aux, .next = ring->extensions};
  umbra_status status = fill_plan(made, ring);
  if (status == UMBRA_OK) *out = ring->extensions = made;
  else umbra_free(made);
  return status;
}

static umbra_status find_plan(const umbra_extension **out, umbra_ring *ring, umbra_window from, umbra_window to,
                              uint32_t aux) {
  mtx_lock(&ring->lock);
  umbra_status status = find_plan_locked(out, ring, from, to, aux);
  mtx_unlock(&ring->lock);
  return status;
}

void umbra_extensions_destroy(umbra_ring *ring) {
  while (ring->extensions) {
    umbra_extension *plan = ring->extensions;
    ring->extensions = plan->next;
    ring->kernels->conversion_destroy(plan->conversion);
    umbra_free(plan);
  }
}

/* dst's limbs [first, end), none of them x's: conversion and transform. */
static void extend_part(const umbra_ring *ring, umbra_stream *stream, const umbra_extension *plan,
                        const umbra_view *dst, uint32_t first, uint32_t end, const umbra_view *coefficients) {
  if (first == end) return;
  umbra_view part = umbra_view_limbs_of(dst, umbra_ring_n(ring), first, end - first);
  uint32_t shared = first < plan->shared_first ? 0 : plan->shared_end - plan->shared_first;
  UMBRA_ENQUEUE(ring->kernels->convert, stream, &part, coefficients, plan->conversion, first - shared);
  UMBRA_ENQUEUE(ring->kernels->ntt_forward, stream, &part);
}

umbra_status umbra_extend(umbra_ring *ring, umbra_stream *stream, const umbra_view *dst, umbra_window to, uint32_t aux,
                          const umbra_view *x, umbra_window from) {
  const umbra_extension *plan;
  UMBRA_TRY(find_plan(&plan, ring, from, to, aux));
  uint32_t n = umbra_ring_n(ring), first = plan->shared_first, end = plan->shared_end;
  size_t bytes = (size_t)from.count * n * sizeof(uint32_t);
  void *memory;
  UMBRA_TRY(umbra_ring_take(ring, &memory, bytes, "a raised polynomial's coefficients"));
  umbra_view coefficients = umbra_view_packed(ring, memory, 1, from, 0, from.count);
  UMBRA_ENQUEUE(ring->kernels->ntt_inverse, stream, &coefficients, x, plan->closing);
  if (first < end) {
    umbra_view same = umbra_view_limbs_of(dst, n, first, end - first);
    umbra_view own = umbra_view_limbs_of(x, n, to.first + first - from.first, end - first);
    UMBRA_ENQUEUE(ring->kernels->copy, stream, &same, &own);
  }
  extend_part(ring, stream, plan, dst, 0, first, &coefficients);
  extend_part(ring, stream, plan, dst, end, to.count + aux, &coefficients);
  umbra_ring_give(ring, memory, bytes);
  return UMBRA_OK;
}
