/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UMBRA_APPROXIMATE_SYMMETRY_H
#define UMBRA_APPROXIMATE_SYMMETRY_H

#include "interpolate.h"

/* f about the middle of its interval, as a function of t: what its polynomials share, but for rounding. */
typedef struct umbra_symmetry {
  int odd, even; /* f is an odd function and a constant; an even one and a straight line */
  double middle; /* odd: that constant */
  int level;     /* even: the line is level */
} umbra_symmetry;

/* gap: |t| below which f does not count. Errors: RANGE. */
umbra_status umbra_symmetry_find(umbra_symmetry *symmetry, const umbra_curve *target, double gap);

/* Coefficients that are 0 but for rounding become 0. */
void umbra_symmetry_keep(const umbra_symmetry *symmetry, double *c, uint32_t degree);

#endif
