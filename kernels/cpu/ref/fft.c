/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Complex transforms of the encoder. These operations in this order are the contract: every backend yields their very
 * bits, so this file is compiled without contraction (-ffp-contract=off).
 */
#include "ref.h"

/* x[i] = x[i] * (cos + i sin)[i] */
static void twist(double *re, double *im, const double *cosine, const double *sine, size_t m) {
  UMBRA_INDEPENDENT
  for (size_t i = 0; i < m; i++) {
    const double r = re[i], s = im[i];
    re[i] = r * cosine[i] - s * sine[i];
    im[i] = r * sine[i] + s * cosine[i];
  }
}

/* x[i] = x[i] * (cos - i sin)[i] */
static void untwist(double *re, double *im, const double *cosine, const double *sine, size_t m) {
  UMBRA_INDEPENDENT
  for (size_t i = 0; i < m; i++) {
    const double r = re[i], s = im[i];
    re[i] = r * cosine[i] + s * sine[i];
    im[i] = s * cosine[i] - r * sine[i];
  }
}

/* (u, v) -> (u + v, (u - v) w) on `count` points of the two halves of a block, w = cos + i sin. */
static void forward_block(double *re, double *im, double *re_high, double *im_high, const double *cosine,
                          const double *sine, size_t count) {
  UMBRA_INDEPENDENT
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
  UMBRA_INDEPENDENT
  for (size_t i = 0; i < count; i++) {
    const double r = re_high[i] * cosine[i] + im_high[i] * sine[i];
    const double s = im_high[i] * cosine[i] - re_high[i] * sine[i];
    re_high[i] = re[i] - r;
    im_high[i] = im[i] - s;
    re[i] = re[i] + r;
    im[i] = im[i] + s;
  }
}

typedef void block_work(double *re, double *im, double *re_high, double *im_high, const double *cosine,
                        const double *sine, size_t count);

/* A transform at work on `points` points of vectors of length m, cut into `parts` parts of `size` that threads share. */
typedef struct plan {
  const double *cosine, *sine;
  double *re, *im;
  size_t m, points, size;
  uint32_t team, parts;
  size_t half; /* of the blocks of the stage */
} plan;

/* As many parts of equal size as there are threads, or some more; at least one vector. */
static plan plan_make(const umbra_device *device, double *re, double *im, uint32_t log_m, uint32_t batch) {
  plan p = {
      .cosine = device->fft_cos, .sine = device->fft_sin, .re = re, .im = im, .m = (size_t)1 << log_m, .parts = batch};
  p.points = batch * p.m;
  p.team = umbra_cpu_team(device, (uint32_t)p.points, p.points);
  while (p.parts < p.team && p.parts < p.points) p.parts *= 2;
  p.size = p.points / p.parts;
  return p;
}

static void each_part(const plan *p, umbra_parallel_body *body) { umbra_parallel(p->team, p->parts, body, p); }

/* The stage of blocks of 2 * half points, on points [first, first + size): part of a block, or some blocks. */
static inline void stage_part(const plan *p, block_work *work, size_t half, size_t first) {
  double *re = p->re, *im = p->im;
  if (p->size < 2 * half) { /* of both halves of its block the same stretch */
    const size_t block = first & ~(2 * half - 1), at = (first - block) / 2, low = block + at, high = low + half;
    work(re + low, im + low, re + high, im + high, p->cosine + half + at, p->sine + half + at, p->size / 2);
    return;
  }
  for (size_t low = first; low < first + p->size; low += 2 * half) {
    const size_t high = low + half;
    work(re + low, im + low, re + high, im + high, p->cosine + half, p->sine + half, half);
  }
}

static void twist_part(const void *data, uint32_t part) {
  const plan *p = data;
  const size_t first = part * p->size, at = 2 * p->m + (first & (p->m - 1));
  twist(p->re + first, p->im + first, p->cosine + at, p->sine + at, p->size);
}

/* One stage, which mixes parts. */
static void forward_stage(const void *data, uint32_t part) {
  const plan *p = data;
  stage_part(p, forward_block, p->half, part * p->size);
}

/* The stages within a part. */
static void forward_part(const void *data, uint32_t part) {
  const plan *p = data;
  for (size_t half = p->half; half >= 1; half /= 2) stage_part(p, forward_block, half, part * p->size);
}

void UMBRA_CPU_NAME(fft)(umbra_stream *stream, double *re, double *im, uint32_t log_m, uint32_t batch) {
  if (!batch) return;
  plan p = plan_make(stream->device, re, im, log_m, batch);
  each_part(&p, twist_part);
  for (p.half = p.m / 2; 2 * p.half > p.size; p.half /= 2) each_part(&p, forward_stage);
  each_part(&p, forward_part);
}

static void inverse_stage(const void *data, uint32_t part) {
  const plan *p = data;
  stage_part(p, inverse_block, p->half, part * p->size);
}

static void inverse_part(const void *data, uint32_t part) {
  const plan *p = data;
  for (size_t half = 1; 2 * half <= p->size; half *= 2) stage_part(p, inverse_block, half, part * p->size);
}

static void untwist_part(const void *data, uint32_t part) {
  const plan *p = data;
  const size_t first = part * p->size, at = 2 * p->m + (first & (p->m - 1));
  untwist(p->re + first, p->im + first, p->cosine + at, p->sine + at, p->size);
}

void UMBRA_CPU_NAME(ifft)(umbra_stream *stream, double *re, double *im, uint32_t log_m, uint32_t batch) {
  if (!batch) return;
  plan p = plan_make(stream->device, re, im, log_m, batch);
  each_part(&p, inverse_part);
  for (p.half = p.size; 2 * p.half <= p.m; p.half *= 2) each_part(&p, inverse_stage);
  each_part(&p, untwist_part);
}
