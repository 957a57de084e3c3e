/* SPDX-License-Identifier: Apache-2.0 */
#include "noise.h"
#include "../base/random.h"

#include <float.h>
#include <math.h>

/* Estimates saturate instead of becoming infinite, or no number at all. */
static umbra_estimate estimate(double magnitude, double error) {
  return (umbra_estimate){magnitude < DBL_MAX ? magnitude : DBL_MAX, error < DBL_MAX ? error : DBL_MAX};
}

static double ring_size(const umbra_chain *chain) { return (double)(1u << chain->log_n); }

double umbra_modulus(double re, double im) {
  double larger = fmax(fabs(re), fabs(im)), smaller = fmin(fabs(re), fabs(im));
  if (larger == 0) return 0;
  double ratio = smaller / larger;
  return larger * sqrt(1 + ratio * ratio);
}

/* Adds independent noise whose coefficients have that variance. */
static umbra_estimate add_variance_at(umbra_estimate in, const umbra_chain *chain, umbra_log2 log_scale,
                                      double variance) {
  double scale = umbra_log2_to_double(log_scale);
  return estimate(in.magnitude, umbra_modulus(in.error, sqrt(variance * ring_size(chain)) / scale));
}

static umbra_estimate add_variance(umbra_estimate in, const umbra_chain *chain, uint32_t level, double variance) {
  return add_variance_at(in, chain, chain->log_scale[level], variance);
}

static double rounding_variance(const umbra_chain *chain) { return ring_size(chain) / 18 + 1.0 / 12; }

umbra_estimate umbra_noise_round_at(umbra_estimate in, const umbra_chain *chain, umbra_log2 log_scale) {
  return add_variance_at(in, chain, log_scale, rounding_variance(chain));
}

umbra_estimate umbra_noise_round(umbra_estimate in, const umbra_chain *chain, uint32_t level) {
  return umbra_noise_round_at(in, chain, chain->log_scale[level]);
}

umbra_estimate umbra_noise_encrypt(umbra_estimate in, const umbra_chain *chain, uint32_t level) {
  /* (v e + e1 s) / p is far below the errors e0, e1 s that the division adds. */
  double errors = UMBRA_ERROR_VARIANCE * (1 + ring_size(chain) * 2 / 3);
  double p = chain->prime[umbra_chain_aux(chain)];
  double masked = UMBRA_ERROR_VARIANCE * ring_size(chain) * 2 / 3 / (p * p);
  return add_variance(in, chain, level, rounding_variance(chain) + masked + errors / (p * p));
}

umbra_estimate umbra_noise_encrypt_symmetric(umbra_estimate in, const umbra_chain *chain, uint32_t level) {
  return add_variance(in, chain, level, UMBRA_ERROR_VARIANCE);
}

umbra_estimate umbra_noise_encode(double magnitude, const umbra_chain *chain, uint32_t level) {
  const double transform = 0x1p-49; /* binary64 butterflies, 16 layers */
  umbra_estimate out = {magnitude, transform * magnitude};
  return add_variance(out, chain, level, 1.0 / 12);
}

umbra_estimate umbra_noise_add(umbra_estimate a, umbra_estimate b) {
  return estimate(a.magnitude + b.magnitude, a.error + b.error);
}

umbra_estimate umbra_noise_mul(umbra_estimate a, umbra_estimate b) {
  /* The product of two errors reaches the square of the deviations that the bound allows for one. */
  double both = UMBRA_ERROR_DEVIATIONS * a.error * b.error;
  return estimate(a.magnitude * b.magnitude, a.magnitude * b.error + b.magnitude * a.error + both);
}

umbra_estimate umbra_noise_scale(umbra_estimate a, double factor) {
  return estimate(a.magnitude * factor, a.error * factor);
}

umbra_estimate umbra_noise_perturb(umbra_estimate a, double relative) {
  return estimate(a.magnitude, a.error + a.magnitude * relative / UMBRA_ERROR_DEVIATIONS);
}

/* Variance of the coefficients after a key switch's division by P, without its rounding. */
static double switch_variance(const umbra_chain *chain, uint32_t level) {
  umbra_window window = chain->window[level];
  umbra_digit_range digits = umbra_digits_of(chain, window);
  umbra_log2 log_p = umbra_chain_log_product(chain, umbra_chain_aux(chain), chain->auxes);
  double variance = 0;
  for (uint32_t j = digits.first; j < digits.first + digits.count; j++) {
    umbra_window own = umbra_digit_window(chain, j, window);
    double ratio = umbra_log2_to_double(umbra_chain_log_product(chain, own.first, own.count) - log_p);
    variance += ring_size(chain) * UMBRA_ERROR_VARIANCE * own.count / 12 * ratio * ratio;
  }
  return variance;
}

umbra_estimate umbra_noise_switch(umbra_estimate in, const umbra_chain *chain, uint32_t level, double scale_ratio) {
  return add_variance(in, chain, level, switch_variance(chain, level) * scale_ratio * scale_ratio);
}

umbra_estimate umbra_noise_switch_at(umbra_estimate in, const umbra_chain *chain, uint32_t level,
                                     umbra_log2 log_scale) {
  return add_variance_at(in, chain, log_scale, switch_variance(chain, level));
}
