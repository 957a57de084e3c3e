/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is linear in a model between two activations, as one matrix for each value that it reads: convolutions, pools,
 * sums, joins and moves of elements included.
 */
#ifndef UMBRA_INFER_AFFINE_H
#define UMBRA_INFER_AFFINE_H

#include "program.h"

/* Whether that kind of node is an affine map of its inputs. */
int umbra_node_is_affine(umbra_node_kind kind);

/*
 * The step that makes the value of a node which is affine: its terms read value_of[source] of the nodes where the linear
 * part begins. Weights and bias are those of the model. Errors: RANGE (too many weights, with the node's name),
 * OUT_OF_MEMORY; nothing is left then.
 */
umbra_status umbra_affine_step(umbra_step *step, const umbra_model *model, const uint32_t *value_of, uint32_t node);

/* Whether it only hands on the value of so many elements that it reads. */
int umbra_affine_is_identity(const umbra_step *step, size_t columns);

#endif
