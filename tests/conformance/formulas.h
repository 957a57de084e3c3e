/* SPDX-License-Identifier: Apache-2.0 */
/* The contract's formulas, one residue of the result at a time. */
#ifndef UMBRA_TESTS_CONFORMANCE_FORMULAS_H
#define UMBRA_TESTS_CONFORMANCE_FORMULAS_H

#include <math.h>
#include <sodium.h>

#include "operands.h"

/* Which residue is meant: polynomial, limb, index; the position of its prime and the prime. */
typedef struct place {
  uint32_t poly, limb, i, position, q;
} place;

/* The polynomial of a view at a place's limb, before the call. */
static const uint32_t *operand(const rig *r, const umbra_view *view, uint32_t poly, const place *at) {
  uint32_t position;
  return limb_in(r, r->before, view, view->polys == 1 ? 0 : poly, at->limb, &position);
}

static uint32_t value_of(const rig *r, const umbra_view *view, const place *at) {
  return operand(r, view, at->poly, at)[at->i];
}

#define FORMULA(name) static uint32_t want_##name(const rig *r, const call *c, const place *at)
#define A value_of(r, &c->a, at)
#define B value_of(r, &c->b, at)
#define DST value_of(r, &c->dst, at)

FORMULA(copy) { return A; }
FORMULA(zero) { return (void)r, (void)c, (void)at, 0; }
FORMULA(add) { return add_mod(A, B, at->q); }
FORMULA(sub) { return sub_mod(A, B, at->q); }
FORMULA(negate) { return sub_mod(0, A, at->q); }
FORMULA(mul) { return mul_mont(A, B, at->q); }
FORMULA(mul_add) { return add_mod(DST, mul_mont(A, B, at->q), at->q); }
FORMULA(mul_const) { return mul_mod(A, c->c[at->limb], at->q); }
FORMULA(add_multiple) { return add_mod(DST, mul_mod(A, c->c[at->limb], at->q), at->q); }
FORMULA(add_const) { return add_mod(A, c->c[at->limb], at->q); }

FORMULA(tensor) {
  uint32_t sum = c->number ? DST : 0;
  for (uint32_t x = 0; x < 2; x++) {
    for (uint32_t y = 0; y < 2; y++) {
      if (x + y != at->poly) continue;
      const uint32_t a = operand(r, &c->a, x, at)[at->i], b = operand(r, &c->b, y, at)[at->i];
      sum = add_mod(sum, mul_mont(a, b, at->q), at->q);
    }
  }
  return sum;
}

/* Horner's evaluation at psi^(2 brev(i) + 1), in Montgomery form. */
FORMULA(ntt_forward) {
  const uint32_t *x = operand(r, &c->dst, at->poly, at);
  const uint32_t point = pow_mod(find_psi(at->q, r->n), 2 * reversed(at->i, r->ring.log_n) + 1, at->q);
  uint32_t sum = 0;
  for (uint32_t j = r->n; j-- > 0;) sum = add_mod(mul_mod(sum, point, at->q), x[j], at->q);
  return mul_mod(sum, (uint32_t)((UINT64_C(1) << 32) % at->q), at->q);
}

/* n^-1 R^-1 times the sum of the values at psi^(2k + 1) times psi^(-(2k + 1) i). */
FORMULA(ntt_inverse) {
  const uint32_t *x = operand(r, &c->a, at->poly, at);
  const uint32_t base = pow_mod(inverse_mod(find_psi(at->q, r->n), at->q), at->i, at->q);
  const uint32_t square = mul_mod(base, base, at->q);
  uint32_t sum = 0, power = base;
  for (uint32_t k = 0; k < r->n; k++, power = mul_mod(power, square, at->q)) {
    sum = add_mod(sum, mul_mod(x[reversed(k, r->ring.log_n)], power, at->q), at->q);
  }
  return mul_mod(mul_mont(sum, inverse_mod(r->n, at->q), at->q), c->c[at->limb], at->q);
}

/* Where the residue at a place was before X -> X^galois. */
static place moved_from(const rig *r, const place *at, uint32_t galois) {
  place from = *at;
  const uint32_t exponent = galois * (2 * reversed(at->i, r->ring.log_n) + 1) & (2 * r->n - 1);
  from.i = reversed((exponent - 1) / 2, r->ring.log_n);
  return from;
}

FORMULA(automorphism) {
  const place from = moved_from(r, at, *c->galois);
  return value_of(r, &c->a, &from);
}

FORMULA(convert) {
  const umbra_conversion_desc *desc = &c->conversion->desc;
  const uint32_t target = (uint32_t)c->first + at->limb;
  int128 sum = 0, quotients = (int128)1 << 55;
  for (uint32_t i = 0; i < desc->sources; i++) {
    const place source = {.poly = at->poly, .limb = i, .i = at->i};
    const int64_t d = r->ring.prime[desc->source[i]];
    int64_t y = value_of(r, &c->a, &source);
    if (y > (d - 1) / 2) y -= d;
    sum += (int128)y * desc->factor[target * desc->sources + i];
    quotients += (int128)y * ((INT64_C(1) << 56) / d);
  }
  if (desc->exact) sum -= (quotients >> 56) * desc->product[target];
  sum %= at->q;
  return (uint32_t)(sum < 0 ? sum + at->q : sum);
}

FORMULA(inner_product) {
  const place from = moved_from(r, at, *c->galois);
  uint32_t init = 0, sum = 0;
  if (at->poly < c->init.polys && at->limb < umbra_view_limbs(&c->init)) {
    init = mul_mod(value_of(r, &c->init, &from), c->c[at->limb], at->q);
  }
  for (uint32_t j = 0; j < c->number; j++) {
    const uint32_t key = operand(r, &c->b, 2 * j + at->poly, &from)[from.i];
    sum = add_mod(sum, mul_mod(value_of(r, &c->digit[j], &from), key, at->q), at->q);
  }
  sum = add_mod(init, mul_mont(sum, 1, at->q), at->q);
  return c->accumulate ? add_mod(DST, sum, at->q) : sum;
}

FORMULA(plain_products) {
  uint32_t sum = 0, position;
  for (uint32_t b = 0; b < c->number; b++) {
    const uint32_t plain = at->poly / 2 * c->number + b, a = operand(r, &c->a, 2 * b + at->poly % 2, at)[at->i];
    const uint32_t *words = words_in(r, r->before, &c->b, plain, at->limb, r->n >> c->log_gap, &position);
    sum = add_mod(sum, mul_mont(words[at->i >> c->log_gap], a, at->q), at->q);
  }
  return sum;
}

FORMULA(gemm) {
  const uint32_t parts = c->number, rows = c->dst.polys / parts, columns = c->a.polys / parts;
  const uint32_t *w = r->before + c->re + (size_t)at->limb * columns * rows + at->poly / parts;
  uint32_t sum = 0, position;
  for (uint32_t j = 0; j < columns; j++) {
    const uint32_t *x = limb_in(r, r->before, &c->a, parts * j + at->poly % parts, at->limb, &position);
    sum = add_mod(sum, mul_mod(x[at->i], w[(size_t)j * rows], at->q), at->q);
  }
  return mul_mont(sum, 1, at->q);
}

FORMULA(divide_close) {
  const uint32_t x = c->a.polys ? mul_mod(A, c->c[at->limb], at->q) : 0;
  return sub_mod(x, mul_mod(B, c->d[at->limb], at->q), at->q);
}

static uint32_t load_le32(const uint8_t *bytes) {
  return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

FORMULA(expand) {
  const uint64_t bound = (UINT64_C(1) << 32) / at->q * at->q, nonce = c->first + at->poly;
  uint64_t counter = ((uint64_t)at->position << 32) + at->i / 16;
  uint8_t nonce_bytes[8], block[64];
  for (int i = 0; i < 8; i++) nonce_bytes[i] = (uint8_t)(nonce >> 8 * i);
  for (;; counter += r->n / 16) {
    memset(block, 0, sizeof block);
    crypto_stream_chacha20_xor_ic(block, block, sizeof block, nonce_bytes, counter, c->seed);
    const uint32_t word = load_le32(block + at->i % 16 * 4);
    if (word < bound) return word % at->q;
  }
}

FORMULA(from_i64) {
  int64_t value;
  memcpy(&value, r->before + c->re + 2 * ((size_t)at->poly * r->n + at->i), sizeof value);
  value %= (int64_t)at->q;
  return mul_mod((uint32_t)(value < 0 ? value + at->q : value), pow_mod(2, c->number, at->q), at->q);
}

/* ---- the formulas of the complex transforms ---- */

typedef struct complex_sum {
  long double re, im, size;
} complex_sum;

static double double_in(const uint32_t *host, size_t offset, size_t i) {
  double value;
  memcpy(&value, host + offset + 2 * i, sizeof value);
  return value;
}

/* sum over t of X_t zeta^(exponent t), or over k of Y_k zeta^(-(4k + 1) t) with Y_k at brev(k) */
static complex_sum transform(const rig *r, const call *c, uint32_t vector, uint32_t index, int inverse) {
  const uint32_t m = 1u << c->number;
  const long double step = acosl(-1) / (2 * m);
  complex_sum sum = {0, 0, 0};
  for (uint32_t j = 0; j < m; j++) {
    const uint32_t turns = (inverse ? 0 - (4 * j + 1) * index : (4 * index + 1) * j) & (4 * m - 1);
    const size_t at = (size_t)vector * m + (inverse ? reversed(j, c->number) : j);
    const long double x = double_in(r->before, c->re, at), y = double_in(r->before, c->im, at);
    const long double cosine = cosl(step * turns), sine = sinl(step * turns);
    sum.re += x * cosine - y * sine;
    sum.im += x * sine + y * cosine;
    sum.size += fabsl(x) + fabsl(y);
  }
  return sum;
}

static void verify_transform(rig *r, const call *c, int inverse) {
  const uint32_t m = 1u << c->number, stride = m > 64 ? 13 : 1;
  for (uint32_t vector = 0; vector < c->first; vector++) {
    for (uint32_t index = 0; index < m; index += stride) {
      const complex_sum want = transform(r, c, vector, index, inverse);
      const size_t at = (size_t)vector * m + (inverse ? index : reversed(index, c->number));
      const long double re = double_in(r->after, c->re, at) - want.re, im = double_in(r->after, c->im, at) - want.im;
      if (hypotl(re, im) > 0x1p-50L * want.size) fail_msg("m = %u, vector %u, index %u", m, vector, index);
    }
  }
}

static void verify_fft(rig *r, const call *c) { verify_transform(r, c, 0); }
static void verify_ifft(rig *r, const call *c) { verify_transform(r, c, 1); }

#endif
