/* SPDX-License-Identifier: Apache-2.0 */
#ifndef UMBRA_MODEL_CONVOLVE_H
#define UMBRA_MODEL_CONVOLVE_H

#include "graph.h"

/* What a node CONV2D makes of x, the value of `in`. Sums are taken in the order of the weights, from the bias on. */
void umbra_node_convolve(double *y, const double *x, const umbra_node *node, const umbra_node *in);

#endif
