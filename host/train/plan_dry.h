/* SPDX-License-Identifier: Apache-2.0 */
/* What iterations of a plan take, from running them on a dry device. */
#ifndef UMBRA_TRAIN_PLAN_DRY_H
#define UMBRA_TRAIN_PLAN_DRY_H

#include "plan.h"

/* Of one iteration, without a refresh of the weights: its levels, and its seconds by the table of the plan's target. */
typedef struct umbra_plan_trial {
  uint32_t depth;
  double seconds;
} umbra_plan_trial;

/*
 * The first iteration of a plan that has a layout, and whose other iterations may still be unknown. NO_LEVEL: it takes
 * more than there are.
 */
umbra_status umbra_plan_try(umbra_plan_trial *found, const umbra_train_plan *plan);

/* Such seconds of a refresh. */
umbra_status umbra_plan_try_refresh(double *seconds, const umbra_train_plan *plan);

/*
 * Of a plan whose iterations are known; the keys that they need are added to `needs`. machine: whose seconds; NULL: those
 * of "cpu".
 */
umbra_status umbra_plan_run_dry(umbra_plan_costs *costs, umbra_key_needs *needs, const umbra_train_plan *plan,
                                const char *machine);

/*
 * Bytes of a training that keeps every block for reuse, so that it asks the device for none twice: the keys, and of each
 * size as many as there are at once. On the plan's target, of whose threads as many as UMBRA_PLANNED_THREADS are counted on.
 */
umbra_status umbra_plan_held(uint64_t *bytes, const umbra_train_plan *plan);

#endif
