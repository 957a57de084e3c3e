/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seconds that calls of kernels take, by a table of what a machine takes for each kind of work.
 *
 * A call takes `start` for each launch, and its work, but no less than `floor` for each launch. Work is counted in the
 * units of kernels/dry/dry.h, and takes more of a unit in large rings, where less of it stays in caches: rates are those
 * of UMBRA_COST_SIZES rings, and of others by interpolation.
 */
#ifndef UMBRA_PLAN_COST_TABLE_H
#define UMBRA_PLAN_COST_TABLE_H

#include <umbra/target.h>

#include "../../kernels/dry/dry.h"

enum { UMBRA_COST_SIZES = 3 };
extern const uint32_t umbra_cost_log_n[UMBRA_COST_SIZES]; /* ascending */

typedef struct umbra_cost_table {
  double start, floor;                            /* seconds of a launch */
  double transfer;                                /* seconds of a byte between host and device */
  double rate[UMBRA_DRY_WORKS][UMBRA_COST_SIZES]; /* seconds of a unit */
} umbra_cost_table;

/* The table that choices for a target follow; NULL: no such target. */
const umbra_cost_table *umbra_cost_reference(umbra_target target);

/* Of what the accounts of a dry device hold, for rings of that size. */
double umbra_cost_seconds(const umbra_cost_table *table, const umbra_device *dry, uint32_t log_n);

#endif
