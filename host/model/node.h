/* SPDX-License-Identifier: Apache-2.0 */
/* Steps that the calls which add nodes share. */
#ifndef UMBRA_MODEL_NODE_H
#define UMBRA_MODEL_NODE_H

#include "graph.h"

/* The shape of the result, within its limits. */
umbra_status umbra_node_set_shape(umbra_node *node, const size_t *shape, size_t rank);

umbra_status umbra_node_set_inputs(umbra_node *node, const umbra_model *model, const uint32_t *inputs, size_t count);

/* A copy of finite numbers. */
umbra_status umbra_node_set_numbers(double **numbers, const double *given, size_t count, const char *name);

/* Puts a node to the end of the model, which takes what is in it; on failure all that is freed. */
umbra_status umbra_model_put(umbra_model *model, uint32_t *node, umbra_node *made);

/* The same if all has gone well so far; otherwise frees what is in it and returns that status. */
umbra_status umbra_model_put_if(umbra_status status, umbra_model *model, uint32_t *node, umbra_node *made);

#endif
