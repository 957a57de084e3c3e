/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Gaussian noise of deviation sigma makes of a vector of integers whose neighbours are at most a distance D apart, if
 * the noise is that of base/gaussian.h.
 *
 * Of the continuous Gaussian, with the ratio r = sigma / D, delta is exactly (Balle, Wang, ICML 2018)
 *
 *     Phi(1 / (2 r) - epsilon r) - e^epsilon Phi(-1 / (2 r) - epsilon r).
 *
 * The sampler's is a discrete one. Rounding the continuous one to integers is as private as that, and at no x up to 31
 * sigma does the discrete one's probability differ from the rounded one's by more than a factor e^(40 / sigma^2); so d
 * coordinates take 2 * 40 d / sigma^2 of epsilon, and what the sampler is away from its Gaussian, 2^-97 each, is added to
 * delta. docs/privacy.md has the proof.
 */
#ifndef UMBRA_TRAIN_ACCOUNTANT_H
#define UMBRA_TRAIN_ACCOUNTANT_H

#include <stdint.h>
#include <umbra/status.h>

/* INVALID_ARGUMENT beyond the limits within which doubles do for it. */
umbra_status umbra_private_check(double epsilon, double delta);

/* Delta of the continuous Gaussian. */
double umbra_gaussian_delta(double epsilon, double ratio);

/* Delta of the sampler's, of so many coordinates with noise of deviation sigma. */
double umbra_sampled_delta(double epsilon, double ratio, double sigma, uint64_t coordinates);

/*
 * *sigma: the least deviation, up to 2^-12 of it more, with which so many coordinates, whose neighbours are `distance`
 * apart, are (epsilon, delta)-private. Errors: INVALID_ARGUMENT (epsilon and delta beyond the limits), RANGE (a grid that
 * is too coarse, or a deviation beyond the sampler's).
 */
umbra_status umbra_private_deviation(double *sigma, double epsilon, double delta, double distance,
                                     uint64_t coordinates);

#endif
