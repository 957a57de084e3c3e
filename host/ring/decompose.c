/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digit j of x at a window: with q_i its primes inside the window and Q their product, c_i the centred residue of
 * x * (P'' Q / q_i)^-1 mod q_i, the extended digit is P'' times the integer sum c_i * Q / q_i. That integer's overflow over
 * Q is not removed: the division by P' does that.
 */
#include "decompose.h"

#include "../../kernels/modarith.h"
#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "../device/enqueue.h"
#include "ring_internal.h"
#include "whole.h"

static umbra_status fill_digit(umbra_decomposition *plan, umbra_ring *ring, uint32_t j) {
  const umbra_chain *chain = &ring->params->chain;
  umbra_window window = plan->window, own = umbra_digit_window(chain, plan->digits.first + j, window);
  uint32_t window_end = umbra_window_end(window), aux = umbra_chain_aux(chain);
  uint32_t first = own.first, end = umbra_window_end(own);
  uint16_t source[UMBRA_MAX_PRIMES], target[UMBRA_MAX_PRIMES];
  uint32_t k = umbra_positions_append(source, 0, first, end);
  uint32_t all = umbra_positions_append(source, k, aux + plan->aux, aux + chain->auxes); /* those of P'' behind */
  uint32_t targets = umbra_positions_append(target, 0, window.first, first);
  targets = umbra_positions_append(target, targets, end, window_end);
  targets = umbra_positions_append(target, targets, aux, aux + plan->aux);
  for (uint32_t i = 0; i < k; i++) {
    uint32_t q = chain->prime[source[i]];
    plan->closing[source[i] - window.first] = umbra_mod_inv(umbra_ring_product(ring, source, all, i, q), q);
  }
  plan->digit[j] = (umbra_digit){.first = (uint16_t)(first - window.first), .count = (uint16_t)k};
  const umbra_bases bases = {source, target, source + k, k, targets, all - k, 0};
  umbra_conversion *conversion;
  UMBRA_TRY(umbra_ring_make_conversion(&conversion, ring, &bases));
  plan->digit[j].conversion = conversion;
  return UMBRA_OK;
}

static void destroy_plan(umbra_decomposition *plan, const umbra_ring *ring) {
  for (uint32_t j = 0; j < plan->digits.count; j++)
    if (plan->digit[j].conversion) ring->kernels->conversion_destroy((umbra_conversion *)plan->digit[j].conversion);
  umbra_free(plan);
}

static umbra_status fill_plan(umbra_decomposition *plan, umbra_ring *ring) {
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
    if (umbra_window_equal(plan->window, window)) {
      *out = plan;
      return UMBRA_OK;
    }
  umbra_decomposition *made;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a decomposition"));
  made->window = window;
  made->aux = umbra_switch_auxes(&ring->params->chain, window);
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

uint32_t umbra_digit_block_limbs(const umbra_digit_block *block) {
  return block->plan->window.count + block->plan->aux;
}

uint32_t umbra_digit_block_written(const umbra_digit_block *block, uint32_t first, uint32_t count) {
  const uint32_t own = block->plan->window.count; /* each of them some digit's */
  return count * block->plan->digits.count - (umbra_min_u32(first + count, own) - umbra_min_u32(first, own));
}

/* Whether blocks of so many limbs are such that what a launch writes is in the cache for the next one. */
static int launches_fit(const umbra_digit_block *block, uint32_t most) {
  const uint32_t limbs = umbra_digit_block_limbs(block), fit = umbra_ring_launch_limbs(block->ring);
  for (uint32_t first = 0; first < limbs; first += most)
    if (umbra_digit_block_written(block, first, umbra_min_u32(most, limbs - first)) > fit) return 0;
  return 1;
}

/* As few blocks as do, which are equally large. */
static uint32_t most_of_launches(const umbra_digit_block *block) {
  const uint32_t limbs = umbra_digit_block_limbs(block);
  uint32_t most = limbs;
  for (uint32_t blocks = 2; most > 1 && !launches_fit(block, most); blocks++)
    most = (uint32_t)umbra_quotient_above(limbs, blocks);
  return most;
}

uint32_t umbra_digit_block_most(const umbra_digit_block *block) {
  const uint32_t limbs = umbra_digit_block_limbs(block);
  if (umbra_ring_launch_limbs(block->ring)) return most_of_launches(block);
  return umbra_min_u32(umbra_ring_block(block->ring), limbs);
}

umbra_status umbra_digit_block_open(umbra_digit_block *block, umbra_ring *ring, umbra_stream *stream,
                                    const umbra_view *x, umbra_window window) {
  umbra_digit_block opened = {.ring = ring, .stream = stream, .x = x};
  UMBRA_TRY(find_plan(&opened.plan, ring, window));
  *block = opened;
  return UMBRA_OK;
}

/* The block's limbs of digit j. */
static umbra_view packed_digit(const umbra_digit_block *b, uint32_t j) {
  uint32_t *data = b->data + (size_t)j * b->count * umbra_ring_n(b->ring);
  return umbra_view_packed(b->ring, data, 1, b->plan->window, b->first, b->count);
}

/* Of limbs [first, first + count) of the block those that digit j does not own; *target: the first, among all such. */
static umbra_view extended_limbs(const umbra_digit_block *b, uint32_t j, uint32_t first, uint32_t count,
                                 uint32_t *target) {
  const umbra_digit *digit = &b->plan->digit[j];
  const uint32_t n = umbra_ring_n(b->ring), end = first + count;
  const uint32_t own_first = umbra_clamp_u32(digit->first, first, end),
                 own_end = umbra_clamp_u32(digit->first + digit->count, first, end);
  const umbra_view whole = packed_digit(b, j),
                   after = umbra_view_limbs_of(&whole, n, own_end - b->first, end - own_end);
  umbra_view limbs = umbra_view_limbs_of(&whole, n, first - b->first, own_first - first);
  umbra_view_append(&limbs, &after);
  *target = first < digit->first ? first : umbra_max_u32(first, digit->first + digit->count) - digit->count;
  return limbs;
}

/* One call for limbs of all digits, packed or not, from number `first` on. */
static void extend_all(const umbra_digit_block *b, const umbra_view *dst, uint32_t first,
                       const umbra_view *coefficients) {
  const umbra_decomposition *plan = b->plan;
  UMBRA_ENQUEUE(b->ring->kernels->extend_digits, b->stream, dst, coefficients, plan->digit, plan->digits.count, first);
}

void umbra_digit_block_transform(const umbra_digit_block *b, uint32_t first, uint32_t count) {
  for (uint32_t j = 0, ignored; j < b->plan->digits.count && !b->transformed; j++) {
    const umbra_view limbs = extended_limbs(b, j, first, count, &ignored);
    if (limbs.run->count) UMBRA_ENQUEUE(b->ring->kernels->ntt_forward, b->stream, &limbs);
  }
}

static void transform_strip(const void *block, const umbra_strip *strip) {
  umbra_digit_block_transform(block, strip->first, strip->count);
}

/* Digit by digit. */
static void convert_all(const umbra_digit_block *b, const umbra_view *coefficients) {
  const umbra_kernels *kernels = b->ring->kernels;
  umbra_conversion_call call[UMBRA_MAX_DIGITS];
  uint32_t calls = 0;
  for (uint32_t j = 0; j < b->plan->digits.count; j++) {
    const umbra_digit *digit = &b->plan->digit[j];
    umbra_conversion_call made = {.conversion = digit->conversion};
    made.src = umbra_view_limbs_of(coefficients, umbra_ring_n(b->ring), digit->first, digit->count);
    made.dst = extended_limbs(b, j, b->first, b->count, &made.first);
    if (made.dst.run->count) call[calls++] = made;
  }
  if (kernels->conversions) UMBRA_ENQUEUE(kernels->conversions, b->stream, call, calls);
  for (uint32_t i = 0; i < calls && !kernels->conversions; i++)
    UMBRA_ENQUEUE(kernels->convert, b->stream, &call[i].dst, &call[i].src, call[i].conversion, call[i].first);
}

void umbra_digit_block_extend(umbra_digit_block *b, const umbra_view *coefficients) {
  const int at_once = b->count == umbra_digit_block_limbs(b) || umbra_ring_launch_limbs(b->ring);
  b->transformed = b->ring->kernels->extend_digits && at_once;
  if (b->transformed) {
    umbra_view all = umbra_view_packed(b->ring, b->data, b->plan->digits.count, b->plan->window, b->first, b->count);
    extend_all(b, &all, b->first, coefficients);
  } else {
    convert_all(b, coefficients);
  }
}

/* A block of all limbs, in parts where that is better. */
static void extend_blocks(umbra_digit_block *all, const umbra_view *coefficients) {
  const umbra_decomposition *plan = all->plan;
  const uint32_t most = umbra_digit_block_most(all);
  const umbra_view whole = umbra_view_packed(all->ring, all->data, plan->digits.count, plan->window, 0, all->count);
  if (!umbra_ring_launch_limbs(all->ring)) {
    umbra_digit_block_extend(all, coefficients);
    umbra_ring_strips(all->ring, all->stream, all->count, transform_strip, all);
    return;
  }
  for (uint32_t first = 0; first < all->count; first += most) {
    const uint32_t count = umbra_min_u32(most, all->count - first);
    const umbra_view part = umbra_view_limbs_of(&whole, umbra_ring_n(all->ring), first, count);
    extend_all(all, &part, first, coefficients);
  }
}

umbra_view umbra_digit_block_view(const umbra_digit_block *b, uint32_t j, uint32_t first, uint32_t count) {
  const umbra_digit *digit = &b->plan->digit[j];
  uint32_t n = umbra_ring_n(b->ring), end = first + count;
  uint32_t own_first = umbra_clamp_u32(digit->first, first, end),
           own_end = umbra_clamp_u32(digit->first + digit->count, first, end);
  umbra_view whole = packed_digit(b, j);
  umbra_view view = umbra_view_limbs_of(&whole, n, first - b->first, own_first - first);
  umbra_view own = umbra_view_limbs_of(b->x, n, own_end > own_first ? own_first : 0, own_end - own_first);
  umbra_view after = umbra_view_limbs_of(&whole, n, own_end - b->first, end - own_end);
  umbra_view_append(&view, &own);
  umbra_view_append(&view, &after);
  return view;
}

umbra_view umbra_digit_block_coefficients(const umbra_digit_block *b, uint32_t *memory) {
  umbra_window window = b->plan->window;
  umbra_view coefficients = umbra_view_packed(b->ring, memory, b->x->polys, window, 0, window.count);
  UMBRA_ENQUEUE(b->ring->kernels->ntt_inverse, b->stream, &coefficients, b->x, b->plan->closing);
  return coefficients;
}

umbra_status umbra_decompose(umbra_digits *digits, umbra_ring *ring, umbra_stream *stream, const umbra_view *x,
                             umbra_window window) {
  umbra_digit_block all;
  if (umbra_ring_whole(ring)) {
    *digits = (umbra_digits){0};
    return UMBRA_OK;
  }
  UMBRA_TRY(umbra_digit_block_open(&all, ring, stream, x, window));
  size_t bytes = (size_t)window.count * umbra_ring_n(ring) * sizeof(uint32_t);
  void *memory;
  UMBRA_TRY(umbra_ring_take(ring, &memory, bytes, "a decomposition's workspace"));
  umbra_digits made = {0};
  umbra_status status =
      umbra_poly_create(&made.extended, ring, all.plan->digits.count, window, all.plan->aux, "decomposed digits");
  if (status == UMBRA_OK) {
    all.count = umbra_digit_block_limbs(&all);
    all.data = made.extended.data;
    umbra_view coefficients = umbra_digit_block_coefficients(&all, memory);
    extend_blocks(&all, &coefficients);
    *digits = made;
  }
  umbra_ring_give(ring, memory, bytes);
  return status;
}

void umbra_digits_destroy(umbra_digits *digits, umbra_ring *ring) { umbra_poly_destroy(&digits->extended, ring); }
