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

/* (u, v) -> (u + v, (u - v) w) on one block, w = cos + i sin. */
static void forward_block(double *re, double *im, const double *cosine, const double *sine, size_t half) {
  double *re_high = re + half, *im_high = im + half;
#pragma omp simd
  for (size_t i = 0; i < half; i++) {
    const double r = re[i] - re_high[i], s = im[i] - im_high[i];
    re[i] = re[i] + re_high[i];
    im[i] = im[i] + im_high[i];
    re_high[i] = r * cosine[i] - s * sine[i];
    im_high[i] = r * sine[i] + s * cosine[i];
  }
}

/* (u, v) -> (u + v / w, u - v / w) on one block, 1 / w = cos - i sin. */
static void inverse_block(double *re, double *im, const double *cosine, const double *sine, size_t half) {
  double *re_high = re + half, *im_high = im + half;
#pragma omp simd
  for (size_t i = 0; i < half; i++) {
    const double r = re_high[i] * cosine[i] + im_high[i] * sine[i];
    const double s = im_high[i] * cosine[i] - re_high[i] * sine[i];
    re_high[i] = re[i] - r;
    im_high[i] = im[i] - s;
    re[i] = re[i] + r;
    im[i] = im[i] + s;
  }
}

void UMBRA_CPU_NAME(fft)(umbra_stream *stream, double *re, double *im, uint32_t log_m, uint32_t batch) {
  const umbra_device *device = stream->device;
  const double *cosine = device->fft_cos, *sine = device->fft_sin;
  const size_t m = (size_t)1 << log_m, points = batch * m;
#pragma omp parallel for schedule(static) num_threads(umbra_cpu_team(device, batch, points))
  for (uint32_t b = 0; b < batch; b++) {
    double *x = re + b * m, *y = im + b * m;
    twist(x, y, cosine + 2 * m, sine + 2 * m, m);
    for (size_t half = m / 2; half >= 1; half /= 2) {
      for (size_t i = 0; i < m; i += 2 * half) forward_block(x + i, y + i, cosine + half, sine + half, half);
    }
  }
}

void UMBRA_CPU_NAME(ifft)(umbra_stream *stream, double *re, double *im, uint32_t log_m, uint32_t batch) {
  const umbra_device *device = stream->device;
  const double *cosine = device->fft_cos, *sine = device->fft_sin;
  const size_t m = (size_t)1 << log_m, points = batch * m;
#pragma omp parallel for schedule(static) num_threads(umbra_cpu_team(device, batch, points))
  for (uint32_t b = 0; b < batch; b++) {
    double *x = re + b * m, *y = im + b * m;
    for (size_t half = 1; half < m; half *= 2) {
      for (size_t i = 0; i < m; i += 2 * half) inverse_block(x + i, y + i, cosine + half, sine + half, half);
    }
    untwist(x, y, cosine + 2 * m, sine + 2 * m, m);
  }
}
