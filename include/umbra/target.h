/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a plan is made for. The layouts of a training's records, the levels of a network's training, and the layouts of
 * products of matrices (umbra/product_plan.h) follow from what they cost on a machine of that kind, by a table that is part
 * of the library. The linear maps of refreshes have twice as many baby steps for a GPU, where launches cost more than
 * memory. Other splits of linear maps and polynomials follow weights of their own, the same for every target. Nothing
 * measured, no number of threads and no device that is open decides any. So a target has the same plans everywhere, and
 * any device can run them.
 */
#ifndef UMBRA_TARGET_H
#define UMBRA_TARGET_H

#include <umbra/status.h>

UMBRA_BEGIN_DECLS

/* Values are part of the ABI, and of plans. */
typedef enum umbra_target { UMBRA_TARGET_CPU = 0, UMBRA_TARGET_GPU = 1 } umbra_target;

/* "cpu", "gpu"; NULL for other values. */
UMBRA_API const char *umbra_target_name(umbra_target target);

/* The target of that name. Errors: INVALID_ARGUMENT. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_target_parse(umbra_target *target, const char *name);

UMBRA_END_DECLS

#endif
