/* SPDX-License-Identifier: Apache-2.0 */
/* How each operation's operands are laid out, and how it is called. */
#ifndef UMBRA_TESTS_CONFORMANCE_OPERANDS_H
#define UMBRA_TESTS_CONFORMANCE_OPERANDS_H

#include <math.h>

#include "rig.h"

enum {
  MAX_ROTATIONS = 40, /* of one call of inner_products */
  MAX_TERMS = 96,     /* of plain_products */
  MAX_GROUPS = 6,
  MAX_SUMMANDS = 5,    /* of each kind, of sum */
  MAX_ELEMENTS = 4096, /* of a matrix */
  MAX_FACTORS = UMBRA_MAX_DIGITS * UMBRA_MAX_PRIMES * UMBRA_MAX_PRIMES / 4
};

/* What a conversion is made from; the factors are in the call. */
typedef struct conversion_case {
  umbra_conversion_desc desc;
  uint16_t source[UMBRA_MAX_PRIMES], target[UMBRA_MAX_PRIMES];
  uint32_t product[UMBRA_MAX_PRIMES];
} conversion_case;

/* Operands of one call; an operation uses those that it has. */
typedef struct call {
  umbra_view dst, a, b, init, digit[UMBRA_MAX_DIGITS], key[MAX_ROTATIONS];
  uint32_t c[UMBRA_MAX_PRIMES], d[UMBRA_MAX_PRIMES]; /* constants, one per limb */
  uint32_t number;                                   /* digits, terms, parts, shift, flag, or log_m */
  uint32_t rotations, galois[MAX_ROTATIONS];
  int accumulate;  /* of sum: twice */
  uint32_t digits; /* of extend_digits */
  umbra_view multiple[MAX_SUMMANDS];
  uint32_t multiplier[MAX_SUMMANDS][UMBRA_MAX_PRIMES];
  uint32_t log_gap;
  uint64_t first;
  uint8_t seed[UMBRA_SEED_BYTES];
  size_t re, im; /* offsets of arrays that are not polynomials */
  umbra_digit own[UMBRA_MAX_DIGITS];
  conversion_case conversion[UMBRA_MAX_DIGITS];
  uint32_t factors, factor[MAX_FACTORS];
} call;

static uint32_t smaller(uint32_t a, uint32_t b) { return a < b ? a : b; }

static uint32_t draw_up_to(rig *r, uint32_t most) { return r->fill == LARGEST ? most : 1 + draw_below(r, most); }

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

/* The largest is conjugation. */
static uint32_t draw_galois(rig *r) { return r->fill == LARGEST ? 2 * r->n - 1 : 2 * draw_below(r, r->n) + 1; }

static void prepare_automorphism(rig *r, call *c) {
  const umbra_view shape = draw_shape(r);
  c->a = make_view(r, &shape, draw_polys(r));
  c->dst = make_view(r, &shape, c->a.polys);
  *c->galois = draw_galois(r);
}

static uint16_t prime_at(const umbra_view *shape, uint32_t limb) {
  const umbra_run *run = shape->run;
  for (; limb >= run->count; run++) limb -= run->count;
  return (uint16_t)(run->prime + limb);
}

/* A factor of a conversion. Where all sources are of largest size, and of one sign, so are the factors times R. */
static uint32_t draw_factor(rig *r, uint32_t q) {
  return r->fill == LOW_HALF || r->fill == HIGH_HALF ? mul_mont(q / 2, 1, q) : draw_residue(r, q);
}

/* Constants of conversion j, whose sources are those limbs of `from`; its targets are in place. */
static void draw_conversion(rig *r, call *c, uint32_t j, const umbra_view *from, uint32_t targets) {
  conversion_case *made = &c->conversion[j];
  const uint32_t sources = umbra_view_limbs(from);
  uint32_t *factor = c->factor + c->factors;
  c->factors += targets * sources;
  assert_true(c->factors <= MAX_FACTORS);
  made->desc = (umbra_conversion_desc){.sources = sources,
                                       .targets = targets,
                                       .source = made->source,
                                       .target = made->target,
                                       .factor = factor,
                                       .product = made->product,
                                       .exact = ((uint32_t)r->alias + j) % 2};
  for (uint32_t i = 0; i < sources; i++) made->source[i] = prime_at(from, i);
  for (uint32_t t = 0; t < targets; t++) {
    const uint32_t q = r->ring.prime[made->target[t]];
    for (uint32_t i = 0; i < sources; i++) *factor++ = draw_factor(r, q);
    made->product[t] = draw_residue(r, q);
  }
}

/* The limbs of dst are a part of the targets: some come before them. */
static void prepare_convert(rig *r, call *c) {
  const umbra_view from = draw_shape(r), to = draw_shape(r);
  const uint32_t polys = draw_polys(r), limbs = umbra_view_limbs(&to);
  c->a = make_view(r, &from, polys);
  c->dst = make_view(r, &to, polys);
  c->first = draw_below(r, UMBRA_MAX_PRIMES + 1 - limbs) / 8;
  const uint32_t first = (uint32_t)c->first;
  for (uint32_t t = 0; t < first + limbs; t++) c->conversion->target[t] = prime_at(&to, t < first ? 0 : t - first);
  draw_conversion(r, c, 0, &from, first + limbs);
}

/* Of init: none, one or two polynomials, all limbs or some. */
static void draw_init(rig *r, call *c, const umbra_view *shape) {
  const uint32_t polys = (uint32_t)r->alias % 3;
  if (!polys) return;
  const umbra_view part = limbs_of(r, shape, 0, 1 + draw_below(r, umbra_view_limbs(shape)));
  c->init = make_view(r, &part, polys);
  draw_constants(r, &c->init, c->c);
}

/* As many digits as there is room for; every fourth time nothing is permuted, and every second time dst is added to. */
static void prepare_inner_product(rig *r, call *c) {
  const umbra_view shape = draw_shape(r);
  const uint32_t room = room_for(r, &shape) / 3;
  const uint32_t most = room < UMBRA_MAX_DIGITS + 3 ? room - 3 : UMBRA_MAX_DIGITS;
  c->number = r->fill == LARGEST ? most : 1 + draw_below(r, most);
  *c->galois = r->alias % 4 ? draw_galois(r) : 1;
  for (uint32_t j = 0; j < c->number; j++) c->digit[j] = make_view(r, &shape, 1);
  c->b = make_view(r, &shape, 2 * c->number);
  c->dst = make_view(r, &shape, 2);
  c->accumulate = draw_below(r, 2);
  draw_init(r, c, &shape);
}

/* Long sums over few limbs, or short ones over many. Every second time plaintexts are stored short; then the long ones are
   over one limb, and often of as many terms as there is room for. */
static void prepare_plain_products(rig *r, call *c) {
  const int is_short = r->alias % 4 >= 2, is_long = r->alias % 4 == 2;
  const umbra_view drawn = r->alias % 2 ? draw_shape(r) : draw_narrow_shape(r);
  const umbra_view shape = is_long ? limbs_of(r, &drawn, 0, 1) : drawn;
  const uint32_t room = room_for(r, &shape), groups = 1 + draw_below(r, smaller(MAX_GROUPS, (room - 2) / 3));
  const uint32_t each = is_long ? 3 : groups + 2; /* polynomials of a term: short plaintexts fit into one */
  const uint32_t most = smaller(MAX_TERMS, (room - 2 * groups) / each);
  const uint32_t terms = is_long && draw_below(r, 2) ? most : draw_up_to(r, most);
  c->number = terms;
  c->log_gap = is_short ? UMBRA_LEAST_LOG_GAP + draw_below(r, r->ring.log_n - UMBRA_LEAST_LOG_GAP) : 0;
  c->a = make_view(r, &shape, 2 * terms);
  c->b = make_view_of(r, &shape, groups * terms, r->n >> c->log_gap);
  c->dst = make_view(r, &shape, 2 * groups);
}

/* Rows and columns at the edges of tiles and blocks. */
static void draw_sides(rig *r, uint32_t limbs, uint32_t parts, uint32_t *rows, uint32_t *columns) {
  static const uint32_t side[] = {1, 2, 3, 5, 8, 9, 13, 16, 17, 33, 100, 112, 113, 230};
  const uint32_t sides = sizeof side / sizeof *side;
  size_t words;
  do {
    *rows = side[draw_below(r, sides)];
    *columns = side[draw_below(r, sides)];
    words = (size_t)(*rows + *columns) * parts * (limbs + 1) * r->n + (size_t)limbs * *rows * *columns;
  } while (*rows * *columns > MAX_ELEMENTS || words + 4 * (size_t)r->n > r->capacity);
}

/* One limb or several; one, two or three parts. */
static void prepare_gemm(rig *r, call *c) {
  const umbra_view drawn = draw_narrow_shape(r), shape = r->alias % 3 ? limbs_of(r, &drawn, 0, 1) : drawn;
  const uint32_t parts = 1 + (uint32_t)r->alias % 3, limbs = umbra_view_limbs(&shape);
  uint32_t rows, columns;
  draw_sides(r, limbs, parts, &rows, &columns);
  c->number = parts;
  c->a = make_view(r, &shape, parts * columns);
  c->dst = make_view(r, &shape, parts * rows);
  c->re = take(r, (size_t)limbs * rows * columns);
  for (size_t i = 0; i < (size_t)limbs * rows * columns; i++)
    r->before[c->re + i] = draw_residue(r, r->ring.prime[position_of(&shape, (uint32_t)(i / rows / columns))]);
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

/* Views that may be absent, and their constants. */
#define INIT(c) (c)->init.polys ? &(c)->init : NULL, (c)->init.polys ? (c)->c : NULL
#define X(c) (c)->a.polys ? &(c)->a : NULL, (c)->a.polys ? (c)->c : NULL

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
CALL(add_multiple, &c->dst, &c->a, c->c)
CALL(add_const, &c->dst, &c->a, c->c)
CALL(tensor, &c->dst, &c->a, &c->b, (int)c->number)
CALL(ntt_forward, &c->dst)
CALL(ntt_inverse, &c->dst, &c->a, c->c)
CALL(automorphism, &c->dst, &c->a, *c->galois)
CALL(inner_product, &c->dst, c->digit, c->number, &c->b, INIT(c), *c->galois, c->accumulate)
CALL(plain_products, &c->dst, &c->b, &c->a, c->number, c->log_gap)
CALL(gemm, &c->dst, &c->a, r->memory + c->re, c->number)
CALL(divide_close, &c->dst, X(c), &c->b, c->d)
CALL(expand, &c->dst, c->seed, c->first)
CALL(from_i64, &c->dst, (const int64_t *)(const void *)(r->memory + c->re), c->number)
CALL(fft, (double *)(void *)(r->memory + c->re), (double *)(void *)(r->memory + c->im), c->number, (uint32_t)c->first)
CALL(ifft, (double *)(void *)(r->memory + c->re), (double *)(void *)(r->memory + c->im), c->number, (uint32_t)c->first)

static void call_convert(rig *r, call *c) {
  umbra_conversion *conversion;
  assert_int_equal(r->kernels->conversion_create(&conversion, r->device, &c->conversion->desc), UMBRA_OK);
  r->kernels->convert(r->stream, &c->dst, &c->a, conversion, (uint32_t)c->first);
  assert_int_equal(r->kernels->stream.wait(r->stream), UMBRA_OK);
  r->kernels->conversion_destroy(conversion);
}

#endif
