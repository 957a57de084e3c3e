/* SPDX-License-Identifier: Apache-2.0 */
/* Element-by-element kernels: the operations on one vector, and the loops around them. */
#include "simd.h"

/* What an operation can use: vectors of the operands (a also stands for a missing b), and the constants of the limb. */
typedef struct operands {
  vec dst, a, b;
  vec q, inv;
  factor c;
} operands;

typedef vec operation(const operands *o);

UMBRA_INLINE vec add_vector(const operands *o) { return vec_mod_add(o->a, o->b, o->q); }
UMBRA_INLINE vec sub_vector(const operands *o) { return vec_mod_sub(o->a, o->b, o->q); }
UMBRA_INLINE vec negate_vector(const operands *o) { return vec_shrink(vec_sub(o->q, o->a), o->q); }
UMBRA_INLINE vec mul_vector(const operands *o) { return vec_mont_mul(o->a, o->b, o->q, o->inv); }
UMBRA_INLINE vec mul_add_vector(const operands *o) { return vec_mod_add(o->dst, mul_vector(o), o->q); }
UMBRA_INLINE vec mul_const_vector(const operands *o) { return vec_mul_factor(o->a, o->c, o->q); }
UMBRA_INLINE vec add_multiple_vector(const operands *o) { return vec_mod_add(o->dst, mul_const_vector(o), o->q); }
UMBRA_INLINE vec add_const_vector(const operands *o) { return vec_mod_add(o->a, o->c.plain, o->q); }

UMBRA_INLINE void each_vector(const umbra_cpu_job *job, uint32_t limb, uint32_t poly, operation *apply) {
  const umbra_device *device = job->device;
  const umbra_cpu_limb dst = umbra_cpu_limb_at(device, job->dst, poly, limb);
  const uint32_t *a = umbra_cpu_limb_at(device, job->a, poly, limb).data, q = dst.prime->q;
  const uint32_t *b = job->b ? umbra_cpu_limb_at(device, job->b, job->b->polys == 1 ? 0 : poly, limb).data : a;
  operands o = {.q = vec_set(q), .inv = vec_set(0 - dst.prime->neg_inv), .c = factor_set(job->c ? job->c[limb] : 0, q)};
  for (size_t i = 0; i < device->n; i += VEC_WORDS) {
    o.dst = vec_load(dst.data + i);
    o.a = vec_load(a + i);
    o.b = vec_load(b + i);
    vec_store(dst.data + i, apply(&o));
  }
}

/* The loop of one operation over a limb. */
#define UMBRA_ELEMENTWISE_WORK(name)                                                \
  static void name##_work(const umbra_cpu_job *job, uint32_t limb, uint32_t poly) { \
    each_vector(job, limb, poly, name##_vector);                                    \
  }

UMBRA_ELEMENTWISE_WORK(add)
UMBRA_ELEMENTWISE_WORK(sub)
UMBRA_ELEMENTWISE_WORK(negate)
UMBRA_ELEMENTWISE_WORK(mul)
UMBRA_ELEMENTWISE_WORK(mul_add)
UMBRA_ELEMENTWISE_WORK(mul_const)
UMBRA_ELEMENTWISE_WORK(add_multiple)
UMBRA_ELEMENTWISE_WORK(add_const)

void UMBRA_CPU_NAME(add)(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const umbra_view *b) {
  umbra_cpu_run(&(umbra_cpu_job){.device = stream->device, .dst = dst, .a = a, .b = b, .work = add_work});
}

void UMBRA_CPU_NAME(sub)(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const umbra_view *b) {
  umbra_cpu_run(&(umbra_cpu_job){.device = stream->device, .dst = dst, .a = a, .b = b, .work = sub_work});
}

void UMBRA_CPU_NAME(negate)(umbra_stream *stream, const umbra_view *dst, const umbra_view *a) {
  umbra_cpu_run(&(umbra_cpu_job){.device = stream->device, .dst = dst, .a = a, .work = negate_work});
}

void UMBRA_CPU_NAME(mul)(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const umbra_view *b) {
  umbra_cpu_run(&(umbra_cpu_job){.device = stream->device, .dst = dst, .a = a, .b = b, .work = mul_work});
}

void UMBRA_CPU_NAME(mul_add)(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const umbra_view *b) {
  umbra_cpu_run(&(umbra_cpu_job){.device = stream->device, .dst = dst, .a = a, .b = b, .work = mul_add_work});
}

void UMBRA_CPU_NAME(mul_const)(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const uint32_t *c) {
  umbra_cpu_run(&(umbra_cpu_job){.device = stream->device, .dst = dst, .a = a, .c = c, .work = mul_const_work});
}

void UMBRA_CPU_NAME(add_multiple)(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const uint32_t *c) {
  umbra_cpu_run(&(umbra_cpu_job){.device = stream->device, .dst = dst, .a = a, .c = c, .work = add_multiple_work});
}

void UMBRA_CPU_NAME(add_const)(umbra_stream *stream, const umbra_view *dst, const umbra_view *a, const uint32_t *c) {
  umbra_cpu_run(&(umbra_cpu_job){.device = stream->device, .dst = dst, .a = a, .c = c, .work = add_const_work});
}
