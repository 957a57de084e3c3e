/* SPDX-License-Identifier: Apache-2.0 */
#include "overflow.h"

/*
 * Density at x of the sum of n uniform numbers in [-1/2, 1/2]: the B-spline of degree n - 1, by its recurrence
 *   f_j(t) = ((j/2 + t) f_{j-1}(t + 1/2) + (j/2 - t) f_{j-1}(t - 1/2)) / (j - 1),
 * which adds positive numbers only, so the tails are as accurate as the middle. f[k] = f_j(x + k - (n - j) / 2).
 */
static double density(uint32_t n, double x) {
  double f[UMBRA_MAX_HAMMING + 2] = {0};
  for (uint32_t k = 0; k < n; k++) {
    double t = x + k - 0.5 * (n - 1);
    f[k] = t >= -0.5 && t < 0.5;
  }
  for (uint32_t j = 2; j <= n; j++) {
    for (uint32_t k = 0; k <= n - j; k++) {
      double t = x + k - 0.5 * (n - j);
      f[k] = ((0.5 * j + t) * f[k + 1] + (0.5 * j - t) * f[k]) / (j - 1);
    }
  }
  return f[0];
}

double umbra_overflow_probability(uint32_t hamming, uint32_t i) { return density(hamming + 1, i); }

/* An integral of f_n over an interval of length 1 is the value of f_{n+1} at its middle. */
double umbra_overflow_beyond(uint32_t hamming, uint32_t k) {
  double sum = 0;
  for (uint32_t i = hamming / 2 + 1; i-- > k;) sum += density(hamming + 2, i + 0.5);
  return 2 * sum;
}
