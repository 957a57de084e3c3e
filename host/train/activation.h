/* SPDX-License-Identifier: Apache-2.0 */
/* What hidden layers of a network make of their sums z: squares, or a polynomial of z / range; and its slope. */
#ifndef UMBRA_TRAIN_ACTIVATION_H
#define UMBRA_TRAIN_ACTIVATION_H

#include <umbra/train.h>

enum { UMBRA_ACTIVATION_TERMS = UMBRA_TRAIN_MAX_HIDDEN_DEGREE + 1 };

typedef struct umbra_train_activation {
  uint32_t degree;                      /* of the last coefficient that is not 0; 0: squares */
  double range;                         /* of z */
  double value[UMBRA_ACTIVATION_TERMS]; /* Chebyshev coefficients, over the range */
  double slope[UMBRA_ACTIVATION_TERMS]; /* of its derivative by z, of a degree less */
} umbra_train_activation;

/* INVALID_ARGUMENT unless function, degree and range are those of an activation. */
umbra_status umbra_train_activation_check(const umbra_train_options *options);

/*
 * Of checked options. given: hidden_degree + 1 coefficients; NULL: they are fitted. Errors: INVALID_ARGUMENT (what is left
 * is a straight line), those of the fit.
 */
umbra_status umbra_train_activation_make(umbra_train_activation *activation, const umbra_train_options *options,
                                         const double *given);

/* Within which all sums of hidden layers are to stay. */
double umbra_train_hidden_range(const umbra_train_options *options);

/* Levels that it takes. */
uint32_t umbra_train_activation_depth(const umbra_train_activation *activation);

/* In the clear. */
double umbra_train_activation_value(const umbra_train_activation *activation, double z);
double umbra_train_activation_slope(const umbra_train_activation *activation, double z);

#endif
