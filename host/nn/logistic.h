/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UMBRA_NN_LOGISTIC_H
#define UMBRA_NN_LOGISTIC_H

#include <umbra/logistic.h>

/*
 * weights: the row (weights, bias, zeros) of the records' stride, over and over through all slots. The coefficients
 * come with the model rather than from the server's own mathematics library, so that every machine computes the same
 * bits.
 */
struct umbra_logistic {
  umbra_context *context; /* a share */
  size_t features;
  double range;
  uint32_t degree;
  double coefficient[UMBRA_SIGMOID_MAX_DEGREE + 1]; /* of the sigmoid on [-range, range], Chebyshev basis */
  umbra_ciphertext *weights;
  int trained; /* by a training whose id is known: */
  uint8_t training[UMBRA_DIGEST_BYTES];
};

/*
 * A model with those weights (weights, bias, anything; repeated through all slots), which it takes over, also on
 * failure, and degree + 1 coefficients.
 */
umbra_status umbra_logistic_make(umbra_logistic **model, umbra_ciphertext *weights, size_t features, double range,
                                 uint32_t degree, const double *coefficient);

#endif
