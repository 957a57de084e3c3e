/* SPDX-License-Identifier: Apache-2.0 */
#include "key_switch.h"

#include "../base/error.h"
#include "../base/integers.h"
#include "../device/enqueue.h"
#include "copies.h"
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

umbra_status umbra_keys_pin(const umbra_rotation *rotation, size_t count, umbra_ring *ring, umbra_stream *stream) {
  for (size_t i = 0; i < count; i++) {
    const umbra_status status = umbra_poly_pin(&rotation[i].key->poly, ring, stream);
    if (status == UMBRA_OK) continue;
    umbra_keys_unpin(rotation, i, ring);
    return status;
  }
  return UMBRA_OK;
}

void umbra_keys_unpin(const umbra_rotation *rotation, size_t count, umbra_ring *ring) {
  while (count) umbra_poly_unpin(&rotation[--count].key->poly, ring);
}

/* What makes init P times itself, unless it is that already. */
static void set_init_factor(umbra_key_product *p) {
  const umbra_decomposition *plan = p->digits.plan;
  uint32_t limbs = p->of.init ? umbra_view_limbs(p->of.init) : 0;
  for (uint32_t i = 0; i < limbs; i++) p->init_factor[i] = limbs == plan->window.count ? plan->p_mod[i] : 1;
}

static void use_hoisted(umbra_digit_block *block, const umbra_digits *digits) {
  block->data = digits->extended.data;
  block->count = umbra_digit_block_limbs(block);
  block->transformed = 1;
}

/* Room for the digits, and x as coefficients. */
static umbra_status open_digits(umbra_key_product *p) {
  umbra_ring *ring = p->digits.ring;
  size_t n = umbra_ring_n(ring), own = p->digits.plan->window.count;
  p->bytes = (own + (size_t)umbra_digit_block_most(&p->digits) * p->digits.plan->digits.count) * n * sizeof(uint32_t);
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
  if (of->digits) use_hoisted(&p.digits, of->digits);
  else status = open_digits(&p);
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
  int all = umbra_digit_block_most(digits) == limbs;
  digits->first = all ? 0 : first;
  digits->count = all ? limbs : count;
  umbra_digit_block_extend(digits, &p->coefficients);
}

/* dst = [dst +] limbs [first, first + count). */
static void multiply(const umbra_key_product *p, const umbra_view *dst, uint32_t first, uint32_t count,
                     int accumulate) {
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
                has_init ? &init : NULL, p->init_factor + first, p->of.galois, accumulate);
}

void umbra_key_product_compute(const void *product, const umbra_view *dst, const umbra_strip *strip) {
  multiply(product, dst, strip->first, strip->count, 0);
}

void umbra_key_products(const umbra_ring *ring, umbra_stream *stream, const umbra_view *dst,
                        const umbra_key_products_of *of) {
  const umbra_kernels *kernels = ring->kernels;
  if (kernels->inner_products) {
    UMBRA_ENQUEUE(kernels->inner_products, stream, dst, of->digit, of->digits, of->key, of->init, of->factor,
                  of->galois, of->rotations);
    return;
  }
  for (uint32_t r = 0; r < of->rotations; r++) {
    const umbra_view pair = umbra_view_polys(dst, 2 * r, 2);
    UMBRA_ENQUEUE(kernels->inner_product, stream, &pair, of->digit, of->digits, &of->key[r], of->init, of->factor,
                  of->galois[r], 0);
  }
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

/* Where launches cost, the product is made at once, block after block: it does not have to be in few pieces. */
static umbra_dividend store_product(umbra_key_product *product, uint32_t *memory) {
  const umbra_digit_block *digits = &product->digits;
  const uint32_t limbs = umbra_digit_block_limbs(digits), block = umbra_digit_block_most(digits);
  const umbra_view whole = umbra_view_packed(digits->ring, memory, 2, digits->plan->window, 0, limbs);
  for (uint32_t first = 0; first < limbs; first += block) {
    const uint32_t count = umbra_min_u32(block, limbs - first);
    const umbra_view part = umbra_view_limbs_of(&whole, umbra_ring_n(digits->ring), first, count);
    umbra_key_product_prepare(product, first, count);
    multiply(product, &part, first, count, 0);
  }
  return umbra_dividend_of_switch(umbra_ring_chain(digits->ring), &whole, digits->plan->window);
}

/* The same as a division of what is in memory. */
static umbra_status divide_stored(umbra_key_product *product, const umbra_view *dst, umbra_window to) {
  umbra_ring *ring = product->digits.ring;
  const size_t bytes = 2 * (size_t)umbra_digit_block_limbs(&product->digits) * umbra_ring_n(ring) * sizeof(uint32_t);
  void *memory;
  UMBRA_TRY(umbra_ring_take(ring, &memory, bytes, "a key switch's product"));
  const umbra_dividend dividend = store_product(product, memory);
  umbra_status status = umbra_divide(ring, product->digits.stream, dst, to, &dividend, NULL);
  umbra_ring_give(ring, memory, bytes);
  return status;
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
  umbra_status status = umbra_ring_launch_limbs(ring) ? divide_stored(&product, dst, to)
                                                      : umbra_divide(ring, stream, dst, to, &dividend, NULL);
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

static umbra_status add_in_strips(umbra_ring *ring, umbra_stream *stream, const umbra_view *sum,
                                  const umbra_switch_of *of) {
  const size_t limbs = sum->polys * (size_t)umbra_ring_strip_room(ring, umbra_view_limbs(sum));
  const size_t bytes = limbs * umbra_ring_n(ring) * sizeof(uint32_t);
  umbra_key_product product;
  void *room;
  UMBRA_TRY(umbra_ring_take(ring, &room, bytes, "a key switch's workspace"));
  umbra_status status = umbra_key_product_open(&product, ring, stream, of);
  if (status == UMBRA_OK) {
    add_product(&product, sum, room);
    umbra_key_product_close(&product);
  }
  umbra_ring_give(ring, room, bytes);
  return status;
}

/*
 * Where launches cost: the digits of several polynomials at once, as far as the next launch finds them in the cache. Their
 * products are added to one sum, or each to one of its own.
 */
typedef struct joint {
  const umbra_view *sum; /* 2 polynomials, or, apart, as many for each of x */
  const umbra_view *x;
  umbra_view init;  /* of the first one's product */
  size_t init_step; /* words from there to the next one's */
  const umbra_rotation *rotation;
  int apart;
  umbra_digit_block digits;
  umbra_view coefficients; /* of all */
  uint32_t *memory;        /* of digits */
  uint32_t together;       /* polynomials */
} joint;

/* A view, that many words further. */
static umbra_view shifted(const umbra_view *view, size_t words) {
  umbra_view moved = *view;
  for (int r = 0; r < UMBRA_MAX_RUNS; r++)
    if (moved.run[r].count) moved.run[r].data += words;
  return moved;
}

static umbra_digit_block block_of(const joint *a, uint32_t i, const umbra_view *x, uint32_t first, uint32_t count) {
  umbra_digit_block block = a->digits;
  const size_t limbs = (size_t)block.plan->digits.count * count;
  block.x = x;
  block.first = first;
  block.count = count;
  block.transformed = 1;
  block.data = a->memory + i * limbs * umbra_ring_n(block.ring);
  return block;
}

/* Limbs of the product of polynomial p, whose digits are number i of those in memory. */
static void add_limbs_of(const joint *a, uint32_t p, uint32_t i, uint32_t first, uint32_t count) {
  const umbra_view x = umbra_view_poly(a->x, p), init = shifted(&a->init, p * a->init_step);
  const umbra_view sum = a->apart ? umbra_view_polys(a->sum, 2 * p, 2) : *a->sum;
  const umbra_view to = umbra_view_limbs_of(&sum, umbra_ring_n(a->digits.ring), first, count);
  umbra_key_product product = {.of = {.window = a->digits.plan->window,
                                      .key = a->rotation[p].key,
                                      .init = &init,
                                      .galois = a->rotation[p].galois},
                               .digits = block_of(a, i, &x, first, count)};
  set_init_factor(&product);
  multiply(&product, &to, first, count, !a->apart);
}

/* Limbs of the products of polynomials [p, p + polys). */
static void add_limbs(const joint *a, uint32_t p, uint32_t polys, uint32_t first, uint32_t count) {
  const umbra_decomposition *plan = a->digits.plan;
  const umbra_ring *ring = a->digits.ring;
  const umbra_view coefficients = umbra_view_polys(&a->coefficients, p, polys);
  const umbra_view all = umbra_view_packed(ring, a->memory, plan->digits.count * polys, plan->window, first, count);
  UMBRA_ENQUEUE(ring->kernels->extend_digits, a->digits.stream, &all, &coefficients, plan->digit, plan->digits.count,
                first);
  for (uint32_t i = 0; i < polys; i++) add_limbs_of(a, p + i, i, first, count);
}

static umbra_status add_with_room(joint *a) {
  umbra_ring *ring = a->digits.ring;
  const uint32_t limbs = umbra_digit_block_limbs(&a->digits), polys = a->x->polys;
  const uint32_t block = umbra_digit_block_most(&a->digits), digits = a->digits.plan->digits.count;
  const size_t bytes = (size_t)a->together * digits * block * umbra_ring_n(ring) * sizeof(uint32_t);
  void *memory;
  UMBRA_TRY(umbra_ring_take(ring, &memory, bytes, "a key switch's workspace"));
  a->memory = memory;
  for (uint32_t p = 0; p < polys; p += a->together)
    for (uint32_t first = 0; first < limbs; first += block)
      add_limbs(a, p, umbra_min_u32(a->together, polys - p), first, umbra_min_u32(block, limbs - first));
  umbra_ring_give(ring, memory, bytes);
  return UMBRA_OK;
}

static umbra_status add_pinned(joint *a) {
  umbra_ring *ring = a->digits.ring;
  const uint32_t polys = a->x->polys, limbs = umbra_digit_block_limbs(&a->digits);
  const uint32_t digits = a->digits.plan->digits.count, written = umbra_digit_block_written(&a->digits, 0, limbs);
  const size_t bytes = (size_t)polys * a->digits.plan->window.count * umbra_ring_n(ring) * sizeof(uint32_t);
  void *memory;
  UMBRA_TRY(umbra_ring_take(ring, &memory, bytes, "a key switch's workspace"));
  a->coefficients = umbra_digit_block_coefficients(&a->digits, memory);
  a->together = umbra_clamp_u32(umbra_ring_launch_limbs(ring) / umbra_max_u32(written, 1), 1,
                                umbra_min_u32(polys, UMBRA_MAX_DIGITS / digits));
  umbra_status status = add_with_room(a);
  umbra_ring_give(ring, memory, bytes);
  return status;
}

static umbra_status add_jointly(joint *a, umbra_ring *ring, umbra_stream *stream, umbra_window window) {
  UMBRA_TRY(umbra_digit_block_open(&a->digits, ring, stream, a->x, window));
  UMBRA_TRY(umbra_keys_pin(a->rotation, a->x->polys, ring, stream));
  umbra_status status = add_pinned(a);
  umbra_keys_unpin(a->rotation, a->x->polys, ring);
  return status;
}

static umbra_status add_at_once(umbra_ring *ring, umbra_stream *stream, const umbra_view *sum,
                                const umbra_switch_add_of *of) {
  joint a = {.sum = sum,
             .x = of->x,
             .init = umbra_view_poly(of->init, 0),
             .init_step = of->init->stride,
             .rotation = of->rotation};
  return add_jointly(&a, ring, stream, of->window);
}

static umbra_status add_each(umbra_ring *ring, umbra_stream *stream, const umbra_view *sum,
                             const umbra_switch_add_of *of) {
  for (uint32_t i = 0; i < of->x->polys; i++) {
    const umbra_view x = umbra_view_poly(of->x, i), init = umbra_view_poly(of->init, i);
    const umbra_switch_of one = {
        .x = &x, .window = of->window, .key = of->rotation[i].key, .init = &init, .galois = of->rotation[i].galois};
    if (umbra_ring_whole(ring)) umbra_whole_switch_add(ring, stream, sum, &one);
    else UMBRA_TRY(add_in_strips(ring, stream, sum, &one));
  }
  return UMBRA_OK;
}

/* Where memory is short, nothing was added yet. */
umbra_status umbra_switch_add(umbra_ring *ring, umbra_stream *stream, const umbra_view *sum,
                              const umbra_switch_add_of *of) {
  umbra_status status = UMBRA_ERROR_OUT_OF_MEMORY;
  if (umbra_ring_launch_limbs(ring)) status = add_at_once(ring, stream, sum, of);
  if (status == UMBRA_ERROR_OUT_OF_MEMORY) status = add_each(ring, stream, sum, of);
  UMBRA_TRY(status);
  if (!umbra_ring_whole(ring)) umbra_ring_count_switches(ring, of->x->polys);
  return UMBRA_OK;
}

/* ---- sums of switches of one polynomial ---- */

static umbra_switch_of with_rotation(const umbra_switch_of *of, const umbra_rotation *rotation) {
  umbra_switch_of one = *of;
  one.key = rotation->key;
  one.galois = rotation->galois;
  return one;
}

/* A summand: strips of the product are added to those of the sum, unless it is the first. */
typedef struct summand {
  const umbra_key_product *product;
  const umbra_view *sum;
  int accumulate;
} summand;

static void add_summand(const void *data, const umbra_strip *strip) {
  const summand *s = data;
  const uint32_t n = umbra_ring_n(s->product->digits.ring);
  const umbra_view to = umbra_view_limbs_of(s->sum, n, strip->first, strip->count);
  multiply(s->product, &to, strip->first, strip->count, s->accumulate);
}

/* One key at a time. */
static umbra_status add_summands(umbra_ring *ring, umbra_stream *stream, const umbra_view *sum,
                                 const umbra_rotation *rotation, size_t count, const umbra_switch_of *of) {
  umbra_key_product product;
  for (size_t i = 0; i < count; i++) {
    const umbra_switch_of one = with_rotation(of, &rotation[i]);
    UMBRA_TRY(umbra_key_product_open(&product, ring, stream, &one));
    if (i + 1 < count) umbra_poly_prefetch(&rotation[i + 1].key->poly, ring);
    const summand term = {&product, sum, i > 0};
    umbra_ring_strips(ring, stream, umbra_view_limbs(sum), add_summand, &term);
    umbra_key_product_close(&product);
  }
  return UMBRA_OK;
}

static umbra_status sum_hoisted(umbra_ring *ring, umbra_stream *stream, const umbra_view *dst,
                                const umbra_rotation *rotation, size_t count, const umbra_switch_of *of) {
  const uint32_t limbs = of->window.count + umbra_switch_auxes(umbra_ring_chain(ring), of->window);
  const size_t bytes = 2 * (size_t)limbs * umbra_ring_n(ring) * sizeof(uint32_t);
  void *memory;
  UMBRA_TRY(umbra_ring_take(ring, &memory, bytes, "a sum of key switches"));
  const umbra_view sum = umbra_view_packed(ring, memory, 2, of->window, 0, limbs);
  const umbra_dividend dividend = umbra_dividend_of_switch(umbra_ring_chain(ring), &sum, of->window);
  umbra_status status = add_summands(ring, stream, &sum, rotation, count, of);
  if (status == UMBRA_OK) status = umbra_divide(ring, stream, dst, of->window, &dividend, NULL);
  umbra_ring_give(ring, memory, bytes);
  umbra_ring_count_switches(ring, status == UMBRA_OK ? count : 0);
  return status;
}

umbra_status umbra_switch_sum(umbra_ring *ring, umbra_stream *stream, const umbra_view *dst,
                              const umbra_rotation *rotation, size_t count, const umbra_switch_of *of) {
  umbra_digits digits;
  if (umbra_ring_whole(ring)) {
    umbra_whole_switch_sum(ring, stream, dst, rotation, count, of);
    return UMBRA_OK;
  }
  UMBRA_TRY(umbra_decompose(&digits, ring, stream, of->x, of->window));
  umbra_switch_of hoisted = *of;
  hoisted.digits = &digits;
  umbra_status status = sum_hoisted(ring, stream, dst, rotation, count, &hoisted);
  umbra_digits_destroy(&digits, ring);
  return status;
}

/* ---- switches of several polynomials ---- */

/* All products, then one division of all. */
static umbra_status switch_jointly(umbra_ring *ring, umbra_stream *stream, const umbra_view *dst, umbra_window to,
                                   const umbra_switch_each_of *of) {
  const uint32_t limbs = of->window.count + umbra_switch_auxes(umbra_ring_chain(ring), of->window);
  const size_t bytes = (size_t)dst->polys * limbs * umbra_ring_n(ring) * sizeof(uint32_t);
  void *memory;
  UMBRA_TRY(umbra_ring_take(ring, &memory, bytes, "key switches' products"));
  const umbra_view products = umbra_view_packed(ring, memory, dst->polys, of->window, 0, limbs);
  joint a = {.sum = &products,
             .x = of->x,
             .init = *of->init,
             .init_step = of->x->stride,
             .rotation = of->rotation,
             .apart = 1};
  umbra_status status = add_jointly(&a, ring, stream, of->window);
  const umbra_dividend dividend = umbra_dividend_of_switch(umbra_ring_chain(ring), &products, of->window);
  if (status == UMBRA_OK) status = umbra_divide(ring, stream, dst, to, &dividend, NULL);
  umbra_ring_give(ring, memory, bytes);
  umbra_ring_count_switches(ring, status == UMBRA_OK ? of->x->polys : 0);
  return status;
}

static umbra_status switch_in_turn(umbra_ring *ring, umbra_stream *stream, const umbra_view *dst, umbra_window to,
                                   const umbra_switch_each_of *of) {
  for (uint32_t i = 0; i < of->x->polys; i++) {
    const umbra_view pair = umbra_view_polys(dst, 2 * i, 2), x = umbra_view_poly(of->x, i),
                     init = shifted(of->init, i * of->x->stride);
    const umbra_switch_of one = {
        .x = &x, .window = of->window, .key = of->rotation[i].key, .init = &init, .galois = of->rotation[i].galois};
    UMBRA_TRY(umbra_switch(ring, stream, &pair, to, &one));
  }
  return UMBRA_OK;
}

/* Where memory is short, one after the other. */
umbra_status umbra_switch_each(umbra_ring *ring, umbra_stream *stream, const umbra_view *dst, umbra_window to,
                               const umbra_switch_each_of *of) {
  if (of->x->polys > 1 && umbra_ring_launch_limbs(ring)) {
    umbra_status status = switch_jointly(ring, stream, dst, to, of);
    if (status != UMBRA_ERROR_OUT_OF_MEMORY) return status;
  }
  return switch_in_turn(ring, stream, dst, to, of);
}

/* ---- many switches of one polynomial ---- */

static void prefetch_keys(const umbra_rotation *rotation, size_t count, umbra_ring *ring) {
  for (size_t i = 0; i < count; i++) umbra_poly_prefetch(&rotation[i].key->poly, ring);
}

/* `count` <= UMBRA_DIVISIONS_TOGETHER switches, in step; meanwhile the keys come of the `next` ones after them. */
static umbra_status switch_group(umbra_ring *ring, umbra_stream *stream, const umbra_view *dst,
                                 const umbra_rotation *rotation, size_t count, size_t next, const umbra_switch_of *of) {
  umbra_key_product product[UMBRA_DIVISIONS_TOGETHER];
  umbra_dividend dividend[UMBRA_DIVISIONS_TOGETHER];
  umbra_status status = UMBRA_OK;
  size_t opened = 0;
  for (size_t i = 0; i < count && status == UMBRA_OK; i++) {
    const umbra_switch_of one = with_rotation(of, &rotation[i]);
    status = umbra_key_product_open(&product[i], ring, stream, &one);
    if (status == UMBRA_OK) dividend[opened++] = dividend_of(&product[i]);
  }
  if (status == UMBRA_OK) {
    prefetch_keys(rotation + count, next, ring);
    status = umbra_divide_many(ring, stream, dst, of->window, dividend, count);
  }
  while (opened) umbra_key_product_close(&product[--opened]);
  return status;
}

/* dst = polynomials of `from`, pair after pair. */
static void hand_out(const umbra_ring *ring, umbra_stream *stream, const umbra_view *dst, size_t count,
                     const umbra_view *from) {
  umbra_copies copies = {ring, stream, {.polys = 0}, {.polys = 0}};
  for (size_t i = 0; i < count; i++) {
    const umbra_view pair = umbra_view_polys(from, (uint32_t)(2 * i), 2);
    umbra_copies_add(&copies, &dst[i], &pair);
  }
  umbra_copies_make(&copies);
}

/* products, and then quotients, are two polynomials for each. */
static umbra_status divide_products(umbra_ring *ring, umbra_stream *stream, const umbra_view *dst, size_t count,
                                    const umbra_view *products, umbra_window window) {
  const size_t bytes = 2 * count * window.count * umbra_ring_n(ring) * sizeof(uint32_t);
  const umbra_dividend dividend = umbra_dividend_of_switch(umbra_ring_chain(ring), products, window);
  void *memory;
  if (count == 1) return umbra_divide(ring, stream, dst, window, &dividend, NULL);
  UMBRA_TRY(umbra_ring_take(ring, &memory, bytes, "key switches' results"));
  const umbra_view quotients = umbra_view_packed(ring, memory, products->polys, window, 0, window.count);
  umbra_status status = umbra_divide(ring, stream, &quotients, window, &dividend, NULL);
  if (status == UMBRA_OK) hand_out(ring, stream, dst, count, &quotients);
  umbra_ring_give(ring, memory, bytes);
  return status;
}

static void multiply_hoisted(const umbra_digit_block *digits, const umbra_view *products,
                             const umbra_rotation *rotation, size_t count, const umbra_view *init) {
  const umbra_decomposition *plan = digits->plan;
  umbra_view digit[UMBRA_MAX_DIGITS], key[UMBRA_DIVISIONS_TOGETHER];
  uint32_t galois[UMBRA_DIVISIONS_TOGETHER];
  for (uint32_t j = 0; j < plan->digits.count; j++) digit[j] = umbra_digit_block_view(digits, j, 0, digits->count);
  for (size_t i = 0; i < count; i++) {
    key[i] = umbra_switching_key_view(rotation[i].key, digits->ring, plan);
    galois[i] = rotation[i].galois;
  }
  umbra_key_products(digits->ring, digits->stream, products,
                     &(umbra_key_products_of){.digit = digit,
                                              .digits = plan->digits.count,
                                              .key = key,
                                              .galois = galois,
                                              .rotations = (uint32_t)count,
                                              .init = init,
                                              .factor = plan->p_mod});
}

/* Where launches cost: all products in one, and one division of them all. */
static umbra_status switch_hoisted(umbra_ring *ring, umbra_stream *stream, const umbra_view *dst,
                                   const umbra_rotation *rotation, size_t count, const umbra_switch_of *of) {
  umbra_digit_block digits;
  UMBRA_TRY(umbra_digit_block_open(&digits, ring, stream, of->x, of->window));
  use_hoisted(&digits, of->digits);
  const uint32_t limbs = umbra_digit_block_limbs(&digits);
  const size_t bytes = 2 * count * limbs * umbra_ring_n(ring) * sizeof(uint32_t);
  void *memory;
  UMBRA_TRY(umbra_ring_take(ring, &memory, bytes, "key switches' products"));
  const umbra_view products = umbra_view_packed(ring, memory, (uint32_t)(2 * count), of->window, 0, limbs);
  multiply_hoisted(&digits, &products, rotation, count, of->init);
  umbra_status status = divide_products(ring, stream, dst, count, &products, of->window);
  umbra_ring_give(ring, memory, bytes);
  return status;
}

/* The same with the keys there; meanwhile those of the `next` ones come. */
static umbra_status switch_hoisted_group(umbra_ring *ring, umbra_stream *stream, const umbra_view *dst,
                                         const umbra_rotation *rotation, size_t count, size_t next,
                                         const umbra_switch_of *of) {
  UMBRA_TRY(umbra_keys_pin(rotation, count, ring, stream));
  prefetch_keys(rotation + count, next, ring);
  umbra_status status = switch_hoisted(ring, stream, dst, rotation, count, of);
  umbra_keys_unpin(rotation, count, ring);
  return status;
}

/*
 * Where memory is short, fewer go together: less workspace, and fewer keys that have to be there at once. A quarter:
 * where half would fit, it leaves room for the keys of the next ones.
 */
umbra_status umbra_switch_many(umbra_ring *ring, umbra_stream *stream, const umbra_view *dst,
                               const umbra_rotation *rotation, size_t count, const umbra_switch_of *of) {
  if (umbra_ring_whole(ring)) {
    umbra_whole_switch_many(ring, stream, dst, rotation, count, of);
    return UMBRA_OK;
  }
  const int jointly = umbra_ring_launch_limbs(ring) > 0;
  for (size_t most = UMBRA_DIVISIONS_TOGETHER, done = 0; done < count;) {
    size_t left = count - done, now = left < most ? left : most, next = left - now < now ? left - now : now;
    umbra_status status =
        (jointly ? switch_hoisted_group : switch_group)(ring, stream, dst + done, rotation + done, now, next, of);
    if (status == UMBRA_OK) done += now;
    else if (status == UMBRA_ERROR_OUT_OF_MEMORY && now > 1) most = (now + 3) / 4;
    else return status;
  }
  umbra_ring_count_switches(ring, count);
  return UMBRA_OK;
}
