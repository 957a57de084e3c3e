/* SPDX-License-Identifier: Apache-2.0 */
/* A program whose weights are encoded for a context and for one way to lay records out. */
#ifndef UMBRA_INFER_NETWORK_H
#define UMBRA_INFER_NETWORK_H

#include <umbra/inference.h>
#include <umbra/weights.h>

#include "../base/watch.h"
#include "program.h"

/* What a term's weights are encoded for: one of each step's terms. */
typedef struct umbra_layer_weights {
  umbra_weights **term;
} umbra_layer_weights;

struct umbra_inference {
  umbra_counted counted;
  umbra_context *context; /* shares */
  umbra_program *program;
  umbra_matrix_layout layout;  /* of the input */
  umbra_layer_weights *layers; /* of each step; term: NULL for those that are not linear */
};

/*
 * layout: by columns, with stride and slots. The input is at the context's top level. Errors: NO_LEVEL, and those of
 * umbra_weights_create.
 */
umbra_status umbra_network_make(umbra_inference **network, const umbra_context *context, const umbra_program *program,
                                const umbra_matrix_layout *layout, umbra_watch *watch);

/*
 * What is declared of a linear step's result: what polynomials read is within [-1, 1]; of the network's result nothing
 * is asked but that it fits its level, and records may come that are farther out than all samples.
 */
double umbra_step_magnitude(const umbra_program *program, const umbra_step *step);

/* How a value of so many elements lies. */
umbra_matrix_layout umbra_value_layout(const umbra_matrix_layout *input, const umbra_program *program, uint32_t value,
                                       uint32_t most_slots);

#endif
