/* SPDX-License-Identifier: Apache-2.0 */
/* Composites of odd minimax polynomials near the sign of t in [-1, 1]. */
#ifndef UMBRA_APPROXIMATE_SIGN_H
#define UMBRA_APPROXIMATE_SIGN_H

#include "interpolate.h"

enum { UMBRA_SIGN_PARTS = 8, UMBRA_SIGN_DEGREE = 63 };

typedef struct umbra_composite {
  uint32_t parts, degree[UMBRA_SIGN_PARTS]; /* the first is applied first */
  double coefficient[UMBRA_SIGN_PARTS][UMBRA_SIGN_DEGREE + 1];
  double band;  /* for |t| below it nothing is promised but |value| <= 1 + error */
  double error; /* elsewhere: largest |value - sign| */
} umbra_composite;

/* The composite of these degrees for that band, in (0, 1); 0: that for which error and band are equal. */
umbra_status umbra_composite_of(umbra_composite *composite, const uint32_t *degree, size_t parts, double band);

/* The composite of the fewest levels with that error beyond the band. Errors: RANGE if none has it. */
umbra_status umbra_composite_for(umbra_composite *composite, double error, double band);

uint32_t umbra_composite_depth(const umbra_composite *composite);
double umbra_composite_value(const umbra_composite *composite, double t);

/* Each t becomes that, to the same bits: many at a time. */
void umbra_composite_values(double *values, size_t count, const umbra_composite *composite);

/* Largest |t (1 + value(t)) / 2 - max(t, 0)| on [-1, 1]. */
double umbra_composite_relu_error(const umbra_composite *composite);

#endif
