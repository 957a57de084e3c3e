/* SPDX-License-Identifier: Apache-2.0 */
/* Polynomials of a model as steps: on an interval of their argument that becomes [-1, 1]. */
#ifndef UMBRA_INFER_FUNCTION_H
#define UMBRA_INFER_FUNCTION_H

#include "program.h"

typedef struct umbra_argument {
  double scale, shift; /* how the argument is to be held */
} umbra_argument;

/*
 * The step of a polynomial; one that has no interval of its own gets arguments up to `most`. A polynomial of degree 2
 * is a square, after its argument has been shifted; without `shifts`, only where it need not be. Of that and of a ReLU
 * the result's scale and shift are set, too; otherwise coefficients are those of the value itself. The step has no term
 * yet. Errors: UNSUPPORTED (a node that is no polynomial, by name), RANGE, OUT_OF_MEMORY.
 */
umbra_status umbra_function_step(umbra_step *step, umbra_argument *argument, const umbra_model *model, uint32_t node,
                                 double most, int shifts);

/* Coefficients become those of (value - shift) / scale. */
void umbra_function_rescale(umbra_step *step, double scale, double shift);

#endif
