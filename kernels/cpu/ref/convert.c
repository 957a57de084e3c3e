/* SPDX-License-Identifier: Apache-2.0 */
/* Base conversion: a matrix product over the coefficients of all source limbs. */
#include "ref.h"

enum { BLOCK = 16 }; /* coefficients at a time, so that the centred sources stay in the first cache */

/* c_i of the contract. */
static void centre(int32_t centred[BLOCK], const uint32_t *residue, uint32_t d) {
  for (uint32_t j = 0; j < BLOCK; j++) {
    centred[j] = (int32_t)(residue[j] > (d - 1) / 2 ? residue[j] - d : residue[j]);
  }
}

/* v of the contract for an exact conversion. The sum has at most UMBRA_MAX_PRIMES terms below 2^55 and fits 63 bits. */
static void overflow(int32_t v[BLOCK], int32_t (*centred)[BLOCK], const umbra_conversion *conversion) {
  for (uint32_t j = 0; j < BLOCK; j++) {
    int64_t sum = INT64_C(1) << 55;
    for (uint32_t i = 0; i < conversion->desc.sources; i++) sum += centred[i][j] * (int64_t)conversion->reciprocal[i];
    v[j] = (int32_t)(sum >> 56);
  }
}

/* A sum of signed products of 31 by 31 bits, too long for one word. */
typedef struct wide {
  int64_t high, low; /* high * 2^32 + low */
} wide;

static void wide_add(wide *sum, int64_t product) {
  sum->high += product >> 32;
  sum->low += (uint32_t)product;
}

static uint32_t wide_residue(wide sum, const umbra_cpu_prime *prime) {
  const int64_t high = umbra_mod_from_i64(sum.high, prime->q);
  return umbra_mod_from_i64(high * prime->r + sum.low, prime->q);
}

static void convert_block(umbra_cpu_limb out, size_t offset, int32_t (*centred)[BLOCK], const int32_t v[BLOCK],
                          const umbra_conversion_desc *desc, uint32_t target) {
  const uint32_t *factor = desc->factor + (size_t)target * desc->sources;
  for (uint32_t j = 0; j < BLOCK; j++) {
    wide sum = {0, 0};
    for (uint32_t i = 0; i < desc->sources; i++) wide_add(&sum, (int64_t)centred[i][j] * factor[i]);
    wide_add(&sum, -(int64_t)v[j] * desc->product[target]);
    out.data[offset + j] = wide_residue(sum, out.prime);
  }
}

static void convert_work(const void *data, uint32_t item) {
  const umbra_cpu_job *job = data;
  const umbra_conversion_desc *desc = &job->conversion->desc;
  const uint32_t limbs = umbra_view_limbs(job->dst), blocks = job->device->n / BLOCK, poly = item / blocks;
  const size_t offset = (size_t)(item % blocks) * BLOCK;
  int32_t centred[UMBRA_MAX_PRIMES][BLOCK], v[BLOCK] = {0};
  for (uint32_t i = 0; i < desc->sources; i++) {
    const umbra_cpu_limb y = umbra_cpu_limb_at(job->device, job->a, poly, i);
    centre(centred[i], y.data + offset, y.prime->q);
  }
  if (desc->exact) overflow(v, centred, job->conversion);
  for (uint32_t limb = 0; limb < limbs; limb++) {
    convert_block(umbra_cpu_limb_at(job->device, job->dst, poly, limb), offset, centred, v, desc,
                  (uint32_t)job->number + limb);
  }
}

void umbra_ref_convert(umbra_stream *stream, const umbra_view *dst, const umbra_view *src,
                       const umbra_conversion *conversion, uint32_t first) {
  const umbra_device *device = stream->device;
  const umbra_cpu_job job = {.device = device, .dst = dst, .a = src, .conversion = conversion, .number = first};
  const size_t words = (size_t)dst->polys * umbra_view_limbs(dst) * device->n;
  umbra_cpu_parallel(device, device->n / BLOCK * dst->polys, words, convert_work, &job);
}
