/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Discrete Gaussians over the integers, as wide as noise has to be that hides something: standard deviations from 8 to
 * 2^100, in constant time.
 *
 * A sample is the sum of x_i c_i with integers c_0 = 1, c_1 = 4, c_2 = 16, ..., and a last one that makes the deviation the
 * one that is wanted; the x_i are of deviation 8, read off a table of 127-bit probabilities. Such sums are discrete
 * Gaussians, too (Peikert, CRYPTO 2010; Micciancio, Walter, CRYPTO 2017): each c is small enough beside the deviation of
 * the sum before it that what the sum has modulo c is uniform to within 2^-105. All together the distribution's distance
 * from a discrete Gaussian is below 2^-97; no value is beyond 23 deviations.
 */
#ifndef UMBRA_BASE_GAUSSIAN_H
#define UMBRA_BASE_GAUSSIAN_H

#include "random.h"

__extension__ typedef __int128 umbra_wide;

#define UMBRA_GAUSSIAN_LEAST 8.0
#define UMBRA_GAUSSIAN_MOST 0x1p100

enum { UMBRA_GAUSSIAN_TERMS = 50 };

typedef struct umbra_gaussian {
  uint32_t terms;
  umbra_wide factor[UMBRA_GAUSSIAN_TERMS]; /* the c_i */
  double deviation;                        /* what it is: what was asked for, or up to 8, or 2^-40 of it, more */
} umbra_gaussian;

/* Errors: INVALID_ARGUMENT (a deviation beyond the limits above, or no number). */
umbra_status umbra_gaussian_of(umbra_gaussian *gaussian, double deviation);

/* Constant time; which Gaussian it is, and how many values, is no secret. */
void umbra_random_gaussian(umbra_random *random, umbra_wide *values, size_t count, const umbra_gaussian *gaussian);

#endif
