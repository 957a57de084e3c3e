/* SPDX-License-Identifier: Apache-2.0 */
#include "accountant.h"

#include <math.h>

#include "../base/error.h"
#include "../base/gaussian.h"

static double normal(double x) { return erfc(-x * 0.70710678118654752440) / 2; }

double umbra_gaussian_delta(double epsilon, double ratio) {
  const double half = 1 / (2 * ratio), tilt = epsilon * ratio;
  return fmax(0, normal(half - tilt) - exp(epsilon) * normal(-half - tilt));
}

/* Largest distances, in deviations, of what the sampler gives: 23, and a shift of up to 8 by a neighbour. */
static const double least_ratio = 1.0 / 8, farthest = 31;

double umbra_sampled_delta(double epsilon, double ratio, double sigma, uint64_t coordinates) {
  const double factor = (double)coordinates * farthest * farthest / 24 / (sigma * sigma);
  const double sampler = (1 + exp(epsilon)) * (double)coordinates * 0x1p-97;
  if (ratio < least_ratio || 2 * factor >= epsilon) return 1;
  return exp(factor) * umbra_gaussian_delta(epsilon - 2 * factor, ratio) + sampler;
}

static int suffices(double sigma, double epsilon, double delta, double distance, uint64_t coordinates) {
  return umbra_sampled_delta(epsilon, sigma / distance, sigma, coordinates) <= delta;
}

/* To twelve bits, upwards: so that all machines agree on it, whatever their exponential function's last bit is. */
static double round_up(double sigma) {
  int exponent;
  const double mantissa = frexp(sigma, &exponent);
  return ldexp(ceil(ldexp(mantissa, 13)), exponent - 13);
}

umbra_status umbra_private_check(double epsilon, double delta) {
  const double least = 0.001, most = 20, least_delta = 1e-12, most_delta = 0.1;
  if (epsilon >= least && epsilon <= most && delta >= least_delta && delta <= most_delta) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                    "epsilon of privacy is %g and delta %g; they must be %g to %g, and %g to %g", epsilon, delta, least,
                    most, least_delta, most_delta);
}

umbra_status umbra_private_deviation(double *sigma, double epsilon, double delta, double distance,
                                     uint64_t coordinates) {
  UMBRA_TRY(umbra_private_check(epsilon, delta));
  double low = distance * least_ratio, high = fmax(low, UMBRA_GAUSSIAN_LEAST);
  while (high <= UMBRA_GAUSSIAN_MOST && !suffices(high, epsilon, delta, distance, coordinates)) high *= 2;
  if (!(high <= UMBRA_GAUSSIAN_MOST / 2))
    return umbra_fail(UMBRA_ERROR_RANGE, "noise for a distance of %g, in units of the encoding, is beyond the sampler",
                      distance);
  while (high - low > high * 0x1p-20) {
    const double middle = (low + high) / 2;
    *(suffices(middle, epsilon, delta, distance, coordinates) ? &high : &low) = middle;
  }
  *sigma = round_up(high);
  return UMBRA_OK;
}
