/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UMBRA_APPROXIMATE_INVERSE_H
#define UMBRA_APPROXIMATE_INVERSE_H

#include "interpolate.h"

/* Least degree up to UMBRA_MAX_DEGREE whose relative error is at most that, or UMBRA_MAX_DEGREE + 1. 0 < lo < hi. */
uint32_t umbra_inverse_degree(double lo, double hi, double error);

/*
 * c: degree + 1 coefficients of the polynomial near factor / x on [lo, hi] with the least largest relative error, which is
 * 1 / cosh((degree + 1) arcosh((hi + lo) / (hi - lo))). Errors: RANGE.
 */
umbra_status umbra_inverse_fit(double *c, uint32_t degree, double lo, double hi, double factor);

#endif
