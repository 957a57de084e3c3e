/* SPDX-License-Identifier: Apache-2.0 */
/* What may stand for an activation: polynomials and composite signs, fitted to the values that it has been given. */
#ifndef UMBRA_MODEL_STAND_IN_H
#define UMBRA_MODEL_STAND_IN_H

#include "ranges.h"

typedef struct umbra_stand_in {
  uint32_t degree; /* of the polynomial; 0: a composite */
  uint32_t levels;
  double error; /* root of the mean square, on the sample */
  double *coefficients;
  umbra_sign_plan *sign;
} umbra_stand_in;

/* One activation. Its stand-ins take more and more levels. */
enum { UMBRA_MOST_STAND_INS = 11 };
typedef struct umbra_replacement {
  uint32_t node;
  umbra_function function;
  double bound; /* of |x| */
  const umbra_sample *sample;
  umbra_stand_in stand_ins[UMBRA_MOST_STAND_INS];
  size_t count, chosen; /* of stand_ins */
} umbra_replacement;

/* A square takes one level: what else a polynomial of degree 2 has goes into the layers beside it. */
uint32_t umbra_levels_of_degree(uint32_t degree);

void umbra_replacement_clear(umbra_replacement *replacement);

/* Adds a polynomial or a composite that is still to be fitted; plan: of range 1. */
void umbra_replacement_add_degree(umbra_replacement *replacement, uint32_t degree);
void umbra_replacement_add_sign(umbra_replacement *replacement, const umbra_sign_plan *plan);

/* Fits all of them. Errors: RANGE (a function too large for doubles), OUT_OF_MEMORY. */
umbra_status umbra_replacement_fit(umbra_replacement *replacement, double floor);

/* Makes a node of stand-in `i` of the activation that it was; what it points to stays the replacement's. */
void umbra_replacement_put(umbra_node *node, const umbra_replacement *replacement, size_t i);

/* What is to be known of the chosen one. */
umbra_activation_report umbra_replacement_report(const umbra_replacement *replacement, double use);

#endif
