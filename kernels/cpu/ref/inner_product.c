/* SPDX-License-Identifier: Apache-2.0 */
/* Gadget inner product of key switching. */
#include "ref.h"

/* One limb of one polynomial of the result and what goes into it. */
typedef struct product_row {
  uint32_t *dst;
  int accumulate;
  const umbra_cpu_prime *prime;
  const uint32_t *init; /* NULL: no such term */
  uint32_t c;
  uint32_t digits;
  const uint32_t *digit[UMBRA_MAX_DIGITS], *key[UMBRA_MAX_DIGITS];
} product_row;

/* Where element i of a result goes: brev(i) = k moves to k' with galois k' + (galois - 1) / 2 = k mod n. */
static uint32_t target(uint32_t i, uint32_t galois, uint32_t inverse, uint32_t log_n) {
  const uint32_t k = umbra_bit_reverse(i, log_n);
  return umbra_bit_reverse((k - galois / 2) * inverse & ((1u << log_n) - 1), log_n);
}

/* Inverse of an odd number modulo 2^32 (Newton's iteration). */
static uint32_t inverse_of(uint32_t odd) { return 0u - umbra_mont_neg_inv(odd); }

static void row_product(const product_row *row, uint32_t galois, uint32_t log_n) {
  const uint32_t q = row->prime->q, neg_inv = row->prime->neg_inv, c_shoup = umbra_shoup(row->c, q);
  const uint32_t inverse = inverse_of(galois);
  for (uint32_t i = 0; i >> log_n == 0; i++) {
    uint32_t sum = row->init ? umbra_mod_mul_const(row->init[i], row->c, c_shoup, q) : 0;
    for (uint32_t j = 0; j < row->digits; j++) {
      sum = umbra_mod_add(sum, umbra_mont_mul(row->digit[j][i], row->key[j][i], q, neg_inv), q);
    }
    uint32_t *to = &row->dst[galois == 1 ? i : target(i, galois, inverse, log_n)];
    *to = row->accumulate ? umbra_mod_add(*to, sum, q) : sum;
  }
}

/* What a call is about. */
typedef struct product_job {
  const umbra_device *device;
  const umbra_view *dst, *digit, *key, *init;
  uint32_t digits, galois;
  const uint32_t *c;
  int accumulate;
} product_job;

static void product_work(const void *data, uint32_t item) {
  const product_job *job = data;
  const umbra_device *device = job->device;
  const uint32_t limbs = umbra_view_limbs(job->dst), poly = item / limbs, limb = item % limbs;
  const umbra_cpu_limb to = umbra_cpu_limb_at(device, job->dst, poly, limb);
  product_row row = {.dst = to.data, .accumulate = job->accumulate, .prime = to.prime, .digits = job->digits};
  if (job->init && limb < umbra_view_limbs(job->init) && poly < job->init->polys) {
    row.init = umbra_cpu_limb_at(device, job->init, poly, limb).data;
    row.c = job->c[limb];
  }
  for (uint32_t j = 0; j < job->digits; j++) {
    row.digit[j] = umbra_cpu_limb_at(device, &job->digit[j], 0, limb).data;
    row.key[j] = umbra_cpu_limb_at(device, job->key, 2 * j + poly, limb).data;
  }
  row_product(&row, job->galois, device->log_n);
}

void umbra_ref_inner_product(umbra_stream *stream, const umbra_view *dst, const umbra_view *digit, uint32_t digits,
                             const umbra_view *key, const umbra_view *init, const uint32_t *c, uint32_t galois,
                             int accumulate) {
  const umbra_device *device = stream->device;
  const product_job job = {device, dst, digit, key, init, digits, galois, c, accumulate};
  const uint32_t items = 2 * umbra_view_limbs(dst);
  umbra_cpu_parallel(device, items, (size_t)items * digits * device->n, product_work, &job);
}
