/* SPDX-License-Identifier: Apache-2.0 */
/* Polynomials near the sigmoid on [-range, range], in the Chebyshev basis of x / range. */
#ifndef UMBRA_NN_SIGMOID_H
#define UMBRA_NN_SIGMOID_H

#include <umbra/logistic.h>

/* INVALID_ARGUMENT, with the option's name, if one is out of its range. */
umbra_status umbra_sigmoid_options_check(const umbra_sigmoid_options *options);

/*
 * coefficient: degree + 1 of them. The sigmoid is 1/2 and an odd function: all other even coefficients are exactly 0.
 * Errors: those of the check.
 */
umbra_status umbra_sigmoid_fit(double *coefficient, const umbra_sigmoid_options *options);

/* The degree without coefficients at its end that are 0; at least 1. */
uint32_t umbra_sigmoid_degree(const double *coefficient, uint32_t degree);

/* The largest |polynomial - sigmoid| on a fine grid of the interval. */
double umbra_sigmoid_fit_error(const double *coefficient, uint32_t degree, double range);

#endif
