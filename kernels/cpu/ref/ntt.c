/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Negacyclic number-theoretic transforms, in place (Longa and Naehrig, "Speeding up the Number Theoretic Transform for
 * Faster Ideal Lattice-Based Cryptography", eprint 2016/504): the powers of psi are merged into the butterflies.
 */
#include <string.h>

#include "ref.h"

static void scale(uint32_t *x, uint32_t n, uint32_t c, uint32_t c_shoup, uint32_t q) {
  for (uint32_t i = 0; i < n; i++) x[i] = umbra_mod_mul_const(x[i], c, c_shoup, q);
}

/* Natural to bit-reversed order. */
static void forward_limb(uint32_t *x, uint32_t n, const umbra_cpu_prime *prime) {
  const uint32_t q = prime->q;
  for (uint32_t blocks = 1, half = n / 2; blocks < n; blocks *= 2, half /= 2) {
    for (uint32_t block = 0; block < blocks; block++) {
      const uint32_t w = prime->forward[blocks + block], w_shoup = prime->forward_shoup[blocks + block];
      uint32_t *low = x + (size_t)2 * half * block, *high = low + half;
      for (uint32_t i = 0; i < half; i++) {
        const uint32_t u = low[i], v = umbra_mod_mul_const(high[i], w, w_shoup, q);
        low[i] = umbra_mod_add(u, v, q);
        high[i] = umbra_mod_sub(u, v, q);
      }
    }
  }
  scale(x, n, prime->r, prime->r_shoup, q);
}

/* Bit-reversed to natural order; times c. */
static void inverse_limb(uint32_t *x, uint32_t n, const umbra_cpu_prime *prime, uint32_t c) {
  const uint32_t q = prime->q;
  for (uint32_t blocks = n / 2, half = 1; blocks >= 1; blocks /= 2, half *= 2) {
    for (uint32_t block = 0; block < blocks; block++) {
      const uint32_t w = prime->inverse[blocks + block], w_shoup = prime->inverse_shoup[blocks + block];
      uint32_t *low = x + (size_t)2 * half * block, *high = low + half;
      for (uint32_t i = 0; i < half; i++) {
        const uint32_t u = low[i], v = high[i];
        low[i] = umbra_mod_add(u, v, q);
        high[i] = umbra_mod_mul_const(umbra_mod_sub(u, v, q), w, w_shoup, q);
      }
    }
  }
  const uint32_t closing = umbra_mod_mul(prime->n_inv, c, q);
  scale(x, n, closing, umbra_shoup(closing, q), q);
}

static void forward_work(const umbra_cpu_job *job, uint32_t limb, uint32_t poly) {
  const umbra_cpu_limb x = umbra_cpu_limb_at(job->device, job->dst, poly, limb);
  forward_limb(x.data, job->device->n, x.prime);
}

void umbra_ref_ntt_forward(umbra_stream *stream, const umbra_view *view) {
  umbra_cpu_run(&(umbra_cpu_job){.device = stream->device, .dst = view, .work = forward_work});
}

static void inverse_work(const umbra_cpu_job *job, uint32_t limb, uint32_t poly) {
  const umbra_cpu_limb x = umbra_cpu_limb_at(job->device, job->dst, poly, limb);
  const uint32_t *from = umbra_cpu_limb_at(job->device, job->a, poly, limb).data, n = job->device->n;
  if (from != x.data) memcpy(x.data, from, n * sizeof *from);
  inverse_limb(x.data, n, x.prime, job->c[limb]);
}

void umbra_ref_ntt_inverse(umbra_stream *stream, const umbra_view *dst, const umbra_view *src, const uint32_t *c) {
  umbra_cpu_run(&(umbra_cpu_job){.device = stream->device, .dst = dst, .a = src, .c = c, .work = inverse_work});
}
