/* SPDX-License-Identifier: Apache-2.0 */
#include "noise.h"

#include <float.h>
#include <math.h>

#include "../base/bounds.h"
#include "../base/random.h"
#include "../ring/variance.h"

/* Bounds saturate instead of becoming infinite, or no number at all. */
static umbra_bound bound(double magnitude, double error) {
  return (umbra_bound){magnitude < DBL_MAX ? magnitude : DBL_MAX, error < DBL_MAX ? error : DBL_MAX};
}

umbra_estimate umbra_estimate_of(double magnitude, double error) {
  return (umbra_estimate){.bound = {magnitude, error}, .worst = {magnitude, error}};
}

umbra_estimate umbra_estimate_within(umbra_estimate in, double most) {
  return (umbra_estimate){umbra_bound_within(in.bound, most), umbra_bound_within(in.worst, most), in.doubts};
}

static umbra_bound larger(umbra_bound a, umbra_bound b) {
  return bound(umbra_larger(a.magnitude, b.magnitude), umbra_larger(a.error, b.error));
}

umbra_estimate umbra_noise_largest(const umbra_ciphertext *const *x, size_t count) {
  umbra_estimate most = x[0]->estimate;
  for (size_t i = 1; i < count; i++) {
    const umbra_estimate one = x[i]->estimate;
    most = (umbra_estimate){larger(most.bound, one.bound), larger(most.worst, one.worst), most.doubts | one.doubts};
  }
  return most;
}

static double ring_size(const umbra_chain *chain) { return (double)(1u << chain->log_n); }

double umbra_modulus_scaled(double re, double im) {
  double larger = umbra_larger(fabs(re), fabs(im)), smaller = fmin(fabs(re), fabs(im));
  if (larger == 0 || larger > DBL_MAX) return larger;
  double ratio = smaller / larger;
  return larger * sqrt(1 + ratio * ratio);
}

umbra_estimate umbra_noise_add_error(umbra_estimate in, double error) {
  in.bound = bound(in.bound.magnitude, umbra_modulus(in.bound.error, error));
  in.worst = bound(in.worst.magnitude, umbra_modulus(in.worst.error, error));
  return in;
}

/* Adds independent noise whose coefficients have that variance. */
static umbra_estimate add_variance_at(umbra_estimate in, const umbra_chain *chain, umbra_log2 log_scale,
                                      double variance) {
  return umbra_noise_add_error(in, sqrt(variance * ring_size(chain)) / umbra_log2_to_double(log_scale));
}

static umbra_estimate add_variance(umbra_estimate in, const umbra_chain *chain, uint32_t level, double variance) {
  return add_variance_at(in, chain, chain->log_scale[level], variance);
}

umbra_estimate umbra_noise_round_parts(umbra_estimate in, const umbra_chain *chain, umbra_log2 log_scale,
                                       uint32_t parts) {
  const double linear = umbra_variance_of_rounding(chain);
  const double square = umbra_variance_of_rounding_parts(chain, parts) - linear;
  const double counted = UMBRA_TAIL_OF_SQUARE * UMBRA_TAIL_OF_SQUARE;
  return add_variance_at(in, chain, log_scale, linear + counted * square);
}

umbra_estimate umbra_noise_round_at(umbra_estimate in, const umbra_chain *chain, umbra_log2 log_scale) {
  return umbra_noise_round_parts(in, chain, log_scale, 2);
}

umbra_estimate umbra_noise_round(umbra_estimate in, const umbra_chain *chain, uint32_t level) {
  return umbra_noise_round_at(in, chain, chain->log_scale[level]);
}

umbra_estimate umbra_noise_encrypt(umbra_estimate in, const umbra_chain *chain, uint32_t level) {
  /* (v e + e1 s) / p is far below the errors e0, e1 s that the division adds. */
  double errors = UMBRA_ERROR_VARIANCE * (1 + ring_size(chain) * 2 / 3);
  double p = chain->prime[umbra_chain_aux(chain)];
  double masked = UMBRA_ERROR_VARIANCE * ring_size(chain) * 2 / 3 / (p * p);
  return add_variance(in, chain, level, umbra_variance_of_rounding(chain) + masked + errors / (p * p));
}

umbra_estimate umbra_noise_encrypt_symmetric(umbra_estimate in, const umbra_chain *chain, uint32_t level) {
  return add_variance(in, chain, level, UMBRA_ERROR_VARIANCE);
}

umbra_estimate umbra_noise_fresh(umbra_estimate in, const umbra_params *params, uint32_t level) {
  return umbra_params_has_public_key(params) ? umbra_noise_encrypt(in, &params->chain, level)
                                             : umbra_noise_encrypt_symmetric(in, &params->chain, level);
}

umbra_estimate umbra_noise_encode(double magnitude, const umbra_chain *chain, uint32_t level) {
  const double transform = 0x1p-49; /* binary64 butterflies, 16 layers */
  return add_variance(umbra_estimate_of(magnitude, transform * magnitude), chain, level, 1.0 / 12);
}

static umbra_bound add(umbra_bound a, umbra_bound b) { return bound(a.magnitude + b.magnitude, a.error + b.error); }

static umbra_bound multiply(umbra_bound a, umbra_bound b) {
  /* The product of two errors reaches the square of the deviations that the bound allows for one. */
  double both = UMBRA_ERROR_DEVIATIONS * a.error * b.error;
  return bound(a.magnitude * b.magnitude, a.magnitude * b.error + b.magnitude * a.error + both);
}

static umbra_bound scale(umbra_bound a, double factor) { return bound(a.magnitude * factor, a.error * factor); }

static umbra_bound perturb(umbra_bound a, double relative) {
  return bound(a.magnitude, a.error + a.magnitude * relative / UMBRA_ERROR_DEVIATIONS);
}

umbra_estimate umbra_noise_add(umbra_estimate a, umbra_estimate b) {
  return (umbra_estimate){add(a.bound, b.bound), add(a.worst, b.worst), a.doubts | b.doubts};
}

umbra_estimate umbra_noise_mul(umbra_estimate a, umbra_estimate b) {
  return (umbra_estimate){multiply(a.bound, b.bound), multiply(a.worst, b.worst), a.doubts | b.doubts};
}

umbra_estimate umbra_noise_scale(umbra_estimate a, double factor) {
  return (umbra_estimate){scale(a.bound, factor), scale(a.worst, factor), a.doubts};
}

umbra_estimate umbra_noise_perturb(umbra_estimate a, double relative) {
  return (umbra_estimate){perturb(a.bound, relative), perturb(a.worst, relative), a.doubts};
}

umbra_estimate umbra_noise_switch_at(umbra_estimate in, const umbra_chain *chain, uint32_t level,
                                     umbra_log2 log_scale) {
  return add_variance_at(in, chain, log_scale, umbra_variance_of_switch(chain, chain->window[level]));
}

umbra_estimate umbra_noise_switch(umbra_estimate in, const umbra_chain *chain, uint32_t level) {
  return umbra_noise_switch_at(in, chain, level, chain->log_scale[level]);
}
