/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fused operations. `ref` has none of them: there, and on whatever backend lacks one, it is composed of the others
 * as kernels.h says.
 */
#ifndef UMBRA_TESTS_CONFORMANCE_FUSED_H
#define UMBRA_TESTS_CONFORMANCE_FUSED_H

#include "operands.h"

/* ---- operands ---- */

/* Mostly up to eight, and now and then as many as there may be. */
static uint32_t draw_digits(rig *r) {
  if (r->fill == LARGEST) return UMBRA_MAX_DIGITS;
  return 1 + draw_below(r, r->alias % 3 ? 8 : UMBRA_MAX_DIGITS);
}

/*
 * Which limbs each of at most `digits` digits owns, of `limbs` limbs; none owns more than `most`. Every second time they
 * are those of a gadget, one after the other, and otherwise anywhere, above each other too.
 */
static uint32_t draw_own(rig *r, call *c, uint32_t digits, uint32_t limbs, uint32_t most) {
  const uint32_t size = smaller((limbs + digits - 1) / digits, most);
  uint32_t j = 0;
  for (; j < digits; j++) {
    uint32_t first = j * size, count = size;
    if (r->alias % 2) {
      first = draw_below(r, limbs);
      count = 1 + draw_below(r, most);
    }
    if (first >= limbs) break;
    c->own[j] = (umbra_digit){.first = (uint16_t)first, .count = (uint16_t)smaller(count, limbs - first)};
  }
  return j;
}

/* src has the first limbs of dst, or all. */
static void prepare_extend_digits(rig *r, call *c) {
  umbra_view shape;
  do shape = draw_shape(r);
  while (umbra_view_limbs(&shape) < 2);
  const uint32_t all = umbra_view_limbs(&shape), limbs = draw_up_to(r, all);
  const umbra_view from = limbs_of(r, &shape, 0, limbs);
  c->a = make_view(r, &from, 1);
  const uint32_t digits = draw_own(r, c, smaller(draw_digits(r), room_for(r, &shape) - 1), limbs, all - 1);
  c->dst = make_view(r, &shape, digits);
  for (uint32_t j = 0; j < digits; j++) {
    const umbra_digit *own = &c->own[j];
    const umbra_view sources = limbs_of(r, &from, own->first, own->count);
    for (uint32_t i = 0, t = 0; i < all; i++) {
      if (i < own->first || i >= own->first + own->count) c->conversion[j].target[t++] = prime_at(&shape, i);
    }
    draw_conversion(r, c, j, &sources, all - own->count);
  }
}

/* Polynomials of the operands of inner_products, without init. */
static uint32_t inner_polys(uint32_t digits, uint32_t rotations, int shared) {
  return digits + 2 * digits * (shared ? 1 : rotations) + 2 * rotations;
}

/* Many digits with few keys, or few digits with many. Every third time the keys are all the same. */
static void prepare_inner_products(rig *r, call *c) {
  const umbra_view shape = r->alias % 2 ? draw_shape(r) : draw_narrow_shape(r);
  const uint32_t room = room_for(r, &shape) - 2, most_digits = draw_digits(r), most = draw_up_to(r, MAX_ROTATIONS);
  const int shared = !draw_below(r, 3);
  c->number = c->rotations = 1;
  if (r->alias % 4 < 2) c->number = smaller(most_digits, (room - 2) / 3);
  while (c->rotations < most && inner_polys(c->number, c->rotations + 1, shared) <= room) c->rotations++;
  while (c->number < most_digits && inner_polys(c->number + 1, c->rotations, shared) <= room) c->number++;
  for (uint32_t j = 0; j < c->number; j++) c->digit[j] = make_view(r, &shape, 1);
  for (uint32_t k = 0; k < c->rotations; k++) {
    c->key[k] = k && shared ? *c->key : make_view(r, &shape, 2 * c->number);
    c->galois[k] = draw_below(r, 4) ? draw_galois(r) : 1;
  }
  c->dst = make_view(r, &shape, 2 * c->rotations);
  draw_init(r, c, &shape);
}

/* ---- calls ---- */

static void compose_ntt_close(rig *r, call *c) {
  r->kernels->ntt_forward(r->stream, &c->b);
  r->kernels->divide_close(r->stream, &c->dst, X(c), &c->b, c->d);
}

/* The conversions of all digits: to the limbs before those that they own, and to those behind. Returns how many. */
static uint32_t conversions_of(const rig *r, const call *c, umbra_conversion_call *made) {
  uint32_t calls = 0;
  for (uint32_t j = 0; j < c->dst.polys; j++) {
    const umbra_digit *own = &c->own[j];
    const uint32_t end = own->first + own->count, behind = umbra_view_limbs(&c->dst) - end;
    const umbra_view src = limbs_of(r, &c->a, own->first, own->count), dst = polys_of(&c->dst, j, 1);
    if (own->first) made[calls++] = (umbra_conversion_call){limbs_of(r, &dst, 0, own->first), src, own->conversion, 0};
    if (behind)
      made[calls++] = (umbra_conversion_call){limbs_of(r, &dst, end, behind), src, own->conversion, own->first};
  }
  return calls;
}

static void compose_extend_digits(rig *r, call *c) {
  umbra_conversion_call made[2 * UMBRA_MAX_DIGITS];
  const uint32_t calls = conversions_of(r, c, made);
  for (const umbra_conversion_call *one = made; one < made + calls; one++) {
    r->kernels->convert(r->stream, &one->dst, &one->src, one->conversion, one->first);
    r->kernels->ntt_forward(r->stream, &one->dst);
  }
}

/* As many at once as there may be. */
static void run_conversions(rig *r, call *c) {
  umbra_conversion_call made[2 * UMBRA_MAX_DIGITS];
  const uint32_t calls = conversions_of(r, c, made);
  for (uint32_t first = 0; first < calls; first += UMBRA_MAX_DIGITS) {
    const uint32_t count = smaller(calls - first, UMBRA_MAX_DIGITS);
    if (r->kernels->conversions) r->kernels->conversions(r->stream, made + first, count);
    for (uint32_t i = first; !r->kernels->conversions && i < first + count; i++)
      r->kernels->convert(r->stream, &made[i].dst, &made[i].src, made[i].conversion, made[i].first);
  }
}

static void run_extend_digits(rig *r, call *c) {
  if (r->kernels->extend_digits) r->kernels->extend_digits(r->stream, &c->dst, &c->a, c->own);
  else compose_extend_digits(r, c);
}

static void compose_inner_products(rig *r, call *c) {
  for (uint32_t k = 0; k < c->rotations; k++) {
    const umbra_view dst = polys_of(&c->dst, 2 * k, 2);
    r->kernels->inner_product(r->stream, &dst, c->digit, c->number, &c->key[k], INIT(c), c->galois[k]);
  }
}

static void compose_lift(rig *r, call *c) {
  call_from_i64(r, c);
  r->kernels->ntt_forward(r->stream, &c->dst);
}

/* The backend's own entry if it has one. */
#define FUSED_CALL(name, ...)                                       \
  static void call_##name(rig *r, call *c) {                        \
    if (r->kernels->name) r->kernels->name(r->stream, __VA_ARGS__); \
    else compose_##name(r, c);                                      \
  }

FUSED_CALL(ntt_close, &c->dst, X(c), &c->b, c->d)
FUSED_CALL(lift, &c->dst, (const int64_t *)(const void *)(r->memory + c->re), c->number)
FUSED_CALL(inner_products, &c->dst, c->digit, c->number, c->key, INIT(c), c->galois, c->rotations)

static void with_conversions(rig *r, call *c, void (*run)(rig *r, call *c)) {
  const uint32_t digits = c->dst.polys;
  umbra_conversion *conversion[UMBRA_MAX_DIGITS];
  for (uint32_t j = 0; j < digits; j++) {
    assert_int_equal(r->kernels->conversion_create(&conversion[j], r->device, &c->conversion[j].desc), UMBRA_OK);
    c->own[j].conversion = conversion[j];
  }
  run(r, c);
  assert_int_equal(r->kernels->stream.wait(r->stream), UMBRA_OK);
  for (uint32_t j = 0; j < digits; j++) r->kernels->conversion_destroy(conversion[j]);
}

static void call_extend_digits(rig *r, call *c) { with_conversions(r, c, run_extend_digits); }
static void call_conversions(rig *r, call *c) { with_conversions(r, c, run_conversions); }

#endif
