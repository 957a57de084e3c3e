/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cosines and sines in integer arithmetic, because those of libm differ between machines. Numbers in [0, 8) are fixed
 * point with 120 bits after the point.
 */
#include "tables.h"

__extension__ typedef unsigned __int128 fixed;

enum {
  POINT = 120,
  OCTANT = 1 << (UMBRA_MAX_LOG_N - 2), /* steps of an eighth of a turn; a step is the finest angle that fft needs */
  TERMS = 16                           /* of each series: (pi / 4)^32 / 32! is below 2^-120 */
};

/* pi / (4 OCTANT), the angle of one step */
static const uint64_t pi_high = 0x3243F6A8885A308, pi_low = 0xD313198A2E037073;

static fixed step(void) { return ((fixed)pi_high << 64 | pi_low) / (4 * OCTANT); }

static fixed multiply(fixed a, fixed b) {
  const uint64_t a1 = (uint64_t)(a >> 64), a0 = (uint64_t)a, b1 = (uint64_t)(b >> 64), b0 = (uint64_t)b;
  const fixed cross = ((fixed)a1 * b0 >> 64) + ((fixed)a0 * b1 >> 64);
  return ((fixed)a1 * b1 + cross) << (128 - POINT);
}

/* sum over j of (-square)^j inverse[2 j], the inverses of factorials: Horner from the last term on */
static fixed alternating(fixed square, const fixed *inverse) {
  fixed sum = 0;
  for (int j = TERMS - 1; j >= 0; j--) sum = inverse[2 * j] - multiply(square, sum);
  return sum;
}

static double rounded(fixed a) { return (double)a * 0x1p-120; }

/* cosine[k], sine[k] = those of k steps, for the first quarter of a turn: an eighth computed, an eighth mirrored. */
static void quarter(double *cosine, double *sine) {
  fixed inverse[2 * TERMS] = {(fixed)1 << POINT};
  for (unsigned i = 1; i < 2 * TERMS; i++) inverse[i] = inverse[i - 1] / i;
  for (unsigned k = 0; k <= OCTANT; k++) {
    const fixed angle = step() * k, square = multiply(angle, angle);
    cosine[k] = rounded(alternating(square, inverse));
    sine[k] = rounded(multiply(angle, alternating(square, inverse + 1)));
  }
  for (unsigned k = 1; k < OCTANT; k++) {
    cosine[2 * OCTANT - k] = sine[k];
    sine[2 * OCTANT - k] = cosine[k];
  }
}

void umbra_fft_tables(double *cosine, double *sine) {
  const size_t turn_half = 4 * OCTANT;
  const double *c = cosine + turn_half, *s = sine + turn_half;
  quarter(cosine + turn_half, sine + turn_half);
  cosine[0] = sine[0] = 0; /* no transform reads entry 0 */
  for (size_t h = 1; h < turn_half; h *= 2) {
    for (size_t j = 0; j < h; j++) {
      const size_t k = j * (turn_half / h);
      const int second = k >= 2 * OCTANT; /* cos(x + pi/2) = -sin x, sin(x + pi/2) = cos x */
      cosine[h + j] = second ? 0 - s[k - 2 * OCTANT] : c[k];
      sine[h + j] = second ? c[k - 2 * OCTANT] : s[k];
    }
  }
}
