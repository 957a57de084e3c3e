/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of calls that a dry device has seen, each with how often: a set that grows. */
#ifndef UMBRA_KERNELS_DRY_CALLS_H
#define UMBRA_KERNELS_DRY_CALLS_H

#include "dry.h"

typedef struct umbra_dry_calls {
  struct umbra_dry_counted *slot; /* a table with open addressing */
  size_t slots, used;             /* slots: 0, or a power of two */
} umbra_dry_calls;

/* One call more. OUT_OF_MEMORY: it is not counted. */
umbra_status umbra_dry_calls_add(umbra_dry_calls *calls, const umbra_dry_call *call);
void umbra_dry_calls_each(const umbra_dry_calls *calls, umbra_dry_visitor *visit, void *user);
void umbra_dry_calls_clear(umbra_dry_calls *calls); /* and gives its memory back */

#endif
