/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A CPU backend that counts its calls, to hold the accounts of the dry device against: like that one it takes whole
 * polynomials at once and has all fused entries. It also looks how much memory is taken whenever a kernel is called.
 */
#ifndef UMBRA_TESTS_COUNTING_H
#define UMBRA_TESTS_COUNTING_H

#include <string.h>

#include "host/base/integers.h"
#include "host/ckks/context_internal.h"
#include "host/device/session_internal.h"
#include "host/ring/ring_internal.h"
#include "kernels/dry/dry.h"

typedef struct counting {
  umbra_ring *ring;
  const umbra_kernels *base;
  umbra_kernels kernels; /* the ring's, while it counts */
  umbra_dry_kernel called[UMBRA_DRY_KERNELS];
  size_t names;
  uint64_t products; /* in sums */
  uint64_t most_taken;
} counting;

static counting counted;

static void count_call(const char *name) {
  size_t i = 0;
  while (i < counted.names && strcmp(counted.called[i].name, name) != 0) i++;
  if (i == counted.names) counted.called[counted.names++].name = name;
  counted.called[i].calls++;
  if (counted.ring->session->memory.taken > counted.most_taken)
    counted.most_taken = counted.ring->session->memory.taken;
}

static uint64_t calls_counted(const char *name) {
  for (size_t i = 0; i < counted.names; i++)
    if (strcmp(counted.called[i].name, name) == 0) return counted.called[i].calls;
  return 0;
}

#define EXPAND(...) __VA_ARGS__
#define COUNTED(name, parameters, arguments)                            \
  static void counted_##name(umbra_stream *stream, EXPAND parameters) { \
    count_call(#name);                                                  \
    counted.base->name(stream, EXPAND arguments);                       \
  }

typedef const umbra_view *view;
typedef const uint32_t *words;

COUNTED(copy, (view dst, view src), (dst, src))
COUNTED(zero, (view dst), (dst))
COUNTED(add, (view dst, view a, view b), (dst, a, b))
COUNTED(sub, (view dst, view a, view b), (dst, a, b))
COUNTED(negate, (view dst, view a), (dst, a))
COUNTED(mul, (view dst, view a, view b), (dst, a, b))
COUNTED(mul_add, (view dst, view a, view b), (dst, a, b))
COUNTED(mul_const, (view dst, view a, words c), (dst, a, c))
COUNTED(add_multiple, (view dst, view a, words c), (dst, a, c))
COUNTED(add_const, (view dst, view a, words c), (dst, a, c))
COUNTED(tensor, (view dst, view a, view b, int accumulate), (dst, a, b, accumulate))
COUNTED(ntt_forward, (view dst), (dst))
COUNTED(ntt_inverse, (view dst, view src, words c), (dst, src, c))
COUNTED(automorphism, (view dst, view src, uint32_t galois), (dst, src, galois))
COUNTED(convert, (view dst, view src, const umbra_conversion *conversion, uint32_t first),
        (dst, src, conversion, first))
COUNTED(inner_product,
        (view dst, view digit, uint32_t digits, view key, view init, words c, uint32_t galois, int accumulate),
        (dst, digit, digits, key, init, c, galois, accumulate))
COUNTED(plain_products, (view dst, view plain, view a, uint32_t terms, uint32_t log_gap),
        (dst, plain, a, terms, log_gap))
COUNTED(gemm, (view dst, view a, words w, uint32_t parts), (dst, a, w, parts))
COUNTED(divide_close, (view dst, view x, words a, view z, words b), (dst, x, a, z, b))
COUNTED(expand, (view dst, const uint8_t *seed, uint64_t first), (dst, seed, first))
COUNTED(from_i64, (view dst, const int64_t *value, uint32_t shift), (dst, value, shift))
COUNTED(fft, (double *re, double *im, uint32_t log_m, uint32_t batch), (re, im, log_m, batch))
COUNTED(ifft, (double *re, double *im, uint32_t log_m, uint32_t batch), (re, im, log_m, batch))

static void counted_ntt_close(umbra_stream *stream, view dst, view x, words a, view z, words b) {
  count_call("ntt_close");
  counted.base->ntt_forward(stream, z);
  counted.base->divide_close(stream, dst, x, a, z, b);
}

/* Limbs [begin, end), counted as those of src; dst begins with number `first`. */
static void extend_part(umbra_stream *stream, view dst, view own, const umbra_digit *of, uint32_t first, uint32_t begin,
                        uint32_t end) {
  if (begin == end) return;
  umbra_view part = umbra_view_limbs_of(dst, umbra_ring_n(counted.ring), begin - first, end - begin);
  counted.base->convert(stream, &part, own, of->conversion, begin < of->first ? begin : begin - of->count);
  counted.base->ntt_forward(stream, &part);
}

/* Of one digit: what it does not own of limbs [first, first + limbs of dst). */
static void extend_digit(umbra_stream *stream, view dst, view src, const umbra_digit *digit, uint32_t first) {
  const uint32_t limbs = umbra_view_limbs(dst), end = first + limbs;
  const uint32_t own_first = umbra_clamp_u32(digit->first, first, end),
                 own_end = umbra_clamp_u32(digit->first + digit->count, first, end);
  umbra_view own = umbra_view_limbs_of(src, umbra_ring_n(counted.ring), digit->first, digit->count);
  extend_part(stream, dst, &own, digit, first, first, own_first);
  extend_part(stream, dst, &own, digit, first, own_end, end);
}

static void counted_extend_digits(umbra_stream *stream, view dst, view src, const umbra_digit *digit, uint32_t digits,
                                  uint32_t first) {
  count_call("extend_digits");
  for (uint32_t p = 0; p < dst->polys; p++) {
    umbra_view to = umbra_view_poly(dst, p), from = umbra_view_poly(src, p / digits);
    extend_digit(stream, &to, &from, &digit[p % digits], first);
  }
}

static void counted_sum(umbra_stream *stream, view dst, const umbra_sum_of *of) {
  const umbra_view both = umbra_view_polys(dst, 0, 2), c0 = umbra_view_poly(dst, 0);
  count_call("sum");
  counted.products += of->products;
  for (uint32_t i = 0; i < of->products; i++) counted.base->tensor(stream, dst, &of->a[i], &of->b[i], i > 0);
  if (of->twice) counted.base->add(stream, dst, dst, dst);
  for (uint32_t i = 0; i < of->multiples; i++)
    (i || of->products ? counted.base->add_multiple : counted.base->mul_const)(stream, &both, &of->x[i], of->c[i]);
  if (of->constant) counted.base->add_const(stream, &c0, &c0, of->constant);
}

static void counted_inner_products(umbra_stream *stream, view dst, view digit, uint32_t digits, view key, view init,
                                   words c, words galois, uint32_t rotations) {
  count_call("inner_products");
  for (uint32_t r = 0; r < rotations; r++) {
    umbra_view pair = umbra_view_polys(dst, 2 * r, 2);
    counted.base->inner_product(stream, &pair, digit, digits, &key[r], init, c, galois[r], 0);
  }
}

static uint32_t no_blocks(const umbra_device *device) {
  (void)device;
  return 0;
}

static uint32_t as_a_gpu(const umbra_device *device) {
  (void)device;
  return UMBRA_CACHED_BYTES / (umbra_ring_n(counted.ring) * (uint32_t)sizeof(uint32_t));
}

/* From now on the calls of that context's device are counted, until counting_end. */
static void counting_begin(const umbra_context *context) {
  umbra_ring *ring = context->ring;
  counted = (counting){
      .ring = ring, .base = ring->kernels, .kernels = *ring->kernels, .most_taken = ring->session->memory.taken};
  counted.kernels.device.block_limbs = no_blocks;
  counted.kernels.device.launch_limbs = as_a_gpu;
  counted.kernels.copy = counted_copy;
  counted.kernels.zero = counted_zero;
  counted.kernels.add = counted_add;
  counted.kernels.sub = counted_sub;
  counted.kernels.negate = counted_negate;
  counted.kernels.mul = counted_mul;
  counted.kernels.mul_add = counted_mul_add;
  counted.kernels.mul_const = counted_mul_const;
  counted.kernels.add_multiple = counted_add_multiple;
  counted.kernels.add_const = counted_add_const;
  counted.kernels.tensor = counted_tensor;
  counted.kernels.ntt_forward = counted_ntt_forward;
  counted.kernels.ntt_inverse = counted_ntt_inverse;
  counted.kernels.automorphism = counted_automorphism;
  counted.kernels.convert = counted_convert;
  counted.kernels.inner_product = counted_inner_product;
  counted.kernels.plain_products = counted_plain_products;
  counted.kernels.gemm = counted_gemm;
  counted.kernels.divide_close = counted_divide_close;
  counted.kernels.expand = counted_expand;
  counted.kernels.from_i64 = counted_from_i64;
  counted.kernels.fft = counted_fft;
  counted.kernels.ifft = counted_ifft;
  counted.kernels.ntt_close = counted_ntt_close;
  counted.kernels.extend_digits = counted_extend_digits;
  counted.kernels.inner_products = counted_inner_products;
  counted.kernels.sum = counted_sum;
  counted.kernels.lift = NULL; /* these two are composed of what is counted */
  counted.kernels.conversions = NULL;
  ring->kernels = &counted.kernels;
}

static void counting_end(void) { counted.ring->kernels = counted.base; }

#endif
