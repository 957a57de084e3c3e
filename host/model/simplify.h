/* SPDX-License-Identifier: Apache-2.0 */
/* A graph as exporters write it becomes one as networks are meant. */
#ifndef UMBRA_MODEL_SIMPLIFY_H
#define UMBRA_MODEL_SIMPLIFY_H

#include "graph.h"

/*
 * Products of functions of one value become activations; scales and shifts vanish into the weights beside them; nodes
 * that no output needs go. Errors: UNSUPPORTED (a product that is no known function), OUT_OF_MEMORY; the model can only
 * be destroyed then.
 */
umbra_status umbra_model_simplify(umbra_model *model);

/* The steps of it. */
umbra_status umbra_model_recognise(umbra_model *model);
umbra_status umbra_model_fold(umbra_model *model);
umbra_status umbra_model_sweep(umbra_model *model);

#endif
