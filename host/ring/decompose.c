/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digit j of x at a window: with q_i its primes inside the window and Q their product, c_i the centred residue of
 * x * (Q / q_i)^-1 mod q_i, the extended digit is the integer sum c_i * Q / q_i. Its overflow over Q is not removed:
 * the division by P does that.
 */
#include "decompose.h"

#include "../../kernels/modarith.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "ring_internal.h"

typedef struct digit_plan {
  uint32_t first, end;          /* limbs of the window that the digit owns */
  umbra_conversion *conversion; /* to the other limbs of the window, then the auxiliary primes */
} digit_plan;

struct umbra_decomposition {
  umbra_window window;
  umbra_digit_range digits;
  digit_plan digit[UMBRA_MAX_DIGITS];
  uint32_t closing[UMBRA_MAX_PRIMES]; /* by limb of the window: (Q / q_i)^-1 mod q_i */
  uint32_t p_mod[UMBRA_MAX_PRIMES];   /* by limb of the window: P mod q_i */
  umbra_decomposition *next;
};

static umbra_status make_conversion(digit_plan *digit, const umbra_ring *ring, const uint16_t *source,
                                    const uint16_t *target, uint32_t targets) {
  uint32_t k = digit->end - digit->first, *factor;
  UMBRA_TRY(umbra_alloc(&factor, (size_t)k * targets, sizeof *factor, "a decomposition's constants"));
  for (uint32_t t = 0; t < targets; t++)
    for (uint32_t i = 0; i < k; i++)
      factor[t * k + i] = umbra_ring_product(ring, source, k, i, ring->params->chain.prime[target[t]]);
  umbra_conversion_desc desc = {k, targets, source, target, factor, NULL, 0};
  umbra_status status = ring->kernels->conversion_create(&digit->conversion, ring->device, &desc);
  umbra_free(factor);
  return status == UMBRA_OK ? UMBRA_OK : umbra_fail(status, "cannot prepare a base conversion");
}

static umbra_status fill_digit(umbra_decomposition *plan, const umbra_ring *ring, uint32_t j) {
  const umbra_chain *chain = &ring->params->chain;
  umbra_window window = plan->window, own = umbra_digit_window(chain, plan->digits.first + j, window);
  uint32_t window_end = umbra_window_end(window), aux = umbra_chain_aux(chain);
  uint32_t first = own.first, end = umbra_window_end(own);
  uint16_t source[UMBRA_MAX_PRIMES], target[UMBRA_MAX_PRIMES];
  uint32_t k = umbra_positions_append(source, 0, first, end);
  uint32_t targets = umbra_positions_append(target, 0, window.first, first);
  targets = umbra_positions_append(target, targets, end, window_end);
  targets = umbra_positions_append(target, targets, aux, aux + chain->auxes);
  for (uint32_t i = 0; i < k; i++) {
    uint32_t q = chain->prime[source[i]];
    plan->closing[source[i] - window.first] = umbra_mod_inv(umbra_ring_product(ring, source, k, i, q), q);
  }
  plan->digit[j] = (digit_plan){.first = first - window.first, .end = end - window.first};
  return make_conversion(&plan->digit[j], ring, source, target, targets);
}

static void destroy_plan(umbra_decomposition *plan, const umbra_ring *ring) {
  for (uint32_t j = 0; j < plan->digits.count; j++)
    if (plan->digit[j].conversion) ring->kernels->conversion_destroy(plan->digit[j].conversion);
  umbra_free(plan);
}

static umbra_status fill_plan(umbra_decomposition *plan, const umbra_ring *ring) {
  const umbra_chain *chain = &ring->params->chain;
  uint16_t aux[UMBRA_MAX_PRIMES];
  umbra_positions_append(aux, 0, umbra_chain_aux(chain), umbra_chain_primes(chain));
  for (uint32_t i = 0; i < plan->window.count; i++)
    plan->p_mod[i] = umbra_ring_product(ring, aux, chain->auxes, chain->auxes, chain->prime[plan->window.first + i]);
  for (uint32_t j = 0; j < plan->digits.count; j++) UMBRA_TRY(fill_digit(plan, ring, j));
  return UMBRA_OK;
}

/* The plan of that window, made on first use; the lock is held. */
static umbra_status find_plan_locked(const umbra_decomposition **out, umbra_ring *ring, umbra_window window) {
  for (const umbra_decomposition *plan = ring->decompositions; plan; plan = plan->next)
    if (plan->window.first == window.first && plan->window.count == window.count) {
      *out = plan;
      return UMBRA_OK;
    }
  umbra_decomposition *made;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a decomposition"));
  made->window = window;
  made->digits = umbra_digits_of(&ring->params->chain, window);
  umbra_status status = fill_plan(made, ring);
  if (status != UMBRA_OK) {
    destroy_plan(made, ring);
    return status;
  }
  made->next = ring->decompositions;
  *out = ring->decompositions = made;
  return UMBRA_OK;
}

static umbra_status find_plan(const umbra_decomposition **out, umbra_ring *ring, umbra_window window) {
  mtx_lock(&ring->lock);
  umbra_status status = find_plan_locked(out, ring, window);
  mtx_unlock(&ring->lock);
  return status;
}

void umbra_decompositions_destroy(umbra_ring *ring) {
  while (ring->decompositions) {
    umbra_decomposition *plan = ring->decompositions;
    ring->decompositions = plan->next;
    destroy_plan(plan, ring);
  }
}

/* A stretch of limbs of (window, auxiliary primes), with the digits' extended limbs packed in `data`, digit after
 * digit. */
typedef struct block {
  umbra_ring *ring;
  umbra_stream *stream;
  const umbra_decomposition *plan;
  const umbra_view *x; /* the polynomial itself, evaluation domain */
  uint32_t first, count;
  uint32_t *data;
} block;

static uint32_t *digit_data(const block *b, uint32_t j) {
  return b->data + (size_t)j * b->count * umbra_ring_n(b->ring);
}

static uint32_t clamp(uint32_t value, uint32_t lo, uint32_t hi) { return value < lo ? lo : value > hi ? hi : value; }

/* Limbs [first, end) of the block, none of them the digit's own: conversion and transform. */
static void extend_part(const block *b, uint32_t j, uint32_t first, uint32_t end, const umbra_view *coefficients) {
  if (first == end) return;
  const umbra_kernels *kernels = b->ring->kernels;
  const digit_plan *digit = &b->plan->digit[j];
  umbra_view whole = umbra_view_packed(b->ring, digit_data(b, j), 1, b->plan->window, b->first, b->count);
  umbra_view part = umbra_view_limbs_of(&whole, umbra_ring_n(b->ring), first - b->first, end - first);
  uint32_t target = first < digit->first ? first : first - (digit->end - digit->first);
  kernels->convert(b->stream, &part, coefficients, digit->conversion, target);
  kernels->ntt_forward(b->stream, &part);
}

/* coefficients: x over the window, in the coefficient domain, times `closing`. */
static void extend_digits(const block *b, const umbra_view *coefficients) {
  uint32_t end = b->first + b->count;
  for (uint32_t j = 0; j < b->plan->digits.count; j++) {
    const digit_plan *digit = &b->plan->digit[j];
    umbra_view own = umbra_view_limbs_of(coefficients, umbra_ring_n(b->ring), digit->first, digit->end - digit->first);
    extend_part(b, j, b->first, clamp(digit->first, b->first, end), &own);
    extend_part(b, j, clamp(digit->end, b->first, end), end, &own);
  }
}

/* Digit j over the block: its own limbs are x's. */
static umbra_view digit_view(const block *b, uint32_t j) {
  uint32_t n = umbra_ring_n(b->ring), end = b->first + b->count;
  uint32_t own_first = clamp(b->plan->digit[j].first, b->first, end);
  uint32_t own_end = clamp(b->plan->digit[j].end, b->first, end);
  umbra_view whole = umbra_view_packed(b->ring, digit_data(b, j), 1, b->plan->window, b->first, b->count);
  umbra_view view = umbra_view_limbs_of(&whole, n, 0, own_first - b->first);
  umbra_view own = umbra_view_limbs_of(b->x, n, own_end > own_first ? own_first : 0, own_end - own_first);
  umbra_view after = umbra_view_limbs_of(&whole, n, own_end - b->first, end - own_end);
  umbra_view_append(&view, &own);
  umbra_view_append(&view, &after);
  return view;
}

static void inner_product_block(const block *b, const umbra_view *acc, const umbra_switching_key *key,
                                const umbra_view *init) {
  const umbra_decomposition *plan = b->plan;
  uint32_t n = umbra_ring_n(b->ring);
  umbra_view digit[UMBRA_MAX_DIGITS];
  for (uint32_t j = 0; j < plan->digits.count; j++) digit[j] = digit_view(b, j);
  umbra_view keys = umbra_poly_subview(&key->poly, b->ring, 2 * (plan->digits.first - key->digits.first),
                                       2 * plan->digits.count, plan->window, b->ring->params->chain.auxes);
  umbra_view key_part = umbra_view_limbs_of(&keys, n, b->first, b->count);
  umbra_view acc_part = umbra_view_limbs_of(acc, n, b->first, b->count), init_part;
  int has_init = init && b->first < plan->window.count;
  if (has_init) init_part = umbra_view_limbs_of(init, n, b->first, clamp(b->count, 0, plan->window.count - b->first));
  b->ring->kernels->inner_product(b->stream, &acc_part, digit, plan->digits.count, &key_part,
                                  has_init ? &init_part : NULL, plan->p_mod + b->first);
}

/* x over the window in the coefficient domain, times the closing constants, in memory of `window.count` limbs. */
static umbra_view to_coefficients(const block *b, uint32_t *memory) {
  umbra_window window = b->plan->window;
  umbra_view coefficients = umbra_view_packed(b->ring, memory, 1, window, 0, window.count);
  b->ring->kernels->ntt_inverse(b->stream, &coefficients, b->x, b->plan->closing);
  return coefficients;
}

umbra_status umbra_decompose(umbra_digits *digits, umbra_ring *ring, umbra_stream *stream, const umbra_view *x,
                             umbra_window window) {
  block all = {.ring = ring, .stream = stream, .x = x};
  UMBRA_TRY(find_plan(&all.plan, ring, window));
  uint32_t auxes = ring->params->chain.auxes;
  size_t bytes = (size_t)window.count * umbra_ring_n(ring) * sizeof(uint32_t);
  void *memory;
  UMBRA_TRY(umbra_ring_take(ring, &memory, bytes, "a decomposition's workspace"));
  umbra_digits made = {.window = window};
  umbra_status status =
      umbra_poly_create(&made.extended, ring, all.plan->digits.count, window, auxes, "decomposed digits");
  if (status == UMBRA_OK) {
    all.count = window.count + auxes;
    all.data = made.extended.data;
    umbra_view coefficients = to_coefficients(&all, memory);
    extend_digits(&all, &coefficients);
    *digits = made;
  }
  umbra_ring_give(ring, memory, bytes);
  return status;
}

void umbra_digits_destroy(umbra_digits *digits, umbra_ring *ring) { umbra_poly_destroy(&digits->extended, ring); }

umbra_status umbra_inner_product(umbra_ring *ring, umbra_stream *stream, const umbra_view *acc,
                                 const umbra_digits *digits, const umbra_view *x, const umbra_switching_key *key,
                                 const umbra_view *init) {
  block all = {.ring = ring, .stream = stream, .x = x, .data = digits->extended.data};
  UMBRA_TRY(find_plan(&all.plan, ring, digits->window));
  all.count = digits->window.count + ring->params->chain.auxes;
  inner_product_block(&all, acc, key, init);
  return UMBRA_OK;
}

umbra_status umbra_switch(umbra_ring *ring, umbra_stream *stream, const umbra_view *acc, const umbra_view *x,
                          umbra_window window, const umbra_switching_key *key, const umbra_view *init) {
  block b = {.ring = ring, .stream = stream, .x = x};
  UMBRA_TRY(find_plan(&b.plan, ring, window));
  uint32_t limbs = window.count + ring->params->chain.auxes;
  uint32_t most = umbra_ring_block(ring) < limbs ? umbra_ring_block(ring) : limbs;
  size_t bytes = ((size_t)window.count + (size_t)most * b.plan->digits.count) * umbra_ring_n(ring) * sizeof(uint32_t);
  void *memory;
  UMBRA_TRY(umbra_ring_take(ring, &memory, bytes, "a key switch's workspace"));
  umbra_view coefficients = to_coefficients(&b, memory);
  b.data = (uint32_t *)memory + (size_t)window.count * umbra_ring_n(ring);
  for (b.first = 0; b.first < limbs; b.first += most) {
    b.count = limbs - b.first < most ? limbs - b.first : most;
    extend_digits(&b, &coefficients);
    inner_product_block(&b, acc, key, init);
  }
  umbra_ring_give(ring, memory, bytes);
  return UMBRA_OK;
}
