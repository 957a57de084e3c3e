/* SPDX-License-Identifier: Apache-2.0 */
/* Element-by-element kernels. */
#include "ref.h"

/* What a loop over one limb needs; b and c only where the operation has them. */
typedef struct operands {
  uint32_t *dst;
  const uint32_t *a, *b;
  uint32_t c, n;
  const umbra_cpu_prime *prime;
} operands;

typedef void limb_loop(const operands *o);

/* Polynomial of an operand that may have one polynomial for all. */
static uint32_t broadcast(const umbra_view *view, uint32_t poly) { return view->polys == 1 ? 0 : poly; }

static void each_limb(const umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const umbra_view *b,
                      const uint32_t *c, limb_loop *loop) {
  const umbra_device *device = stream->device;
  const uint32_t limbs = umbra_view_limbs(dst), items = limbs * dst->polys;
#pragma omp parallel for schedule(static) num_threads(umbra_cpu_team(device, items, (size_t)items * device->n))
  for (uint32_t item = 0; item < items; item++) {
    const uint32_t poly = item / limbs, limb = item % limbs;
    const umbra_cpu_limb d = umbra_cpu_limb_at(device, dst, poly, limb);
    loop(&(operands){.dst = d.data,
                     .a = umbra_cpu_limb_at(device, a, poly, limb).data,
                     .b = b ? umbra_cpu_limb_at(device, b, broadcast(b, poly), limb).data : NULL,
                     .c = c ? c[limb] : 0,
                     .n = device->n,
                     .prime = d.prime});
  }
}

static void add_limb(const operands *o) {
  uint32_t *dst = o->dst;
  const uint32_t *a = o->a, *b = o->b, n = o->n, q = o->prime->q;
#pragma omp simd
  for (uint32_t i = 0; i < n; i++) dst[i] = umbra_mod_add(a[i], b[i], q);
}

static void sub_limb(const operands *o) {
  uint32_t *dst = o->dst;
  const uint32_t *a = o->a, *b = o->b, n = o->n, q = o->prime->q;
#pragma omp simd
  for (uint32_t i = 0; i < n; i++) dst[i] = umbra_mod_sub(a[i], b[i], q);
}

static void negate_limb(const operands *o) {
  uint32_t *dst = o->dst;
  const uint32_t *a = o->a, n = o->n, q = o->prime->q;
#pragma omp simd
  for (uint32_t i = 0; i < n; i++) dst[i] = umbra_mod_neg(a[i], q);
}

static void mul_limb(const operands *o) {
  uint32_t *dst = o->dst;
  const uint32_t *a = o->a, *b = o->b, n = o->n, q = o->prime->q, neg_inv = o->prime->neg_inv;
#pragma omp simd
  for (uint32_t i = 0; i < n; i++) dst[i] = umbra_mont_mul(a[i], b[i], q, neg_inv);
}

static void mul_add_limb(const operands *o) {
  uint32_t *dst = o->dst;
  const uint32_t *a = o->a, *b = o->b, n = o->n, q = o->prime->q, neg_inv = o->prime->neg_inv;
#pragma omp simd
  for (uint32_t i = 0; i < n; i++) dst[i] = umbra_mod_add(dst[i], umbra_mont_mul(a[i], b[i], q, neg_inv), q);
}

static void mul_const_limb(const operands *o) {
  uint32_t *dst = o->dst;
  const uint32_t *a = o->a, n = o->n, q = o->prime->q, c = o->c, c_shoup = umbra_shoup(c, q);
#pragma omp simd
  for (uint32_t i = 0; i < n; i++) dst[i] = umbra_mod_mul_const(a[i], c, c_shoup, q);
}

static void add_const_limb(const operands *o) {
  uint32_t *dst = o->dst;
  const uint32_t *a = o->a, n = o->n, q = o->prime->q, c = o->c;
#pragma omp simd
  for (uint32_t i = 0; i < n; i++) dst[i] = umbra_mod_add(a[i], c, q);
}

void UMBRA_CPU_NAME(add)(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const umbra_view *b) {
  each_limb(stream, dst, a, b, NULL, add_limb);
}

void UMBRA_CPU_NAME(sub)(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const umbra_view *b) {
  each_limb(stream, dst, a, b, NULL, sub_limb);
}

void UMBRA_CPU_NAME(negate)(umbra_stream *stream, const umbra_view *dst, const umbra_view *a) {
  each_limb(stream, dst, a, NULL, NULL, negate_limb);
}

void UMBRA_CPU_NAME(mul)(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const umbra_view *b) {
  each_limb(stream, dst, a, b, NULL, mul_limb);
}

void UMBRA_CPU_NAME(mul_add)(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const umbra_view *b) {
  each_limb(stream, dst, a, b, NULL, mul_add_limb);
}

void UMBRA_CPU_NAME(mul_const)(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const uint32_t *c) {
  each_limb(stream, dst, a, NULL, c, mul_const_limb);
}

void UMBRA_CPU_NAME(add_const)(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const uint32_t *c) {
  each_limb(stream, dst, a, NULL, c, add_const_limb);
}
