/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UMBRA_APPROXIMATE_LEAST_SQUARES_H
#define UMBRA_APPROXIMATE_LEAST_SQUARES_H

#include "interpolate.h"

/* What errors weigh at x, above 0; without at: the same everywhere. */
typedef struct umbra_weight {
  double (*at)(double x, const void *with);
  const void *with;
} umbra_weight;

/*
 * c: degree + 1 coefficients of the polynomial with the least integral of weight (polynomial - f)^2 over the interval.
 * Errors: RANGE (f or the weight not finite), OUT_OF_MEMORY.
 */
umbra_status umbra_least_squares(double *c, uint32_t degree, const umbra_curve *target, const umbra_weight *weight);

#endif
