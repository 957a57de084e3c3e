/* SPDX-License-Identifier: Apache-2.0 */
/* Sums of products of ciphertexts with plaintexts. */
#include "ref.h"

/* Limb `limb` of polynomial `poly`, of that many words. */
static const uint32_t *words_of(const umbra_view *view, uint32_t poly, uint32_t limb, size_t words) {
  const umbra_run *run = view->run;
  while (limb >= run->count) limb -= (run++)->count;
  return run->data + poly * view->stride + limb * words;
}

/* What a kernel call is about. */
typedef struct products_job {
  const umbra_device *device;
  const umbra_view *dst, *plain, *a;
  uint32_t terms, log_gap;
} products_job;

static void products_work(const void *data, uint32_t item) {
  const products_job *job = data;
  const umbra_device *device = job->device;
  const uint32_t n = device->n, poly = item % job->dst->polys, limb = item / job->dst->polys;
  const umbra_cpu_limb to = umbra_cpu_limb_at(device, job->dst, poly, limb);
  const uint32_t q = to.prime->q, neg_inv = to.prime->neg_inv;
  for (uint32_t i = 0; i < n; i++) to.data[i] = 0;
  for (uint32_t b = 0; b < job->terms; b++) {
    const uint32_t *x = umbra_cpu_limb_at(device, job->a, 2 * b + poly % 2, limb).data;
    const uint32_t *y = words_of(job->plain, poly / 2 * job->terms + b, limb, n >> job->log_gap);
    for (uint32_t i = 0; i < n; i++)
      to.data[i] = umbra_mod_add(to.data[i], umbra_mont_mul(x[i], y[i >> job->log_gap], q, neg_inv), q);
  }
}

void umbra_ref_plain_products(umbra_stream *stream, const umbra_view *dst, const umbra_view *plain, const umbra_view *a,
                              uint32_t terms, uint32_t log_gap) {
  const umbra_device *device = stream->device;
  const uint32_t items = umbra_view_limbs(dst) * dst->polys;
  const products_job job = {device, dst, plain, a, terms, log_gap};
  umbra_cpu_parallel(device, items, (size_t)items * terms * device->n, products_work, &job);
}
