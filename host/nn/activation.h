/* SPDX-License-Identifier: Apache-2.0 */
/* Polynomials near activation functions on [-range, range], in the Chebyshev basis of x / range. */
#ifndef UMBRA_NN_ACTIVATION_H
#define UMBRA_NN_ACTIVATION_H

#include <umbra/logistic.h>

/* 1 / (1 + e^-x); user is ignored. */
double umbra_sigmoid(double x, void *user);

/* coefficient: degree + 1 of them, degree in 1..UMBRA_SIGMOID_MAX_DEGREE. Errors: INVALID_ARGUMENT, RANGE (f not finite). */
umbra_status umbra_activation_fit(double *coefficient, uint32_t degree, umbra_fit fit,
                                  double (*f)(double x, void *user), void *user, double range);

/* INVALID_ARGUMENT, with the option's name, if one is out of its range. */
umbra_status umbra_sigmoid_options_check(const umbra_sigmoid_options *options);

/* The same of the sigmoid, which is 1/2 and an odd function: all other even coefficients are exactly 0. */
umbra_status umbra_sigmoid_fit(double *coefficient, const umbra_sigmoid_options *options);

/* The degree without coefficients at its end that are 0; at least 1. */
uint32_t umbra_sigmoid_degree(const double *coefficient, uint32_t degree);

/* The largest |polynomial - sigmoid| on a fine grid of the interval. */
double umbra_sigmoid_fit_error(const double *coefficient, uint32_t degree, double range);

#endif
