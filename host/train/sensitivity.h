/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far the last models of neighbouring data sets can be from each other: the proof is in docs/privacy.md, and the names
 * here are its own.
 *
 * An iteration is v' = v + rate ((1/n) sum_i r(<v, x_i>) x_i - l2 (v without bias)), with |x_i| <= R, where r, the residual
 * of a score, is s(-m) of a margin m = y z, or t - s(z), or t - z. While all scores are within B: P is the largest |r|, and
 * -r' is within [low, high]. Two models approach each other, or not, by `growth`, one record moves them by rate / n times
 * the largest distance of r x and r' x', and both bounds of |v| go on.
 */
#ifndef UMBRA_TRAIN_SENSITIVITY_H
#define UMBRA_TRAIN_SENSITIVITY_H

#include <umbra/privacy.h>

/* INVALID_ARGUMENT, with the option's name: what of options that promise privacy must be besides. */
umbra_status umbra_privacy_check(const umbra_train_options *options);

/*
 * Of options that are whole and checked, with the coefficients of their polynomial. Nothing but + - * / and square roots
 * follows from these. Errors: RANGE, OUT_OF_MEMORY.
 */
umbra_status umbra_sensitivity_find(umbra_sensitivity *found, const umbra_train_options *options,
                                    const double *coefficient);

#endif
