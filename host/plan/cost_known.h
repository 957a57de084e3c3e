/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of machines that the library knows. */
#ifndef UMBRA_PLAN_COST_KNOWN_H
#define UMBRA_PLAN_COST_KNOWN_H

#include "cost_table.h"

typedef struct umbra_cost_known {
  const char *name, *description;
  const char *backend;           /* whose devices are taken to be like it until they are measured */
  const umbra_cost_table *table; /* of one thread */
} umbra_cost_known;

extern const umbra_cost_known umbra_cost_knowns[];
extern const size_t umbra_cost_known_count;

#endif
