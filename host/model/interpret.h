/* SPDX-License-Identifier: Apache-2.0 */
/* What each kind of node computes, for one record in doubles. */
#ifndef UMBRA_MODEL_INTERPRET_H
#define UMBRA_MODEL_INTERPRET_H

#include "graph.h"

/* values[i]: of node i. Computes that of `node` from those before it. */
void umbra_node_compute(double *const *values, const umbra_model *model, uint32_t node);

/* The same, as if the node were another one with the same inputs and as many elements. */
void umbra_node_compute_as(double *const *values, const umbra_model *model, uint32_t node, const umbra_node *other);

/* The function of ACTIVATION, POLYNOMIAL, CHEBYSHEV or SIGN_RELU; of the last two NaN outside the interval. */
double umbra_node_function(const umbra_node *node, double x);

typedef struct umbra_extremes {
  double lowest, highest;
} umbra_extremes;
#define UMBRA_NO_EXTREMES ((umbra_extremes){INFINITY, -INFINITY})

/* Of both; and of values, where one that is no number makes them infinite. */
umbra_extremes umbra_extremes_join(umbra_extremes a, umbra_extremes b);
umbra_extremes umbra_extremes_of(const double *values, size_t count);

int umbra_extremes_finite(umbra_extremes extremes);

/* Of the value that a node is given. */
umbra_extremes umbra_node_given(double *const *values, const umbra_model *model, const umbra_node *node);

/* Whether such leave its interval, if it has one. */
int umbra_node_is_left(const umbra_node *node, umbra_extremes given);

/* Whether a node is given a value outside its interval. values: NULL of nodes that do not matter. */
int umbra_model_is_left(const umbra_model *model, double *const *values);

/* The index of the first largest element. */
size_t umbra_first_largest(const double *values, size_t count);

/* The owner's steps of an output, on `count` elements; ARGMAX leaves its result in values[0]. */
void umbra_output_close(double *values, size_t count, const umbra_output *output);

#endif
