/* SPDX-License-Identifier: Apache-2.0 */
#include "key_switch.h"

#include "../base/error.h"
#include "../base/integers.h"
#include "../device/enqueue.h"
#include "divide.h"
#include "residence.h"
#include "ring_internal.h"
#include "whole.h"

/* ---- products with keys ---- */

umbra_view umbra_switching_key_view(const umbra_switching_key *key, const umbra_ring *ring,
                                    const umbra_decomposition *plan) {
  return umbra_poly_subview(&key->poly, ring, 2 * (plan->digits.first - key->digits.first), 2 * plan->digits.count,
                            plan->window, plan->aux);
}

/* Limbs of the digits that are held at once: a block. */
static uint32_t most_held(const umbra_digit_block *digits) {
  return umbra_min_u32(umbra_ring_block(digits->ring), umbra_digit_block_limbs(digits));
}

/* What makes init P times itself, unless it is that already. */
static void set_init_factor(umbra_key_product *p) {
  const umbra_decomposition *plan = p->digits.plan;
  uint32_t limbs = p->of.init ? umbra_view_limbs(p->of.init) : 0;
  for (uint32_t i = 0; i < limbs; i++) p->init_factor[i] = limbs == plan->window.count ? plan->p_mod[i] : 1;
}

/* Room for the digits, and x as coefficients. */
static umbra_status open_digits(umbra_key_product *p) {
  umbra_ring *ring = p->digits.ring;
  size_t n = umbra_ring_n(ring), own = p->digits.plan->window.count;
  p->bytes = (own + (size_t)most_held(&p->digits) * p->digits.plan->digits.count) * n * sizeof(uint32_t);
  UMBRA_TRY(umbra_ring_take(ring, &p->memory, p->bytes, "a key switch's workspace"));
  p->coefficients = umbra_digit_block_coefficients(&p->digits, p->memory);
  p->digits.data = (uint32_t *)p->memory + own * n;
  return UMBRA_OK;
}

umbra_status umbra_key_product_open(umbra_key_product *product, umbra_ring *ring, umbra_stream *stream,
                                    const umbra_switch_of *of) {
  umbra_key_product p = {.of = *of};
  UMBRA_TRY(umbra_digit_block_open(&p.digits, ring, stream, of->x, of->window));
  set_init_factor(&p);
  UMBRA_TRY(umbra_poly_pin(&of->key->poly, ring, stream));
  umbra_status status = UMBRA_OK;
  if (of->digits) {
    p.digits.data = of->digits->extended.data;
    p.digits.count = umbra_digit_block_limbs(&p.digits);
    p.digits.transformed = 1;
  } else {
    status = open_digits(&p);
  }
  if (status == UMBRA_OK) *product = p;
  else umbra_poly_unpin(&of->key->poly, ring);
  return status;
}

void umbra_key_product_close(umbra_key_product *product) {
  umbra_poly_unpin(&product->of.key->poly, product->digits.ring);
  umbra_ring_give(product->digits.ring, product->memory, product->bytes);
  *product = (umbra_key_product){0};
}

void umbra_key_product_prepare(void *product, uint32_t first, uint32_t count) {
  umbra_key_product *p = product;
  umbra_digit_block *digits = &p->digits;
  if (first >= digits->first && first + count <= digits->first + digits->count) return;
  uint32_t limbs = umbra_digit_block_limbs(digits);
  int all = most_held(digits) == limbs;
  digits->first = all ? 0 : first;
  digits->count = all ? limbs : count;
  umbra_digit_block_extend(digits, &p->coefficients);
}

void umbra_key_product_compute(const void *product, const umbra_view *dst, const umbra_strip *strip) {
  const umbra_key_product *p = product;
  const uint32_t first = strip->first, count = strip->count;
  const umbra_decomposition *plan = p->digits.plan;
  const umbra_ring *ring = p->digits.ring;
  const umbra_view *whole_init = p->of.init;
  uint32_t n = umbra_ring_n(ring), init_limbs = whole_init ? umbra_view_limbs(whole_init) : 0;
  umbra_view digit[UMBRA_MAX_DIGITS];
  umbra_digit_block_transform(&p->digits, first, count);
  for (uint32_t j = 0; j < plan->digits.count; j++) digit[j] = umbra_digit_block_view(&p->digits, j, first, count);
  umbra_view keys = umbra_switching_key_view(p->of.key, ring, plan);
  umbra_view key = umbra_view_limbs_of(&keys, n, first, count), init;
  int has_init = first < init_limbs;
  if (has_init) init = umbra_view_limbs_of(whole_init, n, first, umbra_min_u32(count, init_limbs - first));
  UMBRA_ENQUEUE(ring->kernels->inner_product, p->digits.stream, dst, digit, plan->digits.count, &key,
                has_init ? &init : NULL, p->init_factor + first, p->of.galois);
}

/* ---- switches ---- */

static umbra_dividend dividend_of(umbra_key_product *product) {
  const umbra_decomposition *plan = product->digits.plan;
  return (umbra_dividend){.window = plan->window,
                          .aux = plan->aux,
                          .spared = product->digits.ring->params->chain.auxes - plan->aux,
                          .prepare = umbra_key_product_prepare,
                          .compute = umbra_key_product_compute,
                          .source = product};
}

umbra_status umbra_switch(umbra_ring *ring, umbra_stream *stream, const umbra_view *dst, umbra_window to,
                          const umbra_switch_of *of) {
  umbra_key_product product;
  if (umbra_ring_whole(ring)) {
    umbra_whole_switch(ring, stream, dst, to, of);
    return UMBRA_OK;
  }
  UMBRA_TRY(umbra_key_product_open(&product, ring, stream, of));
  umbra_dividend dividend = dividend_of(&product);
  umbra_status status = umbra_divide(ring, stream, dst, to, &dividend, NULL);
  umbra_key_product_close(&product);
  umbra_ring_count_switches(ring, status == UMBRA_OK);
  return status;
}

/* A sum of which limbs from `first` on are to take in the product's; room: for strips. */
typedef struct addition {
  const umbra_key_product *product;
  const umbra_view *sum;
  uint32_t *room;
  uint32_t first;
} addition;

static void add_strip(const void *data, const umbra_strip *strip) {
  const addition *a = data;
  const umbra_ring *ring = a->product->digits.ring;
  const uint32_t n = umbra_ring_n(ring);
  const umbra_strip of_product = {a->first + strip->first, strip->count, strip->place};
  umbra_view to = umbra_view_limbs_of(a->sum, n, of_product.first, of_product.count);
  umbra_view term = umbra_view_packed_like(&to, a->room + (size_t)strip->place * to.polys * n, n);
  umbra_key_product_compute(a->product, &term, &of_product);
  UMBRA_ENQUEUE(ring->kernels->add, a->product->digits.stream, &to, &to, &term);
}

/* sum += the product, block after block. */
static void add_product(umbra_key_product *product, const umbra_view *sum, uint32_t *room) {
  umbra_ring *ring = product->digits.ring;
  const uint32_t limbs = umbra_view_limbs(sum), block = umbra_ring_block(ring);
  for (uint32_t first = 0; first < limbs; first += block) {
    const uint32_t count = umbra_min_u32(limbs - first, block);
    const addition a = {product, sum, room, first};
    umbra_key_product_prepare(product, first, count);
    umbra_ring_strips(ring, product->digits.stream, count, add_strip, &a);
  }
}

umbra_status umbra_switch_add(umbra_ring *ring, umbra_stream *stream, const umbra_view *sum,
                              const umbra_switch_of *of) {
  const size_t limbs = sum->polys * (size_t)umbra_ring_strip_room(ring, umbra_view_limbs(sum));
  const size_t bytes = limbs * umbra_ring_n(ring) * sizeof(uint32_t);
  umbra_key_product product;
  void *room;
  if (umbra_ring_whole(ring)) {
    umbra_whole_switch_add(ring, stream, sum, of);
    return UMBRA_OK;
  }
  UMBRA_TRY(umbra_ring_take(ring, &room, bytes, "a key switch's workspace"));
  umbra_status status = umbra_key_product_open(&product, ring, stream, of);
  if (status == UMBRA_OK) {
    add_product(&product, sum, room);
    umbra_key_product_close(&product);
    umbra_ring_count_switches(ring, 1);
  }
  umbra_ring_give(ring, room, bytes);
  return status;
}

/* `count` <= UMBRA_DIVISIONS_TOGETHER switches, in step; meanwhile the keys come of the `next` ones after them. */
static umbra_status switch_group(umbra_ring *ring, umbra_stream *stream, const umbra_switch_to *to, size_t count,
                                 size_t next, const umbra_switch_of *of) {
  umbra_key_product product[UMBRA_DIVISIONS_TOGETHER];
  umbra_dividend dividend[UMBRA_DIVISIONS_TOGETHER];
  umbra_view dst[UMBRA_DIVISIONS_TOGETHER];
  umbra_status status = UMBRA_OK;
  size_t opened = 0;
  for (size_t i = 0; i < count && status == UMBRA_OK; i++) {
    umbra_switch_of one = *of;
    one.key = to[i].key;
    one.galois = to[i].galois;
    status = umbra_key_product_open(&product[i], ring, stream, &one);
    if (status == UMBRA_OK) dividend[opened++] = dividend_of(&product[i]);
    dst[i] = to[i].dst;
  }
  for (size_t i = count; i < count + next && status == UMBRA_OK; i++) umbra_poly_prefetch(&to[i].key->poly, ring);
  if (status == UMBRA_OK) status = umbra_divide_many(ring, stream, dst, of->window, dividend, count);
  while (opened) umbra_key_product_close(&product[--opened]);
  return status;
}

/*
 * Where memory is short, fewer go together: less workspace, and fewer keys that have to be there at once. A quarter:
 * where half would fit, it leaves room for the keys of the next ones.
 */
umbra_status umbra_switch_many(umbra_ring *ring, umbra_stream *stream, const umbra_switch_to *to, size_t count,
                               const umbra_switch_of *of) {
  if (umbra_ring_whole(ring)) {
    umbra_whole_switch_many(ring, stream, to, count, of);
    return UMBRA_OK;
  }
  for (size_t most = UMBRA_DIVISIONS_TOGETHER, done = 0; done < count;) {
    size_t left = count - done, now = left < most ? left : most, next = left - now < now ? left - now : now;
    umbra_status status = switch_group(ring, stream, to + done, now, next, of);
    if (status == UMBRA_OK) done += now;
    else if (status == UMBRA_ERROR_OUT_OF_MEMORY && now > 1) most = (now + 3) / 4;
    else return status;
  }
  umbra_ring_count_switches(ring, count);
  return UMBRA_OK;
}
