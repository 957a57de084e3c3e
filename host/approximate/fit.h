/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UMBRA_APPROXIMATE_FIT_H
#define UMBRA_APPROXIMATE_FIT_H

#include "interpolate.h"

/* The largest |polynomial - f| on a fine grid of the interval; infinite where f is not finite. */
double umbra_fit_error(const double *coefficients, uint32_t degree, const umbra_curve *target);

#endif
