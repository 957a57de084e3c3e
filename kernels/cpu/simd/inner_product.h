/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gadget inner product: sums of 64-bit products, one Montgomery reduction at the end. A product is below q / 2 * 2^32,
 * and below q / 4 * 2^32 if q < 2^30; so after every two, or four, a sum below q * 2^32 is below twice that.
 */
#include "route.h"

enum { AHEAD = 512 /* words: keys come from memory, in more streams than processors follow by themselves */ };

/* One limb of both polynomials of the result and what goes into it. */
typedef struct rows {
  const umbra_cpu_prime *prime;
  uint32_t *dst[2];
  int accumulate;
  uint32_t digits;
  const uint32_t *digit[UMBRA_MAX_DIGITS], *key[2][UMBRA_MAX_DIGITS];
  const uint32_t *init[2]; /* NULL: no such term */
  uint32_t c;              /* factor of init, times R */
} rows;

UMBRA_INLINE wide initial(const uint32_t *init, size_t i, vec c) {
  return init ? wide_mul(vec_load(init + i), c) : (wide){vec_set(0), vec_set(0)};
}

/* A vector of each polynomial of the result, from word i of the operands. */
UMBRA_INLINE void product_vectors(vec result[2], const rows *r, size_t i, vec q, vec inv) {
  const uint32_t period = r->prime->q >> 30 ? 2 : 4;
  const vec c = vec_set(r->c);
  const vec bound = vec_set64((uint64_t)r->prime->q << 32); /* its subtraction changes high words only */
  wide sum0 = initial(r->init[0], i, c), sum1 = initial(r->init[1], i, c);
  for (uint32_t j = 0, end; j < r->digits;) {
    end = r->digits - j > period ? j + period : r->digits;
    for (; j < end; j++) {
      const vec digit = vec_load(r->digit[j] + i);
      __builtin_prefetch(r->key[0][j] + i + AHEAD);
      __builtin_prefetch(r->key[1][j] + i + AHEAD);
      sum0 = wide_add(sum0, wide_mul(digit, vec_load(r->key[0][j] + i)));
      sum1 = wide_add(sum1, wide_mul(digit, vec_load(r->key[1][j] + i)));
    }
    sum0 = wide_shrink(sum0, bound);
    sum1 = wide_shrink(sum1, bound);
  }
  result[0] = wide_reduce(sum0, q, inv);
  result[1] = wide_reduce(sum1, q, inv);
}

UMBRA_INLINE void finish(const rows *r, int poly, size_t at, vec result, vec q) {
  uint32_t *to = r->dst[poly] + at;
  vec_store(to, r->accumulate ? vec_mod_add(vec_load(to), result, q) : result);
}

static void product_rows(const rows *r, size_t n) {
  const vec q = vec_set(r->prime->q), inv = vec_set(0 - r->prime->neg_inv);
  for (size_t i = 0; i < n; i += VEC_WORDS) {
    vec result[2];
    product_vectors(result, r, i, q, inv);
    finish(r, 0, i, result[0], q);
    finish(r, 1, i, result[1], q);
  }
}

static void product_rows_routed(const rows *r, uint32_t galois, uint32_t log_n) {
  const vec q = vec_set(r->prime->q), inv = vec_set(0 - r->prime->neg_inv);
  route route;
  route_make(&route, galois, log_n);
  for (uint32_t index = 0; index >> (log_n - UMBRA_MIN_LOG_N) == 0; index++) {
    const group g = target_group(&route, index);
    uint32_t target[GROUP];
    for (uint32_t i = 0; i < GROUP; i++) target[i] = target_of(&route, g, i);
    for (uint32_t i = 0; i < GROUP; i++) {
      const uint32_t carry = target[i] % VEC_WORDS, at = target[i] - carry;
      vec result[2];
      product_vectors(result, r, (size_t)index * GROUP_WORDS + i * VEC_WORDS, q, inv);
      finish(r, 0, at, vec_permute(result[0], route.lane[carry]), q);
      finish(r, 1, at, vec_permute(result[1], route.lane[carry]), q);
    }
  }
}

/* The term of init of a limb. */
static void add_initial(rows *r, const umbra_device *device, const umbra_view *init, const uint32_t *c, uint32_t limb) {
  if (!init || limb >= umbra_view_limbs(init)) return;
  r->c = umbra_mod_mul(c[limb], r->prime->r, r->prime->q);
  for (uint32_t poly = 0; poly < init->polys; poly++) {
    r->init[poly] = umbra_cpu_limb_at(device, init, poly, limb).data;
  }
}

/* What a call is about. */
typedef struct product_job {
  const umbra_device *device;
  const umbra_view *dst, *digit, *key, *init;
  uint32_t digits, rotations;
  const uint32_t *c, *galois;
  int accumulate;
} product_job;

/* A limb of the result of rotation k. */
static void product_limb(const product_job *job, uint32_t limb, uint32_t k) {
  const umbra_device *device = job->device;
  const umbra_cpu_limb to = umbra_cpu_limb_at(device, job->dst, 2 * k, limb);
  rows r = {.prime = to.prime,
            .dst = {to.data, umbra_cpu_limb_at(device, job->dst, 2 * k + 1, limb).data},
            .accumulate = job->accumulate,
            .digits = job->digits};
  add_initial(&r, device, job->init, job->c, limb);
  for (uint32_t j = 0; j < job->digits; j++) {
    r.digit[j] = umbra_cpu_limb_at(device, &job->digit[j], 0, limb).data;
    r.key[0][j] = umbra_cpu_limb_at(device, &job->key[k], 2 * j, limb).data;
    r.key[1][j] = umbra_cpu_limb_at(device, &job->key[k], 2 * j + 1, limb).data;
  }
  if (job->galois[k] == 1) product_rows(&r, device->n);
  else product_rows_routed(&r, job->galois[k], device->log_n);
}

/* All rotations of a limb, whose digits stay in the cache. */
static void product_work(const void *data, uint32_t limb) {
  const product_job *job = data;
  for (uint32_t k = 0; k < job->rotations; k++) product_limb(job, limb, k);
}

static void make_products(umbra_stream *stream, const product_job *job) {
  const uint32_t limbs = umbra_view_limbs(job->dst);
  const size_t work = (size_t)2 * job->rotations * limbs * job->digits * stream->device->n;
  umbra_cpu_parallel(stream->device, limbs, work, product_work, job);
}

void UMBRA_CPU_NAME(inner_products)(umbra_stream *stream, const umbra_view *dst, const umbra_view *digit,
                                    uint32_t digits, const umbra_view *key, const umbra_view *init, const uint32_t *c,
                                    const uint32_t *galois, uint32_t rotations) {
  make_products(stream, &(product_job){stream->device, dst, digit, key, init, digits, rotations, c, galois, 0});
}

void UMBRA_CPU_NAME(inner_product)(umbra_stream *stream, const umbra_view *dst, const umbra_view *digit,
                                   uint32_t digits, const umbra_view *key, const umbra_view *init, const uint32_t *c,
                                   uint32_t galois, int accumulate) {
  make_products(stream, &(product_job){stream->device, dst, digit, key, init, digits, 1, c, &galois, accumulate});
}
