/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a softmax computes with. Sums lie in an interval [a, b] and are to become s in [-1, 1], and so is what is summed:
 * all values carry the factor 2 / (b - a), which the polynomials have in them.
 */
#ifndef UMBRA_NN_SOFTMAX_PLAN_H
#define UMBRA_NN_SOFTMAX_PLAN_H

#include <umbra/fit.h>
#include <umbra/softmax.h>

/* A polynomial near c / x, at s = x' + shift for a sum x' that carries its factor. */
typedef struct umbra_softmax_inverse {
  uint32_t degree;
  double coefficient[UMBRA_MAX_DEGREE + 1], shift;
} umbra_softmax_inverse;

struct umbra_softmax_plan {
  umbra_softmax_options options;
  size_t classes, room; /* room: of classes in a ciphertext, a power of two; without a stride: classes */
  uint32_t halvings, exp_degree, depth;
  double exponential[UMBRA_MAX_DEGREE + 1];
  umbra_softmax_inverse inverse[3]; /* the first, those between, and the last */
  double error;
};

/* Of round 0 to halvings. */
const umbra_softmax_inverse *umbra_softmax_inverse_of(const umbra_softmax_plan *plan, uint32_t round);

/* Slots for classes that there are not. */
int umbra_softmax_padded(const umbra_softmax_plan *plan);

/* t = slope (z - mean) or slope z + offset, the input of the first polynomial. */
double umbra_softmax_slope(const umbra_softmax_plan *plan);
double umbra_softmax_offset(const umbra_softmax_plan *plan);

#endif
