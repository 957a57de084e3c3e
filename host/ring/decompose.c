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
#include "divide.h"
#include "residence.h"
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

/* Limbs of the window and the auxiliary primes. */
static uint32_t all_limbs(const umbra_key_product *p) { return p->plan->window.count + p->ring->params->chain.auxes; }

static uint32_t *digit_data(const umbra_key_product *p, uint32_t j) {
  return p->data + (size_t)j * p->count * umbra_ring_n(p->ring);
}

static uint32_t clamp(uint32_t value, uint32_t lo, uint32_t hi) { return value < lo ? lo : value > hi ? hi : value; }

/* Limbs [first, end) of the block, none of them the digit's own: conversion and transform. */
static void extend_part(const umbra_key_product *p, uint32_t j, uint32_t first, uint32_t end,
                        const umbra_view *coefficients) {
  if (first == end) return;
  const umbra_kernels *kernels = p->ring->kernels;
  const digit_plan *digit = &p->plan->digit[j];
  umbra_view whole = umbra_view_packed(p->ring, digit_data(p, j), 1, p->plan->window, p->first, p->count);
  umbra_view part = umbra_view_limbs_of(&whole, umbra_ring_n(p->ring), first - p->first, end - first);
  uint32_t target = first < digit->first ? first : first - (digit->end - digit->first);
  kernels->convert(p->stream, &part, coefficients, digit->conversion, target);
  kernels->ntt_forward(p->stream, &part);
}

/* All digits over all limbs, in one call. */
static void extend_fused(const umbra_key_product *p, const umbra_view *coefficients) {
  const umbra_decomposition *plan = p->plan;
  umbra_digit digit[UMBRA_MAX_DIGITS];
  for (uint32_t j = 0; j < plan->digits.count; j++)
    digit[j] = (umbra_digit){.first = (uint16_t)plan->digit[j].first,
                             .count = (uint16_t)(plan->digit[j].end - plan->digit[j].first),
                             .conversion = plan->digit[j].conversion};
  umbra_view all = umbra_view_packed(p->ring, p->data, plan->digits.count, plan->window, 0, p->count);
  p->ring->kernels->extend_digits(p->stream, &all, coefficients, digit);
}

/* coefficients: x over the window, in the coefficient domain, times `closing`. */
static void extend_digits(const umbra_key_product *p, const umbra_view *coefficients) {
  if (p->ring->kernels->extend_digits && p->count == all_limbs(p)) {
    extend_fused(p, coefficients);
    return;
  }
  uint32_t end = p->first + p->count;
  for (uint32_t j = 0; j < p->plan->digits.count; j++) {
    const digit_plan *digit = &p->plan->digit[j];
    umbra_view own = umbra_view_limbs_of(coefficients, umbra_ring_n(p->ring), digit->first, digit->end - digit->first);
    extend_part(p, j, p->first, clamp(digit->first, p->first, end), &own);
    extend_part(p, j, clamp(digit->end, p->first, end), end, &own);
  }
}

/* Digit j over the block: its own limbs are x's. */
static umbra_view digit_view(const umbra_key_product *p, uint32_t j) {
  uint32_t n = umbra_ring_n(p->ring), end = p->first + p->count;
  uint32_t own_first = clamp(p->plan->digit[j].first, p->first, end);
  uint32_t own_end = clamp(p->plan->digit[j].end, p->first, end);
  umbra_view whole = umbra_view_packed(p->ring, digit_data(p, j), 1, p->plan->window, p->first, p->count);
  umbra_view view = umbra_view_limbs_of(&whole, n, 0, own_first - p->first);
  umbra_view own = umbra_view_limbs_of(p->x, n, own_end > own_first ? own_first : 0, own_end - own_first);
  umbra_view after = umbra_view_limbs_of(&whole, n, own_end - p->first, end - own_end);
  umbra_view_append(&view, &own);
  umbra_view_append(&view, &after);
  return view;
}

/* x over the window in the coefficient domain, times the closing constants, in memory of `window.count` limbs. */
static umbra_view to_coefficients(const umbra_key_product *p, uint32_t *memory) {
  umbra_window window = p->plan->window;
  umbra_view coefficients = umbra_view_packed(p->ring, memory, 1, window, 0, window.count);
  p->ring->kernels->ntt_inverse(p->stream, &coefficients, p->x, p->plan->closing);
  return coefficients;
}

umbra_status umbra_decompose(umbra_digits *digits, umbra_ring *ring, umbra_stream *stream, const umbra_view *x,
                             umbra_window window) {
  umbra_key_product all = {.ring = ring, .stream = stream, .x = x};
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

/* ---- products with keys ---- */

/* Limbs of the digits that are held at once: a block. */
static uint32_t most_held(const umbra_key_product *p) {
  uint32_t block = umbra_ring_block(p->ring), limbs = all_limbs(p);
  return block < limbs ? block : limbs;
}

/* Room for the digits, and x as coefficients. */
static umbra_status open_digits(umbra_key_product *p) {
  size_t n = umbra_ring_n(p->ring), own = p->plan->window.count;
  p->bytes = (own + (size_t)most_held(p) * p->plan->digits.count) * n * sizeof(uint32_t);
  UMBRA_TRY(umbra_ring_take(p->ring, &p->memory, p->bytes, "a key switch's workspace"));
  p->coefficients = to_coefficients(p, p->memory);
  p->data = (uint32_t *)p->memory + own * n;
  return UMBRA_OK;
}

umbra_status umbra_key_product_open(umbra_key_product *product, umbra_ring *ring, umbra_stream *stream,
                                    const umbra_view *x, umbra_window window, const umbra_digits *digits,
                                    const umbra_switching_key *key, const umbra_view *init, uint32_t galois) {
  umbra_key_product p = {.ring = ring, .stream = stream, .x = x, .key = key, .init = init, .galois = galois};
  UMBRA_TRY(find_plan(&p.plan, ring, window));
  UMBRA_TRY(umbra_poly_pin(&key->poly, ring, stream));
  umbra_status status = UMBRA_OK;
  if (digits) {
    p.data = digits->extended.data;
    p.count = all_limbs(&p);
  } else {
    status = open_digits(&p);
  }
  if (status == UMBRA_OK) *product = p;
  else umbra_poly_unpin(&key->poly, ring);
  return status;
}

void umbra_key_product_close(umbra_key_product *product) {
  umbra_poly_unpin(&product->key->poly, product->ring);
  umbra_ring_give(product->ring, product->memory, product->bytes);
  *product = (umbra_key_product){0};
}

void umbra_key_product_prepare(void *product, uint32_t first, uint32_t count) {
  umbra_key_product *p = product;
  if (first >= p->first && first + count <= p->first + p->count) return;
  int all = most_held(p) == all_limbs(p);
  p->first = all ? 0 : first;
  p->count = all ? all_limbs(p) : count;
  extend_digits(p, &p->coefficients);
}

void umbra_key_product_compute(void *product, const umbra_view *dst, uint32_t first, uint32_t count) {
  const umbra_key_product *p = product;
  const umbra_decomposition *plan = p->plan;
  uint32_t n = umbra_ring_n(p->ring);
  umbra_view digit[UMBRA_MAX_DIGITS];
  for (uint32_t j = 0; j < plan->digits.count; j++) {
    umbra_view held = digit_view(p, j);
    digit[j] = umbra_view_limbs_of(&held, n, first - p->first, count);
  }
  umbra_view keys = umbra_poly_subview(&p->key->poly, p->ring, 2 * (plan->digits.first - p->key->digits.first),
                                       2 * plan->digits.count, plan->window, p->ring->params->chain.auxes);
  umbra_view key = umbra_view_limbs_of(&keys, n, first, count), init;
  int has_init = p->init && first < plan->window.count;
  if (has_init) init = umbra_view_limbs_of(p->init, n, first, clamp(count, 0, plan->window.count - first));
  p->ring->kernels->inner_product(p->stream, dst, digit, plan->digits.count, &key, has_init ? &init : NULL,
                                  plan->p_mod + first, p->galois);
}

static umbra_dividend dividend_of(umbra_key_product *product) {
  return (umbra_dividend){.window = product->plan->window,
                          .aux = product->ring->params->chain.auxes,
                          .prepare = umbra_key_product_prepare,
                          .compute = umbra_key_product_compute,
                          .source = product};
}

umbra_status umbra_switch(umbra_ring *ring, umbra_stream *stream, const umbra_view *dst, umbra_window to,
                          const umbra_view *x, umbra_window window, const umbra_switching_key *key,
                          const umbra_view *init, uint32_t galois) {
  umbra_key_product product;
  UMBRA_TRY(umbra_key_product_open(&product, ring, stream, x, window, NULL, key, init, galois));
  umbra_dividend dividend = dividend_of(&product);
  umbra_status status = umbra_divide(ring, stream, dst, to, &dividend, NULL);
  umbra_key_product_close(&product);
  return status;
}

/* `count` <= UMBRA_DIVISIONS_TOGETHER switches, in step. */
static umbra_status switch_group(umbra_ring *ring, umbra_stream *stream, const umbra_switch_to *to, size_t count,
                                 const umbra_view *x, const umbra_digits *digits, const umbra_view *init) {
  umbra_key_product product[UMBRA_DIVISIONS_TOGETHER];
  umbra_dividend dividend[UMBRA_DIVISIONS_TOGETHER];
  umbra_view dst[UMBRA_DIVISIONS_TOGETHER];
  umbra_status status = UMBRA_OK;
  size_t opened = 0;
  for (size_t i = 0; i < count && status == UMBRA_OK; i++) {
    status =
        umbra_key_product_open(&product[i], ring, stream, x, digits->window, digits, to[i].key, init, to[i].galois);
    if (status == UMBRA_OK) dividend[opened++] = dividend_of(&product[i]);
    dst[i] = to[i].dst;
  }
  if (status == UMBRA_OK) status = umbra_divide_many(ring, stream, dst, digits->window, dividend, count);
  while (opened) umbra_key_product_close(&product[--opened]);
  return status;
}

/* Where memory is short, fewer go together: less workspace, and fewer keys that have to be there at once. */
umbra_status umbra_switch_many(umbra_ring *ring, umbra_stream *stream, const umbra_switch_to *to, size_t count,
                               const umbra_view *x, const umbra_digits *digits, const umbra_view *init) {
  size_t most = UMBRA_DIVISIONS_TOGETHER;
  for (size_t done = 0, now; done < count; done += now) {
    now = count - done < most ? count - done : most;
    umbra_status status = switch_group(ring, stream, to + done, now, x, digits, init);
    for (; status == UMBRA_ERROR_OUT_OF_MEMORY && now > 1; most = now) {
      now /= 2;
      status = switch_group(ring, stream, to + done, now, x, digits, init);
    }
    UMBRA_TRY(status);
  }
  return UMBRA_OK;
}
