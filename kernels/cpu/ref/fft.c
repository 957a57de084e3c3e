/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Complex transforms of the encoder. These operations in this order are the contract: every backend yields their very
 * bits, so this file is compiled without contraction (-ffp-contract=off).
 */
#include "ref.h"

/* x[i] = x[i] * (cos + i sin)[i] */
static void twist(double *re, double *im, const double *cosine, const double *sine, size_t m) {
#pragma omp simd
  for (size_t i = 0; i < m; i++) {
    const double r = re[i], s = im[i];
    re[i] = r * cosine[i] - s * sine[i];
    im[i] = r * sine[i] + s * cosine[i];
  }
}

/* x[i] = x[i] * (cos - i sin)[i] */
static void untwist(double *re, double *im, const double *cosine, const double *sine, size_t m) {
#pragma omp simd
  for (size_t i = 0; i < m; i++) {
    const double r = re[i], s = im[i];
    re[i] = r * cosine[i] + s * sine[i];
    im[i] = s * cosine[i] - r * sine[i];
  }
}

/* (u, v) -> (u + v, (u - v) w) on `count` points of the two halves of a block, w = cos + i sin. */
static void forward_block(double *re, double *im, double *re_high, double *im_high, const double *cosine,
                          const double *sine, size_t count) {
#pragma omp simd
  for (size_t i = 0; i < count; i++) {
    const double r = re[i] - re_high[i], s = im[i] - im_high[i];
    re[i] = re[i] + re_high[i];
    im[i] = im[i] + im_high[i];
    re_high[i] = r * cosine[i] - s * sine[i];
    im_high[i] = r * sine[i] + s * cosine[i];
  }
}

/* (u, v) -> (u + v / w, u - v / w) on `count` points of the two halves of a block, 1 / w = cos - i sin. */
static void inverse_block(double *re, double *im, double *re_high, double *im_high, const double *cosine,
                          const double *sine, size_t count) {
#pragma omp simd
  for (size_t i = 0; i < count; i++) {
    const double r = re_high[i] * cosine[i] + im_high[i] * sine[i];
    const double s = im_high[i] * cosine[i] - re_high[i] * sine[i];
    re_high[i] = re[i] - r;
    im_high[i] = im[i] - s;
    re[i] = re[i] + r;
    im[i] = im[i] + s;
  }
}

/* A transform at work on `points` points of vectors of length m, cut into `parts` parts that threads share. */
typedef struct plan {
  const double *cosine, *sine;
  size_t m, points, parts;
  int team;
} plan;

/* As many parts of equal size as there are threads, or some more. */
static plan plan_make(const umbra_device *device, uint32_t log_m, uint32_t batch) {
  plan p = {.cosine = device->fft_cos, .sine = device->fft_sin, .m = (size_t)1 << log_m, .parts = batch};
  p.points = batch * p.m;
  p.team = umbra_cpu_team(device, p.points, p.points);
  while (p.parts < (size_t)p.team && p.parts < p.points) p.parts *= 2;
  return p;
}

typedef void block_work(double *re, double *im, double *re_high, double *im_high, const double *cosine,
                        const double *sine, size_t count);

/* The stage of blocks of 2 * half points, on points [first, first + size): part of a block, or some blocks. */
static void stage_part(const plan *p, double *re, double *im, block_work *work, size_t half, size_t first,
                       size_t size) {
  if (size < 2 * half) { /* of both halves of its block the same stretch */
    const size_t block = first & ~(2 * half - 1), at = (first - block) / 2, low = block + at, high = low + half;
    work(re + low, im + low, re + high, im + high, p->cosine + half + at, p->sine + half + at, size / 2);
    return;
  }
  for (size_t low = first; low < first + size; low += 2 * half) {
    const size_t high = low + half;
    work(re + low, im + low, re + high, im + high, p->cosine + half, p->sine + half, half);
  }
}

/* One stage that mixes parts. */
static void shared_stage(const plan *p, double *re, double *im, block_work *work, size_t half) {
  const size_t size = p->points / p->parts;
#pragma omp parallel for schedule(static) num_threads(p->team)
  for (size_t part = 0; part < p->parts; part++) stage_part(p, re, im, work, half, part * size, size);
}

void UMBRA_CPU_NAME(fft)(umbra_stream *stream, double *re, double *im, uint32_t log_m, uint32_t batch) {
  const plan p = plan_make(stream->device, log_m, batch);
  const size_t size = p.points / p.parts, m = p.m;
#pragma omp parallel for schedule(static) num_threads(p.team)
  for (size_t part = 0; part < p.parts; part++) {
    const size_t first = part * size, at = 2 * m + (first & (m - 1));
    twist(re + first, im + first, p.cosine + at, p.sine + at, size);
  }
  size_t half = m / 2;
  for (; 2 * half > size; half /= 2) shared_stage(&p, re, im, forward_block, half);
#pragma omp parallel for schedule(static) num_threads(p.team)
  for (size_t part = 0; part < p.parts; part++) {
    for (size_t h = half; h >= 1; h /= 2) stage_part(&p, re, im, forward_block, h, part * size, size);
  }
}

void UMBRA_CPU_NAME(ifft)(umbra_stream *stream, double *re, double *im, uint32_t log_m, uint32_t batch) {
  const plan p = plan_make(stream->device, log_m, batch);
  const size_t size = p.points / p.parts, m = p.m;
#pragma omp parallel for schedule(static) num_threads(p.team)
  for (size_t part = 0; part < p.parts; part++) {
    for (size_t h = 1; 2 * h <= size; h *= 2) stage_part(&p, re, im, inverse_block, h, part * size, size);
  }
  for (size_t half = size; 2 * half <= m; half *= 2) shared_stage(&p, re, im, inverse_block, half);
#pragma omp parallel for schedule(static) num_threads(p.team)
  for (size_t part = 0; part < p.parts; part++) {
    const size_t first = part * size, at = 2 * m + (first & (m - 1));
    untwist(re + first, im + first, p.cosine + at, p.sine + at, size);
  }
}
