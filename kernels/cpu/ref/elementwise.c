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

/* Polynomial of an operand that may have one polynomial for all. */
static uint32_t broadcast(const umbra_view *view, uint32_t poly) { return view->polys == 1 ? 0 : poly; }

static operands operands_of(const umbra_cpu_job *job, uint32_t limb, uint32_t poly) {
  const umbra_cpu_limb dst = umbra_cpu_limb_at(job->device, job->dst, poly, limb);
  const umbra_view *b = job->b ? job->b : job->a; /* where there is no b, nobody reads it */
  return (operands){.dst = dst.data,
                    .a = umbra_cpu_limb_at(job->device, job->a, poly, limb).data,
                    .b = umbra_cpu_limb_at(job->device, b, broadcast(b, poly), limb).data,
                    .c = job->c ? job->c[limb] : 0,
                    .n = job->device->n,
                    .prime = dst.prime};
}

static void add_limb(const umbra_cpu_job *job, uint32_t limb, uint32_t poly) {
  const operands o = operands_of(job, limb, poly);
  uint32_t *dst = o.dst;
  const uint32_t *a = o.a, *b = o.b, n = o.n, q = o.prime->q;
  UMBRA_INDEPENDENT
  for (uint32_t i = 0; i < n; i++) dst[i] = umbra_mod_add(a[i], b[i], q);
}

static void sub_limb(const umbra_cpu_job *job, uint32_t limb, uint32_t poly) {
  const operands o = operands_of(job, limb, poly);
  uint32_t *dst = o.dst;
  const uint32_t *a = o.a, *b = o.b, n = o.n, q = o.prime->q;
  UMBRA_INDEPENDENT
  for (uint32_t i = 0; i < n; i++) dst[i] = umbra_mod_sub(a[i], b[i], q);
}

static void negate_limb(const umbra_cpu_job *job, uint32_t limb, uint32_t poly) {
  const operands o = operands_of(job, limb, poly);
  uint32_t *dst = o.dst;
  const uint32_t *a = o.a, n = o.n, q = o.prime->q;
  UMBRA_INDEPENDENT
  for (uint32_t i = 0; i < n; i++) dst[i] = umbra_mod_neg(a[i], q);
}

static void mul_limb(const umbra_cpu_job *job, uint32_t limb, uint32_t poly) {
  const operands o = operands_of(job, limb, poly);
  uint32_t *dst = o.dst;
  const uint32_t *a = o.a, *b = o.b, n = o.n, q = o.prime->q, neg_inv = o.prime->neg_inv;
  UMBRA_INDEPENDENT
  for (uint32_t i = 0; i < n; i++) dst[i] = umbra_mont_mul(a[i], b[i], q, neg_inv);
}

static void mul_add_limb(const umbra_cpu_job *job, uint32_t limb, uint32_t poly) {
  const operands o = operands_of(job, limb, poly);
  uint32_t *dst = o.dst;
  const uint32_t *a = o.a, *b = o.b, n = o.n, q = o.prime->q, neg_inv = o.prime->neg_inv;
  UMBRA_INDEPENDENT
  for (uint32_t i = 0; i < n; i++) dst[i] = umbra_mod_add(dst[i], umbra_mont_mul(a[i], b[i], q, neg_inv), q);
}

static void mul_const_limb(const umbra_cpu_job *job, uint32_t limb, uint32_t poly) {
  const operands o = operands_of(job, limb, poly);
  uint32_t *dst = o.dst;
  const uint32_t *a = o.a, n = o.n, q = o.prime->q, c = o.c, c_shoup = umbra_shoup(c, q);
  UMBRA_INDEPENDENT
  for (uint32_t i = 0; i < n; i++) dst[i] = umbra_mod_mul_const(a[i], c, c_shoup, q);
}

static void add_multiple_limb(const umbra_cpu_job *job, uint32_t limb, uint32_t poly) {
  const operands o = operands_of(job, limb, poly);
  uint32_t *dst = o.dst;
  const uint32_t *a = o.a, n = o.n, q = o.prime->q, c = o.c, c_shoup = umbra_shoup(c, q);
  UMBRA_INDEPENDENT
  for (uint32_t i = 0; i < n; i++) dst[i] = umbra_mod_add(dst[i], umbra_mod_mul_const(a[i], c, c_shoup, q), q);
}

static void add_const_limb(const umbra_cpu_job *job, uint32_t limb, uint32_t poly) {
  const operands o = operands_of(job, limb, poly);
  uint32_t *dst = o.dst;
  const uint32_t *a = o.a, n = o.n, q = o.prime->q, c = o.c;
  UMBRA_INDEPENDENT
  for (uint32_t i = 0; i < n; i++) dst[i] = umbra_mod_add(a[i], c, q);
}

void UMBRA_CPU_NAME(add)(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const umbra_view *b) {
  umbra_cpu_run(&(umbra_cpu_job){.device = stream->device, .dst = dst, .a = a, .b = b, .work = add_limb});
}

void UMBRA_CPU_NAME(sub)(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const umbra_view *b) {
  umbra_cpu_run(&(umbra_cpu_job){.device = stream->device, .dst = dst, .a = a, .b = b, .work = sub_limb});
}

void UMBRA_CPU_NAME(negate)(umbra_stream *stream, const umbra_view *dst, const umbra_view *a) {
  umbra_cpu_run(&(umbra_cpu_job){.device = stream->device, .dst = dst, .a = a, .work = negate_limb});
}

void UMBRA_CPU_NAME(mul)(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const umbra_view *b) {
  umbra_cpu_run(&(umbra_cpu_job){.device = stream->device, .dst = dst, .a = a, .b = b, .work = mul_limb});
}

void UMBRA_CPU_NAME(mul_add)(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const umbra_view *b) {
  umbra_cpu_run(&(umbra_cpu_job){.device = stream->device, .dst = dst, .a = a, .b = b, .work = mul_add_limb});
}

void UMBRA_CPU_NAME(mul_const)(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const uint32_t *c) {
  umbra_cpu_run(&(umbra_cpu_job){.device = stream->device, .dst = dst, .a = a, .c = c, .work = mul_const_limb});
}

void UMBRA_CPU_NAME(add_multiple)(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const uint32_t *c) {
  umbra_cpu_run(&(umbra_cpu_job){.device = stream->device, .dst = dst, .a = a, .c = c, .work = add_multiple_limb});
}

void UMBRA_CPU_NAME(add_const)(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const uint32_t *c) {
  umbra_cpu_run(&(umbra_cpu_job){.device = stream->device, .dst = dst, .a = a, .c = c, .work = add_const_limb});
}
