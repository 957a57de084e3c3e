/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UMBRA_APPROXIMATE_REMEZ_H
#define UMBRA_APPROXIMATE_REMEZ_H

#include "interpolate.h"

/* Minimax on [lo, gap_lo] and [gap_hi, hi], or, if gap_lo >= gap_hi, on all of [lo, hi]. */
typedef struct umbra_minimax_task {
  umbra_curve target;
  double gap_lo, gap_hi;
  double (*weight)(double x); /* of errors at x, above 0; NULL: 1 */
} umbra_minimax_task;

/*
 * c: degree + 1 coefficients, of T_k over [lo, hi], of the polynomial with the least largest weight |polynomial - f|.
 * Where rounding hides the waves of the error the search ends early. Errors: RANGE (f not finite), OUT_OF_MEMORY.
 */
umbra_status umbra_minimax(double *c, uint32_t degree, const umbra_minimax_task *task);

/*
 * c: coefficients of the odd polynomial with the least largest |polynomial - f| on [gap, 1], for f that is the same odd
 * function on the other side: half the unknowns, in t^2. degree: odd. Errors: as above.
 */
umbra_status umbra_minimax_odd(double *c, uint32_t degree, double (*f)(double x, void *user), void *user, double gap);

#endif
