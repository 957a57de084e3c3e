/* SPDX-License-Identifier: Apache-2.0 */
/* What each kind of node computes, for one record in doubles. */
#ifndef UMBRA_MODEL_INTERPRET_H
#define UMBRA_MODEL_INTERPRET_H

#include "graph.h"

/* values[i]: of node i. Computes that of `node` from those before it. */
void umbra_node_compute(double *const *values, const umbra_model *model, uint32_t node);

/* The function of ACTIVATION, POLYNOMIAL, CHEBYSHEV or SIGN_RELU at one point; of the last two NaN outside the interval. */
double umbra_node_function(const umbra_node *node, double x);

/* The owner's steps of an output, on `count` elements; ARGMAX leaves its result in values[0]. */
void umbra_output_close(double *values, size_t count, const umbra_output *output);

#endif
