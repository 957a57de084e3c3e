/* SPDX-License-Identifier: Apache-2.0 */
/* A trained network as an ONNX file, from features in the table's units. */
#ifndef UMBRA_CLI_NETWORK_MODEL_H
#define UMBRA_CLI_NETWORK_MODEL_H

#include "training.h"

/*
 * weights: of all layers, as umbra_train_plan_weights says. scaling, schema: NULL: there is none. The output is the
 * probability of each class, or with the squared error the scores. False, with an error, if it cannot be.
 */
bool cli_network_export(const char *path, const umbra_train_options *planned, const double *weights,
                        const umbra_scaling *scaling, const umbra_schema *schema);

/* The same layers as a safetensors file, of scaled features: layer1.weight, layer1.bias, layer2.weight, ... */
bool cli_network_save_tensors(const char *path, const umbra_train_options *planned, const double *weights);

#endif
