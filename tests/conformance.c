/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Conformance of the backends with kernels/kernels.h: one table of operations, run over rings and random trials.
 *
 * `ref` is checked against naive formulas written from the contract alone; every backend that this machine can run
 * must then leave the same bits as `ref` in all of its memory, gaps between operands included.
 *
 * Usage: conformance [operation], where the name may contain * and ?.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "../kernels/kernels.h"

__extension__ typedef __int128 int128;

/* ---- naive arithmetic ---- */

static uint32_t mul_mod(uint32_t a, uint32_t b, uint32_t q) { return (uint32_t)((uint64_t)a * b % q); }
static uint32_t add_mod(uint32_t a, uint32_t b, uint32_t q) { return (uint32_t)(((uint64_t)a + b) % q); }
static uint32_t sub_mod(uint32_t a, uint32_t b, uint32_t q) { return (uint32_t)(((uint64_t)a + q - b) % q); }

static uint32_t pow_mod(uint32_t a, uint64_t e, uint32_t q) {
  uint32_t power = 1;
  for (; e; e >>= 1, a = mul_mod(a, a, q)) {
    if (e & 1) power = mul_mod(power, a, q);
  }
  return power;
}

static uint32_t inverse_mod(uint32_t a, uint32_t q) { return pow_mod(a, q - 2, q); }

/* a * b * R^-1 mod q */
static uint32_t mul_mont(uint32_t a, uint32_t b, uint32_t q) {
  const uint32_t r = (uint32_t)((UINT64_C(1) << 32) % q);
  return mul_mod(mul_mod(a, b, q), inverse_mod(r, q), q);
}

static uint32_t reversed(uint32_t x, uint32_t bits) {
  uint32_t r = 0;
  for (; bits; bits--, x >>= 1) r = r << 1 | (x & 1);
  return r;
}

static int is_prime(uint32_t q) {
  for (uint32_t d = 2; (uint64_t)d * d <= q; d++) {
    if (q % d == 0) return 0;
  }
  return 1;
}

/* Jacobi's symbol by quadratic reciprocity. */
static int jacobi(uint32_t a, uint32_t m) {
  int sign = 1;
  for (a %= m; a; a %= m) {
    for (; a % 2 == 0; a /= 2) {
      if (m % 8 == 3 || m % 8 == 5) sign = -sign;
    }
    if (a % 4 == 3 && m % 4 == 3) sign = -sign;
    const uint32_t swapped = a;
    a = m;
    m = swapped;
  }
  return m == 1 ? sign : 0;
}

static uint32_t find_psi(uint32_t q, uint32_t n) {
  uint32_t g = 2;
  while (jacobi(g, q) != -1) g++;
  return pow_mod(g, (q - 1) / (2 * n), q);
}

/* ---- rings ---- */

enum { RINGS = 9, FORMULA_RINGS = 3 };

typedef struct prime_class {
  uint32_t limit, count; /* the `count` largest primes below `limit` */
} prime_class;

/* All classes of the design, and two sizes that make expand reject many words. */
static const prime_class small_ring[] = {{1200000, 2},  {1u << 25, 2}, {1503238553, 1}, {(1u << 29) + (1u << 25), 2},
                                         {1u << 30, 4}, {1u << 31, 3}, {0, 0}};
static const prime_class large_ring[] = {{1200000, 1},  {1u << 25, 1}, {(1u << 29) + (1u << 25), 1},
                                         {1u << 30, 2}, {1u << 31, 2}, {0, 0}};
static const prime_class wide_ring[] = {{1u << 30, 40}, {1u << 31, 120}, {0, 0}};

/* The first FORMULA_RINGS are those of the naive formulas. The wide one has the longest sums there can be. */
static const struct {
  uint32_t log_n;
  const prime_class *classes;
  size_t limbs; /* room for operands */
  int trials;
} rings[RINGS] = {
    {10, small_ring, 512, 24}, {11, small_ring, 512, 18}, {10, wide_ring, 4096, 12},
    {12, small_ring, 512, 18}, {13, small_ring, 512, 12}, {14, large_ring, 96, 6},
    {15, large_ring, 96, 6},   {16, large_ring, 96, 6},   {17, large_ring, 96, 6},
};

static umbra_ring_desc make_ring(uint32_t log_n, const prime_class *classes) {
  umbra_ring_desc ring = {.log_n = log_n};
  const uint32_t step = 2u << log_n;
  for (; classes->count; classes++) {
    uint32_t q = (classes->limit - 2) / step * step + 1;
    for (uint32_t found = 0; found < classes->count; q -= step) {
      if (is_prime(q)) ring.prime[ring.primes++] = q, found++;
    }
  }
  return ring;
}

/* ---- a backend at work on one ring ---- */

/* How a trial fills its operands; the halves are the largest and the smallest centred residue. */
enum { RANDOM, LARGEST, ZERO, LOW_HALF, HIGH_HALF, MIXED, FILLS };

typedef struct rig {
  const umbra_kernels *kernels;
  umbra_ring_desc ring;
  uint32_t n;
  umbra_device *device;
  umbra_stream *stream;
  size_t used, capacity;    /* words */
  uint32_t *memory;         /* of the device */
  uint32_t *before, *after; /* its contents before and after the call */
  uint64_t random;
  int fill, alias; /* of this trial; alias says which operands are the same */
} rig;

static void rig_open(rig *r, const umbra_kernels *kernels, int ring, uint32_t threads) {
  *r = (rig){.kernels = kernels, .ring = make_ring(rings[ring].log_n, rings[ring].classes)};
  r->n = 1u << r->ring.log_n;
  r->capacity = rings[ring].limbs * r->n;
  assert_int_equal(kernels->device_open(&r->device, &r->ring, threads), UMBRA_OK);
  assert_int_equal(kernels->stream_create(&r->stream, r->device), UMBRA_OK);
  assert_int_equal(kernels->alloc(r->device, (void **)&r->memory, r->capacity * sizeof *r->memory), UMBRA_OK);
  r->before = malloc(r->capacity * sizeof *r->before);
  r->after = malloc(r->capacity * sizeof *r->after);
  assert_non_null(r->before);
  assert_non_null(r->after);
}

static void rig_close(rig *r) {
  free(r->before);
  free(r->after);
  r->kernels->release(r->device, r->memory, r->capacity * sizeof *r->memory);
  r->kernels->stream_destroy(r->stream);
  r->kernels->device_close(r->device);
}

/* Starts a trial with empty memory. Alias numbers are taken modulo what the operation knows. */
static void rig_start(rig *r, int trial) {
  r->used = 0;
  r->random = (uint64_t)trial;
  r->fill = trial % FILLS;
  r->alias = trial / FILLS + trial;
}

static void rig_upload(rig *r) { r->kernels->upload(r->stream, r->memory, r->before, r->used * sizeof *r->before); }

static void rig_download(rig *r) {
  r->kernels->download(r->stream, r->after, r->memory, r->used * sizeof *r->after);
  assert_int_equal(r->kernels->wait(r->stream), UMBRA_OK);
}

/* splitmix64 */
static uint64_t draw(rig *r) {
  uint64_t z = r->random += UINT64_C(0x9E3779B97F4A7C15);
  z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
  return z ^ z >> 31;
}

static uint32_t draw_below(rig *r, uint32_t bound) { return (uint32_t)((draw(r) >> 32) * bound >> 32); }

static uint32_t draw_residue(rig *r, uint32_t q) {
  const int fill = r->fill == MIXED ? (int)draw_below(r, MIXED) : r->fill;
  switch (fill) {
    case LARGEST: return q - 1;
    case ZERO: return 0;
    case LOW_HALF: return (q - 1) / 2;
    case HIGH_HALF: return (q + 1) / 2;
    default: return draw_below(r, q);
  }
}

/* Takes words of memory, noise so far, some distance behind those taken before; returns their offset. */
static size_t take(rig *r, size_t words) {
  const size_t begin = r->used + 16 * draw_below(r, 4), end = begin + (words + 15) / 16 * 16;
  assert_true(end + 64 <= r->capacity);
  for (; r->used < end; r->used++) r->before[r->used] = (uint32_t)draw(r);
  return begin;
}

/* Some primes of the ring in up to three runs, as a view without memory. */
static umbra_view draw_shape(rig *r) {
  umbra_view shape = {.polys = 0};
  const uint32_t runs = 1 + draw_below(r, UMBRA_MAX_RUNS - 1);
  uint32_t prime = 0;
  for (uint32_t i = 0; i < runs && prime < r->ring.primes; i++) {
    prime += draw_below(r, r->ring.primes - prime);
    const uint32_t count = 1 + draw_below(r, r->ring.primes - prime);
    shape.run[i] = (umbra_run){.prime = (uint16_t)prime, .count = (uint16_t)count};
    prime += count;
  }
  return shape;
}

/* Cuts the first run in two if there is a run to spare: the same limbs, in another place. */
static void cut_run(rig *r, umbra_view *view) {
  umbra_run *run = view->run;
  if (run[UMBRA_MAX_RUNS - 1].count || run->count < 2 || draw_below(r, 2)) return;
  const uint16_t first = (uint16_t)(1 + draw_below(r, run->count - 1u));
  memmove(run + 1, run, (UMBRA_MAX_RUNS - 1) * sizeof *run);
  run[0].count = first;
  run[1].prime = (uint16_t)(run[1].prime + first);
  run[1].count = (uint16_t)(run[1].count - first);
}

/* A limb of a view in a host copy of the memory, and its prime. */
static uint32_t *limb_in(const rig *r, uint32_t *host, const umbra_view *view, uint32_t poly, uint32_t limb,
                         uint32_t *position) {
  const umbra_run *run = view->run;
  for (; limb >= run->count; run++) limb -= run->count;
  *position = run->prime + limb;
  return host + (run->data - r->memory) + poly * view->stride + (size_t)limb * r->n;
}

static void fill_view(rig *r, const umbra_view *view) {
  for (uint32_t item = 0, limbs = umbra_view_limbs(view); item < limbs * view->polys; item++) {
    uint32_t position, *limb = limb_in(r, r->before, view, item / limbs, item % limbs, &position);
    for (uint32_t i = 0; i < r->n; i++) limb[i] = draw_residue(r, r->ring.prime[position]);
  }
}

/* A filled view with the limbs of `shape`. */
static umbra_view make_view(rig *r, const umbra_view *shape, uint32_t polys) {
  umbra_view view = *shape;
  cut_run(r, &view);
  view.polys = polys;
  size_t offset[UMBRA_MAX_RUNS];
  view.stride = 0;
  for (int i = 0; i < UMBRA_MAX_RUNS; i++) {
    offset[i] = view.stride;
    if (view.run[i].count) view.stride += (size_t)view.run[i].count * r->n + 16 * draw_below(r, 3);
  }
  const size_t base = take(r, polys * view.stride);
  for (int i = 0; i < UMBRA_MAX_RUNS; i++) view.run[i].data = r->memory + base + offset[i];
  fill_view(r, &view);
  return view;
}

/* ---- operations: how each is prepared and called ---- */

/* Operands of one call; an operation uses those that it has. */
typedef struct call {
  umbra_view dst, a, b, init, digit[UMBRA_MAX_DIGITS];
  uint32_t c[UMBRA_MAX_PRIMES], d[UMBRA_MAX_PRIMES]; /* constants, one per limb */
  uint32_t number;                                   /* digits, Galois element, shift, flag, or log_m */
  uint64_t first;
  uint8_t seed[UMBRA_SEED_BYTES];
  size_t re, im; /* offsets of arrays that are not residues */
  umbra_conversion_desc desc;
  umbra_conversion *conversion;
  uint16_t source[UMBRA_MAX_PRIMES], target[UMBRA_MAX_PRIMES];
  uint32_t factor[UMBRA_MAX_PRIMES * UMBRA_MAX_PRIMES], product[UMBRA_MAX_PRIMES];
} call;

static void draw_constants(rig *r, const umbra_view *view, uint32_t *c) {
  for (uint32_t limb = 0; limb < umbra_view_limbs(view); limb++) {
    uint32_t position;
    limb_in(r, r->before, view, 0, limb, &position);
    c[limb] = draw_residue(r, r->ring.prime[position]);
  }
}

static uint32_t draw_polys(rig *r) { return 1 + draw_below(r, 3); }

static void prepare_unary(rig *r, call *c) {
  const umbra_view shape = draw_shape(r);
  c->a = make_view(r, &shape, draw_polys(r));
  c->dst = r->alias % 2 ? c->a : make_view(r, &shape, c->a.polys);
  draw_constants(r, &c->dst, c->c);
}

static void prepare_binary(rig *r, call *c) {
  const umbra_view shape = draw_shape(r);
  const uint32_t polys = draw_polys(r);
  c->a = make_view(r, &shape, polys);
  c->b = r->alias % 4 == 3 ? c->a : make_view(r, &shape, polys);
  c->dst = r->alias % 4 == 0 ? make_view(r, &shape, polys) : r->alias % 4 == 2 ? c->b : c->a;
}

/* As prepare_binary; every fifth time b has one polynomial. */
static void prepare_product(rig *r, call *c) {
  prepare_binary(r, c);
  if (r->alias % 5 || c->dst.run->data == c->b.run->data) return;
  c->b.polys = 1;
}

static void prepare_tensor(rig *r, call *c) {
  const umbra_view shape = draw_shape(r);
  c->a = make_view(r, &shape, 2);
  c->b = r->alias % 3 ? make_view(r, &shape, 2) : c->a;
  c->dst = make_view(r, &shape, 3);
  c->number = (uint32_t)r->alias % 2;
}

static void prepare_automorphism(rig *r, call *c) {
  const umbra_view shape = draw_shape(r);
  c->a = make_view(r, &shape, draw_polys(r));
  c->dst = make_view(r, &shape, c->a.polys);
  c->number = r->fill == LARGEST ? 2 * r->n - 1 : 2 * draw_below(r, r->n) + 1;
}

static uint16_t prime_at(const umbra_view *shape, uint32_t limb) {
  const umbra_run *run = shape->run;
  for (; limb >= run->count; run++) limb -= run->count;
  return (uint16_t)(run->prime + limb);
}

/* The limbs of dst are a part of the targets: some come before them. Sources of largest size meet largest factors. */
static void prepare_convert(rig *r, call *c) {
  const umbra_view from = draw_shape(r), to = draw_shape(r);
  const uint32_t polys = draw_polys(r), sources = umbra_view_limbs(&from), limbs = umbra_view_limbs(&to);
  c->a = make_view(r, &from, polys);
  c->dst = make_view(r, &to, polys);
  c->first = draw_below(r, UMBRA_MAX_PRIMES + 1 - limbs) / 8;
  c->desc = (umbra_conversion_desc){.sources = sources,
                                    .targets = (uint32_t)c->first + limbs,
                                    .source = c->source,
                                    .target = c->target,
                                    .factor = c->factor,
                                    .product = c->product,
                                    .exact = r->alias % 2};
  for (uint32_t i = 0; i < sources; i++) c->source[i] = prime_at(&from, i);
  if (r->fill == LOW_HALF || r->fill == HIGH_HALF) r->fill = LARGEST;
  for (uint32_t t = 0; t < c->desc.targets; t++) {
    c->target[t] = prime_at(&to, t < c->first ? 0 : t - (uint32_t)c->first);
    const uint32_t q = r->ring.prime[c->target[t]];
    for (uint32_t i = 0; i < sources; i++) c->factor[t * sources + i] = draw_residue(r, q);
    c->product[t] = draw_residue(r, q);
  }
}

/* A view of the first limbs of the given one. */
static umbra_view first_limbs(const umbra_view *view, uint32_t limbs) {
  umbra_view part = *view;
  for (int i = 0; i < UMBRA_MAX_RUNS; i++) {
    if (part.run[i].count > limbs) part.run[i].count = (uint16_t)limbs;
    limbs -= part.run[i].count;
  }
  return part;
}

/* As many digits as there is room for. Of init: none, one or two polynomials, all limbs or some, dst itself. */
static void prepare_inner_product(rig *r, call *c) {
  const umbra_view shape = draw_shape(r);
  const uint32_t limbs = umbra_view_limbs(&shape);
  const uint32_t room = (uint32_t)(r->capacity / r->n / (limbs + 1)) / 3;
  const uint32_t most = room < UMBRA_MAX_DIGITS + 3 ? room - 3 : UMBRA_MAX_DIGITS;
  c->number = r->fill == LARGEST ? most : 1 + draw_below(r, most);
  for (uint32_t j = 0; j < c->number; j++) c->digit[j] = make_view(r, &shape, 1);
  c->b = make_view(r, &shape, 2 * c->number);
  c->dst = make_view(r, &shape, 2);
  const uint32_t polys = (uint32_t)r->alias % 3;
  if (!polys) return;
  const umbra_view part = first_limbs(&shape, 1 + draw_below(r, limbs));
  c->init = polys == 2 && draw_below(r, 2) ? c->dst : make_view(r, &part, polys);
  draw_constants(r, &c->init, c->c);
}

/* x is absent every third time; dst is x, z or neither. */
static void prepare_divide_close(rig *r, call *c) {
  const umbra_view shape = draw_shape(r);
  const uint32_t polys = draw_polys(r);
  c->b = make_view(r, &shape, polys);
  if (r->alias % 3) c->a = make_view(r, &shape, polys);
  const uint32_t which = draw_below(r, 3);
  c->dst = which == 0 ? c->b : which == 1 && c->a.polys ? c->a : make_view(r, &shape, polys);
  draw_constants(r, &c->dst, c->c);
  draw_constants(r, &c->dst, c->d);
}

static void prepare_expand(rig *r, call *c) {
  const umbra_view shape = draw_shape(r);
  c->dst = make_view(r, &shape, draw_polys(r));
  c->first = draw(r);
  for (int i = 0; i < UMBRA_SEED_BYTES; i++) c->seed[i] = (uint8_t)draw(r);
}

static int64_t draw_i64(rig *r) {
  const int64_t largest = (INT64_C(1) << 62) - 1;
  const int fill = r->fill == MIXED ? (int)draw_below(r, MIXED) : r->fill;
  const int64_t size = fill == ZERO ? 0 : fill == LARGEST ? largest : (int64_t)(draw(r) >> (2 + draw_below(r, 62)));
  return draw_below(r, 2) ? size : -size;
}

static void prepare_from_i64(rig *r, call *c) {
  static const uint32_t shift[] = {0, 40, 1, 65535};
  const umbra_view shape = draw_shape(r);
  c->dst = make_view(r, &shape, draw_polys(r));
  c->number = shift[r->alias % 4];
  const size_t values = (size_t)c->dst.polys * r->n;
  c->re = take(r, 2 * values);
  for (size_t i = 0; i < values; i++) {
    const int64_t value = draw_i64(r);
    memcpy(r->before + c->re + 2 * i, &value, sizeof value);
  }
}

/* Doubles of many sizes, for arrays that are no residues. */
static size_t take_doubles(rig *r, size_t count) {
  const size_t offset = take(r, 2 * count);
  for (size_t i = 0; i < count; i++) {
    const double value = ldexp((double)(int64_t)draw(r), -43 - (int)draw_below(r, 40));
    memcpy(r->before + offset + 2 * i, &value, sizeof value);
  }
  return offset;
}

static void prepare_fft(rig *r, call *c) {
  const uint32_t largest = r->ring.log_n - 1;
  c->number = r->fill == RANDOM ? largest : draw_below(r, largest + 1);
  c->first = draw_polys(r); /* vectors */
  c->re = take_doubles(r, c->first << c->number);
  c->im = take_doubles(r, c->first << c->number);
}

#define CALL(name, ...) \
  static void call_##name(rig *r, call *c) { r->kernels->name(r->stream, __VA_ARGS__); }

CALL(copy, &c->dst, &c->a)
CALL(zero, &c->dst)
CALL(add, &c->dst, &c->a, &c->b)
CALL(sub, &c->dst, &c->a, &c->b)
CALL(negate, &c->dst, &c->a)
CALL(mul, &c->dst, &c->a, &c->b)
CALL(mul_add, &c->dst, &c->a, &c->b)
CALL(mul_const, &c->dst, &c->a, c->c)
CALL(add_const, &c->dst, &c->a, c->c)
CALL(tensor, &c->dst, &c->a, &c->b, (int)c->number)
CALL(ntt_forward, &c->dst)
CALL(ntt_inverse, &c->dst, &c->a, c->c)
CALL(automorphism_eval, &c->dst, &c->a, c->number)
CALL(automorphism_coeff, &c->dst, &c->a, c->number)
CALL(inner_product, &c->dst, c->digit, c->number, &c->b, c->init.polys ? &c->init : NULL, c->init.polys ? c->c : NULL)
CALL(divide_close, &c->dst, c->a.polys ? &c->a : NULL, c->a.polys ? c->c : NULL, &c->b, c->d)
CALL(expand, &c->dst, c->seed, c->first)
CALL(from_i64, &c->dst, (const int64_t *)(const void *)(r->memory + c->re), c->number)
CALL(fft, (double *)(void *)(r->memory + c->re), (double *)(void *)(r->memory + c->im), c->number, (uint32_t)c->first)
CALL(ifft, (double *)(void *)(r->memory + c->re), (double *)(void *)(r->memory + c->im), c->number, (uint32_t)c->first)

static void call_convert(rig *r, call *c) {
  assert_int_equal(r->kernels->conversion_create(&c->conversion, r->device, &c->desc), UMBRA_OK);
  r->kernels->convert(r->stream, &c->dst, &c->a, c->conversion, (uint32_t)c->first);
  assert_int_equal(r->kernels->wait(r->stream), UMBRA_OK);
  r->kernels->conversion_destroy(c->conversion);
}

/* ---- the contract's formulas, one residue of the result at a time ---- */

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

FORMULA(automorphism_eval) {
  const uint32_t exponent = c->number * (2 * reversed(at->i, r->ring.log_n) + 1) & (2 * r->n - 1);
  return operand(r, &c->a, at->poly, at)[reversed((exponent - 1) / 2, r->ring.log_n)];
}

/* The coefficient j that lands on i or, with the other sign, on i + n. */
FORMULA(automorphism_coeff) {
  const uint32_t *x = operand(r, &c->a, at->poly, at);
  for (uint32_t j = 0; j < r->n; j++) {
    const uint32_t exponent = j * c->number & (2 * r->n - 1);
    if (exponent == at->i) return x[j];
    if (exponent == at->i + r->n) return sub_mod(0, x[j], at->q);
  }
  return UINT32_MAX;
}

FORMULA(convert) {
  const umbra_conversion_desc *desc = &c->desc;
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
  uint32_t init = 0, sum = 0;
  if (at->poly < c->init.polys && at->limb < umbra_view_limbs(&c->init)) {
    init = mul_mod(value_of(r, &c->init, at), c->c[at->limb], at->q);
  }
  for (uint32_t j = 0; j < c->number; j++) {
    const uint32_t digit = value_of(r, &c->digit[j], at), key = operand(r, &c->b, 2 * j + at->poly, at)[at->i];
    sum = add_mod(sum, mul_mod(digit, key, at->q), at->q);
  }
  return add_mod(init, mul_mont(sum, 1, at->q), at->q);
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

/* ---- the table ---- */

typedef struct operation {
  const char *name;
  size_t entry; /* offset in umbra_kernels */
  void (*prepare)(rig *r, call *c);
  void (*invoke)(rig *r, call *c);
  uint32_t (*want)(const rig *r, const call *c, const place *at);
  void (*verify)(rig *r, const call *c); /* where the result is not residues */
  uint32_t stride;                       /* of the residues that are checked: formulas of n terms look at some */
} operation;

#define OPERATION(name, prepare, stride) \
  { #name, offsetof(umbra_kernels, name), prepare_##prepare, call_##name, want_##name, NULL, stride }

static const operation operations[] = {
    OPERATION(copy, unary, 1),
    OPERATION(zero, unary, 1),
    OPERATION(add, binary, 1),
    OPERATION(sub, binary, 1),
    OPERATION(negate, unary, 1),
    OPERATION(mul, product, 1),
    OPERATION(mul_add, product, 1),
    OPERATION(mul_const, unary, 1),
    OPERATION(add_const, unary, 1),
    OPERATION(tensor, tensor, 1),
    OPERATION(ntt_forward, unary, 29),
    OPERATION(ntt_inverse, unary, 29),
    OPERATION(automorphism_eval, automorphism, 1),
    OPERATION(automorphism_coeff, automorphism, 29),
    OPERATION(convert, convert, 1),
    OPERATION(inner_product, inner_product, 1),
    OPERATION(divide_close, divide_close, 1),
    OPERATION(expand, expand, 1),
    OPERATION(from_i64, from_i64, 1),
    {"fft", offsetof(umbra_kernels, fft), prepare_fft, call_fft, NULL, verify_fft, 1},
    {"ifft", offsetof(umbra_kernels, ifft), prepare_fft, call_ifft, NULL, verify_ifft, 1},
};

enum { OPERATIONS = sizeof operations / sizeof *operations };

static void perform(rig *r, const operation *op, int trial, call *c) {
  rig_start(r, trial);
  memset(c, 0, sizeof *c);
  op->prepare(r, c);
  rig_upload(r);
  op->invoke(r, c);
  rig_download(r);
}

/* Checks residues of dst against the formula, and that nothing outside dst has changed. */
static void verify_residues(rig *r, const operation *op, const call *c, int trial) {
  const uint32_t limbs = umbra_view_limbs(&c->dst);
  place at;
  for (uint32_t item = 0; item < limbs * c->dst.polys; item++) {
    at.poly = item / limbs;
    at.limb = item % limbs;
    const uint32_t *after = limb_in(r, r->after, &c->dst, at.poly, at.limb, &at.position);
    at.q = r->ring.prime[at.position];
    for (at.i = item % op->stride; at.i < r->n; at.i += op->stride) {
      const uint32_t want = op->want(r, c, &at);
      if (after[at.i] == want) continue;
      fail_msg("n = %u, trial %d, polynomial %u, limb %u (q = %u), index %u: %u, should be %u", r->n, trial, at.poly,
               at.limb, at.q, at.i, after[at.i], want);
    }
  }
  for (uint32_t item = 0; item < limbs * c->dst.polys; item++) {
    const uint32_t *after = limb_in(r, r->after, &c->dst, item / limbs, item % limbs, &at.position);
    memcpy(limb_in(r, r->before, &c->dst, item / limbs, item % limbs, &at.position), after, r->n * sizeof *after);
  }
  assert_memory_equal(r->before, r->after, r->used * sizeof *r->before);
}

/* ---- tests ---- */

/* What a test is about. */
typedef struct subject {
  const umbra_kernels *kernels;
  const operation *op;
} subject;

static void test_formulas(void **state) {
  const subject *s = *state;
  call *c = malloc(sizeof *c);
  assert_non_null(c);
  for (int ring = 0; ring < FORMULA_RINGS; ring++) {
    rig r;
    rig_open(&r, s->kernels, ring, 3);
    for (int trial = 0; trial < rings[ring].trials; trial++) {
      perform(&r, s->op, trial, c);
      if (s->op->verify) s->op->verify(&r, c);
      else verify_residues(&r, s->op, c, trial);
    }
    rig_close(&r);
  }
  free(c);
}

/* A backend without the entry has nothing to conform. */
static void skip_if_absent(const subject *s) {
  void (*entry)(void);
  memcpy(&entry, (const char *)s->kernels + s->op->entry, sizeof entry);
  if (!entry) skip();
}

/* The oracle has one thread and the tested backend three: that must not matter either. */
static void test_against_ref(void **state) {
  const subject *s = *state;
  skip_if_absent(s);
  call *c = malloc(sizeof *c);
  assert_non_null(c);
  for (int ring = 0; ring < RINGS; ring++) {
    rig oracle, tested;
    rig_open(&oracle, umbra_kernels_get("ref"), ring, 1);
    rig_open(&tested, s->kernels, ring, 3);
    for (int trial = 0; trial < rings[ring].trials; trial++) {
      perform(&oracle, s->op, trial, c);
      perform(&tested, s->op, trial, c);
      assert_int_equal(oracle.used, tested.used);
      for (size_t i = 0; i < oracle.used; i++) {
        if (oracle.after[i] == tested.after[i]) continue;
        fail_msg("n = %u, trial %d, word %zu of memory: %u, should be %u", oracle.n, trial, i, tested.after[i],
                 oracle.after[i]);
      }
    }
    rig_close(&oracle);
    rig_close(&tested);
  }
  free(c);
}

static umbra_status open_primes(const umbra_kernels *kernels, uint32_t log_n, uint32_t first, uint32_t second) {
  umbra_device *device = NULL;
  const umbra_ring_desc ring = {.log_n = log_n, .primes = 2, .prime = {first, second}};
  const umbra_status status = kernels->device_open(&device, &ring, 1);
  if (status == UMBRA_OK) kernels->device_close(device);
  else assert_null(device);
  return status;
}

static void test_device_open(void **state) {
  const umbra_kernels *kernels = ((const subject *)*state)->kernels;
  assert_int_equal(open_primes(kernels, 16, 786433, 1179649), UMBRA_OK);
  assert_int_equal(open_primes(kernels, 16, 786433, 786433), UMBRA_ERROR_INVALID_ARGUMENT);
  assert_int_equal(open_primes(kernels, 17, 786433, 1179649), UMBRA_ERROR_INVALID_ARGUMENT);
  assert_int_equal(open_primes(kernels, 10, 786433, 12289 * 2), UMBRA_ERROR_INVALID_ARGUMENT);
  assert_int_equal(open_primes(kernels, 10, 786433, 4097), UMBRA_ERROR_INVALID_ARGUMENT);      /* 17 * 241 */
  assert_int_equal(open_primes(kernels, 10, 786433, 151019521), UMBRA_ERROR_INVALID_ARGUMENT); /* 12289^2 */
  assert_int_equal(open_primes(kernels, 10, 786433, 1), UMBRA_ERROR_INVALID_ARGUMENT);
  assert_int_equal(open_primes(kernels, 10, 786433, 2148794369), UMBRA_ERROR_INVALID_ARGUMENT); /* above 2^31 */
  assert_int_equal(open_primes(kernels, 9, 786433, 12289), UMBRA_ERROR_INVALID_ARGUMENT);
  assert_int_equal(open_primes(kernels, 18, 786433, 12289), UMBRA_ERROR_INVALID_ARGUMENT);
}

/* Two views over all primes of the first ring, uploaded. */
static void start_law(rig *r, const umbra_kernels *kernels, umbra_view *a, umbra_view *b) {
  rig_open(r, kernels, 0, 1);
  rig_start(r, 0);
  const umbra_view shape = {.run = {{.prime = 0, .count = (uint16_t)r->ring.primes}}};
  *a = make_view(r, &shape, 1);
  *b = make_view(r, &shape, 1);
  rig_upload(r);
}

static const uint32_t *law_limb(rig *r, const umbra_view *view, uint32_t limb, uint32_t *q) {
  const uint32_t *data = limb_in(r, r->after, view, 0, limb, q);
  *q = r->ring.prime[*q];
  return data;
}

static void ones(uint32_t c[UMBRA_MAX_PRIMES]) {
  for (int i = 0; i < UMBRA_MAX_PRIMES; i++) c[i] = 1;
}

/* The automorphisms of both domains are the same map. */
static void test_automorphism_law(void **state) {
  rig r;
  umbra_view a, b;
  const umbra_kernels *kernels = ((const subject *)*state)->kernels;
  start_law(&r, kernels, &a, &b);
  kernels->automorphism_coeff(r.stream, &b, &a, 5);
  kernels->ntt_forward(r.stream, &b);
  rig_download(&r);
  memcpy(r.before, r.after, r.used * sizeof *r.before);
  kernels->ntt_forward(r.stream, &a);
  kernels->automorphism_eval(r.stream, &b, &a, 5);
  rig_download(&r);
  for (uint32_t limb = 0; limb < r.ring.primes; limb++) {
    uint32_t q;
    assert_memory_equal(law_limb(&r, &b, limb, &q), limb_in(&r, r.before, &b, 0, limb, &q), r.n * sizeof(uint32_t));
  }
  rig_close(&r);
}

/* Coefficient i of the product of x and y modulo X^n + 1. */
static uint32_t product_coefficient(const uint32_t *x, const uint32_t *y, uint32_t i, uint32_t n, uint32_t q) {
  uint32_t sum = 0;
  for (uint32_t j = 0; j < n; j++) {
    const uint32_t term = mul_mod(x[j], y[(i - j) & (n - 1)], q);
    sum = j <= i ? add_mod(sum, term, q) : sub_mod(sum, term, q);
  }
  return sum;
}

/* Products in the evaluation domain are products of polynomials, Montgomery form and all. */
static void test_product_law(void **state) {
  rig r;
  umbra_view a, b;
  uint32_t c[UMBRA_MAX_PRIMES];
  const umbra_kernels *kernels = ((const subject *)*state)->kernels;
  ones(c);
  start_law(&r, kernels, &a, &b);
  kernels->ntt_forward(r.stream, &a);
  kernels->ntt_forward(r.stream, &b);
  kernels->mul(r.stream, &b, &a, &b);
  kernels->ntt_inverse(r.stream, &b, &b, c);
  rig_download(&r);
  for (uint32_t limb = 0; limb < r.ring.primes; limb++) {
    uint32_t q, position;
    const uint32_t *product = law_limb(&r, &b, limb, &q);
    const uint32_t *x = limb_in(&r, r.before, &a, 0, limb, &position);
    const uint32_t *y = limb_in(&r, r.before, &b, 0, limb, &position);
    for (uint32_t i = 0; i < r.n; i += 7) assert_int_equal(product[i], product_coefficient(x, y, i, r.n, q));
  }
  rig_close(&r);
}

/*
 * Words next to the bound of rejection, which random trials never meet: with the seed 0, polynomial 215481 has at limb
 * 3 the largest word that is accepted, and polynomial 601075 at limb 9 the smallest that is not (and would give 0).
 */
static void test_expand_bounds(void **state) {
  rig r;
  umbra_view a, b;
  const umbra_kernels *kernels = ((const subject *)*state)->kernels;
  call *c = calloc(1, sizeof *c);
  assert_non_null(c);
  start_law(&r, kernels, &a, &b);
  kernels->expand(r.stream, &a, c->seed, 215481);
  kernels->expand(r.stream, &b, c->seed, 601075);
  rig_download(&r);
  uint32_t q;
  const uint32_t accepted = law_limb(&r, &a, 3, &q)[519];
  assert_int_equal(accepted, q - 1);
  const uint32_t redrawn = law_limb(&r, &b, 9, &q)[987];
  assert_int_equal(q, 1073692673);
  c->first = 601075;
  const place at = {.limb = 9, .i = 987, .position = 9, .q = q};
  assert_int_equal(redrawn, want_expand(&r, c, &at));
  rig_close(&r);
  free(c);
}

/* ifft after fft is multiplication by m. */
static void test_fft_law(void **state) {
  rig r;
  const umbra_kernels *kernels = ((const subject *)*state)->kernels;
  rig_open(&r, kernels, RINGS - 1, 1);
  for (uint32_t log_m = 0; log_m < r.ring.log_n; log_m++) {
    rig_start(&r, 0);
    const size_t m = (size_t)1 << log_m, re = take_doubles(&r, m), im = take_doubles(&r, m);
    double *x = (double *)(void *)(r.memory + re), *y = (double *)(void *)(r.memory + im);
    rig_upload(&r);
    kernels->fft(r.stream, x, y, log_m, 1);
    kernels->ifft(r.stream, x, y, log_m, 1);
    rig_download(&r);
    for (size_t i = 0; i < m; i++) {
      const double size = (double)m * 0x1p21; /* of the largest element, times m */
      assert_true(fabs(double_in(r.after, re, i) - (double)m * double_in(r.before, re, i)) <= 0x1p-48 * size);
      assert_true(fabs(double_in(r.after, im, i) - (double)m * double_in(r.before, im, i)) <= 0x1p-48 * size);
    }
  }
  rig_close(&r);
}

static const struct CMUnitTest laws[] = {
    cmocka_unit_test(test_device_open),   cmocka_unit_test(test_automorphism_law), cmocka_unit_test(test_product_law),
    cmocka_unit_test(test_expand_bounds), cmocka_unit_test(test_fft_law),
};

enum { LAWS = sizeof laws / sizeof *laws };

/* One group: the laws for this backend, and every operation by the given test. */
static int run_group(const char *title, const umbra_kernels *kernels, CMUnitTestFunction operation_test) {
  struct CMUnitTest tests[LAWS + OPERATIONS];
  subject subjects[LAWS + OPERATIONS];
  for (int i = 0; i < LAWS + OPERATIONS; i++) {
    const operation *op = i < LAWS ? NULL : &operations[i - LAWS];
    subjects[i] = (subject){.kernels = kernels, .op = op};
    tests[i] = op ? (struct CMUnitTest){.name = op->name, .test_func = operation_test} : laws[i];
    tests[i].initial_state = &subjects[i];
  }
  return cmocka_run_group_tests_name(title, tests, NULL, NULL);
}

int main(int argc, char **argv) {
  if (sodium_init() < 0) return EXIT_FAILURE;
  if (argc > 1) cmocka_set_test_filter(argv[1]);
  const umbra_kernels *ref = umbra_kernels_get("ref");
  int failures = run_group("ref against the formulas", ref, test_formulas);
  for (const char *const *name = umbra_kernels_names(); *name; name++) {
    char title[64];
    const umbra_kernels *kernels = umbra_kernels_get(*name);
    snprintf(title, sizeof title, "%s against ref", *name);
    if (kernels && kernels != ref) failures += run_group(title, kernels, test_against_ref);
    printf("backend %s: %s\n", *name, kernels ? "run" : "not run, this machine lacks its instructions");
  }
  return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
